//! What an import has found so far, beside the declaration at hand.
use std::collections::BTreeMap;

use serde_json::Value;

use crate::address::Address;
use crate::text::{Hole, Text};

/// What an import has found so far, beside the declaration at hand.
#[derive(Debug, Default)]
pub struct ImportContext {
    /// Where the resource at hand will be declared.
    pub address: Option<Address>,
    /// What the declaration around the one at hand has to say for it.
    pub parent_members: serde_json::Map<String, Value>,
    /// Data sources by their API and their name on AWS: their keys.
    pub data_sources: BTreeMap<(Option<Address>, String), String>,
    /// Roles that something of ours uses and nobody of ours made: name → ARN.
    pub roles: BTreeMap<String, String>,
    /// Whether handler code is written in the spec itself, and not in files.
    pub inline_code: bool,
    /// Files to lie beside the spec: path → text.
    pub files: BTreeMap<String, String>,
}

impl ImportContext {
    /// Remembers under which key the data source at hand is declared.
    pub fn add_data_source(&mut self, name: &Text) {
        if let Some(address) = &self.address {
            let key = address.name().to_owned();
            self.data_sources.insert((address.parent(), name.to_string()), key);
        }
    }
    /// The key of the data source with this name, in the API of the resource at hand.
    pub fn data_source_key(&self, name: &Text) -> String {
        if let Some(Hole::Attribute { address, .. }) = name.holes().next() {
            return address.name().to_owned();
        }
        let api = self.address.as_ref().and_then(Address::parent);
        let name = name.to_string();
        self.data_sources.get(&(api, name.clone())).cloned().unwrap_or(name)
    }
    /// The name under `logRoles` of the role with this ARN.
    pub fn role_name(&mut self, arn: &Text) -> String {
        if let Some(Hole::Attribute { address, .. }) = arn.holes().next() {
            return address.name().to_owned();
        }
        let arn = arn.to_string();
        if let Some((name, _)) = self.roles.iter().find(|(_, it)| **it == arn) {
            return name.clone();
        }
        let name = format!("existing{}", self.roles.len() + 1);
        self.roles.insert(name.clone(), arn);
        name
    }
    /// The path of a JavaScript file with this text, in `handlers`, called after the resource at hand.
    /// No text takes the place of another.
    pub fn add_handler_file(&mut self, text: String) -> String {
        let name = self.address.as_ref().map_or("handler", Address::name);
        let numbered = (2..).map(|n| format!("handlers/{name}-{n}.js"));
        let mut paths = std::iter::once(format!("handlers/{name}.js")).chain(numbered);
        let free = |path: &String| self.files.get(path).is_none_or(|it| *it == text);
        let path = paths.find(free).expect("there are more numbers than files");
        self.files.insert(path.clone(), text);
        path
    }
}
