//! Tokens for the modes that take one: given, in the environment, or made by a local AWS.
use crate::cli::Io;
use crate::cli::event_api::{ModeArg, is_jwt};
use appsync_events::{AuthMode, Secret};
use appsync_local::TokenAsked;
use appsync_local::cli::request_token;

/// For whichever mode of an API takes it, if only one does.
const ANY: &str = "PROVISION_TOKEN";

/// A token, and the mode that it is for.
#[derive(Clone, Debug)]
pub struct TokenArg {
    pub mode: AuthMode,
    token: Secret,
}

impl TokenArg {
    pub fn parse(text: &str) -> Result<Self, String> {
        let expected = "expected cognito=TOKEN, oidc=TOKEN or lambda=TOKEN";
        let (name, token) = text.split_once('=').ok_or(expected)?;
        let mode = ModeArg::named(name).map(ModeArg::mode).or_else(|| name.parse().ok());
        let mode = mode.filter(|mode| mode.needs_token()).ok_or(expected)?;
        match token.trim() {
            "" => Err("the token is empty".to_owned()),
            token => Ok(Self { mode, token: Secret::new(token) }),
        }
    }
}

/// Where tokens come from.
pub struct Tokens<'a> {
    pub given: &'a [TokenArg],
    /// The address of a local AWS, which makes tokens.
    pub local: Option<&'a str>,
}

impl Tokens<'_> {
    /// The token for `mode` of the API `id`, or what is needed; `modes` are all that the API offers.
    pub async fn find(
        &self,
        mode: AuthMode,
        modes: &[AuthMode],
        id: &str,
        io: &Io,
    ) -> Result<Secret, String> {
        let given = self.given.iter().find(|it| it.mode == mode);
        if let Some(token) = given.map(|it| it.token.clone()).or_else(|| of(mode, modes, io)) {
            return Ok(token);
        }
        let variable = variable(mode);
        let needed = format!("`--token {}=TOKEN` or {variable} is needed", ModeArg::word(mode));
        match self.local {
            Some(url) if mode != AuthMode::Lambda => {
                let mode = Some(mode.as_str().to_owned());
                let api = Some(id.to_owned());
                let asked = TokenAsked { api, mode, ..TokenAsked::default() };
                let made = request_token(url, &asked).await.map(Secret::new);
                made.map_err(|failure| format!("{needed}: {failure}"))
            }
            _ => Err(needed),
        }
    }
}

fn variable(mode: AuthMode) -> String {
    format!("{ANY}_{}", ModeArg::word(mode).to_uppercase())
}

fn of(mode: AuthMode, modes: &[AuthMode], io: &Io) -> Option<Secret> {
    let read = |name: &str| {
        let value = io.environment.get(name).map(|it| it.trim()).filter(|it| !it.is_empty());
        value.map(Secret::new)
    };
    read(&variable(mode)).or_else(|| {
        let token = read(ANY)?;
        let jwt = is_jwt(&token);
        let suits = |it: &&AuthMode| it.needs_token() && jwt == (**it != AuthMode::Lambda);
        let suited: Vec<&AuthMode> = modes.iter().filter(suits).collect();
        (suited == [&mode]).then_some(token)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_which_mode_it_is_for_and_is_never_shown() {
        let token = TokenArg::parse("lambda=a=b").unwrap();
        assert_eq!((token.mode, token.token.reveal()), (AuthMode::Lambda, "a=b"));
        assert!(!format!("{token:?}").contains("a=b"));
        assert_eq!(TokenArg::parse("OPENID_CONNECT=x").unwrap().mode, AuthMode::Oidc);
        for wrong in ["x", "iam=x", "api-key=x", "lambda="] {
            assert!(TokenArg::parse(wrong).is_err(), "{wrong}");
        }
    }
}
