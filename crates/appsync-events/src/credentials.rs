//! Credentials, and the objects and headers that prove them
//! (docs/reference/authorization.md#auth-objects).
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as AwsCredentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SigningParams, SigningSettings, sign as sign_request,
};
use aws_sigv4::sign::v4;
use aws_smithy_async::time::{SharedTimeSource, TimeSource};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};

use crate::auth_mode::AuthMode;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Operation};
use crate::secret::Secret;

/// What is signed for opening a connection, which has no body.
pub const EMPTY_BODY: &str = "{}";
/// The headers that Amplify signs.
const ACCEPT: &str = "application/json, text/javascript";
const CONTENT_TYPE: &str = "application/json; charset=UTF-8";
/// AWS credentials are refreshed when they expire within this time.
const REFRESH_BEFORE_EXPIRY: Duration = Duration::from_secs(300);

/// The credentials of one client. `Debug` output does not contain secrets.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// An API key of AppSync's.
    ApiKey(Secret),
    /// A JWT of Cognito or of an OpenID Connect issuer, or a token for a Lambda authorizer.
    ///
    /// AppSync finds out itself which of them it is: the mode only appears in messages.
    Token(AuthMode, Secret),
    /// AWS credentials that sign requests.
    Iam(Signer),
}

impl Credentials {
    /// The auth mode that these credentials are for.
    pub fn mode(&self) -> AuthMode {
        match self {
            Self::ApiKey(_) => AuthMode::ApiKey,
            Self::Token(mode, _) => *mode,
            Self::Iam(_) => AuthMode::Iam,
        }
    }

    /// The `authorization` object of a frame or a connection. A signature covers `body` and is valid
    /// for minutes only.
    pub(crate) async fn auth_object(
        &self,
        endpoint: &Endpoint,
        body: &str,
    ) -> Result<Map<String, Value>, Error> {
        let host = endpoint.host();
        let fields = match self {
            Self::ApiKey(key) => to_owned(&[("host", host), ("x-api-key", key.reveal())]),
            Self::Token(_, token) => to_owned(&[("host", host), ("Authorization", token.reveal())]),
            Self::Iam(signer) => {
                let headers = [
                    ("accept", ACCEPT),
                    ("content-encoding", "amz-1.0"),
                    ("content-type", CONTENT_TYPE),
                ];
                let mut fields = to_owned(&headers);
                fields.push(("host".to_owned(), host.to_owned()));
                let signature = signer.sign(endpoint, &headers, body).await?;
                let signature = signature.into_iter();
                fields.extend(signature.map(|(name, value)| (amplify_name(&name), value)));
                fields
            }
        };
        Ok(fields.into_iter().map(|(name, value)| (name, Value::from(value))).collect())
    }

    /// The headers of an HTTP request with this body.
    pub(crate) async fn http_headers(
        &self,
        endpoint: &Endpoint,
        body: &str,
    ) -> Result<HeaderMap, Error> {
        let mut fields = to_owned(&[("accept", ACCEPT), ("content-type", CONTENT_TYPE)]);
        match self {
            Self::ApiKey(key) => fields.extend(to_owned(&[("x-api-key", key.reveal())])),
            Self::Token(_, token) => fields.extend(to_owned(&[("authorization", token.reveal())])),
            Self::Iam(signer) => {
                let headers = [("accept", ACCEPT), ("content-type", CONTENT_TYPE)];
                fields.extend(signer.sign(endpoint, &headers, body).await?);
            }
        }
        fields.push(("host".to_owned(), endpoint.host().to_owned()));
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            let header = HeaderName::try_from(name).ok().zip(HeaderValue::try_from(value).ok());
            let Some((name, mut value)) = header else { return Err(self.invalid_characters()) };
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(headers)
    }

    /// The message does not contain the secret.
    fn invalid_characters(&self) -> Error {
        let message =
            format!("the {} credentials contain characters not allowed in a header", self.mode());
        Error::new(ErrorKind::MissingCredentials, Operation::Publish, message)
    }
}

fn to_owned(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The name of a field in Amplify's spelling.
fn amplify_name(name: &str) -> String {
    match name {
        "authorization" => "Authorization".to_owned(),
        "x-amz-security-token" => "X-Amz-Security-Token".to_owned(),
        other => other.to_owned(),
    }
}

/// Signs requests with AWS credentials. Clones share the credentials.
#[derive(Clone)]
pub struct Signer {
    provider: SharedCredentialsProvider,
    region: String,
    time_source: SharedTimeSource,
    cached: Arc<Mutex<Option<AwsCredentials>>>,
}

impl Signer {
    /// Signs for an API in `region`, with the system's clock.
    ///
    /// `provider` can be [`aws_credential_types::Credentials`] themselves, or the provider of an
    /// `aws_config::SdkConfig`. It is asked again shortly before the credentials expire.
    pub fn new(provider: impl ProvideCredentials + 'static, region: impl Into<String>) -> Self {
        Self {
            provider: SharedCredentialsProvider::new(provider),
            region: region.into(),
            time_source: SharedTimeSource::default(),
            cached: Arc::default(),
        }
    }

    /// Like this signer, with another clock.
    pub fn with_time_source(self, time_source: impl TimeSource + 'static) -> Self {
        Self { time_source: SharedTimeSource::new(time_source), ..self }
    }

    async fn sign(
        &self,
        endpoint: &Endpoint,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Vec<(String, String)>, Error> {
        let now = self.time_source.now();
        let credentials = self.credentials(now).await?;
        sign(endpoint, headers, body, (&credentials, &self.region), now).map_err(|reason| {
            let message = format!("cannot sign the request: {reason}");
            Error::new(ErrorKind::MissingCredentials, Operation::Sign, message)
        })
    }

    /// The credentials, cached until shortly before they expire: a provider can call a service.
    async fn credentials(&self, now: SystemTime) -> Result<AwsCredentials, Error> {
        let is_valid = |credentials: &AwsCredentials| {
            credentials.expiry().is_none_or(|expiry| expiry > now + REFRESH_BEFORE_EXPIRY)
        };
        let cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(credentials) = cached.filter(is_valid) {
            return Ok(credentials);
        }
        let credentials = self.provider.provide_credentials().await.map_err(|error| {
            let message = format!("no AWS credentials: {error}");
            Error::new(ErrorKind::MissingCredentials, Operation::Sign, message)
        })?;
        *self.cached.lock().unwrap_or_else(PoisonError::into_inner) = Some(credentials.clone());
        Ok(credentials)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("region", &self.region).finish_non_exhaustive()
    }
}

const SERVICE: &str = "appsync";

/// The headers of the signature: `authorization`, `x-amz-date`, and with temporary credentials
/// `x-amz-security-token`.
pub fn sign(
    endpoint: &Endpoint,
    headers: &[(&str, &str)],
    body: &str,
    (credentials, region): (&AwsCredentials, &str),
    now: SystemTime,
) -> Result<Vec<(String, String)>, String> {
    let identity = credentials.clone().into();
    let parameters: SigningParams<'_> = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(SERVICE)
        .time(now)
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| error.to_string())?
        .into();
    let uri = endpoint.http.to_string();
    let headers = headers.iter().copied().chain([("host", endpoint.host())]);
    let body = SignableBody::Bytes(body.as_bytes());
    let output = SignableRequest::new("POST", &uri, headers, body)
        .and_then(|request| sign_request(request, &parameters))
        .map_err(|error| error.to_string())?;
    let (instructions, _) = output.into_parts();
    let headers = instructions.headers();
    Ok(headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use aws_smithy_async::time::StaticTimeSource;

    use super::*;
    use crate::event::Event;
    use crate::event::request_body;

    const HOST: &str = "example1234567890000.appsync-api.us-east-1.amazonaws.com";

    fn iam(token: Option<&str>) -> Credentials {
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let credentials =
            AwsCredentials::new("AKIDEXAMPLE", secret, token.map(str::to_owned), None, "test");
        // 2026-01-02T03:04:05Z
        let time_source = StaticTimeSource::from_secs(1_767_323_045);
        Credentials::Iam(Signer::new(credentials, "us-east-1").with_time_source(time_source))
    }

    fn endpoint() -> Endpoint {
        Endpoint::parse(&format!("https://{HOST}/event")).unwrap()
    }

    async fn signature(token: Option<&str>, text: &str) -> String {
        let object = iam(token).auth_object(&endpoint(), text).await.unwrap();
        let authorization = object["Authorization"].as_str().unwrap();
        authorization.split("Signature=").nth(1).unwrap().to_owned()
    }

    #[tokio::test]
    async fn signatures_match_known_values() {
        let event = Event::from_json(r#"{"msg":"hi"}"#).unwrap();
        let publish = request_body("/default/a", &[event]);
        for (token, text, expected) in [
            (None, EMPTY_BODY, "b45b91251165eb5c89d76d2a0b5ea557ae4a555979a69b9ae22dda5f6c4ac696"),
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
                EMPTY_BODY,
                "4ea168e913993782a8c5d620f008d1052660c37a3c7930b1cebc64dfeb6ae0ed",
            ),
        ] {
            assert_eq!(signature(token, text).await, expected, "{text}");
        }
    }

    #[tokio::test]
    async fn each_mode_has_the_documented_fields() {
        let fields = async |credentials: Credentials| {
            let object = credentials.auth_object(&endpoint(), EMPTY_BODY).await.unwrap();
            object.keys().cloned().collect::<Vec<_>>()
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
        let object = iam(None).auth_object(&endpoint(), EMPTY_BODY).await.unwrap();
        assert_eq!(
            (&object["host"], &object["x-amz-date"]),
            (&HOST.into(), &"20260102T030405Z".into())
        );
    }

    #[tokio::test]
    async fn no_secret_appears_in_debug_output_or_errors() {
        for credentials in [
            Credentials::ApiKey(Secret::new("da2-secret")),
            Credentials::Token(AuthMode::Oidc, Secret::new("ey.secret")),
            iam(Some("secret")),
        ] {
            let printed = format!("{credentials:?}");
            assert!(!printed.contains("secret") && !printed.contains("wJalr"), "{printed}");
        }
        let invalid = Credentials::ApiKey(Secret::new("da2-secret\n"));
        let error = invalid.http_headers(&endpoint(), "{}").await.unwrap_err().to_string();
        assert!(error.contains("API_KEY") && !error.contains("secret"), "{error}");
    }
}
