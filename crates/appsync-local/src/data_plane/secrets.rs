//! Redacts a client's secrets in texts for people, such as errors and what handlers log: readers of the output
//! may keep it. It never decides what is authorized.
use std::collections::BTreeMap;

use crate::data_plane::websocket::handshake;

/// The fields that contain secrets, by lower-case name.
const SECRET_FIELDS: [&str; 3] = ["x-api-key", "authorization", "x-amz-security-token"];
/// Shorter texts are not redacted: they are not secrets, and part of many words.
const SECRET_MIN: usize = 4;
/// The replacement of a secret.
const REDACTED: &str = "…";

/// Secrets, the longest first, since one may be part of another. No `Debug`.
pub struct Secrets(Vec<String>);

impl Secrets {
    /// Returns the secrets of a client's credentials.
    pub fn from_fields(fields: &BTreeMap<String, String>) -> Self {
        Self::sorted(
            SECRET_FIELDS
                .iter()
                .filter_map(|text| fields.get(*text))
                .flat_map(|text| secret_forms(text)),
        )
    }

    /// Returns the secrets of the headers of a request or an upgrade, also those in its subprotocols.
    pub fn from_headers(headers: &BTreeMap<String, Vec<String>>) -> Self {
        let values = SECRET_FIELDS.iter().filter_map(|text| headers.get(*text)).flatten();
        let mut secrets: Vec<String> = values.flat_map(|value| secret_forms(value)).collect();
        let lists = headers.get("sec-websocket-protocol").into_iter().flatten();
        for encoded in lists.flat_map(|list| handshake::encoded_credentials(list.split(','))) {
            let credentials = handshake::decode_credentials(encoded).unwrap_or_default();
            secrets.push(encoded.to_owned());
            secrets.extend(Self::from_fields(&credentials.fields).0);
        }
        Self::sorted(secrets.into_iter())
    }

    pub fn redact(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret, REDACTED))
    }

    fn sorted(secrets: impl Iterator<Item = String>) -> Self {
        let mut secrets: Vec<String> = secrets.filter(|text| text.len() >= SECRET_MIN).collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self(secrets)
    }
}

/// Returns a value, the value without a scheme, and the signature in it; each also as JSON escapes it.
fn secret_forms(value: &str) -> Vec<String> {
    let last = value.split_whitespace().last().unwrap_or_default();
    let signature = value.split_once("Signature=").map(|(_, text)| text);
    let signature = signature.and_then(|text| text.split([',', ' ']).next()).unwrap_or_default();
    let plain = [value, last, signature];
    let written = plain.map(|text| {
        let quoted = serde_json::json!(text).to_string();
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
    fn keys_tokens_and_signatures_are_redacted() {
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
