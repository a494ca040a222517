//! What CloudFormation deploys from a template, with every intrinsic function evaluated. It shares no code with
//! the import, which it checks.
use std::collections::BTreeMap;

use provision_core::source::tree::{Node, NodeData};
use serde_json::{Map, Value, json};

/// A template and the values with which it is deployed.
pub struct Environment<'a> {
    pub template: &'a Value,
    /// Values of parameters and pseudo parameters.
    pub values: &'a BTreeMap<String, String>,
    /// For a parameter, the expression of `original` that it replaces.
    pub replaced: &'a BTreeMap<String, Value>,
    pub original: Option<&'a Environment<'a>>,
}

/// Returns a template in the long form of JSON.
pub fn long_form(node: &Node) -> Value {
    let node = node.follow_alias();
    let value = match &node.data {
        NodeData::Scalar { text, plain: true } => {
            serde_json::from_str(text).unwrap_or_else(|_| json!(text))
        }
        NodeData::Scalar { text, .. } => json!(text),
        NodeData::List(items) => items.iter().map(long_form).collect(),
        NodeData::Map(entries) => {
            let entries = entries.iter().map(|entry| (entry.key.clone(), long_form(&entry.value)));
            Value::Object(entries.collect())
        }
        NodeData::Alias(_) => unreachable!("the alias was resolved"),
    };
    match node.tag.as_deref().map(|tag| tag.trim_start_matches('!')) {
        None => value,
        Some(name @ ("Ref" | "Condition")) => json!({ name: value }),
        Some("GetAtt") if value.is_string() => {
            let (id, attribute) = value.as_str().unwrap().split_once('.').unwrap();
            json!({ "Fn::GetAtt": [id, attribute] })
        }
        Some(name) => json!({ format!("Fn::{name}"): value }),
    }
}

impl Environment<'_> {
    /// Returns a resource with every function evaluated, and in one form where AWS accepts several: numbers
    /// and booleans in quotes, a statement or a list with one, JSON or a text with it, tags in any order, the
    /// ARN of an API or a role written out, the ARN of an API where its id is required, a handler without a
    /// data source.
    pub fn resource(&self, id: &str) -> Value {
        let resource = &self.template["Resources"][id];
        let mut properties = self.evaluate(&resource["Properties"]).unwrap_or_default();
        if let Some(configs) = properties.get_mut("HandlerConfigs").and_then(Value::as_object_mut) {
            configs.retain(|_, value| {
                value["Integration"]
                    .get("DataSourceName")
                    .is_some_and(|data_source_name| *data_source_name != "")
            });
        }
        if let Some(tags) = properties.get_mut("Tags").and_then(Value::as_array_mut) {
            tags.retain(|tag| !tag.is_null());
            tags.sort_by_key(|tag| tag["Key"].to_string());
        }
        let role = properties.pointer_mut("/EventConfig/LogConfig/CloudWatchLogsRoleArn");
        if let Some(Value::String(role)) = role
            && let Some((_, name)) = role.split_once(":role/«")
        {
            *role = format!("«{}.Arn»", name.trim_end_matches('»'));
        }
        let arn = properties.get("ResourceArn").and_then(Value::as_str);
        if let Some((_, api)) = arn.and_then(|arn| arn.split_once(":apis/")) {
            properties["ResourceArn"] = json!(api.replace(".ApiId", ".ApiArn"));
        }
        if let Some(api) = properties.get("ApiId").and_then(Value::as_str) {
            properties["ApiId"] = json!(api.replace(".ApiArn", ".ApiId"));
        }
        for name in ["HandlerConfigs", "Tags"] {
            let empty = |value: &Value| match value {
                Value::Array(items) => items.is_empty(),
                Value::Object(map) => map.is_empty(),
                _ => false,
            };
            if properties.get(name).is_some_and(empty) {
                properties.as_object_mut().unwrap().shift_remove(name);
            }
        }
        json!({ "Type": resource["Type"], "Properties": properties })
    }

    /// Evaluates a value. `None`: `AWS::NoValue`.
    fn evaluate(&self, value: &Value) -> Option<Value> {
        match value {
            Value::Null => None,
            Value::Bool(_) | Value::Number(_) => Some(json!(value.to_string())),
            Value::String(text) if text.trim_start().starts_with('{') && !text.contains("{{") => {
                self.evaluate(&serde_json::from_str(text).unwrap_or_else(|_| value.clone()))
            }
            Value::String(_) => Some(value.clone()),
            Value::Array(items) => {
                Some(items.iter().filter_map(|item| self.evaluate(item)).collect())
            }
            Value::Object(map) => match map.iter().next() {
                Some((name, argument))
                    if map.len() == 1 && (name == "Ref" || name.starts_with("Fn::")) =>
                {
                    self.call(name, argument)
                }
                _ => {
                    let entry = |(key, value): (&String, &Value)| {
                        Some((key.clone(), self.evaluate(value)?))
                    };
                    let mut map: Map<String, Value> = map.iter().filter_map(entry).collect();
                    if let Some(one) =
                        map.get_mut("Statement").filter(|statement| statement.is_object())
                    {
                        *one = json!([one.take()]);
                    }
                    Some(Value::Object(map))
                }
            },
        }
    }

    fn text(&self, value: &Value) -> String {
        match self.evaluate(value) {
            Some(Value::String(text)) => text,
            other => format!("{}", other.unwrap_or_default()),
        }
    }

    fn call(&self, name: &str, argument: &Value) -> Option<Value> {
        let item = |n: usize| &argument[n];
        Some(match name {
            "Ref" => return self.reference(argument.as_str().unwrap()),
            "Fn::GetAtt" => {
                self.attribute(argument[0].as_str().unwrap(), argument[1].as_str().unwrap())
            }
            "Fn::Sub" => json!(self.substituted(argument)),
            "Fn::Join" => {
                let items = self.evaluate(item(1)).unwrap();
                let items: Vec<String> = items
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|item| item.as_str().unwrap().to_owned())
                    .collect();
                json!(items.join(argument[0].as_str().unwrap()))
            }
            "Fn::Split" => {
                let text = self.text(item(1));
                text.split(argument[0].as_str().unwrap()).map(|part| json!(part)).collect()
            }
            "Fn::Select" => {
                let n: usize = self.text(item(0)).parse().unwrap();
                let items = self.evaluate(item(1)).unwrap();
                // Only AWS knows the text to split.
                items.get(n).cloned().unwrap_or_else(|| json!(format!("«item {n} of {items}»")))
            }
            "Fn::If" => {
                let holds = self.holds(&json!({ "Condition": argument[0] }));
                return self.evaluate(item(if holds { 1 } else { 2 }));
            }
            "Fn::FindInMap" => {
                let keys: Vec<String> = (0..3).map(|n| self.text(item(n))).collect();
                let entry = &self.template["Mappings"][&keys[0]][&keys[1]][&keys[2]];
                match entry.is_null() {
                    true => json!(format!("«entry {}»", keys.join(" "))),
                    false => self.evaluate(entry)?,
                }
            }
            other => json!(format!("«{other} {}»", self.text(argument))),
        })
    }

    fn reference(&self, name: &str) -> Option<Value> {
        if name == "AWS::NoValue" {
            return None;
        }
        if let (Some(expression), Some(original)) = (self.replaced.get(name), self.original) {
            return original.evaluate(expression);
        }
        if let Some(value) = self.values.get(name) {
            return Some(json!(value));
        }
        let default = &self.template["Parameters"][name]["Default"];
        let is_looked_up = self.template["Parameters"][name]["Type"].to_string().contains("SSM");
        if !default.is_null() && !is_looked_up {
            return self.evaluate(default);
        }
        Some(match self.template["Resources"][name]["Type"].as_str() {
            Some("AWS::AppSync::Api") => json!(format!("«{name}.ApiArn»")),
            Some("AWS::AppSync::DomainName") => self.attribute(name, "DomainName"),
            _ => json!(format!("«{name}»")),
        })
    }

    /// An attribute: the property of that name, or a text in place of what only AWS knows.
    fn attribute(&self, id: &str, attribute: &str) -> Value {
        let property = &self.template["Resources"][id]["Properties"][attribute];
        match property.is_null() {
            true => json!(format!("«{id}.{attribute}»")),
            false => self.evaluate(property).unwrap(),
        }
    }

    fn substituted(&self, argument: &Value) -> String {
        let (text, own) = match argument {
            Value::String(text) => (text.as_str(), &Value::Null),
            pair => (pair[0].as_str().unwrap(), &pair[1]),
        };
        let mut written = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}').unwrap();
            written += before;
            written += &match (name.strip_prefix('!'), own.get(name), name.split_once('.')) {
                (Some(literal), ..) => format!("${{{literal}}}"),
                (None, Some(value), _) => self.text(value),
                (None, None, Some((id, attribute))) => {
                    self.attribute(id, attribute).as_str().unwrap().to_owned()
                }
                (None, None, None) => self.text(&json!({ "Ref": name })),
            };
            rest = after;
        }
        written + rest
    }

    fn holds(&self, condition: &Value) -> bool {
        let (name, argument) = condition.as_object().unwrap().iter().next().unwrap();
        let each = || argument.as_array().unwrap().iter();
        match name.as_str() {
            "Condition" => self.holds(&self.template["Conditions"][argument.as_str().unwrap()]),
            "Fn::Equals" => self.text(&argument[0]) == self.text(&argument[1]),
            "Fn::And" => each().all(|value| self.holds(value)),
            "Fn::Or" => each().any(|value| self.holds(value)),
            _ => !self.holds(&argument[0]),
        }
    }
}
