mod definition;

pub use self::definition::{Kind as TypedKind, *};
