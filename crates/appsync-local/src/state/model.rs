//! The state that AWS would have, by account and Region. Only data, with the names of the state file. No `Debug`,
//! because it includes API keys.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::protocol::caller::Caller;

pub type Tags = BTreeMap<String, String>;

#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct State {
    pub accounts: BTreeMap<String, Account>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Account {
    /// By name in lower case: IAM's names are unique regardless of case.
    #[serde(default)]
    pub roles: BTreeMap<String, Role>,
    #[serde(default)]
    pub regions: BTreeMap<String, Region>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Region {
    pub apis: BTreeMap<String, Api>,
    #[serde(default)]
    pub domains: BTreeMap<String, DomainName>,
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
    pub namespaces: BTreeMap<String, Namespace>,
    pub keys: BTreeMap<String, ApiKey>,
    #[serde(default)]
    pub data_sources: BTreeMap<String, DataSource>,
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

/// The handlers in a state file that was written before there were handlers.
fn empty_object() -> Value {
    Value::Object(Default::default())
}

impl State {
    pub fn account(&mut self, caller: &Caller) -> &mut Account {
        self.accounts.entry(caller.account.clone()).or_default()
    }
    pub fn region(&mut self, caller: &Caller) -> &mut Region {
        self.account(caller).regions.entry(caller.region.clone()).or_default()
    }
}

#[cfg(test)]
mod tests {
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
}
