//! Authorization and logging of an API, and the modes of a namespace, as AppSync takes them and
//! writes them back.
use serde_json::{Map, Value, json};

use crate::auth_mode::AuthMode;
use crate::control_plane::appsync::input::Input;
use crate::control_plane::undocumented;
use crate::emulator_options::{Acceptance, EmulatorOptions};
use crate::json::without_nulls;
use crate::protocol::response::AwsError;

const LOG_LEVELS: &[&str] = &["NONE", "ERROR", "ALL", "INFO", "DEBUG"];
/// See docs/reference/quotas.md#control-plane.
const PROVIDERS_MAX: usize = 50;

/// `eventConfig` as AppSync will write it.
pub fn parse(input: &Input<'_>, options: &EmulatorOptions) -> Result<Value, AwsError> {
    let config =
        input.structure("eventConfig")?.ok_or_else(|| input.missing_member("eventConfig"))?;
    let given =
        config.list("authProviders")?.ok_or_else(|| config.missing_member("authProviders"))?;
    let mut providers = Vec::new();
    for (n, value) in given.iter().enumerate() {
        let at = format!("{}.{}.member", config.path_of("authProviders"), n + 1);
        providers.push(parse_provider(&Input::from_value(value, at)?)?);
    }
    check_providers(&providers, options)?;
    let mut written = Map::new();
    written.insert("authProviders".into(), json!(providers));
    let offered: Vec<&str> =
        providers.iter().filter_map(|provider| provider["authType"].as_str()).collect();
    for name in ["connectionAuthModes", "defaultPublishAuthModes", "defaultSubscribeAuthModes"] {
        let modes = parse_modes(&config, name)?.ok_or_else(|| config.missing_member(name))?;
        check_offered(&modes, &offered, options)?;
        written.insert(name.into(), json!(modes));
    }
    if let Some(log) = config.structure("logConfig")? {
        let level = log.require_enum_value("logLevel", LOG_LEVELS)?;
        let arn = log.require_text("cloudWatchLogsRoleArn")?;
        if !arn.starts_with("arn:") || !arn.contains(":iam::") || !arn.contains(":role/") {
            return Err(AwsError::bad_request(format!("{arn} is not a valid role ARN.")));
        }
        written
            .insert("logConfig".into(), json!({ "logLevel": level, "cloudWatchLogsRoleArn": arn }));
    }
    Ok(Value::Object(written))
}

/// The auth types that an `eventConfig` offers.
pub fn offered_modes(event_config: &Value) -> Vec<&str> {
    let providers = event_config["authProviders"].as_array();
    providers.into_iter().flatten().filter_map(|provider| provider["authType"].as_str()).collect()
}

/// A list of `{authType}`, if it is given.
pub fn parse_modes(input: &Input<'_>, name: &str) -> Result<Option<Vec<Value>>, AwsError> {
    let Some(given) = input.list(name)? else { return Ok(None) };
    let mode = |(n, value)| {
        let at = format!("{}.{}.member", input.path_of(name), n + 1);
        let mode = Input::from_value(value, at)?;
        Ok(json!({ "authType": mode.require_enum_value("authType", AuthMode::NAMES)? }))
    };
    given.iter().enumerate().map(mode).collect::<Result<_, _>>().map(Some)
}

pub fn check_offered(
    modes: &[Value],
    offered: &[&str],
    options: &EmulatorOptions,
) -> Result<(), AwsError> {
    if options.unoffered_modes == Acceptance::Accepted {
        return Ok(());
    }
    let types = modes.iter().filter_map(|mode| mode["authType"].as_str());
    match types.into_iter().find(|mode| !offered.contains(mode)) {
        Some(stray) => Err(undocumented::mode_not_offered(stray)),
        None => Ok(()),
    }
}

fn parse_provider(input: &Input<'_>) -> Result<Value, AwsError> {
    let auth_type = input.require_enum_value("authType", AuthMode::NAMES)?;
    let mut written = json!({ "authType": auth_type });
    let mode = AuthMode::parse(auth_type);
    let needs = match mode {
        Some(AuthMode::CognitoUserPools) => "cognitoConfig",
        Some(AuthMode::OpenIdConnect) => "openIDConnectConfig",
        Some(AuthMode::AwsLambda) => "lambdaAuthorizerConfig",
        _ => return Ok(written),
    };
    let config = input.structure(needs)?.ok_or_else(|| input.missing_member(needs))?;
    written[needs] = without_nulls(match mode {
        Some(AuthMode::CognitoUserPools) => json!({
            "userPoolId": config.require_text("userPoolId")?,
            "awsRegion": config.require_text("awsRegion")?,
            "appIdClientRegex": config.text("appIdClientRegex")?,
        }),
        Some(AuthMode::OpenIdConnect) => {
            let issuer = config.require_text("issuer")?;
            if !issuer.starts_with("https://") {
                return Err(AwsError::bad_request(
                    "The OpenID Connect issuer must be an https URL.",
                ));
            }
            // What is not set comes back as 0 (docs/reference/apis.md#unset-numbers).
            json!({
                "issuer": issuer,
                "clientId": config.text("clientId")?,
                "iatTTL": config.number("iatTTL")?.unwrap_or(0),
                "authTTL": config.number("authTTL")?.unwrap_or(0),
            })
        }
        _ => {
            let seconds = config.number("authorizerResultTtlInSeconds")?.unwrap_or(0);
            if !(0..=3_600).contains(&seconds) {
                let at = config.path_of("authorizerResultTtlInSeconds");
                let constraint = "Member must have value between 0 and 3600";
                return Err(undocumented::constraint_error(&at, constraint));
            }
            json!({
                "authorizerUri": config.require_text("authorizerUri")?,
                "authorizerResultTtlInSeconds": seconds,
                "identityValidationExpression": config.text("identityValidationExpression")?,
            })
        }
    });
    Ok(written)
}

/// At least one; one of a kind where AppSync allows one
/// (docs/reference/authorization.md#providers).
fn check_providers(providers: &[Value], options: &EmulatorOptions) -> Result<(), AwsError> {
    let empty = providers.is_empty() && options.empty_providers == Acceptance::Refused;
    if empty || providers.len() > PROVIDERS_MAX {
        let message =
            format!("An API must have between 1 and {PROVIDERS_MAX} authorization providers.");
        return Err(AwsError::bad_request(message));
    }
    let keys = options.repeated_api_key_provider == Acceptance::Accepted;
    for single in [AuthMode::ApiKey, AuthMode::AwsIam, AuthMode::AwsLambda] {
        if keys && single == AuthMode::ApiKey {
            continue;
        }
        if providers.iter().filter(|provider| AuthMode::from_json(provider) == Some(single)).count()
            > 1
        {
            let message = format!("An API can have one {single} authorization provider.");
            return Err(AwsError::bad_request(message));
        }
    }
    let key = json!({ "authType": AuthMode::ApiKey.name() });
    let mut twins =
        providers.iter().enumerate().filter(|(n, provider)| providers[..*n].contains(provider));
    let twins = twins.any(|(_, provider)| *provider != key);
    match twins {
        true => Err(AwsError::bad_request("An authorization provider is given twice.")),
        false => Ok(()),
    }
}
