//! What all operations on one Event API have in common.
use crate::endpoint::Endpoint;
use crate::network::Network;
use crate::network::Timing;

/// One Event API, and how to reach it. Cloning it is cheap.
///
/// Creating a client does not connect: [`publisher`](Self::publisher), [`subscriber`](Self::subscriber)
/// and [`subscribe`](Self::subscribe) open one connection each.
#[derive(Clone, Debug)]
pub struct Client {
    /// The addresses of the API.
    pub endpoint: Endpoint,
    /// Proxies and certificates.
    pub network: Network,
    /// Timeouts and retry limits.
    pub timing: Timing,
}

impl Client {
    /// A client without a proxy, with the machine's trusted certificates and default timing.
    pub fn new(endpoint: Endpoint) -> Self {
        Self { endpoint, network: Network::default(), timing: Timing::default() }
    }

    /// Like this client, with these proxies and certificates.
    pub fn with_network(self, network: Network) -> Self {
        Self { network, ..self }
    }

    /// Like this client, with these timeouts and retry limits.
    pub fn with_timing(self, timing: Timing) -> Self {
        Self { timing, ..self }
    }
}
