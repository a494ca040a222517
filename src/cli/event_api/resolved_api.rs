//! The Event API that a command talks to.
use std::path::{Path, PathBuf};

use crate::cli::event_api::args::ConnectionArgs;
use crate::cli::event_api::stack_api::StackApi;
use crate::cli::target::{self, LOCAL_FOLDER, Session};
use crate::cli::{Failure, Io};
use crate::render::outputs::NamespaceOutputs;
use crate::render::shell::word;
use appsync_events::{Channel, Client, Secret};
use provision_aws::client::Aws;

/// An Event API, and the credentials that are available for it.
#[derive(Debug)]
pub struct ResolvedApi {
    pub client: Client,
    /// Unless the API is given by its URL.
    pub stack: Option<StackApi>,
    pub region: String,
    pub(super) args: ConnectionArgs,
    /// From the command line, stdin or the environment.
    pub(super) token: Option<Secret>,
    pub(super) api_key: Option<Secret>,
    pub(super) aws: Option<Aws>,
    pub(super) session: Option<Session>,
    /// The emulator's data folder, if the API is one of the emulator's.
    pub(super) folder: Option<PathBuf>,
    pub(super) now_epoch_s: i64,
}

impl ResolvedApi {
    /// Closes the session after success and failure alike, and returns the result.
    pub async fn close<T>(self, result: Result<T, Failure>) -> Result<T, Failure> {
        let Self { session, aws, .. } = self;
        drop(aws);
        match session {
            Some(session) => target::close_after(session, result).await,
            None => result,
        }
    }

    /// The file of `--ca-bundle`.
    pub fn ca_bundle(&self) -> Option<String> {
        self.args.ca_bundle.as_ref().map(|path| path.display().to_string())
    }

    /// Whether the emulator runs only for this command, so no other process can reach the API.
    pub fn is_ephemeral(&self) -> bool {
        self.session.as_ref().is_some_and(Session::is_ephemeral)
    }

    /// Prints what no other process can do, if the emulator runs only for this command.
    pub fn note_ephemeral(&self, consequence: &str, io: &mut Io) {
        if self.is_ephemeral() {
            let serve = self.emulator_command("").unwrap_or_default();
            io.eprint_unless_quiet(&format!(
                "the emulator runs only for this command, so {consequence}; \
                 to keep it running, start `{serve}` in another terminal\n"
            ));
        }
    }

    /// Whether the API is one of the emulator's.
    pub fn is_local(&self) -> bool {
        self.folder.is_some()
    }

    /// `provision local` and a subcommand, for the same data folder.
    pub fn emulator_command(&self, subcommand: &str) -> Option<String> {
        let folder = self.folder.as_ref()?;
        Some(match folder == Path::new(LOCAL_FOLDER) {
            true => format!("provision local{subcommand}"),
            false => {
                let folder = word(&folder.display().to_string());
                format!("provision local{subcommand} --data-dir {folder}")
            }
        })
    }

    /// The namespace of a channel, if the stack is known. A namespace that does not exist is an error.
    pub fn namespace(&self, channel: &Channel) -> Result<Option<&NamespaceOutputs>, Failure> {
        let Some(stack) = &self.stack else { return Ok(None) };
        let mut namespaces = stack.api.namespaces.iter();
        let namespace = namespaces.find(|namespace| namespace.name == channel.namespace());
        namespace.map(Some).ok_or_else(|| stack.missing_namespace(channel))
    }
}
