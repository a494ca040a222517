//! What the engine reports during a run: no time, no style, no level.
//!
//! `Planned` is the first event, except for `Queued`; `Finished` is the last, once. Every `Started` is followed by exactly one
//! `Succeeded` or `Failed` of the same address and action, with any number of `Retrying` between; what is
//! `Skipped` never started. `Waiting` precedes `Started` or `Skipped` of the same step, at most once.
//! If there was no run, the last event of a command is `Blocked` or `Stale`.
use schemars::JsonSchema;
use serde::Serialize;

use crate::address::Address;
use crate::failure::{CodeError, ErrorClass};
use crate::plan::StepVerb;

/// One event of a run. See the module's documentation for their order.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Event {
    /// Another run is changing the stack; this one waits for it.
    Queued,
    /// The run starts.
    Planned {
        /// The number of steps.
        steps: usize,
    },
    /// The step is ready, but as many changes of `for` are in progress as AWS accepts at a time.
    Waiting {
        /// The address of the resource.
        #[schemars(with = "String")]
        address: Address,
        /// What the step does.
        action: StepVerb,
        /// The address at whose limiter the step waits: an API.
        #[serde(rename = "for")]
        #[schemars(with = "String")]
        behind: Address,
    },
    /// A call for this step was sent.
    Started {
        /// The address of the resource.
        #[schemars(with = "String")]
        address: Address,
        /// What the step does.
        action: StepVerb,
    },
    /// AWS did not accept the call; it will be retried.
    Retrying {
        /// The address of the resource.
        #[schemars(with = "String")]
        address: Address,
        /// What the step does.
        action: StepVerb,
        /// Why it is retried.
        reason: RetryReason,
        /// How long until the retry.
        wait_ms: u64,
        /// The number of the next attempt; the first was 1.
        attempt: u32,
        /// The failure of the last attempt.
        because: String,
    },
    /// A step succeeded.
    Succeeded {
        /// The address of the resource.
        #[schemars(with = "String")]
        address: Address,
        /// What the step does.
        action: StepVerb,
    },
    /// A step failed.
    Failed {
        /// The address of the resource.
        #[schemars(with = "String")]
        address: Address,
        /// What the step does.
        action: StepVerb,
        /// The failed call.
        error: CallFailure,
    },
    /// A step was not started.
    Skipped {
        /// The address of the resource.
        #[schemars(with = "String")]
        address: Address,
        /// What the step does.
        action: StepVerb,
        /// Why it was not started.
        because: SkipReason,
    },
    /// The run finished.
    Finished {
        /// The number of steps that succeeded.
        succeeded: usize,
        /// The number of steps that failed.
        failed: usize,
        /// The number of steps that were not started.
        skipped: usize,
    },
    /// The last event: nothing was changed, because of a safety check, a declined confirmation or the command line.
    #[serde(rename = "refused")]
    Blocked {
        /// Every reason.
        reasons: Vec<BlockedReason>,
    },
    /// The last event: nothing was changed, because AWS changed since the plan was made.
    Stale {
        /// What changed.
        reason: String,
    },
}

/// Why a change is blocked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BlockedReason {
    /// The address of the change. Omitted: the plan as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Why, one line.
    pub reason: String,
    /// How to allow it. Omitted if nothing would.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// Why a step is retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RetryReason {
    /// Another change of the same resource is in progress.
    Busy,
    /// AWS throttles calls.
    Throttled,
    /// The role exists, but AppSync cannot use it yet.
    RoleNotReady,
    /// The call was never sent.
    Unreachable,
    /// The response does not say whether the call succeeded.
    Uncertain,
}

/// A failed call: the operation, AWS's answer, and the usual fix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallFailure {
    /// AWS's name of the operation. Omitted if no call was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// AWS's error code. Omitted if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// AWS's message, without secrets.
    pub message: String,
    /// AWS's id of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What the failure means.
    pub class: ErrorClass,
    /// The likely cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// What to do.
    pub hints: Vec<String>,
    /// What AppSync found in a handler's code.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub code_errors: Vec<CodeError>,
}

/// Why a step was not started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SkipReason {
    /// A step that it depends on did not succeed.
    Failed(#[schemars(with = "String")] Address),
    /// The user interrupted the run.
    Interrupted,
    /// The time limit of the run was reached.
    Late,
    /// Another run of the stack took over.
    Overtaken,
}
