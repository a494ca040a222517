//! The JavaScript of a handler: what it exports, and what APPSYNC_JS does not support.
//!
//! The code is parsed, never run. Nothing here knows about specs.
mod analysis;
mod analyze;
mod builtins;
mod code;
mod context;
mod exports;
mod functions;
mod imports;
mod language;
mod names;

pub use analysis::{Export, ExportKind, HandlerAnalysis, HandlerDiagnostic};
pub use analyze::analyze;
