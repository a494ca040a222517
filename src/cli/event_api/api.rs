//! An Event API that a command talks to.
use std::path::{Path, PathBuf};

use crate::cli::event_api::args::ReachArgs;
use crate::cli::event_api::stack::Stack;
use crate::cli::target::{self, LOCAL_FOLDER, Session};
use crate::cli::{Failure, Io};
use crate::render::outputs::NamespaceOutputs;
use crate::render::shell::word;
use appsync_events::{Channel, Client};
use provision_aws::client::Aws;

/// An Event API, and all that is known of it.
#[derive(Debug)]
pub struct Reached {
    pub client: Client,
    pub stack: Option<Stack>,
    pub region: String,
    pub(super) args: ReachArgs,
    /// What was given, or read from standard input.
    pub(super) token: Option<appsync_events::Secret>,
    pub(super) api_key: Option<appsync_events::Secret>,
    pub(super) aws: Option<Aws>,
    pub(super) session: Option<Session>,
    /// The folder of the local AWS, if it is that one.
    pub(super) folder: Option<PathBuf>,
    pub(super) now_epoch_s: i64,
}

/// Keeps `Reached` in one place: whoever has it closes it, also after an error.
pub async fn closing<T>(reached: Reached, result: Result<T, Failure>) -> Result<T, Failure> {
    let Reached { session, aws, .. } = reached;
    drop(aws);
    match session {
        Some(session) => target::closing(session, result).await,
        None => result,
    }
}

impl Reached {
    /// The file of certificates that was named.
    pub fn ca_bundle(&self) -> Option<String> {
        self.args.ca_bundle.as_ref().map(|it| it.display().to_string())
    }
    /// Whether nobody else can reach this API.
    pub fn is_brief(&self) -> bool {
        self.session.as_ref().is_some_and(Session::is_brief)
    }
    /// Says that nobody else can reach this API, so that they can't do `what`.
    pub fn note_brief(&self, what: &str, io: &mut Io) {
        if self.is_brief() {
            let serve = self.of_local("").unwrap_or_default();
            io.note(&format!(
                "this local AWS is there for this command only, so that nobody can {what}; \
                 serve it with `{serve}` in another terminal\n"
            ));
        }
    }
    /// Whether it is the local AWS of a folder.
    pub fn is_local(&self) -> bool {
        self.folder.is_some()
    }
    /// The command that serves this local AWS, or makes a token for it, as its place is given.
    pub fn of_local(&self, command: &str) -> Option<String> {
        let folder = self.folder.as_ref()?;
        Some(match folder == Path::new(LOCAL_FOLDER) {
            true => format!("provision local{command}"),
            false => {
                let folder = word(&folder.display().to_string());
                format!("provision local{command} --data-dir {folder}")
            }
        })
    }
    /// The namespace of a channel, where the stack is known; a name that the API lacks is refused.
    pub fn namespace(&self, channel: &Channel) -> Result<Option<&NamespaceOutputs>, Failure> {
        let Some(stack) = &self.stack else { return Ok(None) };
        let found = stack.api.namespaces.iter().find(|it| it.name == channel.namespace());
        found.map(Some).ok_or_else(|| stack.lacks(channel))
    }
}
