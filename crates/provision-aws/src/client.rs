//! The door to AWS: clients, and one classification of everything that can go wrong there.
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{AsyncSleep, SharedAsyncSleep};
use tokio::sync::OnceCell;

use crate::error::{AwsError, failed};
use crate::watch::Watch;

/// The clients of one run.
#[derive(Clone, Debug)]
pub struct Aws {
    /// For calls that may be repeated.
    pub appsync: aws_sdk_appsync::Client,
    /// For creates, which AppSync can't recognise when they come twice: one attempt, no retry.
    pub appsync_once: aws_sdk_appsync::Client,
    pub iam: aws_sdk_iam::Client,
    /// For creates.
    pub iam_once: aws_sdk_iam::Client,
    pub sts: aws_sdk_sts::Client,
    /// Both calls that it is for may be repeated.
    pub waf: aws_sdk_wafv2::Client,
    pub region: String,
    /// As whom calls are made, for what no SDK client sends.
    pub credentials: Option<SharedCredentialsProvider>,
    /// Where the environment or the profile leads calls, if not to AWS's own endpoints.
    pub elsewhere: Option<String>,
    /// The URL of a local AWS that goes on when this command ends.
    pub served_at: Option<String>,
    /// How the engine waits; the SDK waits the same way.
    pub sleep: SharedAsyncSleep,
    pub(crate) watch: Watch,
    /// Whose credentials these are, once somebody has asked.
    pub(crate) identity: Arc<OnceCell<Identity>>,
}

impl Aws {
    pub async fn wait(&self, duration: Duration) {
        self.sleep.sleep(duration).await;
    }
    /// How many calls were made until now, each attempt one.
    pub fn calls(&self) -> u64 {
        self.watch.calls.load(Ordering::Relaxed)
    }
}

/// Who the credentials belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub account: String,
    pub partition: String,
    pub arn: String,
}

impl Aws {
    /// Whose credentials these are; STS is asked once.
    pub async fn identity(&self) -> Result<&Identity, AwsError> {
        self.identity.get_or_try_init(|| self.ask_for_identity()).await
    }
    async fn ask_for_identity(&self) -> Result<Identity, AwsError> {
        let answer =
            self.sts.get_caller_identity().send().await.map_err(failed("GetCallerIdentity"))?;
        let arn = answer.arn.unwrap_or_default();
        tracing::debug!(arn, "calls as");
        let partition = arn.split(':').nth(1).filter(|it| !it.is_empty()).unwrap_or("aws");
        Ok(Identity {
            account: answer.account.unwrap_or_default(),
            partition: partition.to_owned(),
            arn,
        })
    }
}
