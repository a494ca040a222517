//! CloudFormation: stacks whose resources are those of the emulator's other services.
//!
//! A request becomes a [`state::stacks::Stack`](crate::state::stacks::Stack) with an operation, which the engine
//! carries out by calling the other services as any client does. A template is evaluated by `template`, which knows
//! nothing of stacks; `resource_types` knows what each type of resource is. What the emulator cannot create is
//! rejected by name before anything changes.
mod actual_resources;
mod change_set;
mod decision;
mod differences;
mod drift;
mod early_validation;
mod engine;
mod evaluation;
mod exports;
mod import_lookup;
mod lookup;
mod operations;
mod paging;
mod policy;
mod proposal;
mod request;
mod resource_types;
mod response;
mod secrets;
mod ssm_parameters;
mod template;
mod template_source;

/// Checks the patterns of `--stub-types`.
pub fn check_stub_types(patterns: &[String]) -> Result<(), String> {
    resource_types::StubTypes::parse(patterns).map(drop)
}

pub use engine::resume;
pub use operations::handle;
#[cfg(fuzzing)]
pub use template::fuzzing::fuzz_template;
