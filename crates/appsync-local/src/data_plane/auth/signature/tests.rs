use serde_json::json;

use super::*;
use crate::data_plane::auth::fixture::{AuthFixture, HOST, TestRequest};
use crate::data_plane::state::Settings;
use crate::emulator_options::{BadSignatureError, EmulatorOptions};

const FIVE: &str = "accept;content-encoding;content-type;host;x-amz-date";
const CONNECT: &str = "b45b91251165eb5c89d76d2a0b5ea557ae4a555979a69b9ae22dda5f6c4ac696";
const PUBLISH: &str = "398ea38a3d128f178a36b9e629d98ad62e1f35a9374654b04c56dc179869d793";

fn fixture() -> AuthFixture {
    let credentials = [("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")];
    let credentials =
        credentials.map(|(key, credential)| (key.to_owned(), credential.to_owned())).into();
    let settings = Settings { credentials, ..Settings::default() };
    AuthFixture::with(json!([{"authType": "AWS_IAM"}]), settings)
}

fn vector<'a>(headers: &str, signature: &str) -> TestRequest<'a> {
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/appsync/aws4_request, SignedHeaders={headers}, Signature={signature}"
    );
    TestRequest::connect(&[
        ("accept", "application/json, text/javascript"),
        ("content-encoding", "amz-1.0"),
        ("content-type", "application/json; charset=UTF-8"),
        ("host", HOST),
        ("x-amz-date", "20260102T030405Z"),
        ("Authorization", &authorization),
    ])
}

fn set(mut request: TestRequest<'static>, name: &'static str, value: &str) -> TestRequest<'static> {
    request.fields.retain(|(field, _)| *field != name);
    request.fields.push((name, value.to_owned()));
    request
}

#[tokio::test]
async fn the_test_vectors_of_the_reference_verify() {
    let fixture = fixture();
    let check = async |request: TestRequest<'_>| {
        let identity = fixture.authorize(&request).await.unwrap();
        assert_eq!(identity.mode, Some(AuthMode::AwsIam));
        assert_eq!(identity.context["userArn"], "arn:aws:iam::123456789012:user/local");
        assert_eq!(identity.context["sourceIp"], json!(["127.0.0.1"]));
    };
    check(vector(FIVE, CONNECT)).await;
    let subscribe = "4a4998c96c9e2bed8f2df13df5db80d1f6ae6f7189e5b37d47e8b2f6de8c5ec3";
    check(vector(FIVE, subscribe).with_signed_text(r#"{"channel":"/default/*"}"#)).await;
    let events = r#"{"channel":"/default/a","events":["{\"msg\":\"hi\"}"]}"#;
    check(vector(FIVE, PUBLISH).with_signed_text(events)).await;
    let with_token = "4ea168e913993782a8c5d620f008d1052660c37a3c7930b1cebc64dfeb6ae0ed";
    let six = format!("{FIVE};x-amz-security-token");
    check(set(vector(&six, with_token), "X-Amz-Security-Token", "TOKEN")).await;
}

#[tokio::test]
async fn the_error_of_a_signature_over_another_body_has_the_canonical_request() {
    let fixture = fixture();
    let other =
        vector(FIVE, PUBLISH).with_signed_text(r#"{"channel":"/default/a","events":["1"]}"#);
    let error = fixture.authorize(&other).await.unwrap_err();
    assert_eq!((error.status, &*error.error_type), (400, "BadRequestException"));
    let message = error.message.unwrap();
    assert!(
        message.contains("should have been\n'POST\n/event\n\naccept:application/json"),
        "{message}"
    );
    assert!(error.reason.unwrap().contains("the secret key differs, or"));
    let connect = vector(FIVE, CONNECT).with_signed_text(r#"{"channel":"/default/*"}"#);
    let why = fixture.authorize(&connect).await.unwrap_err().reason.unwrap();
    assert!(why.contains("signed for connecting, over {}"), "{why}");
}

#[tokio::test]
async fn errors_contain_no_token_and_no_signature() {
    let six = format!("{FIVE};x-amz-security-token");
    let request = set(vector(&six, CONNECT), "x-amz-security-token", "HUSH");
    let error = fixture().authorize(&request).await.unwrap_err();
    let text = format!("{:?}", error);
    assert!(!text.contains("HUSH") && !text.contains(CONNECT), "{text}");
}

#[tokio::test]
async fn an_emulator_option_makes_bad_signatures_unauthorized() {
    let options = EmulatorOptions {
        bad_signature: BadSignatureError::Unauthorized,
        ..EmulatorOptions::default()
    };
    let providers = json!([{"authType": "AWS_IAM"}]);
    let fixture = AuthFixture::with_options(providers, Settings::default(), options);
    let error = fixture.authorize(&vector(FIVE, CONNECT)).await.unwrap_err();
    assert_eq!((error.status, error.message), (401, None));
}

#[tokio::test]
async fn a_signature_is_valid_for_its_time_its_region_its_host_and_its_account() {
    let mut fixture = fixture();
    let why = fixture.denial_reason(&set(vector(FIVE, CONNECT), "host", "evil.example.com")).await;
    assert!(why.contains("signed for the host \"evil.example.com\""), "{why}");
    let why = fixture.denial_reason(&vector("x-amz-date", CONNECT)).await;
    assert!(why.contains("host is not signed"), "{why}");
    let why = fixture.denial_reason(&vector("host;x-amz-date;x-more", CONNECT)).await;
    assert!(why.contains("\"x-more\" is signed, but was not sent"), "{why}");
    fixture.data_plane.store.move_clock(301.0);
    let error = fixture.authorize(&vector(FIVE, CONNECT)).await.unwrap_err();
    assert!(error.message.unwrap().starts_with("Signature expired: 20260102T030405Z"));
    let none = set(vector(FIVE, CONNECT), "x-amz-date", "");
    assert!(
        fixture
            .authorize(&none)
            .await
            .unwrap_err()
            .reason
            .unwrap()
            .contains("not valid at this time")
    );
    fixture.data_plane.store.move_clock(-301.0);
    fixture.target.region = "eu-west-1".into();
    let why = fixture.denial_reason(&vector(FIVE, CONNECT)).await;
    assert!(
        why.contains("appsync in us-east-1, but must be signed for appsync in eu-west-1"),
        "{why}"
    );
    fixture.target.account = "000000000001".into();
    let why = fixture.denial_reason(&vector(FIVE, CONNECT)).await;
    assert!(why.contains("account 123456789012, but the API is in account 000000000001"), "{why}");
}

#[tokio::test]
async fn the_error_of_an_unknown_access_key_explains_how_to_add_it() {
    let fixture = AuthFixture::with(json!([{"authType": "AWS_IAM"}]), Settings::default());
    let error = fixture.authorize(&vector(FIVE, CONNECT)).await.unwrap_err();
    assert_eq!(error.error_type, "UnrecognizedClientException");
    assert!(error.reason.unwrap().contains("provision local --credentials FILE"));
    let why = fixture
        .denial_reason(&set(vector(FIVE, CONNECT), "Authorization", "AWS4-HMAC-SHA256 x"))
        .await;
    assert!(why.contains("not a valid signature"), "{why}");
}

/// Signs with another implementation of SigV4, which chooses what it signs.
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

    let now = crate::data_plane::auth::fixture::NOW;
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
async fn a_request_may_be_signed_for_the_emulators_address() {
    let fixture = AuthFixture::with(json!([{"authType": "AWS_IAM"}]), Settings::default());
    let check = async |url: &str, host: &str, path: &str, expected: bool| {
        let headers = signed("local", url, &[("host", host)], "body");
        let headers: Vec<_> =
            headers.iter().map(|(name, header)| (name.as_str(), header.as_str())).collect();
        let mut request = TestRequest::publish("/default/a", &headers).with_signed_text("body");
        request.fields.push(("host", host.to_owned()));
        request.headers.push(("host", host));
        request.path = path;
        let result = fixture.authorize(&request).await;
        assert_eq!(result.is_ok(), expected, "{url} {result:?}");
    };
    let local = "127.0.0.1:4100";
    check("http://127.0.0.1:4100/apis/id/event", local, "/apis/id/event", true).await;
    check("http://127.0.0.1:4100/event", local, "/apis/id/event", true).await;
    check("http://id.localhost:4100/event?b=2&a=1", "id.localhost:4100", "/event?b=2&a=1", true)
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
async fn a_body_that_differs_from_its_hash_is_denied() {
    let fixture = AuthFixture::with(json!([{"authType": "AWS_IAM"}]), Settings::default());
    let headers = signed("local", &format!("https://{HOST}/event"), &[("host", HOST)], "body");
    let headers: Vec<_> =
        headers.iter().map(|(name, header)| (name.as_str(), header.as_str())).collect();
    let mut request = TestRequest::publish("/default/a", &headers).with_signed_text("another");
    request.fields.push(("host", HOST.to_owned()));
    let why = fixture.authorize(&request).await.unwrap_err().reason.unwrap();
    assert!(why.contains("another body is signed"), "{why}");
}
