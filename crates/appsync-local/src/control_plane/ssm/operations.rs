//! The operations on parameters that the emulator implements.
use std::borrow::Cow;

use serde_json::{Value, json};

use crate::control_plane::appsync::input::Input;
use crate::control_plane::bootstrap;
use crate::control_plane::ssm::input::{
    PutParameterRequest, check_pattern, check_tag_count, invalid, tags, tier_for,
};
use crate::control_plane::ssm::list;
use crate::control_plane::ssm::selector::Selector;
use crate::protocol::caller::Caller;
use crate::protocol::operation::Ssm;
use crate::protocol::request::ApiCall;
use crate::protocol::response::AwsError;
use crate::state::{Parameter, ParameterVersion, State};
use crate::store::Store;

/// AWS keeps so many versions of a parameter, and deletes the oldest.
const VERSIONS_MAX: usize = 100;
/// AWS's limit on GetParameters.
const NAMES_MAX: usize = 10;
/// The path of parameters that AWS publishes, such as the ids of images.
const PUBLIC_PATH: &str = "/aws/";

type Result<T> = std::result::Result<T, AwsError>;

pub async fn handle(store: &Store, call: &ApiCall, operation: Ssm) -> Result<Value> {
    let (caller, input) = (&call.caller, &Input::parse(&call.body)?);
    match operation {
        Ssm::PutParameter => {
            let (request, now) = (PutParameterRequest::parse(input)?, store.now_epoch_s());
            store.change(|state| put(state, caller, request, now)).await
        }
        Ssm::GetParameter => {
            let name = input.require_text("Name")?;
            let parameter = store.read(|state| get(state, caller, name))?;
            Ok(json!({ "Parameter": parameter }))
        }
        Ssm::GetParameters => store.read(|state| get_all(state, caller, input)),
        Ssm::DeleteParameter => {
            let name = input.require_text("Name")?;
            store.change(|state| delete(state, caller, name)).await
        }
        Ssm::DescribeParameters => store.read(|state| list::describe(state, caller, input)),
        Ssm::AddTagsToResource => {
            let tags = tags(input)?;
            store
                .change(|state| {
                    let mut parameter = tagged_parameter(state, caller, input)?;
                    parameter.tags.extend(tags);
                    check_tag_count(&parameter.tags)?;
                    save(state, caller, parameter);
                    Ok(json!({}))
                })
                .await
        }
        Ssm::RemoveTagsFromResource => {
            let keys = input.list("TagKeys")?.cloned().unwrap_or_default();
            store
                .change(|state| {
                    let mut parameter = tagged_parameter(state, caller, input)?;
                    parameter.tags.retain(|key, _| !keys.iter().any(|removed| removed == key));
                    save(state, caller, parameter);
                    Ok(json!({}))
                })
                .await
        }
        Ssm::ListTagsForResource => store.read(|state| {
            let tags = tagged_parameter(state, caller, input)?.tags;
            let tags = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value }));
            Ok(json!({ "TagList": tags.collect::<Vec<_>>() }))
        }),
    }
}

/// The version of a parameter that a name, an ARN or either with a version selects, for other services of the caller's
/// account; nothing if it does not exist.
pub fn version(store: &Store, caller: &Caller, name: &str) -> Option<ParameterVersion> {
    let selector = Selector::parse(name);
    store.read(|state| {
        let names = selector.names();
        let parameter =
            names.iter().find_map(|name| Some(find(state, caller, name)?.into_owned()))?;
        selector.version_of(&parameter).ok().cloned()
    })
}

/// The parameter of that name, if it exists.
fn find<'a>(state: &'a mut State, caller: &Caller, name: &str) -> Option<Cow<'a, Parameter>> {
    let stored = state.region(caller).parameters.get(name).map(Cow::Borrowed);
    stored.or_else(|| bootstrap::parameter(name).map(Cow::Owned))
}

/// Creates a parameter, or adds a version to it. This is atomic: of several creations with the same name one succeeds.
fn put(
    state: &mut State,
    caller: &Caller,
    request: PutParameterRequest,
    now_epoch_s: f64,
) -> Result<Value> {
    let previous = find(state, caller, &request.name).map(Cow::into_owned);
    if previous.is_some() && !request.overwrite {
        let message = "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.";
        return Err(AwsError::new(400, "ParameterAlreadyExists", message));
    }
    // What the request omits remains.
    let last = previous.as_ref().and_then(|parameter| parameter.versions.last()).cloned();
    let (number, last_type, last_tier, last_description, last_pattern) = match last {
        Some(last) => (
            last.number + 1,
            Some(last.parameter_type),
            last.tier,
            last.description,
            last.allowed_pattern,
        ),
        None => (1, None, "Standard".to_owned(), None, None),
    };
    let parameter_type = request.parameter_type.clone().or_else(|| last_type.clone());
    let parameter_type = parameter_type
        .ok_or_else(|| invalid("A parameter type is required when you create a parameter."))?;
    if last_type.is_some_and(|last_type| last_type != parameter_type) {
        let message = "The parameter type cannot be changed: delete the parameter and create it with the other type.";
        return Err(AwsError::new(400, "HierarchyTypeMismatchException", message));
    }
    let allowed_pattern = request.allowed_pattern.or(last_pattern);
    if let Some(pattern) = &allowed_pattern {
        check_pattern(pattern, &request.value)?;
    }
    let tier = tier_for(request.tier.as_deref().unwrap_or(&last_tier), &request.value)?;
    if last_tier == "Advanced" && tier == "Standard" {
        return Err(invalid(
            "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a standard parameter.",
        ));
    }
    let mut parameter = previous.unwrap_or_else(|| Parameter {
        name: request.name,
        tags: request.tags,
        versions: Vec::new(),
    });
    parameter.versions.push(ParameterVersion {
        number,
        parameter_type,
        value: request.value,
        description: request.description.or(last_description),
        allowed_pattern,
        data_type: "text".into(),
        tier: tier.into(),
        modified_epoch_s: now_epoch_s,
    });
    if parameter.versions.len() > VERSIONS_MAX {
        parameter.versions.remove(0);
    }
    save(state, caller, parameter);
    Ok(json!({ "Version": number, "Tier": tier }))
}

fn get(state: &mut State, caller: &Caller, name: &str) -> Result<Value> {
    let selector = Selector::parse(name);
    let name = selector.names().into_iter().find(|name| find(state, caller, name).is_some());
    let Some(name) = name else {
        let name = &selector.names()[0];
        return Err(match name.starts_with(PUBLIC_PATH) {
            true => AwsError::unsupported(&format!("the public parameter {name} of AWS")),
            false => parameter_not_found(name),
        });
    };
    let parameter = find(state, caller, &name).ok_or_else(|| parameter_not_found(&name))?;
    let version = selector.version_of(&parameter)?;
    let mut members = json!({
        "Name": parameter.name,
        "Type": version.parameter_type,
        "Value": version.value,
        "Version": version.number,
        "LastModifiedDate": version.modified_epoch_s,
        "ARN": list::arn(&parameter.name, caller),
        "DataType": version.data_type,
    });
    if let Some(version) = selector.version {
        members["Selector"] = json!(format!(":{version}"));
    }
    Ok(members)
}

fn get_all(state: &mut State, caller: &Caller, input: &Input<'_>) -> Result<Value> {
    let names = input.list("Names")?.ok_or_else(|| input.missing_member("Names"))?;
    if !(1..=NAMES_MAX).contains(&names.len()) {
        return Err(invalid(&format!(
            "1 validation error detected: Value at 'names' failed to satisfy constraint: Member must have length less than or equal to {NAMES_MAX}"
        )));
    }
    let (mut parameters, mut invalid_names) = (Vec::new(), Vec::new());
    for name in names.iter().filter_map(Value::as_str) {
        match get(state, caller, name) {
            Ok(parameter) => parameters.push(parameter),
            Err(error) if error.status == 501 => return Err(error),
            Err(_) => invalid_names.push(name),
        }
    }
    Ok(json!({ "Parameters": parameters, "InvalidParameters": invalid_names }))
}

fn delete(state: &mut State, caller: &Caller, name: &str) -> Result<Value> {
    if bootstrap::parameter(name).is_some() {
        return Err(AwsError::unsupported(&format!("ssm:DeleteParameter of {name}")));
    }
    let deleted = state.region(caller).parameters.remove(name);
    deleted.map(|_| json!({})).ok_or_else(|| parameter_not_found(name))
}

/// The parameter that a request on tags is for.
fn tagged_parameter(state: &mut State, caller: &Caller, input: &Input<'_>) -> Result<Parameter> {
    let resource_type = input.require_text("ResourceType")?;
    let id = input.require_text("ResourceId")?;
    if resource_type != "Parameter" {
        return Err(AwsError::unsupported(&format!("ssm tags of the type {resource_type}")));
    }
    let parameter = find(state, caller, id).map(Cow::into_owned);
    parameter.ok_or_else(|| {
        let message =
            "The resource ID isn't valid. Verify that you entered the correct ID and try again.";
        AwsError::new(400, "InvalidResourceId", message)
    })
}

fn save(state: &mut State, caller: &Caller, parameter: Parameter) {
    state.region(caller).parameters.insert(parameter.name.clone(), parameter);
}

/// The error for a missing parameter. AWS sends no text with it.
fn parameter_not_found(name: &str) -> AwsError {
    AwsError::new(400, "ParameterNotFound", format!("Parameter {name} not found."))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};

    use super::*;

    fn store() -> Arc<Store> {
        Store::in_memory(SharedTimeSource::new(SystemTimeSource::new()))
    }

    /// The output of an operation, or the code of its error.
    async fn call(
        store: &Store,
        operation: Ssm,
        input: Value,
    ) -> std::result::Result<Value, String> {
        let call = ApiCall::for_test("ssm", "POST /", "", input.to_string().as_bytes());
        handle(store, &call, operation).await.map_err(|error| error.code.into_owned())
    }

    fn new(name: &str, value: &str) -> Value {
        json!({ "Name": name, "Value": value, "Type": "String" })
    }

    #[tokio::test]
    async fn a_parameter_is_created_once_and_overwritten_on_request() {
        let store = store();
        let put = async |input: Value| call(&store, Ssm::PutParameter, input).await;
        let get = async |name: &str| {
            let got = call(&store, Ssm::GetParameter, json!({ "Name": name })).await;
            got.map(|got| got["Parameter"].clone())
        };
        assert_eq!(
            put(new("/a/b", "1")).await.unwrap(),
            json!({ "Version": 1, "Tier": "Standard" })
        );
        assert_eq!(put(new("/a/b", "2")).await.unwrap_err(), "ParameterAlreadyExists");
        let overwrite = json!({ "Name": "/a/b", "Value": "2", "Overwrite": true });
        assert_eq!(put(overwrite).await.unwrap()["Version"], 2);
        assert_eq!(get("/a/b").await.unwrap()["Value"], "2");
        let first = get("/a/b:1").await.unwrap();
        assert_eq!((&first["Value"], &first["Selector"]), (&json!("1"), &json!(":1")));
        let arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/a/b";
        assert_eq!((&first["ARN"], &first["Type"]), (&json!(arn), &json!("String")));
        assert_eq!(get(arn).await.unwrap()["Version"], 2);
        assert_eq!(get("/a/b:3").await.unwrap_err(), "ParameterVersionNotFound");
        let caller = ApiCall::for_test("ssm", "POST /", "", b"").caller;
        assert_eq!(version(&store, &caller, "/a/b:1").unwrap().value, "1");
        assert!(version(&store, &caller, "/a").is_none());
        call(&store, Ssm::DeleteParameter, json!({ "Name": "/a/b" })).await.unwrap();
        assert_eq!(get("/a/b").await.unwrap_err(), "ParameterNotFound");
    }

    #[tokio::test]
    async fn only_the_newest_versions_are_kept() {
        let store = store();
        for n in 1..=VERSIONS_MAX + 1 {
            let mut input = new("p", &n.to_string());
            input["Overwrite"] = json!(true);
            call(&store, Ssm::PutParameter, input).await.unwrap();
        }
        let get = async |name: &str| call(&store, Ssm::GetParameter, json!({ "Name": name })).await;
        assert_eq!(get("p:1").await.unwrap_err(), "ParameterVersionNotFound");
        assert_eq!(get("p:2").await.unwrap()["Parameter"]["Value"], "2");
    }

    #[tokio::test]
    async fn invalid_parameters_are_rejected() {
        let store = store();
        call(&store, Ssm::PutParameter, new("list", "1")).await.unwrap();
        let check = async |changes: Value, expected: &str| {
            let mut input = new("p", "1");
            input.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            let error = call(&store, Ssm::PutParameter, input).await.unwrap_err();
            assert_eq!(error, expected, "{changes}");
        };
        check(json!({ "Name": "/aws/service/x" }), "AccessDeniedException").await;
        check(json!({ "Name": "ssm-x" }), "ValidationException").await;
        check(json!({ "Name": "a/b" }), "ValidationException").await;
        check(json!({ "Name": "/a b" }), "ValidationException").await;
        check(json!({ "Name": "/a".repeat(16) }), "HierarchyLevelLimitExceededException").await;
        check(json!({ "Value": "" }), "ValidationException").await;
        check(json!({ "Value": "x".repeat(4_097) }), "ValidationException").await;
        check(json!({ "Value": "x".repeat(8_193), "Tier": "Advanced" }), "ValidationException")
            .await;
        check(json!({ "Type": null }), "ValidationException").await;
        check(json!({ "Type": "SecureString" }), "NotImplementedException").await;
        check(json!({ "Policies": "[]" }), "NotImplementedException").await;
        check(json!({ "AllowedPattern": "^a$" }), "ParameterPatternMismatchException").await;
        check(json!({ "AllowedPattern": "(" }), "InvalidAllowedPatternException").await;
        let tags = json!([{ "Key": "a", "Value": "b" }]);
        check(json!({ "Tags": tags, "Overwrite": true }), "ValidationException").await;
        let other_type = json!({ "Name": "list", "Type": "StringList", "Overwrite": true });
        check(other_type, "HierarchyTypeMismatchException").await;
    }

    #[tokio::test]
    async fn the_bootstrap_parameter_exists_and_can_be_overwritten_but_not_deleted() {
        let (store, name) = (store(), json!({ "Name": "/cdk-bootstrap/hnb659fds/version" }));
        let get = async || call(&store, Ssm::GetParameter, name.clone()).await.unwrap();
        assert_eq!(get().await["Parameter"]["Value"], "30");
        let list = call(&store, Ssm::DescribeParameters, json!({})).await.unwrap();
        assert_eq!(list["Parameters"], json!([]));
        let deleted = call(&store, Ssm::DeleteParameter, name.clone()).await;
        assert_eq!(deleted.unwrap_err(), "NotImplementedException");
        let mut input = name.clone();
        input["Value"] = json!("31");
        assert_eq!(
            call(&store, Ssm::PutParameter, input.clone()).await.unwrap_err(),
            "ParameterAlreadyExists"
        );
        input["Overwrite"] = json!(true);
        assert_eq!(call(&store, Ssm::PutParameter, input).await.unwrap()["Version"], 2);
        assert_eq!(get().await["Parameter"]["Value"], "31");
        let public = json!({ "Name": "/aws/service/global-infrastructure/regions" });
        let public = call(&store, Ssm::GetParameter, public).await;
        assert_eq!(public.unwrap_err(), "NotImplementedException");
    }
}
