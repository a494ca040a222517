//! Counts the calls of a run, and logs each for `-v`.
//!
//! It never logs a path or a body: both may contain the id of an API key, which is a secret.
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::FinalizerInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// An interceptor that all clients of a run share.
#[derive(Clone, Debug, Default)]
pub struct CallCounter(Arc<AtomicU64>);

impl CallCounter {
    /// Returns the number of calls so far. Each attempt counts.
    pub fn calls(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Intercept for CallCounter {
    fn name(&self) -> &'static str {
        "CallCounter"
    }
    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let operation = config.load::<Metadata>();
        let service = operation.map_or("AWS", Metadata::service);
        let name = operation.map_or("call", Metadata::name);
        match context.response().map(|response| response.status().as_u16()) {
            Some(status) => tracing::debug!("{service}.{name} {status}"),
            None => tracing::debug!("{service}.{name} no response"),
        }
        Ok(())
    }
}
