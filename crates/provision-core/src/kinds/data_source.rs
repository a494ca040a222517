//! `AWS::AppSync::DataSource`: what a handler, or AppSync in its place, sends events to.
mod check;
pub mod declaration;
mod kind;
pub mod properties;

pub use declaration::{DataSourceDeclaration, Metrics, address};
pub use properties::DataSource;
