//! AWS as `provision` sees it: SDK clients, the classification of their errors, the calls of each kind, live
//! state, and applying a plan.
pub mod apply;
pub mod aws;
pub mod backend;
pub mod calls;
pub mod kinds;
pub mod live;
