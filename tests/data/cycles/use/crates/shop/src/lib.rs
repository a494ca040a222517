mod cart;
mod order;
mod price;
