//! `AWS::AppSync::DataSource`: the target to which a handler, or AppSync directly, sends events.
mod check;
pub mod declaration;
mod kind;
pub mod properties;

pub use declaration::{DataSourceDeclaration, Metrics, address};
pub use properties::DataSource;
