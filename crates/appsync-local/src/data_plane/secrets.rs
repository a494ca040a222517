//! What of a client's credentials is secret, and texts without it: what handlers log is shown to people, and kept
//! by a reader of the output.
use std::collections::BTreeMap;

use crate::data_plane::websocket::handshake;

/// Where credentials stand, by lower-case name.
const SECRET_FIELDS: [&str; 3] = ["x-api-key", "authorization", "x-amz-security-token"];
/// A shorter text is not a secret, and is part of many words.
const SECRET_MIN: usize = 4;
/// The replacement of each.
const REDACTED: &str = "…";

/// Secrets, the longest first: one may be part of another. No `Debug`.
pub struct Secrets(Vec<String>);

impl Secrets {
    /// Those of what a client presents.
    pub fn from_fields(fields: &BTreeMap<String, String>) -> Self {
        Self::sorted(
            SECRET_FIELDS.iter().filter_map(|it| fields.get(*it)).flat_map(|it| secret_forms(it)),
        )
    }

    /// Those of the headers of a request, or of an upgrade, whose subprotocol has them in it.
    pub fn from_headers(headers: &BTreeMap<String, Vec<String>>) -> Self {
        let values = SECRET_FIELDS.iter().filter_map(|it| headers.get(*it)).flatten();
        let mut found: Vec<String> = values.flat_map(|it| secret_forms(it)).collect();
        let lists = headers.get("sec-websocket-protocol").into_iter().flatten();
        for encoded in lists.flat_map(|it| handshake::encoded_credentials(it.split(','))) {
            let presented = handshake::decode_credentials(encoded).unwrap_or_default();
            found.push(encoded.to_owned());
            found.extend(Self::from_fields(&presented.fields).0);
        }
        Self::sorted(found.into_iter())
    }

    pub fn redact(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret, REDACTED))
    }

    fn sorted(found: impl Iterator<Item = String>) -> Self {
        let mut secrets: Vec<String> = found.filter(|it| it.len() >= SECRET_MIN).collect();
        secrets.sort_by_key(|it| std::cmp::Reverse(it.len()));
        Self(secrets)
    }
}

/// A value as it is, without the scheme before a token, and the signature in it; each also as JSON writes it.
fn secret_forms(value: &str) -> Vec<String> {
    let last = value.split_whitespace().last().unwrap_or_default();
    let signature = value.split_once("Signature=").map(|(_, it)| it);
    let signature = signature.and_then(|it| it.split([',', ' ']).next()).unwrap_or_default();
    let plain = [value, last, signature];
    let written = plain.map(|it| {
        let quoted = serde_json::json!(it).to_string();
        quoted[1..quoted.len() - 1].to_owned()
    });
    plain.map(str::to_owned).into_iter().chain(written).collect()
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    #[test]
    fn keys_tokens_and_signatures_are_hidden_wherever_they_were_presented() {
        let check = |name: &str, value: &str, text: &str, expected: &str| {
            let headers = [(name.to_owned(), vec![value.to_owned()])].into();
            assert_eq!(Secrets::from_headers(&headers).redact(text), expected);
        };
        check("x-api-key", "da2-key", "{\"x-api-key\":\"da2-key\"}", "{\"x-api-key\":\"…\"}");
        check("authorization", "Bearer e.y.j", "Bearer e.y.j, e.y.j", "…, …");
        check("authorization", "say \"me\"", r#"{"a":"say \"me\""}"#, r#"{"a":"…"}"#);
        let signed = "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=h, Signature=0f0f";
        check("authorization", signed, &format!("{signed} 0f0f"), "… …");
        check("user-agent", "curl", "curl", "curl");
        check("x-api-key", "a", "banana", "banana");
        let encoded = URL_SAFE_NO_PAD.encode("{\"x-api-key\":\"da2-key\"}");
        let offered = format!("aws-appsync-event-ws, header-{encoded}");
        let text = format!("{offered} da2-key");
        let hidden = "aws-appsync-event-ws, header-… …";
        check("sec-websocket-protocol", &offered, &text, hidden);
    }
}
