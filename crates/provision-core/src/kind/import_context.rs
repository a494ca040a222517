//! What an import knows beyond the resource that it is converting.
use std::collections::BTreeMap;

use serde_json::Value;

use crate::address::Address;
use crate::text::{Placeholder, Text};

/// What an import knows beyond the resource that it is converting, and what it produces besides declarations.
#[derive(Debug, Default)]
pub struct ImportContext {
    /// The address under which the current resource will be declared.
    pub address: Option<Address>,
    /// Members that the parent's declaration needs for the current one.
    pub parent_members: serde_json::Map<String, Value>,
    /// The keys of data sources, by their API and their name on AWS.
    pub data_sources: BTreeMap<(Option<Address>, String), String>,
    /// Existing roles that managed resources use: name → ARN.
    pub roles: BTreeMap<String, String>,
    /// Whether handler code is written in the spec itself, and not in files.
    pub inline_code: bool,
    /// Files to write next to the spec: path → text.
    pub files: BTreeMap<String, String>,
}

impl ImportContext {
    /// Records the key under which the current data source is declared.
    pub fn add_data_source(&mut self, name: &Text) {
        if let Some(address) = &self.address {
            let key = address.name().to_owned();
            self.data_sources.insert((address.parent(), name.to_string()), key);
        }
    }
    /// Returns the key of the data source with this name, in the API of the current resource.
    pub fn data_source_key(&self, name: &Text) -> String {
        if let Some(Placeholder::Attribute { address, .. }) = name.placeholders().next() {
            return address.name().to_owned();
        }
        let api = self.address.as_ref().and_then(Address::parent);
        let name = name.to_string();
        self.data_sources.get(&(api, name.clone())).cloned().unwrap_or(name)
    }
    /// Returns the name under `logRoles` of the role with this ARN.
    pub fn role_name(&mut self, arn: &Text) -> String {
        if let Some(Placeholder::Attribute { address, .. }) = arn.placeholders().next() {
            return address.name().to_owned();
        }
        let arn = arn.to_string();
        if let Some((name, _)) = self.roles.iter().find(|(_, value)| **value == arn) {
            return name.clone();
        }
        let name = format!("existing{}", self.roles.len() + 1);
        self.roles.insert(name.clone(), arn);
        name
    }
    /// Adds a JavaScript file with this text to `handlers/`, named after the current resource, and returns its
    /// path. A file with another text is never overwritten.
    pub fn add_handler_file(&mut self, text: String) -> String {
        let name = self.address.as_ref().map_or("handler", Address::name);
        let numbered = (2..).map(|n| format!("handlers/{name}-{n}.js"));
        let mut paths = std::iter::once(format!("handlers/{name}.js")).chain(numbered);
        let free = |path: &String| self.files.get(path).is_none_or(|file| *file == text);
        let path = paths.find(free).expect("there are more numbers than files");
        self.files.insert(path.clone(), text);
        path
    }
}
