use crate::Kind;

pub fn plan() -> Kind {
    Kind
}
