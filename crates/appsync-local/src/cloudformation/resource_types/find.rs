//! Finds a resource type by its name, or states why the emulator does not create it.
use crate::cloudformation::resource_types::data;
use crate::cloudformation::resource_types::resource_type::ResourceType;
use crate::cloudformation::resource_types::stub_types::StubTypes;
use crate::cloudformation::resource_types::table::{NEVER_STUBS, ROWS};

/// Why a resource of a type cannot be created. A text is a whole message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeError {
    /// The registry does not have it.
    Unknown,
    /// The emulator does not create it. Such types can be stubs, which the message says.
    Unsupported(String),
    /// The emulator neither creates it nor can it be a stub.
    Refused(String),
}

pub fn find(name: &str, stubs: &StubTypes) -> Result<ResourceType, TypeError> {
    if let Some(row) = ROWS.iter().find(|row| row.name == name) {
        return Ok(ResourceType::emulated(*row));
    }
    if let Some(what) = refused_feature(name) {
        let message = format!("provision's emulator does not support {what} ({name})");
        return Err(TypeError::Refused(message));
    }
    let Some((name, schema)) = data::registry_schema(name) else { return Err(TypeError::Unknown) };
    if NEVER_STUBS.iter().any(|prefix| name.starts_with(prefix)) {
        let message = format!("provision's emulator does not support {name}");
        return Err(TypeError::Refused(message));
    }
    match stubs.contains(name) {
        true => Ok(ResourceType::stub(name, schema)),
        false => Err(TypeError::Unsupported(format!(
            "provision's emulator does not support {name}; to use a stub in its place, pass `--stub-types '{name}'`"
        ))),
    }
}

/// The features of CloudFormation that are refused by name.
fn refused_feature(name: &str) -> Option<&'static str> {
    match name {
        "AWS::CloudFormation::Stack" => Some("nested stacks"),
        "AWS::CloudFormation::StackSet" => Some("stack sets"),
        "AWS::CloudFormation::Macro" => Some("macros"),
        "AWS::CloudFormation::CustomResource" => Some("custom resources"),
        "AWS::CloudFormation::WaitCondition" => Some("wait conditions"),
        name if name.starts_with("Custom::") => Some("custom resources"),
        name if name.ends_with("::MODULE") => Some("modules"),
        name if name.starts_with("AWS::CloudFormation::Module") => Some("modules"),
        name if name.starts_with("AWS::CloudFormation::Hook") => Some("hooks"),
        name if name.ends_with("Hook") && name.starts_with("AWS::CloudFormation::") => {
            Some("hooks")
        }
        _ => None,
    }
}
