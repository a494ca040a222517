//! CloudFormation templates: rendering a spec as a template, and importing a template as a spec. Pure.
pub mod import;
pub mod render;
pub mod yaml;
