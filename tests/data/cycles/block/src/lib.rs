mod inner;
mod outer;
