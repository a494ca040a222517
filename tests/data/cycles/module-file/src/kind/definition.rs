use super::LIMIT;

pub struct Kind([u8; LIMIT]);
