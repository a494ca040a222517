//! Domain names, and which API each of them leads to.
use std::collections::BTreeSet;

use crate::import::names;
use crate::import::resources::{Candidate, Placing};
use crate::import::value::{Part, Stands, stands_for};
use provision_core::address::Address;
use provision_core::diagnostic::At;
use provision_core::text::Text;

impl<'a> Placing<'_, 'a> {
    /// Places domains and what leads them to our APIs; what leads elsewhere is left alone.
    pub fn domains(&mut self, candidates: Vec<Candidate<'a>>) {
        let (domains, associations): (Vec<_>, Vec<_>) =
            candidates.into_iter().partition(|it| it.row.section == "domains");
        let mut others = Vec::new();
        let mut lead = Vec::new();
        for association in associations {
            match self.api_of(&association, "ApiId") {
                Some(api) => lead.push((association, api)),
                None => others.push(domain_of(&association, &domains)),
            }
        }
        let mut keys: Vec<Option<Address>> = Vec::new();
        for (n, domain) in domains.iter().enumerate() {
            let leads = lead.iter().any(|(it, _)| domain_of(it, &domains) == Some(n));
            if !leads && others.contains(&Some(n)) {
                self.chosen.left.push(domain.resource);
                keys.push(None);
                continue;
            }
            let name = domain.properties.get("DomainName").and_then(Part::as_text).cloned();
            keys.push(Some(self.domain_key(&name.unwrap_or_default(), Some(domain.resource.id))));
        }
        let mut ends = BTreeSet::new();
        for (mut association, api) in lead {
            let at = domain_of(&association, &domains).and_then(|n| keys[n].clone());
            let name = association.properties.get("DomainName").and_then(Part::as_text).cloned();
            let address = match &at {
                Some(address) => address.clone(),
                None => self.domain_key(&name.unwrap_or_default(), None),
            };
            if !ends.insert(address.clone()) {
                let message = "a second association of one domain is left out".to_owned();
                let at = At::Key(association.resource.at.clone());
                self.evaluator.warn("PV526", at, message, "a domain leads to one API");
                continue;
            }
            if let Some(part) = association.properties.get_mut("ApiId") {
                part.become_text(Text::of(&api, "ApiId"));
            }
            if let (Some(part), Some(domain)) = (association.properties.get_mut("DomainName"), &at)
            {
                part.become_text(Text::of(domain, "DomainName"));
            }
            self.keep(association, address.only("association"));
        }
        for (domain, key) in domains.into_iter().zip(keys) {
            if let Some(key) = key {
                self.keep(domain, key);
            }
        }
    }

    fn domain_key(&mut self, name: &Text, id: Option<&str>) -> Address {
        let taken = self.taken.entry("domains".into()).or_default();
        let label = name.as_plain().and_then(|it| it.split('.').next()).unwrap_or_default();
        let key = names::as_it_is(label, taken).unwrap_or_else(|| {
            let candidates: Vec<&str> = id.into_iter().chain(["custom"]).collect();
            names::key("domains", &candidates, "", taken)
        });
        taken.insert(key.clone());
        Address::top("domains", &key)
    }
}

/// The domain of the template that an association is about.
fn domain_of(association: &Candidate<'_>, domains: &[Candidate<'_>]) -> Option<usize> {
    let name = association.properties.get("DomainName")?.as_text()?;
    let is = |it: &Candidate<'_>| {
        names_resource(name, it.resource.id)
            || it.properties.get("DomainName").and_then(Part::as_text) == Some(name)
    };
    domains.iter().position(is)
}

/// Whether `text` names the resource with this id, in whatever way.
fn names_resource(text: &Text, id: &str) -> bool {
    let is = |hole| matches!(stands_for(hole), Stands::Resource { id: it, .. } if it == id);
    text.holes().any(is)
}
