//! How a run reaches AWS: region, profile, endpoint and credentials, as every AWS tool finds them.
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
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, ConnectorBuilder};
use aws_smithy_runtime::client::retries::TokenBucket;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_types::SdkConfig;
use aws_types::os_shim_internal::{Env, Fs};
use aws_types::service_config::ServiceConfigKey;

use crate::client::Aws;
use crate::error::AwsError;
use crate::retry::Refused;
use crate::watch::Watch;
use provision_core::failure::ErrorClass;

/// One attempt may take this long; AppSync answers in well under a second.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Attempts of one call that may be repeated. Throttling of a big plan needs more than three.
const ATTEMPTS: u32 = 12;
const FIRST_BACKOFF: Duration = Duration::from_millis(200);
/// Twelve attempts are most of a minute then, and no call waits for long that could go ahead.
const LONGEST_BACKOFF: Duration = Duration::from_secs(5);
/// The SDK's own bucket of 500 runs dry in a plan of a few hundred calls under throttling.
const RETRY_TOKENS: usize = 100_000;
/// Whose the local AWS's objects are, and where, when nobody says so.
const LOCAL_REGION: &str = "us-east-1";

/// Which AWS a user means.
#[derive(Clone, Debug, Default)]
pub struct Target {
    pub region: Option<String>,
    /// Whose the objects of a local AWS are; nobody else's account can be chosen.
    pub account: Option<String>,
    pub profile: Option<String>,
    pub endpoint: AwsEndpoint,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AwsEndpoint {
    /// AWS's own, or what the environment or the profile says.
    #[default]
    Aws,
    /// This URL, with the user's credentials.
    Url(String),
    /// A local AWS at this URL, with credentials that mean nothing.
    Local(String),
}

/// Makes the clients. Nothing is called yet; only a region must be known.
pub async fn connect(target: &Target) -> Result<Aws, AwsError> {
    let sleep = SharedAsyncSleep::new(TokioSleep::new());
    let config = configuration(target, &sleep).await?;
    let region = config.region().map(ToString::to_string).ok_or_else(no_region)?;
    Ok(clients(&config, region, sleep))
}

/// What the target, the environment and the profile come to.
async fn configuration(target: &Target, sleep: &SharedAsyncSleep) -> Result<SdkConfig, AwsError> {
    let http = http_client(&target.endpoint);
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http.clone())
        .sleep_impl(sleep.clone())
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(ATTEMPTS)
                .with_initial_backoff(FIRST_BACKOFF)
                .with_max_backoff(LONGEST_BACKOFF),
        )
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                .build(),
        );
    if let Some(profile) = &target.profile {
        // Who names a profile means its account, whatever keys the environment holds.
        let configuration = ProviderConfig::default()
            .with_http_client(http)
            .with_sleep_impl(sleep.clone())
            .with_region(target.region.clone().map(Region::new));
        let credentials = ProfileFileCredentialsProvider::builder()
            .configure(&configuration)
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
            // It takes a key of twelve digits for the account.
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
        profile_exists(target.profile.as_deref()).await?;
    }
    Ok(loader.load().await)
}

fn clients(config: &SdkConfig, region: String, sleep: SharedAsyncSleep) -> Aws {
    let tokens = TokenBucket::builder().capacity(RETRY_TOKENS).build();
    let patient = RetryPartition::custom("provision").token_bucket(tokens).build();
    let once = RetryConfig::disabled();
    let watch = Watch::default();
    let appsync = aws_sdk_appsync::config::Builder::from(config)
        .interceptor(watch.clone())
        .retry_classifier(Refused);
    let iam = aws_sdk_iam::config::Builder::from(config)
        .interceptor(watch.clone())
        .retry_classifier(Refused);
    let sts = aws_sdk_sts::config::Builder::from(config)
        .interceptor(watch.clone())
        .retry_classifier(Refused);
    let waf = aws_sdk_wafv2::config::Builder::from(config)
        .interceptor(watch.clone())
        .retry_classifier(Refused);
    Aws {
        appsync_once: aws_sdk_appsync::Client::from_conf(
            appsync.clone().retry_config(once.clone()).build(),
        ),
        appsync: aws_sdk_appsync::Client::from_conf(
            appsync.retry_partition(patient.clone()).build(),
        ),
        iam_once: aws_sdk_iam::Client::from_conf(iam.clone().retry_config(once).build()),
        iam: aws_sdk_iam::Client::from_conf(iam.retry_partition(patient.clone()).build()),
        waf: aws_sdk_wafv2::Client::from_conf(waf.retry_partition(patient).build()),
        sts: aws_sdk_sts::Client::from_conf(sts.build()),
        region,
        credentials: config.credentials_provider(),
        elsewhere: elsewhere(config),
        served_at: None,
        sleep,
        watch,
        identity: Arc::default(),
    }
}

/// Where the environment or the profile leads the calls to each service, as every AWS tool obeys it.
fn elsewhere(config: &SdkConfig) -> Option<String> {
    let url = |service: &str| {
        let key = ServiceConfigKey::builder().service_id(service);
        let key = key.env("AWS_ENDPOINT_URL").profile("endpoint_url").build().ok()?;
        let own = config.service_config().and_then(|it| it.load_config(key));
        own.or_else(|| config.endpoint_url().map(str::to_owned))
    };
    let urls = SERVICES.map(|service| (service, url(service)));
    let one = urls[0].1.clone();
    if urls.iter().all(|(_, url)| *url == one) {
        return one.map(|url| format!("at {url}"));
    }
    let led =
        urls.iter().filter_map(|(service, url)| Some(format!("{service} at {}", url.as_ref()?)));
    Some(led.collect::<Vec<_>>().join(", "))
}

/// The services that are called, by the names under which AWS's tools configure them.
const SERVICES: [&str; 4] = ["AppSync", "IAM", "STS", "WAFV2"];

/// The SDK's default client is the only one that reads proxy settings, so ours must be told. A local
/// AWS is not reached through a proxy.
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

/// A profile that is named must be there; the SDK would go on without it, and end at another account.
async fn profile_exists(named: Option<&str>) -> Result<(), AwsError> {
    let (files, environment) = (Default::default(), Env::real());
    let named = named.map(|it| it.to_owned().into());
    let profiles = aws_config::profile::load(&Fs::real(), &environment, &files, named).await;
    let profiles = profiles
        .map_err(|error| unusable(format!("the AWS configuration can't be read: {error}")))?;
    let selected = profiles.selected_profile();
    match selected == "default" || profiles.get_profile(selected).is_some() {
        true => Ok(()),
        false => Err(unusable(format!("the AWS configuration has no profile `{selected}`"))),
    }
}

fn no_region() -> AwsError {
    unusable(
        "no region: set `region:` in the spec, `--region`, AWS_REGION, or a region in the AWS profile",
    )
}

fn unusable(message: impl Into<String>) -> AwsError {
    let message = message.into();
    AwsError::new(ErrorClass::Invalid, "", message)
}
