//! Checks of providers beyond their shape.
use crate::kind::{CheckContext, DiagnosticSink, PathStep};
use crate::kinds::arn;
use crate::kinds::auth::AuthMode;
use crate::kinds::provider::{Cognito, Lambda, OpenIdConnect, Provider};
use crate::text::Text;

const RESULT_TTL_MAX_S: i64 = 3_600;

impl Provider {
    /// Whether both accept tokens of the same user pool or issuer.
    fn accepts_same_tokens(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Cognito(one), Self::Cognito(two)) => one.user_pool_id == two.user_pool_id,
            (Self::OpenIdConnect(one), Self::OpenIdConnect(two)) => one.issuer == two.issuer,
            _ => false,
        }
    }
}

/// Reports errors of the provider at `path`, and a duplicate of a mode that allows one provider.
pub fn check(
    providers: &[Provider],
    path: &[PathStep<'_>],
    scope: &CheckContext<'_>,
    diagnostics: &mut DiagnosticSink,
) {
    for (n, provider) in providers.iter().enumerate() {
        let at = |rest: &[PathStep<'static>]| -> Vec<PathStep<'_>> {
            path.iter().copied().chain([PathStep::Index(n)]).chain(rest.iter().copied()).collect()
        };
        let kind = provider.auth_type();
        let once = !matches!(kind, AuthMode::Cognito | AuthMode::OpenIdConnect);
        if once && providers[..n].iter().any(|provider| provider.auth_type() == kind) {
            let message = format!("duplicate {kind} provider: an API can have one");
            diagnostics.error("PV208", &at(&[]), message).help =
                Some("remove one of the two".into());
        }
        if !once && providers[..n].iter().any(|other| other.accepts_same_tokens(provider)) {
            let message = "duplicate provider: another one accepts the same tokens".to_owned();
            diagnostics.error("PV208", &at(&[]), message).help = Some(
                "declare a user pool or issuer once; one expression can accept several clients"
                    .into(),
            );
        }
        match provider {
            Provider::Cognito(it) => check_cognito(it, &at, scope, diagnostics),
            Provider::OpenIdConnect(it) => check_issuer(it, &at, scope, diagnostics),
            Provider::Lambda(it) => check_lambda(it, &at, scope, diagnostics),
            Provider::ApiKey | Provider::AwsIam => {}
        }
    }
}

type Place<'a> = &'a dyn Fn(&[PathStep<'static>]) -> Vec<PathStep<'a>>;

/// Reports a regular expression with unbalanced brackets. AppSync uses Java's syntax, which is not checked
/// further.
fn check_pattern(
    pattern: Option<&Text>,
    at: &[PathStep<'_>],
    scope: &CheckContext<'_>,
    diagnostics: &mut DiagnosticSink,
) {
    let Some(pattern) = pattern else { return };
    let help = "close each `(` and each `[`, or write `\\(` for the character itself";
    let message = "not a valid regular expression: unbalanced bracket";
    diagnostics.error_if_invalid(
        scope.invalid_reading(pattern, is_balanced),
        "PV266",
        at,
        message,
        help,
    );
}

/// Whether every bracket of a regular expression is closed.
fn is_balanced(pattern: &str) -> bool {
    let (mut open, mut class, mut escaped) = (0_usize, false, false);
    for letter in pattern.chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            '(' if !class => open += 1,
            ')' if !class && open == 0 => return false,
            ')' if !class => open -= 1,
            _ => {}
        }
    }
    open == 0 && !class && !escaped
}

fn check_cognito(
    it: &Cognito,
    at: Place<'_>,
    scope: &CheckContext<'_>,
    diagnostics: &mut DiagnosticSink,
) {
    let place = at;
    let at = at(&[PathStep::Key("AMAZON_COGNITO_USER_POOLS"), PathStep::Key("userPoolId")]);
    let is_valid = |id: &str| {
        id.split_once('_').is_some_and(|(region, pool)| {
            !pool.is_empty()
                && pool.chars().all(char::is_alphanumeric)
                && region.split('-').count() >= 3
        })
    };
    if let (Some(id), Some(region)) =
        (it.user_pool_id.as_literal(), it.region.as_ref().and_then(Text::as_literal))
        && id.split_once('_').is_some_and(|(prefix, _)| prefix != region)
    {
        let at = place(&[PathStep::Key("AMAZON_COGNITO_USER_POOLS"), PathStep::Key("region")]);
        diagnostics
            .error("PV209", &at, format!("the user pool `{id}` is in another region"))
            .help = Some("omit `region`: a user pool's id begins with its region".into());
    }
    let pattern =
        place(&[PathStep::Key("AMAZON_COGNITO_USER_POOLS"), PathStep::Key("appIdClientRegex")]);
    check_pattern(it.app_id_client_regex.as_ref(), &pattern, scope, diagnostics);
    let (message, help) = ("not a valid user pool id", "such as ap-northeast-1_AbCdEf");
    diagnostics.error_if_invalid(
        scope.invalid_reading(&it.user_pool_id, is_valid),
        "PV209",
        &at,
        message,
        help,
    );
}

fn check_issuer(
    it: &OpenIdConnect,
    at: Place<'_>,
    scope: &CheckContext<'_>,
    diagnostics: &mut DiagnosticSink,
) {
    let pattern = at(&[PathStep::Key("OPENID_CONNECT"), PathStep::Key("clientId")]);
    check_pattern(it.client_id.as_ref(), &pattern, scope, diagnostics);
    let at = at(&[PathStep::Key("OPENID_CONNECT"), PathStep::Key("issuer")]);
    let is_valid =
        |issuer: &str| issuer.strip_prefix("https://").is_some_and(|host| !host.is_empty());
    let discovery = "/.well-known/openid-configuration";
    if it.issuer.as_literal().is_some_and(|plain| plain.trim_end_matches('/').ends_with(discovery))
    {
        let message = format!("AppSync appends `{discovery}`");
        diagnostics.error("PV210", &at, message).help =
            Some("use the value of `iss` in the issuer's tokens".into());
    }
    let (message, help) =
        ("AppSync takes issuers with https only", "such as https://id.example.com");
    diagnostics.error_if_invalid(
        scope.invalid_reading(&it.issuer, is_valid),
        "PV210",
        &at,
        message,
        help,
    );
}

fn check_lambda(
    it: &Lambda,
    at: Place<'_>,
    scope: &CheckContext<'_>,
    diagnostics: &mut DiagnosticSink,
) {
    let pattern = at(&[PathStep::Key("AWS_LAMBDA"), PathStep::Key("identityValidationExpression")]);
    check_pattern(it.identity_validation_expression.as_ref(), &pattern, scope, diagnostics);
    let function = at(&[PathStep::Key("AWS_LAMBDA"), PathStep::Key("function")]);
    arn::check_function(&it.function, &function, scope, diagnostics);
    if it.result_ttl.is_some_and(|ttl| ttl.seconds > RESULT_TTL_MAX_S) {
        let at = at(&[PathStep::Key("AWS_LAMBDA"), PathStep::Key("resultTtl")]);
        diagnostics.error("PV219", &at, "AppSync caches a result for at most an hour".into());
    }
}
