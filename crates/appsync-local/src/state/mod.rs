//! The state that AWS would have, and the folder that it is stored in. No rule of AWS's is checked here.
pub mod changes;
pub(crate) mod delta;
pub mod drift;
pub mod files;
pub mod folder;
pub mod journal;
mod model;
pub mod object_bodies;
pub mod open_error;
pub mod stacks;
mod table;
mod tags;

pub(crate) use delta::encode;
pub(crate) use model::{
    Api, ApiAssociation, ApiKey, Bucket, DataSource, DomainName, ManagedPolicy, Namespace,
    Parameter, ParameterVersion, PolicyVersion, Region, Role, State, StoredObject,
};
pub(crate) use table::Table;
pub(crate) use tags::Tags;
