//! How far a change may go: which addresses, how many deletes, what may go with them.
use provision_core::address::Address;
use provision_core::policy::Policy;

#[derive(Clone, Debug, Default, clap::Args)]
pub struct ScopeArgs {
    /// Change only what is at or under this address, and what that needs; may be repeated
    #[arg(long = "target", value_name = "ADDRESS", value_parser = address, help_heading = "Safety")]
    pub targets: Vec<Address>,
    /// Refuse to delete or replace more than N resources
    #[arg(long, value_name = "N", help_heading = "Safety")]
    pub max_deletes: Option<usize>,
    /// Let what hangs on a deleted API and was made outside the spec go with it; let a second API have
    /// a name that is taken
    #[arg(long, help_heading = "Safety")]
    pub with_strangers: bool,
}

impl ScopeArgs {
    pub fn policy(&self, allow_empty: bool) -> Policy {
        let Self { max_deletes, with_strangers, .. } = *self;
        Policy { allow_empty, allow_strangers: with_strangers, max_deletes }
    }
}

fn address(text: &str) -> Result<Address, String> {
    let sound = Address::parse(text);
    sound.ok_or_else(|| "an address is such as apis/sample/namespaces/chat".to_owned())
}
