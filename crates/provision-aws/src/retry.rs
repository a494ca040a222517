//! What the SDK should not try again: an address at which nobody is, an operation that is not there.
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority,
};

use crate::error::was_refused;
use crate::stand_ins::missing_operation;

/// A connection that is refused eight times is refused for good, and a mock does not learn an operation
/// meanwhile; but a person waits.
#[derive(Debug)]
pub struct Refused;

impl ClassifyRetry for Refused {
    fn name(&self) -> &'static str {
        "refused for good"
    }
    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        if context.response().is_some_and(|it| missing_operation(it).is_some()) {
            return RetryAction::RetryForbidden;
        }
        let error = context.output_or_error().and_then(Result::err);
        match error.and_then(|error| error.as_connector_error()) {
            Some(error) if was_refused(error) => RetryAction::RetryForbidden,
            _ => RetryAction::NoActionIndicated,
        }
    }
}
