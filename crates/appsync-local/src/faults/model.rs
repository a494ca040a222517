//! The faults of a faults file, parsed into types that cannot be invalid. Parsing reports the position of an error
//! and injects nothing.
use std::fmt;

use indexmap::IndexSet;
use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::protocol::operation::{self, Service};

/// Each list stores a state for each call of its lag.
const LISTS_LAG_CALLS_MAX: usize = 100;
/// A hundred years; more would exceed the range of timestamps.
pub const CLOCK_MAX_S: i64 = 100 * 365 * 86_400;

/// The faults of a faults file. By default, none.
///
/// They are written as JSON; `docs/faults.md` has the members.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Faults {
    /// The delay of every response.
    pub(crate) latency_ms: Option<Latency>,
    /// The seed of everything random: `chance` and latency.
    pub(crate) seed: u64,
    /// The rules, which are tried in order for each call.
    pub(crate) rules: Vec<FaultRule>,
    /// What happens to a change of an API while another is in progress.
    pub(crate) overlap: Overlap,
    /// How much longer a change is in progress.
    pub(crate) overlap_ms: u64,
    /// Whether two calls of `CreateApi` in one account and Region overlap.
    pub(crate) overlap_create_api: bool,
    /// How long a role cannot be assumed after it was created or its trust policy changed.
    pub(crate) roles_settle_s: u64,
    /// How long `GetRole` and `ListRoles` do not return a new role.
    pub(crate) iam_reads_lag_s: u64,
    /// The age of the state that lists return.
    pub(crate) lists_lag_s: u64,
    /// How many calls of a list are made before it returns a change.
    #[serde(deserialize_with = "lists_lag_calls")]
    pub(crate) lists_lag_calls: usize,
    /// The numbers of resources that AWS allows.
    pub(crate) quotas: Quotas,
    /// How far the clock is ahead of the machine's; behind if negative.
    #[serde(deserialize_with = "clock_skew_s")]
    pub(crate) clock_skew_s: i64,
    /// Whether a signature that is too old or too new is rejected. Default: only if the clock is skewed.
    pub(crate) check_signature_time: Option<bool>,
}

/// A range of milliseconds from which each delay is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Latency {
    pub min: u64,
    pub max: u64,
}

/// A fault and the calls that it is injected into.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct FaultRule {
    pub on: OperationFilter,
    /// The service. Default: any service with the operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// For a handler error: the type of the resources of stacks. Default: any type.
    #[serde(rename = "resourceType", default, skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<String>,
    /// For a handler error: the logical id of the resources of stacks. Default: any.
    #[serde(rename = "logicalId", default, skip_serializing_if = "Option::is_none")]
    pub logical_id: Option<String>,
    pub fault: InjectedFault,
    /// How often it is injected at most. Default: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// How many matching calls succeed before the first injection.
    #[serde(default)]
    pub after: u64,
    /// The probability of an injection, from 0 to 1. Default: 1.
    #[serde(default, deserialize_with = "chance", skip_serializing_if = "Option::is_none")]
    pub chance: Option<f64>,
}

/// The operations that a rule is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OperationFilter {
    /// Every operation, written `"*"`.
    Any,
    /// The operations of these names, written as one name or a list.
    Names(Vec<&'static str>),
}

/// A fault that is injected into a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum InjectedFault {
    /// The service's error for too many calls, instead of the operation.
    Throttle,
    /// Any error, instead of the operation.
    Error(InjectedError),
    /// The service's internal error, instead of the operation.
    FailBefore,
    /// The service's internal error after the operation, whose changes remain.
    FailAfter,
    /// The connection closes without a response, instead of the operation.
    DropBefore,
    /// The connection closes without a response after the operation, whose changes remain.
    DropAfter,
    /// The response is delayed by this many milliseconds.
    DelayMs(u64),
    /// Neither the operation nor a response: the connection remains open.
    Hang,
    /// What CloudFormation does with a resource of a stack fails with this code, and no service is called.
    #[serde(rename = "handlerErrorCode")]
    HandlerErrorCode(HandlerErrorCode),
}

/// One of CloudFormation's codes for failures of resource handlers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct HandlerErrorCode(pub &'static str);

/// What a stack does with a resource, by the name in a rule's `on`.
pub const RESOURCE_ACTIONS: [&str; 3] = ["Create", "Update", "Delete"];

/// CloudFormation's codes for failures of resource handlers.
const HANDLER_ERROR_CODES: &[&str] = &[
    "NotUpdatable",
    "InvalidRequest",
    "AccessDenied",
    "InvalidCredentials",
    "AlreadyExists",
    "NotFound",
    "ResourceConflict",
    "Throttling",
    "ServiceLimitExceeded",
    "NotStabilized",
    "GeneralServiceException",
    "ServiceInternalError",
    "NetworkFailure",
    "InternalFailure",
    "InvalidTypeConfiguration",
    "HandlerInternalFailure",
    "NonCompliant",
    "Unknown",
    "UnsupportedTarget",
];

/// An AWS error that a faults file defines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InjectedError {
    #[serde(deserialize_with = "code")]
    pub code: String,
    #[serde(deserialize_with = "status")]
    pub status: u16,
    #[serde(default)]
    pub message: String,
}

/// What happens to the second of two simultaneous changes of an API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Overlap {
    #[default]
    Allowed,
    /// It fails with `ConcurrentModificationException`.
    Conflict,
}

/// The number of resources that AWS allows (docs/reference/quotas.md#control-plane, docs/reference/iam.md#limits).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Quotas {
    /// Event APIs in one Region.
    pub apis: usize,
    /// Channel namespaces of one API.
    pub namespaces: usize,
    /// API keys of one API.
    pub api_keys: usize,
    /// Custom domain names in one Region.
    pub domain_names: usize,
    /// Roles in one account.
    pub roles: usize,
    /// Stacks in one Region.
    pub stacks: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            apis: 50,
            namespaces: 50,
            api_keys: 50,
            domain_names: 50,
            roles: 1_000,
            stacks: 2_000,
        }
    }
}

impl Faults {
    /// Parses a faults file, which is JSON.
    ///
    /// # Errors
    ///
    /// Fails at the first error, with its line and column.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

impl InjectedFault {
    /// The name in faults files and in the call log.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Throttle => "throttle",
            Self::Error(_) => "error",
            Self::FailBefore => "fail-before",
            Self::FailAfter => "fail-after",
            Self::DropBefore => "drop-before",
            Self::DropAfter => "drop-after",
            Self::DelayMs(_) => "delay-ms",
            Self::Hang => "hang",
            Self::HandlerErrorCode(_) => "handlerErrorCode",
        }
    }
}

fn chance<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    let chance = Option::<f64>::deserialize(from)?;
    match chance {
        Some(value) if !(0.0..=1.0).contains(&value) => {
            Err(D::Error::custom(format!("`chance` is `{value}`, but must be from 0 to 1")))
        }
        _ => Ok(chance),
    }
}

fn lists_lag_calls<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    match usize::deserialize(from)? {
        calls if calls > LISTS_LAG_CALLS_MAX => Err(D::Error::custom(format!(
            "`lists-lag-calls` is `{calls}`, but must be at most {LISTS_LAG_CALLS_MAX}"
        ))),
        calls => Ok(calls),
    }
}

fn clock_skew_s<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    match i64::deserialize(from)? {
        skew if !(-CLOCK_MAX_S..=CLOCK_MAX_S).contains(&skew) => Err(D::Error::custom(format!(
            "`clock-skew-s` is `{skew}`, but must be at most a hundred years"
        ))),
        skew => Ok(skew),
    }
}

/// An error code becomes a header of the response, which allows few characters.
fn code<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let code = String::deserialize(from)?;
    match !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
    {
        true => Ok(code),
        false => Err(D::Error::custom(
            "`code` must be letters, digits and dots, as in `NotFoundException`",
        )),
    }
}

fn status<'de, D: Deserializer<'de>>(from: D) -> Result<u16, D::Error> {
    match u16::deserialize(from)? {
        status @ 400..=599 => Ok(status),
        status => {
            Err(D::Error::custom(format!("`status` is `{status}`, but must be from 400 to 599")))
        }
    }
}

impl<'de> Deserialize<'de> for Latency {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(LatencyVisitor)
    }
}

impl Serialize for Latency {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if self.min == self.max {
            return to.serialize_u64(self.min);
        }
        let mut map_writer = to.serialize_struct("Latency", 2)?;
        map_writer.serialize_field("min", &self.min)?;
        map_writer.serialize_field("max", &self.max)?;
        map_writer.end()
    }
}

struct LatencyVisitor;

impl<'de> Visitor<'de> for LatencyVisitor {
    type Value = Latency;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("milliseconds, or an object with `min` and `max`")
    }
    fn visit_u64<E: Error>(self, ms: u64) -> Result<Latency, E> {
        Ok(Latency { min: ms, max: ms })
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Latency, A::Error> {
        let (mut min, mut max) = (None, None);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "min" => min = Some(map.next_value()?),
                "max" => max = Some(map.next_value()?),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    return Err(A::Error::unknown_field(&key, &["min", "max"]));
                }
            }
        }
        let min = min.ok_or_else(|| A::Error::missing_field("min"))?;
        let max = max.ok_or_else(|| A::Error::missing_field("max"))?;
        match min <= max {
            true => Ok(Latency { min, max }),
            false => Err(A::Error::custom(format!(
                "`min` is `{min}`, but must be at most `max`, which is `{max}`"
            ))),
        }
    }
}

impl<'de> Deserialize<'de> for OperationFilter {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(OperationFilterVisitor)
    }
}

impl Serialize for OperationFilter {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Any => to.serialize_str("*"),
            Self::Names(names) => names.serialize(to),
        }
    }
}

struct OperationFilterVisitor;

impl<'de> Visitor<'de> for OperationFilterVisitor {
    type Value = OperationFilter;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of an operation, a list of them, or \"*\"")
    }
    fn visit_str<E: Error>(self, name: &str) -> Result<OperationFilter, E> {
        match name {
            "*" => Ok(OperationFilter::Any),
            name => Ok(OperationFilter::Names(vec![parse_operation_name(name)?])),
        }
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut several: A) -> Result<OperationFilter, A::Error> {
        let mut names = Vec::new();
        while let Some(name) = several.next_element::<String>()? {
            names.push(parse_operation_name(&name)?);
        }
        Ok(OperationFilter::Names(names))
    }
}

impl<'de> Deserialize<'de> for HandlerErrorCode {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let code = String::deserialize(from)?;
        let known = HANDLER_ERROR_CODES.iter().find(|known| **known == code);
        known.map(|code| Self(code)).ok_or_else(|| {
            let codes = HANDLER_ERROR_CODES.join(", ");
            D::Error::custom(format!("`{code}` is not a HandlerErrorCode; the codes are: {codes}"))
        })
    }
}

fn parse_operation_name<E: Error>(name: &str) -> Result<&'static str, E> {
    let action = RESOURCE_ACTIONS.into_iter().find(|known| *known == name);
    action.or_else(|| operation::names().find(|known| *known == name)).ok_or_else(|| {
        let similarity = |known: &&str| (strsim::jaro_winkler(known, name) * 1_000.0) as u32;
        let nearest = operation::names().max_by_key(similarity).unwrap_or_default();
        let all: IndexSet<_> = operation::names().collect();
        let all = all.into_iter().collect::<Vec<_>>().join(", ");
        E::custom(format!(
            "`{name}` is not an operation of the emulator; did you mean `{nearest}`? Known operations: {all}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn errors_are_reported_with_their_position_and_a_valid_alternative() {
        let check = |text: &str, expected: &[&str]| {
            let error = Faults::parse(text).unwrap_err().to_string();
            for part in expected {
                assert!(error.contains(part), "{error}");
            }
        };
        check("{", &["line 1 column 1"]);
        check("{\n  \"latency\": 1 }", &["unknown field `latency`", "`latency-ms`", "line 2"]);
        check(r#"{"latency-ms": "5"}"#, &["milliseconds, or an object with `min` and `max`"]);
        check(r#"{"latency-ms": {"min": 1}}"#, &["missing field `max`"]);
        check(
            r#"{"latency-ms": {"min": 2, "max": 1}}"#,
            &["`min` is `2`, but must be at most `max`, which is `1`"],
        );
        check(r#"{"latency-ms": {"least": 2}}"#, &["unknown field `least`", "`min` or `max`"]);
        check(r#"{"rules": [{"on": "CreatApi", "fault": "hang"}]}"#, &["did you mean `CreateApi`"]);
        check(r#"{"rules": [{"on": ["GetRol"], "fault": "hang"}]}"#, &["did you mean `GetRole`"]);
        check(r#"{"rules": [{"on": 1, "fault": "hang"}]}"#, &["the name of an operation"]);
        check(r#"{"rules": [{"on": "*"}]}"#, &["missing field `fault`"]);
        check(r#"{"rules": [{"on": "*", "fault": "slow"}]}"#, &["`slow`", "`fail-before`"]);
        check(r#"{"rules": [{"on": "*", "fault": "hang", "chance": 2}]}"#, &["from 0 to 1"]);
        check(r#"{"rules": [{"on": "*", "fault": "hang", "service": "ec2"}]}"#, &["`appsync`"]);
        check(
            r#"{"rules": [{"on": "*", "fault": {"error": {"code": "a b", "status": 400}}}]}"#,
            &["letters, digits and dots"],
        );
        check(
            r#"{"rules": [{"on": "*", "fault": {"error": {"code": "A", "status": 200}}}]}"#,
            &["from 400 to 599"],
        );
        check(r#"{"quotas": {"api": 1}}"#, &["unknown field `api`", "`apis`"]);
        check(r#"{"overlap": "no"}"#, &["`allowed` or `conflict`"]);
        check(r#"{"lists-lag-calls": 101}"#, &["at most 100"]);
        check(r#"{"clock-skew-s": 9000000000000}"#, &["a hundred years"]);
    }

    #[test]
    fn serialized_faults_are_parsed_to_the_same_faults() {
        let faults = json!({
            "latency-ms": { "min": 1, "max": 5 },
            "rules": [
                { "on": "*", "service": "iam", "fault": "throttle", "times": 2, "chance": 0.5 },
                { "on": ["GetApi", "CreateApi"], "fault": { "delay-ms": 5 }, "after": 1 },
                { "on": "GetRole", "fault": { "error": { "code": "X", "status": 418 } } },
            ],
            "quotas": { "apis": 1 },
        });
        let faults: Faults = from_value(faults).unwrap();
        assert_eq!(faults.quotas.namespaces, 50);
        assert_eq!(Faults::parse(&json!(faults).to_string()).unwrap(), faults);
    }
}
