//! The HTTP client for functions, issuers of tokens and data sources. Every request has limits on time and size,
//! and no error contains credentials.
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore};

use crate::store::Store;

/// The default time limit: AppSync's longest, that of a handler (docs/reference/quotas.md#handlers).
pub const TIMEOUT: Duration = Duration::from_secs(30);
/// The default limit of a response: that of Lambda, which is larger than all others.
pub const RESPONSE_MAX: usize = 6 * 1024 * 1024;
/// The access key for the emulator's own requests. Other emulators seldom verify signatures.
const LOCAL: &str = "local";

/// A request of the emulator. No `Debug`: it may contain credentials.
pub struct OutboundRequest {
    pub method: Method,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The scope of the signature; `None` if it is not for an AWS service.
    pub signing_scope: Option<SigningScope>,
    pub timeout: Duration,
    pub response_max: usize,
}

/// The service and region of a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningScope {
    pub service: String,
    pub region: String,
}

/// A response, with any status.
pub struct OutboundResponse {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl OutboundRequest {
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(Method::GET, url, Vec::new())
    }
    pub fn post(url: impl Into<String>, body: Vec<u8>) -> Self {
        Self::new(Method::POST, url, body)
    }
    pub fn new(method: Method, url: impl Into<String>, body: Vec<u8>) -> Self {
        Self {
            method,
            url: url.into(),
            headers: Vec::new(),
            body,
            signing_scope: None,
            timeout: TIMEOUT,
            response_max: RESPONSE_MAX,
        }
    }
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
    pub fn signed_for(mut self, service: &str, region: &str) -> Self {
        self.signing_scope =
            Some(SigningScope { service: service.to_owned(), region: region.to_owned() });
        self
    }
    /// Sets other limits.
    pub fn with_limits(mut self, timeout: Duration, response_max: usize) -> Self {
        (self.timeout, self.response_max) = (timeout, response_max);
        self
    }
}

impl OutboundResponse {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
    /// Returns the first header with a name, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The HTTP client of the data plane.
pub struct OutboundClient {
    pub(super) lambda_endpoint: Option<String>,
    store: Arc<Store>,
    /// Created on first use, since reading the machine's certificates takes time.
    client: OnceLock<Client<HttpsConnector<HttpConnector>, Full<Bytes>>>,
}

impl OutboundClient {
    pub fn new(store: Arc<Store>, lambda_endpoint: Option<String>) -> Self {
        Self { lambda_endpoint, store, client: OnceLock::new() }
    }

    /// Sends a request and reads the whole response. An error names method and URL, without credentials.
    pub async fn send(&self, request: OutboundRequest) -> Result<OutboundResponse, String> {
        let OutboundRequest { method, url, timeout, response_max, .. } = &request;
        let (what, timeout, response_max) =
            (format!("{method} {}", url_without_secrets(url)), *timeout, *response_max);
        let signed_request = self.build(request).map_err(|error| format!("{what}: {error}"))?;
        let client = self.client.get_or_init(new_client);
        let response = async {
            let response =
                client.request(signed_request).await.map_err(|error| error_with_causes(&error))?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, response_max).collect().await;
            let body = body.map_err(|error| match error.is::<LengthLimitError>() {
                true => format!("the response is larger than {response_max} bytes"),
                false => {
                    format!("the response was interrupted: {}", error_with_causes(error.as_ref()))
                }
            })?;
            let body = body.to_bytes().to_vec();
            Ok(OutboundResponse { status: head.status.as_u16(), headers: head.headers, body })
        };
        match tokio::time::timeout(timeout, response).await {
            Ok(response) => response.map_err(|error: String| format!("{what}: {error}")),
            Err(_) => Err(format!("{what}: no response within {} s", timeout.as_secs_f64())),
        }
    }

    fn build(&self, request: OutboundRequest) -> Result<Request<Full<Bytes>>, String> {
        let uri: Uri = request.url.parse().map_err(|error| format!("not a valid URL: {error}"))?;
        let web = matches!(uri.scheme_str(), Some("http" | "https"));
        let Some(authority) = uri.authority().filter(|_| web) else {
            return Err("not a URL that begins with http:// or https://".to_owned());
        };
        let mut headers = HeaderMap::new();
        let host = authority.as_str().rsplit('@').next().unwrap_or_default();
        headers.insert("host", HeaderValue::from_str(host).map_err(|error| error.to_string())?);
        for (name, value) in &request.headers {
            let invalid = |_| format!("the header {name:?} is not valid");
            let value = HeaderValue::from_str(value).map_err(|_| invalid(()))?;
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid(()))?;
            headers.append(name, value);
        }
        let signed = request.signing_scope.clone();
        let mut signed_request = Request::new(Full::new(Bytes::from(request.body.clone())));
        (*signed_request.method_mut(), *signed_request.uri_mut()) = (request.method, uri);
        *signed_request.headers_mut() = headers;
        if let Some(scope) = signed {
            self.sign(&mut signed_request, &request.body, &scope)?;
        }
        Ok(signed_request)
    }

    fn sign<B>(
        &self,
        signed_request: &mut Request<B>,
        body: &[u8],
        scope: &SigningScope,
    ) -> Result<(), String> {
        let identity = Credentials::new(LOCAL, LOCAL, None, None, "provision").into();
        let now = UNIX_EPOCH + Duration::from_secs_f64(self.store.now_epoch_s());
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&scope.region)
            .name(&scope.service)
            .time(now)
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| error.to_string())?
            .into();
        let uri = signed_request.uri().to_string();
        let headers = signed_request.headers().iter();
        let headers =
            headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let signable = SignableRequest::new(
            signed_request.method().as_str(),
            uri,
            headers,
            SignableBody::Bytes(body),
        )
        .map_err(|error| error.to_string())?;
        let signed = sign(signable, &parameters).map_err(|error| error.to_string())?;
        let (instructions, _) = signed.into_parts();
        instructions.apply_to_request_http1x(signed_request);
        Ok(())
    }
}

impl fmt::Debug for OutboundClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound").field("lambda_endpoint", &self.lambda_endpoint).finish()
    }
}

/// Returns a client that trusts the certificate authorities of this machine.
fn new_client() -> Client<HttpsConnector<HttpConnector>, Full<Bytes>> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring knows the default versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector =
        HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build();
    Client::builder(TokioExecutor::new()).build(connector)
}

/// Returns a URL without user and query, which may be secret.
fn url_without_secrets(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) =
                rest.split_once('/').map_or((rest, None), |(text, path)| (text, Some(path)));
            let host = authority.rsplit('@').next().unwrap_or_default();
            let path = path.map(|text| format!("/{text}")).unwrap_or_default();
            format!("{scheme}://{host}{path}")
        }
        None => url.to_owned(),
    }
}

/// Returns an error with its causes, since hyper's own messages contain little.
fn error_with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(it) = cause {
        let more = it.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = it.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};

    use super::*;
    use crate::data_plane::testing::{Stub, response};

    fn outbound() -> OutboundClient {
        let clock = SharedTimeSource::new(SystemTimeSource::new());
        OutboundClient::new(Store::in_memory(clock), None)
    }

    #[tokio::test]
    async fn a_request_has_its_headers_and_is_signed_for_its_service() {
        let stub = Stub::serve(|request| response(201, request.uri.clone())).await;
        let request = OutboundRequest::post(format!("{}/a%20b?c=d", stub.url), b"hi".to_vec())
            .with_header("x-one", "1")
            .signed_for("dynamodb", "eu-west-1");
        let response = outbound().send(request).await.unwrap();
        assert_eq!((response.status, response.body.as_slice()), (201, b"/a%20b?c=d".as_slice()));
        let requests = &stub.requests()[0];
        assert_eq!(
            (requests.method.as_str(), requests.body.as_slice()),
            ("POST", b"hi".as_slice())
        );
        assert_eq!(requests.headers["x-one"], "1");
        let authorization = requests.headers["authorization"].to_str().unwrap();
        assert!(authorization.contains("/eu-west-1/dynamodb/aws4_request"), "{authorization}");
        assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=local/"), "{authorization}");
    }

    #[tokio::test]
    async fn the_error_of_a_large_late_or_missing_response_has_the_reason() {
        let stub = Stub::serve(|_| response(200, "0123456789")).await;
        let error = async |request| outbound().send(request).await.err().unwrap();
        let large = OutboundRequest::get(&stub.url).with_limits(TIMEOUT, 9);
        assert!(error(large).await.contains("larger than 9 bytes"));
        // Connections wait in the backlog of a listener that never accepts, so no response can arrive.
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", silent.local_addr().unwrap());
        let slow = OutboundRequest::get(&address).with_limits(Duration::from_millis(1), 9);
        assert!(error(slow).await.contains("no response within 0.001 s"));
        // A socket that is bound but never listens refuses connections, and no other process gets its port.
        let nobody = tokio::net::TcpSocket::new_v4().unwrap();
        nobody.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let gone = format!("http://{}", nobody.local_addr().unwrap());
        let text = error(OutboundRequest::get(format!("{gone}/path?secret=1"))).await;
        assert!(text.starts_with(&format!("GET {gone}/path: ")), "{text}");
        assert!(text.contains("refused") && !text.contains("secret"), "{text}");
        assert!(error(OutboundRequest::get("ftp://there/")).await.contains("http://"));
        assert!(error(OutboundRequest::get("here")).await.contains("http://"));
    }

    #[test]
    fn secrets_in_urls_are_not_shown() {
        assert_eq!(url_without_secrets("http://u:p@h:1/a/b?c#d"), "http://h:1/a/b");
        assert_eq!(url_without_secrets("http://u:p@h?c"), "http://h");
    }
}
