//! CloudFormation's shapes of the core as the SDK's, and back.
use aws_sdk_appsync::types as sdk;
use provision_core::kinds::auth::AuthModeEntry;
use provision_core::kinds::provider::{
    AuthProvider, CognitoConfig, LambdaAuthorizerConfig, OpenIdConnectConfig, non_zero,
};
use provision_core::text::Text;

/// A value that the SDK has a type of its own for.
pub trait SdkShape: Sized {
    /// The SDK's type.
    type Sdk;
    /// The value as the SDK sends it. Nothing in it is unresolved.
    fn to_sdk(&self) -> Self::Sdk;
    /// The value that AWS returned.
    fn from_sdk(returned: &Self::Sdk) -> Self;
}

impl SdkShape for AuthModeEntry {
    type Sdk = sdk::AuthMode;
    fn to_sdk(&self) -> sdk::AuthMode {
        let auth_type = sdk::AuthenticationType::from(self.auth_type.as_str());
        sdk::AuthMode::builder().auth_type(auth_type).build().expect("its only field is set")
    }
    fn from_sdk(mode: &sdk::AuthMode) -> Self {
        Self { auth_type: mode.auth_type().as_str().to_owned() }
    }
}

/// Converts every item of a list.
pub fn all_to_sdk<T: SdkShape>(items: &[T]) -> Vec<T::Sdk> {
    items.iter().map(T::to_sdk).collect()
}

/// Converts every item of a list that AWS returned.
pub fn all_from_sdk<T: SdkShape>(returned: &[T::Sdk]) -> Vec<T> {
    returned.iter().map(T::from_sdk).collect()
}

impl SdkShape for AuthProvider {
    type Sdk = sdk::AuthProvider;
    fn to_sdk(&self) -> sdk::AuthProvider {
        let plain = |text: &Option<Text>| text.as_ref().map(|it| it.expect_plain().to_owned());
        let cognito = self.cognito_config.as_ref().map(|it| {
            let builder = sdk::CognitoConfig::builder()
                .user_pool_id(it.user_pool_id.expect_plain())
                .aws_region(it.aws_region.expect_plain())
                .set_app_id_client_regex(plain(&it.app_id_client_regex));
            builder.build().expect("both required fields are set")
        });
        let issuer = self.open_id_connect_config.as_ref().map(|it| {
            let builder = sdk::OpenIdConnectConfig::builder()
                .issuer(it.issuer.expect_plain())
                .set_client_id(plain(&it.client_id))
                .set_iat_ttl(it.iat_ttl)
                .set_auth_ttl(it.auth_ttl);
            builder.build().expect("its one required field is set")
        });
        let lambda = self.lambda_authorizer_config.as_ref().map(|it| {
            let seconds = it.authorizer_result_ttl_in_seconds.and_then(|it| i32::try_from(it).ok());
            let builder = sdk::LambdaAuthorizerConfig::builder()
                .authorizer_uri(it.authorizer_uri.expect_plain())
                .set_authorizer_result_ttl_in_seconds(seconds)
                .set_identity_validation_expression(plain(&it.identity_validation_expression));
            builder.build().expect("its one required field is set")
        });
        sdk::AuthProvider::builder()
            .auth_type(self.auth_type.as_str().into())
            .set_cognito_config(cognito)
            .set_open_id_connect_config(issuer)
            .set_lambda_authorizer_config(lambda)
            .build()
            .expect("its one required field is set")
    }

    fn from_sdk(provider: &sdk::AuthProvider) -> Self {
        Self {
            auth_type: provider.auth_type().as_str().to_owned(),
            cognito_config: provider.cognito_config().map(|it| CognitoConfig {
                user_pool_id: it.user_pool_id().into(),
                aws_region: it.aws_region().into(),
                app_id_client_regex: it.app_id_client_regex().map(Text::from),
            }),
            open_id_connect_config: provider.open_id_connect_config().map(|it| {
                OpenIdConnectConfig {
                    issuer: it.issuer().into(),
                    client_id: it.client_id().map(Text::from),
                    iat_ttl: non_zero(it.iat_ttl()),
                    auth_ttl: non_zero(it.auth_ttl()),
                }
            }),
            lambda_authorizer_config: provider.lambda_authorizer_config().map(|it| {
                LambdaAuthorizerConfig {
                    authorizer_uri: it.authorizer_uri().into(),
                    authorizer_result_ttl_in_seconds: non_zero(
                        it.authorizer_result_ttl_in_seconds().into(),
                    ),
                    identity_validation_expression: it
                        .identity_validation_expression()
                        .map(Text::from),
                }
            }),
        }
    }
}
