pub fn serialize(count: usize) -> bool {
    match count {
        crate::function::LIMIT => true,
        _ => false,
    }
}
