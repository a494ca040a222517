//! Who may connect, publish and subscribe, after inheritance: read from properties, whether a spec
//! wants them or AWS has them. Pure.
mod changes;
mod check;
mod effective;

pub use changes::{AccessChange, Direction, Operation, changes};
pub use check::check;
pub use effective::{Access, ApiAccess, Grant, GrantOrigin, NamespaceAccess, ProviderAccess};
