pub const NAME: &str = "name";

pub fn length() -> usize {
    use super::inner as module;
    { module::LENGTH }
}
