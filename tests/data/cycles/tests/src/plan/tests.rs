use super::*;

#[test]
fn a_fixture_is_a_plan() {
    crate::fixture::plan(Plan(Kind));
}
