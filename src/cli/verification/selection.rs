//! What to verify, and with which credentials, as selected on the command line.
use std::path::PathBuf;

use crate::cli::event_api::auth_mode_parser;
use crate::cli::files::file_or_json;
use crate::cli::follow_up::FollowUp;
use crate::cli::verification::token::TokenArg;
use crate::cli::{Failure, Io};
use appsync_events::InvalidEvent;
use appsync_events::verify::EventTemplate;
use provision_core::access::{ApiAccess, NamespaceAccess};
use provision_core::address::Address;
use provision_core::kind::DesiredState;
use provision_core::kinds::auth::AuthMode;

/// What to verify.
#[derive(Clone, Copy)]
pub struct VerifyRequest<'a> {
    pub stack: &'a str,
    pub desired: &'a DesiredState,
    pub selection: &'a CheckSelection,
    /// The arguments of follow-up commands.
    pub follow_up: &'a FollowUp,
}

#[derive(Clone, Debug, Default, clap::Args)]
pub struct CheckSelection {
    /// Check only this API, by its key in the spec; can be repeated
    #[arg(long = "api", value_name = "KEY", help_heading = "Checks")]
    pub apis: Vec<String>,
    /// Check only this namespace, by its key or its name; can be repeated
    #[arg(long = "namespace", value_name = "NAMESPACE", help_heading = "Checks")]
    pub namespaces: Vec<String>,
    /// Check only this auth mode; can be repeated
    #[arg(long = "mode", value_parser = auth_mode_parser(), value_name = "MODE", help_heading = "Checks")]
    pub modes: Vec<AuthMode>,
    /// Check only what the spec does not allow
    #[arg(long, help_heading = "Checks")]
    pub only_refusals: bool,
    /// Run handlers that use data sources, which can leave traces there
    #[arg(long, help_heading = "Checks")]
    pub with_data_sources: bool,
    /// An event that the namespace's handler lets through: a JSON file, or the JSON itself, with `${nonce}` where
    /// a unique text goes; can be repeated
    #[arg(long = "event", value_name = "NAMESPACE=FILE|JSON", value_parser = EventArg::parse, help_heading = "Checks")]
    pub events: Vec<EventArg>,
    /// The token for a mode: cognito, oidc or lambda; can be repeated; the environment variables
    /// PROVISION_TOKEN_COGNITO, PROVISION_TOKEN_OIDC and PROVISION_TOKEN_LAMBDA keep it out of the process list
    #[arg(long = "token", value_name = "MODE=TOKEN", value_parser = TokenArg::parse, help_heading = "Credentials")]
    pub tokens: Vec<TokenArg>,
    /// CA certificates in PEM to trust in addition to those of the machine; also the environment variable
    /// AWS_CA_BUNDLE
    #[arg(long, value_name = "FILE", help_heading = "Credentials")]
    pub ca_bundle: Option<PathBuf>,
}

impl CheckSelection {
    pub fn includes_mode(&self, mode: AuthMode) -> bool {
        self.modes.is_empty() || self.modes.contains(&mode)
    }

    /// Whether the namespace of `api` at `address` is selected, by its key or its name.
    pub fn includes_namespace(&self, address: &Address, api: &ApiAccess) -> bool {
        let namespace = api.namespaces.iter().find(|namespace| namespace.address == *address);
        let names = namespace.map(names);
        let is_selected =
            |selected: &String| names.is_some_and(|names| names.contains(&selected.as_str()));
        self.namespaces.is_empty() || self.namespaces.iter().any(is_selected)
    }
}

/// The key of a namespace in the spec, and its name on AWS.
pub fn names(namespace: &NamespaceAccess) -> [&str; 2] {
    [namespace.address.name(), name(namespace)]
}

/// The name of a namespace on AWS, which is the first segment of its channels.
pub fn name(namespace: &NamespaceAccess) -> &str {
    namespace.channels.trim_start_matches('/').trim_end_matches("/*")
}

/// An event for a namespace: a JSON file, or the JSON itself.
#[derive(Clone, Debug)]
pub struct EventArg {
    pub namespace: String,
    source: String,
}

impl EventArg {
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((namespace, source)) if !namespace.is_empty() && !source.is_empty() => {
                Ok(Self { namespace: namespace.to_owned(), source: source.to_owned() })
            }
            _ => Err("expected NAMESPACE=FILE or NAMESPACE=JSON".to_owned()),
        }
    }

    /// Reads the event for the namespace.
    pub fn read(&self, io: &mut Io) -> Result<(String, EventTemplate), Failure> {
        let (name, text) = file_or_json("--event", &self.source, io)?;
        let template = EventTemplate::parse(&text).map_err(|error| {
            let source = if name == "--event" { name } else { format!("--event: {name}") };
            match &error {
                InvalidEvent::Json(reason) => {
                    Failure::error(format!("{source} is not valid JSON: {reason}")).with_hint(
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
    fn an_event_starts_with_the_name_of_its_namespace() {
        let event = EventArg::parse(r#"chat={"a":"b=c"}"#).unwrap();
        assert_eq!((&*event.namespace, &*event.source), ("chat", r#"{"a":"b=c"}"#));
        for wrong in ["chat", "chat=", "={}"] {
            assert!(EventArg::parse(wrong).is_err(), "{wrong}");
        }
    }
}
