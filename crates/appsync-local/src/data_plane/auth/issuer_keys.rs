//! The public keys of an issuer of tokens: where they are read, and how long they are cached.
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;

use crate::data_plane::outbound::client::{OutboundClient, OutboundRequest};
use crate::lock::lock;

const KEYS_VALID_FOR_S: f64 = 5.0 * 60.0;
/// How soon an issuer is asked again for a key that it did not have.
const REFETCH_AFTER_S: f64 = 10.0;
/// How soon a failed issuer is asked again: all waiting requests fail at once.
const RETRY_AFTER_S: f64 = 2.0;
const TIMEOUT: Duration = Duration::from_secs(5);
/// More than any issuer's documents take.
const RESPONSE_MAX: usize = 512 * 1024;

/// A public key, with the algorithm that it may verify: the key determines it, never the token.
#[derive(Clone)]
pub struct PublicKey {
    pub key: DecodingKey,
    pub algorithms: &'static [Algorithm],
}

/// Where an issuer publishes its keys.
pub enum KeyDocument {
    /// At `jwks_uri` of the configuration that is at this URL.
    Configuration(String),
    /// At this URL.
    Keys(String),
}

/// The keys of every issuer that was asked.
#[derive(Default)]
pub struct IssuerKeys {
    issuers: Mutex<HashMap<String, Arc<IssuerEntry>>>,
}

#[derive(Default)]
struct IssuerEntry {
    cached: Mutex<CachedKeys>,
    /// Held by who asks.
    fetching: tokio::sync::Mutex<()>,
}

/// The last keys of an issuer. They stay valid while it fails: anyone can send a token with an unknown key id, so that is
/// unknown, and have it asked.
#[derive(Default)]
struct CachedKeys {
    keys: Option<(f64, HashMap<String, PublicKey>)>,
    failed: Option<(f64, String)>,
    /// How often it was asked.
    fetch_count: u64,
}

impl IssuerKeys {
    /// The key called `kid` of an issuer. However many ask at once, the issuer is asked once.
    pub async fn find(
        &self,
        outbound: &OutboundClient,
        document: &KeyDocument,
        kid: &str,
        now_epoch_s: f64,
    ) -> Result<PublicKey, String> {
        let url = document.url();
        let issuer = {
            let mut issuers = lock(&self.issuers);
            Arc::clone(issuers.entry(url.to_owned()).or_default())
        };
        // Who knows the answer does not wait for who asks.
        let asked = {
            let known = issuer.cached();
            if let Some(found) = known.find(url, kid, now_epoch_s) {
                return found;
            }
            known.fetch_count
        };
        let _asking = issuer.fetching.lock().await;
        if let Some(found) = issuer.cached().result_since(asked, url, kid) {
            return found;
        }
        let fetched = fetch(outbound, document).await;
        let mut known = issuer.cached();
        known.fetch_count += 1;
        match fetched {
            Ok(keys) => {
                let found = keys.get(kid).cloned().ok_or_else(|| unknown_key_error(url, &keys));
                (known.keys, known.failed) = (Some((now_epoch_s, keys)), None);
                found
            }
            Err(error) => {
                known.failed = Some((now_epoch_s, error.clone()));
                Err(error)
            }
        }
    }
}

impl IssuerEntry {
    fn cached(&self) -> MutexGuard<'_, CachedKeys> {
        lock(&self.cached)
    }
}

impl CachedKeys {
    /// The key, or why there is none; None if the issuer is to be asked.
    fn find(&self, url: &str, kid: &str, now_epoch_s: f64) -> Option<Result<PublicKey, String>> {
        // The clock may have been put back.
        let within = |at_epoch_s: &f64, limit_s: f64| (now_epoch_s - at_epoch_s).abs() < limit_s;
        if let Some((at, keys)) = &self.keys {
            match keys.get(kid) {
                Some(key) if within(at, KEYS_VALID_FOR_S) => return Some(Ok(key.clone())),
                None if within(at, REFETCH_AFTER_S) => {
                    return Some(Err(unknown_key_error(url, keys)));
                }
                _ => {}
            }
        }
        let (_, error) = self.failed.as_ref().filter(|(at, _)| within(at, RETRY_AFTER_S))?;
        Some(Err(error.clone()))
    }

    /// The issuer's answer to requests since the given attempt.
    fn result_since(&self, asked: u64, url: &str, kid: &str) -> Option<Result<PublicKey, String>> {
        if self.fetch_count == asked {
            return None;
        }
        match (&self.failed, &self.keys) {
            (Some((_, error)), _) => Some(Err(error.clone())),
            (None, Some((_, keys))) => {
                Some(keys.get(kid).cloned().ok_or_else(|| unknown_key_error(url, keys)))
            }
            (None, None) => None,
        }
    }
}

impl KeyDocument {
    fn url(&self) -> &str {
        match self {
            Self::Configuration(url) | Self::Keys(url) => url,
        }
    }
}

fn unknown_key_error(url: &str, keys: &HashMap<String, PublicKey>) -> String {
    let count = keys.len();
    format!("the issuer has no usable key of the token's kid (it has {count}, by {url})")
}

async fn fetch(
    outbound: &OutboundClient,
    document: &KeyDocument,
) -> Result<HashMap<String, PublicKey>, String> {
    let keys = match document {
        KeyDocument::Keys(url) => get_json(outbound, url).await?,
        KeyDocument::Configuration(url) => {
            let configuration = get_json(outbound, url).await?;
            let jwks = configuration["jwks_uri"].as_str();
            let jwks = jwks.ok_or_else(|| format!("the issuer's {url} has no jwks_uri"))?;
            get_json(outbound, jwks).await?
        }
    };
    let keys = keys["keys"]
        .as_array()
        .ok_or("the issuer's keys are not a valid JWKS: the list `keys` is missing")?;
    let read = |jwk: &Value| Some((jwk["kid"].as_str()?.to_owned(), PublicKey::from_jwk(jwk)?));
    Ok(keys.iter().filter_map(read).collect())
}

async fn get_json(outbound: &OutboundClient, url: &str) -> Result<Value, String> {
    let request = OutboundRequest::get(url)
        .with_header("accept", "application/json")
        .with_limits(TIMEOUT, RESPONSE_MAX);
    let answer = outbound.send(request).await;
    let answer = answer.map_err(|error| {
        format!("cannot read the issuer's keys: {error}; set another address with `provision local --issuer ISSUER=URL`, or create tokens without an issuer with `provision local token`")
    })?;
    if !answer.is_success() {
        return Err(format!("the issuer answered {} to {url}", answer.status));
    }
    serde_json::from_slice(&answer.body)
        .map_err(|_| format!("the issuer answered no JSON to {url}"))
}

impl PublicKey {
    /// A key that signs and that we can verify with. What a key of P-521 or a shared secret signs we can't.
    pub fn from_jwk(jwk: &Value) -> Option<Self> {
        let text = |name: &str| jwk[name].as_str();
        if text("use").is_some_and(|it| it != "sig") {
            return None;
        }
        let (key, algorithms) = match (text("kty")?, text("crv")) {
            ("RSA", _) => {
                let key = DecodingKey::from_rsa_components(text("n")?, text("e")?).ok()?;
                (key, RSA)
            }
            ("EC", Some("P-256")) => (elliptic_curve_key(jwk)?, &[Algorithm::ES256][..]),
            ("EC", Some("P-384")) => (elliptic_curve_key(jwk)?, &[Algorithm::ES384][..]),
            _ => return None,
        };
        // A key may be for one algorithm alone.
        let only = text("alg").and_then(|name| name.parse::<Algorithm>().ok());
        let one = only.and_then(|it| algorithms.iter().position(|one| *one == it));
        let algorithms = match (text("alg"), one) {
            (None, _) => algorithms,
            (Some(_), Some(n)) => &algorithms[n..=n],
            (Some(_), None) => return None,
        };
        Some(Self { key, algorithms })
    }
}

fn elliptic_curve_key(jwk: &Value) -> Option<DecodingKey> {
    DecodingKey::from_ec_components(jwk["x"].as_str()?, jwk["y"].as_str()?).ok()
}

const RSA: &[Algorithm] = &[
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU16, Ordering};

    use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};

    use super::*;
    use crate::data_plane::testing::{Stub, response};
    use crate::store::Store;

    #[tokio::test]
    async fn an_issuer_that_fails_over_an_unknown_key_is_still_believed_in_the_known_ones() {
        let status = Arc::new(AtomicU16::new(200));
        let now = Arc::clone(&status);
        let key = r#"{"keys":[{"kty":"RSA","kid":"known","n":"AQAB","e":"AQAB"}]}"#;
        let stub = Stub::serve(move |_| response(now.load(Ordering::Relaxed), key)).await;
        let clock = SharedTimeSource::new(SystemTimeSource::new());
        let outbound = OutboundClient::new(Store::in_memory(clock), None);
        let (keys, document) = (IssuerKeys::default(), KeyDocument::Keys(stub.url.clone()));
        let find = async |kid, at_s| keys.find(&outbound, &document, kid, at_s).await.err();
        assert_eq!(find("known", 0.0).await, None);
        status.store(500, Ordering::Relaxed);
        assert!(find("unknown", REFETCH_AFTER_S).await.unwrap().contains("answered 500"));
        assert!(find("unknown", REFETCH_AFTER_S + 1.0).await.is_some());
        assert_eq!((find("known", REFETCH_AFTER_S).await, stub.requests().len()), (None, 2));
        assert!(find("known", KEYS_VALID_FOR_S).await.is_some());
        let many = (0..9).map(|_| find("known", KEYS_VALID_FOR_S + RETRY_AFTER_S));
        assert!(futures_util::future::join_all(many).await.iter().all(Option::is_some));
        assert_eq!(stub.requests().len(), 4);
    }
}
