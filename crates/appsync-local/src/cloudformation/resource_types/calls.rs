//! Calls of the other services' operations, with the identity of the stack's caller. They have the same validation,
//! quotas, faults and log as any call of the network.
use std::borrow::Cow;
use std::sync::Arc;

use axum::http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::cloudformation::resource_types::context::Context;
use crate::cloudformation::resource_types::request::HandlerError;
use crate::control_plane::service_call::{self, ServiceOutput};
use crate::ids;
use crate::protocol::caller::Caller;
use crate::protocol::operation::Operation;
use crate::protocol::request::{ApiCall, StackOptions};
use crate::protocol::response::AwsError;
use crate::store::Store;

/// All characters that are not unreserved in RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A call of one operation.
pub struct ServiceCall<'a> {
    store: &'a Arc<Store>,
    call: ApiCall,
}

impl<'a> ServiceCall<'a> {
    /// A call of AppSync, whose operations are paths of labels.
    pub fn appsync(context: &Context<'a>, method: Method, labels: &[&str]) -> Self {
        let encode = |label: &&str| format!("/{}", utf8_percent_encode(label, RESERVED));
        let path = labels.iter().map(encode).collect();
        Self::new(context, "appsync", method, path)
    }

    /// A call of IAM, whose operations are forms.
    pub fn iam(context: &Context<'a>, action: &str, parameters: &[(&str, &str)]) -> Self {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", action).extend_pairs(parameters);
        let mut call = Self::new(context, "iam", Method::POST, "/".to_owned());
        call.call.body = form.finish().into_bytes();
        call
    }

    /// A call of a service with the protocol JSON 1.1.
    pub fn json(context: &Context<'a>, service: &str, target: String, input: &Value) -> Self {
        let mut call = Self::new(context, service, Method::POST, "/".to_owned());
        call.call.target = target;
        call.with_body(input)
    }

    fn new(context: &Context<'a>, service: &str, method: Method, path: String) -> Self {
        let call = ApiCall {
            method,
            path,
            query: String::new(),
            body: Vec::new(),
            caller: Caller { service: service.to_owned(), ..context.caller.clone() },
            target: String::new(),
            signed_at: String::new(),
            headers: Default::default(),
            stack: StackOptions { preassigned_id: None, system_tags: context.system_tags() },
        };
        Self { store: context.store, call }
    }

    pub fn with_body(mut self, body: &Value) -> Self {
        self.call.body = body.to_string().into_bytes();
        self
    }

    pub fn with_query(mut self, pairs: &[(&str, &str)]) -> Self {
        let mut query = form_urlencoded::Serializer::new(String::new());
        self.call.query = query.extend_pairs(pairs).finish();
        self
    }

    /// Lets the operation create its resource with this id instead of a random one.
    pub fn with_id(mut self, id: &str) -> Self {
        self.call.stack.preassigned_id = Some(id.to_owned());
        self
    }

    /// Runs the call. Returns the body of a JSON protocol.
    pub async fn send(self) -> Result<Value, HandlerError> {
        match self.run().await? {
            ServiceOutput::Json(body) => Ok(body),
            ServiceOutput::Query(_) | ServiceOutput::Rest(_) => Ok(Value::Null),
        }
    }

    /// Runs the call. Returns the XML of the result element of the Query protocol.
    pub async fn send_query(self) -> Result<String, HandlerError> {
        match self.run().await? {
            ServiceOutput::Query(result) => Ok(result.unwrap_or_default()),
            ServiceOutput::Json(_) | ServiceOutput::Rest(_) => Ok(String::new()),
        }
    }

    /// Runs a call that removes something; what does not exist is removed.
    pub async fn send_removal(self) -> Result<(), HandlerError> {
        match self.run().await {
            Err(error) if !error.is_not_found() => Err(error),
            _ => Ok(()),
        }
    }

    async fn run(self) -> Result<ServiceOutput, HandlerError> {
        let result = service_call::call(self.store, &self.call).await;
        result.map_err(|error| failure(&self.call, &error))
    }
}

/// The failure of a resource whose call failed.
fn failure(call: &ApiCall, error: &AwsError) -> HandlerError {
    let operation = Operation::from_call(call).kind.name();
    let AwsError { status, message, .. } = error;
    let (service, request_id) = (service_name(&call.caller.service), ids::request_id());
    let message =
        format!("{message} (Service: {service}, Status Code: {status}, Request ID: {request_id})");
    let code = error_code(error, operation.starts_with("Create"));
    HandlerError { is_outcome_unknown: *status >= 500, ..HandlerError::new(code, &message) }
}

/// The name of a service in the messages of the SDK that the handlers use.
fn service_name(service: &str) -> Cow<'_, str> {
    match service {
        "appsync" => "AppSync".into(),
        "iam" => "Iam".into(),
        "ssm" => "Ssm".into(),
        "wafv2" => "Wafv2".into(),
        other => other.into(),
    }
}

/// The error codes of services by the `HandlerErrorCode` that they become.
const ERROR_CODES: &[(&str, &[&str])] = &[
    (
        "NotFound",
        &["NotFoundException", "NoSuchEntity", "WAFNonexistentItemException", "ParameterNotFound"],
    ),
    ("AlreadyExists", &["EntityAlreadyExists", "ParameterAlreadyExists"]),
    (
        "ResourceConflict",
        &[
            "ConcurrentModificationException",
            "ConcurrentModification",
            "ConflictException",
            "DeleteConflict",
            "TooManyUpdates",
        ],
    ),
    ("Throttling", &["Throttling", "ThrottlingException", "TooManyRequestsException"]),
    (
        "ServiceLimitExceeded",
        &[
            "LimitExceeded",
            "LimitExceededException",
            "ServiceQuotaExceededException",
            "ApiKeyLimitExceededException",
            "WAFLimitsExceededException",
            "ParameterLimitExceeded",
        ],
    ),
    ("AccessDenied", &["AccessDenied", "AccessDeniedException", "UnauthorizedException"]),
    ("NetworkFailure", &["NetworkFailure"]),
];

fn error_code(error: &AwsError, is_creation: bool) -> &'static str {
    let says_exists = || error.message.trim_end_matches('.').ends_with("already exists");
    if is_creation && (error.code == "ConflictException" || says_exists()) {
        return "AlreadyExists";
    }
    // AppSync has one code for too many calls and too many resources.
    if error.message == "Rate exceeded" {
        return "Throttling";
    }
    let row = ERROR_CODES.iter().find(|(_, codes)| codes.contains(&&*error.code));
    match (row, error.status) {
        (Some((code, _)), _) => code,
        (None, 500..) => "ServiceInternalError",
        (None, 403) => "AccessDenied",
        (None, 400..500) => "InvalidRequest",
        (None, _) => "GeneralServiceException",
    }
}
