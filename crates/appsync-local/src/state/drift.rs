//! What drift detection found: of stacks and of their resources. Only data.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct StackDrift {
    /// `None` until drift is detected.
    pub status: Option<DriftStatus>,
    pub checked_epoch_s: Option<f64>,
    /// The detections, by their id.
    pub detections: BTreeMap<String, DriftDetection>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct DriftDetection {
    pub started_epoch_s: f64,
    pub status: DriftStatus,
    pub drifted_count: usize,
    pub failure: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum DriftStatus {
    InSync,
    Drifted,
}

#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct ResourceDrift {
    /// `None` until drift is detected.
    pub status: Option<ResourceDriftStatus>,
    pub checked_epoch_s: Option<f64>,
    /// Without what cannot drift.
    pub expected: Option<Value>,
    pub actual: Option<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ResourceDriftStatus {
    InSync,
    Modified,
    Deleted,
    NotChecked,
}
