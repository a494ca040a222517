//! The handlers of a namespace: where their code is, and the data source of each.
pub mod check;
mod code;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::address::Address;
use crate::kind::{CheckContext, ImportContext};
use crate::kinds::data_source;
use crate::text::Text;

/// The media type that marks handler code in schemas.
pub const MEDIA_TYPE: &str = "text/javascript";

/// What runs when events are published and when a client subscribes: code in one of `code`, `inline`
/// and `s3`, data sources, or both.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(deny_unknown_fields, extend("minProperties" = 1))]
#[schemars(example = json!({ "code": "handlers/chat.js" }))]
#[schemars(example = json!({ "onPublish": { "dataSource": "orders", "behavior": "DIRECT", "invoke": "EVENT" } }))]
pub struct Handlers {
    /// A JavaScript file next to the spec, which exports `onPublish`, `onSubscribe` or both.
    /// Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1), example = &"handlers/chat.js")]
    pub code: Option<String>,
    /// The JavaScript itself, if it is short. It is used as written: `${…}` in it is JavaScript.
    /// Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1), extend("contentMediaType" = MEDIA_TYPE), example = &"export function onPublish(ctx) {\n  return ctx.events\n}\n")]
    pub inline: Option<String>,
    /// Where CloudFormation finds the JavaScript: `s3://bucket/key`. AppSync's API does not support this, so
    /// the spec can be rendered but not applied. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"s3://my-bucket/handlers/chat.js")]
    pub s3: Option<Text>,
    /// The data source of `onPublish`. Default: none; only the code runs, if it exports `onPublish`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_publish: Option<Handler>,
    /// The data source of `onSubscribe`. Default: none; only the code runs, if it exports `onSubscribe`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_subscribe: Option<Handler>,
}

/// The data source of a handler.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
#[schemars(example = json!({ "dataSource": "orders", "behavior": "DIRECT", "invoke": "EVENT" }))]
pub struct Handler {
    /// The data source: a name under the API's `dataSources`.
    #[schemars(example = &"orders")]
    pub data_source: String,
    /// How the data source is called. Default: `CODE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behavior: Option<Behavior>,
    /// Whether AppSync waits for the response of a function that it invokes directly. Only with
    /// `behavior: DIRECT`. Default: `REQUEST_RESPONSE`, AppSync's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoke: Option<Invoke>,
}

/// How a data source is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Behavior {
    /// The code builds the request and reads the response.
    Code,
    /// AppSync invokes a Lambda function directly, without code.
    Direct,
}

/// Whether AppSync waits for the response of a function that it invokes directly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Invoke {
    /// AppSync waits and uses the function's response.
    RequestResponse,
    /// AppSync does not wait.
    Event,
}

impl Handler {
    fn is_direct(&self) -> bool {
        self.behavior == Some(Behavior::Direct)
    }
}

impl Handlers {
    /// Whether there is code, from any source.
    pub(crate) fn has_code(&self) -> bool {
        self.code.is_some() || self.inline.is_some() || self.s3.is_some()
    }
    /// Returns the declared handlers with their names in a spec and in CloudFormation.
    pub fn declared_handlers(
        &self,
    ) -> impl Iterator<Item = (&'static str, &'static str, &Handler)> {
        let both = [
            ("onPublish", "OnPublish", &self.on_publish),
            ("onSubscribe", "OnSubscribe", &self.on_subscribe),
        ];
        both.into_iter().filter_map(|(name, theirs, value)| Some((name, theirs, value.as_ref()?)))
    }
    /// Whether AppSync invokes functions directly for both, so no code runs.
    pub fn are_direct(&self) -> bool {
        self.declared_handlers().filter(|(.., value)| value.is_direct()).count() == 2
    }
    /// Returns the code, if it is inline or in a file.
    pub fn code_text(&self, scope: &CheckContext<'_>) -> Option<String> {
        let file = || Some(scope.files.file(self.code.as_ref()?).ok()?.text.clone());
        self.inline.clone().or_else(file)
    }
    /// Returns CloudFormation's `HandlerConfigs`.
    pub fn configs(&self, api: &Address) -> Option<Value> {
        let config = |handler: &Handler| {
            let name = Text::attribute(&data_source::address(api, &handler.data_source), "Name");
            let mut integration = json!({ "DataSourceName": name });
            if let Some(invoke) = handler.invoke {
                integration["LambdaConfig"] = json!({ "InvokeType": invoke });
            }
            let behavior = handler.behavior.unwrap_or(Behavior::Code);
            json!({ "Behavior": behavior, "Integration": integration })
        };
        let configs: Map<String, Value> = self
            .declared_handlers()
            .map(|(_, name, value)| (name.to_owned(), config(value)))
            .collect();
        (!configs.is_empty()).then_some(Value::Object(configs))
    }
}

/// Returns CloudFormation's schema of `HandlerConfigs`. The property itself keeps any value that AWS returns.
pub fn configs_schema(generator: &mut SchemaGenerator) -> Schema {
    let handler = json!({
        "type": "object",
        "required": ["Behavior", "Integration"],
        "properties": {
            "Behavior": generator.subschema_for::<Behavior>(),
            "Integration": {
                "type": "object",
                "required": ["DataSourceName"],
                "properties": {
                    "DataSourceName": generator.subschema_for::<Text>(),
                    "LambdaConfig": {
                        "type": "object",
                        "properties": { "InvokeType": generator.subschema_for::<Invoke>() },
                    },
                },
            },
        },
    });
    json_schema!({
        "type": "object",
        "properties": { "OnPublish": handler, "OnSubscribe": handler },
    })
}

/// Returns what a user would have written for `HandlerConfigs`, code and its location in S3.
pub fn to_declaration(
    code: Option<String>,
    s3: Option<Text>,
    configs: Option<&Value>,
    found: &mut ImportContext,
) -> Option<Handlers> {
    let handler = |name: &str, found: &ImportContext| {
        let config = configs?.get(name)?;
        let integration = &config["Integration"];
        let name = Text::deserialize(&integration["DataSourceName"]).unwrap_or_default();
        Some(Handler {
            data_source: found.data_source_key(&name),
            behavior: Behavior::deserialize(&config["Behavior"]).ok(),
            invoke: Invoke::deserialize(&integration["LambdaConfig"]["InvokeType"]).ok(),
        })
    };
    let (code, inline) = match found.inline_code {
        true => (None, code),
        false => (code.map(|code| found.add_handler_file(code)), None),
    };
    let handlers = Handlers {
        code,
        inline,
        s3,
        on_publish: handler("OnPublish", found),
        on_subscribe: handler("OnSubscribe", found),
    };
    (handlers.has_code() || handlers.declared_handlers().next().is_some()).then_some(handlers)
}
