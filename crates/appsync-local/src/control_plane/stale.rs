//! What a call is shown while faults make lists or reads stale.
use std::sync::Arc;

use crate::protocol::operation::Operation;
use crate::protocol::request::Call;
use crate::store::Store;

/// What `call` is shown in place of `store`, if lists or reads are stale.
pub fn view(store: &Store, operation: &Operation, call: &Call) -> Option<Arc<Store>> {
    let (listing, now) = (operation.listing(call), store.now_epoch_s());
    let (running, caller) = (&store.running, &call.caller);
    let state =
        store.look(|state| running.stale(operation, caller, listing.as_ref(), state, now))?;
    Some(store.showing(state))
}
