//! The differences of a change, leaf by leaf.
use serde_json::Value;

use provision_core::diff::{Change, Field};
use provision_core::kind::Kind;

use super::display_value::{Leaf, leaves, shown};

/// One leaf that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// `EventConfig.ConnectionAuthModes`
    pub path: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
    /// Whether a part of `after` is known only after apply.
    pub is_open: bool,
}

/// Everything that differs, leaf by leaf.
pub fn pairs(change: &Change) -> Vec<Pair> {
    let kind = change.kind;
    let fields = change.fields.iter().filter(|it| !is_link(kind, it));
    fields.flat_map(|field| pairs_of(kind, field)).collect()
}

/// What only says on which API it hangs; the address says so already, unless it hangs on something else.
fn is_link(kind: &'static dyn Kind, field: &Field) -> bool {
    let changes = field.before.is_some() && field.after.is_some();
    kind.parent == Some("apis") && field.name == "ApiId" && !changes
}

fn pairs_of(kind: &'static dyn Kind, field: &Field) -> Vec<Pair> {
    let side = |value: &Option<Value>| {
        let value = value.as_ref().map(|it| shown(kind, &field.name, it));
        value.map(|it| leaves(&field.name, &it)).unwrap_or_default()
    };
    let (before, after) = (side(&field.before), side(&field.after));
    let of = |side: &[Leaf], path: &str| side.iter().find(|it| it.path == path).cloned();
    let gone = before.iter().filter(|it| of(&after, &it.path).is_none());
    let pair = |path: &str| {
        let (before, after) = (of(&before, path), of(&after, path));
        let is_open = after.as_ref().is_some_and(|it| it.is_open);
        let (before, after) = (before.map(|it| it.value), after.map(|it| it.value));
        Pair { path: path.to_owned(), before, after, is_open }
    };
    let pairs = gone.chain(&after).map(|it| pair(&it.path));
    pairs.filter(|it| it.before != it.after || it.is_open).collect()
}
