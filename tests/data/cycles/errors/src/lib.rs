mod code;
mod known;
#[path = "elsewhere.rs"]
mod place;
