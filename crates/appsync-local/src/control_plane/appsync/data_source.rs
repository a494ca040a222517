//! CreateDataSource, Get…, Update…, Delete…, ListDataSources
//! (docs/reference/data-sources.md#members).
use serde_json::{Value, json};

use crate::control_plane::appsync::handler_configs::{self, DataSourceUse};
use crate::control_plane::appsync::input::{Input, check_text};
use crate::control_plane::appsync::shape::{self, Member, MemberType, optional, required};
use crate::control_plane::appsync::{api, lookup};
use crate::control_plane::page::PageRequest;
use crate::control_plane::undocumented;
use crate::emulator_options::{Acceptance, DeletionWhileInUse, EmulatorOptions};
use crate::protocol::caller::Caller;
use crate::protocol::request::ApiCall;
use crate::protocol::response::AwsError;
use crate::state::{Api, DataSource};
use crate::store::Store;

/// Each type, with the member that it requires.
const TYPES: &[(&str, Option<&str>)] = &[
    ("AWS_LAMBDA", Some("lambdaConfig")),
    ("AMAZON_DYNAMODB", Some("dynamodbConfig")),
    ("AMAZON_ELASTICSEARCH", Some("elasticsearchConfig")),
    ("NONE", None),
    ("HTTP", Some("httpConfig")),
    ("RELATIONAL_DATABASE", Some("relationalDatabaseConfig")),
    ("AMAZON_OPENSEARCH_SERVICE", Some("openSearchServiceConfig")),
    ("AMAZON_EVENTBRIDGE", Some("eventBridgeConfig")),
    ("AMAZON_BEDROCK_RUNTIME", None),
];
const TYPE_NAMES: &[&str] = &{
    let mut names = [""; TYPES.len()];
    let mut n = 0;
    while n < TYPES.len() {
        names[n] = TYPES[n].0;
        n += 1;
    }
    names
};

const ENDPOINT: MemberType = MemberType::Structure(&[
    required("endpoint", MemberType::Text),
    required("awsRegion", MemberType::Text),
]);
const SHAPE: &[Member] = &[
    optional("description", MemberType::Text),
    required("type", MemberType::Enumeration(TYPE_NAMES)),
    optional("serviceRoleArn", MemberType::Text),
    optional(
        "dynamodbConfig",
        MemberType::Structure(&[
            required("tableName", MemberType::Text),
            required("awsRegion", MemberType::Text),
            optional("useCallerCredentials", MemberType::Boolean),
            optional(
                "deltaSyncConfig",
                MemberType::Structure(&[
                    optional("baseTableTTL", MemberType::Number),
                    optional("deltaSyncTableName", MemberType::Text),
                    optional("deltaSyncTableTTL", MemberType::Number),
                ]),
            ),
            optional("versioned", MemberType::Boolean),
        ]),
    ),
    optional(
        "lambdaConfig",
        MemberType::Structure(&[required("lambdaFunctionArn", MemberType::Text)]),
    ),
    optional("elasticsearchConfig", ENDPOINT),
    optional("openSearchServiceConfig", ENDPOINT),
    optional(
        "httpConfig",
        MemberType::Structure(&[
            optional("endpoint", MemberType::Text),
            optional(
                "authorizationConfig",
                MemberType::Structure(&[
                    required("authorizationType", MemberType::Enumeration(&["AWS_IAM"])),
                    optional(
                        "awsIamConfig",
                        MemberType::Structure(&[
                            optional("signingRegion", MemberType::Text),
                            optional("signingServiceName", MemberType::Text),
                        ]),
                    ),
                ]),
            ),
        ]),
    ),
    optional(
        "relationalDatabaseConfig",
        MemberType::Structure(&[
            optional(
                "relationalDatabaseSourceType",
                MemberType::Enumeration(&["RDS_HTTP_ENDPOINT"]),
            ),
            optional(
                "rdsHttpEndpointConfig",
                MemberType::Structure(&[
                    optional("awsRegion", MemberType::Text),
                    optional("dbClusterIdentifier", MemberType::Text),
                    optional("databaseName", MemberType::Text),
                    optional("schema", MemberType::Text),
                    optional("awsSecretStoreArn", MemberType::Text),
                ]),
            ),
        ]),
    ),
    optional(
        "eventBridgeConfig",
        MemberType::Structure(&[required("eventBusArn", MemberType::Text)]),
    ),
    optional("metricsConfig", MemberType::Enumeration(&["ENABLED", "DISABLED"])),
];

pub async fn create(
    store: &Store,
    caller: &Caller,
    api_id: &str,
    input: &Input<'_>,
) -> Result<Value, AwsError> {
    let name = input.require_text("name")?;
    check_name(name)?;
    let data_source =
        DataSource { name: name.to_owned(), members: parse_members(input, store.options())? };
    check_service_role(store, &data_source.members)?;
    store
        .change(|state| {
            let api = lookup::api(state, caller, api_id)?;
            if api.data_sources.contains_key(name) {
                let message = format!("Data source with name {name} already exists");
                return Err(AwsError::bad_request(message));
            }
            api.data_sources.insert(name.to_owned(), data_source);
            data_source_response(api, caller, name)
        })
        .await
}

pub fn get(store: &Store, caller: &Caller, api_id: &str, name: &str) -> Result<Value, AwsError> {
    check_name(name)?;
    store.read(|state| data_source_response(lookup::api(state, caller, api_id)?, caller, name))
}

/// Replaces everything except the name (docs/reference/control-plane.md#omitted-members: observed on AWS).
pub async fn update(
    store: &Store,
    caller: &Caller,
    api_id: &str,
    name: &str,
    input: &Input<'_>,
) -> Result<Value, AwsError> {
    check_name(name)?;
    let members = parse_members(input, store.options())?;
    check_service_role(store, &members)?;
    store
        .change(|state| {
            let api = lookup::api(state, caller, api_id)?;
            let is_direct = handler_configs::data_source_use(api, name) == DataSourceUse::Direct;
            let data_source = lookup::data_source(api.data_sources.get_mut(name), name)?;
            if is_direct && members["type"] != handler_configs::DIRECT_TYPE {
                return Err(direct_use_error());
            }
            data_source.members = members;
            data_source_response(api, caller, name)
        })
        .await
}

pub async fn delete(
    store: &Store,
    caller: &Caller,
    api_id: &str,
    name: &str,
) -> Result<Value, AwsError> {
    check_name(name)?;
    let deletion_in_use = store.options().used_data_source_delete;
    store
        .change(|state| {
            let api = lookup::api(state, caller, api_id)?;
            lookup::data_source(api.data_sources.get(name), name)?;
            match (deletion_in_use, handler_configs::data_source_use(api, name)) {
                (DeletionWhileInUse::Refused, DataSourceUse::Direct) => {
                    return Err(direct_use_error());
                }
                (DeletionWhileInUse::Refused, DataSourceUse::Code) => {
                    return Err(undocumented::data_source_in_use(name));
                }
                (DeletionWhileInUse::Allowed, _) | (_, DataSourceUse::Unused) => {}
            }
            api.data_sources.remove(name);
            Ok(json!({}))
        })
        .await
}

pub fn list(store: &Store, call: &ApiCall, api_id: &str) -> Result<Value, AwsError> {
    let caller = &call.caller;
    store.read(|state| {
        let api = lookup::api(state, caller, api_id)?;
        let page = PageRequest::parse(call, store.options())?;
        Ok(page.page_of("dataSources", &api.data_sources, |data_source| {
            data_source_json(data_source, api, caller)
        }))
    })
}

/// Parses everything except the name.
fn parse_members(input: &Input<'_>, options: &EmulatorOptions) -> Result<Value, AwsError> {
    let members = shape::parse(input, SHAPE)?;
    let type_name = members["type"].as_str().unwrap_or_default();
    let config_name =
        TYPES.iter().find(|(name, _)| *name == type_name).and_then(|(_, config_name)| *config_name);
    if let Some(config_name) = config_name.filter(|member| members.get(member).is_none()) {
        return Err(input.missing_member(config_name));
    }
    let is_usable = !["NONE", "AMAZON_ELASTICSEARCH"].contains(&type_name);
    if !is_usable && options.none_data_sources == Acceptance::Refused {
        let message = format!("Data sources of type {type_name} can't be used in an Event API.");
        return Err(AwsError::bad_request(message));
    }
    Ok(members)
}

/// AppSync must be able to assume the service role, if there is one.
fn check_service_role(store: &Store, members: &Value) -> Result<(), AwsError> {
    members["serviceRoleArn"].as_str().map_or(Ok(()), |arn| store.check_role(arn))
}

fn data_source_response(api: &Api, caller: &Caller, name: &str) -> Result<Value, AwsError> {
    let data_source = lookup::data_source(api.data_sources.get(name), name)?;
    Ok(json!({ "dataSource": data_source_json(data_source, api, caller) }))
}

/// Rejects other names with AWS's own text (docs/reference/data-sources.md#names).
fn check_name(name: &str) -> Result<(), AwsError> {
    check_text("name", name, 1, 65_536, |_| true)?;
    let letter = |letter: char| letter == '_' || letter.is_ascii_alphanumeric();
    if name.chars().all(letter) && !name.starts_with(|letter: char| letter.is_ascii_digit()) {
        return Ok(());
    }
    let message = "Invalid data source name given, must match pattern [_A-Za-z][_0-9A-Za-z]*";
    Err(AwsError::bad_request(message))
}

/// AWS's own text, which it uses for the resolvers of GraphQL APIs (docs/reference/data-sources.md#references).
fn direct_use_error() -> AwsError {
    let message = "Data source is still connected to a resolver that uses mapping template bypass.";
    AwsError::bad_request(message)
}

fn data_source_json(data_source: &DataSource, api: &Api, caller: &Caller) -> Value {
    let mut json = json!({
        "dataSourceArn": format!("{}/datasources/{}", api::arn(&api.id, caller), data_source.name),
        "name": data_source.name,
    });
    if let (Some(json), Some(members)) = (json.as_object_mut(), data_source.members.as_object()) {
        json.extend(members.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    json
}
