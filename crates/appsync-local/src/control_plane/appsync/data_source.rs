//! CreateDataSource, Get…, Update…, Delete…, ListDataSources
//! (docs/reference/data-sources.md#members).
use serde_json::{Value, json};

use crate::control_plane::appsync::handlers::{self, Used};
use crate::control_plane::appsync::input::{Input, check};
use crate::control_plane::appsync::shape::{self, Kind, Member, may, must};
use crate::control_plane::appsync::{api, lookup};
use crate::control_plane::page::Page;
use crate::control_plane::undocumented;
use crate::emulator_options::{Deletion, EmulatorOptions, Taken};
use crate::protocol::caller::Caller;
use crate::protocol::request::Call;
use crate::protocol::response::Fault;
use crate::state::{Api, DataSource};
use crate::store::Store;

/// Each type, and the member without which it is nothing.
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
const WORDS: &[&str] = &{
    let mut words = [""; TYPES.len()];
    let mut n = 0;
    while n < TYPES.len() {
        words[n] = TYPES[n].0;
        n += 1;
    }
    words
};

const ENDPOINT: Kind =
    Kind::Structure(&[must("endpoint", Kind::Text), must("awsRegion", Kind::Text)]);
const SHAPE: &[Member] = &[
    may("description", Kind::Text),
    must("type", Kind::Word(WORDS)),
    may("serviceRoleArn", Kind::Text),
    may(
        "dynamodbConfig",
        Kind::Structure(&[
            must("tableName", Kind::Text),
            must("awsRegion", Kind::Text),
            may("useCallerCredentials", Kind::Flag),
            may(
                "deltaSyncConfig",
                Kind::Structure(&[
                    may("baseTableTTL", Kind::Number),
                    may("deltaSyncTableName", Kind::Text),
                    may("deltaSyncTableTTL", Kind::Number),
                ]),
            ),
            may("versioned", Kind::Flag),
        ]),
    ),
    may("lambdaConfig", Kind::Structure(&[must("lambdaFunctionArn", Kind::Text)])),
    may("elasticsearchConfig", ENDPOINT),
    may("openSearchServiceConfig", ENDPOINT),
    may(
        "httpConfig",
        Kind::Structure(&[
            may("endpoint", Kind::Text),
            may(
                "authorizationConfig",
                Kind::Structure(&[
                    must("authorizationType", Kind::Word(&["AWS_IAM"])),
                    may(
                        "awsIamConfig",
                        Kind::Structure(&[
                            may("signingRegion", Kind::Text),
                            may("signingServiceName", Kind::Text),
                        ]),
                    ),
                ]),
            ),
        ]),
    ),
    may(
        "relationalDatabaseConfig",
        Kind::Structure(&[
            may("relationalDatabaseSourceType", Kind::Word(&["RDS_HTTP_ENDPOINT"])),
            may(
                "rdsHttpEndpointConfig",
                Kind::Structure(&[
                    may("awsRegion", Kind::Text),
                    may("dbClusterIdentifier", Kind::Text),
                    may("databaseName", Kind::Text),
                    may("schema", Kind::Text),
                    may("awsSecretStoreArn", Kind::Text),
                ]),
            ),
        ]),
    ),
    may("eventBridgeConfig", Kind::Structure(&[must("eventBusArn", Kind::Text)])),
    may("metricsConfig", Kind::Word(&["ENABLED", "DISABLED"])),
];

pub async fn create(
    store: &Store,
    caller: &Caller,
    api_id: &str,
    input: &Input<'_>,
) -> Result<Value, Fault> {
    let name = input.need_text("name")?;
    check_name(name)?;
    let source = DataSource { name: name.to_owned(), members: read(input, store.options())? };
    check_service_role(store, &source.members)?;
    store
        .change(|state| {
            let api = lookup::api(state, caller, api_id)?;
            if api.data_sources.contains_key(name) {
                let message = format!("Data source with name {name} already exists");
                return Err(Fault::bad_request(message));
            }
            api.data_sources.insert(name.to_owned(), source);
            answered(api, caller, name)
        })
        .await
}

pub fn get(store: &Store, caller: &Caller, api_id: &str, name: &str) -> Result<Value, Fault> {
    check_name(name)?;
    store.look(|state| answered(lookup::api(state, caller, api_id)?, caller, name))
}

/// Replaces all but the name (docs/reference/control-plane.md#omitted-members: seen on AWS).
pub async fn update(
    store: &Store,
    caller: &Caller,
    api_id: &str,
    name: &str,
    input: &Input<'_>,
) -> Result<Value, Fault> {
    check_name(name)?;
    let members = read(input, store.options())?;
    check_service_role(store, &members)?;
    store
        .change(|state| {
            let api = lookup::api(state, caller, api_id)?;
            let direct = handlers::use_of(api, name) == Used::Directly;
            let source = lookup::data_source(api.data_sources.get_mut(name), name)?;
            if direct && members["type"] != handlers::DIRECT_TYPE {
                return Err(connected());
            }
            source.members = members;
            answered(api, caller, name)
        })
        .await
}

pub async fn delete(
    store: &Store,
    caller: &Caller,
    api_id: &str,
    name: &str,
) -> Result<Value, Fault> {
    check_name(name)?;
    let used_delete = store.options().used_data_source_delete;
    store
        .change(|state| {
            let api = lookup::api(state, caller, api_id)?;
            lookup::data_source(api.data_sources.get(name), name)?;
            match (used_delete, handlers::use_of(api, name)) {
                (Deletion::Refused, Used::Directly) => return Err(connected()),
                (Deletion::Refused, Used::ByCode) => {
                    return Err(undocumented::used_data_source(name));
                }
                (Deletion::Allowed, _) | (_, Used::Not) => {}
            }
            api.data_sources.remove(name);
            Ok(json!({}))
        })
        .await
}

pub fn list(store: &Store, call: &Call, api_id: &str) -> Result<Value, Fault> {
    let caller = &call.caller;
    store.look(|state| {
        let api = lookup::api(state, caller, api_id)?;
        let page = Page::of(call, store.options())?;
        Ok(page.cut("dataSources", api.data_sources.iter(), |it| written(it, api, caller)))
    })
}

/// All but the name.
fn read(input: &Input<'_>, options: &EmulatorOptions) -> Result<Value, Fault> {
    let members = shape::read(input, SHAPE)?;
    let kind = members["type"].as_str().unwrap_or_default();
    let needs = TYPES.iter().find(|(word, _)| *word == kind).and_then(|(_, needs)| *needs);
    if let Some(needs) = needs.filter(|it| members.get(it).is_none()) {
        return Err(input.missing(needs));
    }
    let usable = !["NONE", "AMAZON_ELASTICSEARCH"].contains(&kind);
    if !usable && options.none_data_sources == Taken::Refused {
        let message = format!("Data sources of type {kind} can't be used in an Event API.");
        return Err(Fault::bad_request(message));
    }
    Ok(members)
}

/// AppSync must be able to assume it, if it is to call as it.
fn check_service_role(store: &Store, members: &Value) -> Result<(), Fault> {
    members["serviceRoleArn"].as_str().map_or(Ok(()), |arn| store.check_role(arn))
}

fn answered(api: &Api, caller: &Caller, name: &str) -> Result<Value, Fault> {
    let source = lookup::data_source(api.data_sources.get(name), name)?;
    Ok(json!({ "dataSource": written(source, api, caller) }))
}

/// In AWS's own words (docs/reference/data-sources.md#names).
fn check_name(name: &str) -> Result<(), Fault> {
    check("name", name, 1, 65_536, |_| true)?;
    let letter = |it: char| it == '_' || it.is_ascii_alphanumeric();
    if name.chars().all(letter) && !name.starts_with(|it: char| it.is_ascii_digit()) {
        return Ok(());
    }
    let message = "Invalid data source name given, must match pattern [_A-Za-z][_0-9A-Za-z]*";
    Err(Fault::bad_request(message))
}

/// AWS's own words, of GraphQL's resolvers (docs/reference/data-sources.md#references).
fn connected() -> Fault {
    let message = "Data source is still connected to a resolver that uses mapping template bypass.";
    Fault::bad_request(message)
}

fn written(source: &DataSource, api: &Api, caller: &Caller) -> Value {
    let mut written = json!({
        "dataSourceArn": format!("{}/datasources/{}", api::arn(&api.id, caller), source.name),
        "name": source.name,
    });
    if let (Some(written), Some(members)) = (written.as_object_mut(), source.members.as_object()) {
        written.extend(members.iter().map(|(name, it)| (name.clone(), it.clone())));
    }
    written
}
