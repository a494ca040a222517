//! What the engine says while it works: no time, no style, no level.
//!
//! `Planned` comes first, but for `Queued`, and `Finished` last, once. Every `Started` is followed by exactly one
//! `Succeeded` or `Failed` of the same address and action, with any number of `Retrying` between; what is
//! `Skipped` never started. `Waiting` comes before `Started` or `Skipped` of the same, at most once.
//! Where there was no run, a command says `Refused` or `Stale` as its last word.
use schemars::JsonSchema;
use serde::Serialize;

use crate::address::Address;
use crate::failure::{CodeError, ErrorClass};
use crate::plan::StepVerb;

#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Event {
    /// Another run changes the stack; this one waits for its end.
    Queued,
    /// The run begins.
    Planned { steps: usize },
    /// All that this step needs is there, and as many changes of `for` are under way as AWS takes at a time.
    Waiting {
        #[schemars(with = "String")]
        address: Address,
        action: StepVerb,
        #[serde(rename = "for")]
        #[schemars(with = "String")]
        behind: Address,
    },
    /// A call for this step is on its way.
    Started {
        #[schemars(with = "String")]
        address: Address,
        action: StepVerb,
    },
    /// AWS did not take it yet; it will be tried again.
    Retrying {
        #[schemars(with = "String")]
        address: Address,
        action: StepVerb,
        reason: RetryReason,
        /// How long until then.
        wait_ms: u64,
        /// The attempt that comes then; the first was 1.
        attempt: u32,
        because: String,
    },
    /// A step is done.
    Succeeded {
        #[schemars(with = "String")]
        address: Address,
        action: StepVerb,
    },
    /// A step can't be done.
    Failed {
        #[schemars(with = "String")]
        address: Address,
        action: StepVerb,
        error: CallFailure,
    },
    /// A step was not tried, because of another one, or because the run was interrupted.
    Skipped {
        #[schemars(with = "String")]
        address: Address,
        action: StepVerb,
        because: SkipReason,
    },
    /// The run is over.
    Finished { succeeded: usize, failed: usize, skipped: usize },
    /// The last word: nothing was changed, since a rule, a person or the command line was against it.
    Refused { reasons: Vec<BlockedReason> },
    /// The last word: nothing was changed, since AWS is no longer as it was when the plan was made.
    Stale { reason: String },
}

/// What stands against a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BlockedReason {
    /// What it is about. Left out: all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    pub reason: String,
    /// What would give leave. Left out: nothing would.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// Why a step is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RetryReason {
    /// Another change of the same thing is under way.
    Busy,
    /// AWS takes no more calls just now.
    Throttled,
    /// IAM has the role, and AppSync can't use it yet.
    RoleNotReady,
    /// The call was never sent.
    Unreachable,
    /// The call had no answer that says what became of it.
    Uncertain,
}

/// What was tried, what AWS said, and what usually helps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallFailure {
    /// The operation, as AWS calls it. Left out: no call was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// AWS's code. Left out: AWS gave none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    pub class: ErrorClass,
    /// The likely cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// What to do about it.
    pub hints: Vec<String>,
    /// What AppSync found in a handler's code.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub code_errors: Vec<CodeError>,
}

/// Why a step was not tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SkipReason {
    /// Another one that it needs did not succeed.
    Failed(#[schemars(with = "String")] Address),
    /// The user wanted the run to end.
    Interrupted,
    /// The run's time was over.
    Late,
    /// Another run of the stack showed up.
    Overtaken,
}
