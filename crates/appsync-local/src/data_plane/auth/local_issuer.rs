//! An issuer of tokens of the local AWS's own: what it signs is taken for any issuer that an API trusts, so
//! that nobody needs a user pool to try an API.
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rcgen::{KeyPair, PublicKeyData};
use serde_json::{Value, json};

use crate::data_plane::auth::issuer_keys::PublicKey;
use crate::state::folder::write_aside;

/// By which its tokens are known.
pub const KID: &str = "provision-local";
const KEY_FILE: &str = "issuer-key.pem";

/// The issuer of one store. Its key is made on first use and never leaves the store.
pub struct LocalIssuer {
    folder: Option<PathBuf>,
    key: OnceLock<Result<Key, String>>,
}

struct Key {
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
        Ok(json!({ "keys": [self.key()?.public] }))
    }

    pub(super) fn public_key(&self) -> Result<PublicKey, String> {
        let key = PublicKey::read(&self.key()?.public);
        key.ok_or_else(|| "the local issuer's key can't be read".to_owned())
    }

    pub(super) fn sign(&self, claims: &Value) -> Result<String, String> {
        let header = Header { kid: Some(KID.to_owned()), ..Header::new(Algorithm::ES256) };
        let token = encode(&header, claims, &self.key()?.private);
        token.map_err(|error| format!("the token can't be signed: {error}"))
    }

    fn key(&self) -> Result<&Key, String> {
        let made = || {
            self.pair().map(|pair| Key::of(&pair)).map_err(|error| {
            format!("the local issuer's key can't be had ({error}); delete {KEY_FILE} in the local AWS's folder to have a new one made")
        })
        };
        self.key.get_or_init(made).as_ref().map_err(Clone::clone)
    }

    /// The key that is kept, made if there is none.
    fn pair(&self) -> io::Result<KeyPair> {
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
                    write_aside(path, pair.serialize_pem().as_bytes())?;
                }
                Ok(pair)
            }
            Err(error) => Err(error),
        }
    }
}

impl Key {
    fn of(pair: &KeyPair) -> Self {
        // A point of P-256, uncompressed: a byte that says so, then 32 bytes each.
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

impl fmt::Debug for LocalIssuer {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalIssuer").field("folder", &self.folder).finish_non_exhaustive()
    }
}
