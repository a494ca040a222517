//! Properties as CloudFormation has them, as far as a spec can say them.
use std::collections::BTreeMap;

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::import::evaluate::Evaluator;
use crate::import::resources::{Chosen, Ours};
use crate::import::value::{Is, Part};
use provision_core::diagnostic::{At, Diagnostic, Path};
use provision_core::model::Properties;
use provision_core::ownership::PROTECT_TAG;
use provision_core::source::read::SUBSTITUTES;
use provision_core::text::Text;

/// What a spec says in another way, or can't say because of how it is made.
const UNSAYABLE: &[(&str, &str)] = &[
    (
        "Path",
        "roles that provision makes stand under a path of their own; use an existing role: `arn:`",
    ),
    ("PermissionsBoundary", "make the role by other means, and use it as an existing one: `arn:`"),
    ("MaxSessionDuration", "AppSync needs no long sessions; else use an existing role: `arn:`"),
    ("ElasticsearchConfig", "use `openSearch`"),
];

/// Handlers are free in our types, and not in CloudFormation's.
fn handler_configs() -> Value {
    let handler = json!({
        "type": "object",
        "required": ["Behavior", "Integration"],
        "properties": {
            "Behavior": { "type": "string", "enum": ["CODE", "DIRECT"] },
            "Integration": {
                "type": "object",
                "required": ["DataSourceName"],
                "properties": {
                    "DataSourceName": { "type": "string", SUBSTITUTES: true },
                    "LambdaConfig": {
                        "type": "object",
                        "properties": {
                            "InvokeType": { "type": "string", "enum": ["REQUEST_RESPONSE", "EVENT"] },
                        },
                    },
                },
            },
        },
    });
    json!({ "type": "object", "properties": { "OnPublish": handler, "OnSubscribe": handler } })
}

/// What CloudFormation demands and our types leave to AWS, since a live object has it in any case.
fn refine(schema: &mut Value) {
    const MODES: &[&str] =
        &["ConnectionAuthModes", "DefaultPublishAuthModes", "DefaultSubscribeAuthModes"];
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for (name, property) in properties.iter_mut() {
            match name.as_str() {
                "HandlerConfigs" => *property = handler_configs(),
                "AuthType" => property["enum"] = json!(AUTH_TYPES),
                "LogLevel" => property["enum"] = json!(LOG_LEVELS),
                _ => {}
            }
        }
        if MODES.iter().all(|it| properties.contains_key(*it)) {
            schema["required"] =
                ["AuthProviders"].iter().chain(MODES).map(|it| json!(it)).collect();
        }
    }
    match schema {
        Value::Object(map) => map.values_mut().for_each(refine),
        Value::Array(items) => items.iter_mut().for_each(refine),
        _ => {}
    }
}

const AUTH_TYPES: &[&str] =
    &["API_KEY", "AWS_IAM", "AMAZON_COGNITO_USER_POOLS", "OPENID_CONNECT", "AWS_LAMBDA"];
const LOG_LEVELS: &[&str] = &["NONE", "ERROR", "INFO", "DEBUG", "ALL"];

/// The properties of `ours`, tags aside but for the one that a declaration says itself. `None`: so much is wrong that there are none.
pub fn read(ours: &Ours<'_>, evaluator: &mut Evaluator<'_>) -> Option<Properties> {
    let mut generator =
        SchemaSettings::draft2020_12().with(|it| it.inline_subschemas = true).into_generator();
    let mut schema = ours.row.properties_schema(&mut generator).to_value();
    refine(&mut schema);
    let errors = errors(evaluator);
    let mut value = Reading { evaluator }.part(&ours.properties, &schema)?;
    if let Some(map) = value.as_object_mut() {
        map.shift_remove("Tags");
        if ours.is_protected() {
            map.insert("Tags".into(), json!([{ "Key": PROTECT_TAG, "Value": "true" }]));
        }
    }
    let properties = Properties::of(&value);
    if let Err(error) = ours.row.check_properties(&properties) {
        if self::errors(evaluator) == errors {
            let message = format!("this is no {}: {error}", ours.row.noun);
            let at = At::Key(ours.resource.at.clone());
            let problem = Diagnostic::error("PV510", at, message);
            evaluator.findings.push(problem.with_help("write it as CloudFormation has it"));
        }
        return None;
    }
    Some(properties)
}

fn errors(evaluator: &Evaluator<'_>) -> usize {
    use provision_core::diagnostic::Severity::Error;
    evaluator.findings.iter().filter(|it| it.severity == Error).count()
}

struct Reading<'e, 'a> {
    evaluator: &'e mut Evaluator<'a>,
}

impl Reading<'_, '_> {
    /// The part as `schema` has it; what does not fit is a finding, and left out.
    fn part(&mut self, part: &Part, schema: &Value) -> Option<Value> {
        if let Some(any) = schema.get("anyOf").and_then(Value::as_array) {
            let real = any.iter().find(|it| it.get("type").is_none_or(|it| it != "null"))?;
            return self.part(part, real);
        }
        let types = match schema.get("type") {
            Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(one)) => vec![one.as_str()],
            _ => Vec::new(),
        };
        let words = words(schema);
        match (&part.is, types.as_slice()) {
            (Is::Scalar { text, .. }, _) if !words.is_empty() => self.word(text, &words, &part.at),
            (_, []) => Some(self.free(part)),
            (Is::Map(entries), types) if types.contains(&"object") => {
                self.map(part, entries, schema)
            }
            (Is::List(items), types) if types.contains(&"array") => {
                let schema = &schema["items"];
                Some(items.iter().filter_map(|it| self.part(it, schema)).collect())
            }
            // CloudFormation takes one for a list of one.
            (Is::Scalar { .. }, types) if types.contains(&"array") => {
                Some(Value::Array(vec![self.part(part, &schema["items"])?]))
            }
            (Is::Scalar { text, .. }, types) => self.scalar(text, types, schema, &part.at),
            _ => {
                let message = "this is not what CloudFormation takes here".to_owned();
                let help = "it is left out; write it as CloudFormation has it";
                self.evaluator.warn("PV510", At::Value(part.at.clone()), message, help);
                None
            }
        }
    }

    fn map(&mut self, part: &Part, entries: &[(String, Part)], schema: &Value) -> Option<Value> {
        let mut read = Map::new();
        for (name, entry) in entries {
            match schema["properties"].get(name) {
                Some(schema) => {
                    if let Some(value) = self.part(entry, schema) {
                        read.insert(name.clone(), value);
                    }
                }
                None if name == "Tags" => {}
                None => {
                    let message = format!("a spec can't say `{name}`, so it is lost");
                    let known = UNSAYABLE.iter().find(|(it, _)| it == name).map(|(_, help)| *help);
                    let help = known.unwrap_or("without it AWS does as it does by itself");
                    self.evaluator.warn("PV520", At::Key(entry.at.clone()), message, help);
                }
            }
        }
        let required = schema["required"].as_array().into_iter().flatten();
        for name in required.filter_map(Value::as_str) {
            if !read.contains_key(name) && name != "Tags" {
                let message = match part.get(name) {
                    Some(_) => format!("`{name}` says nothing that can be used"),
                    None => format!("`{name}` is missing"),
                };
                let problem = Diagnostic::error("PV510", At::Key(part.at.clone()), message);
                let help = "CloudFormation can't make it without; add it to the template";
                self.evaluator.findings.push(problem.with_help(help));
            }
        }
        Some(Value::Object(read))
    }

    fn scalar(&mut self, text: &Text, types: &[&str], schema: &Value, at: &Path) -> Option<Value> {
        if types.contains(&"string") && schema.get(SUBSTITUTES).is_some() {
            return Some(text.to_value());
        }
        let text =
            self.decide(text, types.contains(&"string") && at.name() == Some("CodeHandlers"), at)?;
        let read = match types {
            _ if types.contains(&"string") => Some(json!(text)),
            _ if types.contains(&"integer") || types.contains(&"number") => whole(&text),
            _ if types.contains(&"boolean") => {
                text.to_lowercase().parse::<bool>().ok().map(Value::from)
            }
            _ => None,
        };
        if read.is_none() {
            let message = format!("`{text}` is not what CloudFormation takes here");
            let help = "it is left out; write it as CloudFormation has it";
            self.evaluator.warn("PV510", At::Value(at.clone()), message, help);
        }
        read
    }

    /// One of the words that can stand here.
    fn word(&mut self, text: &Text, words: &[&str], at: &Path) -> Option<Value> {
        let text = self.decide(text, false, at)?;
        if words.contains(&text.as_str()) {
            return Some(json!(text));
        }
        let message = format!("`{text}` is not among {}", words.join(", "));
        let help = "it is left out; write it as CloudFormation has it";
        self.evaluator.warn("PV510", At::Value(at.clone()), message, help);
        None
    }

    /// A text in which nothing may be open: what is open is decided by the values at hand.
    fn decide(&mut self, text: &Text, code: bool, at: &Path) -> Option<String> {
        let filled = self.evaluator.values.fill(text);
        if let Some(plain) = filled.text.as_plain() {
            if !filled.used.is_empty() {
                self.evaluator.decided("what a spec can't leave open", &filled.used, at);
            }
            return Some(plain.to_owned());
        }
        if code {
            let message = "the code has values of the template in it, which a spec can't put there";
            let help = "it has `${…}` in their places: write out what belongs there";
            self.evaluator.warn("PV503", At::Value(at.clone()), message, help);
            return Some(filled.text.to_string());
        }
        let message = format!(
            "a spec can't leave this open: {}",
            self.evaluator.values.missing(&filled.missing)
        );
        let problem = Diagnostic::error("PV504", At::Value(at.clone()), message);
        let help = self.evaluator.values.give(&filled.missing);
        self.evaluator.findings.push(problem.with_help(help));
        None
    }

    /// What no schema describes: a policy document. AWS takes JSON in a text for it, too.
    fn free(&mut self, part: &Part) -> Value {
        let json = part.as_plain().filter(|it| it.trim_start().starts_with('{'));
        let value = json.and_then(|it| serde_json::from_str(it).ok());
        let mut value = value.unwrap_or_else(|| part.to_value());
        // IAM takes one statement for a list of one.
        if let Some(statement) = value.get_mut("Statement").filter(|it| it.is_object()) {
            *statement = json!([statement.take()]);
        }
        value
    }
}

/// The words that a schema allows, if it is a list of words.
fn words(schema: &Value) -> Vec<&str> {
    let several = schema.get("enum").and_then(Value::as_array);
    let one_of = schema.get("oneOf").and_then(Value::as_array);
    let words = several.into_iter().flatten().filter_map(Value::as_str);
    let constants = one_of.into_iter().flatten().filter_map(|it| it.get("const")?.as_str());
    words.chain(constants).collect()
}

/// A whole number, written as CloudFormation takes one: `300`, `"300"`, `300.0`.
fn whole(text: &str) -> Option<Value> {
    let whole = text.strip_suffix(".0").unwrap_or(text);
    whole.parse::<i64>().ok().map(Value::from)
}

/// The tags that everything has which takes tags. All others are findings.
pub fn common_tags(chosen: &Chosen<'_>, evaluator: &mut Evaluator<'_>) -> BTreeMap<String, Text> {
    let each: Vec<(&Ours<'_>, Vec<Tag>)> = chosen
        .ours
        .iter()
        .filter(|it| takes_tags(it))
        .map(|it| (it, tags(it, evaluator)))
        .map(|(it, tags)| {
            // That one is said by `protect: true`.
            let said = |tag: &Tag| tag.key == PROTECT_TAG && it.row.section == "apis";
            (it, tags.into_iter().filter(|tag| !said(tag)).collect())
        })
        .collect();
    let mut common: Option<BTreeMap<String, Text>> = None;
    for (_, tags) in &each {
        let own: BTreeMap<String, Text> =
            tags.iter().map(|it| (it.key.clone(), it.value.clone())).collect();
        common = Some(match common {
            None => own,
            Some(mut common) => {
                common.retain(|key, value| own.get(key) == Some(value));
                common
            }
        });
    }
    let common = common.unwrap_or_default();
    for Tag { key, value, at } in each.iter().flat_map(|(_, tags)| tags) {
        if common.get(key) != Some(value) {
            let message =
                format!("the tag `{key}` is not on everything that takes tags, so it is lost");
            let help = "a spec's tags are on all of it: give it to all of them, under `tags:`";
            evaluator.warn("PV523", At::Value(at.clone()), message, help);
        }
    }
    common
}

struct Tag {
    key: String,
    value: Text,
    at: Path,
}

fn takes_tags(ours: &Ours<'_>) -> bool {
    let schema = ours.row.properties_schema(&mut SchemaGenerator::default());
    schema.get("properties").is_some_and(|it| it.get("Tags").is_some())
}

fn tags(ours: &Ours<'_>, evaluator: &mut Evaluator<'_>) -> Vec<Tag> {
    let Some(tags) = ours.properties.get("Tags") else { return Vec::new() };
    let mut read = Vec::new();
    for part in tags.as_list().unwrap_or(std::slice::from_ref(tags)) {
        let key = part.get("Key").and_then(Part::as_text);
        let key = key.and_then(|it| evaluator.values.fill(it).text.as_plain().map(str::to_owned));
        let value = part.get("Value").and_then(Part::as_text).cloned();
        match key {
            Some(key) if part.entries().iter().all(|(it, _)| it == "Key" || it == "Value") => {
                read.push(Tag { key, value: value.unwrap_or_default(), at: part.at.clone() });
            }
            _ => {
                let message = "this is no tag of AppSync's or IAM's".to_owned();
                let help = "it is left out; write `- { Key: team, Value: realtime }`";
                evaluator.warn("PV510", At::Value(part.at.clone()), message, help);
            }
        }
    }
    read
}
