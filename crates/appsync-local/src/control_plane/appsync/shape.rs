//! A structure of the model: what its members are, and what is written back of it.
use serde_json::{Map, Value};

use crate::control_plane::appsync::input::Input;
use crate::protocol::response::AwsError;

#[derive(Clone, Copy)]
pub enum MemberType {
    Text,
    Number,
    Boolean,
    Enumeration(&'static [&'static str]),
    Structure(&'static [Member]),
}

#[derive(Clone, Copy)]
pub struct Member {
    name: &'static str,
    member_type: MemberType,
    is_required: bool,
}

/// A member that may be left out.
pub const fn optional(name: &'static str, kind: MemberType) -> Member {
    Member { name, member_type: kind, is_required: false }
}

/// A member that must be given.
pub const fn required(name: &'static str, kind: MemberType) -> Member {
    Member { name, member_type: kind, is_required: true }
}

/// The structure as it was sent, without what the model does not know.
pub fn parse(input: &Input<'_>, members: &[Member]) -> Result<Value, AwsError> {
    let mut read = Map::new();
    for Member { name, member_type: kind, is_required: needed } in members {
        let Some(given) = input.get(name) else {
            if *needed {
                return Err(input.missing_member(name));
            }
            continue;
        };
        let value = match kind {
            MemberType::Text => input.text(name).map(|_| given.clone())?,
            MemberType::Number => input.number(name).map(|_| given.clone())?,
            MemberType::Boolean => input.boolean(name).map(|_| given.clone())?,
            MemberType::Enumeration(words) => {
                input.require_enum_value(name, words).map(|_| given.clone())?
            }
            MemberType::Structure(members) => {
                self::parse(&Input::from_value(given, input.path_of(name))?, members)?
            }
        };
        read.insert((*name).to_owned(), value);
    }
    Ok(Value::Object(read))
}
