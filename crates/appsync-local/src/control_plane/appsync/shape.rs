//! A structure of the model: what its members are, and what is written back of it.
use serde_json::{Map, Value};

use crate::control_plane::appsync::input::Input;
use crate::protocol::response::Fault;

#[derive(Clone, Copy)]
pub enum Kind {
    Text,
    Number,
    Flag,
    Word(&'static [&'static str]),
    Structure(&'static [Member]),
}

#[derive(Clone, Copy)]
pub struct Member {
    name: &'static str,
    kind: Kind,
    needed: bool,
}

/// A member that may be left out.
pub const fn may(name: &'static str, kind: Kind) -> Member {
    Member { name, kind, needed: false }
}

/// A member that must be given.
pub const fn must(name: &'static str, kind: Kind) -> Member {
    Member { name, kind, needed: true }
}

/// The structure as it was sent, without what the model does not know.
pub fn read(input: &Input<'_>, members: &[Member]) -> Result<Value, Fault> {
    let mut read = Map::new();
    for Member { name, kind, needed } in members {
        let Some(given) = input.get(name) else {
            if *needed {
                return Err(input.missing(name));
            }
            continue;
        };
        let value = match kind {
            Kind::Text => input.text(name).map(|_| given.clone())?,
            Kind::Number => input.number(name).map(|_| given.clone())?,
            Kind::Flag => input.flag(name).map(|_| given.clone())?,
            Kind::Word(words) => input.word(name, words).map(|_| given.clone())?,
            Kind::Structure(members) => {
                self::read(&Input::in_value(given, input.at(name))?, members)?
            }
        };
        read.insert((*name).to_owned(), value);
    }
    Ok(Value::Object(read))
}
