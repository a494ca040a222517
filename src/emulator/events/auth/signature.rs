//! AWS_IAM: signatures of version 4, verified (reference §6.3).
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::emulator::caller::Caller;
use crate::emulator::events::auth::mode::{AWS_IAM, SIGNED};
use crate::emulator::events::auth::{Asked, Identity, source_ip};
use crate::emulator::events::plane::Plane;
use crate::emulator::events::problem::Problem;
use crate::emulator::{clock, unknowns};

/// The secret of the local AWS's own access keys: `local`, and each account's id.
const LOCAL: &str = "local";
/// Whose value is the client's secret, and shows nowhere.
const TOKEN: &str = "x-amz-security-token";

pub fn authorize(plane: &Plane, asked: &Asked<'_>, text: &str) -> Result<Identity, Problem> {
    let refuse = |why: String| Problem::unauthorized(why);
    let signature = Signature::read(text).ok_or_else(|| {
        let why = "the Authorization is no signature that can be read: AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…";
        refuse(why.to_owned())
    })?;
    let caller = &signature.caller;
    let Some(secret) = secret(plane, &caller.access_key) else {
        return Err(unknowns::unknown_access_key(plane.store.switches()).because(
            "the access key is not known here, so no signature of its can be verified; make it known with `provision local --credentials FILE`, or sign with the access key local and the secret local",
        ));
    };
    if caller.account != asked.place.account {
        return Err(refuse(format!(
            "the access key is one of account {}, and the API is in account {}",
            caller.account, asked.place.account
        )));
    }
    let date = value(asked, "x-amz-date").unwrap_or_default();
    check_scope(&signature, asked, &date).map_err(refuse)?;
    let wrong = |message: &str, why: String| {
        Err(unknowns::bad_signature(message, plane.store.switches()).because(why))
    };
    if let Some(message) = clock::refuse(&date, plane.store.now_epoch_s()) {
        return wrong(&message, format!("the signature is of another time: {message}"));
    }
    check_host(asked, &signature).map_err(refuse)?;
    let headers = canonical_headers(asked, &signature.headers).map_err(refuse)?;
    let payload = hex(&Sha256::digest(asked.signed));
    let key = signing_key(&secret, &signature);
    for target in targets(asked) {
        let canonical = canonical(&target, &headers, &signature.headers, &payload);
        if verifies(&key, &to_sign(&date, &signature, &canonical), &signature.bytes) {
            let identity = identity(caller, asked);
            return Ok(Identity { mode: AWS_IAM, context: identity, until_epoch_s: None });
        }
    }
    let shown = hidden(&canonical("/event\n", &headers, &signature.headers, &payload));
    let message = unknowns::signature_mismatch(&shown, &to_sign(&date, &signature, &shown));
    wrong(&message, why_not(asked, &signature, &headers, &key, &date, &payload))
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
    fn read(text: &str) -> Option<Self> {
        let rest = text.trim().strip_prefix(SIGNED)?;
        let part = |name: &str| {
            let mut parts = rest.split([',', ' ']).map(str::trim);
            parts.find_map(|it| it.strip_prefix(name)?.strip_prefix('='))
        };
        let credential = part("Credential")?;
        let caller = Caller::in_scope(credential)?;
        let scope = credential.strip_prefix(&caller.access_key)?.strip_prefix('/')?.to_owned();
        let headers = part("SignedHeaders")?.split(';').map(str::to_ascii_lowercase).collect();
        Some(Self { caller, scope, headers, bytes: unhex(part("Signature")?)? })
    }
    fn date(&self) -> &str {
        self.scope.split('/').next().unwrap_or_default()
    }
}

/// The secret key of an access key that is known here.
fn secret(plane: &Plane, access_key: &str) -> Option<String> {
    if let Some(secret) = plane.settings.credentials.get(access_key) {
        return Some(secret.clone());
    }
    let account = access_key.len() == 12 && access_key.bytes().all(|it| it.is_ascii_digit());
    (account || access_key == LOCAL).then(|| LOCAL.to_owned())
}

fn check_scope(signature: &Signature, asked: &Asked<'_>, date: &str) -> Result<(), String> {
    let Caller { service, region, .. } = &signature.caller;
    let here = &asked.place.region;
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

/// A signature is good for one host: the API's, or the address here by which it was reached.
fn check_host(asked: &Asked<'_>, signature: &Signature) -> Result<(), String> {
    if !signature.headers.iter().any(|it| it == "host") {
        return Err("the header host is not signed".to_owned());
    }
    let host = value(asked, "host").unwrap_or_default().to_ascii_lowercase();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|it| it.is_ascii_digit()) => name,
        _ => &host,
    };
    let (prefix, suffix) = (&asked.api.dns_prefix, signature.caller.dns_suffix());
    let http = format!("{prefix}.appsync-api.{}.{suffix}", asked.place.region);
    let by = asked.headers.get("host").and_then(|it| it.first());
    let here =
        !name.contains(".amazonaws.com") && by.is_some_and(|it| it.eq_ignore_ascii_case(&host));
    let loopback = name == "localhost"
        || name.ends_with(".localhost")
        || name
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|it| it.is_loopback());
    let domain = asked.place.domain.as_ref().is_some_and(|it| it.eq_ignore_ascii_case(name));
    match name == http || domain || here || loopback {
        true => Ok(()),
        false => Err(format!(
            "it is signed for the host {host:?}, and must be for {http}, also at the realtime host"
        )),
    }
}

/// What is presented under a name; else the HTTP header.
fn value(asked: &Asked<'_>, name: &str) -> Option<String> {
    let presented = asked.presented.fields.get(name).cloned();
    presented.or_else(|| Some(asked.headers.get(name)?.join(",")))
}

fn canonical_headers(asked: &Asked<'_>, names: &[String]) -> Result<String, String> {
    let mut lines = String::new();
    for name in names {
        let Some(value) = value(asked, name) else {
            return Err(format!("the header {name:?} is signed, and was not sent"));
        };
        let value = value.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        lines.push_str(&format!("{name}:{value}\n"));
    }
    Ok(lines)
}

/// The paths that clients sign, each with a query: the API's, and the one that was asked for here.
fn targets(asked: &Asked<'_>) -> Vec<String> {
    let (path, query) = asked.path.split_once('?').unwrap_or((asked.path, ""));
    let mut query: Vec<&str> = query.split('&').filter(|it| !it.is_empty()).collect();
    query.sort_unstable();
    let query = query.join("&");
    let short = path.strip_suffix("/realtime").unwrap_or(path);
    let local = format!("/apis/{}/event", asked.place.api_id);
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

fn canonical(target: &str, headers: &str, names: &[String], payload: &str) -> String {
    format!("POST\n{target}\n{headers}\n{}\n{payload}", names.join(";"))
}

fn to_sign(date: &str, signature: &Signature, canonical: &str) -> String {
    let hash = hex(&Sha256::digest(canonical.as_bytes()));
    format!("{SIGNED}\n{date}\n{}\n{hash}", signature.scope)
}

fn signing_key(secret: &str, signature: &Signature) -> Vec<u8> {
    let secret = format!("AWS4{secret}").into_bytes();
    signature
        .scope
        .split('/')
        .fold(secret, |key, part| keyed(&key, part).finalize().into_bytes().to_vec())
}

fn verifies(key: &[u8], to_sign: &str, signature: &[u8]) -> bool {
    keyed(key, to_sign).verify_slice(signature).is_ok()
}

fn keyed(key: &[u8], text: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac
}

/// Which part of a signature that does not match is to blame, as far as that can be known.
fn why_not(
    asked: &Asked<'_>,
    signature: &Signature,
    headers: &str,
    key: &[u8],
    date: &str,
    payload: &str,
) -> String {
    let over = |text: &[u8]| {
        let hash = hex(&Sha256::digest(text));
        targets(asked).iter().any(|target| {
            let canonical = canonical(target, headers, &signature.headers, &hash);
            verifies(key, &to_sign(date, signature, &canonical), &signature.bytes)
        })
    };
    let length = asked.signed.len();
    let expected = format!("the text of {length} bytes whose SHA-256 is {payload}");
    let stated =
        value(asked, "x-amz-content-sha256").filter(|it| !it.eq_ignore_ascii_case(payload));
    if stated.is_some() {
        return format!(
            "another body is signed: x-amz-content-sha256 is not the hash of {expected}"
        );
    }
    for (text, what) in [("{}", "connecting, over {}"), ("", "an empty body")] {
        if asked.signed != text.as_bytes() && over(text.as_bytes()) {
            return format!("it is signed for {what}, and must be over {expected}");
        }
    }
    format!(
        "the signature does not match: the secret key is another, or what is signed is not the path /event, the headers {} as they were sent, and {expected}",
        signature.headers.join(";")
    )
}

/// A canonical request without the session token.
fn hidden(canonical: &str) -> String {
    let hide = |line: &str| match line.split_once(':') {
        Some((TOKEN, _)) => format!("{TOKEN}:..."),
        _ => line.to_owned(),
    };
    canonical.split('\n').map(hide).collect::<Vec<_>>().join("\n")
}

/// Whoever STS says that this is.
fn identity(caller: &Caller, asked: &Asked<'_>) -> Value {
    let (partition, account) = (caller.partition(), &caller.account);
    json!({
        "accountId": account,
        "cognitoIdentityPoolId": null,
        "cognitoIdentityId": null,
        "sourceIp": source_ip(asked),
        "username": "AIDALOCALLOCALLOCALLO",
        "userArn": format!("arn:{partition}:iam::{account}:user/local"),
        "cognitoIdentityAuthType": null,
        "cognitoIdentityAuthProvider": null,
    })
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
mod tests {
    use super::*;
    use crate::emulator::events::auth::scene::{Asking, HOST, Scene};
    use crate::emulator::events::plane::Settings;
    use crate::emulator::unknowns::{BadSignature, Switches};

    const FIVE: &str = "accept;content-encoding;content-type;host;x-amz-date";
    const CONNECT: &str = "b45b91251165eb5c89d76d2a0b5ea557ae4a555979a69b9ae22dda5f6c4ac696";
    const PUBLISH: &str = "398ea38a3d128f178a36b9e629d98ad62e1f35a9374654b04c56dc179869d793";

    fn scene() -> Scene {
        let credentials = [("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")];
        let credentials = credentials.map(|(key, it)| (key.to_owned(), it.to_owned())).into();
        let settings = Settings { credentials, ..Settings::default() };
        Scene::with(json!([{"authType": "AWS_IAM"}]), settings)
    }

    fn vector<'a>(headers: &str, signature: &str) -> Asking<'a> {
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/appsync/aws4_request, SignedHeaders={headers}, Signature={signature}"
        );
        Asking::to_connect(&[
            ("accept", "application/json, text/javascript"),
            ("content-encoding", "amz-1.0"),
            ("content-type", "application/json; charset=UTF-8"),
            ("host", HOST),
            ("x-amz-date", "20260102T030405Z"),
            ("Authorization", &authorization),
        ])
    }

    fn set(mut asking: Asking<'static>, name: &'static str, value: &str) -> Asking<'static> {
        asking.fields.retain(|(it, _)| *it != name);
        asking.fields.push((name, value.to_owned()));
        asking
    }

    #[tokio::test]
    async fn the_references_vectors_verify() {
        let scene = scene();
        let check = async |asking: Asking<'_>| {
            let identity = scene.judge(&asking).await.unwrap();
            assert_eq!(identity.mode, AWS_IAM);
            assert_eq!(identity.context["userArn"], "arn:aws:iam::123456789012:user/local");
            assert_eq!(identity.context["sourceIp"], json!(["127.0.0.1"]));
        };
        check(vector(FIVE, CONNECT)).await;
        let subscribe = "4a4998c96c9e2bed8f2df13df5db80d1f6ae6f7189e5b37d47e8b2f6de8c5ec3";
        check(vector(FIVE, subscribe).over(r#"{"channel":"/default/*"}"#)).await;
        let events = r#"{"channel":"/default/a","events":["{\"msg\":\"hi\"}"]}"#;
        check(vector(FIVE, PUBLISH).over(events)).await;
        let with_token = "4ea168e913993782a8c5d620f008d1052660c37a3c7930b1cebc64dfeb6ae0ed";
        let six = format!("{FIVE};x-amz-security-token");
        check(set(vector(&six, with_token), "X-Amz-Security-Token", "TOKEN")).await;
    }

    #[tokio::test]
    async fn a_signature_over_another_body_says_what_had_to_be_signed_as_aws_does() {
        let scene = scene();
        let other = vector(FIVE, PUBLISH).over(r#"{"channel":"/default/a","events":["1"]}"#);
        let problem = scene.judge(&other).await.unwrap_err();
        assert_eq!((problem.status, &*problem.error_type), (400, "BadRequestException"));
        let message = problem.message.unwrap();
        assert!(
            message.contains("should have been\n'POST\n/event\n\naccept:application/json"),
            "{message}"
        );
        assert!(problem.why.unwrap().contains("the secret key is another, or"));
        let connect = vector(FIVE, CONNECT).over(r#"{"channel":"/default/*"}"#);
        let why = scene.judge(&connect).await.unwrap_err().why.unwrap();
        assert!(why.contains("signed for connecting, over {}"), "{why}");
    }

    #[tokio::test]
    async fn no_token_and_no_signature_is_ever_shown() {
        let six = format!("{FIVE};x-amz-security-token");
        let asking = set(vector(&six, CONNECT), "x-amz-security-token", "HUSH");
        let problem = scene().judge(&asking).await.unwrap_err();
        let shown = format!("{:?}", problem);
        assert!(!shown.contains("HUSH") && !shown.contains(CONNECT), "{shown}");
    }

    #[tokio::test]
    async fn whoever_wants_has_bad_signatures_unauthorized() {
        let switches =
            Switches { bad_signature: BadSignature::Unauthorized, ..Switches::default() };
        let providers = json!([{"authType": "AWS_IAM"}]);
        let scene = Scene::switched(providers, Settings::default(), switches);
        let problem = scene.judge(&vector(FIVE, CONNECT)).await.unwrap_err();
        assert_eq!((problem.status, problem.message), (401, None));
    }

    #[tokio::test]
    async fn a_signature_is_good_for_its_time_its_place_its_host_and_its_account() {
        let mut scene = scene();
        let why = scene.why(&set(vector(FIVE, CONNECT), "host", "evil.example.com")).await;
        assert!(why.contains("signed for the host \"evil.example.com\""), "{why}");
        let why = scene.why(&vector("x-amz-date", CONNECT)).await;
        assert!(why.contains("host is not signed"), "{why}");
        let why = scene.why(&vector("host;x-amz-date;x-more", CONNECT)).await;
        assert!(why.contains("\"x-more\" is signed, and was not sent"), "{why}");
        scene.plane.store.move_clock(301.0);
        let problem = scene.judge(&vector(FIVE, CONNECT)).await.unwrap_err();
        assert!(problem.message.unwrap().starts_with("Signature expired: 20260102T030405Z"));
        let none = set(vector(FIVE, CONNECT), "x-amz-date", "");
        assert!(scene.judge(&none).await.unwrap_err().why.unwrap().contains("of another time"));
        scene.plane.store.move_clock(-301.0);
        scene.place.region = "eu-west-1".into();
        let why = scene.why(&vector(FIVE, CONNECT)).await;
        assert!(
            why.contains("appsync in us-east-1, and must be for appsync in eu-west-1"),
            "{why}"
        );
        scene.place.account = "000000000001".into();
        let why = scene.why(&vector(FIVE, CONNECT)).await;
        assert!(
            why.contains("account 123456789012, and the API is in account 000000000001"),
            "{why}"
        );
    }

    #[tokio::test]
    async fn an_access_key_that_nobody_knows_is_told_how_to_become_known() {
        let scene = Scene::with(json!([{"authType": "AWS_IAM"}]), Settings::default());
        let problem = scene.judge(&vector(FIVE, CONNECT)).await.unwrap_err();
        assert_eq!(problem.error_type, "UnrecognizedClientException");
        assert!(problem.why.unwrap().contains("provision local --credentials FILE"));
        let why =
            scene.why(&set(vector(FIVE, CONNECT), "Authorization", "AWS4-HMAC-SHA256 x")).await;
        assert!(why.contains("no signature that can be read"), "{why}");
    }

    /// As another implementation of SigV4 signs, whatever it chooses to sign.
    fn signed(
        access_key: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Vec<(String, String)> {
        use std::time::{Duration, UNIX_EPOCH};

        use aws_sigv4::http_request::{
            PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign,
        };

        let now = crate::emulator::events::auth::scene::NOW;
        let identity = aws_credential_types::Credentials::new(access_key, "local", None, None, "t");
        let identity = identity.into();
        let mut settings = SigningSettings::default();
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let parameters = aws_sigv4::sign::v4::SigningParams::builder()
            .identity(&identity)
            .region("us-east-1")
            .name("appsync")
            .time(UNIX_EPOCH + Duration::from_secs_f64(now))
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let body = SignableBody::Bytes(body.as_bytes());
        let request = SignableRequest::new("POST", url, headers.iter().copied(), body).unwrap();
        let (signed, _) = sign(request, &parameters).unwrap().into_parts();
        signed.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[tokio::test]
    async fn a_request_may_be_signed_for_the_address_here() {
        let scene = Scene::with(json!([{"authType": "AWS_IAM"}]), Settings::default());
        let check = async |url: &str, host: &str, path: &str, expected: bool| {
            let headers = signed("local", url, &[("host", host)], "body");
            let headers: Vec<_> =
                headers.iter().map(|(name, it)| (name.as_str(), it.as_str())).collect();
            let mut asking = Asking::to_publish("/default/a", &headers).over("body");
            asking.fields.push(("host", host.to_owned()));
            asking.headers.push(("host", host));
            asking.path = path;
            let judged = scene.judge(&asking).await;
            assert_eq!(judged.is_ok(), expected, "{url} {judged:?}");
        };
        let local = "127.0.0.1:4100";
        check("http://127.0.0.1:4100/apis/id/event", local, "/apis/id/event", true).await;
        check("http://127.0.0.1:4100/event", local, "/apis/id/event", true).await;
        check(
            "http://id.localhost:4100/event?b=2&a=1",
            "id.localhost:4100",
            "/event?b=2&a=1",
            true,
        )
        .await;
        check(&format!("https://{HOST}/event"), HOST, "/event", true).await;
        check("http://127.0.0.1:4100/apis/other/event", local, "/apis/id/event", false).await;
        check(
            "http://x.appsync-api.us-east-1.amazonaws.com/event",
            "x.appsync-api.us-east-1.amazonaws.com",
            "/event",
            false,
        )
        .await;
    }

    #[tokio::test]
    async fn another_body_than_its_stated_hash_is_found_out() {
        let scene = Scene::with(json!([{"authType": "AWS_IAM"}]), Settings::default());
        let headers = signed("local", &format!("https://{HOST}/event"), &[("host", HOST)], "body");
        let headers: Vec<_> =
            headers.iter().map(|(name, it)| (name.as_str(), it.as_str())).collect();
        let mut asking = Asking::to_publish("/default/a", &headers).over("another");
        asking.fields.push(("host", HOST.to_owned()));
        let why = scene.judge(&asking).await.unwrap_err().why.unwrap();
        assert!(why.contains("another body is signed"), "{why}");
    }
}
