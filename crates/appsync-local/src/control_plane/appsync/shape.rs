//! Shapes of AWS's model as data: the members of a structure, and parsing a request by them. A member that a shape
//! does not have is dropped and never returned.
use serde_json::{Map, Value};

use crate::control_plane::appsync::input::Input;
use crate::protocol::response::AwsError;

/// The type of a member.
#[derive(Clone, Copy)]
pub enum MemberType {
    Text,
    Number,
    Boolean,
    Enumeration(&'static [&'static str]),
    Structure(&'static [Member]),
}

/// A member of a structure.
#[derive(Clone, Copy)]
pub struct Member {
    name: &'static str,
    member_type: MemberType,
    is_required: bool,
}

/// A member that may be omitted.
pub const fn optional(name: &'static str, kind: MemberType) -> Member {
    Member { name, member_type: kind, is_required: false }
}

/// A member that must not be omitted.
pub const fn required(name: &'static str, kind: MemberType) -> Member {
    Member { name, member_type: kind, is_required: true }
}

/// Parses a structure, without the members that the shape does not have.
pub fn parse(input: &Input<'_>, members: &[Member]) -> Result<Value, AwsError> {
    let mut parsed = Map::new();
    for Member { name, member_type: kind, is_required: needed } in members {
        let Some(value) = input.get(name) else {
            if *needed {
                return Err(input.missing_member(name));
            }
            continue;
        };
        let value = match kind {
            MemberType::Text => input.text(name).map(|_| value.clone())?,
            MemberType::Number => input.number(name).map(|_| value.clone())?,
            MemberType::Boolean => input.boolean(name).map(|_| value.clone())?,
            MemberType::Enumeration(values) => {
                input.require_enum_value(name, values).map(|_| value.clone())?
            }
            MemberType::Structure(members) => {
                self::parse(&Input::from_value(value, input.path_of(name))?, members)?
            }
        };
        parsed.insert((*name).to_owned(), value);
    }
    Ok(Value::Object(parsed))
}
