//! What authorization comes to and was probably not meant.
//!
//! A mode that nobody can use is reported where it is offered (PV205); here is only what follows for
//! a namespace, and nothing at all if it follows for everything.
use serde_json::Value;

use crate::access::{Access, ApiAccess, Grant, GrantOrigin, NamespaceAccess};
use crate::diagnostic::{At, Diagnostic, Path, Severity};
use crate::kind::DesiredState;
use crate::kinds::auth::AuthMode;

/// Reports namespaces that nobody or everybody can use, and APIs without any.
pub fn check(desired: &DesiredState, problems: &mut Vec<Diagnostic>) {
    let access = Access::of(desired.iter().map(|(address, it)| (address, &it.properties)));
    for api in &access.apis {
        let path: Path = api.address.parts().collect();
        if api.namespaces.is_empty() {
            problems.push(
                note(
                    "PV405",
                    At::Key(path),
                    "nobody can use this API: it has no channel namespace",
                )
                .with_help("declare one: `namespaces: { default: {} }`"),
            );
            continue;
        }
        if api.modes().iter().all(|mode| !api.is_usable(mode)) {
            continue;
        }
        let auth = desired.get(&api.address).and_then(|it| it.declared.get("auth"));
        let judging = Judging { api, auth, path };
        let sound = |list: &List<'_>| judging.is_sound(list);
        for list in judging.lists("publish", |it| &it.publish).into_iter().filter(sound) {
            judging.publish(&list, problems);
        }
        let connects = api.connect.iter().any(|mode| api.is_usable(mode));
        if !connects {
            problems.push(judging.nobody_connects());
        }
        for list in judging.lists("subscribe", |it| &it.subscribe).into_iter().filter(sound) {
            judging.subscribe(&list, connects, problems);
        }
    }
}

/// One API, as far as its authorization is judged.
struct Judging<'a> {
    api: &'a ApiAccess,
    auth: Option<&'a Value>,
    path: Path,
}

/// Modes that stand written in one place, and the channels for which they count.
struct List<'a> {
    modes: &'a [String],
    place: Place,
    channels: Vec<&'a str>,
}

/// Where modes are written.
enum Place {
    List(Path),
    /// Nowhere: every provider counts.
    Providers(Path),
}

impl<'a> Judging<'a> {
    /// The lists of modes that count for some namespace: the API's own, once, then the namespaces'.
    fn lists(&self, operation: &str, grant: fn(&NamespaceAccess) -> &Grant) -> Vec<List<'a>> {
        let namespaces = &self.api.namespaces;
        let inherits = |it: &&NamespaceAccess| grant(it).from == GrantOrigin::Api;
        let mut lists = Vec::new();
        if let Some(first) = namespaces.iter().find(inherits) {
            let channels = namespaces.iter().filter(inherits).map(|it| it.channels.as_str());
            let place = self.place(operation);
            lists.push(List { modes: &grant(first).modes, place, channels: channels.collect() });
        }
        lists.extend(namespaces.iter().filter(|it| !inherits(it)).map(|it| {
            let path = it.address.parts().collect::<Path>().key(operation);
            let channels = vec![it.channels.as_str()];
            List { modes: &grant(it).modes, place: Place::List(path), channels }
        }));
        lists
    }

    /// Where the API says who may do `operation`.
    fn place(&self, operation: &str) -> Place {
        let path = self.path.clone().key("auth");
        match self.auth.is_some_and(|auth| auth.get(operation).is_some()) {
            true => Place::List(path.key(operation)),
            false => Place::Providers(path.key("providers")),
        }
    }

    /// Whether all of the list is offered at all; what is not is an error of its own (PV201).
    fn is_sound(&self, list: &List<'_>) -> bool {
        list.modes.iter().all(|mode| self.api.providers.iter().any(|it| it.mode == *mode))
    }

    fn publish(&self, list: &List<'_>, problems: &mut Vec<Diagnostic>) {
        let key = AuthMode::ApiKey.as_str();
        if !list.modes.iter().any(|mode| self.api.is_usable(mode)) {
            problems.push(self.nobody("PV401", "publish", list));
        } else if list.modes.iter().any(|it| it == key) && self.api.is_usable(key) {
            let message =
                format!("anyone who has an API key can publish to {}", channels(&list.channels));
            problems.push(Diagnostic::warning("PV404", self.item(list, key), message).with_help(
                "who carries a key gives it away; let publishers prove who they are: \
                     `publish: [AWS_IAM]`, or a user's token",
            ));
        }
    }

    fn subscribe(&self, list: &List<'_>, connects: bool, problems: &mut Vec<Diagnostic>) {
        let usable: Vec<&String> = list.modes.iter().filter(|it| self.api.is_usable(it)).collect();
        if usable.is_empty() {
            problems.push(self.nobody("PV402", "subscribe", list));
        }
        for mode in usable.into_iter().filter(|it| connects && !self.api.connect.contains(it)) {
            // A connection and each subscription on it prove themselves apart
            // (docs/reference/authorization.md#one-credential-per-operation), so this works for
            // clients with two credentials.
            let at = match &list.place {
                Place::List(_) => self.item(list, mode),
                Place::Providers(_) => At::Key(self.path.clone().key("auth").key("connection")),
            };
            let message =
                format!("{mode} may subscribe to {} and can't connect", channels(&list.channels));
            problems.push(note("PV403", at, &message).with_help(format!(
                "add {mode} to the API's `connection`, unless these clients connect with another credential",
            )));
        }
    }

    fn nobody(&self, code: &'static str, operation: &str, list: &List<'_>) -> Diagnostic {
        let (Place::List(path) | Place::Providers(path)) = &list.place;
        let message = format!(
            "nobody can {operation} to {}: {} is all that is accepted, and this API declares no key",
            channels(&list.channels),
            list.modes.join(", "),
        );
        Diagnostic::warning(code, At::Value(path.clone()), message)
            .with_help("add `apiKeys: { web: {} }` to the API, or accept another mode")
    }

    fn nobody_connects(&self) -> Diagnostic {
        let at = At::Value(self.path.clone().key("auth").key("connection"));
        let message = format!(
            "nobody can connect, so nobody can subscribe: {} is all that is accepted, and this API declares no key",
            self.api.connect.join(", "),
        );
        Diagnostic::warning("PV402", at, message)
            .with_help("add `apiKeys: { web: {} }` to the API, or let another mode connect")
    }

    /// Where `mode` is written, or offered.
    fn item(&self, list: &List<'_>, mode: &str) -> At {
        let (path, n) = match &list.place {
            Place::List(path) => (path, list.modes.iter().position(|it| it == mode)),
            Place::Providers(path) => {
                (path, self.api.providers.iter().position(|it| it.mode == mode))
            }
        };
        At::Value(n.into_iter().fold(path.clone(), Path::index))
    }
}

fn note(code: &'static str, at: At, message: &str) -> Diagnostic {
    Diagnostic { severity: Severity::Note, ..Diagnostic::warning(code, at, message) }
}

/// `/a/*, /b/*, /c/* and 4 more`.
fn channels(all: &[&str]) -> String {
    /// More than that nobody reads in a message.
    const NAMED_MAX: usize = 3;
    let named = all.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(NAMED_MAX) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
