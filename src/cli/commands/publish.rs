//! `provision publish`: events to a channel, on AWS or on the local one.
mod batches;
mod events;
mod report;

use aws_smithy_async::time::SharedTimeSource;

use crate::cli::arguments::Format;
use crate::cli::event_api::snippet::{PrintArgs, print};
use crate::cli::event_api::{
    ApiArgs, Doing, Reached, closing, failure, invalid_channel, reach, words,
};
use crate::cli::interrupt::Stop;
use crate::cli::{Exit, Failure, Io};
use crate::render::snippets::Action;
use appsync_events::{Batches, Channel, Credentials, Delivery, Error, Event, Publisher};
use batches::Sending;
use events::{Events, SourceArgs};
use report::Tally;

/// Publish events to a channel
///
/// Events are JSON: words of the command line, a file, or lines of standard input, which are published as they
/// come. They go in batches of five, as AppSync takes them. AppSync says which events it took; it does not say
/// whether anybody received them.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "provision publish [OPTIONS] <SPEC> <CHANNEL> [EVENT]...\n       \
                      provision publish [OPTIONS] --url <URL> <CHANNEL> [EVENT]...",
    after_help = "\
Exit codes: 0 if all events were taken, 3 if some were, 1 if none was.

Examples:
  provision publish spec.yaml /sample/channel/test '{\"message\":\"hello\"}' --local
  provision publish spec.yaml /sample/channel/test --text hello --mode iam
  provision publish spec.yaml /sample/channel/test --file events.jsonl --format json
  tail -f app.log.json | provision publish spec.yaml /sample/logs
  PROVISION_API_KEY=da2-… provision publish --url https://HOST/event /sample/a 42
  provision publish spec.yaml /sample/channel/test '{\"message\":\"hello\"}' --print curl"
)]
pub struct Args {
    /// The spec; `-` for standard input; left out with `--url`
    spec: Option<String>,
    /// The channel, such as /sample/channel/test
    channel: Option<String>,
    #[command(flatten)]
    source: SourceArgs,
    /// Publish over a WebSocket instead of HTTP
    #[arg(long)]
    socket: bool,
    /// Publish a batch again when nobody knows whether it was published: perhaps twice, but not never
    #[arg(long)]
    at_least_once: bool,
    /// How to say what became of the events; `json` gives a line for each batch
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    instead: PrintArgs,
    #[command(flatten)]
    api: ApiArgs,
}

pub async fn run(args: &Args, io: &mut Io) -> Result<Exit, Failure> {
    let further: Vec<String> = args.channel.iter().chain(&args.source.events).cloned().collect();
    let (spec, further) = words(&args.api, args.spec.as_ref(), &further);
    let mut further = further.into_iter();
    let Some(channel) = further.next() else {
        let message = "no channel is given";
        return Err(Failure::new(Exit::Usage, message)
            .hint("provision publish SPEC CHANNEL EVENT…, or `--url URL` in the place of SPEC"));
    };
    let channel = Channel::parse(&channel).map_err(|error| invalid_channel(&error))?;
    let events = Events::of(&args.source, further.collect(), io)?;
    let channels = std::slice::from_ref(&channel);
    let reached = reach(&args.api, spec.as_deref(), channels, io).await?;
    let done = go(args, &reached, &channel, events, io).await;
    closing(reached, done).await
}

async fn go(
    args: &Args,
    reached: &Reached,
    channel: &Channel,
    mut events: Events,
    io: &mut Io,
) -> Result<Exit, Failure> {
    let namespace = reached.namespace(channel)?;
    if let Some(tool) = args.instead.print {
        let proof = reached.proof(Doing::Publish, namespace, &io.clock, args.instead.reveal)?;
        let all = events.all().await?;
        let texts = |batch: Vec<Event>| batch.into_iter().map(Event::into_string).collect();
        let batches = Batches::new(channel, all).map(texts).collect();
        let action = Action::Publish { channel: channel.as_str(), batches };
        print(tool, reached, &proof, action, args.instead.reveal, io)?;
        return Ok(Exit::Done);
    }
    let credentials = reached.credentials(Doing::Publish, namespace, &io.clock)?;
    reached.note_brief("hear of it", io);
    let clock = io.clock.clone();
    let explain = |error: &Error| {
        failure(error, reached, Doing::Publish, channel, &credentials, args.at_least_once)
    };
    let mut sending = Sending {
        publisher: publisher(args, reached, &credentials, &clock),
        timing: reached.client.timing,
        stop: Stop::new(),
        tally: Tally::new(args.format, channel),
    };
    let ended = sending.all(&mut events, &explain, io).await;
    let Sending { publisher, tally, .. } = sending;
    publisher.close().await;
    tally.end(ended, io)
}

fn publisher(
    args: &Args,
    reached: &Reached,
    credentials: &Credentials,
    clock: &SharedTimeSource,
) -> Publisher {
    let publisher = reached.client.publisher(credentials.clone());
    let publisher = match args.socket {
        true => publisher.with_websocket(reached.connection_credentials(credentials, clock)),
        false => publisher,
    };
    match args.at_least_once {
        true => publisher.with_delivery(Delivery::AtLeastOnce),
        false => publisher,
    }
}
