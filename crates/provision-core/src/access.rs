//! Who may connect, publish and subscribe, after inheritance: computed from properties, desired or live.
//! Pure.
mod changes;
mod check;
mod effective;

pub use changes::{AccessChange, AccessOperation, Direction, changes};
pub use check::check;
pub use effective::{Access, ApiAccess, Grant, GrantOrigin, NamespaceAccess, ProviderAccess};
