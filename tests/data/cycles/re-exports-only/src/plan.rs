use crate::{Duration, Kind};

pub struct Plan(Kind, Duration);

pub fn plan() -> Plan {
    Plan(crate::kind::Api, crate::Duration::ZERO)
}
