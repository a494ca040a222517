//! `provision publish`: events to a channel, on AWS or on the local one.
mod events;

use std::path::PathBuf;

use aws_smithy_async::time::SharedTimeSource;
use serde_json::{Value, json};

use crate::cli::parameters::ParameterArgs;
use crate::cli::plan::Format;
use crate::cli::reach::{Doing, ReachArgs, Reached, failure, reach, words};
use crate::cli::snippet::{Print, print};
use crate::cli::target::TargetArgs;
use crate::cli::{Exit, Failure, Io};
use crate::client::{Batches, Channel, ClientError, Credentials, Kind, Published, Publisher};
use crate::render::snippets::Action;
use events::Events;

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
    /// The events, as JSON; `-`, or none, for lines of standard input
    #[arg(value_name = "EVENT")]
    events: Vec<String>,
    /// Take the events from FILE: one JSON document, or one a line if it ends with .jsonl or .ndjson
    #[arg(long, value_name = "FILE", conflicts_with = "events")]
    file: Option<PathBuf>,
    /// Publish each element of the list in FILE as an event of its own
    #[arg(long, requires = "file")]
    each: bool,
    /// Take events for plain texts, and publish them as JSON strings
    #[arg(long)]
    text: bool,
    /// Publish over a WebSocket instead of HTTP
    #[arg(long)]
    socket: bool,
    /// Publish a batch again when nobody knows whether it was published: perhaps twice, but not never
    #[arg(long)]
    at_least_once: bool,
    /// How to say what became of the events; `json` gives a line for each batch
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Print how to do it with another tool, instead of doing it
    #[arg(long, value_enum, value_name = "TOOL")]
    print: Option<Print>,
    /// With --print: put the key or the token into it
    #[arg(long, requires = "print")]
    reveal: bool,
    #[command(flatten)]
    reach: ReachArgs,
    #[command(flatten)]
    parameters: ParameterArgs,
    #[command(flatten)]
    target: TargetArgs,
}

pub async fn run(args: &Args, io: &mut Io) -> Result<Exit, Failure> {
    let further: Vec<String> = args.channel.iter().chain(&args.events).cloned().collect();
    let (spec, further) = words(&args.reach, args.spec.as_ref(), &further);
    let mut further = further.into_iter();
    let Some(channel) = further.next() else {
        let message = "no channel is given";
        return Err(Failure::new(Exit::Usage, message)
            .hint("provision publish SPEC CHANNEL EVENT…, or `--url URL` in the place of SPEC"));
    };
    let channel = Channel::to_publish(&channel).map_err(|reason| no_channel(&channel, &reason))?;
    let events = Events::of(args, further.collect(), io)?;
    let channels = std::slice::from_ref(&channel);
    let (parameters, target) = (&args.parameters, &args.target);
    let reached = reach(&args.reach, spec.as_deref(), channels, parameters, target, io).await?;
    let done = go(args, &reached, &channel, events, io).await;
    let closed = reached.close().await;
    let exit = done?;
    closed?;
    Ok(exit)
}

/// Why a text is no channel.
pub fn no_channel(text: &str, reason: &str) -> Failure {
    Failure::new(Exit::Usage, format!("`{text}` is no channel: {reason}")).hint(
        "a channel is such as /sample/a/b: one to five segments of letters, digits and dashes",
    )
}

async fn go(
    args: &Args,
    reached: &Reached,
    channel: &Channel,
    mut events: Events,
    io: &mut Io,
) -> Result<Exit, Failure> {
    let namespace = reached.namespace(channel)?;
    if let Some(tool) = args.print {
        let proof = reached.proof(Doing::Publish, namespace, &io.clock, args.reveal)?;
        let all = events.all().await?;
        let batches = Batches::new(channel.as_str(), all.into_iter()).collect();
        let action = Action::Publish { channel: channel.as_str(), batches };
        print(tool, reached, &proof, action, args.reveal, io)?;
        return Ok(Exit::Done);
    }
    let credentials = reached.credentials(Doing::Publish, namespace, &io.clock)?;
    reached.note_brief("hear of it", io);
    let clock = io.clock.clone();
    let mut publisher = publisher(args, reached, &credentials, &clock);
    let explain = |error: &ClientError| {
        failure(error, reached, Doing::Publish, channel, &credentials, args.at_least_once)
    };
    let mut tally = Tally { format: args.format, channel, taken: 0, refused: 0 };
    let ended = loop {
        let some = match events.some().await {
            Ok(Some(some)) => some,
            Ok(None) => break Ok(()),
            Err(failure) => break Err(failure),
        };
        if let Err(failure) = publish_all(&mut publisher, &mut tally, some, &explain, io).await {
            break Err(failure);
        }
    };
    publisher.close().await;
    tally.end(ended, io)
}

fn publisher(
    args: &Args,
    reached: &Reached,
    credentials: &Credentials,
    clock: &SharedTimeSource,
) -> Publisher {
    let (client, own) = (reached.client.clone(), credentials.clone());
    let publisher = match args.socket {
        true => {
            let connect_as = reached.connection_credentials(credentials, clock);
            Publisher::over_socket(client, connect_as, own)
        }
        false => Publisher::over_http(client, own),
    };
    publisher.at_least_once(args.at_least_once)
}

/// Publishes all batches of `events`. A batch that is refused for what is in it does not stop the others; what would
/// refuse them, too, does.
async fn publish_all(
    publisher: &mut Publisher,
    tally: &mut Tally<'_>,
    events: Vec<String>,
    explain: &dyn Fn(&ClientError) -> Failure,
    io: &mut Io,
) -> Result<(), Failure> {
    let channel = tally.channel.as_str().to_owned();
    for batch in Batches::new(&channel, events.into_iter()) {
        let error = match publisher.publish(&channel, &batch).await {
            Ok(published) => {
                tally.batch(batch.len(), &published, io)?;
                continue;
            }
            Err(error) => error,
        };
        let which = tally.failed(batch.len(), &error, io)?;
        let failure = explain(&error).about(which);
        if !matches!(error.kind, Kind::Refused | Kind::Broken | Kind::Invalid) {
            return Err(failure);
        }
        io.say(&failure.text());
    }
    Ok(())
}

/// What became of the events until now.
struct Tally<'a> {
    format: Format,
    channel: &'a Channel,
    taken: usize,
    refused: usize,
}

impl Tally<'_> {
    /// Tells of a batch; events are counted from 0 over all batches.
    fn batch(&mut self, events: usize, published: &Published, io: &mut Io) -> Result<(), Failure> {
        let first = self.taken + self.refused;
        // What AppSync names neither here nor there, it has not refused.
        self.refused += published.failed.len().min(events);
        self.taken += events - published.failed.len().min(events);
        let mut published = published.clone();
        published.successful.iter_mut().for_each(|it| it.index += first);
        published.failed.iter_mut().for_each(|it| it.index += first);
        if self.format == Format::Json {
            let line = json!({
                "channel": self.channel.as_str(), "first": first, "events": events,
                "successful": published.successful, "failed": published.failed,
            });
            return Ok(io.result(&format!("{line}\n"))?);
        }
        for it in &published.failed {
            let code = it.code.map(|it| format!("{it}: ")).unwrap_or_default();
            let reason = it.message.as_deref().unwrap_or("no reason is given");
            io.say(&format!("event {} was not taken: {code}{reason}\n", it.index + 1));
        }
        Ok(())
    }
    /// Tells programs of a batch of which nothing was taken, and says which events those are.
    fn failed(
        &mut self,
        events: usize,
        error: &ClientError,
        io: &mut Io,
    ) -> Result<String, Failure> {
        let first = self.taken + self.refused;
        self.refused += events;
        if self.format == Format::Json {
            let line = json!({
                "channel": self.channel.as_str(), "first": first, "events": events,
                "successful": [], "failed": [], "error": of_error(error),
            });
            io.result(&format!("{line}\n"))?;
        }
        Ok(match events {
            1 => format!("event {}", first + 1),
            _ => format!("events {} to {}", first + 1, first + events),
        })
    }
    fn end(self, ended: Result<(), Failure>, io: &mut Io) -> Result<Exit, Failure> {
        let Self { taken, refused, channel, format } = self;
        let all = taken + refused;
        if format == Format::Human && taken > 0 {
            let events = if all == 1 { "event" } else { "events" };
            let of = if refused > 0 { format!(" of {all}") } else { String::new() };
            io.result(&format!("{taken}{of} {events} published to {channel}\n"))?;
        }
        let exit = match (taken, refused) {
            (0, 0) => Exit::Done,
            (0, _) => Exit::Error,
            (_, 0) => Exit::Done,
            _ => Exit::Partial,
        };
        match ended {
            Err(failure) if taken > 0 => Err(failure.as_kind(Exit::Partial)),
            Err(failure) => Err(failure),
            Ok(()) => {
                if all == 0 {
                    io.note("there was no event to publish\n");
                }
                Ok(exit)
            }
        }
    }
}

/// An error for programs.
fn of_error(error: &ClientError) -> Value {
    json!({ "errorType": error.error_type, "message": error.message, "status": error.status })
}
