//! Authorization modes: their names on the command line, and their conversion to and from those of the
//! data plane's client, which does not depend on the core.
use clap::builder::{PossibleValuesParser, TypedValueParser};

use appsync_events::AuthMode as ClientAuthMode;
use provision_core::kinds::auth::{AnyAuthMode, AuthMode};

/// The names of the auth modes on the command line.
const MODE_NAMES: [(&str, AuthMode); 5] = [
    ("api-key", AuthMode::ApiKey),
    ("iam", AuthMode::AwsIam),
    ("cognito", AuthMode::Cognito),
    ("oidc", AuthMode::OpenIdConnect),
    ("lambda", AuthMode::Lambda),
];

/// Parses the name of an auth mode on the command line.
pub fn auth_mode_parser() -> impl TypedValueParser<Value = AuthMode> {
    let names = PossibleValuesParser::new(MODE_NAMES.map(|(name, _)| name));
    names.map(|name| parse_mode(&name).expect("clap accepts only the names in the table"))
}

/// The auth mode with this name on the command line.
pub fn parse_mode(name: &str) -> Option<AuthMode> {
    MODE_NAMES.into_iter().find(|(other, _)| *other == name).map(|(_, mode)| mode)
}

/// The name of an auth mode on the command line.
pub fn mode_name(mode: AuthMode) -> &'static str {
    let entry = MODE_NAMES.into_iter().find(|(_, other)| *other == mode);
    entry.expect("the table has every mode").0
}

/// The modes that this version knows.
pub fn known_modes(modes: &[AnyAuthMode]) -> Vec<AuthMode> {
    modes.iter().filter_map(AnyAuthMode::known).collect()
}

/// The known modes, as the client of the data plane names them.
pub fn client_modes(modes: &[AnyAuthMode]) -> Vec<ClientAuthMode> {
    known_modes(modes).into_iter().map(client_mode).collect()
}

/// The mode, as the client of the data plane names it.
pub fn client_mode(mode: AuthMode) -> ClientAuthMode {
    match mode {
        AuthMode::ApiKey => ClientAuthMode::ApiKey,
        AuthMode::AwsIam => ClientAuthMode::Iam,
        AuthMode::Cognito => ClientAuthMode::Cognito,
        AuthMode::OpenIdConnect => ClientAuthMode::Oidc,
        AuthMode::Lambda => ClientAuthMode::Lambda,
    }
}

/// The mode of the client of the data plane.
pub fn from_client_mode(mode: ClientAuthMode) -> AuthMode {
    match mode {
        ClientAuthMode::ApiKey => AuthMode::ApiKey,
        ClientAuthMode::Iam => AuthMode::AwsIam,
        ClientAuthMode::Cognito => AuthMode::Cognito,
        ClientAuthMode::Oidc => AuthMode::OpenIdConnect,
        ClientAuthMode::Lambda => AuthMode::Lambda,
    }
}

/// Whether clients authenticate with a token that someone else issued.
pub fn needs_token(mode: AuthMode) -> bool {
    client_mode(mode).needs_token()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_has_a_name_on_the_command_line() {
        for mode in AuthMode::ALL {
            assert_eq!(parse_mode(mode_name(mode)), Some(mode));
        }
    }

    #[test]
    fn the_client_has_every_mode_under_the_same_name() {
        for mode in AuthMode::ALL {
            assert_eq!(client_mode(mode).as_str(), mode.as_str());
            assert_eq!(from_client_mode(client_mode(mode)), mode);
        }
    }
}
