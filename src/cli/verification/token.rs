//! Tokens for the auth modes that need one: from the command line, from the environment, or
//! created by the emulator.
use crate::cli::Io;
use crate::cli::event_api::{TOKEN_VARIABLE, is_jwt, mode_name, needs_token, parse_mode};
use appsync_events::Secret;
use appsync_local::TokenRequest;
use appsync_local::cli::request_token;
use provision_core::kinds::auth::AuthMode;

/// A token of the command line, and the mode that it is for.
#[derive(Clone, Debug)]
pub struct TokenArg {
    pub mode: AuthMode,
    token: Secret,
}

impl TokenArg {
    pub fn parse(text: &str) -> Result<Self, String> {
        let expected = "expected cognito=TOKEN, oidc=TOKEN or lambda=TOKEN";
        let (name, token) = text.split_once('=').ok_or(expected)?;
        let mode = parse_mode(name).or_else(|| AuthMode::from_name(name));
        let mode = mode.filter(|mode| needs_token(*mode)).ok_or(expected)?;
        match token.trim() {
            "" => Err("the token is empty".to_owned()),
            token => Ok(Self { mode, token: Secret::new(token) }),
        }
    }
}

/// Where tokens come from.
pub struct TokenSource<'a> {
    pub args: &'a [TokenArg],
    /// The URL of the emulator, which creates tokens.
    pub emulator_url: Option<&'a str>,
}

impl TokenSource<'_> {
    /// The token for `mode` of the API `api_id`, or the reason that there is none. `modes` are the modes
    /// of the API.
    pub async fn find(
        &self,
        mode: AuthMode,
        modes: &[AuthMode],
        api_id: &str,
        io: &Io,
    ) -> Result<Secret, String> {
        let arg = self.args.iter().find(|arg| arg.mode == mode);
        let token = arg.map(|arg| arg.token.clone());
        if let Some(token) = token.or_else(|| token_from_environment(mode, modes, io)) {
            return Ok(token);
        }
        let required =
            format!("`--token {}=TOKEN` or {} is required", mode_name(mode), variable(mode));
        match self.emulator_url {
            Some(url) if mode != AuthMode::Lambda => {
                let mode = Some(mode.as_str().to_owned());
                let api = Some(api_id.to_owned());
                let request = TokenRequest { api, mode, ..TokenRequest::default() };
                let token = request_token(url, &request).await.map(Secret::new);
                token.map_err(|failure| format!("{required}: {failure}"))
            }
            _ => Err(required),
        }
    }
}

/// The environment variable with a token for this mode only.
fn variable(mode: AuthMode) -> String {
    format!("{TOKEN_VARIABLE}_{}", mode_name(mode).to_uppercase())
}

fn token_from_environment(mode: AuthMode, modes: &[AuthMode], io: &Io) -> Option<Secret> {
    let read = |name: &str| {
        let value = io.environment.get(name).map(|value| value.trim());
        value.filter(|value| !value.is_empty()).map(Secret::new)
    };
    read(&variable(mode)).or_else(|| {
        let token = read(TOKEN_VARIABLE)?;
        let is_jwt = is_jwt(&token);
        let accepts_token =
            |mode: &&AuthMode| needs_token(**mode) && is_jwt == (**mode != AuthMode::Lambda);
        let candidates: Vec<&AuthMode> = modes.iter().filter(accepts_token).collect();
        (candidates == [&mode]).then_some(token)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_a_mode_and_is_not_shown() {
        let token = TokenArg::parse("lambda=a=b").unwrap();
        assert_eq!((token.mode, token.token.reveal()), (AuthMode::Lambda, "a=b"));
        assert!(!format!("{token:?}").contains("a=b"));
        assert_eq!(TokenArg::parse("OPENID_CONNECT=x").unwrap().mode, AuthMode::OpenIdConnect);
        for wrong in ["x", "iam=x", "api-key=x", "lambda="] {
            assert!(TokenArg::parse(wrong).is_err(), "{wrong}");
        }
    }
}
