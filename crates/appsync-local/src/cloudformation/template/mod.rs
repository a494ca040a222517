//! CloudFormation's template language (docs/reference/cloudformation.md#template-language): parses templates, binds
//! parameters and evaluates values. Pure: no I/O, no clock, no store. The texts of errors are those that AWS returns.
mod availability_zones;
mod boolean;
mod check;
mod cidr;
mod document;
mod dynamic;
mod error;
mod evaluator;
mod function;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod graph;
mod json;
mod language_extensions;
mod limits;
mod mapping;
mod names;
mod output;
mod parameter;
mod parameter_values;
mod pseudo;
mod references;
mod resource;
mod resource_values;
mod rule;
mod scalar;
mod scope;
mod sections;
mod sub;
mod summary;
#[cfg(test)]
mod tests;
mod transform;
mod yaml;

pub use dynamic::DynamicReference;
#[cfg(test)]
pub use error::EvaluationError;
pub use error::TemplateError;
#[cfg(test)]
pub use evaluator::Resolved;
#[cfg(test)]
pub use output::OutputDeclaration;
pub use parameter::ParameterDeclaration;
pub use parameter_values::{
    GivenParameter, ParameterValue, ParameterValues, SsmValue, bind_parameters,
};
pub use pseudo::PseudoParameters;
pub use resource::{DeletionPolicy, ResourceDeclaration};
#[cfg(test)]
pub use resource_values::KNOWN_AFTER_APPLY;
pub use resource_values::{ResourceValue, ResourceValues};
#[cfg(test)]
pub use scope::ResolvedOutput;
pub use scope::{Cause, Scope};
pub use sections::Template;
pub use transform::check_supported;
