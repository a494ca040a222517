//! AWS_IAM: signatures of version 4, verified (docs/reference/authorization.md#signatures).
use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::data_plane::auth::mode::{AWS_IAM, SIGNED};
use crate::data_plane::auth::request::{AuthRequest, Identity, iam_identity_context};
use crate::data_plane::error::DataPlaneError;
use crate::data_plane::host::{is_loopback, without_port};
use crate::data_plane::undocumented;
use crate::protocol::caller::Caller;
use crate::protocol::clock;
use crate::store::Store;

/// The secret of the emulator's own access keys: `local`, and each account's id.
const LOCAL: &str = "local";
/// Whose value is the client's secret, and shows nowhere.
const SESSION_TOKEN: &str = "x-amz-security-token";

pub fn authorize(
    store: &Store,
    credentials: &BTreeMap<String, String>,
    asked: &AuthRequest<'_>,
    text: &str,
) -> Result<Identity, DataPlaneError> {
    let refuse = |why: String| DataPlaneError::unauthorized(why);
    let signature = Signature::parse(text).ok_or_else(|| {
        let why = "the Authorization is not a valid signature: expected AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…";
        refuse(why.to_owned())
    })?;
    let caller = &signature.caller;
    let Some(secret) = secret_key(credentials, &caller.access_key) else {
        return Err(undocumented::unknown_access_key(store.options()).with_reason(
            "the access key is not known here, so no signature of its can be verified; make it known with `provision local --credentials FILE`, or sign with the access key local and the secret local",
        ));
    };
    if caller.account != asked.target.account {
        return Err(refuse(format!(
            "the access key is one of account {}, and the API is in account {}",
            caller.account, asked.target.account
        )));
    }
    let date = presented_value(asked, "x-amz-date").unwrap_or_default();
    check_scope(&signature, asked, &date).map_err(refuse)?;
    let wrong = |message: &str, why: String| {
        Err(undocumented::bad_signature(message, store.options()).with_reason(why))
    };
    if let Some(message) = clock::signing_time_error(&date, store.now_epoch_s()) {
        return wrong(&message, format!("the signature is of another time: {message}"));
    }
    check_host(asked, &signature).map_err(refuse)?;
    let headers = canonical_headers(asked, &signature.headers).map_err(refuse)?;
    let payload = hex(&Sha256::digest(asked.signed_text));
    let key = signing_key(&secret, &signature);
    for target in signed_paths(asked) {
        let canonical = canonical_request(&target, &headers, &signature.headers, &payload);
        if verifies(&key, &string_to_sign(&date, &signature, &canonical), &signature.bytes) {
            let identity = identity(caller, asked);
            return Ok(Identity { mode: AWS_IAM, context: identity, expires_epoch_s: None });
        }
    }
    let shown = redact_session_token(&canonical_request(
        "/event\n",
        &headers,
        &signature.headers,
        &payload,
    ));
    let message =
        undocumented::signature_mismatch(&shown, &string_to_sign(&date, &signature, &shown));
    wrong(&message, explain_mismatch(asked, &signature, &headers, &key, &date, &payload))
}

/// A SigV4 `Authorization`, read.
struct Signature {
    caller: Caller,
    /// `20260102/us-east-1/appsync/aws4_request`.
    scope: String,
    /// As they were signed: in lower case, in order.
    headers: Vec<String>,
    bytes: Vec<u8>,
}

impl Signature {
    fn parse(text: &str) -> Option<Self> {
        let rest = text.trim().strip_prefix(SIGNED)?;
        let part = |name: &str| {
            let mut parts = rest.split([',', ' ']).map(str::trim);
            parts.find_map(|it| it.strip_prefix(name)?.strip_prefix('='))
        };
        let credential = part("Credential")?;
        let caller = Caller::from_credential(credential)?;
        let scope = credential.strip_prefix(&caller.access_key)?.strip_prefix('/')?.to_owned();
        let headers = part("SignedHeaders")?.split(';').map(str::to_ascii_lowercase).collect();
        Some(Self { caller, scope, headers, bytes: unhex(part("Signature")?)? })
    }
    fn date(&self) -> &str {
        self.scope.split('/').next().unwrap_or_default()
    }
}

/// The secret key of an access key that is known here.
fn secret_key(credentials: &BTreeMap<String, String>, access_key: &str) -> Option<String> {
    if let Some(secret) = credentials.get(access_key) {
        return Some(secret.clone());
    }
    let account = access_key.len() == 12 && access_key.bytes().all(|it| it.is_ascii_digit());
    (account || access_key == LOCAL).then(|| LOCAL.to_owned())
}

fn check_scope(signature: &Signature, asked: &AuthRequest<'_>, date: &str) -> Result<(), String> {
    let Caller { service, region, .. } = &signature.caller;
    let here = &asked.target.region;
    if service != "appsync" || region != here {
        return Err(format!(
            "it is signed for {service} in {region}, and must be for appsync in {here}"
        ));
    }
    match !date.is_empty() && date.get(..8) != Some(signature.date()) {
        true => Err("the date in the credential's scope is not that of x-amz-date".to_owned()),
        false => Ok(()),
    }
}

/// A signature is valid for one host: the API's, or the local address by which it was reached.
fn check_host(asked: &AuthRequest<'_>, signature: &Signature) -> Result<(), String> {
    if !signature.headers.iter().any(|it| it == "host") {
        return Err("the header host is not signed".to_owned());
    }
    let host = presented_value(asked, "host").unwrap_or_default().to_ascii_lowercase();
    let name = without_port(&host);
    let (prefix, suffix) = (&asked.api.dns_prefix, signature.caller.dns_suffix());
    let http = format!("{prefix}.appsync-api.{}.{suffix}", asked.target.region);
    let by = asked.headers.get("host").and_then(|it| it.first());
    let here =
        !name.contains(".amazonaws.com") && by.is_some_and(|it| it.eq_ignore_ascii_case(&host));
    let loopback = is_loopback(name) || name.ends_with(".localhost");
    let domain = asked.target.domain.as_ref().is_some_and(|it| it.eq_ignore_ascii_case(name));
    match name == http || domain || here || loopback {
        true => Ok(()),
        false => Err(format!(
            "it is signed for the host {host:?}, and must be for {http}, also at the realtime host"
        )),
    }
}

/// What is presented under a name; else the HTTP header.
fn presented_value(asked: &AuthRequest<'_>, name: &str) -> Option<String> {
    let presented = asked.credentials.fields.get(name).cloned();
    presented.or_else(|| Some(asked.headers.get(name)?.join(",")))
}

fn canonical_headers(asked: &AuthRequest<'_>, names: &[String]) -> Result<String, String> {
    let mut lines = String::new();
    for name in names {
        let Some(value) = presented_value(asked, name) else {
            return Err(format!("the header {name:?} is signed, and was not sent"));
        };
        let value = value.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        lines.push_str(&format!("{name}:{value}\n"));
    }
    Ok(lines)
}

/// The paths that clients sign, each with a query: the API's, and the one that was asked for here.
fn signed_paths(asked: &AuthRequest<'_>) -> Vec<String> {
    let (path, query) = asked.path.split_once('?').unwrap_or((asked.path, ""));
    let mut query: Vec<&str> = query.split('&').filter(|it| !it.is_empty()).collect();
    query.sort_unstable();
    let query = query.join("&");
    let short = path.strip_suffix("/realtime").unwrap_or(path);
    let local = format!("/apis/{}/event", asked.target.api_id);
    let mut targets = Vec::new();
    for path in ["/event", path, short, &local] {
        for query in ["", &query] {
            let target = format!("{path}\n{query}");
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
    }
    targets
}

fn canonical_request(target: &str, headers: &str, names: &[String], payload: &str) -> String {
    format!("POST\n{target}\n{headers}\n{}\n{payload}", names.join(";"))
}

fn string_to_sign(date: &str, signature: &Signature, canonical: &str) -> String {
    let hash = hex(&Sha256::digest(canonical.as_bytes()));
    format!("{SIGNED}\n{date}\n{}\n{hash}", signature.scope)
}

fn signing_key(secret: &str, signature: &Signature) -> Vec<u8> {
    let secret = format!("AWS4{secret}").into_bytes();
    signature
        .scope
        .split('/')
        .fold(secret, |key, part| hmac(&key, part).finalize().into_bytes().to_vec())
}

fn verifies(key: &[u8], to_sign: &str, signature: &[u8]) -> bool {
    hmac(key, to_sign).verify_slice(signature).is_ok()
}

fn hmac(key: &[u8], text: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac
}

/// Which part of a signature that does not match is to blame, as far as that can be known.
fn explain_mismatch(
    asked: &AuthRequest<'_>,
    signature: &Signature,
    headers: &str,
    key: &[u8],
    date: &str,
    payload: &str,
) -> String {
    let over = |text: &[u8]| {
        let hash = hex(&Sha256::digest(text));
        signed_paths(asked).iter().any(|target| {
            let canonical = canonical_request(target, headers, &signature.headers, &hash);
            verifies(key, &string_to_sign(date, signature, &canonical), &signature.bytes)
        })
    };
    let length = asked.signed_text.len();
    let expected = format!("the text of {length} bytes whose SHA-256 is {payload}");
    let stated = presented_value(asked, "x-amz-content-sha256")
        .filter(|it| !it.eq_ignore_ascii_case(payload));
    if stated.is_some() {
        return format!(
            "another body is signed: x-amz-content-sha256 is not the hash of {expected}"
        );
    }
    for (text, what) in [("{}", "connecting, over {}"), ("", "an empty body")] {
        if asked.signed_text != text.as_bytes() && over(text.as_bytes()) {
            return format!("it is signed for {what}, and must be over {expected}");
        }
    }
    format!(
        "the signature does not match: the secret key is another, or what is signed is not the path /event, the headers {} as they were sent, and {expected}",
        signature.headers.join(";")
    )
}

/// A canonical request without the session token.
fn redact_session_token(canonical: &str) -> String {
    let hide = |line: &str| match line.split_once(':') {
        Some((SESSION_TOKEN, _)) => format!("{SESSION_TOKEN}:..."),
        _ => line.to_owned(),
    };
    canonical.split('\n').map(hide).collect::<Vec<_>>().join("\n")
}

/// The caller as STS returns it.
fn identity(caller: &Caller, asked: &AuthRequest<'_>) -> Value {
    let (partition, account) = (caller.partition(), &caller.account);
    let arn = format!("arn:{partition}:iam::{account}:user/local");
    iam_identity_context(account, "AIDALOCALLOCALLOCALLO", &arn, &asked.source_ips())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|it| format!("{it:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2).map(|it| {
        let digits = std::str::from_utf8(it).ok().filter(|it| it.len() == 2)?;
        u8::from_str_radix(digits, 16).ok()
    });
    digits.collect()
}

#[cfg(test)]
mod tests;
