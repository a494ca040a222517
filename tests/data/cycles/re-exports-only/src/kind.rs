pub enum Kind {
    Api,
}

pub use Kind::*;
