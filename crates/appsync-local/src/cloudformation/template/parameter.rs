//! The section Parameters: declarations, their types and constraints.
use serde_json::{Map, Value};

use crate::cloudformation::template::error::TemplateError;
use crate::cloudformation::template::limits::{PARAMETERS_MAX, check_count};
use crate::cloudformation::template::scalar;

/// A declared parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterDeclaration {
    pub name: String,
    /// As declared: `List<Number>`.
    pub type_name: String,
    pub kind: ParameterKind,
    pub default: Option<String>,
    pub no_echo: bool,
    pub description: Option<String>,
    pub constraint_description: Option<String>,
    pub allowed_values: Vec<String>,
    pub allowed_pattern: Option<String>,
    pub min_length: Option<u64>,
    pub max_length: Option<u64>,
    pub min_value: Option<f64>,
    pub max_value: Option<f64>,
}

/// What the values of a parameter are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParameterKind {
    /// Whether the value is a list, separated by commas.
    pub is_list: bool,
    /// Whether the value, or each item of the list, is a number.
    pub is_number: bool,
    /// Whether the value is the name of a parameter of Systems Manager that has the value.
    pub is_ssm_reference: bool,
}

/// AWS-specific types. Their values are not checked against the account: the emulator has no such resources.
const AWS_TYPES: &[&str] = &[
    "AWS::EC2::AvailabilityZone::Name",
    "AWS::EC2::Image::Id",
    "AWS::EC2::Instance::Id",
    "AWS::EC2::KeyPair::KeyName",
    "AWS::EC2::SecurityGroup::GroupName",
    "AWS::EC2::SecurityGroup::Id",
    "AWS::EC2::Subnet::Id",
    "AWS::EC2::Volume::Id",
    "AWS::EC2::VPC::Id",
    "AWS::Route53::HostedZone::Id",
];
const MEMBERS: &[&str] = &[
    "Type",
    "Default",
    "NoEcho",
    "Description",
    "ConstraintDescription",
    "AllowedValues",
    "AllowedPattern",
    "MinLength",
    "MaxLength",
    "MinValue",
    "MaxValue",
];

impl ParameterKind {
    fn parse(type_name: &str) -> Option<Self> {
        let ssm = type_name
            .strip_prefix("AWS::SSM::Parameter::Value<")
            .and_then(|inner| inner.strip_suffix('>'));
        if let Some(inner) = ssm {
            let kind = Self::parse(inner).filter(|kind| !kind.is_ssm_reference && !kind.is_number);
            return kind.map(|kind| Self { is_ssm_reference: true, ..kind });
        }
        let item = type_name.strip_prefix("List<").and_then(|inner| inner.strip_suffix('>'));
        let is_list = item.is_some() || type_name == "CommaDelimitedList";
        let is_known = match item.unwrap_or(type_name) {
            "String" | "Number" => true,
            "CommaDelimitedList" | "AWS::SSM::Parameter::Name" => item.is_none(),
            name => AWS_TYPES.contains(&name),
        };
        let is_number = item.unwrap_or(type_name) == "Number";
        is_known.then_some(Self { is_list, is_number, is_ssm_reference: false })
    }
}

/// Parses the section.
pub fn parse_parameters(
    section: Option<&Value>,
) -> Result<Vec<ParameterDeclaration>, TemplateError> {
    let Some(section) = section else { return Ok(Vec::new()) };
    let members = section
        .as_object()
        .ok_or_else(|| TemplateError::format("Every Parameters object must be a map"))?;
    check_count("parameters", members.len(), PARAMETERS_MAX)?;
    members.iter().map(|(name, declaration)| parse_parameter(name, declaration)).collect()
}

fn parse_parameter(name: &str, declaration: &Value) -> Result<ParameterDeclaration, TemplateError> {
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(TemplateError::format(format!("Parameter name {name} is non alphanumeric.")));
    }
    let members = declaration
        .as_object()
        .ok_or_else(|| TemplateError::format("Any Parameters member must be an object."))?;
    if let Some(unknown) = members.keys().find(|member| !MEMBERS.contains(&member.as_str())) {
        return Err(TemplateError(format!("Invalid template parameter property '{unknown}'")));
    }
    let type_name = members.get("Type").and_then(Value::as_str).ok_or_else(|| {
        TemplateError::format("Every Parameters object must contain a Type member.")
    })?;
    let kind = ParameterKind::parse(type_name).ok_or_else(|| {
        TemplateError::format(format!("Unrecognized parameter type: {type_name}"))
    })?;
    let declaration = ParameterDeclaration {
        name: name.to_owned(),
        type_name: type_name.to_owned(),
        kind,
        default: text_member(members, "Default")?,
        no_echo: text_member(members, "NoEcho")?
            .is_some_and(|text| text.eq_ignore_ascii_case("true")),
        description: text_member(members, "Description")?,
        constraint_description: text_member(members, "ConstraintDescription")?,
        allowed_values: allowed_values(members)?,
        allowed_pattern: text_member(members, "AllowedPattern")?,
        min_length: number_member(name, members, "MinLength")?,
        max_length: number_member(name, members, "MaxLength")?,
        min_value: number_member(name, members, "MinValue")?,
        max_value: number_member(name, members, "MaxValue")?,
    };
    check_applicable(&declaration)?;
    Ok(declaration)
}

/// Checks that the constraints apply to the type.
fn check_applicable(declaration: &ParameterDeclaration) -> Result<(), TemplateError> {
    let name = &declaration.name;
    let reject = |constraint: &str, type_name: &str| {
        Err(TemplateError::function(format!(
            "Parameter '{name}' {constraint} must be on a parameter of type {type_name}"
        )))
    };
    let ParameterDeclaration { kind, min_length, max_length, min_value, max_value, .. } =
        declaration;
    if !kind.is_number && (min_value.is_some() || max_value.is_some()) {
        return reject(if min_value.is_some() { "MinValue" } else { "MaxValue" }, "Number");
    }
    if kind.is_number && (min_length.is_some() || max_length.is_some()) {
        return reject(if min_length.is_some() { "MinLength" } else { "MaxLength" }, "String");
    }
    let exceeds = |constraint: &str| {
        Err(TemplateError::function(format!(
            "Parameter '{name}' Min{constraint} must be less than Max{constraint}."
        )))
    };
    if min_value.zip(*max_value).is_some_and(|(min, max)| min > max) {
        return exceeds("Value");
    }
    if min_length.zip(*max_length).is_some_and(|(min, max)| min > max) {
        return exceeds("Length");
    }
    Ok(())
}

fn text_member(members: &Map<String, Value>, key: &str) -> Result<Option<String>, TemplateError> {
    let Some(member) = members.get(key) else { return Ok(None) };
    let text = scalar::text(member)
        .ok_or_else(|| TemplateError::format(format!("Every {key} member must be a string.")))?;
    Ok(Some(text))
}

fn allowed_values(members: &Map<String, Value>) -> Result<Vec<String>, TemplateError> {
    let Some(values) = members.get("AllowedValues") else { return Ok(Vec::new()) };
    let texts = values.as_array().and_then(|values| values.iter().map(scalar::text).collect());
    texts.ok_or_else(|| TemplateError::format("Every AllowedValues value must be a string."))
}

fn number_member<N: std::str::FromStr>(
    name: &str,
    members: &Map<String, Value>,
    key: &str,
) -> Result<Option<N>, TemplateError> {
    let Some(text) = text_member(members, key)? else { return Ok(None) };
    let number = text.parse().map_err(|_| {
        TemplateError::function(format!("Parameter '{name}' {key} must be a number."))
    })?;
    Ok(Some(number))
}
