#[cfg(test)]
use crate::fixture::clock;
use crate::kind::Kind;
#[cfg(not(test))]
use crate::kind::clock;

pub const CLOCK: fn() = self::clock;

pub struct Plan(pub Kind);

impl Plan {
    #[cfg(test)]
    pub fn fixture() -> Self {
        crate::fixture::plan(Self(Kind))
    }
}

#[cfg(test)]
mod tests;
