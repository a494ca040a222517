//! TLS for the emulator: its own certificate authority, created on first use, and a certificate for each host name
//! that clients connect to. The private key of the authority never leaves the folder.
use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use jiff::tz::Offset;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::lock::lock;
use crate::state::files::write_atomically;
use crate::store::Store;

/// The file of the certificate that clients are configured to trust.
pub const CERTIFICATE_FILE: &str = "ca.pem";
const KEY_FILE: &str = "ca-key.pem";
/// The name for clients that connect to an address and so send no name.
const DEFAULT_NAME: &str = "localhost";
/// Enough for every API of a store with each of its names. Beyond it, after a scan, certificates are created anew.
const CERTIFICATES_MAX: usize = 4_096;
/// Apple's systems reject a certificate that is valid for more than 825 days.
const LEAF_LIFETIME_DAYS: i64 = 800;
const AUTHORITY_LIFETIME_DAYS: i64 = 20 * 365;
const DAY_S: i64 = 86_400;

/// The certificate authority of one store.
pub struct CertificateAuthority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl CertificateAuthority {
    /// Reads the certificate authority in `dir`, or creates it there.
    pub fn load_or_create(dir: &Path, now_epoch_s: i64) -> io::Result<Self> {
        let (certificate, key) = (dir.join(CERTIFICATE_FILE), dir.join(KEY_FILE));
        if certificate.is_file() && key.is_file() {
            let (certificate, key) = (fs::read_to_string(certificate)?, fs::read_to_string(key)?);
            return Self::parse(&certificate, &key).map_err(io::Error::other);
        }
        let (authority, files) = Self::create(now_epoch_s).map_err(io::Error::other)?;
        // The certificate is written last: if it exists, so does the key.
        write_atomically(&key, files.key.as_bytes())?;
        write_atomically(&certificate, files.certificate.as_bytes())?;
        Ok(authority)
    }

    fn create(now_epoch_s: i64) -> Result<(Self, PemFiles), rcgen::Error> {
        let key = KeyPair::generate()?;
        let key_pem = key.serialize_pem();
        let mut params = Self::params()?;
        set_validity(&mut params, now_epoch_s, AUTHORITY_LIFETIME_DAYS);
        let certificate = params.self_signed(&key)?;
        let files = PemFiles { certificate: certificate.pem(), key: key_pem };
        let issuer = Issuer::new(params, key);
        Ok((Self { certificate: certificate.der().clone(), issuer }, files))
    }

    /// The parameters of the certificate, without its validity.
    fn params() -> Result<CertificateParams, rcgen::Error> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "provision local emulator");
        Ok(params)
    }

    fn parse(certificate: &str, key: &str) -> Result<Self, String> {
        use rustls::pki_types::pem::PemObject;
        let damaged = |error: &dyn fmt::Display| {
            format!(
                "the local certificate authority is damaged ({error}); delete {CERTIFICATE_FILE} and {KEY_FILE} to create a new one"
            )
        };
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes())
            .map_err(|error| damaged(&error))?;
        let key = KeyPair::from_pem(key).map_err(|error| damaged(&error))?;
        let params = Self::params().map_err(|error| damaged(&error))?;
        Ok(Self { certificate, issuer: Issuer::new(params, key) })
    }

    fn certificate_for(&self, name: &str, now_epoch_s: i64) -> Result<CertifiedKey, String> {
        let mut names = vec![name.to_owned()];
        if name == DEFAULT_NAME {
            names.extend(["127.0.0.1".to_owned(), "::1".to_owned()]);
        }
        let text = |error: rcgen::Error| error.to_string();
        let mut params = CertificateParams::new(names).map_err(text)?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        set_validity(&mut params, now_epoch_s, LEAF_LIFETIME_DAYS);
        let key = KeyPair::generate().map_err(text)?;
        let leaf = params.signed_by(&key, &self.issuer).map_err(text)?;
        let chain = vec![leaf.der().clone(), self.certificate.clone()];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        CertifiedKey::from_der(chain, key, &ring::default_provider())
            .map_err(|error| error.to_string())
    }
}

/// The files of a new authority.
struct PemFiles {
    certificate: String,
    key: String,
}

impl fmt::Debug for CertificateAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertificateAuthority").finish_non_exhaustive()
    }
}

/// Sets the validity from two days ago, for clocks that differ.
fn set_validity(params: &mut CertificateParams, now_epoch_s: i64, lifetime_days: i64) {
    let day = |epoch_s: i64| {
        let date = Offset::UTC.to_datetime(Timestamp::from_second(epoch_s).unwrap_or_default());
        // The month and the day of a date are never negative.
        date_time_ymd(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
    };
    params.not_before = day(now_epoch_s - 2 * DAY_S);
    params.not_after = day(now_epoch_s + lifetime_days * DAY_S);
}

/// The TLS configuration of a server for `store`.
pub fn server_config(
    store: Arc<Store>,
    authority: CertificateAuthority,
) -> io::Result<Arc<ServerConfig>> {
    let names = Arc::new(CertificateResolver { store, authority, certificates: Mutex::default() });
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    let mut config = builder.with_no_client_auth().with_cert_resolver(names);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The certificates so far, by host name.
struct CertificateResolver {
    store: Arc<Store>,
    authority: CertificateAuthority,
    certificates: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl fmt::Debug for CertificateResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertificateResolver").finish_non_exhaustive()
    }
}

impl ResolvesServerCert for CertificateResolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name().unwrap_or(DEFAULT_NAME).to_ascii_lowercase();
        let mut certificates = lock(&self.certificates);
        if let Some(key) = certificates.get(&name) {
            return Some(Arc::clone(key));
        }
        let local = name == DEFAULT_NAME || name.ends_with(".localhost");
        if !(local || self.store.has_host(&name)) {
            return None;
        }
        let key = self.authority.certificate_for(&name, self.store.now_epoch_s() as i64);
        let key = Arc::new(key.inspect_err(|error| tracing::warn!(name, error)).ok()?);
        if certificates.len() >= CERTIFICATES_MAX {
            certificates.clear();
        }
        certificates.insert(name, Arc::clone(&key));
        Some(key)
    }
}
