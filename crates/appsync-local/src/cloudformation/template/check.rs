//! The syntax of function calls: the number and the types of their arguments, as far as they can be checked without
//! evaluating. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html has the rules.
use serde_json::Value;

use crate::cloudformation::template::error::TemplateError;
use crate::cloudformation::template::function::{
    FOR_EACH_PREFIX, Function, call, condition_call, unknown_function,
};
use crate::cloudformation::template::limits::CIDR_BLOCKS_MAX;
use crate::cloudformation::template::{scalar, sub};

pub const CIDR: &str = "every Fn::Cidr object requires two or three parameters, (1) an ipBlock, (2) a count between 1 and 256 and (3) the number of subnet bits";
pub const FIND_IN_MAP: &str = "every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value";
pub const GET_ATT: &str = "every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute";
pub const IMPORT_VALUE: &str = "the attribute in Fn::ImportValue must not depend on any resources, imported values, or Fn::GetAZs";
pub const JOIN: &str = "every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.";
pub const SELECT: &str =
    "Fn::Select requires a list argument with two elements: an integer index and a list";
pub const SPLIT: &str = "every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a function that returns a string to be split.";
pub const SUB_CONTEXT: &str = "every value of the context object of every Fn::Sub object must be a string or a function that returns a string";
const SUB: &str = "One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and an optional second argument to specify a mapping of values to replace in the string";

/// The rules of the template language that a value follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    /// Whether the template declares `AWS::LanguageExtensions`.
    pub has_extensions: bool,
}

/// Checks the calls of a value of the sections Resources and Outputs.
pub fn check_value(value: &Value, dialect: Dialect) -> Result<(), TemplateError> {
    if let Some(key) = unknown_function(value) {
        return Err(unsupported(key));
    }
    if let Some((function, argument)) = call(value) {
        if function.is_boolean() {
            let message = format!("{} cannot be partially collapsed", function.key());
            return Err(TemplateError::function(message));
        }
        check_call(function, argument, dialect)?;
    }
    check_members(value, |member| check_value(member, dialect))
}

/// Checks the calls of a value of the sections Conditions and Rules.
pub fn check_boolean_value(value: &Value, dialect: Dialect) -> Result<(), TemplateError> {
    if let Some(key) = unknown_function(value) {
        return Err(unsupported(key));
    }
    if let Some((function, argument)) = condition_call(value) {
        check_call(function, argument, dialect)?;
    }
    check_members(value, |member| check_boolean_value(member, dialect))
}

fn check_members(
    value: &Value,
    check: impl Fn(&Value) -> Result<(), TemplateError>,
) -> Result<(), TemplateError> {
    match value {
        Value::Array(items) => items.iter().try_for_each(check),
        Value::Object(members) => members.values().try_for_each(check),
        _ => Ok(()),
    }
}

fn unsupported(key: &str) -> TemplateError {
    if key.starts_with(FOR_EACH_PREFIX) {
        return TemplateError::function(format!(
            "{key} requires the transform AWS::LanguageExtensions"
        ));
    }
    TemplateError::function(format!("{key} is not a function of the template language"))
}

fn check_call(function: Function, argument: &Value, dialect: Dialect) -> Result<(), TemplateError> {
    let list = argument.as_array().map_or(&[] as &[Value], Vec::as_slice);
    let is_valid = match function {
        Function::Ref | Function::Condition | Function::RefAll => argument.is_string(),
        Function::GetAtt => is_get_att(list, dialect),
        Function::Sub => return check_sub(argument),
        Function::Join => {
            matches!(list, [Value::String(_), items] if is_text_list(items, dialect))
        }
        Function::Split => {
            matches!(list, [Value::String(delimiter), text] if !delimiter.is_empty() && is_text(text))
        }
        Function::Select => matches!(list, [index, items] if is_index(index) && is_list(items)),
        Function::If => return check_if(list),
        Function::And | Function::Or => {
            (2..=10).contains(&list.len()) && list.iter().all(is_boolean)
        }
        Function::Not => matches!(list, [operand] if is_boolean(operand)),
        Function::Equals => matches!(list, [left, right] if is_text(left) && is_text(right)),
        Function::FindInMap => is_find_in_map(list, dialect),
        Function::Base64 | Function::GetAzs => is_text(argument),
        Function::Cidr => is_cidr(list),
        Function::ImportValue => is_text(argument) && is_independent(argument),
        Function::Length => dialect.has_extensions && is_list(argument),
        Function::ToJsonString => {
            dialect.has_extensions && (argument.is_array() || argument.is_object())
        }
        Function::Transform | Function::GetStackOutput => false,
        Function::Contains | Function::EachMemberIn => {
            matches!(list, [left, right] if is_list(left) && (is_list(right) || is_text(right)))
        }
        Function::EachMemberEquals => {
            matches!(list, [left, right] if is_list(left) && is_text(right))
        }
        Function::ValueOf | Function::ValueOfAll => {
            matches!(list, [Value::String(_), Value::String(_)])
        }
    };
    if is_valid { Ok(()) } else { Err(TemplateError::function(expectation(function, dialect))) }
}

/// Returns what a function requires, as AWS's error has it.
fn expectation(function: Function, dialect: Dialect) -> String {
    match function {
        Function::Ref => "All References must be of type string".to_owned(),
        Function::Condition => "All Conditions must be of type string".to_owned(),
        Function::GetAtt => GET_ATT.to_owned(),
        Function::Sub => SUB.to_owned(),
        Function::Join => JOIN.to_owned(),
        Function::Split => SPLIT.to_owned(),
        Function::Select => SELECT.to_owned(),
        Function::If => "Fn::If requires a list argument with three elements".to_owned(),
        Function::And | Function::Or => format!(
            "every {} object requires a list of at least 2 and at most 10 boolean parameters.",
            function.key()
        ),
        Function::Not => "every Fn::Not object requires one boolean parameter.".to_owned(),
        Function::Equals => "every Fn::Equals object requires a list of 2 string parameters.".to_owned(),
        Function::FindInMap => FIND_IN_MAP.to_owned(),
        Function::Base64 | Function::GetAzs => {
            format!("every {} object must have a String-typed value.", function.key())
        }
        Function::Cidr => CIDR.to_owned(),
        Function::ImportValue => IMPORT_VALUE.to_owned(),
        Function::Length | Function::ToJsonString if !dialect.has_extensions => {
            format!("{} requires the transform AWS::LanguageExtensions", function.key())
        }
        Function::Length => "every Fn::Length object requires a list or a function that returns a list".to_owned(),
        Function::ToJsonString => "every Fn::ToJsonString object requires an object or a list".to_owned(),
        Function::Transform => "the emulator does not run macros: Fn::Transform is not supported. Deploy the processed template instead".to_owned(),
        Function::GetStackOutput => "the emulator does not support Fn::GetStackOutput. Use Fn::ImportValue with an export instead".to_owned(),
        Function::Contains | Function::EachMemberIn => {
            format!("every {} object requires two parameters, a list of strings and a list of strings or a string", function.key())
        }
        Function::EachMemberEquals => "every Fn::EachMemberEquals object requires two parameters, a list of strings and a string".to_owned(),
        Function::RefAll => "every Fn::RefAll object requires a parameter type".to_owned(),
        Function::ValueOf | Function::ValueOfAll => {
            format!("every {} object requires two string parameters", function.key())
        }
    }
}

/// Whether a value is a text or may evaluate to one.
fn is_text(value: &Value) -> bool {
    scalar::text(value).is_some() || call(value).is_some()
}

/// Whether a value is a list or may evaluate to one.
fn is_list(value: &Value) -> bool {
    value.is_array() || call(value).is_some()
}

fn is_text_list(value: &Value, dialect: Dialect) -> bool {
    // With extensions, a list may contain lists that functions return.
    let is_item = |item: &Value| is_text(item) || dialect.has_extensions;
    value.as_array().map_or_else(|| call(value).is_some(), |items| items.iter().all(is_item))
}

fn is_index(value: &Value) -> bool {
    call(value).is_some() || scalar::text(value).is_some_and(|text| text.parse::<u32>().is_ok())
}

fn is_boolean(value: &Value) -> bool {
    condition_call(value).is_some_and(|(function, _)| function.is_boolean())
}

fn is_get_att(list: &[Value], dialect: Dialect) -> bool {
    let [Value::String(logical_id), attribute] = list else { return false };
    let is_attribute = match attribute {
        Value::String(name) => !name.is_empty(),
        _ => call(attribute)
            .is_some_and(|(function, _)| function == Function::Ref || dialect.has_extensions),
    };
    !logical_id.is_empty() && is_attribute
}

fn is_find_in_map(list: &[Value], dialect: Dialect) -> bool {
    let is_key = |key: &Value| match call(key) {
        Some((Function::Ref | Function::FindInMap, _)) => true,
        Some(_) => dialect.has_extensions,
        None => scalar::text(key).is_some(),
    };
    match list {
        [map, first, second] => [map, first, second].into_iter().all(is_key),
        [map, first, second, Value::Object(options)] => {
            let has_default = options.len() == 1 && options.contains_key("DefaultValue");
            dialect.has_extensions && has_default && [map, first, second].into_iter().all(is_key)
        }
        _ => false,
    }
}

fn is_cidr(list: &[Value]) -> bool {
    let number = |value: &Value, max: u64| {
        let number = scalar::text(value).and_then(|text| text.parse::<u64>().ok());
        call(value).is_some() || number.is_some_and(|number| (1..=max).contains(&number))
    };
    match list {
        [block, count] => is_text(block) && number(count, CIDR_BLOCKS_MAX),
        [block, count, bits] => {
            is_text(block) && number(count, CIDR_BLOCKS_MAX) && number(bits, 128)
        }
        _ => false,
    }
}

/// Whether a value contains no function whose result depends on other resources or stacks.
fn is_independent(value: &Value) -> bool {
    if let Some((Function::GetAtt | Function::ImportValue | Function::GetAzs, _)) = call(value) {
        return false;
    }
    match value {
        Value::Array(items) => items.iter().all(is_independent),
        Value::Object(members) => members.values().all(is_independent),
        _ => true,
    }
}

fn check_if(list: &[Value]) -> Result<(), TemplateError> {
    if !list.first().is_some_and(Value::is_string) {
        return Err(TemplateError::function(
            "Fn::If requires a list argument with the first element being a condition",
        ));
    }
    if list.len() != 3 {
        return Err(TemplateError::function("Fn::If requires a list argument with three elements"));
    }
    Ok(())
}

fn check_sub(argument: &Value) -> Result<(), TemplateError> {
    let (text, variables) = match argument {
        Value::Array(list) => match list.as_slice() {
            [text, Value::Object(variables)] => (text, Some(variables)),
            _ => return Err(TemplateError::function(SUB)),
        },
        text => (text, None),
    };
    let text = scalar::text(text).ok_or_else(|| TemplateError::function(SUB))?;
    sub::parse(&text)?;
    if variables.is_some_and(|variables| !variables.values().all(is_text)) {
        return Err(TemplateError::function(SUB_CONTEXT));
    }
    Ok(())
}
