//! An API and somebody who asks something of it, for tests.
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use aws_smithy_async::time::{SharedTimeSource, StaticTimeSource};
use serde_json::{Value, json};

use crate::data_plane::apis::TargetApi;
use crate::data_plane::auth::request::{AuthRequest, ClientOperation, CredentialFields, Identity};
use crate::data_plane::channel::Channel;
use crate::data_plane::error::DataPlaneError;
use crate::data_plane::plane::DataPlane;
use crate::data_plane::settings::Settings;
use crate::emulator_options::EmulatorOptions;
use crate::protocol::caller::DEFAULT_ACCOUNT;
use crate::state::{Api, ApiKey, Namespace};
use crate::store::Store;

/// 2026-01-02T03:04:05Z, when the vectors of docs/reference/authorization.md#test-vectors were
/// signed.
pub const NOW: f64 = 1_767_323_045.0;
pub const HOST: &str = "example1234567890000.appsync-api.us-east-1.amazonaws.com";

pub struct AuthFixture {
    pub plane: Arc<DataPlane>,
    pub target: TargetApi,
    pub api: Api,
}

/// Who asks what.
pub struct TestRequest<'a> {
    pub operation: ClientOperation,
    pub channel: Option<&'a str>,
    pub fields: Vec<(&'a str, String)>,
    pub headers: Vec<(&'a str, &'a str)>,
    pub path: &'a str,
    pub signed_text: &'a str,
}

impl AuthFixture {
    /// An API `chat` with these providers, all of which may do everything.
    pub fn with(providers: Value, settings: Settings) -> Self {
        Self::with_options(providers, settings, EmulatorOptions::default())
    }

    pub fn with_options(providers: Value, settings: Settings, options: EmulatorOptions) -> Self {
        let now = UNIX_EPOCH + Duration::from_secs_f64(NOW);
        let clock = SharedTimeSource::new(StaticTimeSource::new(now));
        let store = Store::in_memory_with(clock, options);
        let mut modes: Vec<Value> = Vec::new();
        for provider in providers.as_array().unwrap() {
            modes.push(json!({ "authType": provider["authType"] }));
        }
        let api = Api {
            id: "id".into(),
            name: "chat".into(),
            owner_contact: None,
            event_config: json!({
                "authProviders": providers,
                "connectionAuthModes": modes,
                "defaultPublishAuthModes": modes,
                "defaultSubscribeAuthModes": modes,
            }),
            tags: BTreeMap::new(),
            dns_prefix: "example1234567890000".into(),
            created_epoch_s: 0.0,
            namespaces: BTreeMap::from([("default".into(), namespace("default"))]),
            keys: BTreeMap::new(),
            data_sources: BTreeMap::new(),
            web_acl: None,
        };
        let place = TargetApi {
            account: DEFAULT_ACCOUNT.into(),
            region: "us-east-1".into(),
            api_id: "id".into(),
            domain: None,
        };
        let scene = Self { plane: DataPlane::new(store, settings), target: place, api };
        scene.store_api(&scene.api);
        scene
    }

    /// Makes the store know an API.
    pub fn store_api(&self, api: &Api) {
        let keep = self.plane.store.change(|state| {
            let account = state.accounts.entry(DEFAULT_ACCOUNT.into()).or_default();
            let region = account.regions.entry("us-east-1".into()).or_default();
            region.apis.insert(api.id.clone(), api.clone());
            Ok(())
        });
        futures_util::FutureExt::now_or_never(keep).unwrap().unwrap();
    }

    pub async fn authorize(&self, asking: &TestRequest<'_>) -> Result<Identity, DataPlaneError> {
        let channel = asking.channel.map(|it| Channel { path: it.to_owned() });
        let fields = asking.fields.iter().map(|(name, it)| (name.to_ascii_lowercase(), it.clone()));
        let headers = asking.headers.iter().map(|(name, it)| ((*name).into(), vec![(*it).into()]));
        let asked = AuthRequest {
            target: &self.target,
            api: &self.api,
            operation: asking.operation,
            channel: channel.as_ref(),
            credentials: &CredentialFields { fields: fields.collect() },
            headers: &headers.collect(),
            path: asking.path,
            signed_text: asking.signed_text.as_bytes(),
            peer: Some([127, 0, 0, 1].into()),
        };
        self.plane.authorizer.authorize(&asked).await
    }

    /// Why it is refused.
    pub async fn denial_reason(&self, asking: &TestRequest<'_>) -> String {
        let problem = self.authorize(asking).await.unwrap_err();
        assert_eq!(problem.error_type, "UnauthorizedException", "{problem:?}");
        problem.reason.unwrap()
    }
}

impl<'a> TestRequest<'a> {
    pub fn connect(fields: &[(&'a str, &str)]) -> Self {
        let fields = fields.iter().map(|(name, it)| (*name, (*it).to_owned())).collect();
        Self {
            operation: ClientOperation::Connect,
            channel: None,
            fields,
            headers: Vec::new(),
            path: "/event/realtime",
            signed_text: "{}",
        }
    }
    pub fn publish(channel: &'a str, fields: &[(&'a str, &str)]) -> Self {
        let operation = ClientOperation::Publish;
        Self { operation, channel: Some(channel), ..Self::connect(fields) }
    }
    pub fn subscribe(channel: &'a str, fields: &[(&'a str, &str)]) -> Self {
        let operation = ClientOperation::Subscribe;
        Self { operation, channel: Some(channel), ..Self::connect(fields) }
    }
    pub fn with_signed_text(mut self, signed: &'a str) -> Self {
        self.signed_text = signed;
        self
    }
}

pub fn namespace(name: &str) -> Namespace {
    Namespace {
        name: name.into(),
        publish: json!([]),
        subscribe: json!([]),
        code: None,
        handlers: json!({}),
        tags: BTreeMap::new(),
        created_epoch_s: 0.0,
        modified_epoch_s: 0.0,
    }
}

pub fn key(id: &str, expires_epoch_s: i64) -> ApiKey {
    ApiKey { id: id.into(), description: Some("web".into()), expires_epoch_s }
}
