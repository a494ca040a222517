//! AWS_IAM: verifies SigV4 signatures (docs/reference/authorization.md#signatures). Its errors contain neither
//! signatures nor session tokens.
use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::auth_mode::AuthMode;
use crate::data_plane::auth::request::{AuthRequest, Identity, iam_identity_context};
use crate::data_plane::error::DataPlaneError;
use crate::data_plane::host::{is_loopback, without_port};
use crate::data_plane::undocumented;
use crate::protocol::caller::Caller;
use crate::protocol::clock;
use crate::store::Store;

/// The algorithm at the beginning of an `Authorization` with a signature.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The secret of the emulator's own access keys: `local`, and each account's id.
const LOCAL: &str = "local";
/// The header with the session token, a secret that no error contains.
const SESSION_TOKEN: &str = "x-amz-security-token";

pub fn authorize(
    store: &Store,
    credentials: &BTreeMap<String, String>,
    request: &AuthRequest<'_>,
    text: &str,
) -> Result<Identity, DataPlaneError> {
    let deny = |reason: String| DataPlaneError::unauthorized(reason);
    let signature = Signature::parse(text).ok_or_else(|| {
        let reason = "the Authorization is not a valid signature: expected AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…";
        deny(reason.to_owned())
    })?;
    let caller = &signature.caller;
    let Some(secret) = secret_key(credentials, &caller.access_key) else {
        return Err(undocumented::unknown_access_key(store.options()).with_reason(
            "the access key is unknown, so its signatures cannot be verified; add it with `provision local --credentials FILE`, or sign with the access key `local` and the secret key `local`",
        ));
    };
    if caller.account != request.target.account {
        return Err(deny(format!(
            "the access key belongs to account {}, but the API is in account {}",
            caller.account, request.target.account
        )));
    }
    let date = presented_value(request, "x-amz-date").unwrap_or_default();
    check_scope(&signature, request, &date).map_err(deny)?;
    let reject = |message: &str, reason: String| {
        Err(undocumented::bad_signature(message, store.options()).with_reason(reason))
    };
    if let Some(message) = clock::signing_time_error(&date, store.now_epoch_s()) {
        return reject(&message, format!("the signature is not valid at this time: {message}"));
    }
    check_host(request, &signature).map_err(deny)?;
    let headers = canonical_headers(request, &signature.headers).map_err(deny)?;
    let payload = hex(&Sha256::digest(request.signed_text));
    let key = signing_key(&secret, &signature);
    for target in signed_paths(request) {
        let canonical = canonical_request(&target, &headers, &signature.headers, &payload);
        if verifies(&key, &string_to_sign(&date, &signature, &canonical), &signature.bytes) {
            let identity = identity(caller, request);
            return Ok(Identity {
                mode: Some(AuthMode::AwsIam),
                context: identity,
                expires_epoch_s: None,
            });
        }
    }
    let redacted = redact_session_token(&canonical_request(
        "/event\n",
        &headers,
        &signature.headers,
        &payload,
    ));
    let message =
        undocumented::signature_mismatch(&redacted, &string_to_sign(&date, &signature, &redacted));
    reject(&message, explain_mismatch(request, &signature, &headers, &key, &date, &payload))
}

/// A parsed SigV4 `Authorization`.
struct Signature {
    caller: Caller,
    /// `20260102/us-east-1/appsync/aws4_request`.
    scope: String,
    /// The signed headers: in lower case, in order.
    headers: Vec<String>,
    bytes: Vec<u8>,
}

impl Signature {
    fn parse(text: &str) -> Option<Self> {
        let rest = text.trim().strip_prefix(ALGORITHM)?;
        let part = |name: &str| {
            let mut parts = rest.split([',', ' ']).map(str::trim);
            parts.find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
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

/// Returns the secret key of an access key, if it is known.
fn secret_key(credentials: &BTreeMap<String, String>, access_key: &str) -> Option<String> {
    if let Some(secret) = credentials.get(access_key) {
        return Some(secret.clone());
    }
    let account = access_key.len() == 12 && access_key.bytes().all(|byte| byte.is_ascii_digit());
    (account || access_key == LOCAL).then(|| LOCAL.to_owned())
}

fn check_scope(signature: &Signature, request: &AuthRequest<'_>, date: &str) -> Result<(), String> {
    let Caller { service, region, .. } = &signature.caller;
    let own_region = &request.target.region;
    if service != "appsync" || region != own_region {
        return Err(format!(
            "it is signed for {service} in {region}, but must be signed for appsync in {own_region}"
        ));
    }
    match !date.is_empty() && date.get(..8) != Some(signature.date()) {
        true => Err("the date in the credential's scope differs from x-amz-date".to_owned()),
        false => Ok(()),
    }
}

/// Checks the signed host: the API's own, its custom domain, or the local address of the request.
fn check_host(request: &AuthRequest<'_>, signature: &Signature) -> Result<(), String> {
    if !signature.headers.iter().any(|header| header == "host") {
        return Err("the header host is not signed".to_owned());
    }
    let host = presented_value(request, "host").unwrap_or_default().to_ascii_lowercase();
    let name = without_port(&host);
    let (prefix, suffix) = (&request.api.dns_prefix, signature.caller.dns_suffix());
    let http = format!("{prefix}.appsync-api.{}.{suffix}", request.target.region);
    let request_host = request.headers.get("host").and_then(|values| values.first());
    let is_local = !name.contains(".amazonaws.com")
        && request_host.is_some_and(|text| text.eq_ignore_ascii_case(&host));
    let loopback = is_loopback(name) || name.ends_with(".localhost");
    let domain = request.target.domain.as_ref().is_some_and(|text| text.eq_ignore_ascii_case(name));
    match name == http || domain || is_local || loopback {
        true => Ok(()),
        false => Err(format!(
            "it is signed for the host {host:?}, but must be signed for {http}, also for the realtime host"
        )),
    }
}

/// Returns a field of the credentials, or else an HTTP header.
fn presented_value(request: &AuthRequest<'_>, name: &str) -> Option<String> {
    let field = request.credentials.fields.get(name).cloned();
    field.or_else(|| Some(request.headers.get(name)?.join(",")))
}

fn canonical_headers(request: &AuthRequest<'_>, names: &[String]) -> Result<String, String> {
    let mut lines = String::new();
    for name in names {
        let Some(value) = presented_value(request, name) else {
            return Err(format!("the header {name:?} is signed, but was not sent"));
        };
        let value = value.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        lines.push_str(&format!("{name}:{value}\n"));
    }
    Ok(lines)
}

/// Returns the paths that clients sign, each with a query: the API's, and the path of the request.
fn signed_paths(request: &AuthRequest<'_>) -> Vec<String> {
    let (path, query) = request.path.split_once('?').unwrap_or((request.path, ""));
    let mut query: Vec<&str> = query.split('&').filter(|text| !text.is_empty()).collect();
    query.sort_unstable();
    let query = query.join("&");
    let short = path.strip_suffix("/realtime").unwrap_or(path);
    let local = format!("/apis/{}/event", request.target.api_id);
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
    format!("{ALGORITHM}\n{date}\n{}\n{hash}", signature.scope)
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

/// Returns which part of a signature does not match, as far as it can be determined.
fn explain_mismatch(
    request: &AuthRequest<'_>,
    signature: &Signature,
    headers: &str,
    key: &[u8],
    date: &str,
    payload: &str,
) -> String {
    let verifies_over = |text: &[u8]| {
        let hash = hex(&Sha256::digest(text));
        signed_paths(request).iter().any(|target| {
            let canonical = canonical_request(target, headers, &signature.headers, &hash);
            verifies(key, &string_to_sign(date, signature, &canonical), &signature.bytes)
        })
    };
    let length = request.signed_text.len();
    let expected = format!("the text of {length} bytes whose SHA-256 is {payload}");
    let stated_hash = presented_value(request, "x-amz-content-sha256")
        .filter(|text| !text.eq_ignore_ascii_case(payload));
    if stated_hash.is_some() {
        return format!(
            "another body is signed: x-amz-content-sha256 is not the hash of {expected}"
        );
    }
    for (text, what) in [("{}", "connecting, over {}"), ("", "an empty body")] {
        if request.signed_text != text.as_bytes() && verifies_over(text.as_bytes()) {
            return format!("it is signed for {what}, but must be signed over {expected}");
        }
    }
    format!(
        "the signature does not match: the secret key differs, or the client did not sign the path /event, the headers {} as it sent them, and {expected}",
        signature.headers.join(";")
    )
}

/// Returns a canonical request without the session token.
fn redact_session_token(canonical: &str) -> String {
    let hide = |line: &str| match line.split_once(':') {
        Some((SESSION_TOKEN, _)) => format!("{SESSION_TOKEN}:..."),
        _ => line.to_owned(),
    };
    canonical.split('\n').map(hide).collect::<Vec<_>>().join("\n")
}

/// Returns the caller's identity, as STS does.
fn identity(caller: &Caller, request: &AuthRequest<'_>) -> Value {
    let (partition, account) = (caller.partition(), &caller.account);
    let arn = format!("arn:{partition}:iam::{account}:user/local");
    iam_identity_context(account, "AIDALOCALLOCALLOCALLO", &arn, &request.source_ips())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2).map(|byte| {
        let digits = std::str::from_utf8(byte).ok().filter(|text| text.len() == 2)?;
        u8::from_str_radix(digits, 16).ok()
    });
    digits.collect()
}

#[cfg(test)]
mod tests;
