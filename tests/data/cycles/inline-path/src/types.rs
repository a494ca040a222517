pub type Size = <crate::with::Seconds as Measure>::Size;

pub trait Measure {
    type Size;
}
