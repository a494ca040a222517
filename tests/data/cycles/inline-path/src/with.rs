pub struct Seconds {
    #[serde(serialize_with = "crate::patterns::serialize")]
    count: usize,
}
