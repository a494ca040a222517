//! For tests: an API, and requests for the authorization of a client's operation.
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use aws_smithy_async::time::{SharedTimeSource, StaticTimeSource};
use serde_json::{Value, json};

use crate::data_plane::apis::TargetApi;
use crate::data_plane::auth::request::{AuthRequest, ClientOperation, CredentialFields, Identity};
use crate::data_plane::channel::Channel;
use crate::data_plane::error::DataPlaneError;
use crate::data_plane::state::DataPlane;
use crate::data_plane::state::Settings;
use crate::emulator_options::EmulatorOptions;
use crate::protocol::caller::DEFAULT_ACCOUNT;
use crate::state::{Api, ApiKey, Namespace};
use crate::store::Store;

/// 2026-01-02T03:04:05Z, when the vectors of docs/reference/authorization.md#test-vectors were
/// signed.
pub const NOW: f64 = 1_767_323_045.0;
pub const HOST: &str = "example1234567890000.appsync-api.us-east-1.amazonaws.com";

/// An API in a data plane.
pub struct AuthFixture {
    pub data_plane: Arc<DataPlane>,
    pub target: TargetApi,
    pub api: Api,
}

/// An operation, with its credentials.
pub struct TestRequest<'a> {
    pub operation: ClientOperation,
    pub channel: Option<&'a str>,
    pub fields: Vec<(&'a str, String)>,
    pub headers: Vec<(&'a str, &'a str)>,
    pub path: &'a str,
    pub signed_text: &'a str,
}

impl AuthFixture {
    /// Creates an API `chat` with these providers, whose auth modes all allow every operation.
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
            namespaces: [("default", namespace("default"))].into(),
            keys: Default::default(),
            data_sources: Default::default(),
            web_acl: None,
        };
        let target = TargetApi {
            account: DEFAULT_ACCOUNT.into(),
            region: "us-east-1".into(),
            api_id: "id".into(),
            domain: None,
        };
        let fixture = Self { data_plane: DataPlane::new(store, settings), target, api };
        fixture.store_api(&fixture.api);
        fixture
    }

    /// Stores an API.
    pub fn store_api(&self, api: &Api) {
        let keep = self.data_plane.store.change(|state| {
            let account = state.accounts.or_default(DEFAULT_ACCOUNT);
            account.regions.or_default("us-east-1").apis.insert(&*api.id, api.clone());
            Ok(())
        });
        futures_util::FutureExt::now_or_never(keep).unwrap().unwrap();
    }

    pub async fn authorize(&self, request: &TestRequest<'_>) -> Result<Identity, DataPlaneError> {
        let channel = request.channel.map(|text| Channel { path: text.to_owned() });
        let fields =
            request.fields.iter().map(|(name, field)| (name.to_ascii_lowercase(), field.clone()));
        let headers =
            request.headers.iter().map(|(name, header)| ((*name).into(), vec![(*header).into()]));
        let auth_request = AuthRequest {
            target: &self.target,
            api: &self.api,
            operation: request.operation,
            channel: channel.as_ref(),
            credentials: &CredentialFields { fields: fields.collect() },
            headers: &headers.collect(),
            path: request.path,
            signed_text: request.signed_text.as_bytes(),
            peer: Some([127, 0, 0, 1].into()),
        };
        self.data_plane.authorizer.authorize(&auth_request).await
    }

    /// Returns why an operation is denied.
    pub async fn denial_reason(&self, request: &TestRequest<'_>) -> String {
        let error = self.authorize(request).await.unwrap_err();
        assert_eq!(error.error_type, "UnauthorizedException", "{error:?}");
        error.reason.unwrap()
    }
}

impl<'a> TestRequest<'a> {
    pub fn connect(fields: &[(&'a str, &str)]) -> Self {
        let fields = fields.iter().map(|(name, field)| (*name, (*field).to_owned())).collect();
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
