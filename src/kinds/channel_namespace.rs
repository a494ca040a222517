//! `AWS::AppSync::ChannelNamespace`: a family of channels and the code that handles their events.
mod remote;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::kind::{Imported, Kind, Problems, Scope, Step};
use crate::kinds::api::Auth;
use crate::kinds::auth::{self, AuthMode, Modes};
use crate::model::{Site, Tags};
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
        let api = scope.address.parent();
        if let Some(auth) = api.and_then(|api| scope.member::<Auth>(&api, "auth")) {
            let offered = auth.offered();
            for (name, modes) in
                [("publish", &declared.publish), ("subscribe", &declared.subscribe)]
            {
                let path = [Step::Key(name)];
                auth::check_offered(modes.as_ref(), &path, &offered, problems);
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
    let name = declared.name.clone().unwrap_or_else(|| scope.address.name().into());
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
    let written = name.to_value();
    let same = |(key, declared): &(&str, &Value)| match declared.get("name") {
        Some(name) => *name == written,
        None => written.as_str() == Some(*key),
    };
    let before = scope.siblings().take_while(|(key, _)| *key != scope.address.name());
    let twin = before.filter(same).map(|(key, _)| key).next();
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
