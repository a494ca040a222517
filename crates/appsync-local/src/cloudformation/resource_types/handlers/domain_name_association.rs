//! `AWS::AppSync::DomainNameApiAssociation`: the API that a domain name points at. The format of its physical id is
//! undocumented.
use axum::http::Method;
use serde_json::{Value, json};

use crate::cloudformation::resource_types::calls::ServiceCall;
use crate::cloudformation::resource_types::context::Context;
use crate::cloudformation::resource_types::handler::{Handler, Model};
use crate::cloudformation::resource_types::handlers::member_names;
use crate::cloudformation::resource_types::request::{ExistingResource, HandlerError};

pub struct DomainNameAssociationHandler;

/// The end of the physical id, after the domain name.
const ID_SUFFIX: &str = "/apiassociation";

impl Handler for DomainNameAssociationHandler {
    fn plan_identity(&self, context: &Context<'_>) -> String {
        format!("{}{ID_SUFFIX}", context.required_text("DomainName"))
    }

    /// Does not wait until the association has taken effect.
    async fn create(&self, context: &Context<'_>, id: &str) -> Result<Model, HandlerError> {
        let input = member_names::input(context, &["ApiId"]);
        let call = call(context, Method::POST, id).with_body(&input.into());
        Ok(model(context, id, &call.send().await?))
    }

    /// AssociateApi replaces the association.
    async fn update(
        &self,
        context: &Context<'_>,
        existing: &ExistingResource<'_>,
    ) -> Result<Model, HandlerError> {
        self.create(context, existing.physical_id).await
    }

    async fn delete(&self, context: &Context<'_>, id: &str) -> Result<(), HandlerError> {
        call(context, Method::DELETE, id).send().await.map(drop)
    }

    async fn read(&self, context: &Context<'_>, id: &str) -> Result<Model, HandlerError> {
        Ok(model(context, id, &call(context, Method::GET, id).send().await?))
    }
}

fn call<'a>(context: &Context<'a>, method: Method, id: &str) -> ServiceCall<'a> {
    let name = id.strip_suffix(ID_SUFFIX).unwrap_or(id);
    ServiceCall::appsync(context, method, &["v1", "domainnames", name, "apiassociation"])
}

fn model(context: &Context<'_>, id: &str, response: &Value) -> Model {
    let mut model = member_names::model(context, &response["apiAssociation"]);
    model.insert("ApiAssociationIdentifier".to_owned(), json!(id));
    model
}
