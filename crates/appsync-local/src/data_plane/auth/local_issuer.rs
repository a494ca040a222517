//! The emulator's issuer of tokens. Its tokens are accepted instead of those of any issuer that an API trusts,
//! so no user pool is needed to try an API. Its private key never leaves the folder of the emulator's state.
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rcgen::{KeyPair, PublicKeyData};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::auth_mode::AuthMode;
use crate::data_plane::auth::issuer_keys::PublicKey;
use crate::data_plane::auth::provider::{TokenProvider, matches_client};
use crate::ids;
use crate::state::Api;
use crate::state::files::write_atomically;
use crate::store::Store;

/// The key id of its tokens.
pub const KID: &str = "provision-local";
const KEY_FILE: &str = "issuer-key.pem";
/// The default lifetime of a token: an hour, like that of a user pool's.
const LIFETIME_S: f64 = 3_600.0;
/// The default user, and the client id if the API accepts any.
const LOCAL: &str = "local";

/// A request for a token. Omitted members get values that the API accepts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct TokenRequest {
    /// The API, by id or name. Default: the only API that accepts tokens.
    pub api: Option<String>,
    /// The auth mode, `AMAZON_COGNITO_USER_POOLS` or `OPENID_CONNECT`. Default: that of the only provider.
    pub mode: Option<String>,
    /// The issuer, by URL. Default: the only issuer that the API trusts.
    pub issuer: Option<String>,
    /// The user. Default: `local`.
    pub username: Option<String>,
    /// The groups of the user.
    pub groups: Vec<String>,
    /// The client id. Default: one that the API accepts.
    pub client_id: Option<String>,
    /// The lifetime of the token in seconds. Default: an hour.
    pub expires_in_s: Option<f64>,
    /// Further claims, which replace other claims with the same name.
    pub claims: Map<String, Value>,
}

/// The issuer of one store. Its key is created on first use.
pub struct LocalIssuer {
    folder: Option<PathBuf>,
    key: OnceLock<Result<SigningKey, String>>,
}

struct SigningKey {
    private: EncodingKey,
    public: Value,
}

impl LocalIssuer {
    /// Creates an issuer that keeps its key in `folder`, or else in memory.
    pub fn new(folder: Option<&Path>) -> Self {
        Self { folder: folder.map(Path::to_owned), key: OnceLock::new() }
    }

    /// Returns the public key, as a JWKS.
    pub fn jwks(&self) -> Result<Value, String> {
        Ok(json!({ "keys": [self.signing_key()?.public] }))
    }

    pub fn public_key(&self) -> Result<PublicKey, String> {
        let key = PublicKey::from_jwk(&self.signing_key()?.public);
        key.ok_or_else(|| "the local issuer's key is not valid".to_owned())
    }

    /// Creates a token that an API of `store` accepts, as a user pool or an OpenID Connect issuer would.
    pub fn create_token(&self, store: &Store, request: &TokenRequest) -> Result<String, String> {
        let apis = apis_with_token_providers(store, request.api.as_deref());
        let is_match = |provider: &TokenProvider<'_>| {
            request.mode.as_ref().is_none_or(|mode| mode == provider.mode.name())
                && request.issuer.as_ref().is_none_or(|issuer| *issuer == provider.issuer())
        };
        let mut matching: Vec<(&Api, TokenProvider<'_>)> = Vec::new();
        for api in &apis {
            matching.extend(
                TokenProvider::all(api).filter(is_match).map(|provider| (&**api, provider)),
            );
        }
        // Providers with the same issuer and client lead to the same token.
        let mut kinds = Vec::new();
        matching.retain(|(_, provider)| {
            let kind = (provider.issuer(), provider.client_expression().map(str::to_owned));
            let new = !kinds.contains(&kind);
            kinds.push(kind);
            new
        });
        match matching.as_slice() {
            [(_, provider)] => {
                let now_epoch_s = store.now_epoch_s().floor();
                self.sign(&claims(request, provider, now_epoch_s)?)
            }
            [] => Err(no_provider_message(request, &apis)),
            candidates => {
                let line = |(api, provider): &(&Api, TokenProvider<'_>)| {
                    format!(
                        "\n  the API {} ({}), {} {}",
                        api.name,
                        api.id,
                        provider.mode,
                        provider.issuer()
                    )
                };
                let lines: String = candidates.iter().map(line).collect();
                Err(format!("several issuers match; select one with `--api` or `--issuer`:{lines}"))
            }
        }
    }

    fn sign(&self, claims: &Value) -> Result<String, String> {
        let header = Header { kid: Some(KID.to_owned()), ..Header::new(Algorithm::ES256) };
        let token = encode(&header, claims, &self.signing_key()?.private);
        token.map_err(|error| format!("cannot sign the token: {error}"))
    }

    fn signing_key(&self) -> Result<&SigningKey, String> {
        let create = || {
            self.load_or_create_key_pair().map(|pair| SigningKey::from_key_pair(&pair)).map_err(|error| {
            format!("cannot read or create the local issuer's key ({error}); delete {KEY_FILE} in the emulator's folder to create a new one")
        })
        };
        self.key.get_or_init(create).as_ref().map_err(Clone::clone)
    }

    /// Reads the key of the folder, or creates it.
    fn load_or_create_key_pair(&self) -> io::Result<KeyPair> {
        let path = self.folder.as_ref().map(|path| path.join(KEY_FILE));
        let pem = match &path {
            Some(path) => fs::read_to_string(path),
            None => Err(io::ErrorKind::NotFound.into()),
        };
        match pem {
            Ok(pem) => KeyPair::from_pem(&pem).map_err(io::Error::other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let pair = KeyPair::generate().map_err(io::Error::other)?;
                if let Some(path) = &path {
                    write_atomically(path, pair.serialize_pem().as_bytes())?;
                }
                Ok(pair)
            }
            Err(error) => Err(error),
        }
    }
}

impl SigningKey {
    fn from_key_pair(pair: &KeyPair) -> Self {
        // A point of P-256, uncompressed: a marker byte, then 32 bytes for each coordinate.
        let point = pair.der_bytes();
        let (x, y) = (&point[1..33], &point[33..]);
        let encoded = |part: &[u8]| URL_SAFE_NO_PAD.encode(part);
        let public = json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": KID,
            "x": encoded(x), "y": encoded(y),
        });
        Self { private: EncodingKey::from_ec_der(&pair.serialize_der()), public }
    }
}

/// Returns the APIs of a store that accept tokens, filtered by id or name.
fn apis_with_token_providers(store: &Store, named: Option<&str>) -> Vec<Arc<Api>> {
    store.read(|state| {
        let regions = state.accounts.values().flat_map(|account| account.regions.values());
        let apis = regions.flat_map(|region| region.apis.values());
        let apis = apis.filter(|api| named.is_none_or(|name| api.id == name || api.name == name));
        let apis = apis.filter(|api| TokenProvider::all(api).next().is_some());
        apis.cloned().map(Arc::new).collect()
    })
}

fn no_provider_message(request: &TokenRequest, apis: &[Arc<Api>]) -> String {
    let issuers =
        apis.iter().flat_map(|api| TokenProvider::all(api).map(|provider| provider.issuer()));
    let issuers: Vec<String> = issuers.collect();
    match (&request.api, issuers.is_empty()) {
        (Some(name), true) => format!(
            "no API `{name}` accepts tokens; add the auth mode AMAZON_COGNITO_USER_POOLS or OPENID_CONNECT to it"
        ),
        (None, true) => "no API accepts tokens; add the auth mode AMAZON_COGNITO_USER_POOLS or OPENID_CONNECT to one".to_owned(),
        (_, false) => format!("unknown issuer; the APIs trust {}", issuers.join(", ")),
    }
}

fn claims(
    request: &TokenRequest,
    provider: &TokenProvider<'_>,
    now_epoch_s: f64,
) -> Result<Value, String> {
    let client = client_id(request, provider)?;
    let expires = now_epoch_s + request.expires_in_s.unwrap_or(LIFETIME_S);
    let user = request.username.as_deref().unwrap_or(LOCAL);
    // Issuers write whole seconds.
    let second = |number: f64| json!(number.floor() as i64);
    let mut claims = json!({
        "iss": provider.issuer(),
        "iat": second(now_epoch_s),
        "auth_time": second(now_epoch_s),
        "exp": second(expires),
        "jti": ids::request_id(),
    });
    if provider.mode == AuthMode::CognitoUserPools {
        let token_use = request.claims.get("token_use").and_then(Value::as_str);
        let id = token_use == Some("id");
        claims["token_use"] = json!(if id { "id" } else { "access" });
        claims["sub"] = json!(ids::request_id());
        claims[if id { "cognito:username" } else { "username" }] = json!(user);
        claims[if id { "aud" } else { "client_id" }] = json!(client);
        if !request.groups.is_empty() {
            claims["cognito:groups"] = json!(request.groups);
        }
    } else {
        claims["sub"] = json!(user);
        claims["aud"] = json!(client);
        if !request.groups.is_empty() {
            claims["groups"] = json!(request.groups);
        }
    }
    for (name, value) in &request.claims {
        claims[name] = value.clone();
    }
    Ok(claims)
}

/// Returns the client id of the request, or else one that the API accepts, if its expression is a plain name.
fn client_id(request: &TokenRequest, provider: &TokenProvider<'_>) -> Result<String, String> {
    let Some(expression) = provider.client_expression() else {
        return Ok(request.client_id.clone().unwrap_or_else(|| LOCAL.to_owned()));
    };
    // A client that does not match makes the API reject the token, which may be intended.
    if let Some(client) = &request.client_id {
        return Ok(client.clone());
    }
    let mut plain =
        expression.split('|').map(|text| text.trim_start_matches('^').trim_end_matches('$'));
    match plain.find(|text| !text.is_empty() && matches_client(expression, text).unwrap_or(false)) {
        Some(client) => Ok(client.to_owned()),
        None => Err(format!(
            "the API accepts only clients that match {expression}; specify one with `--client-id`"
        )),
    }
}

impl fmt::Debug for LocalIssuer {
    /// Omits the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalIssuer").field("folder", &self.folder).finish_non_exhaustive()
    }
}
