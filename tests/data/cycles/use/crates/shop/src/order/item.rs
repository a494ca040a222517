use super::super::price::Price;

pub struct Item(Price);

pub fn total(items: &[Item]) -> Price {
    items.iter().map(|item| item.0).sum()
}
