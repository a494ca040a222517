//! Faults on demand: what goes wrong between a caller and AWS, said as data. They belong to a run, and
//! never reach the state.
mod history;
mod read;
mod running;

use serde::{Deserialize, Serialize};

use crate::protocol::operation::Service;

pub(crate) use read::CLOCK_MAX_S;
pub(crate) use running::{Running, Verdict};

/// All that is to go wrong. Nothing does by default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Faults {
    /// How much longer every answer takes.
    pub latency_ms: Option<Latency>,
    /// What `chance` and jitter are drawn from.
    pub seed: u64,
    /// Tried in order, for each call.
    pub rules: Vec<Rule>,
    /// What happens to a change of an API while another lasts.
    pub overlap: Overlap,
    /// How much longer a change lasts.
    pub overlap_ms: u64,
    /// Whether `CreateApi` overlaps with itself, in one account and Region.
    pub overlap_create_api: bool,
    /// How long a role can't be assumed, after it was made or its trust changed.
    pub roles_settle_s: u64,
    /// How long `GetRole` and `ListRoles` don't show a role.
    pub iam_reads_lag_s: u64,
    /// How old a state the lists show.
    pub lists_lag_s: u64,
    /// How many calls of a list go by before it shows a change.
    #[serde(deserialize_with = "read::lists_lag_calls")]
    pub lists_lag_calls: usize,
    pub quotas: Quotas,
    /// How far the clock is ahead; behind, if negative.
    #[serde(deserialize_with = "read::clock_skew_s")]
    pub clock_skew_s: i64,
    /// Whether a signature too old or too new is refused. Left out: when the clock is skewed.
    pub check_signature_time: Option<bool>,
}

/// How long, in milliseconds: always the same if both are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    pub min: u64,
    pub max: u64,
}

/// One thing that goes wrong with some calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rule {
    pub on: On,
    /// Left out: whichever service has the operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    pub fault: Effect,
    /// How often at most. Left out: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// How many matching calls go well before.
    #[serde(default)]
    pub after: u64,
    /// How likely, from 0 to 1. Left out: certain.
    #[serde(default, deserialize_with = "read::chance", skip_serializing_if = "Option::is_none")]
    pub chance: Option<f64>,
}

/// The operations that a rule is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum On {
    /// `"*"`
    Every,
    /// One name, or a list of them.
    These(Vec<&'static str>),
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// The service's own answer to too many calls.
    Throttle,
    /// Any error, before the work.
    Error(Told),
    /// A failure of the service's, before the work.
    FailBefore,
    /// The same after the work, which stays done.
    FailAfter,
    /// The connection closes without an answer, before the work.
    DropBefore,
    /// The same after the work, which stays done.
    DropAfter,
    /// The answer takes this much longer.
    DelayMs(u64),
    /// No work, and never an answer.
    Hang,
}

/// An error, as AWS would tell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    #[serde(deserialize_with = "read::code")]
    pub code: String,
    #[serde(deserialize_with = "read::status")]
    pub status: u16,
    #[serde(default)]
    pub message: String,
}

/// What becomes of the later of two changes of one API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overlap {
    #[default]
    Allowed,
    /// `ConcurrentModificationException`.
    Conflict,
}

/// How many there may be (docs/reference/quotas.md#control-plane, docs/reference/iam.md#limits).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Quotas {
    /// Event APIs in one Region.
    pub apis: usize,
    /// Channel namespaces of one API.
    pub namespaces: usize,
    /// Keys of one API.
    pub api_keys: usize,
    /// Custom domain names in one Region.
    pub domain_names: usize,
    /// Roles in one account.
    pub roles: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        Self { apis: 50, namespaces: 50, api_keys: 50, domain_names: 50, roles: 1_000 }
    }
}

impl Faults {
    /// Reads JSON; an error has its line and column.
    pub fn read(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

impl Effect {
    /// As the log of calls has it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Throttle => "throttle",
            Self::Error(_) => "error",
            Self::FailBefore => "fail-before",
            Self::FailAfter => "fail-after",
            Self::DropBefore => "drop-before",
            Self::DropAfter => "drop-after",
            Self::DelayMs(_) => "delay-ms",
            Self::Hang => "hang",
        }
    }
}
