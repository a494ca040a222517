//! The difference between two states as a line of records, and how such a line is applied to a state. Nothing is read
//! or written here.
//!
//! A record is the path of one value through the tables and the value without its nested tables, or `null` if it was
//! removed: `["accounts","1","regions","eu-west-1","apis","x","keys","k",{…}]`. All records of one change are one line.
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::state::table::{Difference, Table};

/// A value of a table. With nested tables it is implemented by [`tables!`], otherwise with an empty block.
///
/// A nested table that is not registered by [`tables!`] is a part of its owner's record: each change of a value in
/// it writes all of it.
pub(crate) trait Entity: Clone + Serialize + DeserializeOwned {
    fn clear_tables(&mut self) {}
    fn swap_tables(&mut self, _other: &mut Self) {}
    fn table(&mut self, _name: &str) -> Option<&mut dyn ApplyRecord> {
        None
    }
    /// Records the differences in the nested tables. All is new without `before`.
    fn record_tables(_before: Option<&Self>, _after: &Self, _recorder: &mut Recorder) {}
}

/// Registers the nested tables of a value: `tables!(Api: namespaces, keys);`
macro_rules! tables {
    ($owner:ty: $($table:ident),+) => {
        impl $crate::state::delta::Entity for $owner {
            fn clear_tables(&mut self) {
                $(self.$table = Default::default();)+
            }
            fn swap_tables(&mut self, other: &mut Self) {
                $(std::mem::swap(&mut self.$table, &mut other.$table);)+
            }
            fn table(&mut self, name: &str) -> Option<&mut dyn $crate::state::delta::ApplyRecord> {
                match name {
                    $(stringify!($table) => Some(&mut self.$table),)+
                    _ => None,
                }
            }
            fn record_tables(
                before: Option<&Self>,
                after: &Self,
                recorder: &mut $crate::state::delta::Recorder,
            ) {
                $(recorder.record_table(
                    stringify!($table),
                    before.map(|before| &before.$table),
                    &after.$table,
                );)+
            }
        }
    };
}
pub(crate) use tables;

/// The records that turn `before` into `after`, as one line with its line break. Empty if they are equal.
pub fn encode<E: Entity>(before: &E, after: &E) -> Vec<u8> {
    let mut recorder = Recorder::default();
    E::record_tables(Some(before), after, &mut recorder);
    if !recorder.line.is_empty() {
        recorder.line.extend(b"]\n");
    }
    recorder.line
}

/// Applies a line of records.
///
/// # Errors
///
/// Returns why the line is not one that was written for this state.
pub fn apply<E: Entity>(state: &mut E, line: &[u8]) -> Result<(), String> {
    let records: Vec<Vec<Value>> =
        serde_json::from_slice(line).map_err(|error| error.to_string())?;
    records.into_iter().try_for_each(|mut record| {
        let value = record.pop().ok_or("an empty record")?;
        apply_record(state, &record, value)
    })
}

fn apply_record<E: Entity>(entity: &mut E, path: &[Value], value: Value) -> Result<(), String> {
    let [table, path @ ..] = path else { return Err("a path without a table".to_owned()) };
    let table = table.as_str().and_then(|name| entity.table(name)).ok_or("an unknown table")?;
    table.apply_record(path, value)
}

/// A table whose values are of any type.
pub(crate) trait ApplyRecord {
    /// Applies a record with this path in this table.
    fn apply_record(&mut self, path: &[Value], value: Value) -> Result<(), String>;
}

impl<T: Entity> ApplyRecord for Table<T> {
    fn apply_record(&mut self, path: &[Value], value: Value) -> Result<(), String> {
        // No message has the key: it can be an API key.
        let missing = "a record of a value that does not exist";
        let [key, path @ ..] = path else { return Err("a path without a key".to_owned()) };
        let key = key.as_str().ok_or("a key that is not a text")?;
        if !path.is_empty() {
            return apply_record(self.get_mut(key).ok_or(missing)?, path, value);
        }
        if value.is_null() {
            return self.remove(key).map(drop).ok_or_else(|| missing.to_owned());
        }
        let mut value: T = serde_json::from_value(value).map_err(|error| error.to_string())?;
        match self.get_mut(key) {
            Some(existing) => {
                value.swap_tables(existing);
                *existing = value;
            }
            None => {
                self.insert(key, value);
            }
        }
        Ok(())
    }
}

/// Collects the records of one change.
#[derive(Default)]
pub(crate) struct Recorder {
    line: Vec<u8>,
    /// The path of the current table, each part as JSON with a comma behind it.
    path: Vec<u8>,
}

impl Recorder {
    pub fn record_table<T: Entity>(
        &mut self,
        name: &str,
        before: Option<&Table<T>>,
        after: &Table<T>,
    ) {
        let empty = Table::default();
        self.within(name, |recorder| {
            for (key, difference) in Table::differences(before.unwrap_or(&empty), after) {
                recorder.within(key, |recorder| match difference {
                    Difference::Removed => recorder.record(b"null"),
                    Difference::Added(value) => {
                        recorder.record(&own_json(value));
                        T::record_tables(None, value, recorder);
                    }
                    Difference::Changed(old, new) => {
                        let own = own_json(new);
                        // A change of a nested value copies its owners, too.
                        if own != own_json(old) {
                            recorder.record(&own);
                        }
                        T::record_tables(Some(old), new, recorder);
                    }
                });
            }
        });
    }

    fn within(&mut self, part: &str, record: impl FnOnce(&mut Self)) {
        let outer_len = self.path.len();
        self.path.extend(json(part));
        self.path.push(b',');
        record(self);
        self.path.truncate(outer_len);
    }

    fn record(&mut self, value: &[u8]) {
        self.line.extend(if self.line.is_empty() { b"[[" } else { b",[" });
        self.line.extend(&self.path);
        self.line.extend(value);
        self.line.push(b']');
    }
}

/// A value without its nested tables, as JSON.
fn own_json<E: Entity>(value: &E) -> Vec<u8> {
    let mut own = value.clone();
    own.clear_tables();
    json(&own)
}

fn json<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("data whose maps have text keys is valid JSON")
}
