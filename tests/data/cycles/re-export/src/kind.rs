mod definition;

pub use definition::Kind;
