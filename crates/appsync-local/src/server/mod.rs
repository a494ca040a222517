//! The emulator on the network: connections, TLS, routing and the admin interface. It implements nothing of AWS.
pub mod admin;
pub mod guard;
pub mod router;
pub mod serve;
pub mod tls;
