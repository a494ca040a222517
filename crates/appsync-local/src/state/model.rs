//! The state that AWS would have, by account and Region. Only data, with the names of the state file. No `Debug`,
//! because it includes API keys.
//!
//! What can grow is a [`Table`], so that a change writes only what it changed. The values of a table are entities:
//! those with nested tables register them by [`tables!`].
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::protocol::caller::Caller;
use crate::state::delta::{Entity, tables};
use crate::state::stacks::Stack;
use crate::state::table::Table;
use crate::state::tags::Tags;

#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct State {
    pub accounts: Table<Account>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Account {
    /// By name in lower case: IAM's names are unique regardless of case.
    #[serde(default)]
    pub roles: Table<Role>,
    /// By name in lower case, too.
    #[serde(default)]
    pub policies: Table<ManagedPolicy>,
    /// By name, which is unique in all accounts.
    #[serde(default)]
    pub buckets: Table<Bucket>,
    #[serde(default)]
    pub regions: Table<Region>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Region {
    pub apis: Table<Api>,
    #[serde(default)]
    pub domains: Table<DomainName>,
    /// By ARN, deleted ones too.
    #[serde(default)]
    pub stacks: Table<Stack>,
    /// Of Parameter Store, by name.
    #[serde(default)]
    pub parameters: Table<Parameter>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Api {
    pub id: String,
    pub name: String,
    pub owner_contact: Option<String>,
    /// As AppSync returns it.
    pub event_config: Value,
    pub tags: Tags,
    /// The first label of its host names, which is not its id.
    pub dns_prefix: String,
    pub created_epoch_s: f64,
    pub namespaces: Table<Namespace>,
    pub keys: Table<ApiKey>,
    #[serde(default)]
    pub data_sources: Table<DataSource>,
    /// The ARN of the associated web ACL.
    #[serde(default)]
    pub web_acl: Option<String>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Namespace {
    pub name: String,
    pub publish: Value,
    pub subscribe: Value,
    pub code: Option<String>,
    /// As AppSync returns them.
    #[serde(default = "empty_object")]
    pub handlers: Value,
    pub tags: Tags,
    pub created_epoch_s: f64,
    pub modified_epoch_s: f64,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct ApiKey {
    /// The key itself, which is a secret.
    pub id: String,
    pub description: Option<String>,
    pub expires_epoch_s: i64,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct DataSource {
    pub name: String,
    /// Everything but the name, as AppSync returns it.
    pub members: Value,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct DomainName {
    pub name: String,
    pub certificate: String,
    pub description: Option<String>,
    pub tags: Tags,
    /// The host that the domain's DNS record points at.
    pub appsync_name: String,
    pub association: Option<ApiAssociation>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct ApiAssociation {
    pub api_id: String,
    pub since_epoch_s: f64,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Role {
    pub name: String,
    pub id: String,
    pub path: String,
    pub trust: String,
    pub description: Option<String>,
    pub max_session_s: u32,
    pub boundary: Option<String>,
    pub created_epoch_s: i64,
    pub inline: BTreeMap<String, String>,
    /// ARNs of managed policies.
    pub attached: Vec<String>,
    pub tags: Tags,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Parameter {
    pub name: String,
    pub tags: Tags,
    /// The newest versions in order; at least one.
    pub versions: Vec<ParameterVersion>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct ParameterVersion {
    pub number: i64,
    /// `String` or `StringList`.
    #[serde(rename = "type")]
    pub parameter_type: String,
    pub value: String,
    pub description: Option<String>,
    pub allowed_pattern: Option<String>,
    pub data_type: String,
    pub tier: String,
    pub modified_epoch_s: f64,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Bucket {
    pub name: String,
    pub region: String,
    pub created_epoch_s: f64,
    /// By key.
    pub objects: Table<StoredObject>,
}

/// An object of S3, without its body.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct StoredObject {
    /// The id of its body among [`ObjectBodies`](crate::state::object_bodies::ObjectBodies).
    pub body: String,
    pub size: u64,
    /// The MD5 of the body in hexadecimal.
    pub etag: String,
    pub modified_epoch_s: f64,
    /// The headers that are returned with it, such as `content-type`, by name in lower case.
    pub headers: BTreeMap<String, String>,
    /// The header of its checksum, such as `x-amz-checksum-crc32`, and its value.
    pub checksum: Option<(String, String)>,
}
tables!(State: accounts);
tables!(Account: roles, policies, buckets, regions);
tables!(Region: apis, domains, stacks, parameters);
tables!(Api: namespaces, keys, data_sources);
impl Entity for Role {}
impl Entity for ManagedPolicy {}
impl Entity for DomainName {}
impl Entity for Namespace {}
impl Entity for ApiKey {}
impl Entity for DataSource {}
tables!(Bucket: objects);
impl Entity for StoredObject {}
impl Entity for Parameter {}

/// A managed policy of an account.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct ManagedPolicy {
    pub name: String,
    pub id: String,
    pub path: String,
    pub description: Option<String>,
    pub default_version: u32,
    pub versions: BTreeMap<u32, PolicyVersion>,
    /// The number of the newest version, which is never used again after its deletion.
    pub latest_version: u32,
    pub created_epoch_s: i64,
    pub updated_epoch_s: i64,
    pub tags: Tags,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct PolicyVersion {
    pub document: String,
    pub created_epoch_s: i64,
}

/// The handlers in a state file that was written before there were handlers.
fn empty_object() -> Value {
    Value::Object(Default::default())
}

impl State {
    pub fn account(&mut self, caller: &Caller) -> &mut Account {
        self.accounts.or_default(&caller.account)
    }
    pub fn region(&mut self, caller: &Caller) -> &mut Region {
        self.account(caller).regions.or_default(&caller.region)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use regex_lite::Captures;

    use super::*;

    #[test]
    fn members_that_a_state_file_lacks_are_empty() {
        let file = r#"{"accounts":{"1":{"roles":{},"regions":{"r":{"apis":{"i":{
            "id":"i","name":"n","owner_contact":null,"event_config":{},"tags":{},"dns_prefix":"d",
            "created_epoch_s":1.0,"keys":{},"namespaces":{"c":{"name":"c","publish":[],
            "subscribe":[],"code":null,"tags":{},"created_epoch_s":1.0,"modified_epoch_s":1.0}}}}}}}}}"#;
        let state: State = serde_json::from_str(file).unwrap();
        let region = &state.accounts["1"].regions["r"];
        let api = &region.apis["i"];
        assert!(region.domains.is_empty() && api.data_sources.is_empty() && api.web_acl.is_none());
        assert_eq!(api.namespaces["c"].handlers, empty_object());
    }

    #[test]
    fn every_nested_table_is_registered() {
        let regex = |text: &str| regex_lite::Regex::new(text).unwrap();
        let (structs, members) = (regex(r"struct (\w+) \{([^}]*)\}"), regex(r"(\w+): Table<"));
        let registrations = regex(r"tables!\((\w+): ([\w, ]+)\);");
        let (mut declared, mut registered) = (BTreeSet::new(), BTreeSet::new());
        for file in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/state")).unwrap() {
            let source = fs::read_to_string(file.unwrap().path()).unwrap();
            for found in structs.captures_iter(&source) {
                let table = |member: Captures<'_>| format!("{}.{}", &found[1], &member[1]);
                declared.extend(members.captures_iter(&found[2]).map(table));
            }
            for found in registrations.captures_iter(&source) {
                registered
                    .extend(found[2].split(", ").map(|table| format!("{}.{table}", &found[1])));
            }
        }
        assert_eq!(declared, registered);
        assert!(declared.contains("Api.namespaces"));
    }
}
