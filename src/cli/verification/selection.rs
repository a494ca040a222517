//! What to verify and as whom, as the command line says.
use std::path::PathBuf;

use crate::cli::event_api::ModeArg;
use crate::cli::files::file_or_json;
use crate::cli::follow_up::Again;
use crate::cli::verification::token::TokenArg;
use crate::cli::{Failure, Io};
use appsync_events::verify::EventTemplate;
use appsync_events::{AuthMode, InvalidEvent};
use provision_core::access::{ApiAccess, NamespaceAccess};
use provision_core::address::Address;
use provision_core::kind::DesiredState;

/// What to verify.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    pub stack: &'a str,
    pub desired: &'a DesiredState,
    pub choice: &'a Choice,
    /// How a further command is given.
    pub again: &'a Again,
}

/// What to try, and as whom.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Choice {
    /// Only this API, by its key in the spec; may be repeated
    #[arg(long = "api", value_name = "KEY", help_heading = "What to try")]
    pub apis: Vec<String>,
    /// Only this namespace, by its key or its name; may be repeated
    #[arg(long = "namespace", value_name = "NAMESPACE", help_heading = "What to try")]
    pub namespaces: Vec<String>,
    /// Only this mode; may be repeated
    #[arg(long = "mode", value_enum, value_name = "MODE", help_heading = "What to try")]
    pub modes: Vec<ModeArg>,
    /// Only what the spec forbids
    #[arg(long, help_heading = "What to try")]
    pub only_refusals: bool,
    /// Let handlers run that use data sources, which may leave traces there
    #[arg(long, help_heading = "What to try")]
    pub with_data_sources: bool,
    /// An event that the namespace's handler lets through: a JSON file, or the JSON itself; `${nonce}` in it is
    /// filled in; may be repeated
    #[arg(long = "event", value_name = "NAMESPACE=FILE|JSON", value_parser = EventArg::parse, help_heading = "What to try")]
    pub events: Vec<EventArg>,
    /// The token for a mode: cognito, oidc or lambda; may be repeated; the variables PROVISION_TOKEN_COGNITO,
    /// PROVISION_TOKEN_OIDC and PROVISION_TOKEN_LAMBDA keep it out of the list of processes
    #[arg(long = "token", value_name = "MODE=TOKEN", value_parser = TokenArg::parse, help_heading = "As whom")]
    pub tokens: Vec<TokenArg>,
    /// Certificates in PEM to trust besides those that this machine trusts; or the variable AWS_CA_BUNDLE
    #[arg(long, value_name = "FILE", help_heading = "As whom")]
    pub ca_bundle: Option<PathBuf>,
}

impl Choice {
    pub fn takes_mode(&self, mode: AuthMode) -> bool {
        self.modes.is_empty() || self.modes.iter().any(|it| it.mode() == mode)
    }
    /// Whether what stands at `address`, a namespace of `api`, is asked for by its key or its name.
    pub fn takes_namespace(&self, address: &Address, api: &ApiAccess) -> bool {
        let found = api.namespaces.iter().find(|it| it.address == *address);
        let names = found.map(|it| [it.address.name(), name(it)]);
        let is_one = |asked: &String| names.is_some_and(|it| it.contains(&asked.as_str()));
        self.namespaces.is_empty() || self.namespaces.iter().any(is_one)
    }
}

/// The first segment of a namespace's channels.
pub fn name(it: &NamespaceAccess) -> &str {
    it.channels.trim_start_matches('/').trim_end_matches("/*")
}

/// An event for a namespace: a JSON file, or the JSON itself.
#[derive(Clone, Debug)]
pub struct EventArg {
    pub namespace: String,
    given: String,
}

impl EventArg {
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((namespace, given)) if !namespace.is_empty() && !given.is_empty() => {
                Ok(Self { namespace: namespace.to_owned(), given: given.to_owned() })
            }
            _ => Err("expected NAMESPACE=FILE or NAMESPACE=JSON".to_owned()),
        }
    }
    /// The namespace, and the event with a placeholder for the nonce in it.
    pub fn read(&self, io: &mut Io) -> Result<(String, EventTemplate), Failure> {
        let (name, text) = file_or_json("--event", &self.given, io)?;
        let template = EventTemplate::parse(&text).map_err(|error| {
            let source = if name == "--event" { name } else { format!("--event: {name}") };
            match &error {
                InvalidEvent::Json(reason) => {
                    Failure::error(format!("{source} is not valid JSON: {reason}")).hint(
                        "pass one event, as a JSON file or as the JSON itself; `\"${nonce}\"` must be in quotes",
                    )
                }
                InvalidEvent::TooLarge { .. } => Failure::error(format!("{source}: {error}")),
            }
        })?;
        Ok((self.namespace.clone(), template))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_names_its_namespace_first() {
        let event = EventArg::parse(r#"chat={"a":"b=c"}"#).unwrap();
        assert_eq!((&*event.namespace, &*event.given), ("chat", r#"{"a":"b=c"}"#));
        for wrong in ["chat", "chat=", "={}"] {
            assert!(EventArg::parse(wrong).is_err(), "{wrong}");
        }
    }
}
