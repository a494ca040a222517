//! DescribeType, for the types that the emulator creates.
use serde_json::{Value, json};

use crate::cloudformation::request::{Members, validation_error};
use crate::cloudformation::resource_types::{StubTypes, find};
use crate::protocol::caller::Caller;
use crate::protocol::response::AwsError;
use crate::store::Store;

pub fn describe_type(
    store: &Store,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<Value, AwsError> {
    let kind = members.one_of("Type", &["RESOURCE", "MODULE", "HOOK"])?;
    let arn = members.text("Arn");
    let name = match (arn, members.text("TypeName"), kind) {
        (Some(arn), _, _) => name_of_arn(arn),
        (None, Some(name), Some(_)) => name.to_owned(),
        (None, _, _) => {
            let message = "Either Arn, or Type and TypeName must be specified.";
            return Err(validation_error(message));
        }
    };
    let stub_types =
        StubTypes::parse(&store.stack_settings().stub_types).map_err(validation_error)?;
    let resource_type = find(&name, &stub_types).ok();
    let resource_type = resource_type.filter(|_| kind.is_none_or(|kind| kind == "RESOURCE"));
    let resource_type = resource_type.ok_or_else(|| {
        let message = format!("The type '{name}' cannot be found.");
        AwsError::new(404, "TypeNotFoundException", message)
    })?;
    let (partition, region) = (caller.partition(), &caller.region);
    let path = name.replace("::", "-");
    Ok(json!({
        "Arn": format!("arn:{partition}:cloudformation:{region}::type/resource/{path}"),
        "Type": "RESOURCE",
        "TypeName": name,
        "DefaultVersionId": "00000001",
        "IsDefaultVersion": true,
        "Schema": resource_type.schema_json().to_string(),
        "ProvisioningType": "FULLY_MUTABLE",
        "DeprecatedStatus": "LIVE",
        "Visibility": "PUBLIC",
        "IsActivated": true,
    }))
}

/// `AWS::AppSync::Api` of `arn:aws:cloudformation:us-east-1::type/resource/AWS-AppSync-Api`.
fn name_of_arn(arn: &str) -> String {
    arn.rsplit("type/resource/").next().unwrap_or_default().replace('-', "::")
}
