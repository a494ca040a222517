//! The handshake of a WebSocket: the subprotocols that a client offers, and the credentials among them
//! (docs/reference/data-plane.md#handshake).
use std::collections::BTreeMap;

use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use crate::data_plane::auth::request::CredentialFields;

/// The subprotocol that every client must offer.
pub const SUBPROTOCOL: &str = "aws-appsync-event-ws";
/// The prefix of a subprotocol with credentials: browsers cannot send them in any other way.
const CREDENTIALS_PREFIX: &str = "header-";

/// What a client offers when it connects.
pub struct Handshake {
    pub subprotocol: Subprotocol,
    /// The credentials of the subprotocol, or else the headers; `None` if they are not valid.
    pub credentials: Option<CredentialFields>,
}

/// Whether a client offers [`SUBPROTOCOL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subprotocol {
    Supported,
    Missing,
    Unsupported,
}

impl Handshake {
    /// Reads the subprotocols of `headers`. `plain` are all headers, with which native clients send credentials.
    pub fn from_headers(headers: &HeaderMap, plain: &BTreeMap<String, Vec<String>>) -> Self {
        let lists = headers.get_all("sec-websocket-protocol");
        let lists = lists.iter().filter_map(|list| list.to_str().ok());
        let offered =
            lists.flat_map(|list| list.split(',')).map(str::trim).filter(|text| !text.is_empty());
        let offered: Vec<&str> = offered.collect();
        let subprotocol = match offered.as_slice() {
            [] => Subprotocol::Missing,
            _ if offered.contains(&SUBPROTOCOL) => Subprotocol::Supported,
            _ => Subprotocol::Unsupported,
        };
        let credentials = match encoded_credentials(offered.iter().copied()).next() {
            Some(text) => decode_credentials(text),
            None => Some(credentials_from_headers(plain)),
        };
        Self { subprotocol, credentials }
    }
}

/// Returns the headers of a request as credentials. Headers with the same name are joined, as they are signed.
pub fn credentials_from_headers(headers: &BTreeMap<String, Vec<String>>) -> CredentialFields {
    let joined = headers.iter().map(|(name, values)| (name.clone(), values.join(",")));
    CredentialFields { fields: joined.collect() }
}

/// Returns the encoded credentials among subprotocols.
pub fn encoded_credentials<'a>(
    offered: impl Iterator<Item = &'a str>,
) -> impl Iterator<Item = &'a str> {
    offered.filter_map(|text| text.trim().strip_prefix(CREDENTIALS_PREFIX))
}

/// Decodes credentials. Clients differ in padding, alphabet and white space around the JSON.
pub fn decode_credentials(text: &str) -> Option<CredentialFields> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let text = text.replace('+', "-").replace('/', "_");
    let bytes = GeneralPurpose::new(&base64::alphabet::URL_SAFE, config).decode(text).ok()?;
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return None;
    }
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};

    use super::*;

    fn read(lists: &[&str]) -> Handshake {
        let mut headers = HeaderMap::new();
        for list in lists {
            headers.append("sec-websocket-protocol", HeaderValue::from_str(list).unwrap());
        }
        let plain = [("x-api-key".to_owned(), vec!["plain".to_owned()])].into();
        Handshake::from_headers(&headers, &plain)
    }

    fn key(offer: &Handshake) -> Option<&str> {
        offer.credentials.as_ref()?.fields.get("x-api-key").map(String::as_str)
    }

    #[test]
    fn credentials_are_read_in_every_encoding_and_position() {
        let json = "{\"Host\":\"h\", \"X-Api-Key\":\"da2->>>???\"}\n";
        for encoded in [URL_SAFE_NO_PAD.encode(json), URL_SAFE.encode(json), STANDARD.encode(json)]
        {
            let header = format!("header-{encoded}");
            for offer in [
                read(&[&format!("{header}, {SUBPROTOCOL}")]),
                read(&[SUBPROTOCOL, &header]),
                read(&[&format!("{SUBPROTOCOL},{header}")]),
            ] {
                assert_eq!(
                    (offer.subprotocol, key(&offer)),
                    (Subprotocol::Supported, Some("da2->>>???"))
                );
                assert_eq!(offer.credentials.unwrap().fields["host"], "h");
            }
        }
    }

    #[test]
    fn native_clients_present_plain_headers() {
        let offer = read(&[SUBPROTOCOL]);
        assert_eq!((offer.subprotocol, key(&offer)), (Subprotocol::Supported, Some("plain")));
    }

    #[test]
    fn missing_and_invalid_values_have_different_errors() {
        assert_eq!(read(&[]).subprotocol, Subprotocol::Missing);
        assert_eq!(read(&[""]).subprotocol, Subprotocol::Missing);
        assert_eq!(read(&["graphql-ws"]).subprotocol, Subprotocol::Unsupported);
        assert_eq!(read(&["header-e30"]).subprotocol, Subprotocol::Unsupported);
        for invalid in ["header-", "header-%", "header-bnVsbA", "header-W10", "header-ew"] {
            let offer = read(&[SUBPROTOCOL, invalid]);
            assert!(
                offer.subprotocol == Subprotocol::Supported && offer.credentials.is_none(),
                "{invalid}"
            );
        }
    }
}
