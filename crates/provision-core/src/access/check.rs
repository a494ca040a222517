//! Reports authorization that is valid but probably not intended.
//!
//! A mode that no client can use is reported at its provider (PV205). These checks report what follows for
//! namespaces, unless it follows for all of them.
use serde_json::Value;

use crate::access::{Access, ApiAccess, Grant, GrantOrigin, NamespaceAccess};
use crate::diagnostic::{Diagnostic, DocumentPath, Location, Severity};
use crate::kind::DesiredState;
use crate::kinds::auth::{AnyAuthMode, AuthMode, mode_names};

/// Reports namespaces that no client or every client can use, and APIs without namespaces.
pub fn check(desired: &DesiredState, diagnostics: &mut Vec<Diagnostic>) {
    let access =
        Access::from_resources(desired.iter().map(|(address, value)| (address, &value.properties)));
    for api in &access.apis {
        let path: DocumentPath = api.address.parts().collect();
        if api.namespaces.is_empty() {
            diagnostics.push(
                note(
                    "PV405",
                    Location::Key(path),
                    "no client can use this API: it has no channel namespace",
                )
                .with_help("declare one: `namespaces: { default: {} }`"),
            );
            continue;
        }
        if api.modes().iter().all(|mode| !api.is_usable(mode)) {
            continue;
        }
        let auth = desired.get(&api.address).and_then(|desired| desired.declared.get("auth"));
        let api_check = ApiCheck { api, auth, path };
        let is_valid = |list: &ModeList<'_>| api_check.is_valid(list);
        for list in
            api_check.lists("publish", |namespace| &namespace.publish).into_iter().filter(is_valid)
        {
            api_check.publish(&list, diagnostics);
        }
        let connects = api.connect.iter().any(|mode| api.is_usable(mode));
        if !connects {
            diagnostics.push(api_check.no_connection());
        }
        for list in api_check
            .lists("subscribe", |namespace| &namespace.subscribe)
            .into_iter()
            .filter(is_valid)
        {
            api_check.subscribe(&list, connects, diagnostics);
        }
    }
}

/// The authorization of one API.
struct ApiCheck<'a> {
    api: &'a ApiAccess,
    auth: Option<&'a Value>,
    path: DocumentPath,
}

/// A list of modes in the spec, and the channels to which it applies.
struct ModeList<'a> {
    modes: &'a [AnyAuthMode],
    location: ModesLocation,
    channels: Vec<&'a str>,
}

/// Where a list of modes is written.
enum ModesLocation {
    List(DocumentPath),
    /// Not written: all providers apply.
    Providers(DocumentPath),
}

impl<'a> ApiCheck<'a> {
    /// Returns the lists of modes that apply to a namespace: the API's, once, then those of namespaces.
    fn lists(&self, operation: &str, grant: fn(&NamespaceAccess) -> &Grant) -> Vec<ModeList<'a>> {
        let namespaces = &self.api.namespaces;
        let inherits = |access: &&NamespaceAccess| grant(access).from == GrantOrigin::Api;
        let mut lists = Vec::new();
        if let Some(first) = namespaces.iter().find(inherits) {
            let channels =
                namespaces.iter().filter(inherits).map(|namespace| namespace.channels.as_str());
            let location = self.location(operation);
            lists.push(ModeList {
                modes: &grant(first).modes,
                location,
                channels: channels.collect(),
            });
        }
        lists.extend(namespaces.iter().filter(|namespace| !inherits(namespace)).map(|namespace| {
            let path = namespace.address.parts().collect::<DocumentPath>().key(operation);
            let channels = vec![namespace.channels.as_str()];
            ModeList {
                modes: &grant(namespace).modes,
                location: ModesLocation::List(path),
                channels,
            }
        }));
        lists
    }

    /// Returns where the API sets the modes of `operation`.
    fn location(&self, operation: &str) -> ModesLocation {
        let path = self.path.clone().key("auth");
        match self.auth.is_some_and(|auth| auth.get(operation).is_some()) {
            true => ModesLocation::List(path.key(operation)),
            false => ModesLocation::Providers(path.key("providers")),
        }
    }

    /// Whether every mode of the list has a provider; one without is a separate error (PV201).
    fn is_valid(&self, list: &ModeList<'_>) -> bool {
        list.modes
            .iter()
            .all(|mode| self.api.providers.iter().any(|provider| provider.mode == *mode))
    }

    fn publish(&self, list: &ModeList<'_>, diagnostics: &mut Vec<Diagnostic>) {
        let key = &AnyAuthMode::Known(AuthMode::ApiKey);
        if !list.modes.iter().any(|mode| self.api.is_usable(mode)) {
            diagnostics.push(self.unusable("PV401", "publish", list));
        } else if list.modes.contains(key) && self.api.is_usable(key) {
            let message =
                format!("anyone who has an API key can publish to {}", channels(&list.channels));
            diagnostics.push(
                Diagnostic::warning("PV404", self.item(list, key), message).with_help(
                    "an API key shipped to browsers is public; require publishers to authenticate: \
                     `publish: [AWS_IAM]`, or a mode with user tokens, such as AMAZON_COGNITO_USER_POOLS",
                ),
            );
        }
    }

    fn subscribe(&self, list: &ModeList<'_>, connects: bool, diagnostics: &mut Vec<Diagnostic>) {
        let usable: Vec<&AnyAuthMode> =
            list.modes.iter().filter(|mode| self.api.is_usable(mode)).collect();
        if usable.is_empty() {
            diagnostics.push(self.unusable("PV402", "subscribe", list));
        }
        for mode in
            usable.into_iter().filter(|usable| connects && !self.api.connect.contains(usable))
        {
            // A connection and each of its subscriptions are authorized separately
            // (docs/reference/authorization.md#one-credential-per-operation), so this works for
            // clients with two credentials.
            let at = match &list.location {
                ModesLocation::List(_) => self.item(list, mode),
                ModesLocation::Providers(_) => {
                    Location::Key(self.path.clone().key("auth").key("connection"))
                }
            };
            let message =
                format!("{mode} may subscribe to {} but not connect", channels(&list.channels));
            diagnostics.push(note("PV403", at, &message).with_help(format!(
                "add {mode} to the API's `connection`, unless these clients connect with other credentials",
            )));
        }
    }

    fn unusable(&self, code: &'static str, operation: &str, list: &ModeList<'_>) -> Diagnostic {
        let (ModesLocation::List(path) | ModesLocation::Providers(path)) = &list.location;
        let message = format!(
            "no client can {operation} to {}: only {} is accepted, and this API declares no key",
            channels(&list.channels),
            mode_names(list.modes).join(", "),
        );
        Diagnostic::warning(code, Location::Value(path.clone()), message)
            .with_help("add `apiKeys: { web: {} }` to the API, or accept another mode")
    }

    fn no_connection(&self) -> Diagnostic {
        let at = Location::Value(self.path.clone().key("auth").key("connection"));
        let message = format!(
            "no client can connect, so none can subscribe: only {} is accepted, and this API declares no key",
            mode_names(&self.api.connect).join(", "),
        );
        Diagnostic::warning("PV402", at, message).with_help(
            "add `apiKeys: { web: {} }` to the API, or accept another mode for connections",
        )
    }

    /// Returns where `mode` is written, or where its provider is.
    fn item(&self, list: &ModeList<'_>, mode: &AnyAuthMode) -> Location {
        let (path, n) = match &list.location {
            ModesLocation::List(path) => (path, list.modes.iter().position(|value| value == mode)),
            ModesLocation::Providers(path) => {
                (path, self.api.providers.iter().position(|provider| provider.mode == *mode))
            }
        };
        Location::Value(n.into_iter().fold(path.clone(), DocumentPath::index))
    }
}

fn note(code: &'static str, at: Location, message: &str) -> Diagnostic {
    Diagnostic { severity: Severity::Note, ..Diagnostic::warning(code, at, message) }
}

/// `/a/*, /b/*, /c/* and 4 more`.
fn channels(all: &[&str]) -> String {
    /// The most channels that a message names.
    const NAMED_MAX: usize = 3;
    let named = all.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(NAMED_MAX) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
