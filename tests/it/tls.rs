//! The emulator serves TLS on its HTTP port, with certificates of a local certificate authority.
use std::fs;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::world::World;

/// The status line of a response to a client that trusts the world's certificate authority and connects to `name`.
async fn ask(world: &World, url: &str, name: &str) -> Result<String, String> {
    let pem = fs::read(world.path(".provision/ca.pem")).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&pem).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    let stream = TcpStream::connect(url.trim_start_matches("http://")).await.unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut stream = connector.connect(name, stream).await.map_err(|error| error.to_string())?;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn only_host_names_of_apis_and_localhost_have_certificates() {
    let world = World::with_article();
    let serving = world.serve(&[]);
    world.ok(&["apply", "spec.yaml", "--local", "--yes"]);
    let host = world.ok(&["outputs", "spec.yaml", "--local", "--query", "apis.sample.http.host"]);
    let denied = Ok("HTTP/1.1 403 Forbidden".to_owned());
    for name in ["localhost", "127.0.0.1", "::1", "anything.localhost", host.trim()] {
        assert_eq!(ask(&world, &serving.url, name).await, denied, "{name}");
    }
    for name in ["example.com", "appsync.amazonaws.com"] {
        assert!(ask(&world, &serving.url, name).await.is_err(), "{name}");
    }
}

#[tokio::test]
async fn the_certificate_authority_is_kept_between_runs() {
    let world = World::new();
    let path = world.ok(&["local", "trust", "--format", "path"]);
    let certificate = fs::read_to_string(path.trim()).unwrap();
    let serving = world.serve(&[]);
    assert_eq!(fs::read_to_string(path.trim()).unwrap(), certificate);
    assert!(ask(&world, &serving.url, "localhost").await.is_ok());
    let exports = world.ok(&["local", "trust", "--format", "env"]);
    assert!(exports.contains(&format!("export NODE_EXTRA_CA_CERTS='{}'", path.trim())));
}
