//! `provision subscribe`: prints the events of channels as they come.
mod filter;

use std::ops::ControlFlow;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::arguments::duration;
use crate::cli::event_api::no_channel;
use crate::cli::event_api::snippet::{PrintArgs, print};
use crate::cli::event_api::{ApiArgs, Doing, Reached, closing, failure, reach, words};
use crate::cli::interrupt::stopped;
use crate::cli::{Exit, Failure, Io};
use crate::render::snippets::Action;
use appsync_events::{Channel, Credentials, ErrorKind, Subscriber, SubscriberEvent, Subscription};
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
    let channel = |it: &String| Channel::to_subscribe(it).map_err(|reason| no_channel(it, &reason));
    let channels: Vec<Channel> = channels.iter().map(channel).collect::<Result<_, _>>()?;
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
    let mut subscriptions = Vec::new();
    for channel in channels {
        let namespace = reached.namespace(channel)?;
        let credentials = reached.credentials(Doing::Subscribe, namespace, &io.clock)?;
        subscriptions.push(Subscription { channel: channel.to_string(), credentials });
    }
    let first = subscriptions.first().map(|it| it.credentials.clone());
    let first = first.expect("there is a channel, as was checked");
    reached.note_brief("publish to it", io);
    let subscriber = Subscriber {
        client: reached.client.clone(),
        connect_as: reached.connection_credentials(&first, &io.clock),
        subscriptions,
        reconnects: !args.no_reconnect,
    };
    listen(args, reached, channels, &subscriber, io).await
}

async fn listen(
    args: &Args,
    reached: &Reached,
    channels: &[Channel],
    subscriber: &Subscriber,
    io: &mut Io,
) -> Result<Exit, Failure> {
    let mut late = false;
    let several = channels.len() > 1;
    let mut printer =
        Printer { args, several, printed: 0, was_subscribed: false, failure: None, io };
    let ended = subscriber.run(&mut |told| printer.tell(told), ends(args.timeout, &mut late)).await;
    let Printer { printed, was_subscribed, failure: unwritten, .. } = printer;
    if let Some(failure) = unwritten {
        return Err(failure);
    }
    if let Err(error) = ended {
        let named = |it: &Channel| error.channel.as_deref() == Some(it.as_str());
        let n = channels.iter().position(named).unwrap_or(0);
        let channel = &channels[n];
        let used = match error.operation {
            "connect" => &subscriber.connect_as,
            _ => &subscriber.subscriptions[n].credentials,
        };
        let failure = failure(&error, reached, Doing::Subscribe, channel, used, false);
        let by_key = matches!(used, Credentials::ApiKey(_));
        let is_gone = was_subscribed && by_key && error.kind == ErrorKind::Unauthorized;
        return Err(match is_gone {
            true => failure.hint(
                "it was accepted before: the key may have been replaced since; run the command again with the new one",
            ),
            false => failure,
        });
    }
    match (args.count, args.timeout) {
        (Some(count), Some(timeout)) if late && printed < count => {
            let kind = if printed > 0 { Exit::Partial } else { Exit::Error };
            let seconds = timeout.as_secs_f64();
            Err(Failure::new(kind, format!("{printed} of {count} events came within {seconds} s")))
        }
        _ => Ok(Exit::Done),
    }
}

/// Ready when a person or `--timeout` ends it; `late` says that it was the latter.
async fn ends(timeout: Option<Duration>, late: &mut bool) {
    let over = async {
        match timeout {
            Some(timeout) => tokio::time::sleep(timeout).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = stopped() => {}
        () = over => *late = true,
    }
}

/// Prints what a subscriber tells.
struct Printer<'a> {
    args: &'a Args,
    several: bool,
    printed: u64,
    was_subscribed: bool,
    failure: Option<Failure>,
    io: &'a mut Io,
}

impl Printer<'_> {
    fn tell(&mut self, told: SubscriberEvent) -> ControlFlow<()> {
        match told {
            SubscriberEvent::Connected => self.io.note("connected\n"),
            SubscriberEvent::Subscribed { channel } => {
                self.was_subscribed = true;
                self.io.note(&format!("subscribed to {channel}\n"));
            }
            SubscriberEvent::Event { channel, event } => return self.event(&channel, &event),
            SubscriberEvent::DeliveryFailed { channel, error } => {
                self.io.say(&format!("{channel}: an event was not delivered: {error}\n"));
            }
            SubscriberEvent::ConnectionLost { error } if error.operation == "connect" => {
                self.io.note(&format!("still not connected: {error}\n"));
            }
            SubscriberEvent::ConnectionLost { error } => {
                self.io.note(&format!("connection lost: {error}\n"))
            }
            SubscriberEvent::Reconnecting { after, attempt } => {
                let seconds = after.as_secs_f64();
                self.io.note(&format!("connecting again in {seconds:.1} s (attempt {attempt})\n"));
            }
        }
        ControlFlow::Continue(())
    }

    fn event(&mut self, channel: &str, event: &str) -> ControlFlow<()> {
        let parsed: Option<Value> = serde_json::from_str(event).ok();
        let holds = |it: &Filter| parsed.as_ref().is_some_and(|event| it.holds(event));
        if !self.args.filters.iter().all(holds) {
            return ControlFlow::Continue(());
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
                json!({ "channel": channel, "event": event, "received": received }).to_string()
            }
        };
        if let Err(error) = self.io.result(&format!("{line}\n")) {
            self.failure = Some(error.into());
            return ControlFlow::Break(());
        }
        self.printed += 1;
        match self.args.count {
            Some(count) if self.printed >= count => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}
