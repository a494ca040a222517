//! What a kind of resource is: facts and rules, never calls. Pure.
//!
//! A kind is written as a type, [`TypedKind`]: the properties in CloudFormation's shape. The rest of the program
//! handles every kind alike, as `&'static dyn Kind`, and finds them in [`crate::kinds::KINDS`].
mod check_context;
mod definition;
mod diagnostic_sink;
mod import_context;
mod live;
mod template_facts;

pub use check_context::{
    CheckContext, Files, FirstNames, InvalidReading, ParsedHandlers, possible_values,
};
pub use definition::{AwsName, ChangeAction, Facts, Kind, TypedKind, kind};
pub use diagnostic_sink::{DiagnosticSink, PathStep};
pub use import_context::ImportContext;
pub use live::{DesiredResource, DesiredState, LiveResource, LiveState, UnmanagedResource};
pub use template_facts::{
    IfMissing, Inclusion, KeyFacts, KeySource, NamePart, Reference, SeparateParts, TemplateFacts,
    Variants,
};
