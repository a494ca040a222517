//! Evaluates the functions of values. A part that is not known before the operation makes the whole result of a
//! function unknown; lists and objects keep their known members.
use indexmap::IndexMap;
use serde_json::{Map, Value};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::cloudformation::template::availability_zones::availability_zones;
use crate::cloudformation::template::check::{
    CIDR, FIND_IN_MAP, GET_ATT, IMPORT_VALUE, JOIN, SELECT, SPLIT, SUB_CONTEXT,
};
use crate::cloudformation::template::cidr::cidr_blocks;
use crate::cloudformation::template::error::{EvaluationError, TemplateError};
use crate::cloudformation::template::function::{Function, call};
use crate::cloudformation::template::limits::Budget;
use crate::cloudformation::template::mapping::find_in_map;
use crate::cloudformation::template::parameter_values::{ParameterValue, ParameterValues};
use crate::cloudformation::template::pseudo::{NO_VALUE, PseudoParameters};
use crate::cloudformation::template::resource_values::{
    ResourceValue, ResourceValues, contains_unknown, is_unknown, unknown,
};
use crate::cloudformation::template::scalar;
use crate::cloudformation::template::sub::{self, SubPart};

/// Returns the value of an export of the account and region.
pub type ImportLookup<'l> = dyn Fn(&str) -> Option<String> + Sync + 'l;

/// A value without functions.
#[derive(Debug, Clone, PartialEq)]
pub enum Resolved {
    Value(Value),
    /// `AWS::NoValue`: the property or the list item does not exist.
    NoValue,
}

/// Everything that functions refer to.
pub struct Evaluator<'e> {
    pub mappings: Option<&'e Value>,
    pub parameters: &'e ParameterValues,
    pub pseudo: &'e PseudoParameters,
    pub conditions: &'e IndexMap<String, bool>,
    pub imports: &'e ImportLookup<'e>,
    pub resources: &'e dyn ResourceValues,
    pub budget: &'e Budget,
}

type Result<T> = std::result::Result<T, EvaluationError>;

impl Evaluator<'_> {
    /// Evaluates all functions of a value.
    pub fn evaluate(&self, value: &Value) -> Result<Resolved> {
        if let Some((function, argument)) = call(value) {
            return self.call(function, argument).map_err(|error| error.within(function.key()));
        }
        let value = match value {
            Value::Array(items) => Value::Array(self.items(items)?),
            Value::Object(members) => Value::Object(self.members(members)?),
            scalar => scalar.clone(),
        };
        Ok(Resolved::Value(value))
    }

    fn items(&self, items: &[Value]) -> Result<Vec<Value>> {
        let mut results = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            if let Resolved::Value(value) =
                self.evaluate(item).map_err(|error| error.within(index))?
            {
                results.push(value);
            }
        }
        Ok(results)
    }

    fn members(&self, members: &Map<String, Value>) -> Result<Map<String, Value>> {
        let mut results = Map::new();
        for (name, member) in members {
            if let Resolved::Value(value) =
                self.evaluate(member).map_err(|error| error.within(name))?
            {
                results.insert(name.clone(), value);
            }
        }
        Ok(results)
    }

    fn call(&self, function: Function, argument: &Value) -> Result<Resolved> {
        let list = argument.as_array().map_or(&[] as &[Value], Vec::as_slice);
        let value = match (function, list) {
            (Function::Ref, _) => return self.reference(argument.as_str().unwrap_or_default()),
            (Function::If, [condition, when_true, when_false]) => {
                let name = condition.as_str().unwrap_or_default();
                let is_true = self.conditions.get(name).copied().ok_or_else(|| {
                    fail(format!("unresolved condition dependency {name} in Fn::If"))
                })?;
                let (index, branch) = if is_true { (1, when_true) } else { (2, when_false) };
                return self.evaluate(branch).map_err(|error| error.within(index));
            }
            (Function::GetAtt, [logical_id, attribute]) => self.get_att(logical_id, attribute)?,
            (Function::Sub, [text, Value::Object(variables)]) => self.sub(text, Some(variables))?,
            (Function::Sub, _) => self.sub(argument, None)?,
            (Function::Join, [delimiter, items]) => self.join(delimiter, items)?,
            (Function::Split, [delimiter, text]) => self.split(delimiter, text)?,
            (Function::Select, [index, items]) => self.select(index, items)?,
            (Function::FindInMap, [name, first, second, rest @ ..]) => {
                self.find_in_map([name, first, second], rest.first())?
            }
            (Function::Base64, _) => match self.text(argument, BASE64)? {
                Some(text) => Value::String(STANDARD.encode(text)),
                None => unknown(),
            },
            (Function::GetAzs, _) => match self.text(argument, GET_AZS)? {
                Some(region) if region.is_empty() => {
                    Value::from(availability_zones(&self.pseudo.region))
                }
                Some(region) => Value::from(availability_zones(&region)),
                None => unknown(),
            },
            (Function::Cidr, [block, count, rest @ ..]) => self.cidr(block, count, rest.first())?,
            (Function::ImportValue, _) => match self.text(argument, IMPORT_VALUE)? {
                Some(name) => Value::String(
                    (self.imports)(&name)
                        .ok_or_else(|| EvaluationError::new(format!("No export named {name}")))?,
                ),
                None => unknown(),
            },
            (Function::Length, _) => self.length(argument)?,
            (Function::ToJsonString, _) => match self.value(argument, TO_JSON_STRING)? {
                value if contains_unknown(&value) => unknown(),
                value => Value::String(value.to_string()),
            },
            (function, _) => {
                return Err(fail(format!("{} cannot be used here", function.key())));
            }
        };
        self.spend(&value)?;
        Ok(Resolved::Value(value))
    }

    fn reference(&self, name: &str) -> Result<Resolved> {
        if name == NO_VALUE {
            return Ok(Resolved::NoValue);
        }
        let value = match self.name(name) {
            ResourceValue::Known(value) => value,
            ResourceValue::KnownAfterApply => unknown(),
            ResourceValue::Error(message) => return Err(EvaluationError::new(message)),
        };
        self.spend(&value)?;
        Ok(Resolved::Value(value))
    }

    /// Returns the value of a parameter, a pseudo parameter or a resource.
    fn name(&self, name: &str) -> ResourceValue {
        let parameter = self.parameters.get(name).map(ParameterValue::reference);
        match parameter.or_else(|| self.pseudo.value(name)) {
            Some(value) => ResourceValue::Known(value),
            None => self.resources.reference(name),
        }
    }

    fn get_att(&self, logical_id: &Value, attribute: &Value) -> Result<Value> {
        let logical_id = logical_id.as_str().ok_or_else(|| fail(GET_ATT))?;
        let Some(attribute) = self.text(attribute, GET_ATT).map_err(|error| error.within(1))?
        else {
            return Ok(unknown());
        };
        resource_value(self.resources.attribute(logical_id, &attribute))
    }

    fn sub(&self, text: &Value, variables: Option<&Map<String, Value>>) -> Result<Value> {
        let text = scalar::text(text).unwrap_or_default();
        let mut result = String::new();
        let mut is_known = true;
        for part in sub::parse(&text)? {
            let start = result.len();
            match part {
                SubPart::Literal(literal) => result.push_str(literal),
                SubPart::Escaped(name) => {
                    result.push_str("${");
                    result.push_str(name);
                    result.push('}');
                }
                SubPart::Variable(name) => match self.variable(name, variables)? {
                    Some(text) => result.push_str(&text),
                    None => is_known = false,
                },
            }
            self.budget.spend(result.len() - start)?;
        }
        Ok(if is_known { Value::String(result) } else { unknown() })
    }

    fn variable(
        &self,
        name: &str,
        variables: Option<&Map<String, Value>>,
    ) -> Result<Option<String>> {
        if let Some(value) = variables.and_then(|variables| variables.get(name)) {
            return self.text(value, SUB_CONTEXT).map_err(|error| error.within(name).within(1));
        }
        let value = match name.split_once('.') {
            Some((logical_id, attribute)) => self.resources.attribute(logical_id, attribute),
            None => self.name(name),
        };
        let value = resource_value(value)?;
        if is_unknown(&value) {
            return Ok(None);
        }
        let text = scalar::text(&value).ok_or_else(|| {
            fail(format!("variable {name} in Fn::Sub expression does not resolve to a string"))
        })?;
        Ok(Some(text))
    }

    fn join(&self, delimiter: &Value, items: &Value) -> Result<Value> {
        let delimiter = delimiter.as_str().unwrap_or_default();
        let items = self.value(items, JOIN).map_err(|error| error.within(1))?;
        if contains_unknown(&items) {
            return Ok(unknown());
        }
        let items = items.as_array().ok_or_else(|| fail(JOIN))?;
        let mut result = String::new();
        for (index, item) in items.iter().enumerate() {
            let start = result.len();
            if index > 0 {
                result.push_str(delimiter);
            }
            result.push_str(&scalar::text(item).ok_or_else(|| fail(JOIN))?);
            self.budget.spend(result.len() - start)?;
        }
        Ok(Value::String(result))
    }

    fn split(&self, delimiter: &Value, text: &Value) -> Result<Value> {
        let delimiter = delimiter.as_str().unwrap_or_default();
        let text = self.text(text, SPLIT).map_err(|error| error.within(1))?;
        Ok(text.map_or_else(unknown, |text| text.split(delimiter).collect()))
    }

    fn select(&self, index: &Value, items: &Value) -> Result<Value> {
        let index = self.text(index, SELECT).map_err(|error| error.within(0))?;
        let items = self.value(items, SELECT).map_err(|error| error.within(1))?;
        let Some(index) = index.filter(|_| !is_unknown(&items)) else { return Ok(unknown()) };
        let Value::Array(mut items) = items else { return Err(fail(SELECT)) };
        let number: usize = index.trim().parse().map_err(|_| fail(SELECT))?;
        if number >= items.len() {
            let message = format!("Fn::Select cannot select nonexistent value at index {index}");
            return Err(fail(message));
        }
        Ok(items.swap_remove(number))
    }

    fn find_in_map(&self, keys: [&Value; 3], options: Option<&Value>) -> Result<Value> {
        let mut texts = Vec::new();
        for (index, key) in keys.into_iter().enumerate() {
            match self.text(key, FIND_IN_MAP).map_err(|error| error.within(index))? {
                Some(text) => texts.push(text),
                None => return Ok(unknown()),
            }
        }
        let value = find_in_map(self.mappings, [&texts[0], &texts[1], &texts[2]]);
        match (value, options.and_then(|options| options.get("DefaultValue"))) {
            (Ok(value), _) => Ok(value.clone()),
            (Err(_), Some(default)) => {
                let default = self.value(default, FIND_IN_MAP);
                default.map_err(|error| error.within("DefaultValue").within(3))
            }
            (Err(error), None) => Err(error.into()),
        }
    }

    fn cidr(&self, block: &Value, count: &Value, bits: Option<&Value>) -> Result<Value> {
        let block = self.text(block, CIDR)?;
        let count = self.text(count, CIDR)?;
        let bits = bits.map(|bits| self.text(bits, CIDR)).transpose()?;
        if bits == Some(None) {
            return Ok(unknown());
        }
        let Some((block, count)) = block.zip(count) else { return Ok(unknown()) };
        let count = count.trim().parse().map_err(|_| fail(CIDR))?;
        let bits = bits.flatten().map(|bits| bits.trim().parse()).transpose();
        Ok(Value::from(cidr_blocks(block.trim(), count, bits.map_err(|_| fail(CIDR))?)?))
    }

    fn length(&self, argument: &Value) -> Result<Value> {
        let value = self.value(argument, LENGTH)?;
        if is_unknown(&value) {
            return Ok(value);
        }
        Ok(Value::from(value.as_array().ok_or_else(|| fail(LENGTH))?.len()))
    }

    /// Evaluates an argument that must have a value.
    fn value(&self, argument: &Value, requirement: &str) -> Result<Value> {
        match self.evaluate(argument)? {
            Resolved::Value(value) => Ok(value),
            Resolved::NoValue => Err(fail(requirement)),
        }
    }

    /// Evaluates an argument that must be a text; returns none if it is not known.
    fn text(&self, argument: &Value, requirement: &str) -> Result<Option<String>> {
        let value = self.value(argument, requirement)?;
        if is_unknown(&value) {
            return Ok(None);
        }
        scalar::text(&value).map(Some).ok_or_else(|| fail(requirement))
    }

    fn spend(&self, value: &Value) -> std::result::Result<(), TemplateError> {
        match value {
            Value::String(text) => self.budget.spend(text.len()),
            Value::Array(items) => items.iter().try_for_each(|item| self.spend(item)),
            Value::Object(members) => members.iter().try_for_each(|(name, member)| {
                self.budget.spend(name.len())?;
                self.spend(member)
            }),
            _ => self.budget.spend(0),
        }
    }
}

const BASE64: &str = "every Fn::Base64 object must have a String-typed value.";
const GET_AZS: &str = "every Fn::GetAZs object must have a String-typed value.";
const LENGTH: &str = "every Fn::Length object requires a list or a function that returns a list";
const TO_JSON_STRING: &str = "every Fn::ToJsonString object requires an object or a list";

fn fail(detail: impl std::fmt::Display) -> EvaluationError {
    TemplateError::function(detail).into()
}

fn resource_value(value: ResourceValue) -> Result<Value> {
    match value {
        ResourceValue::Known(value) => Ok(value),
        ResourceValue::KnownAfterApply => Ok(unknown()),
        ResourceValue::Error(message) => Err(EvaluationError::new(message)),
    }
}
