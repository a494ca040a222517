//! `AWS::AppSync::ApiKey`. Its id is the key, and it takes no tags: the description carries the mark.
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

/// A key that clients send as `x-api-key`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ApiKey {
    pub api_id: Text,
    pub description: Option<Text>,
    /// Seconds since 1970. Left out: AWS gives it seven days.
    pub expires: Option<i64>,
}

/// A key that clients send as `x-api-key`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(deny_unknown_fields)]
#[schemars(example = serde_json::json!({ "description": "Browser clients", "validFor": "90d", "renewBefore": "14d" }))]
pub struct ApiKeyDeclaration {
    /// Who uses it. Left out: nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"Browser clients")]
    description: Option<Text>,
    /// How long a new or renewed key lives, from a day to a year: `90d`. Left out, without
    /// `expires`: `7d`, AWS's own default.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_for: Option<SpecDuration>,
    /// How long before its end a key is renewed. Left out: a tenth of `validFor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    renew_before: Option<SpecDuration>,
    /// The moment a key ends, instead of `validFor`: `2027-06-30T00:00:00Z`. It is never renewed.
    /// Left out: it ends as `validFor` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        regex(pattern = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"),
        extend("patternErrorMessage" = "expected a moment such as 2027-06-30T00:00:00Z")
    )]
    #[schemars(example = &"2027-06-30T00:00:00Z")]
    expires: Option<String>,
    /// Its logical id in a CloudFormation template. Left out: made from its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    logical_id: Option<LogicalId>,
}

const HOUR_S: i64 = 3_600;
/// AWS's own default, when a create names no expiry (docs/reference/api-keys.md#expiry).
const DEFAULT_VALID_FOR: SpecDuration = SpecDuration::days(7);
/// AWS rounds down to the hour and wants a day after that; a quarter of an hour is for clocks that
/// disagree (docs/reference/api-keys.md#rounding).
const SHORTEST_S: i64 = 25 * HOUR_S + HOUR_S / 4;
/// AWS refuses 365 days by a clock that is behind ours; an hour less is what works.
const LONGEST_S: i64 = 365 * 24 * HOUR_S - HOUR_S;
const SHORTEST: SpecDuration = SpecDuration::days(1);
const LONGEST: SpecDuration = SpecDuration::days(365);

impl ApiKeyDeclaration {
    fn lives(&self) -> SpecDuration {
        self.valid_for.unwrap_or(DEFAULT_VALID_FOR)
    }
    fn renews_within_s(&self) -> i64 {
        self.renew_before.map_or(self.lives().seconds / 10, |it| it.seconds)
    }
    /// The moment it is to end, if it names one.
    fn moment_epoch_s(&self) -> Option<i64> {
        let moment: jiff::Timestamp = self.expires.as_ref()?.parse().ok()?;
        Some(moment.as_second())
    }
    /// When a key made or renewed now would end, as AWS will say it: on the hour.
    fn expires_from(&self, now_epoch_s: i64) -> i64 {
        match self.moment_epoch_s() {
            Some(moment) => on_the_hour(moment),
            None => on_the_hour(now_epoch_s + self.lives().seconds.clamp(SHORTEST_S, LONGEST_S)),
        }
    }
}

fn on_the_hour(epoch_s: i64) -> i64 {
    epoch_s.div_euclid(HOUR_S) * HOUR_S
}

/// How a template has an API key.
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
        problems: &mut DiagnosticSink,
    ) {
        let auth = scope.address.parent().and_then(|api| scope.member::<Auth>(&api, "auth"));
        if auth.is_some_and(|it| !it.offered().contains(&AuthMode::ApiKey)) {
            problems
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
                    let message = format!("`{name}` and `expires` exclude each other");
                    problems.error_at_key("PV253", &[PathStep::Key(name)], message).help =
                        Some("a key with `expires` is never renewed; keep one of the two".into());
                }
            }
        }
        check_lengths(declared, problems);
        check_moment(declared, scope.now_epoch_s, problems);
    }

    fn effects(verb: ChangeAction, before: Option<&Self>, after: Option<&Self>) -> Vec<String> {
        let end = |it: Option<&Self>| it.and_then(|it| it.expires);
        match verb {
            ChangeAction::Create if end(after).is_none() => {
                vec![format!("it ends in {DEFAULT_VALID_FOR}, AWS's default")]
            }
            ChangeAction::Create => Vec::new(),
            ChangeAction::Delete => vec!["clients that send it are refused".to_owned()],
            ChangeAction::Replace => {
                vec!["clients that send it are refused until they send the new one".to_owned()]
            }
            ChangeAction::Update if end(before) == end(after) => Vec::new(),
            ChangeAction::Update => {
                vec!["clients keep the key they have; only its end moves".to_owned()]
            }
        }
    }

    fn expand(declared: &ApiKeyDeclaration, scope: &CheckContext<'_>) -> Option<Self> {
        let named = declared.valid_for.is_some() || declared.expires.is_some();
        Some(Self {
            api_id: Text::of(&scope.address.parent()?, "ApiId"),
            description: declared.description.clone(),
            expires: named.then(|| declared.expires_from(scope.now_epoch_s)),
        })
    }

    fn to_declaration(self, _: &mut ImportContext) -> ApiKeyDeclaration {
        let moment = |epoch_s| Some(jiff::Timestamp::from_second(epoch_s).ok()?.to_string());
        ApiKeyDeclaration {
            description: self.description,
            expires: self.expires.and_then(moment),
            ..ApiKeyDeclaration::default()
        }
    }

    /// A longer life is a renewal's matter.
    fn deferred_change(&self, declared: &ApiKeyDeclaration, site: &Site) -> Option<String> {
        let (None, Some(_), Some(end)) = (&declared.expires, declared.valid_for, self.expires)
        else {
            return None;
        };
        let renewal = jiff::Timestamp::from_second(end - declared.renews_within_s()).ok()?;
        let day = renewal.to_string().split('T').next()?.to_owned();
        (declared.expires_from(site.now_epoch_s) > end + HOUR_S)
            .then(|| format!("`validFor` takes effect at its renewal, on {day}"))
    }

    /// A key keeps its expiry until it is nearly over; else each plan would move it a little.
    ///
    /// One that ends later than its `validFor` allows is brought back; the hour is AWS's rounding.
    fn normalize(self, live: &Self, declared: &ApiKeyDeclaration, site: &Site) -> Self {
        let fresh = declared.expires_from(site.now_epoch_s);
        let expires = match (&declared.expires, live.expires) {
            (Some(_), _) => Some(fresh),
            (None, Some(expires)) => {
                let left_s = expires - site.now_epoch_s;
                let keep = left_s > declared.renews_within_s() && expires <= fresh + HOUR_S;
                Some(if keep { expires } else { fresh })
            }
            (None, None) => self.expires,
        };
        Self { expires, ..self }
    }
}

fn check_lengths(declared: &ApiKeyDeclaration, problems: &mut DiagnosticSink) {
    if declared.valid_for.is_some_and(|it| it < SHORTEST || it > LONGEST) {
        let given = declared.lives();
        problems
            .error("PV250", &[PathStep::Key("validFor")], format!("a key can't live for {given}"))
            .help = Some("AppSync takes from 1d to 365d".into());
    }
    if declared.renew_before.is_some_and(|it| it >= declared.lives()) {
        let message =
            format!("a key that lives {} would be renewed at every apply", declared.lives());
        problems.error("PV251", &[PathStep::Key("renewBefore")], message).help =
            Some("make `renewBefore` shorter than `validFor`".into());
    }
}

fn check_moment(declared: &ApiKeyDeclaration, now_epoch_s: i64, problems: &mut DiagnosticSink) {
    if declared.expires.is_none() {
        return;
    }
    let at = [PathStep::Key("expires")];
    let Some(moment) = declared.moment_epoch_s() else {
        problems.error("PV254", &at, "there is no such moment".into());
        return;
    };
    let left_s = moment - now_epoch_s;
    if left_s > LONGEST_S {
        problems.error("PV254", &at, "a key can't live longer than 365 days".into()).help =
            Some("name an earlier moment; AppSync counts from the moment of the call".into());
    } else if left_s < SHORTEST_S {
        problems
            .warning(
                "PV255",
                &at,
                "less than a day ahead, or past: a key can't be made or changed to end then".into(),
            )
            .help =
            Some("AppSync wants a day at least; a key that already ends then is left alone".into());
    }
}
