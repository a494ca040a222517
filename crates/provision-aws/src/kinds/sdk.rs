//! Converts values between CloudFormation's shape, which `provision-core` uses, and the SDK's types.
use aws_sdk_appsync::types as sdk;
use provision_core::kinds::auth::AuthModeEntry;
use provision_core::kinds::provider::{
    AuthProvider, CognitoConfig, LambdaAuthorizerConfig, OpenIdConnectConfig, non_zero,
};
use provision_core::text::Text;

/// A value whose shape in the SDK is a separate type.
pub trait SdkShape: Sized {
    /// The SDK's type.
    type Sdk;
    /// Converts the value for a request. All its placeholders are resolved.
    fn to_sdk(&self) -> Self::Sdk;
    /// Converts a value that AWS returned.
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
        let literal =
            |text: &Option<Text>| text.as_ref().map(|text| text.expect_literal().to_owned());
        let cognito = self.cognito_config.as_ref().map(|config| {
            let builder = sdk::CognitoConfig::builder()
                .user_pool_id(config.user_pool_id.expect_literal())
                .aws_region(config.aws_region.expect_literal())
                .set_app_id_client_regex(literal(&config.app_id_client_regex));
            builder.build().expect("both required fields are set")
        });
        let issuer = self.open_id_connect_config.as_ref().map(|config| {
            let builder = sdk::OpenIdConnectConfig::builder()
                .issuer(config.issuer.expect_literal())
                .set_client_id(literal(&config.client_id))
                .set_iat_ttl(config.iat_ttl)
                .set_auth_ttl(config.auth_ttl);
            builder.build().expect("its one required field is set")
        });
        let lambda = self.lambda_authorizer_config.as_ref().map(|config| {
            let seconds = config
                .authorizer_result_ttl_in_seconds
                .and_then(|seconds| i32::try_from(seconds).ok());
            let builder = sdk::LambdaAuthorizerConfig::builder()
                .authorizer_uri(config.authorizer_uri.expect_literal())
                .set_authorizer_result_ttl_in_seconds(seconds)
                .set_identity_validation_expression(literal(
                    &config.identity_validation_expression,
                ));
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
            cognito_config: provider.cognito_config().map(|config| CognitoConfig {
                user_pool_id: config.user_pool_id().into(),
                aws_region: config.aws_region().into(),
                app_id_client_regex: config.app_id_client_regex().map(Text::from),
            }),
            open_id_connect_config: provider.open_id_connect_config().map(|config| {
                OpenIdConnectConfig {
                    issuer: config.issuer().into(),
                    client_id: config.client_id().map(Text::from),
                    iat_ttl: non_zero(config.iat_ttl()),
                    auth_ttl: non_zero(config.auth_ttl()),
                }
            }),
            lambda_authorizer_config: provider.lambda_authorizer_config().map(|config| {
                LambdaAuthorizerConfig {
                    authorizer_uri: config.authorizer_uri().into(),
                    authorizer_result_ttl_in_seconds: non_zero(
                        config.authorizer_result_ttl_in_seconds().into(),
                    ),
                    identity_validation_expression: config
                        .identity_validation_expression()
                        .map(Text::from),
                }
            }),
        }
    }
}
