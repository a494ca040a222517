//! The operations of AppSync that the emulator implements, each in the module of its resource.
use serde_json::Value;

use crate::control_plane::appsync::input::Input;
use crate::control_plane::appsync::{
    api, api_key, data_source, domain_name, evaluate_code, namespace, tags,
};
use crate::control_plane::undocumented;
use crate::protocol::operation::{Appsync, Route, find_route};
use crate::protocol::request::ApiCall;
use crate::protocol::response::AwsError;
use crate::store::Store;

/// Executes an operation with the labels of its path.
pub async fn handle(
    store: &Store,
    call: &ApiCall,
    operation: Appsync,
    labels: &[String],
) -> Result<Value, AwsError> {
    let response = execute(store, call, operation, labels).await;
    response.map_err(|error| undocumented::with_configured_code(error, store.options()))
}

async fn execute(
    store: &Store,
    call: &ApiCall,
    operation: Appsync,
    labels: &[String],
) -> Result<Value, AwsError> {
    let caller = &call.caller;
    let label = |n: usize| labels.get(n).map_or("", String::as_str);
    // For a child resource of an API: the id of the API and the child's own name. Otherwise the name alone.
    let (first, second) = (label(0), label(1));
    let input = || Input::from_call(call);
    match operation {
        Appsync::CreateApi => api::create(store, caller, &input()?).await,
        Appsync::GetApi => api::get(store, caller, first),
        Appsync::UpdateApi => api::update(store, caller, first, &input()?).await,
        Appsync::DeleteApi => api::delete(store, caller, first).await,
        Appsync::ListApis => api::list(store, call),
        Appsync::CreateChannelNamespace => namespace::create(store, caller, first, &input()?).await,
        Appsync::GetChannelNamespace => namespace::get(store, caller, first, second),
        Appsync::UpdateChannelNamespace => {
            namespace::update(store, caller, first, second, &input()?).await
        }
        Appsync::DeleteChannelNamespace => namespace::delete(store, caller, first, second).await,
        Appsync::ListChannelNamespaces => namespace::list(store, call, first),
        Appsync::CreateApiKey => api_key::create(store, caller, first, &input()?).await,
        Appsync::UpdateApiKey => api_key::update(store, caller, first, second, &input()?).await,
        Appsync::DeleteApiKey => api_key::delete(store, caller, first, second).await,
        Appsync::ListApiKeys => api_key::list(store, call, first),
        Appsync::CreateDataSource => data_source::create(store, caller, first, &input()?).await,
        Appsync::GetDataSource => data_source::get(store, caller, first, second),
        Appsync::UpdateDataSource => {
            data_source::update(store, caller, first, second, &input()?).await
        }
        Appsync::DeleteDataSource => data_source::delete(store, caller, first, second).await,
        Appsync::ListDataSources => data_source::list(store, call, first),
        Appsync::CreateDomainName => domain_name::create(store, caller, &input()?).await,
        Appsync::GetDomainName => domain_name::get(store, caller, first),
        Appsync::UpdateDomainName => domain_name::update(store, caller, first, &input()?).await,
        Appsync::DeleteDomainName => domain_name::delete(store, caller, first).await,
        Appsync::ListDomainNames => domain_name::list(store, call),
        Appsync::AssociateApi => domain_name::associate(store, caller, first, &input()?).await,
        Appsync::GetApiAssociation => domain_name::get_association(store, caller, first),
        Appsync::DisassociateApi => domain_name::disassociate(store, caller, first).await,
        Appsync::TagResource => tags::tag(store, caller, first, &input()?).await,
        Appsync::UntagResource => tags::untag(store, call, first).await,
        Appsync::ListTagsForResource => tags::list(store, caller, first),
        Appsync::EvaluateCode => evaluate_code::evaluate(store, &input()?).await,
    }
}

const UNSUPPORTED_ROUTES: &[Route<&str>] = &[
    ("AssociateMergedGraphqlApi", "POST", "/v1/sourceApis/*/mergedApiAssociations"),
    ("AssociateSourceGraphqlApi", "POST", "/v1/mergedApis/*/sourceApiAssociations"),
    ("CreateApiCache", "POST", "/v1/apis/*/ApiCaches"),
    ("CreateFunction", "POST", "/v1/apis/*/functions"),
    ("CreateGraphqlApi", "POST", "/v1/apis"),
    ("CreateResolver", "POST", "/v1/apis/*/types/*/resolvers"),
    ("CreateType", "POST", "/v1/apis/*/types"),
    ("DeleteApiCache", "DELETE", "/v1/apis/*/ApiCaches"),
    ("DeleteFunction", "DELETE", "/v1/apis/*/functions/*"),
    ("DeleteGraphqlApi", "DELETE", "/v1/apis/*"),
    ("DeleteResolver", "DELETE", "/v1/apis/*/types/*/resolvers/*"),
    ("DeleteType", "DELETE", "/v1/apis/*/types/*"),
    ("DisassociateMergedGraphqlApi", "DELETE", "/v1/sourceApis/*/mergedApiAssociations/*"),
    ("DisassociateSourceGraphqlApi", "DELETE", "/v1/mergedApis/*/sourceApiAssociations/*"),
    ("EvaluateMappingTemplate", "POST", "/v1/dataplane-evaluatetemplate"),
    ("FlushApiCache", "DELETE", "/v1/apis/*/FlushCache"),
    ("GetApiCache", "GET", "/v1/apis/*/ApiCaches"),
    ("GetDataSourceIntrospection", "GET", "/v1/datasources/introspections/*"),
    ("GetFunction", "GET", "/v1/apis/*/functions/*"),
    ("GetGraphqlApi", "GET", "/v1/apis/*"),
    ("GetGraphqlApiEnvironmentVariables", "GET", "/v1/apis/*/environmentVariables"),
    ("GetIntrospectionSchema", "GET", "/v1/apis/*/schema"),
    ("GetResolver", "GET", "/v1/apis/*/types/*/resolvers/*"),
    ("GetSchemaCreationStatus", "GET", "/v1/apis/*/schemacreation"),
    ("GetSourceApiAssociation", "GET", "/v1/mergedApis/*/sourceApiAssociations/*"),
    ("GetType", "GET", "/v1/apis/*/types/*"),
    ("ListFunctions", "GET", "/v1/apis/*/functions"),
    ("ListGraphqlApis", "GET", "/v1/apis"),
    ("ListResolvers", "GET", "/v1/apis/*/types/*/resolvers"),
    ("ListResolversByFunction", "GET", "/v1/apis/*/functions/*/resolvers"),
    ("ListSourceApiAssociations", "GET", "/v1/apis/*/sourceApiAssociations"),
    ("ListTypes", "GET", "/v1/apis/*/types"),
    ("ListTypesByAssociation", "GET", "/v1/mergedApis/*/sourceApiAssociations/*/types"),
    ("PutGraphqlApiEnvironmentVariables", "PUT", "/v1/apis/*/environmentVariables"),
    ("StartDataSourceIntrospection", "POST", "/v1/datasources/introspections"),
    ("StartSchemaCreation", "POST", "/v1/apis/*/schemacreation"),
    ("StartSchemaMerge", "POST", "/v1/mergedApis/*/sourceApiAssociations/*/merge"),
    ("UpdateApiCache", "POST", "/v1/apis/*/ApiCaches/update"),
    ("UpdateFunction", "POST", "/v1/apis/*/functions/*"),
    ("UpdateGraphqlApi", "POST", "/v1/apis/*"),
    ("UpdateResolver", "POST", "/v1/apis/*/types/*/resolvers/*"),
    ("UpdateSourceApiAssociation", "POST", "/v1/mergedApis/*/sourceApiAssociations/*"),
    ("UpdateType", "POST", "/v1/apis/*/types/*"),
];

/// The error for a request that is for none of the implemented operations.
pub fn unsupported_operation(call: &ApiCall) -> AwsError {
    match find_route(UNSUPPORTED_ROUTES, call.method.as_str(), &call.path) {
        Some(name) => AwsError::unsupported(&format!("appsync:{name}")),
        None => {
            let message = "The requested operation does not exist.";
            AwsError::new(404, "UnknownOperationException", message)
        }
    }
}
