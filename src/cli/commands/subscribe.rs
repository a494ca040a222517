//! `provision subscribe`: prints the events of channels until it is stopped.
use std::ops::ControlFlow;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::arguments::duration;
use crate::cli::event_api::snippet::{PrintArgs, print_snippet};
use crate::cli::event_api::{
    ApiArgs, EventCommand, ResolvedApi, explain_error, invalid_channel, resolve_api,
    split_arguments,
};
use crate::cli::interrupt::stop_signal;
use crate::cli::{Exit, Failure, Io};
use crate::render::outputs::query;
use crate::render::snippets::Action;
use appsync_events::{
    Channel, Credentials, Error, ErrorKind, Operation, ReceivedEvent, SubscriberEvent, Subscription,
};

/// Print events of channels as they arrive
///
/// Events are printed to stdout, one per line; everything else goes to stderr. Runs until Ctrl-C. A lost
/// connection is reopened, and every channel is subscribed to again; events published in the meantime are not
/// delivered.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "provision subscribe [OPTIONS] <SPEC> <CHANNEL>...\n       \
                      provision subscribe [OPTIONS] --url <URL> <CHANNEL>...",
    after_help = "\
Exit codes: 0 after Ctrl-C, after --timeout, and after --count events; if --timeout ends the command before --count
events arrived, 3 if some arrived and 1 if none did.

Examples:
  provision subscribe spec.yaml '/sample/*' --local
  provision subscribe spec.yaml /sample/a /sample/b --format json | jq .event
  provision subscribe spec.yaml '/orders/*' --where status=paid --where total=42
  provision subscribe spec.yaml /sample/channel/test --count 1 --timeout 30s
  PROVISION_API_KEY=da2-… provision subscribe --url https://HOST/event '/sample/*'
  provision subscribe spec.yaml '/sample/*' --print js"
)]
pub struct Args {
    /// The spec; `-` for stdin; omitted with `--url`
    spec: Option<String>,
    /// The channels, such as /sample/channel/test, or '/sample/*' for all channels below
    #[arg(value_name = "CHANNEL")]
    channels: Vec<String>,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Stop after N printed events
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Stop after this time, such as 30s
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    timeout: Option<Duration>,
    /// Print only events whose value at PATH is VALUE: names separated by dots, [0] for the first element of a
    /// list; can be repeated, all must match
    #[arg(long = "where", value_name = "PATH=VALUE", value_parser = Filter::parse)]
    filters: Vec<Filter>,
    /// Stop when the connection is lost
    #[arg(long)]
    no_reconnect: bool,
    #[command(flatten)]
    print: PrintArgs,
    #[command(flatten)]
    api: ApiArgs,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// The event's JSON, after its channel if there are several
    #[default]
    Human,
    /// A JSON object per event: channel, event, received
    Json,
    /// Only the event's JSON
    Raw,
}

pub async fn run(args: &Args, io: &mut Io) -> Result<Exit, Failure> {
    let (spec, channels) = split_arguments(&args.api, args.spec.as_ref(), &args.channels);
    if channels.is_empty() {
        return Err(Failure::new(Exit::Usage, "the channel is missing")
            .with_hint("provision subscribe SPEC CHANNEL…, or `--url URL` instead of SPEC"));
    }
    let channels = channels.iter().map(|text| Channel::parse_pattern(text));
    let channels: Result<Vec<Channel>, _> = channels.collect();
    let channels = channels.map_err(|error| invalid_channel(&error))?;
    let api = resolve_api(&args.api, spec.as_deref(), &channels, io).await?;
    let result = subscribe(args, &api, &channels, io).await;
    api.close(result).await
}

async fn subscribe(
    args: &Args,
    api: &ResolvedApi,
    channels: &[Channel],
    io: &mut Io,
) -> Result<Exit, Failure> {
    let command = EventCommand::Subscribe;
    let namespaces: Result<Vec<_>, _> =
        channels.iter().map(|channel| api.namespace(channel)).collect();
    let namespaces = namespaces?;
    if let Some(tool) = args.print.print {
        let (namespace, reveal) = (namespaces.first().copied().flatten(), args.print.reveal);
        let credentials = api.snippet_credentials(command, namespace, &io.clock, reveal)?;
        let action = Action::Subscribe { channels: channels.iter().map(Channel::as_str).collect() };
        print_snippet(tool, api, &credentials, action, reveal, io)?;
        return Ok(Exit::Done);
    }
    let credentials = namespaces.iter();
    let credentials = credentials.map(|namespace| api.credentials(command, *namespace, &io.clock));
    let credentials: Vec<Credentials> = credentials.collect::<Result<_, _>>()?;
    api.note_ephemeral("no one can publish to it", io);
    let first = credentials.first().expect("there is at least one channel");
    let connect_credentials = api.connect_credentials(first, &io.clock);
    let request = SubscribeRequest { api, channels, credentials, connect_credentials };
    print_events(args, &request, io).await
}

/// What to subscribe to, and the credentials for it.
struct SubscribeRequest<'a> {
    api: &'a ResolvedApi,
    channels: &'a [Channel],
    /// One for each channel.
    credentials: Vec<Credentials>,
    connect_credentials: Credentials,
}

impl SubscribeRequest<'_> {
    fn start(&self, reconnect: bool) -> Subscription {
        let subscriber = self.api.client.subscriber(self.connect_credentials.clone());
        let channels = self.channels.iter().cloned().zip(self.credentials.iter().cloned());
        let subscriber = channels.fold(subscriber, |subscriber, (channel, credentials)| {
            subscriber.with_channel(channel, credentials)
        });
        subscriber.with_reconnect(reconnect).start()
    }

    fn explain(&self, error: &Error, was_subscribed: bool) -> Failure {
        let is_failed = |channel: &Channel| error.channel() == Some(channel);
        let index = self.channels.iter().position(is_failed).unwrap_or(0);
        let credentials = match error.operation() {
            Operation::Connect => &self.connect_credentials,
            _ => &self.credentials[index],
        };
        let (command, channel) = (EventCommand::Subscribe, &self.channels[index]);
        let failure = explain_error(error, self.api, command, channel, credentials, false);
        let is_key = matches!(credentials, Credentials::ApiKey(_));
        match was_subscribed && is_key && error.kind() == ErrorKind::Unauthorized {
            true => failure.with_hint(
                "the key was accepted before, and may have been replaced since: run the command again with the new one",
            ),
            false => failure,
        }
    }
}

async fn print_events(
    args: &Args,
    request: &SubscribeRequest<'_>,
    io: &mut Io,
) -> Result<Exit, Failure> {
    let mut subscription = request.start(!args.no_reconnect);
    let has_several = request.channels.len() > 1;
    let mut printer = Printer { args, has_several, printed: 0, was_subscribed: false, io };
    let end = printer.run(&mut subscription).await;
    subscription.close().await;
    let is_timeout = match end? {
        SubscriptionEnd::Error(error) => {
            return Err(request.explain(&error, printer.was_subscribed));
        }
        SubscriptionEnd::Timeout => true,
        SubscriptionEnd::Requested => false,
    };
    match (args.count, args.timeout) {
        (Some(count), Some(timeout)) if is_timeout && printer.printed < count => {
            let printed = printer.printed;
            let kind = if printed > 0 { Exit::Partial } else { Exit::Error };
            let seconds = timeout.as_secs_f64();
            let message = format!("{printed} of {count} events arrived within {seconds} s");
            Err(Failure::new(kind, message))
        }
        _ => Ok(Exit::Done),
    }
}

/// Why no more events are printed.
enum SubscriptionEnd {
    Error(Error),
    Timeout,
    /// By the user, or because `--count` events are printed.
    Requested,
}

/// Waits until the user or `--timeout` ends the command.
async fn wait_for_end(timeout: Option<Duration>) -> SubscriptionEnd {
    let timeout = async {
        match timeout {
            Some(timeout) => tokio::time::sleep(timeout).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = stop_signal() => SubscriptionEnd::Requested,
        () = timeout => SubscriptionEnd::Timeout,
    }
}

/// Prints what a subscription reports.
struct Printer<'a> {
    args: &'a Args,
    /// Whether there are several channels.
    has_several: bool,
    /// The number of events that were printed.
    printed: u64,
    was_subscribed: bool,
    io: &'a mut Io,
}

impl Printer<'_> {
    async fn run(&mut self, subscription: &mut Subscription) -> Result<SubscriptionEnd, Failure> {
        let mut end = std::pin::pin!(wait_for_end(self.args.timeout));
        loop {
            let event = tokio::select! {
                end = &mut end => return Ok(end),
                event = subscription.next() => event,
            };
            match event {
                Some(Ok(event)) => {
                    if self.print(event)?.is_break() {
                        return Ok(SubscriptionEnd::Requested);
                    }
                }
                Some(Err(error)) => return Ok(SubscriptionEnd::Error(error)),
                None => return Ok(SubscriptionEnd::Requested),
            }
        }
    }

    fn print(&mut self, event: SubscriberEvent) -> Result<ControlFlow<()>, Failure> {
        match event {
            SubscriberEvent::Connected => self.io.eprint_unless_quiet("connected\n"),
            SubscriberEvent::Subscribed { channel } => {
                self.was_subscribed = true;
                self.io.eprint_unless_quiet(&format!("subscribed to {channel}\n"));
            }
            SubscriberEvent::Event(event) => return self.print_event(&event),
            SubscriberEvent::DeliveryFailed { channel: Some(channel), error } => {
                self.io.eprint(&format!("{channel}: an event was not delivered: {error}\n"));
            }
            SubscriberEvent::DeliveryFailed { channel: None, error } => {
                self.io.eprint(&format!("an event was not delivered: {error}\n"));
            }
            SubscriberEvent::ConnectionLost { error }
                if error.operation() == Operation::Connect =>
            {
                self.io.eprint_unless_quiet(&format!("still not connected: {error}\n"));
            }
            SubscriberEvent::ConnectionLost { error } => {
                self.io.eprint_unless_quiet(&format!("connection lost: {error}\n"));
            }
            SubscriberEvent::Reconnecting { delay, attempt } => {
                let seconds = delay.as_secs_f64();
                self.io.eprint_unless_quiet(&format!(
                    "reconnecting in {seconds:.1} s (attempt {attempt})\n"
                ));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn print_event(&mut self, event: &ReceivedEvent) -> Result<ControlFlow<()>, Failure> {
        let ReceivedEvent { channel, payload } = event;
        let document: Option<Value> = event.json().ok();
        let matches =
            |filter: &Filter| document.as_ref().is_some_and(|document| filter.matches(document));
        if !self.args.filters.iter().all(matches) {
            return Ok(ControlFlow::Continue(()));
        }
        // An event with line breaks would be several lines.
        let line = match &document {
            Some(document) if payload.contains('\n') => document.to_string(),
            _ => payload.clone(),
        };
        let line = match self.args.format {
            Format::Raw => line,
            Format::Human if self.has_several => format!("{channel} {line}"),
            Format::Human => line,
            Format::Json => {
                let now = jiff::Timestamp::try_from(self.io.clock.now());
                let received = now.map(|now| now.to_string()).unwrap_or_default();
                let event = document.unwrap_or_else(|| Value::from(payload.as_str()));
                json!({ "channel": channel.as_str(), "event": event, "received": received })
                    .to_string()
            }
        };
        self.io.print_result(&format!("{line}\n"))?;
        self.printed += 1;
        Ok(match self.args.count {
            Some(count) if self.printed >= count => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        })
    }
}

/// `--where PATH=VALUE`: selects events by their content.
#[derive(Clone, Debug, PartialEq)]
struct Filter {
    path: String,
    value: String,
}

impl Filter {
    fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((path, value)) if !path.is_empty() => {
                Ok(Self { path: path.to_owned(), value: value.to_owned() })
            }
            _ => Err("expected PATH=VALUE, such as order.status=paid".to_owned()),
        }
    }

    /// Returns whether the value at the path is this text, or equal to this text parsed as JSON.
    fn matches(&self, event: &Value) -> bool {
        let Ok(value) = query(event, &self.path) else { return false };
        let expected: Option<Value> = serde_json::from_str(&self.value).ok();
        value.as_str() == Some(self.value.as_str()) || expected.as_ref() == Some(value)
    }
}
