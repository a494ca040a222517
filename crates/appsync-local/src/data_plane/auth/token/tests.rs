use jsonwebtoken::{EncodingKey, Header, encode};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PublicKeyData};

use super::*;
use crate::data_plane::auth::fixture::{AuthFixture, NOW, TestRequest};
use crate::data_plane::auth::mode::OPENID_CONNECT;
use crate::data_plane::settings::Settings;
use crate::data_plane::testing::{Stub, response};

const ISSUER: &str = "https://id.example.com";
const POOL: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_pool";
/// A public RSA key, and tokens whose private key no longer exists.
const RSA: &str = include_str!("rsa.json");

/// An issuer with keys `p256`, `p384` and `rsa`, and an API that trusts it.
struct IssuerFixture {
    scene: AuthFixture,
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
        let stub = Stub::serve(move |it| match it.uri.as_str() {
            "/.well-known/openid-configuration" => {
                let host = it.headers["host"].to_str().unwrap();
                response(200, json!({"jwks_uri": format!("http://{host}/keys")}).to_string())
            }
            "/keys" | "/.well-known/jwks.json" => response(200, keys.to_string()),
            _ => response(404, ""),
        })
        .await;
        let mut settings = Settings::default();
        settings.issuers.insert(ISSUER.into(), stub.url.clone());
        settings.issuers.insert(POOL.into(), stub.url.clone());
        Self { scene: AuthFixture::with(json!([provider]), settings), stub, p256, p384 }
    }

    /// A token of the issuer's, with its claims as `over` has them.
    fn token(&self, claims: &Value, over: &Value) -> String {
        self.token_of("p256", Algorithm::ES256, &self.p256, claims, over)
    }

    fn token_of(
        &self,
        kid: &str,
        algorithm: Algorithm,
        pair: &KeyPair,
        claims: &Value,
        over: &Value,
    ) -> String {
        let header = Header { kid: Some(kid.into()), ..Header::new(algorithm) };
        let key = EncodingKey::from_ec_der(&pair.serialize_der());
        encode(&header, &merged(claims, over), &key).unwrap()
    }

    async fn authorize(&self, token: &str) -> Identity {
        let asking = TestRequest::publish("/default/a", &[("Authorization", token)]);
        self.scene.authorize(&asking).await.unwrap()
    }

    async fn assert_denied(&self, token: &str, expected: &str) {
        let asking = TestRequest::publish("/default/a", &[("Authorization", token)]);
        let why = self.scene.denial_reason(&asking).await;
        assert!(why.contains(expected) && !why.contains(token), "{why}");
    }
}

/// Null removes a claim.
fn merged(claims: &Value, over: &Value) -> Value {
    let mut claims = claims.clone();
    for (name, value) in over.as_object().unwrap() {
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
async fn every_kind_of_key_authorizes_its_issuers_users() {
    let world = IssuerFixture::new(connect(&json!({}))).await;
    let token = world.token(&claims(), &json!({}));
    let identity = world.authorize(&token).await;
    assert_eq!((identity.mode, identity.expires_epoch_s), (OPENID_CONNECT, Some(NOW + 60.0)));
    assert_eq!(identity.context, json!({"claims": claims(), "issuer": ISSUER, "sub": "user"}));
    world.authorize(&format!("Bearer {token}")).await;
    world
        .authorize(&world.token_of("p384", Algorithm::ES384, &world.p384, &claims(), &json!({})))
        .await;
    let rsa: Value = serde_json::from_str(RSA).unwrap();
    world.authorize(rsa["RS256"].as_str().unwrap()).await;
    world.authorize(rsa["PS256"].as_str().unwrap()).await;
    assert_eq!(world.stub.requests().len(), 2, "the issuer is asked once for its keys");
}

#[tokio::test]
async fn a_token_that_is_late_early_or_of_or_for_somebody_else_is_refused() {
    let world = IssuerFixture::new(connect(&json!({}))).await;
    let check = async |over: Value, expected: &str| {
        world.assert_denied(&world.token(&claims(), &over), expected).await;
    };
    check(json!({"exp": NOW}), "expired at 2026-01-02T03:04:05Z").await;
    check(json!({"exp": null}), "no exp").await;
    check(json!({"nbf": NOW + 1.0}), "not good before 2026-01-02T03:04:06Z").await;
    check(json!({"iat": null}), "no iat").await;
    check(json!({"iss": "https://evil.example.com"}), "the API trusts https://id.example.com")
        .await;
    check(json!({"iss": format!("{ISSUER}/")}), "differ in the slash at the end").await;
    check(json!({"iss": null}), "no `iss`").await;
    check(json!({"aud": "webs"}), "(webs) matches the API's clientId").await;
    check(json!({"aud": ["a", "b"], "azp": "c"}), "(a, b, c)").await;
    check(json!({"aud": null}), "neither aud nor azp").await;
    for over in [
        json!({"aud": ["a", "web"]}),
        json!({"aud": null, "azp": "mobile-1"}),
        json!({"iss": world.stub.url}),
        json!({"nbf": NOW}),
    ] {
        world.authorize(&world.token(&claims(), &over)).await;
    }
    world.scene.plane.store.move_clock(60.0);
    world.assert_denied(&world.token(&claims(), &json!({})), "expired at").await;
}

#[tokio::test]
async fn a_forged_token_is_refused() {
    let world = IssuerFixture::new(connect(&json!({}))).await;
    let token = world.token(&claims(), &json!({}));
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (header, _) = message.split_once('.').unwrap();
    let encoded = |it: &Value| URL_SAFE_NO_PAD.encode(it.to_string());
    let mine = encoded(&merged(&claims(), &json!({"sub": "root"})));
    world
        .assert_denied(&format!("{header}.{mine}.{signature}"), "not that of its issuer's key")
        .await;
    world.assert_denied(&format!("{message}."), "not that of its issuer's key").await;
    world.assert_denied(&format!("{message}.!!"), "not that of its issuer's key").await;
    for name in ["none", "NONE", "", "EdDSA", "RS256", "ES384"] {
        let header = encoded(&json!({"alg": name, "kid": "p256"}));
        world.assert_denied(&format!("{header}.{mine}."), "which its key is not for").await;
    }
    // The public key used as a secret.
    for (kid, name) in [("rsa", "HS256"), ("p256", "HS384"), ("shared", "HS512")] {
        let header = Header { kid: Some(kid.into()), ..Header::new(name.parse().unwrap()) };
        let token = encode(&header, &claims(), &EncodingKey::from_secret(b"secret")).unwrap();
        world.assert_denied(&token, "the emulator cannot verify it").await;
    }
    let header = encoded(&json!({"alg": "ES512", "kid": "p521"}));
    world.assert_denied(&format!("{header}.{mine}.x"), "ES512").await;
    let header = encoded(&json!({"alg": "ES256"}));
    world.assert_denied(&format!("{header}.{mine}.x"), "no kid").await;
    let header = encoded(&json!({"alg": "ES256", "kid": "p256", "crit": ["b64"]}));
    world.assert_denied(&format!("{header}.{mine}.x"), "crit").await;
    let other = KeyPair::generate().unwrap();
    for kid in ["p256", KID] {
        let token = world.token_of(kid, Algorithm::ES256, &other, &claims(), &json!({}));
        world.assert_denied(&token, "not that of its issuer's key").await;
    }
}

#[tokio::test]
async fn a_key_that_an_issuer_does_not_have_is_asked_for_again_but_not_all_the_time() {
    let world = IssuerFixture::new(connect(&json!({}))).await;
    let token = world.token_of("gone", Algorithm::ES256, &world.p256, &claims(), &json!({}));
    let check = async |token: &str, asked: usize| {
        let asking = TestRequest::publish("/default/a", &[("Authorization", token)]);
        let judged = world.scene.authorize(&asking).await;
        assert_eq!(world.stub.requests().len(), asked, "{judged:?}");
    };
    world.assert_denied(&token, "no usable key of the token's kid (it has 3").await;
    check(&token, 2).await;
    world.scene.plane.store.move_clock(9.0);
    check(&token, 2).await;
    world.scene.plane.store.move_clock(1.0);
    check(&token, 4).await;
    let known = world.token(&claims(), &json!({"exp": NOW + 1_000.0}));
    world.scene.plane.store.move_clock(299.0);
    check(&known, 4).await;
    world.scene.plane.store.move_clock(1.0);
    check(&known, 6).await;
}

#[tokio::test]
async fn an_issuer_that_does_not_answer_denies_every_token_and_the_reason_has_a_help() {
    let world = IssuerFixture::new(connect(&json!({"issuer": "https://127.0.0.1:1"}))).await;
    let token = world.token(&claims(), &json!({"iss": "https://127.0.0.1:1"}));
    world.assert_denied(&token, "provision local --issuer ISSUER=URL").await;
}

#[tokio::test]
async fn limits_since_issue_and_since_sign_in_count_in_milliseconds() {
    let world = IssuerFixture::new(connect(&json!({"iatTTL": 5_000, "authTTL": 9_000}))).await;
    let until =
        async |over: Value| world.authorize(&world.token(&claims(), &over)).await.expires_epoch_s;
    assert_eq!(until(json!({})).await, Some(NOW + 5.0));
    assert_eq!(until(json!({"auth_time": NOW - 6.0})).await, Some(NOW + 3.0));
    let late = world.token(&claims(), &json!({"iat": NOW - 5.0}));
    world.assert_denied(&late, "longer ago than the 5000 ms of iatTTL").await;
    let late = world.token(&claims(), &json!({"auth_time": NOW - 9.0}));
    world.assert_denied(&late, "the 9000 ms of authTTL").await;
}

#[tokio::test]
async fn a_user_pool_has_two_kinds_of_tokens() {
    let world = IssuerFixture::new(pool()).await;
    let identity = world.authorize(&world.token(&pool_claims(), &json!({}))).await;
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
    let identity = world.authorize(&world.token(&pool_claims(), &id)).await;
    assert_eq!(identity.context["username"], "bob");
    assert_eq!(identity.context["groups"], json!(["admins"]));
    let check = async |over: Value, expected: &str| {
        world.assert_denied(&world.token(&pool_claims(), &over), expected).await;
    };
    check(json!({"client_id": "app12"}), "client_id is \"app12\", which does not match").await;
    check(json!({"token_use": "id"}), "aud is \"\"").await;
    check(json!({"token_use": "refresh"}), "neither id nor access").await;
    check(json!({"iss": ISSUER}), &format!("the API trusts {POOL}")).await;
}

#[tokio::test]
async fn the_local_issuer_makes_tokens_that_the_api_takes() {
    use crate::data_plane::auth::TokenRequest;

    for provider in [connect(&json!({})), pool()] {
        let mut world = IssuerFixture::new(provider.clone()).await;
        if provider == pool() {
            let config = &mut world.scene.api.event_config["authProviders"][0]["cognitoConfig"];
            config["appIdClientRegex"] = json!("^app1$|^app2$");
            world.scene.store_api(&world.scene.api);
        }
        let asked = TokenRequest {
            username: Some("ann".into()),
            groups: vec!["admins".into()],
            claims: Map::from_iter([("admin".to_owned(), json!(true))]),
            ..TokenRequest::default()
        };
        let token = world.scene.plane.create_token(&asked).unwrap();
        let identity = world.authorize(&token).await;
        assert_eq!(identity.context["claims"]["admin"], true);
        assert_eq!(identity.expires_epoch_s, Some(NOW + 3_600.0));
        assert_eq!(world.stub.requests().len(), 0, "nobody is asked");
        let late = TokenRequest { expires_in_s: Some(0.0), ..asked.clone() };
        world.assert_denied(&world.scene.plane.create_token(&late).unwrap(), "expired").await;
        let other = TokenRequest { client_id: Some("other".into()), ..asked.clone() };
        world.assert_denied(&world.scene.plane.create_token(&other).unwrap(), "other").await;
    }
}

#[tokio::test]
async fn what_is_asked_of_the_local_issuer_and_can_t_be_is_explained() {
    use crate::data_plane::auth::TokenRequest;

    let world = IssuerFixture::new(pool()).await;
    let plane = &world.scene.plane;
    let check = |asked: TokenRequest, expected: &str| {
        let error = plane.create_token(&asked).unwrap_err();
        assert!(error.contains(expected), "{error}");
    };
    check(TokenRequest::default(), "match app[0-9]; name one with --client-id");
    let api = Some("none".to_owned());
    check(TokenRequest { api, ..TokenRequest::default() }, "no API none that accepts tokens");
    let mode = Some(OPENID_CONNECT.to_owned());
    check(TokenRequest { mode, ..TokenRequest::default() }, &format!("there are {POOL}"));
    let mut other = world.scene.api.clone();
    (other.id, other.name) = ("other".into(), "games".into());
    world.scene.store_api(&other);
    check(TokenRequest::default(), "--client-id");
    other.event_config["authProviders"] = json!([connect(&json!({}))]);
    world.scene.store_api(&other);
    check(TokenRequest::default(), "the API games (other), OPENID_CONNECT https://id.example.com");
}

#[test]
fn only_what_reads_as_a_jwt_is_one() {
    let part = |it: &str| URL_SAFE_NO_PAD.encode(it);
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
