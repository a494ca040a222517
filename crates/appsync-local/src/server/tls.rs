//! TLS for the emulator: its own certificate authority, created on first use, and a certificate for
//! each name under which it is asked for.
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
use crate::state::folder::write_atomically;
use crate::store::Store;

/// The certificate that clients are configured to trust.
pub const CERTIFICATE_FILE: &str = "ca.pem";
const KEY_FILE: &str = "ca-key.pem";
/// Clients that know only an address send no name.
const DEFAULT_NAME: &str = "localhost";
/// Enough for every API of a store under each of its names; after a scan they are made anew.
const CERTIFICATES_MAX: usize = 4_096;
/// Apple's systems take no certificate that lasts longer than 825 days.
const LEAF_LIFETIME_DAYS: i64 = 800;
const AUTHORITY_LIFETIME_DAYS: i64 = 20 * 365;
const DAY_S: i64 = 86_400;

/// The authority of one store.
pub struct CertificateAuthority {
    certificate: CertificateDer<'static>,
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl CertificateAuthority {
    /// The authority that is kept in `dir`, made if there is none.
    pub fn load_or_create(dir: &Path, now_epoch_s: i64) -> io::Result<Self> {
        let (certificate, key) = (dir.join(CERTIFICATE_FILE), dir.join(KEY_FILE));
        if certificate.is_file() && key.is_file() {
            let (certificate, key) = (fs::read_to_string(certificate)?, fs::read_to_string(key)?);
            return Self::parse(certificate, &key).map_err(io::Error::other);
        }
        let (made, private) = Self::create(now_epoch_s).map_err(io::Error::other)?;
        // The certificate goes last: who sees it can rely on both.
        write_atomically(&key, private.as_bytes())?;
        write_atomically(&certificate, made.pem.as_bytes())?;
        Ok(made)
    }

    /// An authority that ends with its process.
    pub fn in_memory(now_epoch_s: i64) -> io::Result<Self> {
        Self::create(now_epoch_s).map(|(made, _)| made).map_err(io::Error::other)
    }

    fn create(now_epoch_s: i64) -> Result<(Self, String), rcgen::Error> {
        let key = KeyPair::generate()?;
        let private = key.serialize_pem();
        let mut params = Self::params()?;
        set_validity(&mut params, now_epoch_s, AUTHORITY_LIFETIME_DAYS);
        let certificate = params.self_signed(&key)?;
        let (der, pem) = (certificate.der().clone(), certificate.pem());
        Ok((Self { certificate: der, pem, issuer: Issuer::new(params, key) }, private))
    }

    /// All of it but how long it lasts.
    fn params() -> Result<CertificateParams, rcgen::Error> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "provision local emulator");
        Ok(params)
    }

    fn parse(pem: String, key: &str) -> Result<Self, String> {
        use rustls::pki_types::pem::PemObject;
        let said = |error: &dyn fmt::Display| {
            format!(
                "the local certificate authority is damaged ({error}); delete {CERTIFICATE_FILE} and {KEY_FILE} to have a new one made"
            )
        };
        let certificate =
            CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|error| said(&error))?;
        let key = KeyPair::from_pem(key).map_err(|error| said(&error))?;
        let params = Self::params().map_err(|error| said(&error))?;
        Ok(Self { certificate, pem, issuer: Issuer::new(params, key) })
    }

    /// What a client has to trust.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    fn certificate_for(&self, name: &str, now_epoch_s: i64) -> Result<CertifiedKey, String> {
        let mut names = vec![name.to_owned()];
        if name == DEFAULT_NAME {
            names.extend(["127.0.0.1".to_owned(), "::1".to_owned()]);
        }
        let said = |error: rcgen::Error| error.to_string();
        let mut params = CertificateParams::new(names).map_err(said)?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        set_validity(&mut params, now_epoch_s, LEAF_LIFETIME_DAYS);
        let key = KeyPair::generate().map_err(said)?;
        let leaf = params.signed_by(&key, &self.issuer).map_err(said)?;
        let chain = vec![leaf.der().clone(), self.certificate.clone()];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        CertifiedKey::from_der(chain, key, &ring::default_provider())
            .map_err(|error| error.to_string())
    }
}

impl fmt::Debug for CertificateAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

/// From two days back, for clocks that differ.
fn set_validity(params: &mut CertificateParams, now_epoch_s: i64, lasts_days: i64) {
    let day = |epoch_s: i64| {
        let date = Offset::UTC.to_datetime(Timestamp::from_second(epoch_s).unwrap_or_default());
        // A month and a day of a date are never negative.
        date_time_ymd(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
    };
    params.not_before = day(now_epoch_s - 2 * DAY_S);
    params.not_after = day(now_epoch_s + lasts_days * DAY_S);
}

/// How the server side of TLS is set up for `store`.
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

/// The certificates that were made so far, by name.
struct CertificateResolver {
    store: Arc<Store>,
    authority: CertificateAuthority,
    certificates: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl fmt::Debug for CertificateResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Names").finish_non_exhaustive()
    }
}

impl ResolvesServerCert for CertificateResolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name().unwrap_or(DEFAULT_NAME).to_ascii_lowercase();
        let mut made = lock(&self.certificates);
        if let Some(key) = made.get(&name) {
            return Some(Arc::clone(key));
        }
        let local = name == DEFAULT_NAME || name.ends_with(".localhost");
        if !(local || self.store.has_host(&name)) {
            return None;
        }
        let key = self.authority.certificate_for(&name, self.store.now_epoch_s() as i64);
        let key = Arc::new(key.inspect_err(|error| tracing::warn!(name, error)).ok()?);
        if made.len() >= CERTIFICATES_MAX {
            made.clear();
        }
        made.insert(name, Arc::clone(&key));
        Some(key)
    }
}
