mod definition;

pub use definition::Kind;

const LIMIT: usize = 3;
