use jsonwebtoken::{EncodingKey, Header, encode};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PublicKeyData};

use super::*;
use crate::data_plane::auth::fixture::{AuthFixture, NOW, TestRequest};
use crate::data_plane::state::Settings;
use crate::data_plane::testing::{Stub, response};

const ISSUER: &str = "https://id.example.com";
const POOL: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_pool";
/// A public RSA key, and tokens that it verifies. The private key no longer exists.
const RSA: &str = include_str!("rsa.json");

/// An issuer with the keys `p256`, `p384` and `rsa`, and an API that trusts it.
struct IssuerFixture {
    auth: AuthFixture,
    stub: Stub,
    p256: KeyPair,
    p384: KeyPair,
}

fn jwk(kid: &str, pair: &KeyPair) -> Value {
    let point = &pair.der_bytes()[1..];
    let (x, y) = point.split_at(point.len() / 2);
    let curve = if x.len() == 32 { "P-256" } else { "P-384" };
    let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
    json!({"kty": "EC", "crv": curve, "kid": kid, "x": x, "y": y})
}

impl IssuerFixture {
    async fn new(provider: Value) -> Self {
        let p256 = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let p384 = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
        let rsa: Value = serde_json::from_str(RSA).unwrap();
        let rsa = json!({"kty": "RSA", "kid": "rsa", "n": rsa["n"], "e": rsa["e"], "use": "sig"});
        let shared = json!({"kty": "oct", "kid": "shared", "k": "c2VjcmV0"});
        let keys = json!({"keys": [jwk("p256", &p256), jwk("p384", &p384), rsa, shared]});
        let stub = Stub::serve(move |request| match request.uri.as_str() {
            "/.well-known/openid-configuration" => {
                let host = request.headers["host"].to_str().unwrap();
                response(200, json!({"jwks_uri": format!("http://{host}/keys")}).to_string())
            }
            "/keys" | "/.well-known/jwks.json" => response(200, keys.to_string()),
            _ => response(404, ""),
        })
        .await;
        let mut settings = Settings::default();
        settings.issuers.insert(ISSUER.into(), stub.url.clone());
        settings.issuers.insert(POOL.into(), stub.url.clone());
        Self { auth: AuthFixture::with(json!([provider]), settings), stub, p256, p384 }
    }

    /// Returns a token of the issuer, with `over` merged into its claims.
    fn token(&self, claims: &Value, changes: &Value) -> String {
        self.token_of("p256", Algorithm::ES256, &self.p256, claims, changes)
    }

    fn token_of(
        &self,
        kid: &str,
        algorithm: Algorithm,
        pair: &KeyPair,
        claims: &Value,
        changes: &Value,
    ) -> String {
        let header = Header { kid: Some(kid.into()), ..Header::new(algorithm) };
        let key = EncodingKey::from_ec_der(&pair.serialize_der());
        encode(&header, &merged(claims, changes), &key).unwrap()
    }

    async fn authorize(&self, token: &str) -> Identity {
        let request = TestRequest::publish("/default/a", &[("Authorization", token)]);
        self.auth.authorize(&request).await.unwrap()
    }

    async fn assert_denied(&self, token: &str, expected: &str) {
        let request = TestRequest::publish("/default/a", &[("Authorization", token)]);
        let reason = self.auth.denial_reason(&request).await;
        assert!(reason.contains(expected) && !reason.contains(token), "{reason}");
    }
}

/// Null removes a claim.
fn merged(claims: &Value, changes: &Value) -> Value {
    let mut claims = claims.clone();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => claims.as_object_mut().unwrap().shift_remove(name),
            _ => claims.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    claims
}

fn connect(more: &Value) -> Value {
    let config = json!({"issuer": ISSUER, "clientId": "web|mobile-.*", "iatTTL": 0, "authTTL": 0});
    json!({"authType": "OPENID_CONNECT", "openIDConnectConfig": merged(&config, more)})
}

fn claims() -> Value {
    json!({"iss": ISSUER, "sub": "user", "aud": "web", "iat": NOW, "exp": NOW + 60.0})
}

fn pool() -> Value {
    let config = json!({
        "awsRegion": "us-east-1", "userPoolId": "us-east-1_pool", "appIdClientRegex": "app[0-9]",
    });
    json!({"authType": "AMAZON_COGNITO_USER_POOLS", "cognitoConfig": config})
}

fn pool_claims() -> Value {
    json!({
        "iss": POOL, "sub": "1", "token_use": "access", "client_id": "app1", "username": "ann",
        "exp": NOW + 60.0,
    })
}

#[tokio::test]
async fn tokens_with_every_supported_algorithm_are_authorized() {
    let fixture = IssuerFixture::new(connect(&json!({}))).await;
    let token = fixture.token(&claims(), &json!({}));
    let identity = fixture.authorize(&token).await;
    assert_eq!(
        (identity.mode, identity.expires_epoch_s),
        (Some(AuthMode::OpenIdConnect), Some(NOW + 60.0))
    );
    assert_eq!(identity.context, json!({"claims": claims(), "issuer": ISSUER, "sub": "user"}));
    fixture.authorize(&format!("Bearer {token}")).await;
    fixture
        .authorize(&fixture.token_of(
            "p384",
            Algorithm::ES384,
            &fixture.p384,
            &claims(),
            &json!({}),
        ))
        .await;
    let rsa: Value = serde_json::from_str(RSA).unwrap();
    fixture.authorize(rsa["RS256"].as_str().unwrap()).await;
    fixture.authorize(rsa["PS256"].as_str().unwrap()).await;
    assert_eq!(fixture.stub.requests().len(), 2, "the keys are requested once");
}

#[tokio::test]
async fn a_token_with_the_wrong_time_issuer_or_client_is_denied() {
    let fixture = IssuerFixture::new(connect(&json!({}))).await;
    let check = async |changes: Value, expected: &str| {
        fixture.assert_denied(&fixture.token(&claims(), &changes), expected).await;
    };
    check(json!({"exp": NOW}), "expired at 2026-01-02T03:04:05Z").await;
    check(json!({"exp": null}), "no exp").await;
    check(json!({"nbf": NOW + 1.0}), "not valid before 2026-01-02T03:04:06Z").await;
    check(json!({"iat": null}), "no iat").await;
    check(json!({"iss": "https://evil.example.com"}), "the API trusts https://id.example.com")
        .await;
    check(json!({"iss": format!("{ISSUER}/")}), "differ in the slash at the end").await;
    check(json!({"iss": null}), "no `iss`").await;
    check(json!({"aud": "webs"}), "(webs) matches the API's clientId").await;
    check(json!({"aud": ["a", "b"], "azp": "c"}), "(a, b, c)").await;
    check(json!({"aud": null}), "neither aud nor azp").await;
    for changes in [
        json!({"aud": ["a", "web"]}),
        json!({"aud": null, "azp": "mobile-1"}),
        json!({"iss": fixture.stub.url}),
        json!({"nbf": NOW}),
    ] {
        fixture.authorize(&fixture.token(&claims(), &changes)).await;
    }
    fixture.auth.data_plane.store.move_clock(60.0);
    fixture.assert_denied(&fixture.token(&claims(), &json!({})), "expired at").await;
}

#[tokio::test]
async fn a_forged_token_is_denied() {
    let fixture = IssuerFixture::new(connect(&json!({}))).await;
    let token = fixture.token(&claims(), &json!({}));
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (header, _) = message.split_once('.').unwrap();
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let mine = encoded(&merged(&claims(), &json!({"sub": "root"})));
    fixture
        .assert_denied(&format!("{header}.{mine}.{signature}"), "not that of its issuer's key")
        .await;
    fixture.assert_denied(&format!("{message}."), "not that of its issuer's key").await;
    fixture.assert_denied(&format!("{message}.!!"), "not that of its issuer's key").await;
    for name in ["none", "NONE", "", "EdDSA", "RS256", "ES384"] {
        let header = encoded(&json!({"alg": name, "kid": "p256"}));
        fixture.assert_denied(&format!("{header}.{mine}."), "which its key does not support").await;
    }
    // The public key used as a shared secret.
    for (kid, name) in [("rsa", "HS256"), ("p256", "HS384"), ("shared", "HS512")] {
        let header = Header { kid: Some(kid.into()), ..Header::new(name.parse().unwrap()) };
        let token = encode(&header, &claims(), &EncodingKey::from_secret(b"secret")).unwrap();
        fixture.assert_denied(&token, "the emulator cannot verify it").await;
    }
    let header = encoded(&json!({"alg": "ES512", "kid": "p521"}));
    fixture.assert_denied(&format!("{header}.{mine}.x"), "ES512").await;
    let header = encoded(&json!({"alg": "ES256"}));
    fixture.assert_denied(&format!("{header}.{mine}.x"), "no kid").await;
    let header = encoded(&json!({"alg": "ES256", "kid": "p256", "crit": ["b64"]}));
    fixture.assert_denied(&format!("{header}.{mine}.x"), "crit").await;
    let other = KeyPair::generate().unwrap();
    for kid in ["p256", KID] {
        let token = fixture.token_of(kid, Algorithm::ES256, &other, &claims(), &json!({}));
        fixture.assert_denied(&token, "not that of its issuer's key").await;
    }
}

#[tokio::test]
async fn an_unknown_key_is_requested_again_only_after_an_interval() {
    let fixture = IssuerFixture::new(connect(&json!({}))).await;
    let token = fixture.token_of("gone", Algorithm::ES256, &fixture.p256, &claims(), &json!({}));
    let check = async |token: &str, expected: usize| {
        let request = TestRequest::publish("/default/a", &[("Authorization", token)]);
        let result = fixture.auth.authorize(&request).await;
        assert_eq!(fixture.stub.requests().len(), expected, "{result:?}");
    };
    fixture.assert_denied(&token, "no usable key with the token's kid (3 keys").await;
    check(&token, 2).await;
    fixture.auth.data_plane.store.move_clock(9.0);
    check(&token, 2).await;
    fixture.auth.data_plane.store.move_clock(1.0);
    check(&token, 4).await;
    let known = fixture.token(&claims(), &json!({"exp": NOW + 1_000.0}));
    fixture.auth.data_plane.store.move_clock(299.0);
    check(&known, 4).await;
    fixture.auth.data_plane.store.move_clock(1.0);
    check(&known, 6).await;
}

#[tokio::test]
async fn tokens_of_an_unreachable_issuer_are_denied_with_a_help() {
    let fixture = IssuerFixture::new(connect(&json!({"issuer": "https://127.0.0.1:1"}))).await;
    let token = fixture.token(&claims(), &json!({"iss": "https://127.0.0.1:1"}));
    fixture.assert_denied(&token, "provision local --issuer ISSUER=URL").await;
}

#[tokio::test]
async fn limits_since_issue_and_since_sign_in_are_milliseconds() {
    let fixture = IssuerFixture::new(connect(&json!({"iatTTL": 5_000, "authTTL": 9_000}))).await;
    let until = async |changes: Value| {
        fixture.authorize(&fixture.token(&claims(), &changes)).await.expires_epoch_s
    };
    assert_eq!(until(json!({})).await, Some(NOW + 5.0));
    assert_eq!(until(json!({"auth_time": NOW - 6.0})).await, Some(NOW + 3.0));
    let late = fixture.token(&claims(), &json!({"iat": NOW - 5.0}));
    fixture.assert_denied(&late, "longer ago than the 5000 ms of iatTTL").await;
    let late = fixture.token(&claims(), &json!({"auth_time": NOW - 9.0}));
    fixture.assert_denied(&late, "the 9000 ms of authTTL").await;
}

#[tokio::test]
async fn id_tokens_and_access_tokens_of_a_user_pool_are_authorized() {
    let fixture = IssuerFixture::new(pool()).await;
    let identity = fixture.authorize(&fixture.token(&pool_claims(), &json!({}))).await;
    assert_eq!(
        identity.context,
        json!({
            "sub": "1", "issuer": POOL, "username": "ann", "claims": pool_claims(),
            "sourceIp": ["127.0.0.1"], "defaultAuthStrategy": "ALLOW", "groups": null,
        })
    );
    let id = json!({
        "token_use": "id", "aud": "app2", "client_id": null, "username": null,
        "cognito:username": "bob", "cognito:groups": ["admins"],
    });
    let identity = fixture.authorize(&fixture.token(&pool_claims(), &id)).await;
    assert_eq!(identity.context["username"], "bob");
    assert_eq!(identity.context["groups"], json!(["admins"]));
    let check = async |changes: Value, expected: &str| {
        fixture.assert_denied(&fixture.token(&pool_claims(), &changes), expected).await;
    };
    check(json!({"client_id": "app12"}), "client_id is \"app12\", which does not match").await;
    check(json!({"token_use": "id"}), "aud is \"\"").await;
    check(json!({"token_use": "refresh"}), "neither id nor access").await;
    check(json!({"iss": ISSUER}), &format!("the API trusts {POOL}")).await;
}

#[tokio::test]
async fn tokens_of_the_local_issuer_are_authorized() {
    use crate::data_plane::auth::TokenRequest;

    for provider in [connect(&json!({})), pool()] {
        let mut fixture = IssuerFixture::new(provider.clone()).await;
        if provider == pool() {
            let config = &mut fixture.auth.api.event_config["authProviders"][0]["cognitoConfig"];
            config["appIdClientRegex"] = json!("^app1$|^app2$");
            fixture.auth.store_api(&fixture.auth.api);
        }
        let request = TokenRequest {
            username: Some("ann".into()),
            groups: vec!["admins".into()],
            claims: Map::from_iter([("admin".to_owned(), json!(true))]),
            ..TokenRequest::default()
        };
        let token = fixture.auth.data_plane.create_token(&request).unwrap();
        let identity = fixture.authorize(&token).await;
        assert_eq!(identity.context["claims"]["admin"], true);
        assert_eq!(identity.expires_epoch_s, Some(NOW + 3_600.0));
        assert_eq!(fixture.stub.requests().len(), 0, "no issuer is called");
        let late = TokenRequest { expires_in_s: Some(0.0), ..request.clone() };
        fixture
            .assert_denied(&fixture.auth.data_plane.create_token(&late).unwrap(), "expired")
            .await;
        let other = TokenRequest { client_id: Some("other".into()), ..request.clone() };
        fixture
            .assert_denied(&fixture.auth.data_plane.create_token(&other).unwrap(), "other")
            .await;
    }
}

#[tokio::test]
async fn the_local_issuer_explains_why_it_cannot_create_a_token() {
    use crate::data_plane::auth::TokenRequest;

    let fixture = IssuerFixture::new(pool()).await;
    let data_plane = &fixture.auth.data_plane;
    let check = |request: TokenRequest, expected: &str| {
        let error = data_plane.create_token(&request).unwrap_err();
        assert!(error.contains(expected), "{error}");
    };
    check(TokenRequest::default(), "match app[0-9]; specify one with `--client-id`");
    let api = Some("none".to_owned());
    check(TokenRequest { api, ..TokenRequest::default() }, "no API `none` accepts tokens");
    let mode = Some(AuthMode::OpenIdConnect.name().to_owned());
    check(TokenRequest { mode, ..TokenRequest::default() }, &format!("the APIs trust {POOL}"));
    let mut other = fixture.auth.api.clone();
    (other.id, other.name) = ("other".into(), "games".into());
    fixture.auth.store_api(&other);
    check(TokenRequest::default(), "--client-id");
    other.event_config["authProviders"] = json!([connect(&json!({}))]);
    fixture.auth.store_api(&other);
    check(TokenRequest::default(), "the API games (other), OPENID_CONNECT https://id.example.com");
}

#[test]
fn only_a_well_formed_jwt_is_parsed() {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let (header, claims) = (part(r#"{"alg":"ES256"}"#), part("{}"));
    let check = |text: &str, expected: bool| {
        assert_eq!(UnverifiedToken::parse(text).is_some(), expected, "{text}");
    };
    check(&format!("{header}.{claims}.x"), true);
    check(&format!("bearer  {header}.{claims}."), true);
    check(&format!("{header}.{claims}"), false);
    check(&format!("prefix-{header}.{claims}.x"), false);
    check(&format!("{}.{claims}.x", part("{}")), false);
    check(&format!("{header}.{}.x", part("[]")), false);
    check("a.b.c", false);
    check("", false);
}
