//! Authorizes every operation of a client by its credentials. Only the console's admin publish bypasses it.
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::data_plane::auth::credential::Credential;
use crate::data_plane::auth::lambda_authorizer::LambdaAuthorizer;
use crate::data_plane::auth::request::{AuthRequest, ClientOperation, Identity};
use crate::data_plane::auth::token::TokenVerifier;
use crate::data_plane::auth::{api_key, permission, signature};
use crate::data_plane::error::DataPlaneError;
use crate::data_plane::secrets::Secrets;
use crate::store::Store;

/// Authorizes operations, with the credentials of every auth mode.
pub struct Authorizer {
    pub store: Arc<Store>,
    /// The secret keys for the verification of signatures, by access key id.
    pub credentials: BTreeMap<String, String>,
    pub tokens: TokenVerifier,
    pub lambda_authorizer: LambdaAuthorizer,
}

impl Authorizer {
    /// Authorizes an operation, or returns why it is denied. Clients are authorized again for every message.
    ///
    /// Bad credentials are reported before an unknown channel namespace, which AppSync does not reveal.
    pub async fn authorize(&self, request: &AuthRequest<'_>) -> Result<Identity, DataPlaneError> {
        let result = self.identify(request).await;
        result.map_err(|error| redact_secrets(error, request)).map_err(|error| {
            match request.operation {
                // A connection is denied without a reason (docs/reference/data-plane.md#denied-connections), except for signature errors.
                ClientOperation::Connect if error.error_type == "UnauthorizedException" => {
                    DataPlaneError { message: None, ..error }
                }
                _ => error,
            }
        })
    }

    async fn identify(&self, request: &AuthRequest<'_>) -> Result<Identity, DataPlaneError> {
        let credential = Credential::from_request(request, self.tokens.issuers())?;
        let mode = credential.mode();
        permission::check_allowed(mode, request)?;
        let store = &self.store;
        let identity = match credential {
            Credential::ApiKey(key) => api_key::authorize(store, request, key),
            Credential::Signature(text) => {
                signature::authorize(store, &self.credentials, request, text)
            }
            Credential::Token(token, provider) => {
                self.tokens.authorize(request, &token, &provider, store.now_epoch_s()).await
            }
            Credential::LambdaToken(text, provider) => {
                self.lambda_authorizer.authorize(request, text, provider, store.now_epoch_s()).await
            }
        }?;
        match request.channel {
            Some(channel) if !request.api.namespaces.contains_key(channel.namespace()) => {
                Err(DataPlaneError::unknown_namespace(channel.namespace()))
            }
            _ => Ok(identity),
        }
    }
}

/// Redacts the credentials in an error: a function that fails may return what it received.
fn redact_secrets(mut error: DataPlaneError, request: &AuthRequest<'_>) -> DataPlaneError {
    let secrets = Secrets::from_fields(&request.credentials.fields);
    error.reason = error.reason.map(|text| secrets.redact(&text));
    error.message = error.message.map(|text| secrets.redact(&text));
    error
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::auth_mode::AuthMode;
    use crate::data_plane::auth::fixture::{AuthFixture, NOW, TestRequest, key, namespace};
    use crate::data_plane::state::Settings;

    fn fixture() -> AuthFixture {
        let providers = json!([{"authType": "API_KEY"}, {"authType": "AWS_IAM"}]);
        let mut fixture = AuthFixture::with(providers, Settings::default());
        fixture.api.keys.insert("da2-good", key("da2-good", NOW as i64 + 1));
        fixture.api.keys.insert("da2-old", key("da2-old", NOW as i64));
        fixture
    }

    #[tokio::test]
    async fn an_api_key_is_valid_until_it_expires() {
        let fixture = fixture();
        let identity =
            fixture.authorize(&TestRequest::connect(&[("x-api-key", "da2-good")])).await.unwrap();
        assert_eq!((identity.mode, identity.context), (Some(AuthMode::ApiKey), Value::Null));
        assert_eq!(identity.expires_epoch_s, Some(NOW + 1.0));
        fixture.data_plane.store.move_clock(1.0);
        let reason =
            fixture.denial_reason(&TestRequest::connect(&[("x-api-key", "da2-good")])).await;
        assert_eq!(reason, "the API key (web) expired at 2026-01-02T03:04:06Z");
    }

    #[tokio::test]
    async fn the_reason_of_a_denied_key_is_reported_without_the_key() {
        let fixture = fixture();
        let mut other = fixture.api.clone();
        (other.id, other.name) = ("other".into(), "games".into());
        other.keys = [("da2-theirs".to_owned(), key("da2-theirs", i64::MAX))].into();
        fixture.store_api(&other);
        let check = async |request: TestRequest<'_>, expected: &str| {
            let reason = fixture.denial_reason(&request).await;
            assert!(reason.contains(expected) && !reason.contains("da2-"), "{reason}");
        };
        let key = |key| TestRequest::publish("/default/a", &[("x-api-key", key)]);
        check(key("da2-theirs"), "belongs to the API games, not to chat").await;
        check(key("da2-none"), "has no such API key").await;
        check(key("da2-old"), "expired at 2026-01-02T03:04:05Z").await;
        check(key(""), "has no such API key").await;
        check(TestRequest::connect(&[]), "missing credentials").await;
        let token = TestRequest::connect(&[("Authorization", "secret")]);
        check(token, "no authorization provider for an Authorization that is not a JWT; it has API_KEY, AWS_IAM").await;
    }

    #[tokio::test]
    async fn the_auth_modes_of_a_namespace_replace_those_of_the_api() {
        let mut fixture = fixture();
        let key = &[("x-api-key", "da2-good")][..];
        let iam = json!([{"authType": "AWS_IAM"}]);
        let mut closed = namespace("closed");
        (closed.publish, closed.subscribe) = (iam.clone(), json!([{"authType": "API_KEY"}]));
        fixture.api.namespaces.insert("closed", closed);
        fixture.api.event_config["defaultSubscribeAuthModes"] = iam;
        assert!(fixture.authorize(&TestRequest::publish("/default/a", key)).await.is_ok());
        assert!(fixture.authorize(&TestRequest::subscribe("/closed/*", key)).await.is_ok());
        let reason = fixture.denial_reason(&TestRequest::publish("/closed/a", key)).await;
        assert_eq!(
            reason,
            "API_KEY may not publish to the channel namespace closed; allowed: AWS_IAM"
        );
        let reason = fixture.denial_reason(&TestRequest::subscribe("/default/*", key)).await;
        assert_eq!(
            reason,
            "API_KEY may not subscribe to the channel namespace default; allowed: AWS_IAM"
        );
        fixture.api.event_config["connectionAuthModes"] = json!([]);
        let reason = fixture.denial_reason(&TestRequest::connect(key)).await;
        assert_eq!(reason, "API_KEY may not connect; allowed: none");
    }

    #[tokio::test]
    async fn bad_credentials_are_reported_before_an_unknown_namespace() {
        let fixture = fixture();
        let denial = async |channel, key: &str| {
            let request = TestRequest::publish(channel, &[("x-api-key", key)]);
            let error = fixture.authorize(&request).await.unwrap_err();
            (error.status, error.message.is_some())
        };
        assert_eq!(denial("/bad/channel", "da2-good").await, (401, false));
        assert_eq!(denial("/bad/channel", "da2-none").await, (401, true));
        assert_eq!(denial("/default/a", "da2-none").await, (401, true));
        let error = fixture.authorize(&TestRequest::connect(&[])).await.unwrap_err();
        assert_eq!((error.status, error.message), (401, None));
    }
}
