//! ListExports and ListImports.
use serde_json::{Value, json};

use crate::cloudformation::exports::{Export, exports, importers};
use crate::cloudformation::paging::{Order, paged_result};
use crate::cloudformation::request::{Members, validation_error};
use crate::protocol::caller::Caller;
use crate::protocol::response::AwsError;
use crate::store::Store;

pub fn list_exports(
    store: &Store,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<Value, AwsError> {
    store.read(|state| {
        let export_json = |(name, export): (String, Export)| {
            let Export { stack_id, value } = export;
            let json = json!({ "ExportingStackId": stack_id, "Name": name, "Value": value });
            (name, json)
        };
        let exports = exports(state, caller).into_iter().map(export_json);
        paged_result(members, "Exports", Order::Ascending, exports)
    })
}

pub fn list_imports(
    store: &Store,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<Value, AwsError> {
    let export = members.require("ExportName")?;
    store.read(|state| {
        let importers = importers(state, caller, export);
        if importers.is_empty() {
            return Err(validation_error(format!(
                "Export '{export}' is not imported by any stack."
            )));
        }
        let importers = importers.into_iter().map(|name| (name.clone(), Value::String(name)));
        paged_result(members, "Imports", Order::Ascending, importers)
    })
}
