//! `AWS::AppSync::DomainName`. Its physical id is the domain name.
use axum::http::Method;
use serde_json::{Value, json};

use crate::cloudformation::resource_types::calls::ServiceCall;
use crate::cloudformation::resource_types::context::Context;
use crate::cloudformation::resource_types::handler::{Handler, Model};
use crate::cloudformation::resource_types::handlers::member_names;
use crate::cloudformation::resource_types::handlers::tag_calls::update_tags;
use crate::cloudformation::resource_types::request::{ExistingResource, HandlerError};
use crate::cloudformation::resource_types::tags;

pub struct DomainNameHandler;

impl Handler for DomainNameHandler {
    fn plan_identity(&self, context: &Context<'_>) -> String {
        context.required_text("DomainName").to_owned()
    }

    async fn create(&self, context: &Context<'_>, _: &str) -> Result<Model, HandlerError> {
        let mut input =
            member_names::input(context, &["DomainName", "CertificateArn", "Description"]);
        input.insert("tags".to_owned(), json!(context.tags()));
        let call = ServiceCall::appsync(context, Method::POST, &["v1", "domainnames"]);
        Ok(model(context, &call.with_body(&input.into()).send().await?["domainNameConfig"]))
    }

    async fn update(
        &self,
        context: &Context<'_>,
        existing: &ExistingResource<'_>,
    ) -> Result<Model, HandlerError> {
        let labels = ["v1", "domainnames", existing.physical_id];
        let call = ServiceCall::appsync(context, Method::POST, &labels)
            .with_body(&member_names::input(context, &["Description"]).into());
        let domain = &call.send().await?["domainNameConfig"];
        let arn = domain["domainNameArn"].as_str().unwrap_or_default();
        update_tags(context, existing, arn, domain).await?;
        Ok(model(context, domain))
    }

    async fn delete(&self, context: &Context<'_>, name: &str) -> Result<(), HandlerError> {
        let labels = ["v1", "domainnames", name];
        ServiceCall::appsync(context, Method::DELETE, &labels).send().await.map(drop)
    }

    async fn read(&self, context: &Context<'_>, name: &str) -> Result<Model, HandlerError> {
        let labels = ["v1", "domainnames", name];
        let response = ServiceCall::appsync(context, Method::GET, &labels).send().await?;
        Ok(model(context, &response["domainNameConfig"]))
    }
}

fn model(context: &Context<'_>, domain: &Value) -> Model {
    let mut model = member_names::model(context, domain);
    let tags = tags::from_map(domain.get("tags"));
    model.insert("Tags".to_owned(), context.schema.tag_value(&tags));
    model
}
