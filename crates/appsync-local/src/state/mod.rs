//! The state that AWS would have, and the folder that it is stored in. No rule of AWS's is checked here.
pub mod folder;
mod model;

pub(crate) use model::{
    Api, ApiAssociation, ApiKey, DataSource, DomainName, Namespace, Region, Role, State, Tags,
};
