//! What those who use an API notice when it changes.
use std::collections::BTreeSet;

use crate::kind::ChangeAction;
use crate::kinds::api::Api;
use crate::ownership::PROTECT_TAG;

/// The effects of a change, each in a line.
pub fn effects(verb: ChangeAction, before: Option<&Api>, after: Option<&Api>) -> Vec<String> {
    let (Some(before), Some(after)) = (before, after) else {
        return match verb {
            ChangeAction::Delete => vec!["its endpoints, keys and open connections end".to_owned()],
            _ => Vec::new(),
        };
    };
    if verb == ChangeAction::Replace {
        return vec![
            "its endpoints, keys and open connections end; the new one has other URLs and keys"
                .to_owned(),
        ];
    }
    let mut effects = Vec::new();
    if before.name != after.name {
        effects.push("only the name changes: endpoints and keys stay as they are".to_owned());
    }
    let types = |api: &Api| -> BTreeSet<String> {
        api.event_config.auth_providers.iter().map(|it| it.auth_type.clone()).collect()
    };
    for gone in types(before).difference(&types(after)) {
        effects.push(format!("clients that come with {gone} are refused"));
    }
    effects.extend(logging(before, after));
    let protected = |api: &Api| api.tags.0.contains_key(PROTECT_TAG);
    match (protected(before), protected(after)) {
        (true, false) => effects.push("it can be deleted from now on".to_owned()),
        (false, true) => effects
            .push("it can't be deleted until it was applied with `protect: false`".to_owned()),
        _ => {}
    }
    effects
}

fn logging(before: &Api, after: &Api) -> Option<String> {
    let level = |api: &Api| {
        let config = api.event_config.log_config.as_ref();
        config.map_or_else(|| "NONE".to_owned(), |it| it.log_level.clone())
    };
    let (was, will) = (level(before), level(after));
    match (was.as_str(), will.as_str()) {
        (was, will) if was == will => None,
        (_, "NONE") => Some("nothing is logged any more".to_owned()),
        ("NONE", will) => Some(format!("logging begins, at the level {will}")),
        (was, will) => Some(format!("logs are written at the level {will}, no longer {was}")),
    }
}
