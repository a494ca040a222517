//! Runs one call of a service on the store, with injected faults and in the call log. Calls come from the network
//! (`dispatch`) and from stacks, and both behave the same. The services parse the parameters, except for the names of
//! roles: faults need to know when a role changed.
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::control_plane::{appsync, iam, s3, ssm, sts, wafv2};
use crate::faults::{FaultDecision, InjectedFault};
use crate::protocol::clock;
use crate::protocol::operation::{Iam, Operation, OperationKind, Service};
use crate::protocol::query::Form;
use crate::protocol::request::ApiCall;
use crate::protocol::response::{AwsError, RestOutput};
use crate::protocol::wire_protocol;
use crate::store::Store;

/// What an operation returns, before it is written in a protocol.
#[derive(Debug)]
pub enum ServiceOutput {
    /// The body of a JSON protocol.
    Json(Value),
    /// The XML of the result element of the Query protocol, if the operation has one.
    Query(Option<String>),
    /// A response of S3.
    Rest(RestOutput),
}

/// The output of a service, or its error.
pub type ServiceResult = Result<ServiceOutput, AwsError>;

impl ServiceOutput {
    fn status(&self) -> u16 {
        match self {
            Self::Json(_) | Self::Query(_) => 200,
            Self::Rest(output) => output.status,
        }
    }
}

/// How a call ends for its client.
#[derive(Debug)]
pub enum CallOutcome {
    Result(ServiceResult),
    /// The connection is closed without a response.
    CloseConnection,
    /// The connection remains open without a response.
    Hang,
}

/// Runs a call of a stack. It has the caller's identity and the same faults as any other call.
pub async fn call(store: &Arc<Store>, call: &ApiCall) -> ServiceResult {
    let operation = Operation::from_call(call);
    let execute = async || execute(store, call, &operation).await;
    match run(store, call, &operation, execute).await {
        CallOutcome::Result(result) => result,
        CallOutcome::CloseConnection => Err(AwsError::new(
            500,
            "NetworkFailure",
            "The connection was closed without a response.",
        )),
        CallOutcome::Hang => {
            Err(AwsError::new(500, "NetworkFailure", "The service did not respond in time."))
        }
    }
}

/// Runs `execute` for a call, with injected faults, and logs the call.
pub async fn run(
    store: &Arc<Store>,
    call: &ApiCall,
    operation: &Operation,
    execute: impl AsyncFnOnce() -> ServiceResult,
) -> CallOutcome {
    let number = store.call_log.begin(operation);
    let (outcome, fault) = run_with_faults(store, call, operation, execute).await;
    store.call_log.record_fault(number, fault);
    match &outcome {
        CallOutcome::Hang => {}
        CallOutcome::CloseConnection => store.call_log.end(number, None),
        CallOutcome::Result(Ok(output)) => store.call_log.end(number, Some(output.status())),
        CallOutcome::Result(Err(error)) => store.call_log.end(number, Some(error.status)),
    }
    outcome
}

/// Executes a call with the faults that are injected into it. Returns the name of the fault, too.
async fn run_with_faults(
    store: &Arc<Store>,
    call: &ApiCall,
    operation: &Operation,
    execute: impl AsyncFnOnce() -> ServiceResult,
) -> (CallOutcome, Option<&'static str>) {
    let reject = |error| CallOutcome::Result(Err(error));
    if let Some(error) = signature_error(store, call) {
        return (reject(error), Some("check-signature-time"));
    }
    let FaultDecision { delay, fault, has_delay_rule } = store.active_faults.decide(operation);
    let fault_name =
        fault.as_ref().map(InjectedFault::name).or(has_delay_rule.then_some("delay-ms"));
    let fault_outcome = match &fault {
        Some(InjectedFault::Throttle) => Some(reject(throttling_error(operation.kind.service()))),
        Some(InjectedFault::Error(error)) => {
            Some(reject(AwsError::new(error.status, error.code.clone(), &error.message)))
        }
        Some(InjectedFault::FailBefore) => Some(reject(service_error(operation.kind.service()))),
        Some(InjectedFault::DropBefore) => Some(CallOutcome::CloseConnection),
        Some(InjectedFault::Hang) => Some(CallOutcome::Hang),
        _ => None,
    };
    if let Some(outcome) = fault_outcome {
        wait(store, delay).await;
        return (outcome, fault_name);
    }
    // The guard is held until all delays are over, so that concurrent calls conflict with this one.
    let change = store.active_faults.begin_change(operation);
    wait(store, delay).await;
    let change = match change {
        Ok(change) => change,
        Err(error) => return (reject(error), Some("overlap")),
    };
    let result = execute().await;
    if change.is_some() {
        wait(store, store.active_faults.overlap_duration()).await;
    }
    drop(change);
    match fault {
        Some(InjectedFault::FailAfter) => {
            (reject(service_error(operation.kind.service())), fault_name)
        }
        Some(InjectedFault::DropAfter) => (CallOutcome::CloseConnection, fault_name),
        _ => (CallOutcome::Result(result), fault_name),
    }
}

/// Waits for `delay`, or until the service stops.
async fn wait(store: &Store, delay: Duration) {
    if !delay.is_zero() {
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            () = store.closed() => {}
        }
    }
}

/// Executes an operation of a service.
pub async fn execute(store: &Arc<Store>, call: &ApiCall, operation: &Operation) -> ServiceResult {
    let stale = stale_view(store, operation, call);
    let visible_store = stale.as_ref().unwrap_or(store);
    match operation.kind {
        OperationKind::Appsync(kind) => {
            let labels = &operation.labels;
            let mut result = appsync::handle(visible_store, call, kind, labels).await;
            // A stale state may not have the parent of the list yet: then the list is empty.
            if stale.is_some() && result.as_ref().is_err_and(|error| error.status == 404) {
                result = appsync::handle(store, call, kind, labels).await.map(without_items);
            }
            result.map(ServiceOutput::Json)
        }
        OperationKind::Iam(kind) => {
            let result = iam::handle(visible_store, call, kind).await?;
            record_role_change(store, call, kind);
            Ok(ServiceOutput::Query(result))
        }
        OperationKind::Sts(kind) => {
            sts::handle(visible_store, call, kind).map(|result| ServiceOutput::Query(Some(result)))
        }
        OperationKind::Wafv2(kind) => {
            wafv2::handle(visible_store, call, kind).await.map(ServiceOutput::Json)
        }
        // Stacks call the other services; nothing but `dispatch` calls CloudFormation.
        OperationKind::Cloudformation(kind) => {
            Err(AwsError::unsupported(&format!("cloudformation:{}", kind.name())))
        }
        OperationKind::Ssm(kind) => {
            ssm::handle(visible_store, call, kind).await.map(ServiceOutput::Json)
        }
        OperationKind::S3(kind) => {
            let labels = &operation.labels;
            s3::handle(visible_store, call, kind, labels).await.map(ServiceOutput::Rest)
        }
        OperationKind::Unknown(service) => Err(unknown_operation(service, call)),
    }
}

/// A store with the older state that faults show to `call`, if they make its list or read stale.
fn stale_view(store: &Store, operation: &Operation, call: &ApiCall) -> Option<Arc<Store>> {
    let (listing, now) = (operation.listing(call), store.now_epoch_s());
    let (faults, caller) = (&store.active_faults, &call.caller);
    let state =
        store.read(|state| faults.stale_state(operation, caller, listing.as_ref(), state, now))?;
    Some(store.with_state(state))
}

/// The error for a request that is for none of the implemented operations.
fn unknown_operation(service: Option<Service>, call: &ApiCall) -> AwsError {
    if service == Some(Service::Appsync) {
        return appsync::unsupported_operation(call);
    }
    let service = &call.caller.service;
    match wire_protocol::operation_name(call) {
        Some(operation) => AwsError::unsupported(&format!("{service}:{operation}")),
        None => AwsError::unsupported(&format!("the service {service}")),
    }
}

/// A list's response without items and without a further page.
fn without_items(mut list: Value) -> Value {
    for member in list.as_object_mut().into_iter().flat_map(serde_json::Map::values_mut) {
        match member {
            Value::Array(items) => items.clear(),
            Value::Object(items) => items.clear(),
            other => *other = Value::Null,
        }
    }
    list
}

/// Records when a role changed, which determines when AppSync can assume it.
fn record_role_change(store: &Store, call: &ApiCall, kind: Iam) {
    let form = Form::parse(call);
    let (account, name) = (&call.caller.account, form.get("RoleName").unwrap_or_default());
    let now = store.now_epoch_s();
    match kind {
        Iam::CreateRole => store.active_faults.record_role_change(account, name, true, now),
        Iam::UpdateAssumeRolePolicy => {
            store.active_faults.record_role_change(account, name, false, now);
        }
        Iam::DeleteRole => store.active_faults.record_role_deletion(account, name),
        _ => {}
    }
}

fn signature_error(store: &Store, call: &ApiCall) -> Option<AwsError> {
    if !store.active_faults.checks_signature_time() {
        return None;
    }
    let message = clock::signing_time_error(&call.signed_at, store.now_epoch_s())?;
    let code = match call.caller.service.as_str() {
        "iam" | "sts" | "cloudformation" => "SignatureDoesNotMatch",
        "s3" => "RequestTimeTooSkewed",
        _ => "InvalidSignatureException",
    };
    Some(AwsError::new(403, code, message))
}

/// The service's error for too many calls.
fn throttling_error(service: Option<Service>) -> AwsError {
    let (status, code) = match service {
        Some(Service::Iam | Service::Sts | Service::Cloudformation) => (400, "Throttling"),
        Some(Service::Wafv2 | Service::Ssm) => (400, "ThrottlingException"),
        Some(Service::S3) => (503, "SlowDown"),
        _ => (429, "LimitExceededException"),
    };
    AwsError::new(status, code, "Rate exceeded")
}

/// The service's error for its own failure.
fn service_error(service: Option<Service>) -> AwsError {
    let code = match service {
        Some(Service::Iam) => "ServiceFailure",
        Some(Service::Sts | Service::Cloudformation) => "InternalFailure",
        Some(Service::Wafv2) => "WAFInternalErrorException",
        Some(Service::Ssm) => "InternalServerError",
        Some(Service::S3) => "InternalError",
        _ => "InternalFailureException",
    };
    AwsError::new(500, code, "An internal failure occurred.")
}
