pub struct Plan(pub &'static str);

#[cfg(test)]
pub mod tests {
    #[test]
    fn a_plan_has_a_name() {
        assert_eq!(crate::fixture::plan().0, NAME);
    }

    pub const NAME: &str = "name";
}
