//! The way to a host: through a proxy if the environment names one, with TLS if the URL asks for it.
use std::fmt;
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

use crate::error::{Error, ErrorKind};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// What a proxy may say before the connection is through.
const PROXY_ANSWER_BYTES_MAX: usize = 16 * 1024;

/// What the environment and the user say about the network.
#[derive(Clone, Debug, Default)]
pub struct NetworkOptions {
    /// For `https` and `http` URLs, and those that reach their host without; as curl reads `HTTPS_PROXY` and its
    /// like.
    pub https_proxy: Option<String>,
    pub http_proxy: Option<String>,
    pub no_proxy: Option<String>,
    /// Certificates in PEM, trusted besides those that this machine trusts.
    pub certificates: Option<Vec<u8>>,
}

/// Opens connections.
#[derive(Clone)]
pub struct Network {
    proxies: Arc<Matcher>,
    further: Arc<Vec<CertificateDer<'static>>>,
    /// Made when it is first needed: to read what a machine trusts takes time.
    tls: Arc<OnceLock<TlsConnector>>,
}

/// A connection of whatever kind.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Network {
    pub fn new(options: NetworkOptions) -> Result<Self, String> {
        let given = |it: Option<String>| it.unwrap_or_default();
        let proxies = Matcher::builder()
            .https(given(options.https_proxy))
            .http(given(options.http_proxy))
            .no(given(options.no_proxy))
            .build();
        let mut further = Vec::new();
        if let Some(pem) = options.certificates {
            for certificate in CertificateDer::pem_slice_iter(&pem) {
                further.push(certificate.map_err(|error| format!("it is no PEM: {error}"))?);
            }
            if further.is_empty() {
                return Err("there is no certificate in it".to_owned());
            }
        }
        Ok(Self { proxies: Arc::new(proxies), further: Arc::new(further), tls: Arc::default() })
    }

    /// Connects to the host of a URL whose scheme is `http`, `https`, `ws` or `wss`.
    pub async fn dial(&self, uri: &Uri) -> Result<Box<dyn Stream>, Error> {
        let secure = matches!(uri.scheme_str(), Some("https" | "wss"));
        let host = uri.host().unwrap_or_default();
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let dialed = timeout(CONNECT_TIMEOUT, self.through(host, port, secure)).await;
        dialed.unwrap_or_else(|_| {
            let seconds = CONNECT_TIMEOUT.as_secs();
            Err(unreachable(host, format!("no connection within {seconds} s")))
        })
    }

    async fn through(&self, host: &str, port: u16, secure: bool) -> Result<Box<dyn Stream>, Error> {
        let plain: Box<dyn Stream> = match self.proxy_for(host, secure) {
            Some(proxy) => self.tunnel(&proxy, host, port).await?,
            None => Box::new(tcp(bare(host), port).await.map_err(|it| unreachable(host, it))?),
        };
        match secure {
            true => self.secured(plain, host).await,
            false => Ok(plain),
        }
    }

    /// The proxy on the way to `host`. To this machine itself there is none.
    fn proxy_for(&self, host: &str, secure: bool) -> Option<Intercept> {
        let bare = bare(host);
        let here = bare == "localhost"
            || bare.ends_with(".localhost")
            || bare.parse::<std::net::IpAddr>().is_ok_and(|it| it.is_loopback());
        if here {
            return None;
        }
        let scheme = if secure { "https" } else { "http" };
        self.proxies.intercept(&format!("{scheme}://{host}").parse().ok()?)
    }

    /// A connection that a proxy makes for us.
    async fn tunnel(
        &self,
        proxy: &Intercept,
        host: &str,
        port: u16,
    ) -> Result<Box<dyn Stream>, Error> {
        let proxy_host = proxy.uri().host().unwrap_or_default();
        let secure = proxy.uri().scheme_str() == Some("https");
        if !secure && proxy.uri().scheme_str() != Some("http") {
            let message = "only http:// and https:// proxies can be used";
            return Err(unreachable(host, message.to_owned()));
        }
        let proxy_port = proxy.uri().port_u16().unwrap_or(if secure { 443 } else { 80 });
        let failed =
            |reason: String| unreachable(host, format!("by the proxy {proxy_host}: {reason}"));
        let plain = tcp(bare(proxy_host), proxy_port).await.map_err(failed)?;
        let mut stream: Box<dyn Stream> = match secure {
            true => self.secured(Box::new(plain), proxy_host).await?,
            false => Box::new(plain),
        };
        let authorization = proxy.basic_auth().and_then(|it| it.to_str().ok());
        let authorization = authorization.map(|it| format!("Proxy-Authorization: {it}\r\n"));
        let request = format!(
            "CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{}\r\n",
            authorization.unwrap_or_default()
        );
        let sent = stream.write_all(request.as_bytes()).await;
        sent.map_err(|error| failed(error.to_string()))?;
        let status = proxy_status(&mut stream).await.map_err(failed)?;
        match status.as_str() {
            "200" => Ok(stream),
            status => Err(failed(format!("it answers {status}"))),
        }
    }

    async fn secured(&self, stream: Box<dyn Stream>, host: &str) -> Result<Box<dyn Stream>, Error> {
        let name = ServerName::try_from(bare(host).to_owned())
            .map_err(|_| unreachable(host, "it is no name of a host".to_owned()))?;
        let stream = self.connector().connect(name, stream).await.map_err(|error| {
            let inner = error.get_ref().and_then(|it| it.downcast_ref::<rustls::Error>());
            let kind = match inner {
                Some(rustls::Error::InvalidCertificate(_)) => ErrorKind::Untrusted,
                _ => ErrorKind::Unreachable,
            };
            Error::new(kind, "connect", format!("{host}: TLS: {error}"))
        })?;
        Ok(Box::new(stream))
    }

    fn connector(&self) -> &TlsConnector {
        self.tls.get_or_init(|| {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            roots.add_parsable_certificates(self.further.iter().cloned());
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .expect("ring has the suites of TLS 1.2 and 1.3")
                .with_root_certificates(roots)
                .with_no_client_auth();
            TlsConnector::from(Arc::new(config))
        })
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A proxy's URL may have a password in it.
        f.debug_struct("Network").field("certificates", &self.further.len()).finish_non_exhaustive()
    }
}

async fn tcp(host: &str, port: u16) -> Result<TcpStream, String> {
    let stream = TcpStream::connect((host, port)).await.map_err(|error| error.to_string())?;
    // A small frame shall not wait for a second one.
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    Ok(stream)
}

/// The status of a proxy's answer, which ends at an empty line. It is read byte by byte: what comes behind it is
/// no longer the proxy's.
async fn proxy_status(stream: &mut Box<dyn Stream>) -> Result<String, String> {
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() >= PROXY_ANSWER_BYTES_MAX {
            return Err("its answer does not end".to_owned());
        }
        answer.push(stream.read_u8().await.map_err(|error| error.to_string())?);
    }
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.split_whitespace().nth(1).ok_or("its answer is no HTTP")?;
    Ok(status.to_owned())
}

/// An IPv6 address stands in brackets in a URL, and nowhere else.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(host)
}

fn unreachable(host: &str, reason: String) -> Error {
    Error::new(ErrorKind::Unreachable, "connect", format!("{host}: {reason}"))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn this_machine_is_reached_without_a_proxy_and_others_as_curl_does() {
        let net = Network::new(NetworkOptions {
            https_proxy: Some("http://user:pass@proxy:3128".to_owned()),
            no_proxy: Some("inside.example.com".to_owned()),
            ..NetworkOptions::default()
        });
        let net = net.unwrap();
        for (host, secure, proxied) in [
            ("events.example.com", true, true),
            ("events.example.com", false, false),
            ("a.inside.example.com", true, false),
            ("127.0.0.1", true, false),
            ("[::1]", true, false),
            ("abc.localhost", true, false),
        ] {
            assert_eq!(net.proxy_for(host, secure).is_some(), proxied, "{host}");
        }
        assert!(!format!("{net:?}").contains("pass"));
    }

    #[tokio::test]
    async fn a_proxy_is_asked_for_a_tunnel_and_believed_when_it_refuses() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let proxy = format!("http://user:pass@{}", listener.local_addr().unwrap());
        let answering = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = vec![0; 1000];
            let n = stream.read(&mut asked).await.unwrap();
            stream.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").await.unwrap();
            String::from_utf8(asked[..n].to_vec()).unwrap()
        });
        let options = NetworkOptions { http_proxy: Some(proxy), ..NetworkOptions::default() };
        let net = Network::new(options).unwrap();
        let uri = "ws://events.example.com/event/realtime".parse().unwrap();
        let error = net.dial(&uri).await.err().unwrap();
        assert_eq!(error.kind, ErrorKind::Unreachable);
        let told = error.to_string();
        assert!(
            told.contains("proxy 127.0.0.1: it answers 403") && !told.contains("pass"),
            "{told}"
        );
        let asked = answering.await.unwrap();
        assert!(asked.starts_with("CONNECT events.example.com:80 HTTP/1.1\r\n"), "{asked}");
        assert!(asked.contains("Proxy-Authorization: Basic dXNlcjpwYXNz\r\n"), "{asked}");
    }

    #[test]
    fn a_file_without_certificates_is_refused() {
        let net = |pem: &str| {
            Network::new(NetworkOptions {
                certificates: Some(pem.into()),
                ..NetworkOptions::default()
            })
        };
        assert!(net("nothing").unwrap_err().contains("no certificate"));
    }
}
