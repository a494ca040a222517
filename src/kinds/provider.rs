//! Authorization providers: the five ways for clients to prove who they are, with their settings.
use aws_sdk_appsync::types as sdk;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Problems, Scope, Step};
use crate::kinds::arn;
use crate::kinds::auth::AuthType;
use crate::kinds::period::Period;
use crate::text::Text;

/// A way for clients to prove who they are, under AppSync's own name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum Provider {
    /// An AppSync API key in the header `x-api-key`.
    #[serde(rename = "API_KEY")]
    ApiKey,
    /// An AWS signature (SigV4), judged by IAM policies.
    #[serde(rename = "AWS_IAM")]
    AwsIam,
    /// A token of a Cognito user pool.
    #[serde(rename = "AMAZON_COGNITO_USER_POOLS")]
    Cognito(Cognito),
    /// A token of an OpenID Connect issuer.
    #[serde(rename = "OPENID_CONNECT")]
    OpenIdConnect(OpenIdConnect),
    /// Whatever a Lambda function of yours accepts.
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
    /// The region of the pool. Left out: what its id begins with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"ap-northeast-1")]
    region: Option<Text>,
    /// Which app clients are let in, as a regular expression. Left out: all.
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
    /// Its URL, `https`; AppSync appends `/.well-known/openid-configuration`.
    #[schemars(example = &"https://id.example.com")]
    issuer: Text,
    /// Which clients are let in: an id, or a regular expression. Left out: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"web")]
    client_id: Option<Text>,
    /// How long a token is good after it was issued. Left out: as long as the token says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    iat_ttl: Option<Period>,
    /// How long a token is good after its user signed in. Left out: as long as the token says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    auth_ttl: Option<Period>,
}

/// A Lambda authorizer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
#[schemars(example = serde_json::json!({ "function": "arn:aws:lambda:ap-northeast-1:123456789012:function:authorize", "resultTtl": "5m" }))]
pub struct Lambda {
    /// The ARN of the function, its version or its alias, in the same account. It must let AppSync invoke it.
    #[schemars(example = &"arn:aws:lambda:ap-northeast-1:123456789012:function:authorize")]
    function: Text,
    /// How long its answer is kept, up to an hour. Left out: not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    result_ttl: Option<Period>,
    /// What a token must look like to be asked about at all, as a regular expression.
    /// Left out: the function is asked about every token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"^Bearer [A-Za-z0-9._-]+$")]
    identity_validation_expression: Option<Text>,
}

const RESULT_TTL_MAX_S: i64 = 3_600;

impl Provider {
    pub fn auth_type(&self) -> AuthType {
        match self {
            Self::ApiKey => AuthType::ApiKey,
            Self::AwsIam => AuthType::AwsIam,
            Self::Cognito(_) => AuthType::Cognito,
            Self::OpenIdConnect(_) => AuthType::OpenIdConnect,
            Self::Lambda(_) => AuthType::Lambda,
        }
    }
}

impl Provider {
    /// Whether both judge the tokens of one pool, or of one issuer.
    fn is_for_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Cognito(one), Self::Cognito(two)) => one.user_pool_id == two.user_pool_id,
            (Self::OpenIdConnect(one), Self::OpenIdConnect(two)) => one.issuer == two.issuer,
            _ => false,
        }
    }
}

/// Reports what is wrong with the provider at `path`, and a second one of a kind that comes once.
pub fn check(
    providers: &[Provider],
    path: &[Step<'_>],
    scope: &Scope<'_>,
    problems: &mut Problems,
) {
    for (n, provider) in providers.iter().enumerate() {
        let at = |rest: &[Step<'static>]| -> Vec<Step<'_>> {
            path.iter().copied().chain([Step::Index(n)]).chain(rest.iter().copied()).collect()
        };
        let kind = provider.auth_type();
        let once = !matches!(kind, AuthType::Cognito | AuthType::OpenIdConnect);
        if once && providers[..n].iter().any(|it| it.auth_type() == kind) {
            let message = format!("an API has one {kind} provider");
            problems.error("PV208", &at(&[]), message).help = Some("remove one of the two".into());
        }
        if !once && providers[..n].iter().any(|it| it.is_for_the_same(provider)) {
            let message = "another provider of this API is for the same users".to_owned();
            problems.error("PV208", &at(&[]), message).help = Some(
                "name a pool or an issuer once; one expression can let several clients in".into(),
            );
        }
        match provider {
            Provider::Cognito(it) => check_cognito(it, &at, scope, problems),
            Provider::OpenIdConnect(it) => check_issuer(it, &at, scope, problems),
            Provider::Lambda(it) => check_lambda(it, &at, scope, problems),
            Provider::ApiKey | Provider::AwsIam => {}
        }
    }
}

type Place<'a> = &'a dyn Fn(&[Step<'static>]) -> Vec<Step<'a>>;

/// Reports a regular expression whose brackets can't be right. The rest only Java can judge, which is
/// what AppSync asks.
fn check_pattern(
    pattern: Option<&Text>,
    at: &[Step<'_>],
    scope: &Scope<'_>,
    problems: &mut Problems,
) {
    let Some(pattern) = pattern else { return };
    let help = "close each `(` and each `[`, or write `\\(` for the letter itself";
    let message = "this is no regular expression: a bracket is never closed";
    problems.refuse(scope.unsound(pattern, is_balanced), "PV266", at, message, help);
}

/// Whether every bracket of a regular expression is closed.
fn is_balanced(pattern: &str) -> bool {
    let (mut open, mut class, mut escaped) = (0_usize, false, false);
    for letter in pattern.chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            '(' if !class => open += 1,
            ')' if !class && open == 0 => return false,
            ')' if !class => open -= 1,
            _ => {}
        }
    }
    open == 0 && !class && !escaped
}

fn check_cognito(it: &Cognito, at: Place<'_>, scope: &Scope<'_>, problems: &mut Problems) {
    let place = at;
    let at = at(&[Step::Key("AMAZON_COGNITO_USER_POOLS"), Step::Key("userPoolId")]);
    let sound = |id: &str| {
        id.split_once('_').is_some_and(|(region, pool)| {
            !pool.is_empty()
                && pool.chars().all(char::is_alphanumeric)
                && region.split('-').count() >= 3
        })
    };
    if let (Some(id), Some(region)) =
        (it.user_pool_id.as_plain(), it.region.as_ref().and_then(Text::as_plain))
        && id.split_once('_').is_some_and(|(prefix, _)| prefix != region)
    {
        let at = place(&[Step::Key("AMAZON_COGNITO_USER_POOLS"), Step::Key("region")]);
        problems.error("PV209", &at, format!("the pool `{id}` stands in another region")).help =
            Some("leave `region` out: a pool's id begins with its region".into());
    }
    let pattern = place(&[Step::Key("AMAZON_COGNITO_USER_POOLS"), Step::Key("appIdClientRegex")]);
    check_pattern(it.app_id_client_regex.as_ref(), &pattern, scope, problems);
    let (message, help) = ("this is no id of a user pool", "such as ap-northeast-1_AbCdEf");
    problems.refuse(scope.unsound(&it.user_pool_id, sound), "PV209", &at, message, help);
}

fn check_issuer(it: &OpenIdConnect, at: Place<'_>, scope: &Scope<'_>, problems: &mut Problems) {
    let pattern = at(&[Step::Key("OPENID_CONNECT"), Step::Key("clientId")]);
    check_pattern(it.client_id.as_ref(), &pattern, scope, problems);
    let at = at(&[Step::Key("OPENID_CONNECT"), Step::Key("issuer")]);
    let sound = |issuer: &str| issuer.strip_prefix("https://").is_some_and(|host| !host.is_empty());
    let discovery = "/.well-known/openid-configuration";
    if it.issuer.as_plain().is_some_and(|it| it.trim_end_matches('/').ends_with(discovery)) {
        let message = format!("AppSync appends `{discovery}` itself");
        problems.error("PV210", &at, message).help =
            Some("write the issuer as its tokens have it in `iss`".into());
    }
    let (message, help) =
        ("AppSync takes issuers with https only", "such as https://id.example.com");
    problems.refuse(scope.unsound(&it.issuer, sound), "PV210", &at, message, help);
}

fn check_lambda(it: &Lambda, at: Place<'_>, scope: &Scope<'_>, problems: &mut Problems) {
    let pattern = at(&[Step::Key("AWS_LAMBDA"), Step::Key("identityValidationExpression")]);
    check_pattern(it.identity_validation_expression.as_ref(), &pattern, scope, problems);
    let function = at(&[Step::Key("AWS_LAMBDA"), Step::Key("function")]);
    arn::check_function(&it.function, &function, scope, problems);
    if it.result_ttl.is_some_and(|ttl| ttl.seconds > RESULT_TTL_MAX_S) {
        let at = at(&[Step::Key("AWS_LAMBDA"), Step::Key("resultTtl")]);
        problems.error("PV219", &at, "AppSync keeps an answer for an hour at most".into());
    }
}

/// A provider as CloudFormation and AppSync write it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AuthProvider {
    pub auth_type: String,
    cognito_config: Option<CognitoConfig>,
    #[serde(rename = "OpenIDConnectConfig")]
    open_id_connect_config: Option<OpenIdConnectConfig>,
    lambda_authorizer_config: Option<LambdaAuthorizerConfig>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct CognitoConfig {
    user_pool_id: Text,
    aws_region: Text,
    app_id_client_regex: Option<Text>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct OpenIdConnectConfig {
    issuer: Text,
    client_id: Option<Text>,
    /// Milliseconds.
    #[serde(rename = "IatTTL")]
    iat_ttl: Option<i64>,
    /// Milliseconds.
    #[serde(rename = "AuthTTL")]
    auth_ttl: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct LambdaAuthorizerConfig {
    authorizer_uri: Text,
    authorizer_result_ttl_in_seconds: Option<i64>,
    identity_validation_expression: Option<Text>,
}

/// What is zero says nothing: AppSync writes it back for what was never set (reference §1.3).
fn some(number: i64) -> Option<i64> {
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
        let milliseconds = |period: Option<Period>| period.and_then(|it| some(it.seconds * 1_000));
        match provider {
            Provider::ApiKey | Provider::AwsIam => {}
            Provider::Cognito(it) => {
                // A pool's id begins with its region; an id that is yet open is of this one.
                let of_id = || match it.user_pool_id.as_plain() {
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
                    authorizer_result_ttl_in_seconds: it.result_ttl.and_then(|it| some(it.seconds)),
                    identity_validation_expression: it.identity_validation_expression.clone(),
                });
            }
        }
        made
    }
}

impl AuthProvider {
    /// What tells it from others of its type, in a few words; `None`: there is one of them only.
    pub fn detail(&self) -> Option<String> {
        let optional = |what: &str, text: &Option<Text>| {
            text.as_ref().map(|it| format!(", {what} {}", it.as_declared())).unwrap_or_default()
        };
        if let Some(it) = &self.cognito_config {
            let clients = optional("clients", &it.app_id_client_regex);
            return Some(format!("pool {}{clients}", it.user_pool_id.as_declared()));
        }
        if let Some(it) = &self.open_id_connect_config {
            let clients = optional("clients", &it.client_id);
            return Some(format!("issuer {}{clients}", it.issuer.as_declared()));
        }
        let lambda = self.lambda_authorizer_config.as_ref()?;
        Some(format!("function {}", lambda.authorizer_uri.as_declared()))
    }

    /// The provider as a spec writes it; `None`: of a kind that we don't know.
    pub fn declare(&self) -> Option<Provider> {
        let period =
            |milliseconds: Option<i64>| milliseconds.map(|it| Period { seconds: it / 1_000 });
        Some(match AuthType::named(&self.auth_type)? {
            AuthType::ApiKey => Provider::ApiKey,
            AuthType::AwsIam => Provider::AwsIam,
            AuthType::Cognito => {
                let it = self.cognito_config.as_ref()?;
                Provider::Cognito(Cognito {
                    user_pool_id: it.user_pool_id.clone(),
                    region: Some(it.aws_region.clone()),
                    app_id_client_regex: it.app_id_client_regex.clone(),
                })
            }
            AuthType::OpenIdConnect => {
                let it = self.open_id_connect_config.as_ref()?;
                Provider::OpenIdConnect(OpenIdConnect {
                    issuer: it.issuer.clone(),
                    client_id: it.client_id.clone(),
                    iat_ttl: period(it.iat_ttl),
                    auth_ttl: period(it.auth_ttl),
                })
            }
            AuthType::Lambda => {
                let it = self.lambda_authorizer_config.as_ref()?;
                Provider::Lambda(Lambda {
                    function: it.authorizer_uri.clone(),
                    result_ttl: it
                        .authorizer_result_ttl_in_seconds
                        .map(|seconds| Period { seconds }),
                    identity_validation_expression: it.identity_validation_expression.clone(),
                })
            }
        })
    }

    pub fn to_sdk(&self) -> sdk::AuthProvider {
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

    pub fn of_sdk(provider: &sdk::AuthProvider) -> Self {
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
                    iat_ttl: some(it.iat_ttl()),
                    auth_ttl: some(it.auth_ttl()),
                }
            }),
            lambda_authorizer_config: provider.lambda_authorizer_config().map(|it| {
                LambdaAuthorizerConfig {
                    authorizer_uri: it.authorizer_uri().into(),
                    authorizer_result_ttl_in_seconds: some(
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
