//! The same with other tools: curl, wscat, aws-amplify. What is printed runs as it stands.
mod amplify;
mod shell;

pub use amplify::js;
pub use shell::{curl, wscat};

/// What to do, where and as whom.
#[derive(Clone, Debug)]
pub struct Snippet<'a> {
    /// The URL to publish to.
    pub http: &'a str,
    /// The URL to connect to.
    pub realtime: &'a str,
    /// What is signed, and stands in every proof.
    pub host: &'a str,
    pub region: &'a str,
    /// AppSync's name for the mode.
    pub mode: &'a str,
    /// The key or the token, if it may be seen; else a variable stands in its place.
    pub secret: Option<&'a str>,
    /// How to get what the variable has to hold, as one line.
    pub source: Option<String>,
    /// A file of certificates to trust.
    pub ca_bundle: Option<String>,
    pub action: Action<'a>,
}

#[derive(Clone, Debug)]
pub enum Action<'a> {
    /// Batches of events, as JSON texts.
    Publish {
        channel: &'a str,
        batches: Vec<Vec<String>>,
    },
    Subscribe {
        channels: Vec<&'a str>,
    },
}

const BY_KEY: &str = "API_KEY";
const BY_SIGNATURE: &str = "AWS_IAM";

impl Snippet<'_> {
    /// The variable that holds the key or the token.
    fn variable(&self) -> &'static str {
        if self.mode == BY_KEY { "API_KEY" } else { "TOKEN" }
    }
    /// The field of a proof, and the header of a request.
    fn field(&self) -> &'static str {
        if self.mode == BY_KEY { "x-api-key" } else { "Authorization" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snippet<'a>(mode: &'a str, secret: Option<&'a str>, action: Action<'a>) -> Snippet<'a> {
        Snippet {
            http: "https://h/event",
            realtime: "wss://h/event/realtime",
            host: "h",
            region: "eu-west-1",
            mode,
            secret,
            source: Some("where it is".to_owned()),
            ca_bundle: None,
            action,
        }
    }

    fn publishing() -> Action<'static> {
        let events = vec![r#"{"a":"it's"}"#.to_owned(), "1".to_owned()];
        Action::Publish { channel: "/a/b", batches: vec![events] }
    }

    #[test]
    fn curl_takes_the_key_from_a_variable_or_as_it_is() {
        assert_eq!(
            curl(&snippet("API_KEY", None, publishing())).unwrap(),
            r#"# where it is
curl 'https://h/event' \
  -H 'content-type: application/json' \
  -H "x-api-key: $API_KEY" \
  -d '{"channel":"/a/b","events":["{\"a\":\"it'\''s\"}","1"]}'
"#
        );
        let shown = curl(&snippet("AWS_LAMBDA", Some("t"), publishing())).unwrap();
        assert!(shown.contains("-H 'Authorization: t'") && !shown.contains('#'), "{shown}");
        let signed = curl(&snippet("AWS_IAM", None, publishing())).unwrap();
        assert!(signed.contains("--aws-sigv4 'aws:amz:eu-west-1:appsync'"), "{signed}");
        let subscribing = Action::Subscribe { channels: vec!["/a"] };
        let refused = curl(&snippet("API_KEY", None, subscribing)).unwrap_err();
        assert!(refused.contains("--print wscat"), "{refused}");
    }

    #[test]
    fn wscat_has_its_credentials_made_in_the_shell_and_sends_every_frame() {
        let subscribing = Action::Subscribe { channels: vec!["/a/*", "/b"] };
        assert_eq!(
            wscat(&snippet("API_KEY", None, subscribing.clone())).unwrap(),
            r#"# where it is
HEADER="$(printf %s '{"host":"h","x-api-key":"' "$API_KEY" '"}' | base64 | tr '+/' '-_' | tr -d '=\n')"
wscat -c 'wss://h/event/realtime' \
  -s aws-appsync-event-ws -s "header-$HEADER" \
  -x "$(printf %s '{"type":"subscribe","id":"1","channel":"/a/*","authorization":{"host":"h","x-api-key":"' "$API_KEY" '"}}')" \
  -x "$(printf %s '{"type":"subscribe","id":"2","channel":"/b","authorization":{"host":"h","x-api-key":"' "$API_KEY" '"}}')" \
  -w -1
"#
        );
        let refused = wscat(&snippet("AWS_IAM", None, subscribing)).unwrap_err();
        assert!(refused.contains("--print js"), "{refused}");
        let shown = wscat(&snippet("OPENID_CONNECT", Some("ey.t"), publishing())).unwrap();
        assert!(shown.contains(r#"{"host":"h","Authorization":"ey.t"}"#), "{shown}");
    }

    #[test]
    fn a_module_configures_amplify_for_each_mode() {
        assert_eq!(
            js(&snippet("API_KEY", None, publishing())).unwrap(),
            r#"// npm install aws-amplify@6, save as events.mjs, run with Node 22 or newer
// where it is
import { Amplify } from 'aws-amplify';
import { events } from 'aws-amplify/data';

Amplify.configure({
  API: { Events: {
    endpoint: "https://h/event",
    region: "eu-west-1",
    defaultAuthMode: 'apiKey',
    apiKey: process.env.API_KEY,
  } },
});

console.log((await events.post("/a/b", [{"a":"it's"}, 1])) ?? 'published');
"#
        );
        for (mode, part) in [
            ("AWS_IAM", "credentialsProvider"),
            ("AMAZON_COGNITO_USER_POOLS", "accessToken: decodeJWT(process.env.TOKEN)"),
            ("OPENID_CONNECT", "defaultAuthMode: 'oidc'"),
            ("AWS_LAMBDA", "{ authMode: 'lambda', authToken: process.env.TOKEN }"),
        ] {
            let text = js(&snippet(mode, None, publishing())).unwrap();
            assert!(text.contains(part), "{text}");
        }
    }
}
