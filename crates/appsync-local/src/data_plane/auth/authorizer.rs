//! The one place where credentials are judged.
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::data_plane::auth::credential::Credential;
use crate::data_plane::auth::lambda_authorizer::LambdaAuthorizer;
use crate::data_plane::auth::local_issuer::LocalIssuer;
use crate::data_plane::auth::request::{AuthRequest, ClientOperation, Identity};
use crate::data_plane::auth::token::TokenVerifier;
use crate::data_plane::auth::{api_key, mode, signature};
use crate::data_plane::error::DataPlaneError;
use crate::data_plane::outbound::client::OutboundClient;
use crate::data_plane::secrets::Secrets;
use crate::data_plane::settings::Settings;
use crate::store::Store;

/// Judges who may do what, by the credentials of each mode.
pub struct Authorizer {
    store: Arc<Store>,
    /// The secret keys by access key id that signatures are verified with.
    credentials: BTreeMap<String, String>,
    tokens: TokenVerifier,
    lambda_authorizer: LambdaAuthorizer,
}

impl Authorizer {
    pub fn new(
        store: Arc<Store>,
        settings: &Settings,
        outbound: &Arc<OutboundClient>,
        issuer: Arc<LocalIssuer>,
    ) -> Self {
        let tokens = TokenVerifier::new(settings.issuers.clone(), issuer, Arc::clone(outbound));
        let functions = LambdaAuthorizer::new(Arc::clone(outbound));
        Self {
            store,
            credentials: settings.credentials.clone(),
            tokens,
            lambda_authorizer: functions,
        }
    }

    /// Lets a client in, or says why not. Asked again for every message.
    ///
    /// Bad credentials are reported before an unknown channel namespace, which AppSync does not reveal.
    pub async fn authorize(&self, asked: &AuthRequest<'_>) -> Result<Identity, DataPlaneError> {
        let judged = self.identify(asked).await;
        judged.map_err(|problem| redact_secrets(problem, asked)).map_err(|problem| {
            match asked.operation {
                // A connection is denied without a reason (docs/reference/data-plane.md#denied-connections), except for signature errors.
                ClientOperation::Connect if problem.error_type == "UnauthorizedException" => {
                    DataPlaneError { message: None, ..problem }
                }
                _ => problem,
            }
        })
    }

    async fn identify(&self, asked: &AuthRequest<'_>) -> Result<Identity, DataPlaneError> {
        let credential = Credential::from_request(asked, self.tokens.issuers())?;
        let mode = credential.mode();
        mode::check_allowed(mode, asked)?;
        let store = &self.store;
        let identity = match credential {
            Credential::ApiKey(key) => api_key::authorize(store, asked, key),
            Credential::Signature(text) => {
                signature::authorize(store, &self.credentials, asked, text)
            }
            Credential::Token(token, provider) => {
                self.tokens.authorize(asked, &token, &provider, store.now_epoch_s()).await
            }
            Credential::LambdaToken(text, provider) => {
                self.lambda_authorizer.authorize(asked, text, provider, store.now_epoch_s()).await
            }
        }?;
        match asked.channel {
            Some(channel) if !asked.api.namespaces.contains_key(channel.namespace()) => {
                let why = format!("the API has no channel namespace {}", channel.namespace());
                Err(DataPlaneError::new(401, "UnauthorizedException").with_reason(why))
            }
            _ => Ok(identity),
        }
    }
}

/// Takes out what was presented: a function that fails may tell on what it was given.
fn redact_secrets(mut problem: DataPlaneError, asked: &AuthRequest<'_>) -> DataPlaneError {
    let secrets = Secrets::from_fields(&asked.credentials.fields);
    problem.reason = problem.reason.map(|it| secrets.redact(&it));
    problem.message = problem.message.map(|it| secrets.redact(&it));
    problem
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::data_plane::auth::fixture::{AuthFixture, NOW, TestRequest, key, namespace};

    fn scene() -> AuthFixture {
        let providers = json!([{"authType": "API_KEY"}, {"authType": "AWS_IAM"}]);
        let mut scene = AuthFixture::with(providers, Settings::default());
        scene.api.keys.insert("da2-good".into(), key("da2-good", NOW as i64 + 1));
        scene.api.keys.insert("da2-old".into(), key("da2-old", NOW as i64));
        scene
    }

    #[tokio::test]
    async fn a_key_lets_its_holder_in_until_it_expires() {
        let scene = scene();
        let identity =
            scene.authorize(&TestRequest::connect(&[("x-api-key", "da2-good")])).await.unwrap();
        assert_eq!((identity.mode, identity.context), ("API_KEY", Value::Null));
        assert_eq!(identity.expires_epoch_s, Some(NOW + 1.0));
        scene.plane.store.move_clock(1.0);
        let why = scene.denial_reason(&TestRequest::connect(&[("x-api-key", "da2-good")])).await;
        assert_eq!(why, "the API key (web) expired at 2026-01-02T03:04:06Z");
    }

    #[tokio::test]
    async fn the_reason_of_a_denied_key_is_reported_without_the_key() {
        let scene = scene();
        let mut other = scene.api.clone();
        (other.id, other.name) = ("other".into(), "games".into());
        other.keys = [("da2-theirs".to_owned(), key("da2-theirs", i64::MAX))].into();
        scene.store_api(&other);
        let check = async |asking: TestRequest<'_>, expected: &str| {
            let why = scene.denial_reason(&asking).await;
            assert!(why.contains(expected) && !why.contains("da2-"), "{why}");
        };
        let key = |key| TestRequest::publish("/default/a", &[("x-api-key", key)]);
        check(key("da2-theirs"), "one of the API games, not of chat").await;
        check(key("da2-none"), "has no such API key").await;
        check(key("da2-old"), "expired at 2026-01-02T03:04:05Z").await;
        check(key(""), "has no such API key").await;
        check(TestRequest::connect(&[]), "no credentials").await;
        let token = TestRequest::connect(&[("Authorization", "secret")]);
        check(token, "no authorization provider for an Authorization that is not a JWT; it has API_KEY, AWS_IAM").await;
    }

    #[tokio::test]
    async fn a_mode_may_do_what_the_namespace_says_else_what_the_api_says() {
        let mut scene = scene();
        let key = &[("x-api-key", "da2-good")][..];
        let iam = json!([{"authType": "AWS_IAM"}]);
        let mut closed = namespace("closed");
        (closed.publish, closed.subscribe) = (iam.clone(), json!([{"authType": "API_KEY"}]));
        scene.api.namespaces.insert("closed".into(), closed);
        scene.api.event_config["defaultSubscribeAuthModes"] = iam;
        assert!(scene.authorize(&TestRequest::publish("/default/a", key)).await.is_ok());
        assert!(scene.authorize(&TestRequest::subscribe("/closed/*", key)).await.is_ok());
        let why = scene.denial_reason(&TestRequest::publish("/closed/a", key)).await;
        assert_eq!(
            why,
            "API_KEY may not publish to the channel namespace closed; allowed: AWS_IAM"
        );
        let why = scene.denial_reason(&TestRequest::subscribe("/default/*", key)).await;
        assert_eq!(
            why,
            "API_KEY may not subscribe to the channel namespace default; allowed: AWS_IAM"
        );
        scene.api.event_config["connectionAuthModes"] = json!([]);
        let why = scene.denial_reason(&TestRequest::connect(key)).await;
        assert_eq!(why, "API_KEY may not connect; allowed: none");
    }

    #[tokio::test]
    async fn an_unknown_namespace_is_denied_without_a_reason_and_bad_credentials_before_it() {
        let scene = scene();
        let refused = async |channel, key: &str| {
            let asking = TestRequest::publish(channel, &[("x-api-key", key)]);
            let problem = scene.authorize(&asking).await.unwrap_err();
            (problem.status, problem.message.is_some())
        };
        assert_eq!(refused("/bad/channel", "da2-good").await, (401, false));
        assert_eq!(refused("/bad/channel", "da2-none").await, (401, true));
        assert_eq!(refused("/default/a", "da2-none").await, (401, true));
        let problem = scene.authorize(&TestRequest::connect(&[])).await.unwrap_err();
        assert_eq!((problem.status, problem.message), (401, None));
    }
}
