use crate::plan::Plan;

pub fn plan() -> Plan { Plan(crate::plan::tests::NAME) }
