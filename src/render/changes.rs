//! Formats a plan: for people, for programs and for pull requests.
mod document;
mod human;
mod leaves;
mod markdown;
mod view;

pub use document::{PlanDocument, document};
pub use human::text;
pub use leaves::{ValueChange, value_changes};
pub use markdown::markdown;
pub use view::{FindSpecLine, PlanView, no_spec_line};
