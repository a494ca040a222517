pub struct Kind;

pub fn clock() {}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::plan::Plan;

    #[test]
    fn a_plan_has_a_kind() {
        crate::fixture::plan(Plan(Kind));
    }
}
