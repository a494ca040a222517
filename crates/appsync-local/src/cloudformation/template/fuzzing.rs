//! Properties that hold for any text as a template, for `fuzz/` and for the tests. The function panics if a property
//! does not hold.
use serde_json::json;

use crate::cloudformation::template::error::TemplateError;
use crate::cloudformation::template::parameter_values::{
    GivenParameter, ParameterValues, SsmValue, bind_parameters,
};
use crate::cloudformation::template::pseudo::PseudoParameters;
use crate::cloudformation::template::resource_values::{
    KNOWN_AFTER_APPLY, ResourceValue, ResourceValues,
};
use crate::cloudformation::template::scope::Scope;
use crate::cloudformation::template::sections::Template;

/// Resources whose ids begin with `N` are created by the operation.
struct Resources;

impl ResourceValues for Resources {
    fn reference(&self, logical_id: &str) -> ResourceValue {
        match logical_id.as_bytes().first() {
            Some(b'N') => ResourceValue::KnownAfterApply,
            _ => ResourceValue::Known(json!(logical_id)),
        }
    }

    fn attribute(&self, logical_id: &str, attribute: &str) -> ResourceValue {
        match attribute {
            "List" => ResourceValue::Known(json!([logical_id, KNOWN_AFTER_APPLY])),
            "Missing" => ResourceValue::Error("the attribute does not exist".to_owned()),
            _ => self.reference(logical_id),
        }
    }
}

/// Parses bytes as a template and evaluates everything in it: this ends, an error has a text, the document of a template
/// is the same template, and an order of its resources exists.
pub fn fuzz_template(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match Template::parse(&text) {
        Ok(template) => check(&template).unwrap_or_else(|error| assert!(!error.0.is_empty())),
        Err(error) => assert!(!error.0.is_empty()),
    }
}

fn check(template: &Template) -> Result<(), TemplateError> {
    let document = template.document().to_string();
    assert_eq!(Template::parse(&document).as_ref(), Ok(template), "{document}");
    template.capabilities_reason();
    let given: Vec<GivenParameter> = template
        .parameters()
        .iter()
        .filter(|parameter| parameter.default.is_none())
        .map(|parameter| GivenParameter {
            key: parameter.name.clone(),
            value: Some(parameter.allowed_values.first().cloned().unwrap_or("1,2".to_owned())),
            use_previous: false,
        })
        .collect();
    let ssm = |_: &str| Some(SsmValue { value: "a,b".to_owned(), type_name: "String".to_owned() });
    let parameters = bind_parameters(template, &given, &ParameterValues::new(), &ssm)?;
    let pseudo =
        PseudoParameters::new("123456789012", "us-east-1", "fuzz", "arn:stack", Vec::new());
    let import = |name: &str| name.len().is_multiple_of(2).then(|| "imported".to_owned());
    let scope = Scope::new(template, &parameters, &pseudo, &import, &|reference| {
        Ok(reference.name.clone())
    })?;
    let order = scope.dependencies().order().expect("circular dependencies are rejected");
    assert_eq!(order.len(), scope.active_resources().len());
    for resource in scope.active_resources() {
        scope.causes(&resource.properties);
        if let Ok(properties) = scope.resolve_properties(resource, &Resources) {
            assert!(properties.is_object(), "{properties}");
        }
    }
    for output in scope.active_outputs() {
        if let Err(error) = scope.resolve_output(output, &Resources) {
            assert!(error.pointer.starts_with("/Outputs/"), "{error:?}");
        }
    }
    Ok(())
}
