//! The operations of AppSync that are imitated.
use serde_json::Value;

use crate::control_plane::appsync::input::Input;
use crate::control_plane::appsync::{
    api, api_key, data_source, domain, evaluate_code, namespace, tags,
};
use crate::control_plane::undocumented;
use crate::protocol::operation::Appsync;
use crate::protocol::request::Call;
use crate::protocol::response::Fault;
use crate::store::Store;

/// Carries out one operation, with the labels of its path.
pub async fn answer(
    store: &Store,
    call: &Call,
    operation: Appsync,
    labels: &[String],
) -> Result<Value, Fault> {
    let answer = carry_out(store, call, operation, labels).await;
    answer.map_err(|fault| undocumented::named(fault, store.options()))
}

async fn carry_out(
    store: &Store,
    call: &Call,
    operation: Appsync,
    labels: &[String],
) -> Result<Value, Fault> {
    let caller = &call.caller;
    let label = |n: usize| labels.get(n).map_or("", String::as_str);
    // Of what is in an API, the API's id and the name of the thing itself; else the name alone.
    let (first, second) = (label(0), label(1));
    let input = || Input::of(&call.body);
    match operation {
        Appsync::CreateApi => api::create(store, caller, &input()?).await,
        Appsync::GetApi => api::get(store, caller, first),
        Appsync::UpdateApi => api::update(store, caller, first, &input()?).await,
        Appsync::DeleteApi => api::delete(store, caller, first).await,
        Appsync::ListApis => api::list(store, call),
        Appsync::CreateChannelNamespace => namespace::create(store, caller, first, &input()?).await,
        Appsync::GetChannelNamespace => namespace::get(store, caller, first, second),
        Appsync::UpdateChannelNamespace => {
            namespace::update(store, caller, first, second, &input()?).await
        }
        Appsync::DeleteChannelNamespace => namespace::delete(store, caller, first, second).await,
        Appsync::ListChannelNamespaces => namespace::list(store, call, first),
        Appsync::CreateApiKey => api_key::create(store, caller, first, &input()?).await,
        Appsync::UpdateApiKey => api_key::update(store, caller, first, second, &input()?).await,
        Appsync::DeleteApiKey => api_key::delete(store, caller, first, second).await,
        Appsync::ListApiKeys => api_key::list(store, call, first),
        Appsync::CreateDataSource => data_source::create(store, caller, first, &input()?).await,
        Appsync::GetDataSource => data_source::get(store, caller, first, second),
        Appsync::UpdateDataSource => {
            data_source::update(store, caller, first, second, &input()?).await
        }
        Appsync::DeleteDataSource => data_source::delete(store, caller, first, second).await,
        Appsync::ListDataSources => data_source::list(store, call, first),
        Appsync::CreateDomainName => domain::create(store, caller, &input()?).await,
        Appsync::GetDomainName => domain::get(store, caller, first),
        Appsync::UpdateDomainName => domain::update(store, caller, first, &input()?).await,
        Appsync::DeleteDomainName => domain::delete(store, caller, first).await,
        Appsync::ListDomainNames => domain::list(store, call),
        Appsync::AssociateApi => domain::associate(store, caller, first, &input()?).await,
        Appsync::GetApiAssociation => domain::association(store, caller, first),
        Appsync::DisassociateApi => domain::disassociate(store, caller, first).await,
        Appsync::TagResource => tags::tag(store, caller, first, &input()?).await,
        Appsync::UntagResource => tags::untag(store, call, first).await,
        Appsync::ListTagsForResource => tags::list(store, caller, first),
        Appsync::EvaluateCode => evaluate_code::answer(store, &input()?).await,
    }
}
