//! Authorization providers: the five ways for clients to authenticate, with their settings.
pub mod check;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kinds::auth::AuthMode;
use crate::kinds::duration::SpecDuration;
use crate::text::Text;

/// A way for clients to authenticate, under AppSync's name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum Provider {
    /// An AppSync API key in the header `x-api-key`.
    #[serde(rename = "API_KEY")]
    ApiKey,
    /// An AWS signature (SigV4), authorized by IAM policies.
    #[serde(rename = "AWS_IAM")]
    AwsIam,
    /// A token of a Cognito user pool.
    #[serde(rename = "AMAZON_COGNITO_USER_POOLS")]
    Cognito(Cognito),
    /// A token of an OpenID Connect issuer.
    #[serde(rename = "OPENID_CONNECT")]
    OpenIdConnect(OpenIdConnect),
    /// Any token that a Lambda function accepts.
    #[serde(rename = "AWS_LAMBDA")]
    Lambda(Lambda),
}

/// A Cognito user pool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
#[schemars(example = serde_json::json!({ "userPoolId": "ap-northeast-1_AbCdEf", "appIdClientRegex": "^web" }))]
pub struct Cognito {
    /// The id of the pool, such as `ap-northeast-1_AbCdEf`.
    #[schemars(example = &"ap-northeast-1_AbCdEf")]
    user_pool_id: Text,
    /// The region of the pool. Default: the prefix of its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"ap-northeast-1")]
    region: Option<Text>,
    /// The accepted app clients, as a regular expression. Default: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"^web")]
    app_id_client_regex: Option<Text>,
}

/// An OpenID Connect issuer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
#[schemars(example = serde_json::json!({ "issuer": "https://id.example.com", "clientId": "web", "iatTtl": "1h" }))]
pub struct OpenIdConnect {
    /// The issuer's URL, `https`; AppSync appends `/.well-known/openid-configuration`.
    #[schemars(example = &"https://id.example.com")]
    issuer: Text,
    /// The accepted clients: an id, or a regular expression. Default: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"web")]
    client_id: Option<Text>,
    /// How long a token is valid after it was issued. Default: until it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"12h")]
    iat_ttl: Option<SpecDuration>,
    /// How long a token is valid after its user signed in. Default: until it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"1d")]
    auth_ttl: Option<SpecDuration>,
}

/// A Lambda authorizer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
#[schemars(example = serde_json::json!({ "function": "arn:aws:lambda:ap-northeast-1:123456789012:function:authorize", "resultTtl": "5m" }))]
pub struct Lambda {
    /// The ARN of the function, its version or its alias, in the same account. The function must allow AppSync to invoke it.
    #[schemars(example = &"arn:aws:lambda:ap-northeast-1:123456789012:function:authorize")]
    function: Text,
    /// How long a result is cached, up to an hour. Default: not cached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"5m")]
    result_ttl: Option<SpecDuration>,
    /// A regular expression that a token must match before the function is called.
    /// Default: the function is called for every token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"^Bearer [A-Za-z0-9._-]+$")]
    identity_validation_expression: Option<Text>,
}

impl Provider {
    /// Returns the mode that the provider enables.
    pub fn auth_type(&self) -> AuthMode {
        match self {
            Self::ApiKey => AuthMode::ApiKey,
            Self::AwsIam => AuthMode::AwsIam,
            Self::Cognito(_) => AuthMode::Cognito,
            Self::OpenIdConnect(_) => AuthMode::OpenIdConnect,
            Self::Lambda(_) => AuthMode::Lambda,
        }
    }
}

/// A provider as CloudFormation and AppSync write it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AuthProvider {
    /// AppSync's name of the mode.
    #[schemars(extend("enum" = AuthMode::ALL.map(AuthMode::as_str)))]
    pub auth_type: String,
    /// Present for a Cognito user pool.
    pub cognito_config: Option<CognitoConfig>,
    /// Present for an OpenID Connect issuer.
    #[serde(rename = "OpenIDConnectConfig")]
    pub open_id_connect_config: Option<OpenIdConnectConfig>,
    /// Present for a Lambda authorizer.
    pub lambda_authorizer_config: Option<LambdaAuthorizerConfig>,
}

/// A Cognito user pool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct CognitoConfig {
    /// The id of the pool.
    pub user_pool_id: Text,
    /// The region of the pool.
    pub aws_region: Text,
    /// A regular expression for accepted app clients.
    pub app_id_client_regex: Option<Text>,
}

/// An OpenID Connect issuer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct OpenIdConnectConfig {
    /// The URL of the issuer.
    pub issuer: Text,
    /// An id or a regular expression for accepted clients.
    pub client_id: Option<Text>,
    /// Milliseconds.
    #[serde(rename = "IatTTL")]
    pub iat_ttl: Option<i64>,
    /// Milliseconds.
    #[serde(rename = "AuthTTL")]
    pub auth_ttl: Option<i64>,
}

/// A Lambda authorizer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct LambdaAuthorizerConfig {
    /// The ARN of the function.
    pub authorizer_uri: Text,
    /// How long a result is cached.
    pub authorizer_result_ttl_in_seconds: Option<i64>,
    /// A regular expression that tokens must match.
    pub identity_validation_expression: Option<Text>,
}

/// AppSync returns 0 for a number that was never set (docs/reference/apis.md#unset-numbers).
pub fn non_zero(number: i64) -> Option<i64> {
    (number != 0).then_some(number)
}

impl From<&Provider> for AuthProvider {
    fn from(provider: &Provider) -> Self {
        let mut made = Self {
            auth_type: provider.auth_type().as_str().to_owned(),
            cognito_config: None,
            open_id_connect_config: None,
            lambda_authorizer_config: None,
        };
        let milliseconds = |period: Option<SpecDuration>| {
            period.and_then(|period| non_zero(period.seconds * 1_000))
        };
        match provider {
            Provider::ApiKey | Provider::AwsIam => {}
            Provider::Cognito(it) => {
                // A user pool's id begins with its region; an unresolved id is in this region.
                let of_id = || match it.user_pool_id.as_literal() {
                    Some(id) => id.split('_').next().map(Text::from),
                    None => Some(Text::from_sub("${AWS::Region}")),
                };
                made.cognito_config = Some(CognitoConfig {
                    user_pool_id: it.user_pool_id.clone(),
                    aws_region: it.region.clone().or_else(of_id).unwrap_or_default(),
                    app_id_client_regex: it.app_id_client_regex.clone(),
                });
            }
            Provider::OpenIdConnect(it) => {
                made.open_id_connect_config = Some(OpenIdConnectConfig {
                    issuer: it.issuer.clone(),
                    client_id: it.client_id.clone(),
                    iat_ttl: milliseconds(it.iat_ttl),
                    auth_ttl: milliseconds(it.auth_ttl),
                });
            }
            Provider::Lambda(it) => {
                made.lambda_authorizer_config = Some(LambdaAuthorizerConfig {
                    authorizer_uri: it.function.clone(),
                    authorizer_result_ttl_in_seconds: it
                        .result_ttl
                        .and_then(|result_ttl| non_zero(result_ttl.seconds)),
                    identity_validation_expression: it.identity_validation_expression.clone(),
                });
            }
        }
        made
    }
}

impl AuthProvider {
    /// Returns what distinguishes it from other providers of its mode. `None`: there can be only one.
    pub fn detail(&self) -> Option<String> {
        let optional = |what: &str, text: &Option<Text>| {
            text.as_ref()
                .map(|text| format!(", {what} {}", text.to_spec_syntax()))
                .unwrap_or_default()
        };
        if let Some(it) = &self.cognito_config {
            let clients = optional("clients", &it.app_id_client_regex);
            return Some(format!("pool {}{clients}", it.user_pool_id.to_spec_syntax()));
        }
        if let Some(it) = &self.open_id_connect_config {
            let clients = optional("clients", &it.client_id);
            return Some(format!("issuer {}{clients}", it.issuer.to_spec_syntax()));
        }
        let lambda = self.lambda_authorizer_config.as_ref()?;
        Some(format!("function {}", lambda.authorizer_uri.to_spec_syntax()))
    }

    /// Returns the provider as a spec writes it. `None`: its mode is unknown.
    pub fn to_provider(&self) -> Option<Provider> {
        let period = |milliseconds: Option<i64>| {
            milliseconds.map(|millisecond| SpecDuration { seconds: millisecond / 1_000 })
        };
        Some(match AuthMode::from_name(&self.auth_type)? {
            AuthMode::ApiKey => Provider::ApiKey,
            AuthMode::AwsIam => Provider::AwsIam,
            AuthMode::Cognito => {
                let it = self.cognito_config.as_ref()?;
                Provider::Cognito(Cognito {
                    user_pool_id: it.user_pool_id.clone(),
                    region: Some(it.aws_region.clone()),
                    app_id_client_regex: it.app_id_client_regex.clone(),
                })
            }
            AuthMode::OpenIdConnect => {
                let it = self.open_id_connect_config.as_ref()?;
                Provider::OpenIdConnect(OpenIdConnect {
                    issuer: it.issuer.clone(),
                    client_id: it.client_id.clone(),
                    iat_ttl: period(it.iat_ttl),
                    auth_ttl: period(it.auth_ttl),
                })
            }
            AuthMode::Lambda => {
                let it = self.lambda_authorizer_config.as_ref()?;
                Provider::Lambda(Lambda {
                    function: it.authorizer_uri.clone(),
                    result_ttl: it
                        .authorizer_result_ttl_in_seconds
                        .map(|seconds| SpecDuration { seconds }),
                    identity_validation_expression: it.identity_validation_expression.clone(),
                })
            }
        })
    }
}
