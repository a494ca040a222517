//! `AWS::AppSync::ChannelNamespace`: a family of channels and the code that handles their events.
use aws_sdk_appsync::types as sdk;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::aws::{Aws, Class, failed};
use crate::calls::{Answer, Listed, Remote, Seek, Whole};
use crate::kind::{Imported, Kind, Problems, Scope, Step};
use crate::kinds::api::{ApiDeclaration, retag};
use crate::kinds::auth::{self, AuthMode, Modes};
use crate::mark::{Mark, of_tags};
use crate::model::{Attributes, Site, Tags};
use crate::text::Text;

/// A channel namespace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ChannelNamespace {
    api_id: Text,
    name: Text,
    #[serde(default)]
    publish_auth_modes: Vec<AuthMode>,
    #[serde(default)]
    subscribe_auth_modes: Vec<AuthMode>,
    code_handlers: Option<String>,
    /// Which data source serves which handler. A spec can't say it yet, so AWS's stays.
    handler_configs: Option<Value>,
    #[serde(default)]
    tags: Tags,
}

/// A family of channels: `/chat/…` belongs to the namespace `chat`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(deny_unknown_fields)]
#[schemars(example = json!({ "publish": ["AWS_IAM"], "handlers": { "code": "handlers/chat.js" } }))]
pub struct NamespaceDeclaration {
    /// Its name on AWS, the first segment of its channels. Left out: its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Text>,
    /// Who may publish here. Left out: whoever the API lets publish.
    #[serde(skip_serializing_if = "Option::is_none")]
    publish: Option<Modes>,
    /// Who may subscribe here. Left out: whoever the API lets subscribe.
    #[serde(skip_serializing_if = "Option::is_none")]
    subscribe: Option<Modes>,
    /// What runs when events are published here and when somebody subscribes.
    #[serde(skip_serializing_if = "Option::is_none")]
    handlers: Option<Handlers>,
    /// Its logical id in a CloudFormation template. Left out: made from its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[A-Za-z0-9]{1,255}$"))]
    logical_id: Option<String>,
}

/// What runs when events are published and when somebody subscribes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
struct Handlers {
    /// A JavaScript file beside the spec, which exports `onPublish`, `onSubscribe` or both.
    #[schemars(length(min = 1))]
    code: String,
}

/// AppSync's limit on handler code (reference §2.5).
const CODE_MAX: usize = 32_768;
const NAME_MAX: usize = 50;

impl Kind for ChannelNamespace {
    const TYPE: &'static str = "AWS::AppSync::ChannelNamespace";
    const NOUN: &'static str = "channel namespace";
    const SECTION: &'static str = "namespaces";
    const PARENT: Option<&'static str> = Some("apis");
    const IMMUTABLE: &'static [&'static str] = &["ApiId", "Name"];
    const AFTER: &'static [&'static str] = &["logRoles", "apis"];
    const EXAMPLE: &'static str = "{publish: [AWS_IAM], subscribe: [API_KEY]}";
    type Declaration = NamespaceDeclaration;

    fn check(declared: &NamespaceDeclaration, scope: &Scope<'_>, problems: &mut Problems) {
        check_name(declared, scope, problems);
        if let Some(api) = scope.parent::<ApiDeclaration>() {
            for (name, modes) in
                [("publish", &declared.publish), ("subscribe", &declared.subscribe)]
            {
                let path = [Step::Key(name)];
                auth::check_offered(modes.as_ref(), &path, &api.auth.providers, problems);
            }
        }
        if let Some(handlers) = &declared.handlers {
            check_code(&handlers.code, scope, problems);
        }
    }

    fn expand(declared: &NamespaceDeclaration, scope: &Scope<'_>) -> Option<Self> {
        let modes = |modes: &Option<Modes>| {
            modes.as_ref().map(|modes| auth::to_modes(&modes.0)).unwrap_or_default()
        };
        Some(Self {
            api_id: Text::of(&scope.address.parent()?, "ApiId"),
            name: declared.name.clone().unwrap_or_else(|| scope.address.name().into()),
            publish_auth_modes: modes(&declared.publish),
            subscribe_auth_modes: modes(&declared.subscribe),
            code_handlers: declared
                .handlers
                .as_ref()
                .and_then(|it| scope.files.text(&it.code).ok()),
            handler_configs: None,
            tags: scope.tags(),
        })
    }

    fn declare(self, found: &mut Imported) -> NamespaceDeclaration {
        let modes = |modes: &[AuthMode]| {
            let types = auth::to_types(modes);
            (!types.is_empty()).then_some(Modes(types))
        };
        NamespaceDeclaration {
            publish: modes(&self.publish_auth_modes),
            subscribe: modes(&self.subscribe_auth_modes),
            handlers: self.code_handlers.map(|code| Handlers {
                code: found.file(&format!("handlers/{}.js", self.name), code),
            }),
            name: Some(self.name),
            logical_id: None,
        }
    }

    fn given(self, live: &Self, _: &NamespaceDeclaration, _: &Site) -> Self {
        Self { handler_configs: live.handler_configs.clone(), ..self }
    }
}

fn check_name(declared: &NamespaceDeclaration, scope: &Scope<'_>, problems: &mut Problems) {
    let key = Text::plain(scope.address.name());
    let name_of = |declared: &NamespaceDeclaration, key: &Text| {
        declared.name.clone().unwrap_or_else(|| key.clone())
    };
    let name = name_of(declared, &key);
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let sound = |name: &str| {
        (1..=NAME_MAX).contains(&name.len())
            && name.chars().all(allowed)
            && !name.starts_with('-')
            && !name.ends_with('-')
    };
    if name.as_plain().is_some_and(|name| !sound(name)) {
        let message = format!("`{name}` can't be the name of a channel namespace");
        let help = format!("1 to {NAME_MAX} letters, digits and inner hyphens");
        let problem = match declared.name {
            Some(_) => problems.error("PV221", &[Step::Key("name")], message),
            None => problems.error_at_key("PV221", &[], message),
        };
        problem.help = Some(help);
    }
    let Some(parent) = scope.address.parent() else { return };
    let twin =
        scope.siblings().into_iter().take_while(|sibling| *sibling != scope.address.name()).find(
            |sibling| {
                let address = parent.child(ChannelNamespace::SECTION, sibling);
                let other = scope.declared::<NamespaceDeclaration>(&address);
                other.is_some_and(|it| name_of(&it, &Text::plain(sibling)) == name)
            },
        );
    if let Some(twin) = twin {
        let message = format!("`namespaces.{twin}` has the name `{name}` already");
        problems.error_at_key("PV222", &[], message).help =
            Some("a name stands once in an API; give one of the two another `name:`".into());
    }
}

fn check_code(path: &str, scope: &Scope<'_>, problems: &mut Problems) {
    let at = [Step::Key("handlers"), Step::Key("code")];
    match scope.files.text(path) {
        Err(reason) => {
            problems.error("PV230", &at, format!("the handler file can't be read: {reason}"));
        }
        Ok(code) if code.trim().is_empty() => {
            problems.error("PV231", &at, "the handler file is empty".into()).help =
                Some("export `onPublish` or `onSubscribe` from it, or remove `handlers`".into());
        }
        Ok(code) if code.chars().count() > CODE_MAX => {
            let message = format!("the handler file has {} characters", code.chars().count());
            problems.error("PV232", &at, message).help = Some(format!("AppSync takes {CODE_MAX}"));
        }
        Ok(_) => {}
    }
}

impl Remote for ChannelNamespace {
    async fn list(aws: &Aws, seek: &Seek<'_>) -> Answer<Vec<Listed<Self>>> {
        let call = aws.appsync.list_channel_namespaces().api_id(seek.api_id()).max_results(25);
        let mut pages = call.into_paginator().items().send();
        let mut all = Vec::new();
        while let Some(it) =
            pages.next().await.transpose().map_err(failed("ListChannelNamespaces"))?
        {
            all.push(it);
        }
        // As with APIs: the list may leave the tags out, and never has the handlers.
        let tells = all.iter().any(|it| it.tags().is_some_and(|tags| !tags.is_empty()));
        let listed = |it: sdk::ChannelNamespace| Listed {
            attributes: attributes(&it),
            owner: tells.then(|| of_tags(tags(&it), seek.stack).1),
            name: it.name,
            properties: None,
        };
        Ok(all.into_iter().map(listed).collect())
    }
    async fn read(aws: &Aws, seek: &Seek<'_>, listed: &Attributes) -> Answer<Option<Whole<Self>>> {
        let call = aws.appsync.get_channel_namespace().api_id(seek.api_id());
        match call.name(listed.text("Name")).send().await.map_err(failed("GetChannelNamespace")) {
            Ok(answer) => Ok(answer.channel_namespace.map(|it| read(it, seek))),
            Err(error) if error.class == Class::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
    async fn create(self, aws: &Aws, mark: &Mark) -> Answer<Attributes> {
        let call = aws.appsync_once.create_channel_namespace().api_id(self.api_id.expect_plain());
        let tags = mark.tagged(self.tags.expect_plain());
        let call = call
            .name(self.name.expect_plain())
            .set_code_handlers(self.code_handlers)
            .set_handler_configs(self.handler_configs.as_ref().map(configs_to_sdk))
            .set_publish_auth_modes(some(auth::to_sdk(&self.publish_auth_modes)))
            .set_subscribe_auth_modes(some(auth::to_sdk(&self.subscribe_auth_modes)))
            .set_tags(Some(tags.into_iter().collect()));
        let made = call.send().await.map_err(failed("CreateChannelNamespace"))?;
        Ok(made.channel_namespace.as_ref().map(attributes).unwrap_or_default())
    }
    async fn update(
        self,
        aws: &Aws,
        mark: &Mark,
        was: Self,
        attributes: &Attributes,
    ) -> Answer<()> {
        let tags_only = Self { tags: was.tags.clone(), ..self.clone() } == was;
        if !tags_only {
            let call = aws.appsync.update_channel_namespace().api_id(self.api_id.expect_plain());
            let call = call
                .name(self.name.expect_plain())
                .set_code_handlers(self.code_handlers)
                .set_handler_configs(self.handler_configs.as_ref().map(configs_to_sdk))
                // Empty lists, not left out: that is how a namespace goes back to its API's modes
                // under either reading of an update.
                .set_publish_auth_modes(Some(auth::to_sdk(&self.publish_auth_modes)))
                .set_subscribe_auth_modes(Some(auth::to_sdk(&self.subscribe_auth_modes)));
            call.send().await.map_err(failed("UpdateChannelNamespace"))?;
        }
        let arn = attributes.text("ChannelNamespaceArn");
        retag(aws, &arn, mark, was.tags.expect_plain(), self.tags.expect_plain()).await
    }
    async fn delete(self, aws: &Aws, _: &Attributes) -> Answer<()> {
        let call = aws.appsync.delete_channel_namespace().api_id(self.api_id.expect_plain());
        let call = call.name(self.name.expect_plain());
        call.send().await.map_err(failed("DeleteChannelNamespace"))?;
        Ok(())
    }
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

fn tags(it: &sdk::ChannelNamespace) -> std::collections::BTreeMap<String, String> {
    it.tags().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn attributes(it: &sdk::ChannelNamespace) -> Attributes {
    Attributes::default()
        .with("ChannelNamespaceArn", it.channel_namespace_arn())
        .with("Name", it.name())
}

fn read(it: sdk::ChannelNamespace, seek: &Seek<'_>) -> Whole<ChannelNamespace> {
    let attributes = attributes(&it);
    let (tags, owner) = of_tags(tags(&it), seek.stack);
    let properties = ChannelNamespace {
        api_id: seek.api_id().into(),
        publish_auth_modes: auth::of_sdk(it.publish_auth_modes()),
        subscribe_auth_modes: auth::of_sdk(it.subscribe_auth_modes()),
        handler_configs: it.handler_configs().and_then(configs_of_sdk),
        name: it.name.unwrap_or_default().into(),
        code_handlers: it.code_handlers.filter(|code| !code.is_empty()),
        tags: Tags::of_plain(tags),
    };
    Whole { properties, attributes, owner }
}

/// CloudFormation's `HandlerConfigs`, as far as AppSync has any.
fn configs_of_sdk(configs: &sdk::HandlerConfigs) -> Option<Value> {
    let config = |config: &sdk::HandlerConfig| {
        let integration = config.integration();
        let invoke = integration.and_then(|it| it.lambda_config()).and_then(|it| it.invoke_type());
        let mut written =
            json!({ "DataSourceName": integration.map(sdk::Integration::data_source_name) });
        if let Some(invoke) = invoke {
            written["LambdaConfig"] = json!({ "InvokeType": invoke.as_str() });
        }
        json!({ "Behavior": config.behavior().as_str(), "Integration": written })
    };
    let handlers = [("OnPublish", configs.on_publish()), ("OnSubscribe", configs.on_subscribe())];
    let map: serde_json::Map<String, Value> = handlers
        .into_iter()
        .filter_map(|(name, it)| Some((name.to_owned(), config(it?))))
        .collect();
    (!map.is_empty()).then_some(Value::Object(map))
}

fn configs_to_sdk(configs: &Value) -> sdk::HandlerConfigs {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let config = |config: &Value| {
        let from = &config["Integration"];
        let invoke = from["LambdaConfig"]["InvokeType"].as_str().map(sdk::InvokeType::from);
        let lambda = invoke.map(|it| sdk::LambdaConfig::builder().invoke_type(it).build());
        let integration = sdk::Integration::builder()
            .data_source_name(text(&from["DataSourceName"]))
            .set_lambda_config(lambda)
            .build()
            .expect("its one required field is set");
        sdk::HandlerConfig::builder()
            .behavior(text(&config["Behavior"]).as_str().into())
            .integration(integration)
            .build()
            .expect("both required fields are set")
    };
    sdk::HandlerConfigs::builder()
        .set_on_publish(configs.get("OnPublish").map(config))
        .set_on_subscribe(configs.get("OnSubscribe").map(config))
        .build()
}
