//! `eventConfig` of an API, which has its authorization and logging, and the auth modes of a namespace: from a
//! request to the JSON that AppSync returns. Nothing is authorized here.
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

/// Parses `eventConfig` to what AppSync returns for it.
pub fn parse(input: &Input<'_>, options: &EmulatorOptions) -> Result<Value, AwsError> {
    let config =
        input.structure("eventConfig")?.ok_or_else(|| input.missing_member("eventConfig"))?;
    let values =
        config.list("authProviders")?.ok_or_else(|| config.missing_member("authProviders"))?;
    let mut providers = Vec::new();
    for (n, value) in values.iter().enumerate() {
        let path = format!("{}.{}.member", config.path_of("authProviders"), n + 1);
        providers.push(parse_provider(&Input::from_value(value, path)?)?);
    }
    check_providers(&providers, options)?;
    let mut json = Map::new();
    json.insert("authProviders".into(), json!(providers));
    let offered: Vec<&str> =
        providers.iter().filter_map(|provider| provider["authType"].as_str()).collect();
    for name in ["connectionAuthModes", "defaultPublishAuthModes", "defaultSubscribeAuthModes"] {
        let modes = parse_modes(&config, name)?.ok_or_else(|| config.missing_member(name))?;
        check_offered(&modes, &offered, options)?;
        json.insert(name.into(), json!(modes));
    }
    if let Some(log) = config.structure("logConfig")? {
        let level = log.require_enum_value("logLevel", LOG_LEVELS)?;
        let arn = log.require_text("cloudWatchLogsRoleArn")?;
        if !arn.starts_with("arn:") || !arn.contains(":iam::") || !arn.contains(":role/") {
            return Err(AwsError::bad_request(format!("{arn} is not a valid role ARN.")));
        }
        json.insert("logConfig".into(), json!({ "logLevel": level, "cloudWatchLogsRoleArn": arn }));
    }
    Ok(Value::Object(json))
}

/// The auth modes of the authorization providers in an `eventConfig`.
pub fn offered_modes(event_config: &Value) -> Vec<&str> {
    let providers = event_config["authProviders"].as_array();
    providers.into_iter().flatten().filter_map(|provider| provider["authType"].as_str()).collect()
}

/// Parses a list of `{authType}`, if there is one.
pub fn parse_modes(input: &Input<'_>, name: &str) -> Result<Option<Vec<Value>>, AwsError> {
    let Some(values) = input.list(name)? else { return Ok(None) };
    let mode = |(n, value)| {
        let path = format!("{}.{}.member", input.path_of(name), n + 1);
        let mode = Input::from_value(value, path)?;
        Ok(json!({ "authType": mode.require_enum_value("authType", AuthMode::NAMES)? }))
    };
    values.iter().enumerate().map(mode).collect::<Result<_, _>>().map(Some)
}

pub fn check_offered(
    modes: &[Value],
    offered: &[&str],
    options: &EmulatorOptions,
) -> Result<(), AwsError> {
    if options.unoffered_modes == Acceptance::Accepted {
        return Ok(());
    }
    let mode_names = modes.iter().filter_map(|mode| mode["authType"].as_str());
    match mode_names.into_iter().find(|mode| !offered.contains(mode)) {
        Some(mode) => Err(undocumented::mode_not_offered(mode)),
        None => Ok(()),
    }
}

fn parse_provider(input: &Input<'_>) -> Result<Value, AwsError> {
    let auth_type = input.require_enum_value("authType", AuthMode::NAMES)?;
    let mut json = json!({ "authType": auth_type });
    let mode = AuthMode::parse(auth_type);
    let config_name = match mode {
        Some(AuthMode::CognitoUserPools) => "cognitoConfig",
        Some(AuthMode::OpenIdConnect) => "openIDConnectConfig",
        Some(AuthMode::AwsLambda) => "lambdaAuthorizerConfig",
        _ => return Ok(json),
    };
    let config = input.structure(config_name)?.ok_or_else(|| input.missing_member(config_name))?;
    json[config_name] = without_nulls(match mode {
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
            // AppSync returns 0 for numbers that are not set (docs/reference/apis.md#unset-numbers).
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
                let path = config.path_of("authorizerResultTtlInSeconds");
                let constraint = "Member must have value between 0 and 3600";
                return Err(undocumented::constraint_error(&path, constraint));
            }
            json!({
                "authorizerUri": config.require_text("authorizerUri")?,
                "authorizerResultTtlInSeconds": seconds,
                "identityValidationExpression": config.text("identityValidationExpression")?,
            })
        }
    });
    Ok(json)
}

/// Rejects no providers, duplicates, and several of a mode for which AppSync allows one
/// (docs/reference/authorization.md#providers).
fn check_providers(providers: &[Value], options: &EmulatorOptions) -> Result<(), AwsError> {
    let lacks_provider = providers.is_empty() && options.empty_providers == Acceptance::Refused;
    if lacks_provider || providers.len() > PROVIDERS_MAX {
        let message =
            format!("An API must have between 1 and {PROVIDERS_MAX} authorization providers.");
        return Err(AwsError::bad_request(message));
    }
    let allows_several_keys = options.repeated_api_key_provider == Acceptance::Accepted;
    for auth_mode in [AuthMode::ApiKey, AuthMode::AwsIam, AuthMode::AwsLambda] {
        if allows_several_keys && auth_mode == AuthMode::ApiKey {
            continue;
        }
        if providers
            .iter()
            .filter(|provider| AuthMode::from_json(provider) == Some(auth_mode))
            .count()
            > 1
        {
            let message = format!("An API can have one {auth_mode} authorization provider.");
            return Err(AwsError::bad_request(message));
        }
    }
    let key = json!({ "authType": AuthMode::ApiKey.name() });
    let has_duplicate = providers
        .iter()
        .enumerate()
        .any(|(n, provider)| *provider != key && providers[..n].contains(provider));
    match has_duplicate {
        true => Err(AwsError::bad_request("An authorization provider is given twice.")),
        false => Ok(()),
    }
}
