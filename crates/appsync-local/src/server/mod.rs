//! The emulator on the network: ports, TLS, who may steer it, and the routes that steer it.
pub mod admin;
pub mod guard;
pub mod router;
pub mod serve;
pub mod tls;
