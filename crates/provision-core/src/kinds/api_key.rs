//! `AWS::AppSync::ApiKey`. Its id is the key; it has no tags, so the description has the ownership marker.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{
    ChangeAction, CheckContext, DiagnosticSink, Facts, IfMissing, ImportContext, KeyFacts,
    PathStep, Reference, TemplateFacts, TypedKind,
};
use crate::kinds::api::Auth;
use crate::kinds::auth::AuthMode;
use crate::kinds::duration::SpecDuration;
use crate::kinds::logical_id::LogicalId;
use crate::model::Site;
use crate::text::Text;

/// An API key, which clients send as `x-api-key`, in CloudFormation's shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ApiKey {
    /// The id of the API.
    pub api_id: Text,
    /// The description, without the ownership marker.
    pub description: Option<Text>,
    /// Seconds since 1970. `None`: AWS's default of seven days.
    pub expires: Option<i64>,
}

/// A key that clients send as `x-api-key`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(deny_unknown_fields)]
#[schemars(example = serde_json::json!({ "description": "Browser clients", "validFor": "90d", "renewBefore": "14d" }))]
pub struct ApiKeyDeclaration {
    /// Who uses the key. Default: empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"Browser clients")]
    description: Option<Text>,
    /// The lifetime of a new or renewed key, `1d` to `365d`. AppSync rounds the expiry down to the hour and requires
    /// a day after that, so `1d` gives up to 75 minutes more. Default: `7d`, AWS's default, unless `expires` is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_for: Option<SpecDuration>,
    /// How long before its expiry a key is renewed. Default: a tenth of `validFor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"14d")]
    renew_before: Option<SpecDuration>,
    /// The timestamp at which the key expires, instead of `validFor`: `2027-06-30T00:00:00Z`. Such a key is
    /// never renewed. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        regex(pattern = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"),
        extend("patternErrorMessage" = "expected a timestamp such as 2027-06-30T00:00:00Z")
    )]
    #[schemars(example = &"2027-06-30T00:00:00Z")]
    expires: Option<String>,
    /// The logical id in a CloudFormation template. Default: derived from the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    logical_id: Option<LogicalId>,
}

const HOUR_S: i64 = 3_600;
/// AWS's default for a key without an expiry (docs/reference/api-keys.md#expiry).
const DEFAULT_VALID_FOR: SpecDuration = SpecDuration::days(7);
/// AWS rounds down to the hour and requires a day after that; a quarter of an hour allows for clocks that
/// disagree (docs/reference/api-keys.md#rounding).
const ACCEPTED_LIFETIME_MIN_S: i64 = 25 * HOUR_S + HOUR_S / 4;
/// AWS rejects 365 days if its clock is behind this machine's; an hour less works.
const ACCEPTED_LIFETIME_MAX_S: i64 = 365 * 24 * HOUR_S - HOUR_S;
/// The shortest and longest lifetimes that a spec may declare.
const VALID_FOR_MIN: SpecDuration = SpecDuration::days(1);
const VALID_FOR_MAX: SpecDuration = SpecDuration::days(365);

impl ApiKeyDeclaration {
    fn lifetime(&self) -> SpecDuration {
        self.valid_for.unwrap_or(DEFAULT_VALID_FOR)
    }
    fn renewal_window_s(&self) -> i64 {
        self.renew_before.map_or(self.lifetime().seconds / 10, |renew_before| renew_before.seconds)
    }
    /// The expiry, if the declaration sets one.
    fn expires_epoch_s(&self) -> Option<i64> {
        let timestamp: jiff::Timestamp = self.expires.as_ref()?.parse().ok()?;
        Some(timestamp.as_second())
    }
    /// The expiry of a key that is created or renewed now, rounded as AWS does.
    fn expires_from(&self, now_epoch_s: i64) -> i64 {
        match self.expires_epoch_s() {
            Some(expires_epoch_s) => round_to_hour(expires_epoch_s),
            None => round_to_hour(
                now_epoch_s
                    + self
                        .lifetime()
                        .seconds
                        .clamp(ACCEPTED_LIFETIME_MIN_S, ACCEPTED_LIFETIME_MAX_S),
            ),
        }
    }
}

fn round_to_hour(epoch_s: i64) -> i64 {
    epoch_s.div_euclid(HOUR_S) * HOUR_S
}

/// Facts for the CloudFormation template.
const TEMPLATE: TemplateFacts = TemplateFacts {
    references: &[Reference {
        property: "ApiId",
        section: "apis",
        attribute: "ApiId",
        if_missing: IfMissing::LeaveAlone,
    }],
    renewal: Some("validFor"),
    ..TemplateFacts::new(
        KeyFacts {
            source: None,
            noise: &["api", "key", "keys", "event", "events"],
            default: "default",
        },
        Some("Arn"),
    )
};

impl TypedKind for ApiKey {
    const FACTS: Facts = Facts {
        parent: Some("apis"),
        create_only: &["ApiId"],
        depends_on: &["logRoles", "apis"],
        timestamps: &["Expires"],
        spec_paths: &[
            ("Description", "description"),
            ("Expires", "validFor"),
            ("Expires", "expires"),
        ],
        secret_outputs: &[("", "${ApiKey}")],
        ..Facts::new(
            "AWS::AppSync::ApiKey",
            "API key",
            "apiKeys",
            "{description: Browser clients, validFor: 90d, renewBefore: 14d}",
            TEMPLATE,
        )
    };
    type Declaration = ApiKeyDeclaration;

    fn check(
        declared: &ApiKeyDeclaration,
        scope: &CheckContext<'_>,
        diagnostics: &mut DiagnosticSink,
    ) {
        let auth = scope.address.parent().and_then(|api| scope.member::<Auth>(&api, "auth"));
        if auth.is_some_and(|auth| !auth.enabled_modes().contains(&AuthMode::ApiKey)) {
            diagnostics
                .warning_at_key(
                    "PV252",
                    &[],
                    "no client can use this key: API_KEY is not among the API's providers".into(),
                )
                .help = Some("add API_KEY to `auth.providers`, or remove the key".into());
        }
        if declared.expires.is_some() {
            for (name, given) in
                [("validFor", declared.valid_for), ("renewBefore", declared.renew_before)]
            {
                if given.is_some() {
                    let message = format!("`{name}` and `expires` are mutually exclusive");
                    diagnostics.error_at_key("PV253", &[PathStep::Key(name)], message).help =
                        Some("a key with `expires` is never renewed; keep one of the two".into());
                }
            }
        }
        check_lengths(declared, diagnostics);
        check_expires(declared, scope.now_epoch_s, diagnostics);
    }

    fn effects(verb: ChangeAction, before: Option<&Self>, after: Option<&Self>) -> Vec<String> {
        let expiry = |key: Option<&Self>| key.and_then(|key| key.expires);
        match verb {
            ChangeAction::Create if expiry(after).is_none() => {
                vec![format!("it expires in {DEFAULT_VALID_FOR}, AWS's default")]
            }
            ChangeAction::Create => Vec::new(),
            ChangeAction::Delete => vec!["clients that send it are denied".to_owned()],
            ChangeAction::Replace => {
                vec!["clients that send it are denied until they send the new one".to_owned()]
            }
            ChangeAction::Update if expiry(before) == expiry(after) => Vec::new(),
            ChangeAction::Update => {
                vec!["clients keep using the same key; only its expiry changes".to_owned()]
            }
        }
    }

    fn expand(declared: &ApiKeyDeclaration, scope: &CheckContext<'_>) -> Option<Self> {
        let named = declared.valid_for.is_some() || declared.expires.is_some();
        Some(Self {
            api_id: Text::attribute(&scope.address.parent()?, "ApiId"),
            description: declared.description.clone(),
            expires: named.then(|| declared.expires_from(scope.now_epoch_s)),
        })
    }

    fn to_declaration(self, _: &mut ImportContext) -> ApiKeyDeclaration {
        let timestamp = |epoch_s| Some(jiff::Timestamp::from_second(epoch_s).ok()?.to_string());
        ApiKeyDeclaration {
            description: self.description,
            expires: self.expires.and_then(timestamp),
            ..ApiKeyDeclaration::default()
        }
    }

    /// A longer lifetime takes effect when the key is renewed.
    fn deferred_change(&self, declared: &ApiKeyDeclaration, site: &Site) -> Option<String> {
        let (None, Some(_), Some(expires_epoch_s)) =
            (&declared.expires, declared.valid_for, self.expires)
        else {
            return None;
        };
        let renewal =
            jiff::Timestamp::from_second(expires_epoch_s - declared.renewal_window_s()).ok()?;
        let day = renewal.to_string().split('T').next()?.to_owned();
        (declared.expires_from(site.now_epoch_s) > expires_epoch_s + HOUR_S)
            .then(|| format!("`validFor` takes effect at the renewal on {day}"))
    }

    /// A key keeps its expiry until its renewal; otherwise every plan would change it.
    ///
    /// An expiry later than `validFor` allows is corrected; the hour is AWS's rounding.
    fn normalize(self, live: &Self, declared: &ApiKeyDeclaration, site: &Site) -> Self {
        let fresh = declared.expires_from(site.now_epoch_s);
        let expires = match (&declared.expires, live.expires) {
            (Some(_), _) => Some(fresh),
            (None, Some(expires)) => {
                let left_s = expires - site.now_epoch_s;
                let keep = left_s > declared.renewal_window_s() && expires <= fresh + HOUR_S;
                Some(if keep { expires } else { fresh })
            }
            (None, None) => self.expires,
        };
        Self { expires, ..self }
    }
}

fn check_lengths(declared: &ApiKeyDeclaration, diagnostics: &mut DiagnosticSink) {
    if declared
        .valid_for
        .is_some_and(|valid_for| valid_for < VALID_FOR_MIN || valid_for > VALID_FOR_MAX)
    {
        let given = declared.lifetime();
        diagnostics
            .error(
                "PV250",
                &[PathStep::Key("validFor")],
                format!("key lifetime `{given}` is out of range"),
            )
            .help = Some("use 1d to 365d".into());
    }
    if declared.renew_before.is_some_and(|renew_before| renew_before >= declared.lifetime()) {
        let message = format!(
            "a key with a lifetime of {} would be renewed by every apply",
            declared.lifetime()
        );
        diagnostics.error("PV251", &[PathStep::Key("renewBefore")], message).help =
            Some("make `renewBefore` shorter than `validFor`".into());
    }
}

fn check_expires(declared: &ApiKeyDeclaration, now_epoch_s: i64, diagnostics: &mut DiagnosticSink) {
    if declared.expires.is_none() {
        return;
    }
    let at = [PathStep::Key("expires")];
    let Some(expires_epoch_s) = declared.expires_epoch_s() else {
        diagnostics.error("PV254", &at, "not a valid timestamp".into());
        return;
    };
    let left_s = expires_epoch_s - now_epoch_s;
    if left_s > ACCEPTED_LIFETIME_MAX_S {
        diagnostics.error("PV254", &at, "key lifetime is longer than 365 days".into()).help =
            Some("choose an earlier timestamp; AppSync counts from the time of the call".into());
    } else if left_s < ACCEPTED_LIFETIME_MIN_S {
        diagnostics
            .warning(
                "PV255",
                &at,
                "less than a day ahead, or in the past: no key can be created with or changed to this expiry".into(),
            )
            .help =
            Some("AppSync requires at least a day; a key that already has this expiry is not changed".into());
    }
}
