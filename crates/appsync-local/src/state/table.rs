//! An ordered map whose copies share its values. It knows nothing of what the values mean or how they are stored.
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::{Bound, Index};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A map from keys to values, in the order of the keys, that is copied when it is changed.
///
/// A clone takes constant time, however large the values are: it shares everything with the original until one of
/// the two changes, and then they differ in the changed values only. So a change of the state can start from a
/// clone, which is dropped if the change fails; [`differences`] finds what a change did; and old states are kept at
/// the price of what changed since.
///
/// Its methods are those of [`BTreeMap`].
///
/// [`differences`]: Table::differences
pub(crate) struct Table<T>(Arc<BTreeMap<Arc<str>, Arc<T>>>);

/// What a change did to the value of a key.
pub enum Difference<'a, T> {
    Added(&'a T),
    Removed,
    /// The value before and after. They can be equal.
    Changed(&'a T, &'a T),
}

impl<T> Table<T> {
    pub fn get(&self, key: &str) -> Option<&T> {
        self.0.get(key).map(|value| &**value)
    }

    pub fn contains_key(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &T)> + Clone {
        self.0.iter().map(|(key, value)| (&**key, &**value))
    }

    /// The entries whose keys are greater than `key`; without one, all.
    pub fn iter_after(&self, key: Option<&str>) -> impl Iterator<Item = (&str, &T)> {
        let start = key.map_or(Bound::Unbounded, Bound::Excluded);
        let entries = self.0.range::<str, _>((start, Bound::Unbounded));
        entries.map(|(key, value)| (&**key, &**value))
    }

    pub fn last(&self) -> Option<(&str, &T)> {
        self.0.last_key_value().map(|(key, value)| (&**key, &**value))
    }

    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &str> + Clone {
        self.0.keys().map(|key| &**key)
    }

    pub fn values(&self) -> impl DoubleEndedIterator<Item = &T> + Clone {
        self.0.values().map(|value| &**value)
    }

    /// The differences between two tables, in the order of the keys. Only values that the tables do not share are
    /// compared, by their keys.
    pub fn differences<'a>(
        before: &'a Self,
        after: &'a Self,
    ) -> impl Iterator<Item = (&'a str, Difference<'a, T>)> {
        let mut before = before.0.iter().peekable();
        let mut after = after.0.iter().peekable();
        std::iter::from_fn(move || {
            loop {
                let order = match (before.peek(), after.peek()) {
                    (None, None) => return None,
                    (Some(_), None) => Ordering::Less,
                    (None, Some(_)) => Ordering::Greater,
                    (Some((old_key, _)), Some((new_key, _))) => old_key.cmp(new_key),
                };
                let old = before.next_if(|_| order.is_le());
                let new = after.next_if(|_| order.is_ge());
                let difference = match (old, new) {
                    (Some((_, old)), Some((_, new))) if Arc::ptr_eq(old, new) => continue,
                    (Some((_, old)), Some((_, new))) => Difference::Changed(&**old, &**new),
                    (None, Some((_, new))) => Difference::Added(&**new),
                    (_, None) => Difference::Removed,
                };
                let (key, _) = old.or(new)?;
                return Some((&**key, difference));
            }
        })
    }
}

impl<T: Clone> Table<T> {
    pub fn get_mut(&mut self, key: &str) -> Option<&mut T> {
        // A missing key must not copy the map.
        self.0.get(key)?;
        Arc::make_mut(&mut self.0).get_mut(key).map(Arc::make_mut)
    }

    /// The value of `key`, which is added if it is missing.
    pub fn or_default(&mut self, key: &str) -> &mut T
    where
        T: Default,
    {
        Arc::make_mut(Arc::make_mut(&mut self.0).entry(key.into()).or_default())
    }

    /// Sets the value of `key`, and returns the value that it replaces.
    pub fn insert(&mut self, key: impl Into<Arc<str>>, value: T) -> Option<Arc<T>> {
        Arc::make_mut(&mut self.0).insert(key.into(), Arc::new(value))
    }

    /// Removes `key`, and returns its value.
    pub fn remove(&mut self, key: &str) -> Option<Arc<T>> {
        self.get(key)?;
        Arc::make_mut(&mut self.0).remove(key)
    }

    /// Removes every key that `keep` is false for.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &T) -> bool) {
        if !self.iter().all(|(key, value)| keep(key, value)) {
            Arc::make_mut(&mut self.0).retain(|key, value| keep(key, value));
        }
    }

    pub fn clear(&mut self) {
        self.0 = Arc::default();
    }

    /// All values, which are all copied if they are shared.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        Arc::make_mut(&mut self.0).values_mut().map(Arc::make_mut)
    }
}

impl<T> Index<&str> for Table<T> {
    type Output = T;

    fn index(&self, key: &str) -> &T {
        &self.0[key]
    }
}

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Into<Arc<str>>, T> FromIterator<(K, T)> for Table<T> {
    fn from_iter<I: IntoIterator<Item = (K, T)>>(entries: I) -> Self {
        let entries = entries.into_iter().map(|(key, value)| (key.into(), Arc::new(value)));
        Self(Arc::new(entries.collect()))
    }
}

impl<K: Into<Arc<str>>, T, const N: usize> From<[(K, T); N]> for Table<T> {
    fn from(entries: [(K, T); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<T: Serialize> Serialize for Table<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Table<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BTreeMap::<String, T>::deserialize(deserializer).map(Self::from_iter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differences(before: &Table<u8>, after: &Table<u8>) -> Vec<String> {
        let text = |(key, difference): (&str, Difference<'_, u8>)| match difference {
            Difference::Added(value) => format!("+{key}={value}"),
            Difference::Removed => format!("-{key}"),
            Difference::Changed(old, new) => format!("{key}={old}>{new}"),
        };
        Table::differences(before, after).map(text).collect()
    }

    #[test]
    fn a_clone_differs_only_in_what_changed() {
        let before = Table::from([("a", 1), ("b", 2), ("c", 3)]);
        let mut after = before.clone();
        assert_eq!(differences(&before, &after), [""; 0]);
        after.insert("ab", 4);
        *after.get_mut("b").unwrap() = 5;
        after.remove("c");
        after.insert("d", 6);
        assert_eq!(differences(&before, &after), ["+ab=4", "b=2>5", "-c", "+d=6"]);
        assert_eq!(before["b"], 2);
        assert!(Arc::ptr_eq(&before.0["a"], &after.0["a"]));
    }

    #[test]
    fn what_changes_nothing_copies_nothing() {
        let before = Table::from([("a", 1)]);
        let mut after = before.clone();
        assert!(after.get_mut("b").is_none() && after.remove("b").is_none());
        after.retain(|_, _| true);
        assert!(Arc::ptr_eq(&before.0, &after.0));
    }

    #[test]
    fn retain_removes_and_or_default_adds() {
        let mut table = Table::from([("a", 1), ("b", 2)]);
        table.retain(|key, value| key == "a" && *value == 1);
        *table.or_default("a") += 1;
        *table.or_default("c") += 1;
        table.values_mut().for_each(|value| *value *= 10);
        assert_eq!(serde_json::to_string(&table).unwrap(), r#"{"a":20,"c":10}"#);
    }
}
