macro_rules! names {
    ($name:ident) => {
        pub struct $name;
    };
}

mod child;

pub type Child = child::Child;

names!(Generated);
