//! The operations of AppSync that the emulator does not implement, so that an error can name the called one.
use crate::protocol::operation::{Route, find_route};
use crate::protocol::request::ApiCall;
use crate::protocol::response::AwsError;

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
