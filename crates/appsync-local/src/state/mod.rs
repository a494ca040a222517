//! What AWS would remember, and the folder that keeps it.
pub mod folder;
mod model;

pub(crate) use model::{
    Api, ApiAssociation, ApiKey, DataSource, DomainName, Namespace, Region, Role, State, Tags,
};
