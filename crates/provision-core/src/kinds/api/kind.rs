//! Event APIs as a kind: checks, expansion, import, effects.
use crate::address::Address;
use crate::kind::{
    AwsName, ChangeAction, CheckContext, DiagnosticSink, Facts, IfMissing, ImportContext, KeyFacts,
    KeySource, NamePart, PathStep, Reference, TemplateFacts, TypedKind,
};
use crate::kinds::api::{
    Api, ApiDeclaration, Auth, EventConfig, LOG_LEVELS, LogConfig, LogLevel, Logging, effects,
};
use crate::kinds::auth::{self, AuthMode, AuthModeEntry, Modes};
use crate::kinds::log_role::LogRoleDeclaration;
use crate::kinds::provider::{self, AuthProvider};
use crate::model::{Site, Tags};
use crate::ownership::PROTECT_TAG;
use crate::suggest::unknown_name_help;
use crate::text::Text;

/// AppSync's limits (docs/reference/apis.md#members, docs/reference/quotas.md#control-plane).
const NAME_MAX: usize = 50;
const OWNER_CONTACT_MAX: usize = 256;
const CHILDREN_MAX: usize = 50;

/// How a template has an API.
const TEMPLATE: TemplateFacts = TemplateFacts {
    references: &[Reference {
        property: "EventConfig.LogConfig.CloudWatchLogsRoleArn",
        section: "logRoles",
        attribute: "Arn",
        if_missing: IfMissing::DeclareExisting("arn"),
    }],
    // docs/reference/apis.md#owner-contact
    limits: &[("OwnerContact", 250)],
    ..TemplateFacts::new(
        KeyFacts {
            source: Some(KeySource { property: "Name", part: NamePart::AfterStack }),
            noise: &["api", "apis", "event", "events"],
            default: "events",
        },
        Some("ApiArn"),
    )
};

impl TypedKind for Api {
    const FACTS: Facts = Facts {
        depends_on: &["logRoles"],
        spec_paths: &[
            ("Name", "name"),
            ("OwnerContact", "ownerContact"),
            ("EventConfig", "auth"),
            ("EventConfig.AuthProviders", "auth.providers"),
            ("EventConfig.ConnectionAuthModes", "auth.connection"),
            ("EventConfig.DefaultPublishAuthModes", "auth.publish"),
            ("EventConfig.DefaultSubscribeAuthModes", "auth.subscribe"),
            ("EventConfig.LogConfig", "logging"),
            ("EventConfig.LogConfig.LogLevel", "logging.level"),
            ("EventConfig.LogConfig.CloudWatchLogsRoleArn", "logging.role"),
            ("Tags", "/tags"),
            ("Tags.provision:protect", "protect"),
        ],
        aws_name: Some(AwsName { property: "Name", allows_duplicates: true, tagged: true }),
        outputs: &[
            ("ApiId", "${ApiId}"),
            ("ApiArn", "${ApiArn}"),
            ("HttpEndpoint", "${Dns.Http}"),
            ("WebSocketEndpoint", "${Dns.Realtime}"),
            ("HttpUrl", "https://${Dns.Http}/event"),
            ("RealtimeUrl", "wss://${Dns.Realtime}/event/realtime"),
        ],
        ..Facts::new(
            "AWS::AppSync::Api",
            "Event API",
            "apis",
            "{auth: {providers: [API_KEY, AWS_IAM], subscribe: [API_KEY]}, ownerContact: realtime team}",
            TEMPLATE,
        )
    };
    type Declaration = ApiDeclaration;

    fn check(
        declared: &ApiDeclaration,
        scope: &CheckContext<'_>,
        diagnostics: &mut DiagnosticSink,
    ) {
        check_name(declared, scope, diagnostics);
        check_owner_contact(declared, scope, diagnostics);
        let Auth { providers, connection, publish, subscribe } = &declared.auth;
        let at = [PathStep::Key("auth"), PathStep::Key("providers")];
        provider::check::check(providers, &at, scope, diagnostics);
        let offered = declared.auth.enabled_modes();
        for (name, modes) in
            [("connection", connection), ("publish", publish), ("subscribe", subscribe)]
        {
            let path = [PathStep::Key("auth"), PathStep::Key(name)];
            auth::check_enabled(modes.as_ref(), &path, &offered, diagnostics);
        }
        check_providers_used(declared, scope, diagnostics);
        if let Some(logging) = &declared.logging {
            check_role(logging, scope, diagnostics);
        }
        let keys = scope.children("apiKeys").len();
        if keys > CHILDREN_MAX {
            let message = format!("{keys} keys; AppSync allows {CHILDREN_MAX} in one API");
            diagnostics.error_at_key("PV207", &[PathStep::Key("apiKeys")], message).help =
                Some("split them across several APIs".into());
        }
        let namespaces = scope.children("namespaces").len();
        if namespaces > CHILDREN_MAX {
            let message = format!(
                "{namespaces} namespaces; AppSync allows {CHILDREN_MAX} in one API, unless AWS raised the quota"
            );
            diagnostics.warning_at_key("PV220", &[PathStep::Key("namespaces")], message).help =
                Some("split them across several APIs, or request a higher quota".into());
        }
    }

    fn effects(verb: ChangeAction, before: Option<&Self>, after: Option<&Self>) -> Vec<String> {
        effects::effects(verb, before, after)
    }

    fn expand(declared: &ApiDeclaration, scope: &CheckContext<'_>) -> Option<Self> {
        let auth = &declared.auth;
        let log_config = declared.logging.as_ref().map(|logging| LogConfig {
            log_level: level_name(logging.level).to_owned(),
            cloud_watch_logs_role_arn: role_arn(&logging.role, scope),
        });
        Some(Self {
            name: declared.name.clone().unwrap_or_else(|| default_name(scope)),
            owner_contact: declared.owner_contact.clone(),
            event_config: EventConfig {
                auth_providers: auth.providers.iter().map(AuthProvider::from).collect(),
                connection_auth_modes: auth::to_entries(&auth.modes(&auth.connection)),
                default_publish_auth_modes: auth::to_entries(&auth.modes(&auth.publish)),
                default_subscribe_auth_modes: auth::to_entries(&auth.modes(&auth.subscribe)),
                log_config,
            },
            tags: with_protection(scope.tags(), declared.protect == Some(true)),
        })
    }

    fn to_declaration(self, found: &mut ImportContext) -> ApiDeclaration {
        let config = self.event_config;
        let modes = |modes: &[AuthModeEntry]| Some(Modes(auth::from_entries(modes)));
        ApiDeclaration {
            name: Some(self.name),
            owner_contact: self.owner_contact,
            auth: Auth {
                providers: config
                    .auth_providers
                    .iter()
                    .filter_map(AuthProvider::to_provider)
                    .collect(),
                connection: modes(&config.connection_auth_modes),
                publish: modes(&config.default_publish_auth_modes),
                subscribe: modes(&config.default_subscribe_auth_modes),
            },
            logging: config.log_config.and_then(|log_config| {
                Some(Logging {
                    level: LOG_LEVELS.iter().find(|(_, name)| *name == log_config.log_level)?.0,
                    role: found.role_name(&log_config.cloud_watch_logs_role_arn),
                })
            }),
            protect: self.tags.0.contains_key(PROTECT_TAG).then_some(true),
            logical_id: None,
        }
    }

    /// AppSync may reject the removal of a provider that a namespace still accepts.
    fn intermediate_state(&self, was: &Self) -> Option<Self> {
        let desired = &self.event_config.auth_providers;
        let gone = |old: &&AuthProvider| {
            desired.iter().all(|provider| provider.auth_type != old.auth_type)
        };
        let gone: Vec<_> = was.event_config.auth_providers.iter().filter(gone).cloned().collect();
        let mut intermediate = self.clone();
        (!gone.is_empty()).then(|| {
            intermediate.event_config.auth_providers.extend(gone);
            intermediate
        })
    }

    /// Omitting `protect` does not remove the protection.
    fn normalize(self, live: &Self, declared: &ApiDeclaration, _: &Site) -> Self {
        let keep = declared.protect.is_none() && live.tags.0.contains_key(PROTECT_TAG);
        let protect = keep || declared.protect == Some(true);
        Self { tags: with_protection(self.tags, protect), ..self }
    }
}

/// Returns the tags, with the protection tag if `protect`.
fn with_protection(mut tags: Tags, protect: bool) -> Tags {
    if protect {
        tags.0.insert(PROTECT_TAG.to_owned(), "true".into());
    }
    tags
}

fn default_name(scope: &CheckContext<'_>) -> Text {
    scope.stack().with_suffix("-").with_suffix(scope.address.name())
}

fn level_name(level: LogLevel) -> &'static str {
    LOG_LEVELS.iter().find(|(value, _)| *value == level).map_or("", |(_, name)| name)
}

/// Returns the ARN of an existing role, or a placeholder for one that the spec declares.
fn role_arn(name: &str, scope: &CheckContext<'_>) -> Text {
    let address = Address::top_level("logRoles", name);
    let existing = scope.declared::<LogRoleDeclaration>(&address).and_then(|role| role.arn);
    existing.unwrap_or_else(|| Text::attribute(&address, "Arn"))
}

fn check_name(
    declared: &ApiDeclaration,
    scope: &CheckContext<'_>,
    diagnostics: &mut DiagnosticSink,
) {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "_- ".contains(letter);
    let is_valid = |name: &str| (1..=NAME_MAX).contains(&name.len()) && name.chars().all(allowed);
    let name = declared.name.clone().unwrap_or_else(|| default_name(scope));
    let Some(invalid) = scope.invalid_reading(&name, is_valid) else { return };
    match declared.name {
        Some(_) => {
            let message = "not a valid API name".to_owned();
            let diagnostic = diagnostics.error("PV202", &[PathStep::Key("name")], message);
            diagnostic.label = invalid.label;
            diagnostic.help = Some(format!("1 to {NAME_MAX} letters, digits, `_`, `-` and spaces"));
        }
        None => {
            let reading = invalid.value;
            let message =
                format!("the default name `{reading}` is longer than {NAME_MAX} characters");
            diagnostics.error_at_key("PV202", &[], message).help = Some("set `name:`".into());
        }
    }
}

fn check_owner_contact(
    declared: &ApiDeclaration,
    scope: &CheckContext<'_>,
    diagnostics: &mut DiagnosticSink,
) {
    let Some(contact) = &declared.owner_contact else { return };
    let at = [PathStep::Key("ownerContact")];
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "_- .".contains(letter);
    let is_valid = |text: &str| (1..=OWNER_CONTACT_MAX).contains(&text.chars().count());
    let portable = |text: &str| text.len() <= 250 && text.chars().all(allowed);
    if let Some(invalid) = scope.invalid_reading(contact, is_valid) {
        let message = format!("must have 1 to {OWNER_CONTACT_MAX} characters");
        diagnostics.error("PV203", &at, message).label = invalid.label;
    } else if let Some(invalid) = scope.invalid_reading(contact, portable) {
        let message = "AppSync accepts this value, but CloudFormation may not".to_owned();
        let diagnostic = diagnostics.warning("PV204", &at, message);
        diagnostic.label = invalid.label;
        diagnostic.help =
            Some("for templates, use at most 250 letters, digits, `_`, `-`, `.` and spaces".into());
    }
}

/// Reports providers that no operation accepts, and providers that no client can use.
fn check_providers_used(
    declared: &ApiDeclaration,
    scope: &CheckContext<'_>,
    diagnostics: &mut DiagnosticSink,
) {
    let auth = &declared.auth;
    let mut accepted: Vec<AuthMode> = Vec::new();
    for modes in [&auth.connection, &auth.publish, &auth.subscribe] {
        accepted.extend(auth.modes(modes));
    }
    accepted.extend(scope.children("namespaces").into_iter().flat_map(|namespace| {
        let modes = |name: &str| -> Vec<AuthMode> {
            let modes = namespace.get(name).cloned().unwrap_or_default();
            serde_json::from_value(modes).unwrap_or_default()
        };
        modes("publish").into_iter().chain(modes("subscribe"))
    }));
    for (n, provider) in auth.providers.iter().enumerate() {
        let at = [PathStep::Key("auth"), PathStep::Key("providers"), PathStep::Index(n)];
        let kind = provider.auth_type();
        if !accepted.contains(&kind) {
            let message = format!("no operation accepts {kind}");
            diagnostics.warning("PV205", &at, message).help =
                Some("add it to `connection`, `publish` or `subscribe`, or remove it".into());
        } else if kind == AuthMode::ApiKey && scope.children("apiKeys").is_empty() {
            let message = "no client can use API_KEY: this API declares no key".to_owned();
            diagnostics.warning("PV205", &at, message).help =
                Some("add `apiKeys: { web: {} }`".into());
        }
    }
}

fn check_role(logging: &Logging, scope: &CheckContext<'_>, diagnostics: &mut DiagnosticSink) {
    let known = scope.names("logRoles");
    if !known.contains(&logging.role.as_str()) {
        let at = [PathStep::Key("logging"), PathStep::Key("role")];
        let message = format!("unknown log role `{}`", logging.role);
        diagnostics.error("PV206", &at, message).help =
            Some(unknown_name_help(&logging.role, "logRoles", &known));
    }
}
