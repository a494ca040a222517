//! What clients of an API notice when it changes.
use std::collections::BTreeSet;

use crate::kind::ChangeAction;
use crate::kinds::api::Api;
use crate::ownership::PROTECT_TAG;

/// Returns the effects of a change, one line each.
pub fn effects(verb: ChangeAction, before: Option<&Api>, after: Option<&Api>) -> Vec<String> {
    let (Some(before), Some(after)) = (before, after) else {
        return match verb {
            ChangeAction::Delete => {
                vec!["its endpoints, keys and open connections are deleted".to_owned()]
            }
            _ => Vec::new(),
        };
    };
    if verb == ChangeAction::Replace {
        return vec![
            "its endpoints, keys and open connections are deleted; the new API has other URLs and keys"
                .to_owned(),
        ];
    }
    let mut effects = Vec::new();
    if before.name != after.name {
        effects.push("only the name changes; endpoints and keys stay the same".to_owned());
    }
    let types = |api: &Api| -> BTreeSet<String> {
        api.event_config
            .auth_providers
            .iter()
            .map(|auth_provider| auth_provider.auth_type.clone())
            .collect()
    };
    for removed in types(before).difference(&types(after)) {
        effects.push(format!("clients that use {removed} are denied"));
    }
    effects.extend(logging(before, after));
    let protected = |api: &Api| api.tags.0.contains_key(PROTECT_TAG);
    match (protected(before), protected(after)) {
        (true, false) => effects.push("it can be deleted".to_owned()),
        (false, true) => {
            effects.push("it cannot be deleted until `protect: false` is applied".to_owned());
        }
        _ => {}
    }
    effects
}

fn logging(before: &Api, after: &Api) -> Option<String> {
    let level = |api: &Api| {
        let config = api.event_config.log_config.as_ref();
        config.map_or_else(|| "NONE".to_owned(), |config| config.log_level.clone())
    };
    let (old, new) = (level(before), level(after));
    match (old.as_str(), new.as_str()) {
        (old, new) if old == new => None,
        (_, "NONE") => Some("logging stops".to_owned()),
        ("NONE", new) => Some(format!("logging begins, at the level {new}")),
        (old, new) => Some(format!("the log level changes from {old} to {new}")),
    }
}
