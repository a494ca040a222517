//! Counts what is called, and says it for `-v`. Never a path or a body: an API key's id stands in both.
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::FinalizerInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// One for all clients of a run.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    /// The calls that were made, each attempt one.
    pub calls: Arc<AtomicU64>,
}

impl Intercept for Watch {
    fn name(&self) -> &'static str {
        "Watch"
    }
    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let operation = config.load::<Metadata>();
        let service = operation.map_or("AWS", Metadata::service);
        let name = operation.map_or("call", Metadata::name);
        match context.response().map(|it| it.status().as_u16()) {
            Some(status) => tracing::debug!("{service}.{name} {status}"),
            None => tracing::debug!("{service}.{name} no answer"),
        }
        Ok(())
    }
}
