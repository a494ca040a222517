//! What all operations share: where the API is, the way to it, and how long to wait.
use crate::endpoint::Endpoint;
use crate::network::Network;
use crate::timing::Timing;

/// One Event API, and the way to it.
#[derive(Clone, Debug)]
pub struct Client {
    pub endpoint: Endpoint,
    pub net: Network,
    pub timing: Timing,
}
