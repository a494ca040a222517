//! AWS as `provision` sees it: SDK clients, the classification of their errors, the calls of each kind, live
//! state, and applying a plan.
pub mod advice;
pub mod apply;
pub mod backend;
pub mod calls;
pub mod client;
pub mod connect;
pub mod error;
pub mod kinds;
pub mod live;

mod lock;
mod retry;
mod stand_ins;
mod watch;
