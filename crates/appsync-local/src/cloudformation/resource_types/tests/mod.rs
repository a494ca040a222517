//! Resources of each type from creation to deletion, on a store in memory.
mod api;
mod api_key;
mod appsync_children;
mod channel_namespace;
mod facts;
mod failures;
mod policies;
mod records;
mod role;
mod ssm_parameter;
mod stack;
mod stub;
