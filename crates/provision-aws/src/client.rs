//! The SDK clients of one run, and the identity that they call AWS with.
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{AsyncSleep, SharedAsyncSleep};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::FinalizerInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use tokio::sync::OnceCell;

use crate::error::{AwsError, failed};

/// The clients of one run. Cloning is cheap, and clones share their identity and their call counter.
#[derive(Clone, Debug)]
pub struct Aws {
    /// For calls that may be repeated.
    pub appsync: aws_sdk_appsync::Client,
    /// For creates, which are sent once: AppSync does not recognize a repeated create.
    pub(crate) appsync_once: aws_sdk_appsync::Client,
    /// For calls that may be repeated.
    pub iam: aws_sdk_iam::Client,
    /// For creates, which are sent once.
    pub(crate) iam_once: aws_sdk_iam::Client,
    pub(crate) sts: aws_sdk_sts::Client,
    /// For associating web ACLs, which may be repeated.
    pub waf: aws_sdk_wafv2::Client,
    /// The Region of the stack.
    pub region: String,
    /// The credentials of the calls, for requests that no SDK client sends.
    pub credentials: Option<SharedCredentialsProvider>,
    /// The endpoints that the environment or the profile sets instead of AWS's own, as a text for messages.
    pub custom_endpoints: Option<String>,
    /// The URL of the local emulator, if it keeps running after this command.
    pub served_at: Option<String>,
    /// How the engine waits. The SDK waits in the same way.
    pub sleep: SharedAsyncSleep,
    pub(crate) call_counter: CallCounter,
    /// Empty until STS is called for the first time.
    pub(crate) identity: Arc<OnceCell<Identity>>,
}

/// The identity that the credentials belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The account id, 12 digits.
    pub account: String,
    /// The partition of the account, such as `aws` or `aws-cn`.
    pub partition: String,
    /// The ARN of the user or of the assumed role.
    pub arn: String,
}

impl Aws {
    /// Waits for `duration`.
    pub async fn wait(&self, duration: Duration) {
        self.sleep.sleep(duration).await;
    }

    /// Returns the number of calls so far. Each attempt counts.
    pub fn calls(&self) -> u64 {
        self.call_counter.calls()
    }

    /// Returns the identity of the credentials. Only the first call is sent to STS.
    ///
    /// # Errors
    ///
    /// Fails if there are no credentials, or if STS rejects them or cannot be reached.
    pub async fn identity(&self) -> Result<&Identity, AwsError> {
        self.identity.get_or_try_init(|| self.get_caller_identity()).await
    }

    async fn get_caller_identity(&self) -> Result<Identity, AwsError> {
        let call = self.sts.get_caller_identity();
        let caller = call.send().await.map_err(failed("GetCallerIdentity"))?;
        let arn = caller.arn.unwrap_or_default();
        tracing::debug!(arn, "calls as");
        let partition = arn.split(':').nth(1).filter(|part| !part.is_empty()).unwrap_or("aws");
        Ok(Identity {
            account: caller.account.unwrap_or_default(),
            partition: partition.to_owned(),
            arn,
        })
    }
}

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
