//! What the engine says while it works: no time, no style, no level.
//!
//! `Planned` comes first, but for `Waiting`, and `Finished` last, once. Every `Started` is followed by exactly one
//! `Succeeded` or `Failed` of the same address and action; what is `Skipped` never started.
use schemars::JsonSchema;
use serde::Serialize;

use crate::address::Address;
use crate::plan::Verb;

#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Event {
    /// Another run changes the stack; this one waits for its end.
    Waiting,
    /// The run begins.
    Planned { steps: usize },
    /// A call for this step is on its way.
    Started {
        #[schemars(with = "String")]
        address: Address,
        action: Verb,
    },
    /// AWS did not take it yet; it will be tried again.
    Retrying {
        #[schemars(with = "String")]
        address: Address,
        action: Verb,
        because: String,
    },
    /// A step is done.
    Succeeded {
        #[schemars(with = "String")]
        address: Address,
        action: Verb,
    },
    /// A step can't be done.
    Failed {
        #[schemars(with = "String")]
        address: Address,
        action: Verb,
        message: String,
    },
    /// A step was not tried, because of another one, or because the run was interrupted.
    Skipped {
        #[schemars(with = "String")]
        address: Address,
        action: Verb,
        because: Because,
    },
    /// The run is over.
    Finished { succeeded: usize, failed: usize, skipped: usize },
}

/// Why a step was not tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Because {
    /// Another one that it needs did not succeed.
    Failed(#[schemars(with = "String")] Address),
    /// The user wanted the run to end.
    Interrupted,
    /// Another run of the stack showed up.
    Overtaken,
}
