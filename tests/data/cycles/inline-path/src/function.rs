pub fn name() -> String {
    format!("{} of {}", 1, super::macros::NAME)
}

pub const LIMIT: usize = 3;
