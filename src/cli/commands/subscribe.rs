//! `provision subscribe`: prints the events of channels as they come.
mod filter;

use std::ops::ControlFlow;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::arguments::duration;
use crate::cli::event_api::invalid_channel;
use crate::cli::event_api::snippet::{PrintArgs, print};
use crate::cli::event_api::{ApiArgs, Doing, Reached, closing, failure, reach, words};
use crate::cli::interrupt::stopped;
use crate::cli::{Exit, Failure, Io};
use crate::render::snippets::Action;
use appsync_events::{
    Channel, Credentials, Error, ErrorKind, Operation, SubscriberEvent, Subscription,
};
use filter::Filter;

/// Print the events of channels as they come, until Ctrl-C
///
/// Events go to standard output, a line each; everything else goes to standard error. A lost connection is opened
/// again and everything subscribed anew; what was published meanwhile does not come.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "provision subscribe [OPTIONS] <SPEC> <CHANNEL>...\n       \
                      provision subscribe [OPTIONS] --url <URL> <CHANNEL>...",
    after_help = "\
Exit codes: 0 after Ctrl-C, after --timeout, and when --count events came; when --timeout came before them, 3 if some
came and 1 if none did.

Examples:
  provision subscribe spec.yaml '/sample/*' --local
  provision subscribe spec.yaml /sample/a /sample/b --format json | jq .event
  provision subscribe spec.yaml '/orders/*' --where status=paid --where total=42
  provision subscribe spec.yaml /sample/channel/test --count 1 --timeout 30s
  PROVISION_API_KEY=da2-… provision subscribe --url https://HOST/event '/sample/*'
  provision subscribe spec.yaml '/sample/*' --print js"
)]
pub struct Args {
    /// The spec; `-` for standard input; left out with `--url`
    spec: Option<String>,
    /// The channels, such as /sample/channel/test or '/sample/*' for all below
    #[arg(value_name = "CHANNEL")]
    channels: Vec<String>,
    /// How to print events
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// End after N events that were printed
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// End after this long, such as 30s
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    timeout: Option<Duration>,
    /// Print only events in which the value at PATH is VALUE: names with dots between, [0] for the first of a list;
    /// may be repeated, and all must hold
    #[arg(long = "where", value_name = "PATH=VALUE", value_parser = Filter::parse)]
    filters: Vec<Filter>,
    /// End when the connection is lost
    #[arg(long)]
    no_reconnect: bool,
    #[command(flatten)]
    instead: PrintArgs,
    #[command(flatten)]
    api: ApiArgs,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// The event's JSON, behind its channel where there are several
    #[default]
    Human,
    /// A line of JSON for each: channel, event, received
    Json,
    /// The event's JSON and nothing else
    Raw,
}

pub async fn run(args: &Args, io: &mut Io) -> Result<Exit, Failure> {
    let (spec, channels) = words(&args.api, args.spec.as_ref(), &args.channels);
    if channels.is_empty() {
        let message = "no channel is given";
        return Err(Failure::new(Exit::Usage, message)
            .hint("provision subscribe SPEC CHANNEL…, or `--url URL` in the place of SPEC"));
    }
    let channels: Result<Vec<Channel>, _> =
        channels.iter().map(|text| Channel::parse_pattern(text)).collect();
    let channels = channels.map_err(|error| invalid_channel(&error))?;
    let reached = reach(&args.api, spec.as_deref(), &channels, io).await?;
    let done = go(args, &reached, &channels, io).await;
    closing(reached, done).await
}

async fn go(
    args: &Args,
    reached: &Reached,
    channels: &[Channel],
    io: &mut Io,
) -> Result<Exit, Failure> {
    if let Some(tool) = args.instead.print {
        let named: Result<Vec<_>, _> = channels.iter().map(|it| reached.namespace(it)).collect();
        let namespace = named?.into_iter().next().flatten();
        let proof = reached.proof(Doing::Subscribe, namespace, &io.clock, args.instead.reveal)?;
        let channels = channels.iter().map(Channel::as_str).collect();
        print(tool, reached, &proof, Action::Subscribe { channels }, args.instead.reveal, io)?;
        return Ok(Exit::Done);
    }
    let mut credentials = Vec::new();
    for channel in channels {
        let namespace = reached.namespace(channel)?;
        credentials.push(reached.credentials(Doing::Subscribe, namespace, &io.clock)?);
    }
    reached.note_brief("publish to it", io);
    let first = credentials.first().expect("there is a channel, as was checked");
    let connect_credentials = reached.connection_credentials(first, &io.clock);
    let request = Request { reached, channels, credentials, connect_credentials };
    listen(args, &request, io).await
}

/// What to subscribe to, and the credentials for it.
struct Request<'a> {
    reached: &'a Reached,
    channels: &'a [Channel],
    /// For each channel.
    credentials: Vec<Credentials>,
    connect_credentials: Credentials,
}

impl Request<'_> {
    fn start(&self, reconnect: bool) -> Subscription {
        let subscriber = self.reached.client.subscriber(self.connect_credentials.clone());
        let channels = self.channels.iter().cloned().zip(self.credentials.iter().cloned());
        let subscriber = channels.fold(subscriber, |subscriber, (channel, credentials)| {
            subscriber.with_channel(channel, credentials)
        });
        subscriber.with_reconnect(reconnect).start()
    }

    fn failure(&self, error: &Error, was_subscribed: bool) -> Failure {
        let is_own = |channel: &Channel| error.channel() == Some(channel);
        let index = self.channels.iter().position(is_own).unwrap_or(0);
        let credentials = match error.operation() {
            Operation::Connect => &self.connect_credentials,
            _ => &self.credentials[index],
        };
        let channel = &self.channels[index];
        let failure = failure(error, self.reached, Doing::Subscribe, channel, credentials, false);
        let is_key = matches!(credentials, Credentials::ApiKey(_));
        match was_subscribed && is_key && error.kind() == ErrorKind::Unauthorized {
            true => failure.hint(
                "it was accepted before: the key may have been replaced since; run the command again with the new one",
            ),
            false => failure,
        }
    }
}

async fn listen(args: &Args, request: &Request<'_>, io: &mut Io) -> Result<Exit, Failure> {
    let mut subscription = request.start(!args.no_reconnect);
    let several = request.channels.len() > 1;
    let mut printer = Printer { args, several, printed: 0, was_subscribed: false, io };
    let ended = printer.run(&mut subscription).await;
    subscription.close().await;
    let is_late = match ended? {
        Ended::Error(error) => return Err(request.failure(&error, printer.was_subscribed)),
        Ended::TimedOut => true,
        Ended::Stopped => false,
    };
    match (args.count, args.timeout) {
        (Some(count), Some(timeout)) if is_late && printer.printed < count => {
            let printed = printer.printed;
            let kind = if printed > 0 { Exit::Partial } else { Exit::Error };
            let seconds = timeout.as_secs_f64();
            Err(Failure::new(kind, format!("{printed} of {count} events came within {seconds} s")))
        }
        _ => Ok(Exit::Done),
    }
}

/// Why no more events are printed.
enum Ended {
    Error(Error),
    TimedOut,
    /// By the user, or because all events that were asked for are printed.
    Stopped,
}

/// Ready when the user or `--timeout` ends the command.
async fn ends(timeout: Option<Duration>) -> Ended {
    let over = async {
        match timeout {
            Some(timeout) => tokio::time::sleep(timeout).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = stopped() => Ended::Stopped,
        () = over => Ended::TimedOut,
    }
}

/// Prints what happens to a subscription.
struct Printer<'a> {
    args: &'a Args,
    several: bool,
    printed: u64,
    was_subscribed: bool,
    io: &'a mut Io,
}

impl Printer<'_> {
    async fn run(&mut self, subscription: &mut Subscription) -> Result<Ended, Failure> {
        let mut ends = std::pin::pin!(ends(self.args.timeout));
        loop {
            let event = tokio::select! {
                ended = &mut ends => return Ok(ended),
                event = subscription.next() => event,
            };
            match event {
                Some(Ok(event)) => {
                    if self.print(event)?.is_break() {
                        return Ok(Ended::Stopped);
                    }
                }
                Some(Err(error)) => return Ok(Ended::Error(error)),
                None => return Ok(Ended::Stopped),
            }
        }
    }

    fn print(&mut self, event: SubscriberEvent) -> Result<ControlFlow<()>, Failure> {
        match event {
            SubscriberEvent::Connected => self.io.note("connected\n"),
            SubscriberEvent::Subscribed { channel } => {
                self.was_subscribed = true;
                self.io.note(&format!("subscribed to {channel}\n"));
            }
            SubscriberEvent::Event(event) => return self.event(&event.channel, &event.payload),
            SubscriberEvent::DeliveryFailed { channel: Some(channel), error } => {
                self.io.say(&format!("{channel}: an event was not delivered: {error}\n"));
            }
            SubscriberEvent::DeliveryFailed { channel: None, error } => {
                self.io.say(&format!("an event was not delivered: {error}\n"));
            }
            SubscriberEvent::ConnectionLost { error }
                if error.operation() == Operation::Connect =>
            {
                self.io.note(&format!("still not connected: {error}\n"));
            }
            SubscriberEvent::ConnectionLost { error } => {
                self.io.note(&format!("connection lost: {error}\n"));
            }
            SubscriberEvent::Reconnecting { delay, attempt } => {
                let seconds = delay.as_secs_f64();
                self.io.note(&format!("connecting again in {seconds:.1} s (attempt {attempt})\n"));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn event(&mut self, channel: &Channel, event: &str) -> Result<ControlFlow<()>, Failure> {
        let parsed: Option<Value> = serde_json::from_str(event).ok();
        let holds = |it: &Filter| parsed.as_ref().is_some_and(|event| it.holds(event));
        if !self.args.filters.iter().all(holds) {
            return Ok(ControlFlow::Continue(()));
        }
        // An event with line breaks in it would be several lines.
        let line = match &parsed {
            Some(value) if event.contains('\n') => value.to_string(),
            _ => event.to_owned(),
        };
        let line = match self.args.format {
            Format::Raw => line,
            Format::Human if self.several => format!("{channel} {line}"),
            Format::Human => line,
            Format::Json => {
                let received = jiff::Timestamp::try_from(self.io.clock.now());
                let received = received.map(|it| it.to_string()).unwrap_or_default();
                let event = parsed.unwrap_or_else(|| Value::from(event));
                json!({ "channel": channel.as_str(), "event": event, "received": received })
                    .to_string()
            }
        };
        self.io.result(&format!("{line}\n"))?;
        self.printed += 1;
        Ok(match self.args.count {
            Some(count) if self.printed >= count => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        })
    }
}
