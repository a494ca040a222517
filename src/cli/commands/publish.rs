//! `provision publish`: publishes events to a channel of an Event API.
mod batches;
mod events;
mod report;

use aws_smithy_async::time::SharedTimeSource;

use crate::cli::arguments::Format;
use crate::cli::event_api::snippet::{PrintArgs, print_snippet};
use crate::cli::event_api::{
    ApiArgs, EventCommand, ResolvedApi, explain_error, invalid_channel, resolve_api,
    split_arguments,
};
use crate::cli::interrupt::InterruptSignal;
use crate::cli::{Exit, Failure, Io};
use crate::render::snippets::Action;
use appsync_events::{Batches, Channel, Credentials, Delivery, Error, Event, Publisher};
use batches::BatchSender;
use events::{Events, SourceArgs};
use report::PublishReport;

/// Publish events to a channel
///
/// Events are JSON: arguments, a file, or lines of stdin, which are published as they arrive. They are sent in
/// batches of five, the most that AppSync accepts. AppSync reports which events it accepted, but not whether a
/// subscriber received them.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "provision publish [OPTIONS] <SPEC> <CHANNEL> [EVENT]...\n       \
                      provision publish [OPTIONS] --url <URL> <CHANNEL> [EVENT]...",
    after_help = "\
Exit codes: 0 if all events were accepted, 3 if some were, 1 if none was.

Examples:
  provision publish spec.yaml /sample/channel/test '{\"message\":\"hello\"}' --local
  provision publish spec.yaml /sample/channel/test --text hello --mode iam
  provision publish spec.yaml /sample/channel/test --file events.jsonl --format json
  tail -f app.log.json | provision publish spec.yaml /sample/logs
  PROVISION_API_KEY=da2-… provision publish --url https://HOST/event /sample/a 42
  provision publish spec.yaml /sample/channel/test '{\"message\":\"hello\"}' --print curl"
)]
pub struct Args {
    /// The spec; `-` for stdin; omitted with `--url`
    spec: Option<String>,
    /// The channel, such as /sample/channel/test
    channel: Option<String>,
    #[command(flatten)]
    source: SourceArgs,
    /// Publish over a WebSocket instead of HTTP
    #[arg(long)]
    socket: bool,
    /// Send a batch again if it is unknown whether it was published; events may be published twice
    #[arg(long)]
    at_least_once: bool,
    /// The output format; `json` prints a line for each batch
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    print: PrintArgs,
    #[command(flatten)]
    api: ApiArgs,
}

pub async fn run(args: &Args, io: &mut Io) -> Result<Exit, Failure> {
    let arguments: Vec<String> = args.channel.iter().chain(&args.source.events).cloned().collect();
    let (spec, arguments) = split_arguments(&args.api, args.spec.as_ref(), &arguments);
    let mut arguments = arguments.into_iter();
    let Some(channel) = arguments.next() else {
        return Err(Failure::new(Exit::Usage, "the channel is missing")
            .with_hint("provision publish SPEC CHANNEL EVENT…, or `--url URL` instead of SPEC"));
    };
    let channel = Channel::parse(&channel).map_err(|error| invalid_channel(&error))?;
    let events = Events::new(&args.source, arguments.collect(), io)?;
    let channels = std::slice::from_ref(&channel);
    let api = resolve_api(&args.api, spec.as_deref(), channels, io).await?;
    let result = publish(args, &api, &channel, events, io).await;
    api.close(result).await
}

async fn publish(
    args: &Args,
    api: &ResolvedApi,
    channel: &Channel,
    mut events: Events,
    io: &mut Io,
) -> Result<Exit, Failure> {
    let command = EventCommand::Publish;
    let namespace = api.namespace(channel)?;
    if let Some(tool) = args.print.print {
        let reveal = args.print.reveal;
        let credentials = api.snippet_credentials(command, namespace, &io.clock, reveal)?;
        let events = events.collect().await?;
        let texts = |batch: Vec<Event>| batch.into_iter().map(Event::into_string).collect();
        let batches = Batches::new(channel, events).map(texts).collect();
        let action = Action::Publish { channel: channel.as_str(), batches };
        print_snippet(tool, api, &credentials, action, reveal, io)?;
        return Ok(Exit::Done);
    }
    let credentials = api.credentials(command, namespace, &io.clock)?;
    api.note_ephemeral("no subscriber can receive this event", io);
    let explain = |error: &Error| {
        explain_error(error, api, command, channel, &credentials, args.at_least_once)
    };
    let mut sender = BatchSender {
        publisher: publisher(args, api, &credentials, &io.clock),
        timing: api.client.timing,
        interrupt: InterruptSignal::new(),
        report: PublishReport::new(args.format, channel),
    };
    let result = sender.send_all(&mut events, &explain, io).await;
    let BatchSender { publisher, report, .. } = sender;
    publisher.close().await;
    report.finish(result, io)
}

fn publisher(
    args: &Args,
    api: &ResolvedApi,
    credentials: &Credentials,
    clock: &SharedTimeSource,
) -> Publisher {
    let publisher = api.client.publisher(credentials.clone());
    let publisher = match args.socket {
        true => publisher.with_websocket(api.connect_credentials(credentials, clock)),
        false => publisher,
    };
    match args.at_least_once {
        true => publisher.with_delivery(Delivery::AtLeastOnce),
        false => publisher,
    }
}
