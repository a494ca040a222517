use crate::order::item::{Item, total as sum};

pub struct Cart(Vec<Item>);

impl Cart {
    pub fn is_empty(&self) -> bool {
        sum(&self.0).is_zero()
    }
}
