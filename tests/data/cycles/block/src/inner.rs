pub const LENGTH: usize = crate::outer::NAME.len();
