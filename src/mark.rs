//! Ownership marks: how an object on AWS says which stack it belongs to and where it is declared.
//!
//! What takes tags carries two tags. What takes none carries both in the end of its description.
//! Marks are not properties: they never show in a plan or a template. Pure.
use std::collections::BTreeMap;

use crate::address::Address;
use crate::kind::Owner;

/// The tag that names the stack.
pub const STACK_TAG: &str = "provision:stack";
/// The tag that names the place in the spec.
pub const ADDRESS_TAG: &str = "provision:address";
/// The tag that CloudFormation puts on what it made.
const CLOUDFORMATION_TAG: &str = "aws:cloudformation:stack-name";
/// What a description's mark begins with.
const OPENING: &str = "[provision:";

/// The mark of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub stack: String,
    pub address: Address,
}

impl Mark {
    /// The user's tags and this mark's.
    pub fn tagged(&self, tags: BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut tags = tags;
        tags.insert(STACK_TAG.into(), self.stack.clone());
        tags.insert(ADDRESS_TAG.into(), self.address.to_string());
        tags
    }
    /// What turns the user's tags `was` into `should`. `None`: nothing differs.
    pub fn retagged(
        &self,
        was: BTreeMap<String, String>,
        should: BTreeMap<String, String>,
    ) -> Option<Retagged> {
        if was == should {
            return None;
        }
        let gone = was.into_keys().filter(|key| !should.contains_key(key)).collect();
        Some(Retagged { set: self.tagged(should), gone })
    }
    /// The user's description and this mark, `Browser clients [provision:stack/apis/…]`.
    pub fn described(&self, description: &str) -> String {
        let mark = format!("{OPENING}{}/{}]", self.stack, self.address);
        if description.is_empty() { mark } else { format!("{description} {mark}") }
    }
}

/// A change of tags: what to set, the mark among it, and the keys to take away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retagged {
    pub set: BTreeMap<String, String>,
    pub gone: Vec<String>,
}

/// Splits tags into the user's and what the rest says about the owner.
pub fn of_tags(tags: BTreeMap<String, String>, stack: &str) -> (BTreeMap<String, String>, Owner) {
    let owner = match (tags.get(STACK_TAG), tags.get(ADDRESS_TAG)) {
        (Some(theirs), Some(address)) if theirs == stack => {
            Address::parse(address).map_or(Owner::Nobody, Owner::Ours)
        }
        (Some(theirs), _) => Owner::Stack(theirs.clone()),
        _ => match tags.get(CLOUDFORMATION_TAG) {
            Some(theirs) => Owner::CloudFormation(theirs.clone()),
            None => Owner::Nobody,
        },
    };
    let users = |(key, _): &(String, String)| {
        !key.starts_with("aws:") && key != STACK_TAG && key != ADDRESS_TAG
    };
    (tags.into_iter().filter(users).collect(), owner)
}

/// Splits a description into the user's and what its mark says about the owner.
pub fn of_description(description: &str, stack: &str) -> (String, Owner) {
    let marked = description.strip_suffix(']').and_then(|text| {
        let (users, mark) = text.rsplit_once(OPENING)?;
        let (theirs, address) = mark.split_once('/')?;
        Some((users.trim_end(), theirs, Address::parse(address)?))
    });
    match marked {
        Some((users, theirs, address)) if theirs == stack => (users.into(), Owner::Ours(address)),
        Some((users, theirs, _)) => (users.into(), Owner::Stack(theirs.into())),
        None => (description.into(), Owner::Nobody),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark() -> Mark {
        let address = Address::top("apis", "a").child("apiKeys", "web");
        Mark { stack: "chat".into(), address }
    }

    #[test]
    fn a_marked_description_reads_back_as_it_was_written() {
        for description in ["", "Browser clients", "[odd] one]", "a [provision:x"] {
            let (users, owner) = of_description(&mark().described(description), "chat");
            assert_eq!((users.as_str(), owner), (description, Owner::Ours(mark().address)));
        }
    }

    #[test]
    fn another_stacks_mark_is_not_ours() {
        assert_eq!(of_description(&mark().described(""), "other").1, Owner::Stack("chat".into()));
        assert_eq!(of_description("by hand", "chat").1, Owner::Nobody);
        let tags = mark().tagged(BTreeMap::from([("team".into(), "a".into())]));
        assert_eq!(of_tags(tags.clone(), "other").1, Owner::Stack("chat".into()));
        let (users, owner) = of_tags(tags, "chat");
        assert_eq!(owner, Owner::Ours(mark().address));
        assert_eq!(users.into_iter().collect::<Vec<_>>(), [("team".to_owned(), "a".to_owned())]);
    }

    #[test]
    fn only_what_differs_is_retagged_and_the_mark_with_it() {
        let tags = |key: &str| BTreeMap::from([(key.to_owned(), "1".to_owned())]);
        assert_eq!(mark().retagged(tags("a"), tags("a")), None);
        let change = mark().retagged(tags("a"), tags("b")).unwrap();
        assert_eq!(change.gone, ["a"]);
        assert_eq!(change.set, mark().tagged(tags("b")));
    }

    #[test]
    fn what_cloudformation_made_is_its_own() {
        let tags = BTreeMap::from([(CLOUDFORMATION_TAG.to_owned(), "prod".to_owned())]);
        assert_eq!(of_tags(tags, "chat"), (BTreeMap::new(), Owner::CloudFormation("prod".into())));
    }
}
