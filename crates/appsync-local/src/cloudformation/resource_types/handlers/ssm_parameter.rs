//! `AWS::SSM::Parameter`. Its physical id is its name.
use serde_json::{Value, json};

use crate::cloudformation::resource_types::calls::ServiceCall;
use crate::cloudformation::resource_types::context::Context;
use crate::cloudformation::resource_types::handler::{Handler, Model};
use crate::cloudformation::resource_types::request::{ExistingResource, HandlerError};
use crate::ids;
use crate::state::Tags;

pub struct SsmParameterHandler;

/// What PutParameter has with the names of the properties.
const INPUT: &[&str] =
    &["AllowedPattern", "DataType", "Description", "Policies", "Tier", "Type", "Value"];

impl Handler for SsmParameterHandler {
    fn plan_identity(&self, context: &Context<'_>) -> String {
        let name = context.text("Name").map(str::to_owned);
        name.unwrap_or_else(|| format!("CFN-{}-{}", context.logical_id, ids::name_suffix()))
    }

    async fn create(&self, context: &Context<'_>, name: &str) -> Result<Model, HandlerError> {
        let mut input = input(context, name);
        let mut tags = context.tags();
        tags.extend(context.system_tags());
        input["Tags"] = tag_list(&tags);
        let put = call(context, "PutParameter", &input).await;
        let is_unique = context.text("Name").is_none();
        put.map_err(|error| if is_unique { error.of_unique_creation() } else { error })?;
        Ok(model(context, name))
    }

    /// PutParameter takes no tags of a parameter that exists.
    async fn update(
        &self,
        context: &Context<'_>,
        existing: &ExistingResource<'_>,
    ) -> Result<Model, HandlerError> {
        let name = existing.physical_id;
        let mut input = input(context, name);
        input["Overwrite"] = json!(true);
        call(context, "PutParameter", &input).await?;
        let mut actual = existing.tags("Tags");
        actual.extend(context.system_tags());
        let changes = context.tag_changes(existing, &actual);
        let resource = || json!({ "ResourceType": "Parameter", "ResourceId": name });
        if !changes.removed.is_empty() {
            let mut input = resource();
            input["TagKeys"] = json!(changes.removed);
            call(context, "RemoveTagsFromResource", &input).await?;
        }
        if !changes.added.is_empty() {
            let mut input = resource();
            input["Tags"] = tag_list(&changes.added);
            call(context, "AddTagsToResource", &input).await?;
        }
        Ok(model(context, name))
    }

    async fn delete(&self, context: &Context<'_>, name: &str) -> Result<(), HandlerError> {
        call(context, "DeleteParameter", &json!({ "Name": name })).await.map(drop)
    }

    async fn read(&self, context: &Context<'_>, name: &str) -> Result<Model, HandlerError> {
        let response = call(context, "GetParameter", &json!({ "Name": name })).await?;
        let parameter = &response["Parameter"];
        let mut model = Model::new();
        for property in ["Name", "Type", "Value", "DataType"] {
            let value = parameter.get(property).cloned();
            model.extend(value.map(|value| (property.to_owned(), value)));
        }
        // SSM's default, which the schema does not have.
        if !context.properties.contains_key("DataType")
            && model.get("DataType") == Some(&json!("text"))
        {
            model.remove("DataType");
        }
        model.insert("Arn".to_owned(), json!(arn(context, name)));
        let input = json!({ "ResourceType": "Parameter", "ResourceId": name });
        let response = call(context, "ListTagsForResource", &input).await?;
        let tags = response["TagList"].as_array().into_iter().flatten();
        let tags = tags.filter_map(|tag| {
            Some((tag["Key"].as_str()?.to_owned(), tag["Value"].as_str()?.to_owned()))
        });
        model.insert("Tags".to_owned(), context.schema.tag_value(&tags.collect()));
        Ok(model)
    }
}

async fn call(context: &Context<'_>, name: &str, input: &Value) -> Result<Value, HandlerError> {
    ServiceCall::json(context, "ssm", format!("AmazonSSM.{name}"), input).send().await
}

fn input(context: &Context<'_>, name: &str) -> Value {
    let mut input = json!({ "Name": name });
    for property in INPUT {
        if let Some(value) = context.properties.get(*property) {
            input[*property] = value.clone();
        }
    }
    input
}

fn tag_list(tags: &Tags) -> Value {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

fn arn(context: &Context<'_>, name: &str) -> String {
    let (caller, partition) = (context.caller, context.caller.partition());
    let name = name.strip_prefix('/').unwrap_or(name);
    format!("arn:{partition}:ssm:{}:{}:parameter/{name}", caller.region, caller.account)
}

fn model(context: &Context<'_>, name: &str) -> Model {
    let mut model = context.properties.clone();
    model.insert("Name".to_owned(), json!(name));
    model.insert("Arn".to_owned(), json!(arn(context, name)));
    model
}
