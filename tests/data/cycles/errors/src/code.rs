use crate::missing::Item;
use crate::missing::*;
use crate::known;

pub const ABSENT: u8 = super::code::absent;
pub const NAMES: &[u8] = vec![known::absent, text.len::<known::Size>(), unknown::name, ::known::external];

macro_rules! names {
    ($known:ident) => {
        $known::name
    };
}

fn code() {
    names! { use crate::known::{absent, nested::name}; }
}
