//! The public keys of issuers of tokens: reads them over HTTP and caches them. An issuer is never called more
//! often because clients send more tokens.
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;

use crate::data_plane::outbound::{OutboundClient, OutboundRequest};
use crate::lock::lock;

/// How long keys are valid after they were read.
const KEYS_VALID_FOR_S: f64 = 5.0 * 60.0;
/// The interval at which an issuer's keys are read again to find an unknown key id.
const REFETCH_AFTER_S: f64 = 10.0;
/// The interval at which an issuer that failed is called again. Until then, requests fail at once.
const RETRY_AFTER_S: f64 = 2.0;
const TIMEOUT: Duration = Duration::from_secs(5);
/// Larger than the documents of any issuer.
const RESPONSE_MAX: usize = 512 * 1024;

/// A public key, with the algorithms that it verifies: the key determines them, never the token.
#[derive(Clone)]
pub struct PublicKey {
    pub key: DecodingKey,
    pub algorithms: &'static [Algorithm],
}

/// Where an issuer publishes its keys.
pub enum KeyDocument {
    /// At the `jwks_uri` of the configuration at this URL.
    Configuration(String),
    /// At this URL.
    Keys(String),
}

/// The cached keys of all issuers.
#[derive(Default)]
pub struct IssuerKeys {
    issuers: Mutex<HashMap<String, Arc<IssuerEntry>>>,
}

/// The keys of one issuer.
#[derive(Default)]
struct IssuerEntry {
    cached: Mutex<CachedKeys>,
    /// Locked by the request that reads the keys.
    fetching: tokio::sync::Mutex<()>,
}

/// The last result of an issuer. Its keys stay valid while it fails: otherwise anyone could invalidate them with
/// a token that has an unknown key id.
#[derive(Default)]
struct CachedKeys {
    keys: Option<(f64, HashMap<String, PublicKey>)>,
    failed: Option<(f64, String)>,
    /// How often the issuer was called.
    fetch_count: u64,
}

impl IssuerKeys {
    /// Finds a key of an issuer by its id. Concurrent requests share one call of the issuer.
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
        // A request that the cache can answer does not wait for a request that calls the issuer.
        let fetch_count = {
            let cached = issuer.cached();
            if let Some(result) = cached.find(url, kid, now_epoch_s) {
                return result;
            }
            cached.fetch_count
        };
        let _fetching = issuer.fetching.lock().await;
        if let Some(result) = issuer.cached().result_since(fetch_count, url, kid) {
            return result;
        }
        let fetched = fetch(outbound, document).await;
        let mut cached = issuer.cached();
        cached.fetch_count += 1;
        match fetched {
            Ok(keys) => {
                let result = keys.get(kid).cloned().ok_or_else(|| unknown_key_error(url, &keys));
                (cached.keys, cached.failed) = (Some((now_epoch_s, keys)), None);
                result
            }
            Err(error) => {
                cached.failed = Some((now_epoch_s, error.clone()));
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
    /// Returns the key or an error; `None` if the issuer must be called.
    fn find(&self, url: &str, kid: &str, now_epoch_s: f64) -> Option<Result<PublicKey, String>> {
        // The clock may have been set back.
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

    /// Returns the result of a call of the issuer since the given number of calls.
    fn result_since(
        &self,
        fetch_count: u64,
        url: &str,
        kid: &str,
    ) -> Option<Result<PublicKey, String>> {
        if self.fetch_count == fetch_count {
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
    format!("the issuer has no usable key with the token's kid ({count} keys at {url})")
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
            let jwks = jwks.ok_or_else(|| format!("the configuration at {url} has no jwks_uri"))?;
            get_json(outbound, jwks).await?
        }
    };
    let keys = keys["keys"]
        .as_array()
        .ok_or("the issuer's keys are not a valid JWKS: the list `keys` is missing")?;
    let parse_key =
        |jwk: &Value| Some((jwk["kid"].as_str()?.to_owned(), PublicKey::from_jwk(jwk)?));
    Ok(keys.iter().filter_map(parse_key).collect())
}

async fn get_json(outbound: &OutboundClient, url: &str) -> Result<Value, String> {
    let request = OutboundRequest::get(url)
        .with_header("accept", "application/json")
        .with_limits(TIMEOUT, RESPONSE_MAX);
    let response = outbound.send(request).await;
    let response = response.map_err(|error| {
        format!("cannot read the issuer's keys: {error}; set another address with `provision local --issuer ISSUER=URL`, or create tokens without an issuer with `provision local token`")
    })?;
    if !response.is_success() {
        return Err(format!("the issuer responded with status {} to {url}", response.status));
    }
    serde_json::from_slice(&response.body)
        .map_err(|_| format!("the issuer responded to {url} with a body that is not JSON"))
}

impl PublicKey {
    /// Reads a key for signatures. Keys of P-521 and shared secrets are not supported.
    pub fn from_jwk(jwk: &Value) -> Option<Self> {
        let text = |name: &str| jwk[name].as_str();
        if text("use").is_some_and(|text| text != "sig") {
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
        // A key may be limited to one algorithm.
        let algorithm = text("alg").and_then(|name| name.parse::<Algorithm>().ok());
        let index =
            algorithm.and_then(|algorithm| algorithms.iter().position(|index| *index == algorithm));
        let algorithms = match (text("alg"), index) {
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
    async fn known_keys_stay_valid_when_the_issuer_fails_for_an_unknown_key() {
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
        assert!(find("unknown", REFETCH_AFTER_S).await.unwrap().contains("status 500"));
        assert!(find("unknown", REFETCH_AFTER_S + 1.0).await.is_some());
        assert_eq!((find("known", REFETCH_AFTER_S).await, stub.requests().len()), (None, 2));
        assert!(find("known", KEYS_VALID_FOR_S).await.is_some());
        let many = (0..9).map(|_| find("known", KEYS_VALID_FOR_S + RETRY_AFTER_S));
        assert!(futures_util::future::join_all(many).await.iter().all(Option::is_some));
        assert_eq!(stub.requests().len(), 4);
    }
}
