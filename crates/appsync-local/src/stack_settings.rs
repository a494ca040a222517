//! The settings of stacks that the command line has: types that are only records, and how long a stack takes.
use std::time::Duration;

/// How long creating, updating or deleting one resource takes with stack time.
pub const STACK_STEP: Duration = Duration::from_secs(2);

/// The settings of stacks.
#[derive(Clone, Debug, Default)]
pub struct StackSettings {
    /// Patterns of the resource types that are records only, such as `AWS::DynamoDB::*`.
    pub stub_types: Vec<String>,
    /// How long operations take. Without it, they are complete before the response.
    pub time: Option<StackTime>,
}

/// How long operations on stacks take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum StackTime {
    /// Each resource takes some seconds
    Real,
    /// Each resource takes as long, by the clock that `PUT /_provision/clock` moves
    Step,
}
