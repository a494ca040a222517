//! Connections to a host: through a proxy if one is configured, with TLS if the URL asks for it.
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::error::{Error, ErrorKind, Operation};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The maximum size of a proxy's response to `CONNECT`.
const PROXY_RESPONSE_BYTES_MAX: usize = 16 * 1024;

/// Proxies and certificates. The default is to use none.
///
/// This crate does not read the environment: a program that honors `HTTPS_PROXY` and the like passes
/// their values here.
#[derive(Clone, Debug, Default)]
pub struct NetworkOptions {
    /// The proxy for `https` and `wss` URLs, as in curl's `HTTPS_PROXY`.
    pub https_proxy: Option<String>,
    /// The proxy for `http` and `ws` URLs, as in curl's `http_proxy`.
    pub http_proxy: Option<String>,
    /// The hosts that are reached without a proxy, as in curl's `NO_PROXY`.
    pub no_proxy: Option<String>,
    /// CA certificates in PEM, trusted in addition to those of the machine.
    pub extra_certificates: Option<Vec<u8>>,
}

/// Opens connections. Cloning it is cheap.
#[derive(Clone)]
pub struct Network {
    proxies: Arc<Matcher>,
    extra_certificates: Arc<Vec<CertificateDer<'static>>>,
    /// Created on first use: reading the machine's certificates takes time.
    tls: Arc<OnceLock<TlsConnector>>,
}

/// A connection, with or without TLS.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Network {
    /// A network with these proxies and certificates.
    ///
    /// # Errors
    ///
    /// If [`NetworkOptions::extra_certificates`] is not PEM or has no certificate.
    pub fn new(options: NetworkOptions) -> Result<Self, InvalidCertificates> {
        let proxies = Matcher::builder()
            .https(options.https_proxy.unwrap_or_default())
            .http(options.http_proxy.unwrap_or_default())
            .no(options.no_proxy.unwrap_or_default())
            .build();
        let extra_certificates = match options.extra_certificates {
            Some(pem) => parse_certificates(&pem)?,
            None => Vec::new(),
        };
        Ok(Self::from_parts(proxies, extra_certificates))
    }

    fn from_parts(proxies: Matcher, extra_certificates: Vec<CertificateDer<'static>>) -> Self {
        Self {
            proxies: Arc::new(proxies),
            extra_certificates: Arc::new(extra_certificates),
            tls: Arc::default(),
        }
    }

    /// Connects to the host of a URL whose scheme is `http`, `https`, `ws` or `wss`.
    pub(crate) async fn connect(&self, uri: &Uri) -> Result<Box<dyn Stream>, Error> {
        let secure = matches!(uri.scheme_str(), Some("https" | "wss"));
        let host = uri.host().unwrap_or_default();
        let port = uri.port_u16().unwrap_or(default_port(secure));
        let connected = timeout(CONNECT_TIMEOUT, self.connect_to(host, port, secure)).await;
        connected.unwrap_or_else(|_| {
            let seconds = CONNECT_TIMEOUT.as_secs();
            Err(unreachable(host, format!("no connection within {seconds} s")))
        })
    }

    async fn connect_to(
        &self,
        host: &str,
        port: u16,
        secure: bool,
    ) -> Result<Box<dyn Stream>, Error> {
        let stream: Box<dyn Stream> = match self.proxy_for(host, secure) {
            Some(proxy) => self.tunnel(&proxy, host, port).await?,
            None => {
                let stream = connect_tcp(without_brackets(host), port).await;
                Box::new(stream.map_err(|reason| unreachable(host, reason))?)
            }
        };
        match secure {
            true => self.start_tls(stream, host).await,
            false => Ok(stream),
        }
    }

    /// The proxy for `host`. Loopback addresses are always reached without one.
    fn proxy_for(&self, host: &str, secure: bool) -> Option<Intercept> {
        let name = without_brackets(host);
        let is_loopback = name == "localhost"
            || name.ends_with(".localhost")
            || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if is_loopback {
            return None;
        }
        let scheme = if secure { "https" } else { "http" };
        self.proxies.intercept(&format!("{scheme}://{host}").parse().ok()?)
    }

    /// Opens a connection to `host` through `proxy`.
    async fn tunnel(
        &self,
        proxy: &Intercept,
        host: &str,
        port: u16,
    ) -> Result<Box<dyn Stream>, Error> {
        let proxy_host = proxy.uri().host().unwrap_or_default();
        let secure = proxy.uri().scheme_str() == Some("https");
        if !secure && proxy.uri().scheme_str() != Some("http") {
            let message = "only http:// and https:// proxies are supported";
            return Err(unreachable(host, message.to_owned()));
        }
        let proxy_port = proxy.uri().port_u16().unwrap_or(default_port(secure));
        let failed =
            |reason: String| unreachable(host, format!("through the proxy {proxy_host}: {reason}"));
        let stream = connect_tcp(without_brackets(proxy_host), proxy_port).await.map_err(failed)?;
        let mut stream: Box<dyn Stream> = match secure {
            true => self.start_tls(Box::new(stream), proxy_host).await?,
            false => Box::new(stream),
        };
        let authorization = match proxy.basic_auth().and_then(|value| value.to_str().ok()) {
            Some(value) => format!("Proxy-Authorization: {value}\r\n"),
            None => String::new(),
        };
        let request =
            format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{authorization}\r\n");
        let sent = stream.write_all(request.as_bytes()).await;
        sent.map_err(|error| failed(error.to_string()))?;
        let status = read_proxy_status(&mut stream).await.map_err(failed)?;
        match status.as_str() {
            "200" => Ok(stream),
            status => Err(failed(format!("it responds with status {status}"))),
        }
    }

    async fn start_tls(
        &self,
        stream: Box<dyn Stream>,
        host: &str,
    ) -> Result<Box<dyn Stream>, Error> {
        let name = ServerName::try_from(without_brackets(host).to_owned())
            .map_err(|_| unreachable(host, "not a valid host name".to_owned()))?;
        let stream = self.tls_connector().connect(name, stream).await.map_err(|error| {
            let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
            let kind = match cause {
                Some(rustls::Error::InvalidCertificate(_)) => ErrorKind::UntrustedCertificate,
                _ => ErrorKind::Unreachable,
            };
            Error::new(kind, Operation::Connect, format!("{host}: TLS: {error}"))
        })?;
        Ok(Box::new(stream))
    }

    fn tls_connector(&self) -> &TlsConnector {
        self.tls.get_or_init(|| {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            roots.add_parsable_certificates(self.extra_certificates.iter().cloned());
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .expect("ring supports the suites of TLS 1.2 and 1.3")
                .with_root_certificates(roots)
                .with_no_client_auth();
            TlsConnector::from(Arc::new(config))
        })
    }
}

impl Default for Network {
    fn default() -> Self {
        Self::from_parts(Matcher::builder().build(), Vec::new())
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL of a proxy can contain a password.
        f.debug_struct("Network")
            .field("extra_certificates", &self.extra_certificates.len())
            .finish_non_exhaustive()
    }
}

/// Why certificates can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidCertificates(String);

fn parse_certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, InvalidCertificates> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates {
        Err(error) => Err(InvalidCertificates(format!("not valid PEM: {error}"))),
        Ok(certificates) if certificates.is_empty() => {
            Err(InvalidCertificates("no certificate found".to_owned()))
        }
        Ok(certificates) => Ok(certificates),
    }
}

async fn connect_tcp(host: &str, port: u16) -> Result<TcpStream, String> {
    let stream = TcpStream::connect((host, port)).await.map_err(|error| error.to_string())?;
    // Small frames are sent immediately, not collected.
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    Ok(stream)
}

/// The status of a proxy's response, which ends with an empty line. It is read byte by byte: what
/// follows comes from the host behind the proxy.
async fn read_proxy_status(stream: &mut Box<dyn Stream>) -> Result<String, String> {
    let mut response = Vec::new();
    while !response.ends_with(b"\r\n\r\n") {
        if response.len() >= PROXY_RESPONSE_BYTES_MAX {
            return Err("its response is too large".to_owned());
        }
        response.push(stream.read_u8().await.map_err(|error| error.to_string())?);
    }
    let response = String::from_utf8_lossy(&response);
    let status = response.split_whitespace().nth(1).ok_or("its response is not HTTP")?;
    Ok(status.to_owned())
}

fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

/// The brackets around an IPv6 address belong to URLs only.
fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

fn unreachable(host: &str, reason: String) -> Error {
    Error::new(ErrorKind::Unreachable, Operation::Connect, format!("{host}: {reason}"))
}

/// How long a client waits, and how often it retries.
///
/// The defaults suit AppSync; most programs use them as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The timeout for the answer to a frame on a WebSocket. Default: 15 s, as in Amplify.
    pub answer_timeout: Duration,
    /// The timeout for an HTTP response. Default: 35 s, longer than AppSync lets a handler run.
    pub request_timeout: Duration,
    /// The delay before the first retry; it doubles with every further one. Default: 200 ms.
    pub initial_backoff: Duration,
    /// The longest delay before a retry. Default: 30 s.
    pub max_backoff: Duration,
    /// How often a batch is sent if AppSync throttles it. Default: 8.
    pub max_attempts: u32,
    /// How often a batch is sent if the API is unreachable, which often means that the address is
    /// wrong. Default: 3.
    pub max_connect_attempts: u32,
    /// How often in a row a lost connection is reopened. Default: 60, about half an hour.
    pub max_reconnects: u32,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            answer_timeout: Duration::from_secs(15),
            request_timeout: Duration::from_secs(35),
            initial_backoff: Duration::from_millis(200),
            max_backoff: Duration::from_secs(30),
            max_attempts: 8,
            max_connect_attempts: 3,
            max_reconnects: 60,
        }
    }
}

impl Timing {
    /// The delay before retry number `retry`, counted from 1.
    ///
    /// It is random, between half of the exponential back-off and all of it, so clients that were
    /// disconnected at the same time do not reconnect at the same time.
    pub fn backoff(&self, retry: u32) -> Duration {
        let exponential = self.initial_backoff.saturating_mul(1 << retry.saturating_sub(1).min(16));
        let longest = exponential.min(self.max_backoff);
        // Without a source of randomness the delay is the longest.
        let random = getrandom::u32().unwrap_or(u32::MAX);
        longest.mul_f64(0.5 + f64::from(random) / f64::from(u32::MAX) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn loopback_addresses_are_reached_without_a_proxy_and_others_as_in_curl() {
        let network = Network::new(NetworkOptions {
            https_proxy: Some("http://user:pass@proxy:3128".to_owned()),
            no_proxy: Some("inside.example.com".to_owned()),
            ..NetworkOptions::default()
        });
        let network = network.unwrap();
        for (host, secure, proxied) in [
            ("events.example.com", true, true),
            ("events.example.com", false, false),
            ("a.inside.example.com", true, false),
            ("127.0.0.1", true, false),
            ("[::1]", true, false),
            ("abc.localhost", true, false),
        ] {
            assert_eq!(network.proxy_for(host, secure).is_some(), proxied, "{host}");
        }
        assert!(!format!("{network:?}").contains("pass"));
    }

    #[tokio::test]
    async fn a_connection_that_a_proxy_denies_is_an_error_with_its_status() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let proxy = format!("http://user:pass@{}", listener.local_addr().unwrap());
        let proxy_task = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 1000];
            let length = stream.read(&mut request).await.unwrap();
            stream.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").await.unwrap();
            String::from_utf8(request[..length].to_vec()).unwrap()
        });
        let options = NetworkOptions { http_proxy: Some(proxy), ..NetworkOptions::default() };
        let network = Network::new(options).unwrap();
        let uri = "ws://events.example.com/event/realtime".parse().unwrap();
        let error = network.connect(&uri).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Unreachable);
        let message = error.to_string();
        assert!(
            message.contains("through the proxy 127.0.0.1: it responds with status 403"),
            "{message}"
        );
        assert!(!message.contains("pass"), "{message}");
        let request = proxy_task.await.unwrap();
        assert!(request.starts_with("CONNECT events.example.com:80 HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("Proxy-Authorization: Basic dXNlcjpwYXNz\r\n"), "{request}");
    }

    #[test]
    fn a_file_without_certificates_is_rejected() {
        let options = NetworkOptions {
            extra_certificates: Some("nothing".into()),
            ..NetworkOptions::default()
        };
        let error = Network::new(options).unwrap_err().to_string();
        assert_eq!(error, "no certificate found");
    }

    #[test]
    fn the_backoff_doubles_up_to_its_limit() {
        let timing = Timing::default();
        for (retry, longest_ms) in [(1, 200), (2, 400), (5, 3_200), (9, 30_000), (u32::MAX, 30_000)]
        {
            let longest = Duration::from_millis(longest_ms);
            let delay = timing.backoff(retry);
            assert!(delay >= longest / 2 && delay <= longest, "{retry}: {delay:?}");
        }
    }
}
