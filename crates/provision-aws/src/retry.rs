//! Classifies failures as permanent for the SDK, so that no user waits for a dozen useless attempts.
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority,
};

use crate::error::was_refused;
use crate::stand_ins::missing_operation;

/// Forbids retries of a call whose connection was refused, or whose operation the server lacks.
#[derive(Debug)]
pub struct PermanentFailureClassifier;

impl ClassifyRetry for PermanentFailureClassifier {
    fn name(&self) -> &'static str {
        "permanent failure"
    }
    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        if context.response().is_some_and(|response| missing_operation(response).is_some()) {
            return RetryAction::RetryForbidden;
        }
        let error = context.output_or_error().and_then(Result::err);
        match error.and_then(|error| error.as_connector_error()) {
            Some(error) if was_refused(error) => RetryAction::RetryForbidden,
            _ => RetryAction::NoActionIndicated,
        }
    }
}
