pub const NAME: &str = "name";

pub fn size(text: &str) -> usize {
    let size: crate::types::Size = text.len();
    size
}
