use crate::{cart::Cart as Basket, order};

pub const IS_FREE: fn(&Basket) -> bool = Basket::is_empty;

pub struct Price(u32);
