//! The SSM parameters that templates refer to.
use std::sync::Arc;

use crate::cloudformation::template::{DynamicReference, SsmValue};
use crate::control_plane::ssm;
use crate::protocol::caller::Caller;
use crate::store::Store;

/// The parameter of a name, or of a name with a version.
pub fn value(store: &Arc<Store>, caller: &Caller, name: &str) -> Option<SsmValue> {
    let version = ssm::version(store, caller, name)?;
    Some(SsmValue { value: version.value, type_name: version.parameter_type })
}

/// The value of `{{resolve:ssm:name:version}}`, or the text of an error.
pub fn dynamic_value(
    store: &Arc<Store>,
    caller: &Caller,
    reference: &DynamicReference,
) -> Result<String, String> {
    let name = match reference.version {
        Some(version) => format!("{}:{version}", reference.name),
        None => reference.name.clone(),
    };
    match value(store, caller, &name) {
        Some(found) => Ok(found.value),
        None => Err(format!(
            "Unable to fetch parameters [{}] from parameter store for this account.",
            reference.name
        )),
    }
}
