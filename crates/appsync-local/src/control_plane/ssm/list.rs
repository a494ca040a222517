//! DescribeParameters: the properties of parameters, without their values, in pages.
use serde_json::{Value, json};

use crate::control_plane::appsync::input::Input;
use crate::json::without_nulls;
use crate::protocol::caller::Caller;
use crate::protocol::response::AwsError;
use crate::state::{Parameter, State};

/// AWS's page.
const PAGE_MAX: i64 = 50;

pub fn describe(state: &mut State, caller: &Caller, input: &Input<'_>) -> Result<Value, AwsError> {
    if input.list("Filters")?.is_some_and(|filters| !filters.is_empty()) {
        return Err(AwsError::unsupported("ssm:DescribeParameters with Filters"));
    }
    let filters = input.list("ParameterFilters")?.into_iter().flatten();
    let filters = filters.map(Filter::parse).collect::<Result<Vec<_>, _>>()?;
    let limit = input.number("MaxResults")?.unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX) as usize;
    let after = input.text("NextToken")?.unwrap_or_default();
    let mut parameters = state.region(caller).parameters.values().filter(|parameter| {
        parameter.name.as_str() > after && filters.iter().all(|filter| filter.fits(parameter))
    });
    let page: Vec<&Parameter> = parameters.by_ref().take(limit).collect();
    let next_token = page.last().filter(|_| parameters.next().is_some());
    Ok(without_nulls(json!({
        "Parameters": page.iter().map(|parameter| metadata(parameter, caller)).collect::<Vec<_>>(),
        "NextToken": next_token.map(|last| &last.name),
    })))
}

/// The ARN of a parameter, which has one slash before the name.
pub fn arn(name: &str, caller: &Caller) -> String {
    let (partition, region, account) = (caller.partition(), &caller.region, &caller.account);
    let name = name.trim_start_matches('/');
    format!("arn:{partition}:ssm:{region}:{account}:parameter/{name}")
}

struct Filter<'a> {
    is_for_names: bool,
    option: &'a str,
    values: Vec<&'a str>,
}

impl<'a> Filter<'a> {
    fn parse(filter: &'a Value) -> Result<Self, AwsError> {
        let text = |name: &str| filter.get(name).and_then(Value::as_str);
        let values = filter.get("Values").and_then(Value::as_array).into_iter().flatten();
        let (key, option) = (text("Key").unwrap_or_default(), text("Option").unwrap_or("Equals"));
        match (key, option) {
            ("Name", "Equals" | "BeginsWith" | "Contains") | ("Type", "Equals") => Ok(Self {
                is_for_names: key == "Name",
                option,
                values: values.filter_map(Value::as_str).collect(),
            }),
            _ => Err(AwsError::unsupported(&format!(
                "ssm:DescribeParameters with the filter {key} {option}"
            ))),
        }
    }

    fn fits(&self, parameter: &Parameter) -> bool {
        let parameter_type = parameter.versions.last().map(|last| last.parameter_type.as_str());
        let text = match self.is_for_names {
            true => parameter.name.as_str(),
            false => parameter_type.unwrap_or_default(),
        };
        self.values.iter().any(|value| match self.option {
            "BeginsWith" => text.starts_with(value),
            "Contains" => text.contains(value),
            _ => text == *value,
        })
    }
}

fn metadata(parameter: &Parameter, caller: &Caller) -> Value {
    let last = parameter.versions.last();
    without_nulls(json!({
        "Name": parameter.name,
        "ARN": arn(&parameter.name, caller),
        "Type": last.map(|last| &last.parameter_type),
        "LastModifiedDate": last.map(|last| last.modified_epoch_s),
        "Description": last.and_then(|last| last.description.as_ref()),
        "AllowedPattern": last.and_then(|last| last.allowed_pattern.as_ref()),
        "Version": last.map(|last| last.number),
        "Tier": last.map(|last| &last.tier),
        "Policies": [],
        "DataType": last.map(|last| &last.data_type),
    }))
}
