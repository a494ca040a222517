//! As whom a client acts, and how it proves that: the objects and headers of
//! docs/reference/authorization.md#auth-objects.
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as Keys;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_async::time::SharedTimeSource;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};

use crate::auth_mode::AuthMode;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind};
use crate::secret::Secret;
use crate::sign::sign;

/// What is signed for a connection, where there is nothing to send.
pub const NOTHING: &str = "{}";
/// The headers that Amplify signs, as it writes them.
const ACCEPT: &str = "application/json, text/javascript";
const CONTENT_TYPE: &str = "application/json; charset=UTF-8";
/// Credentials that end within this time are asked for anew.
const EARLY: Duration = Duration::from_secs(300);

/// As whom a client acts.
#[derive(Clone, Debug)]
pub enum Credentials {
    ApiKey(Secret),
    /// A JWT of Cognito or of an OpenID Connect issuer, or whatever a Lambda authorizer takes.
    Token(AuthMode, Secret),
    Iam(Signer),
}

impl Credentials {
    pub fn mode(&self) -> AuthMode {
        match self {
            Self::ApiKey(_) => AuthMode::ApiKey,
            Self::Token(mode, _) => *mode,
            Self::Iam(_) => AuthMode::Iam,
        }
    }
    /// The object that goes with a frame or a connection; `signed` is the text that a signature covers. It is good
    /// for minutes only.
    pub async fn proof(
        &self,
        endpoint: &Endpoint,
        signed: &str,
    ) -> Result<Map<String, Value>, Error> {
        let host = endpoint.host();
        let fields = match self {
            Self::ApiKey(key) => owned(&[("host", host), ("x-api-key", key.reveal())]),
            Self::Token(_, token) => owned(&[("host", host), ("Authorization", token.reveal())]),
            Self::Iam(signer) => {
                let headers = [
                    ("accept", ACCEPT),
                    ("content-encoding", "amz-1.0"),
                    ("content-type", CONTENT_TYPE),
                ];
                let mut fields = owned(&headers);
                fields.push(("host".to_owned(), host.to_owned()));
                let signed = signer.sign(endpoint, &headers, signed).await?;
                fields.extend(signed.into_iter().map(|(name, value)| (as_amplify(&name), value)));
                fields
            }
        };
        Ok(fields.into_iter().map(|(name, value)| (name, Value::from(value))).collect())
    }
    /// The headers of a request with this body.
    pub async fn headers(&self, endpoint: &Endpoint, body: &str) -> Result<HeaderMap, Error> {
        let mut fields = owned(&[("accept", ACCEPT), ("content-type", CONTENT_TYPE)]);
        match self {
            Self::ApiKey(key) => fields.extend(owned(&[("x-api-key", key.reveal())])),
            Self::Token(_, token) => fields.extend(owned(&[("authorization", token.reveal())])),
            Self::Iam(signer) => {
                let headers = [("accept", ACCEPT), ("content-type", CONTENT_TYPE)];
                fields.extend(signer.sign(endpoint, &headers, body).await?);
            }
        }
        fields.push(("host".to_owned(), endpoint.host().to_owned()));
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            let header = HeaderName::try_from(name).ok().zip(HeaderValue::try_from(value).ok());
            let Some((name, mut value)) = header else { return Err(self.unsendable()) };
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(headers)
    }
    /// The value itself is not told.
    fn unsendable(&self) -> Error {
        let message =
            format!("the credentials for {} have characters that no header takes", self.mode());
        Error::new(ErrorKind::NoCredentials, "publish", message)
    }
}

fn owned(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The name under which Amplify sends a field.
fn as_amplify(name: &str) -> String {
    match name {
        "authorization" => "Authorization".to_owned(),
        "x-amz-security-token" => "X-Amz-Security-Token".to_owned(),
        other => other.to_owned(),
    }
}

/// Signs with the credentials that every AWS tool would find.
#[derive(Clone)]
pub struct Signer {
    provider: SharedCredentialsProvider,
    region: String,
    clock: SharedTimeSource,
    kept: Arc<Mutex<Option<Keys>>>,
}

impl Signer {
    pub fn new(
        provider: SharedCredentialsProvider,
        region: impl Into<String>,
        clock: SharedTimeSource,
    ) -> Self {
        Self { provider, region: region.into(), clock, kept: Arc::default() }
    }
    async fn sign(
        &self,
        endpoint: &Endpoint,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Vec<(String, String)>, Error> {
        let now = self.clock.now();
        let keys = self.keys(now).await?;
        sign(endpoint, headers, body, (&keys, &self.region), now).map_err(|reason| {
            let message = format!("the request can't be signed: {reason}");
            Error::new(ErrorKind::NoCredentials, "sign", message)
        })
    }
    /// The credentials, which are kept as long as they last: a chain may lead to another service.
    async fn keys(&self, now: SystemTime) -> Result<Keys, Error> {
        let lasts = |it: &Keys| it.expiry().is_none_or(|end| end > now + EARLY);
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(keys) = kept.filter(lasts) {
            return Ok(keys);
        }
        let keys = self.provider.provide_credentials().await.map_err(|error| {
            let message = format!("no AWS credentials: {error}");
            Error::new(ErrorKind::NoCredentials, "sign", message)
        })?;
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(keys.clone());
        Ok(keys)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("region", &self.region).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_async::time::StaticTimeSource;

    use super::*;
    use crate::batch::body;

    const HOST: &str = "example1234567890000.appsync-api.us-east-1.amazonaws.com";

    fn iam(token: Option<&str>) -> Credentials {
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let keys = Keys::new("AKIDEXAMPLE", secret, token.map(str::to_owned), None, "test");
        // 2026-01-02T03:04:05Z
        let clock = SharedTimeSource::new(StaticTimeSource::from_secs(1_767_323_045));
        Credentials::Iam(Signer::new(SharedCredentialsProvider::new(keys), "us-east-1", clock))
    }

    fn endpoint() -> Endpoint {
        Endpoint::parse(&format!("https://{HOST}/event")).unwrap()
    }

    async fn signature(token: Option<&str>, text: &str) -> String {
        let proof = iam(token).proof(&endpoint(), text).await.unwrap();
        let authorization = proof["Authorization"].as_str().unwrap();
        authorization.split("Signature=").nth(1).unwrap().to_owned()
    }

    #[tokio::test]
    async fn signatures_are_those_of_the_reference() {
        let publish = body("/default/a", &[r#"{"msg":"hi"}"#.to_owned()]);
        for (token, text, expected) in [
            (None, NOTHING, "b45b91251165eb5c89d76d2a0b5ea557ae4a555979a69b9ae22dda5f6c4ac696"),
            (
                None,
                r#"{"channel":"/default/*"}"#,
                "4a4998c96c9e2bed8f2df13df5db80d1f6ae6f7189e5b37d47e8b2f6de8c5ec3",
            ),
            (
                None,
                publish.as_str(),
                "398ea38a3d128f178a36b9e629d98ad62e1f35a9374654b04c56dc179869d793",
            ),
            (
                Some("TOKEN"),
                NOTHING,
                "4ea168e913993782a8c5d620f008d1052660c37a3c7930b1cebc64dfeb6ae0ed",
            ),
        ] {
            assert_eq!(signature(token, text).await, expected, "{text}");
        }
    }

    #[tokio::test]
    async fn every_mode_has_the_fields_of_the_reference() {
        let fields = async |it: Credentials| {
            let proof = it.proof(&endpoint(), NOTHING).await.unwrap();
            proof.keys().cloned().collect::<Vec<_>>()
        };
        assert_eq!(fields(Credentials::ApiKey(Secret::new("k"))).await, ["host", "x-api-key"]);
        let token = Credentials::Token(AuthMode::Lambda, Secret::new("t"));
        assert_eq!(fields(token).await, ["host", "Authorization"]);
        let mut names = fields(iam(Some("TOKEN"))).await;
        names.sort_unstable();
        let expected = [
            "Authorization",
            "X-Amz-Security-Token",
            "accept",
            "content-encoding",
            "content-type",
            "host",
            "x-amz-date",
        ];
        assert_eq!(names, expected);
        let proof = iam(None).proof(&endpoint(), NOTHING).await.unwrap();
        assert_eq!(
            (&proof["host"], &proof["x-amz-date"]),
            (&HOST.into(), &"20260102T030405Z".into())
        );
    }

    #[tokio::test]
    async fn no_secret_shows_when_credentials_are_printed() {
        for it in [
            Credentials::ApiKey(Secret::new("da2-secret")),
            Credentials::Token(AuthMode::Oidc, Secret::new("ey.secret")),
            iam(Some("secret")),
        ] {
            let printed = format!("{it:?}");
            assert!(!printed.contains("secret") && !printed.contains("wJalr"), "{printed}");
        }
        let broken = Credentials::ApiKey(Secret::new("da2-secret\n"));
        let error = broken.headers(&endpoint(), "{}").await.unwrap_err().to_string();
        assert!(error.contains("API_KEY") && !error.contains("secret"), "{error}");
    }
}
