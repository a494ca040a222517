//! The section Transform: which macros a template declares, and which of them the emulator runs.
use serde_json::Value;

use crate::cloudformation::template::error::TemplateError;

pub const LANGUAGE_EXTENSIONS: &str = "AWS::LanguageExtensions";
const TRANSFORM: &str = "Fn::Transform";
const TRANSFORM_UNSUPPORTED: &str = "the emulator does not run macros: Fn::Transform is not supported. Deploy the processed template instead";
pub const SERVERLESS: &str = "AWS::Serverless-2016-10-31";

/// Parses the section: a name, or a list of names or of objects with a name.
pub fn parse_transforms(section: Option<&Value>) -> Result<Vec<String>, TemplateError> {
    let names = match section {
        None => return Ok(Vec::new()),
        Some(Value::Array(items)) => items.iter().map(name).collect(),
        Some(item) => name(item).map(|name| vec![name]),
    };
    names.ok_or_else(|| {
        TemplateError("Key Name of transform definition must be a string.".to_owned())
    })
}

fn name(item: &Value) -> Option<String> {
    item.as_str().or_else(|| item.get("Name").and_then(Value::as_str)).map(str::to_owned)
}

/// Rejects `Fn::Transform` in any section, which a macro would replace together with its siblings.
pub fn reject_macros(document: &Value) -> Result<(), TemplateError> {
    match document {
        Value::Array(items) => items.iter().try_for_each(reject_macros),
        Value::Object(members) if members.contains_key(TRANSFORM) => {
            Err(TemplateError::function(TRANSFORM_UNSUPPORTED))
        }
        Value::Object(members) => members.values().try_for_each(reject_macros),
        _ => Ok(()),
    }
}

/// Rejects transforms that the emulator does not run, by name.
pub fn check_supported(transforms: &[String]) -> Result<(), TemplateError> {
    for name in transforms {
        if name == SERVERLESS {
            return Err(TemplateError(format!(
                "Transform {SERVERLESS} failed with: the emulator does not translate SAM templates. Translate the template first, with `bin/sam-translate.py` of aws-sam-translator (https://github.com/aws/serverless-application-model), and deploy its output"
            )));
        }
        if name != LANGUAGE_EXTENSIONS {
            return Err(TemplateError(format!(
                "Transform {name} failed with: the emulator does not run macros. Deploy the processed template instead"
            )));
        }
    }
    Ok(())
}
