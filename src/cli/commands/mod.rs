//! The commands of `provision`, one module per command. `command_line` calls them; they do not call each other.
pub mod access;
pub mod apply;
pub mod dev;
pub mod eval;
pub mod explain;
pub mod import;
pub mod init;
pub mod local;
pub mod outputs;
pub mod packaging;
pub mod plan;
pub mod publish;
pub mod render;
pub mod schema;
pub mod subscribe;
pub mod validate;
pub mod verify;
