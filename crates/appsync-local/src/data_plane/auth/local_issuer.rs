//! The emulator's own issuer of tokens: its signature is accepted for every issuer that an API trusts, so
//! no user pool is needed to try an API.
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

use crate::data_plane::auth::issuer_keys::PublicKey;
use crate::data_plane::auth::mode::COGNITO;
use crate::data_plane::auth::provider::{TokenProvider, matches_client};
use crate::ids;
use crate::state::Api;
use crate::state::folder::write_atomically;
use crate::store::Store;

/// By which its tokens are known.
pub const KID: &str = "provision-local";
const KEY_FILE: &str = "issuer-key.pem";
/// An hour, like a user pool's.
const LIFETIME_S: f64 = 3_600.0;
/// The user, and the client where an API takes any.
const LOCAL: &str = "local";

/// What a token is to say. What is left out is chosen so that the API takes the token.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct TokenRequest {
    /// An id or a name; may be left out while one API takes tokens.
    pub api: Option<String>,
    /// `AMAZON_COGNITO_USER_POOLS` or `OPENID_CONNECT`; may be left out while one provider is of it.
    pub mode: Option<String>,
    pub issuer: Option<String>,
    pub username: Option<String>,
    pub groups: Vec<String>,
    pub client_id: Option<String>,
    pub expires_in_s: Option<f64>,
    /// Added to the rest, and in its place.
    pub claims: Map<String, Value>,
}

/// The issuer of one store. Its key is made on first use and never leaves the store.
pub struct LocalIssuer {
    folder: Option<PathBuf>,
    key: OnceLock<Result<SigningKey, String>>,
}

struct SigningKey {
    private: EncodingKey,
    public: Value,
}

impl LocalIssuer {
    /// With its key in `folder`; without one, the key ends with the process.
    pub fn new(folder: Option<&Path>) -> Self {
        Self { folder: folder.map(Path::to_owned), key: OnceLock::new() }
    }

    /// What others verify its tokens with, as a JWKS.
    pub fn jwks(&self) -> Result<Value, String> {
        Ok(json!({ "keys": [self.signing_key()?.public] }))
    }

    pub fn public_key(&self) -> Result<PublicKey, String> {
        let key = PublicKey::from_jwk(&self.signing_key()?.public);
        key.ok_or_else(|| "the local issuer's key can't be read".to_owned())
    }

    /// A token that an API of `store` takes, as a user pool or an OpenID Connect issuer would write it.
    pub fn create_token(&self, store: &Store, asked: &TokenRequest) -> Result<String, String> {
        let apis = apis_with_token_providers(store, asked.api.as_deref());
        let fits = |it: &TokenProvider<'_>| {
            asked.mode.as_ref().is_none_or(|mode| mode == it.mode())
                && asked.issuer.as_ref().is_none_or(|issuer| *issuer == it.issuer())
        };
        let mut found: Vec<(&Api, TokenProvider<'_>)> = Vec::new();
        for api in &apis {
            found.extend(TokenProvider::all(api).filter(fits).map(|it| (&**api, it)));
        }
        // Providers that ask for the same make the same token.
        let mut kinds = Vec::new();
        found.retain(|(_, it)| {
            let kind = (it.issuer(), it.client_expression().map(str::to_owned));
            let new = !kinds.contains(&kind);
            kinds.push(kind);
            new
        });
        match found.as_slice() {
            [(_, provider)] => {
                let now = store.now_epoch_s().floor();
                self.sign(&claims(asked, provider, now)?)
            }
            [] => Err(no_provider_message(asked, &apis)),
            several => {
                let one = |(api, it): &(&Api, TokenProvider<'_>)| {
                    format!("\n  the API {} ({}), {} {}", api.name, api.id, it.mode(), it.issuer())
                };
                let lines: String = several.iter().map(one).collect();
                Err(format!(
                    "several issuers could be meant; say which by --api or --issuer:{lines}"
                ))
            }
        }
    }

    fn sign(&self, claims: &Value) -> Result<String, String> {
        let header = Header { kid: Some(KID.to_owned()), ..Header::new(Algorithm::ES256) };
        let token = encode(&header, claims, &self.signing_key()?.private);
        token.map_err(|error| format!("the token can't be signed: {error}"))
    }

    fn signing_key(&self) -> Result<&SigningKey, String> {
        let made = || {
            self.load_or_create_key_pair().map(|pair| SigningKey::from_key_pair(&pair)).map_err(|error| {
            format!("cannot read or create the local issuer's key ({error}); delete {KEY_FILE} in the emulator's folder to create a new one")
        })
        };
        self.key.get_or_init(made).as_ref().map_err(Clone::clone)
    }

    /// The key that is kept, made if there is none.
    fn load_or_create_key_pair(&self) -> io::Result<KeyPair> {
        let path = self.folder.as_ref().map(|it| it.join(KEY_FILE));
        let kept = match &path {
            Some(path) => fs::read_to_string(path),
            None => Err(io::ErrorKind::NotFound.into()),
        };
        match kept {
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
        let encoded = |it: &[u8]| URL_SAFE_NO_PAD.encode(it);
        let public = json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": KID,
            "x": encoded(x), "y": encoded(y),
        });
        Self { private: EncodingKey::from_ec_der(&pair.serialize_der()), public }
    }
}

/// The APIs of a store that accept tokens, filtered by id or name.
fn apis_with_token_providers(store: &Store, named: Option<&str>) -> Vec<Arc<Api>> {
    store.read(|state| {
        let regions = state.accounts.values().flat_map(|it| it.regions.values());
        let apis = regions.flat_map(|it| it.apis.values());
        let apis = apis.filter(|it| named.is_none_or(|name| it.id == name || it.name == name));
        let apis = apis.filter(|it| TokenProvider::all(it).next().is_some());
        apis.cloned().map(Arc::new).collect()
    })
}

fn no_provider_message(asked: &TokenRequest, apis: &[Arc<Api>]) -> String {
    let issuers = apis.iter().flat_map(|api| TokenProvider::all(api).map(|it| it.issuer()));
    let issuers: Vec<String> = issuers.collect();
    match (&asked.api, issuers.is_empty()) {
        (Some(name), true) => format!(
            "no API {name} that accepts tokens: the API needs an authorization provider AMAZON_COGNITO_USER_POOLS or OPENID_CONNECT"
        ),
        (None, true) => "no API here trusts an issuer of tokens: it needs an authorization provider AMAZON_COGNITO_USER_POOLS or OPENID_CONNECT".to_owned(),
        (_, false) => format!("no such issuer; there are {}", issuers.join(", ")),
    }
}

fn claims(asked: &TokenRequest, provider: &TokenProvider<'_>, now: f64) -> Result<Value, String> {
    let client = client_id(asked, provider)?;
    let expires = now + asked.expires_in_s.unwrap_or(LIFETIME_S);
    let user = asked.username.as_deref().unwrap_or(LOCAL);
    // Whole seconds, as issuers write them.
    let second = |it: f64| json!(it.floor() as i64);
    let mut claims = json!({
        "iss": provider.issuer(),
        "iat": second(now),
        "auth_time": second(now),
        "exp": second(expires),
        "jti": ids::request_id(),
    });
    if provider.mode() == COGNITO {
        let said = asked.claims.get("token_use").and_then(Value::as_str);
        let id = said == Some("id");
        claims["token_use"] = json!(if id { "id" } else { "access" });
        claims["sub"] = json!(ids::request_id());
        claims[if id { "cognito:username" } else { "username" }] = json!(user);
        claims[if id { "aud" } else { "client_id" }] = json!(client);
        if !asked.groups.is_empty() {
            claims["cognito:groups"] = json!(asked.groups);
        }
    } else {
        claims["sub"] = json!(user);
        claims["aud"] = json!(client);
        if !asked.groups.is_empty() {
            claims["groups"] = json!(asked.groups);
        }
    }
    for (name, value) in &asked.claims {
        claims[name] = value.clone();
    }
    Ok(claims)
}

/// The client that is asked for; else one that the API takes, where its expression is a plain name.
fn client_id(asked: &TokenRequest, provider: &TokenProvider<'_>) -> Result<String, String> {
    let Some(form) = provider.client_expression() else {
        return Ok(asked.client_id.clone().unwrap_or_else(|| LOCAL.to_owned()));
    };
    // A client that does not match is a token to be refused: somebody may want to see that.
    if let Some(client) = &asked.client_id {
        return Ok(client.clone());
    }
    let mut plain = form.split('|').map(|it| it.trim_start_matches('^').trim_end_matches('$'));
    match plain.find(|it| !it.is_empty() && matches_client(form, it).unwrap_or(false)) {
        Some(client) => Ok(client.to_owned()),
        None => {
            Err(format!("the API takes only clients that match {form}; name one with --client-id"))
        }
    }
}

impl fmt::Debug for LocalIssuer {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalIssuer").field("folder", &self.folder).finish_non_exhaustive()
    }
}
