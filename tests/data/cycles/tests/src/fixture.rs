use crate::plan::Plan;

pub fn plan(plan: Plan) -> Plan {
    plan
}

pub fn clock() {}
