//! Tests of the template language, through the interface that the engine uses.
mod expansion;
mod functions;
mod limits;
mod parameters;
mod scopes;
mod sections;
mod spellings;
mod summary;
mod whole_templates;

use serde_json::{Value, json};

use crate::cloudformation::template::{
    DynamicReference, EvaluationError, GivenParameter, ParameterValues, PseudoParameters, Resolved,
    ResourceValue, ResourceValues, Scope, SsmValue, Template, bind_parameters,
};

/// Resources whose values name what was asked for: `<Api>`, `<Api.Arn>`. `New` is created by the operation.
pub struct TestResources;

impl ResourceValues for TestResources {
    fn reference(&self, logical_id: &str) -> ResourceValue {
        match logical_id {
            "New" => ResourceValue::KnownAfterApply,
            id => ResourceValue::Known(json!(format!("<{id}>"))),
        }
    }

    fn attribute(&self, logical_id: &str, attribute: &str) -> ResourceValue {
        match (logical_id, attribute) {
            ("New", _) => ResourceValue::KnownAfterApply,
            (_, "Missing") => {
                ResourceValue::Error("Resource type T does not support attribute {Missing}".into())
            }
            (_, "List") => ResourceValue::Known(json!(["x", "y"])),
            (id, attribute) => ResourceValue::Known(json!(format!("<{id}.{attribute}>"))),
        }
    }
}

pub fn pseudo() -> PseudoParameters {
    let stack_id = "arn:aws:cloudformation:eu-west-1:123456789012:stack/demo/1";
    let topics = vec!["arn:one".to_owned(), "arn:two".to_owned()];
    PseudoParameters::new("123456789012", "eu-west-1", "demo", stack_id, topics)
}

pub fn import(name: &str) -> Option<String> {
    (name == "shared-vpc").then(|| "vpc-1".to_owned())
}

pub fn dynamic(reference: &DynamicReference) -> Result<String, String> {
    match reference.name.as_str() {
        "missing" => Err("Parameters: [missing] cannot be found.".to_owned()),
        name => Ok(format!("value of {name}")),
    }
}

pub fn ssm(name: &str) -> Option<SsmValue> {
    let (value, type_name) = match name {
        "/owner" => ("team", "String"),
        "/origins" => ("a,b", "StringList"),
        "/secret" => ("x", "SecureString"),
        "/cdk-bootstrap/hnb659fds/version" => ("21", "String"),
        _ => return None,
    };
    Some(SsmValue { value: value.to_owned(), type_name: type_name.to_owned() })
}

/// Binds parameters that are given as pairs.
pub fn bind(template: &Template, given: &[(&str, &str)]) -> Result<ParameterValues, String> {
    let given: Vec<GivenParameter> = given
        .iter()
        .map(|(key, value)| GivenParameter {
            key: (*key).to_owned(),
            value: Some((*value).to_owned()),
            use_previous: false,
        })
        .collect();
    bind_parameters(template, &given, &ParameterValues::new(), &ssm).map_err(|error| error.0)
}

/// Calls `test` with the scope of a template.
pub fn with_scope<T>(
    text: &str,
    given: &[(&str, &str)],
    test: impl FnOnce(&Scope<'_>) -> T,
) -> Result<T, String> {
    let template = Template::parse(text).map_err(|error| error.0)?;
    let parameters = bind(&template, given)?;
    let pseudo = pseudo();
    let scope =
        Scope::new(&template, &parameters, &pseudo, &import, &dynamic).map_err(|error| error.0)?;
    Ok(test(&scope))
}

/// Returns the error of a template that is not valid with the given parameters.
#[track_caller]
pub fn error_of(text: &str, given: &[(&str, &str)]) -> String {
    with_scope(text, given, |_| ()).expect_err("the template is not valid")
}

/// Evaluates a value as a property of a resource in a template with some declarations.
pub fn evaluate(value: &str) -> Result<Value, EvaluationError> {
    let text = DECLARATIONS.replace("VALUE", value);
    let resolved = with_scope(&text, &[], |scope| {
        let declaration = scope.template().resource("R").unwrap();
        scope.resolve(&declaration.properties["P"], &TestResources)
    });
    match resolved {
        Ok(Ok(Resolved::Value(value))) => Ok(value),
        Ok(Ok(Resolved::NoValue)) => Ok(json!("no value")),
        Ok(Err(error)) => Err(error),
        Err(message) => Err(EvaluationError { pointer: String::new(), message }),
    }
}

#[track_caller]
pub fn check(value: &str, expected: Value) {
    assert_eq!(evaluate(value), Ok(expected), "{value}");
}

#[track_caller]
pub fn check_error(value: &str, expected: &str) {
    let error = evaluate(value).expect_err(value);
    assert_eq!(error.message, expected, "{value}");
}

const DECLARATIONS: &str = "
Parameters:
  Env: {Type: String, Default: dev}
  Count: {Type: Number, Default: 3}
  Zones: {Type: CommaDelimitedList, Default: 'a, b,c'}
  Ports: {Type: List<Number>, Default: '80,443'}
  Owner: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /owner}
Mappings:
  Regions:
    eu-west-1: {Ami: ami-west, Size: 2, Names: [x, y]}
    us-east-1: {Ami: ami-east}
Conditions:
  IsProd: !Equals [!Ref Env, prod]
  IsDev: !Not [!Condition IsProd]
  IsWest: !Equals [!FindInMap [Regions, !Ref 'AWS::Region', Ami], ami-west]
Resources:
  Api: {Type: 'AWS::AppSync::Api'}
  New: {Type: 'AWS::AppSync::Api'}
  R:
    Type: AWS::AppSync::Api
    Properties:
      P: VALUE
";
