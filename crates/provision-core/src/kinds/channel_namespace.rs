//! `AWS::AppSync::ChannelNamespace`: a family of channels and the code that handles their events.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::kind::{
    AwsName, ChangeAction, CheckContext, DiagnosticSink, Facts, IfMissing, ImportContext, KeyFacts,
    KeySource, NamePart, PathStep, Reference, TemplateFacts, TypedKind,
};
use crate::kinds::api::Auth;
use crate::kinds::auth::{self, AuthModeEntry, Modes};
use crate::kinds::handlers::{self, Handlers};
use crate::kinds::logical_id::LogicalId;
use crate::model::Tags;
use crate::text::Text;

/// A channel namespace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ChannelNamespace {
    /// The id of the API.
    pub api_id: Text,
    /// The name, unique within the API.
    pub name: Text,
    /// The modes that may publish. Empty: those of the API.
    #[serde(default)]
    pub publish_auth_modes: Vec<AuthModeEntry>,
    /// The modes that may subscribe. Empty: those of the API.
    #[serde(default)]
    pub subscribe_auth_modes: Vec<AuthModeEntry>,
    /// The handler code.
    #[schemars(extend("contentMediaType" = handlers::MEDIA_TYPE))]
    pub code_handlers: Option<String>,
    /// Where CloudFormation finds the code. AppSync's API does not have this property.
    pub code_s3_location: Option<Text>,
    /// The data source of each handler.
    #[serde(default)]
    #[schemars(schema_with = "handlers::configs_schema")]
    pub handler_configs: Option<Value>,
    /// The tags.
    #[serde(default)]
    pub tags: Tags,
}

/// A family of channels: `/chat/…` belongs to the namespace `chat`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(deny_unknown_fields)]
#[schemars(example = json!({ "publish": ["AWS_IAM"], "handlers": { "code": "handlers/chat.js" } }))]
pub struct NamespaceDeclaration {
    /// The name on AWS, which is the first segment of its channels. Default: the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"chat")]
    name: Option<Text>,
    /// The modes that may publish. Default: those of the API.
    #[serde(skip_serializing_if = "Option::is_none")]
    publish: Option<Modes>,
    /// The modes that may subscribe. Default: those of the API.
    #[serde(skip_serializing_if = "Option::is_none")]
    subscribe: Option<Modes>,
    /// What runs when events are published and when a client subscribes.
    /// Default: events are delivered unchanged, and every authorized client can subscribe.
    #[serde(skip_serializing_if = "Option::is_none")]
    handlers: Option<Handlers>,
    /// The logical id in a CloudFormation template. Default: derived from the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    logical_id: Option<LogicalId>,
}

const NAME_MAX: usize = 50;

/// How a template has a channel namespace.
const TEMPLATE: TemplateFacts = TemplateFacts {
    references: &[
        Reference {
            property: "ApiId",
            section: "apis",
            attribute: "ApiId",
            if_missing: IfMissing::Omit,
        },
        Reference {
            property: "HandlerConfigs.OnPublish.Integration.DataSourceName",
            section: "dataSources",
            attribute: "Name",
            if_missing: IfMissing::OmitPart("HandlerConfigs.OnPublish"),
        },
        Reference {
            property: "HandlerConfigs.OnSubscribe.Integration.DataSourceName",
            section: "dataSources",
            attribute: "Name",
            if_missing: IfMissing::OmitPart("HandlerConfigs.OnSubscribe"),
        },
    ],
    ..TemplateFacts::new(
        KeyFacts {
            source: Some(KeySource { property: "Name", part: NamePart::Whole }),
            noise: &["name", "space", "namespace", "channel", "ns"],
            default: "default",
        },
        Some("ChannelNamespaceArn"),
    )
};

impl TypedKind for ChannelNamespace {
    const FACTS: Facts = Facts {
        parent: Some("apis"),
        create_only: &["ApiId", "Name"],
        depends_on: &["logRoles", "apis", "dataSources"],
        spec_paths: &[
            ("Name", "name"),
            ("PublishAuthModes", "publish"),
            ("SubscribeAuthModes", "subscribe"),
            ("CodeHandlers", "handlers.code"),
            ("CodeHandlers", "handlers.inline"),
            ("CodeS3Location", "handlers.s3"),
            ("HandlerConfigs", "handlers"),
            ("HandlerConfigs.OnPublish", "handlers.onPublish"),
            ("HandlerConfigs.OnSubscribe", "handlers.onSubscribe"),
            ("Tags", "/tags"),
        ],
        aws_name: Some(AwsName { property: "Name", allows_duplicates: false, tagged: true }),
        ..Facts::new(
            "AWS::AppSync::ChannelNamespace",
            "channel namespace",
            "namespaces",
            "{publish: [AWS_IAM], subscribe: [API_KEY]}",
            TEMPLATE,
        )
    };
    type Declaration = NamespaceDeclaration;

    fn check(
        declared: &NamespaceDeclaration,
        scope: &CheckContext<'_>,
        diagnostics: &mut DiagnosticSink,
    ) {
        check_name(declared, scope, diagnostics);
        let api = scope.address.parent();
        if let Some(auth) = api.and_then(|api| scope.member::<Auth>(&api, "auth")) {
            let offered = auth.enabled_modes();
            for (name, modes) in
                [("publish", &declared.publish), ("subscribe", &declared.subscribe)]
            {
                let path = [PathStep::Key(name)];
                auth::check_enabled(modes.as_ref(), &path, &offered, diagnostics);
            }
        }
        if let Some(handlers) = &declared.handlers {
            handlers::check::check(handlers, scope, diagnostics);
        }
    }

    fn effects(verb: ChangeAction, before: Option<&Self>, after: Option<&Self>) -> Vec<String> {
        let (Some(before), verb) = (before, verb) else { return Vec::new() };
        if verb.deletes_existing() {
            return vec![format!("current subscriptions to /{}/* end", before.name)];
        }
        let code = |namespace: &Self| namespace.code_handlers.clone();
        let (old, new) = (code(before), after.and_then(code));
        let effect = match (old, new) {
            (old, new) if old == new => return Vec::new(),
            (_, Some(_)) => "the next publish and subscribe run the new code",
            (_, None) => "the next publish and subscribe run no code",
        };
        vec![effect.to_owned()]
    }

    fn expand(declared: &NamespaceDeclaration, scope: &CheckContext<'_>) -> Option<Self> {
        let modes = |modes: &Option<Modes>| {
            modes.as_ref().map(|modes| auth::to_entries(&modes.0)).unwrap_or_default()
        };
        let api = scope.address.parent()?;
        let handlers = declared.handlers.as_ref();
        Some(Self {
            api_id: Text::attribute(&api, "ApiId"),
            name: declared.name.clone().unwrap_or_else(|| scope.address.name().into()),
            publish_auth_modes: modes(&declared.publish),
            subscribe_auth_modes: modes(&declared.subscribe),
            code_handlers: handlers.and_then(|handler| handler.code_text(scope)),
            code_s3_location: handlers.and_then(|handler| handler.s3.clone()),
            handler_configs: handlers.and_then(|handler| handler.configs(&api)),
            tags: scope.tags(),
        })
    }

    fn to_declaration(self, found: &mut ImportContext) -> NamespaceDeclaration {
        let modes = |modes: &[AuthModeEntry]| {
            let types = auth::from_entries(modes);
            (!types.is_empty()).then_some(Modes(types))
        };
        NamespaceDeclaration {
            publish: modes(&self.publish_auth_modes),
            subscribe: modes(&self.subscribe_auth_modes),
            handlers: handlers::to_declaration(
                self.code_handlers,
                self.code_s3_location,
                self.handler_configs.as_ref(),
                found,
            ),
            name: Some(self.name),
            logical_id: None,
        }
    }

    fn unsupported_reason(&self) -> Option<&'static str> {
        let message = "AppSync's API accepts handler code, but not its location in S3";
        self.code_s3_location.is_some().then_some(message)
    }
}

impl NamespaceDeclaration {
    /// Returns the data sources of its handlers.
    pub fn data_sources(&self) -> impl Iterator<Item = &str> {
        self.handlers
            .iter()
            .flat_map(Handlers::declared_handlers)
            .map(|(.., value)| value.data_source.as_str())
    }
}

fn check_name(
    declared: &NamespaceDeclaration,
    scope: &CheckContext<'_>,
    diagnostics: &mut DiagnosticSink,
) {
    let name = declared.name.clone().unwrap_or_else(|| scope.address.name().into());
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let is_valid = |name: &str| {
        (1..=NAME_MAX).contains(&name.len())
            && name.chars().all(allowed)
            && !name.starts_with('-')
            && !name.ends_with('-')
    };
    if let Some(invalid) = scope.invalid_reading(&name, is_valid) {
        let message = format!("`{}` is not a valid channel namespace name", invalid.value);
        let help = format!("1 to {NAME_MAX} letters, digits and inner hyphens");
        let diagnostic = match declared.name {
            Some(_) => diagnostics.error("PV221", &[PathStep::Key("name")], message),
            None => diagnostics.error_at_key("PV221", &[], message),
        };
        diagnostic.help = Some(help);
    }
    if let Some(twin) = scope.duplicate_name(&name) {
        let message = format!("duplicate name `{name}`: `namespaces.{twin}` has it too");
        let diagnostic = match declared.name {
            Some(_) => diagnostics.error("PV222", &[PathStep::Key("name")], message),
            None => diagnostics.error_at_key("PV222", &[], message),
        };
        diagnostic.help =
            Some("names are unique within an API; set another `name:` for one of the two".into());
    }
}
