//! What a call is shown while faults make lists or reads stale.
use std::sync::Arc;

use crate::protocol::operation::Operation;
use crate::protocol::request::ApiCall;
use crate::store::Store;

/// What `call` is shown in place of `store`, if lists or reads are stale.
pub fn view(store: &Store, operation: &Operation, call: &ApiCall) -> Option<Arc<Store>> {
    let (listing, now) = (operation.listing(call), store.now_epoch_s());
    let (running, caller) = (&store.active_faults, &call.caller);
    let state =
        store.read(|state| running.stale_state(operation, caller, listing.as_ref(), state, now))?;
    Some(store.with_state(state))
}
