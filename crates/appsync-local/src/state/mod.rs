//! The state that AWS would have, and the folder that it is stored in. No rule of AWS's is checked here.
mod delta;
pub mod files;
pub mod folder;
pub mod journal;
mod model;
pub mod open_error;
mod table;

pub(crate) use delta::encode;
pub(crate) use model::{
    Api, ApiAssociation, ApiKey, DataSource, DomainName, Namespace, Region, Role, State, Tags,
};
pub(crate) use table::Table;
