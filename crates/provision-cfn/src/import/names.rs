//! Names in a spec, made from a template's names: short, telling, and each once.
use std::collections::BTreeSet;

/// Words that say what a thing is and not which one, by section.
fn type_words(section: &str) -> &'static [&'static str] {
    match section {
        "apis" => &["api", "apis", "event", "events"],
        "namespaces" => &["name", "space", "namespace", "channel", "ns"],
        "apiKeys" => &["api", "key", "keys", "event", "events"],
        "dataSources" => &["data", "source", "datasource"],
        "logRoles" => &[
            "cloud",
            "watch",
            "cloudwatch",
            "log",
            "logs",
            "logging",
            "role",
            "iam",
            "api",
            "event",
            "events",
            "service",
            "push",
            "to",
            "arn",
        ],
        "domains" => &["custom", "domain", "name", "api", "event", "events"],
        _ => &[],
    }
}

/// Words that say whose service it is.
const SERVICE_WORDS: &[&str] = &["app", "sync", "appsync", "aws"];

/// The name of one whose words say nothing.
fn nameless(section: &str) -> &'static str {
    match section {
        "apis" | "domains" => "events",
        "logRoles" => "logs",
        _ => "default",
    }
}

/// The longest name that a spec takes.
const NAME_MAX: usize = 64;

/// A name for what the template calls `candidates`, the best first. `around`: the name of what it
/// hangs on, which need not be said again.
pub fn key(section: &str, candidates: &[&str], around: &str, taken: &BTreeSet<String>) -> String {
    let around = words(around);
    let telling = |candidate: &&str| {
        let said = words(without_hash(candidate));
        let idle = |word: &String| {
            SERVICE_WORDS.contains(&word.as_str()) || type_words(section).contains(&word.as_str())
        };
        let own: Vec<String> = said.iter().filter(|it| !idle(it)).cloned().collect();
        let rest = own.strip_prefix(around.as_slice()).unwrap_or(&own).to_vec();
        // Its parent's name says more than nothing.
        (!rest.is_empty()).then(|| rest.join("-"))
    };
    let found = candidates.iter().filter_map(telling).next();
    unique(&found.unwrap_or_else(|| nameless(section).to_owned()), taken)
}

/// The name itself, if a spec takes it and nobody has it yet.
pub fn as_it_is(name: &str, taken: &BTreeSet<String>) -> Option<String> {
    (is_name(name) && !taken.contains(name)).then(|| name.to_owned())
}

/// Whether a spec takes it as a name.
fn is_name(name: &str) -> bool {
    let inner = |it: char| it.is_ascii_alphanumeric() || it == '_' || it == '-';
    (1..=NAME_MAX).contains(&name.len())
        && name.chars().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

/// `name`, or with the first number behind it that nobody has.
pub fn unique(name: &str, taken: &BTreeSet<String>) -> String {
    let longest = NAME_MAX - 6;
    let name: String = name.chars().take(longest).collect();
    let name = name.trim_end_matches('-');
    if !taken.contains(name) {
        return name.to_owned();
    }
    let mut numbered = (2..).map(|n| format!("{name}-{n}"));
    numbered.find(|it| !taken.contains(it)).expect("there are more numbers than names")
}

/// A name for a parameter, which has letters and digits only: `Orders Function Arn` is
/// `OrdersFunctionArn`.
pub fn parameter(text: &str) -> String {
    let capitalized = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|it| it.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    let name: String =
        text.split(|it: char| !it.is_ascii_alphanumeric()).map(capitalized).take(12).collect();
    let name: String = name.chars().take(NAME_MAX).collect();
    match name.chars().next() {
        Some(first) if first.is_ascii_alphabetic() => name,
        _ => format!("Value{name}"),
    }
}

/// A logical id without the eight hexadecimal digits that generators put behind it.
pub fn without_hash(id: &str) -> &str {
    let Some((before, hash)) = id.len().checked_sub(8).and_then(|it| id.split_at_checked(it))
    else {
        return id;
    };
    let is_hash = |it: char| it.is_ascii_digit() || ('A'..='F').contains(&it);
    let sound = hash.chars().all(is_hash) && hash.chars().any(|it| it.is_ascii_digit());
    if sound && !before.is_empty() { before } else { id }
}

/// The words of a name, in lower case: `CloudWatchLogsRole`, `APIKey2`, `chat-room`.
fn words(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    for (n, letter) in letters.iter().enumerate() {
        let upper = letter.is_ascii_uppercase();
        let after_lower =
            n > 0 && (letters[n - 1].is_ascii_lowercase() || letters[n - 1].is_ascii_digit());
        let before_lower = letters.get(n + 1).is_some_and(char::is_ascii_lowercase);
        let begins = upper
            && (after_lower || (before_lower && n > 0 && letters[n - 1].is_ascii_uppercase()));
        if (begins || !letter.is_ascii_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if letter.is_ascii_alphanumeric() {
            word.push(letter.to_ascii_lowercase());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_what_is_left_without_the_words_that_say_what_it_is() {
        let check = |section: &str, candidates: &[&str], around: &str, expected: &str| {
            assert_eq!(
                key(section, candidates, around, &BTreeSet::new()),
                expected,
                "{candidates:?}"
            );
        };
        check("apis", &["appsync-event-api-sample", "AppSyncApi"], "", "sample");
        check("apis", &["EventApi"], "", "events");
        check("apis", &["", "OrderUpdatesEventApi"], "", "order-updates");
        check("logRoles", &["CloudWatchLogsRole"], "", "logs");
        check("logRoles", &["ChatApiLogRole0A1B2C3D"], "", "chat");
        check("apiKeys", &["ApiKey"], "sample", "default");
        check("apiKeys", &["SampleWebApiKey"], "sample", "web");
        check("domains", &["events.example.com"], "", "example-com");
    }

    #[test]
    fn a_name_stands_once() {
        let taken = BTreeSet::from(["a".to_owned(), "a-2".to_owned()]);
        assert_eq!(unique("a", &taken), "a-3");
        assert_eq!(unique("b", &taken), "b");
    }

    #[test]
    fn only_a_hash_is_cut_off() {
        for (id, expected) in [
            ("ChatApi0A1B2C3D", "ChatApi"),
            ("DEADBEEF", "DEADBEEF"),
            ("MyFACADEDA", "MyFACADEDA"),
            ("Api", "Api"),
        ] {
            assert_eq!(without_hash(id), expected);
        }
    }

    #[test]
    fn a_parameter_has_letters_and_digits_only() {
        assert_eq!(parameter("Orders Function-Arn"), "OrdersFunctionArn");
        assert_eq!(parameter("${Net}-pool"), "NetPool");
        assert_eq!(parameter("1st"), "Value1st");
        assert_eq!(parameter(""), "Value");
    }
}
