//! Makes the SDK clients: Region, profile, endpoint and credentials are found as every AWS tool finds them.
//!
//! Connecting calls no AWS service; a wrong credential shows at the first call.
use std::sync::Arc;
use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_sdk_appsync::config::retry::RetryPartition;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, ConnectorBuilder};
use aws_smithy_runtime::client::retries::TokenBucket;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_types::SdkConfig;
use aws_types::os_shim_internal::{Env, Fs};
use aws_types::service_config::ServiceConfigKey;
use provision_core::failure::ErrorClass;

use crate::client::{Aws, CallCounter};
use crate::error::{AwsError, was_refused};
use crate::stand_ins::missing_operation;

/// The time limit of one attempt. AppSync responds in well under a second.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The attempts of one call that may be repeated. A large plan that is throttled needs more than three.
const MAX_ATTEMPTS: u32 = 12;
const INITIAL_BACKOFF: Duration = Duration::from_millis(200);
/// Twelve attempts then take most of a minute, and no call waits much longer than it must.
const MAX_BACKOFF: Duration = Duration::from_secs(5);
/// The SDK's default of 500 tokens does not last for a throttled plan of a few hundred calls.
const RETRY_TOKENS: usize = 100_000;
/// The Region of the local emulator, unless one is set.
const LOCAL_REGION: &str = "us-east-1";

/// Which account, Region and endpoint a command uses.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// Default: as the environment or the profile sets it.
    pub region: Option<String>,
    /// The account of the local emulator. Other endpoints ignore it: there the credentials determine the account.
    pub account: Option<String>,
    /// The name of an AWS profile. Default: as the environment sets it.
    pub profile: Option<String>,
    /// Where the calls are sent.
    pub endpoint: AwsEndpoint,
}

/// Where the calls are sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AwsEndpoint {
    /// AWS's own endpoints, unless the environment or the profile sets others.
    #[default]
    Aws,
    /// This URL, with the user's credentials.
    Url(String),
    /// The local emulator at this URL, with placeholder credentials.
    Local(String),
}

/// Makes the clients for `target`. No AWS service is called.
///
/// # Errors
///
/// Fails if no Region is set, if a named profile does not exist, or if the AWS configuration cannot be read.
pub async fn connect(target: &Target) -> Result<Aws, AwsError> {
    let sleep = SharedAsyncSleep::new(TokioSleep::new());
    let config = load_config(target, &sleep).await?;
    let region = config.region().map(ToString::to_string).ok_or_else(no_region)?;
    Ok(clients(&config, region, sleep))
}

/// Combines the target with the environment and the profile.
async fn load_config(target: &Target, sleep: &SharedAsyncSleep) -> Result<SdkConfig, AwsError> {
    let http = http_client(&target.endpoint);
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http.clone())
        .sleep_impl(sleep.clone())
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(MAX_ATTEMPTS)
                .with_initial_backoff(INITIAL_BACKOFF)
                .with_max_backoff(MAX_BACKOFF),
        )
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                .build(),
        );
    if let Some(profile) = &target.profile {
        // A profile that is named takes precedence over the keys in the environment.
        let provider_config = ProviderConfig::default()
            .with_http_client(http)
            .with_sleep_impl(sleep.clone())
            .with_region(target.region.clone().map(Region::new));
        let credentials = ProfileFileCredentialsProvider::builder()
            .configure(&provider_config)
            .profile_name(profile)
            .build();
        loader = loader.profile_name(profile).credentials_provider(credentials);
    }
    if let Some(region) = &target.region {
        loader = loader.region(Region::new(region.clone()));
    }
    match &target.endpoint {
        AwsEndpoint::Aws => {}
        AwsEndpoint::Url(url) => loader = loader.endpoint_url(url),
        AwsEndpoint::Local(url) => {
            // The emulator treats an access key of twelve digits as the account id.
            let key = target.account.as_deref().unwrap_or("local");
            loader = loader
                .endpoint_url(url)
                .credentials_provider(Credentials::new(key, "local", None, None, "local"));
            if target.region.is_none() {
                loader = loader.region(Region::new(LOCAL_REGION));
            }
        }
    }
    if !matches!(target.endpoint, AwsEndpoint::Local(_)) {
        check_profile(target.profile.as_deref()).await?;
    }
    Ok(loader.load().await)
}

fn clients(config: &SdkConfig, region: String, sleep: SharedAsyncSleep) -> Aws {
    let tokens = TokenBucket::builder().capacity(RETRY_TOKENS).build();
    let retry_partition = RetryPartition::custom("provision").token_bucket(tokens).build();
    let once = RetryConfig::disabled();
    let call_counter = CallCounter::default();
    let appsync = aws_sdk_appsync::config::Builder::from(config)
        .interceptor(call_counter.clone())
        .retry_classifier(PermanentFailureClassifier);
    let iam = aws_sdk_iam::config::Builder::from(config)
        .interceptor(call_counter.clone())
        .retry_classifier(PermanentFailureClassifier);
    let sts = aws_sdk_sts::config::Builder::from(config)
        .interceptor(call_counter.clone())
        .retry_classifier(PermanentFailureClassifier);
    let waf = aws_sdk_wafv2::config::Builder::from(config)
        .interceptor(call_counter.clone())
        .retry_classifier(PermanentFailureClassifier);
    Aws {
        appsync_once: aws_sdk_appsync::Client::from_conf(
            appsync.clone().retry_config(once.clone()).build(),
        ),
        appsync: aws_sdk_appsync::Client::from_conf(
            appsync.retry_partition(retry_partition.clone()).build(),
        ),
        iam_once: aws_sdk_iam::Client::from_conf(iam.clone().retry_config(once).build()),
        iam: aws_sdk_iam::Client::from_conf(iam.retry_partition(retry_partition.clone()).build()),
        waf: aws_sdk_wafv2::Client::from_conf(waf.retry_partition(retry_partition).build()),
        sts: aws_sdk_sts::Client::from_conf(sts.build()),
        region,
        credentials: config.credentials_provider(),
        custom_endpoints: custom_endpoints(config),
        served_at: None,
        sleep,
        call_counter,
        identity: Arc::default(),
    }
}

/// Returns the endpoints that the environment or the profile sets, for all services or for each.
fn custom_endpoints(config: &SdkConfig) -> Option<String> {
    let url = |service: &str| {
        let key = ServiceConfigKey::builder().service_id(service);
        let key = key.env("AWS_ENDPOINT_URL").profile("endpoint_url").build().ok()?;
        let of_service = config.service_config().and_then(|settings| settings.load_config(key));
        of_service.or_else(|| config.endpoint_url().map(str::to_owned))
    };
    let urls = SERVICES.map(|service| (service, url(service)));
    let first = urls[0].1.clone();
    if urls.iter().all(|(_, url)| *url == first) {
        return first.map(|url| format!("at {url}"));
    }
    let endpoints =
        urls.iter().filter_map(|(service, url)| Some(format!("{service} at {}", url.as_ref()?)));
    Some(endpoints.collect::<Vec<_>>().join(", "))
}

/// The services that are called, by their ids in AWS configuration files.
const SERVICES: [&str; 4] = ["AppSync", "IAM", "STS", "WAFV2"];

/// Makes the HTTP client. Only the SDK's default client reads the proxy settings by itself. The local emulator
/// is not reached through a proxy.
fn http_client(endpoint: &AwsEndpoint) -> SharedHttpClient {
    let local = matches!(endpoint, AwsEndpoint::Local(_));
    Builder::new().build_with_connector_fn(move |settings, components| {
        let proxy = if local { ProxyConfig::disabled() } else { ProxyConfig::from_env() };
        let mut builder = ConnectorBuilder::default()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .proxy_config(proxy);
        if let Some(settings) = settings {
            builder = builder.connector_settings(settings.clone());
        }
        if let Some(sleep) = components.and_then(RuntimeComponents::sleep_impl) {
            builder = builder.sleep_impl(sleep);
        }
        builder.build()
    })
}

/// Fails if the selected profile does not exist. The SDK would ignore that, and use another account.
async fn check_profile(name: Option<&str>) -> Result<(), AwsError> {
    let (files, environment) = (Default::default(), Env::real());
    let name = name.map(|name| name.to_owned().into());
    let profiles = aws_config::profile::load(&Fs::real(), &environment, &files, name).await;
    let profiles = profiles
        .map_err(|error| invalid_config(format!("cannot read the AWS configuration: {error}")))?;
    let selected = profiles.selected_profile();
    match selected == "default" || profiles.get_profile(selected).is_some() {
        true => Ok(()),
        false => {
            let message = format!("the AWS configuration has no profile `{selected}`");
            Err(invalid_config(message))
        }
    }
}

fn no_region() -> AwsError {
    invalid_config(
        "no region: set `region:` in the spec, `--region`, AWS_REGION, or a region in the AWS profile",
    )
}

fn invalid_config(message: impl Into<String>) -> AwsError {
    AwsError::new(ErrorClass::Invalid, "", message)
}

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
