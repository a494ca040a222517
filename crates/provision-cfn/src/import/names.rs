//! Names of a spec, derived from the names of a template: short, specific and unique.
use std::collections::BTreeSet;

use provision_core::kind::KeyFacts;

/// Words of a name that say only which service a resource belongs to.
const SERVICE_WORDS: &[&str] = &["app", "sync", "appsync", "aws"];

/// The longest key of a spec, and the longest name of a parameter.
const NAME_MAX: usize = 64;
/// Maximum number of words in a parameter's name.
const PARAMETER_WORDS_MAX: usize = 12;

/// Derives a key that is not `taken` from names of the template, the best one first.
///
/// Words that say what the resource is, and those of the `parent`'s key, are dropped.
pub fn derive_key(
    facts: &KeyFacts,
    names: &[&str],
    parent: &str,
    taken: &BTreeSet<String>,
) -> String {
    let parent = words(parent);
    let specific = |name: &&str| {
        let is_noise = |word: &str| SERVICE_WORDS.contains(&word) || facts.noise.contains(&word);
        let words: Vec<String> =
            words(without_hash(name)).into_iter().filter(|word| !is_noise(word)).collect();
        let rest = words.strip_prefix(parent.as_slice()).unwrap_or(&words);
        (!rest.is_empty()).then(|| rest.join("-"))
    };
    let key = names.iter().find_map(specific).unwrap_or_else(|| facts.default.to_owned());
    unique_key(&key, taken)
}

/// Returns `name` if it is a valid key that is not taken.
pub fn as_key(name: &str, taken: &BTreeSet<String>) -> Option<String> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let is_valid = (1..=NAME_MAX).contains(&name.len())
        && name.chars().all(is_allowed)
        && !name.starts_with('-')
        && !name.ends_with('-');
    (is_valid && !taken.contains(name)).then(|| name.to_owned())
}

/// Returns `key`, with the first free number appended if it is taken.
fn unique_key(key: &str, taken: &BTreeSet<String>) -> String {
    const SUFFIX_MAX: usize = 6;
    let key: String = key.chars().take(NAME_MAX - SUFFIX_MAX).collect();
    let key = key.trim_end_matches('-');
    if !taken.contains(key) {
        return key.to_owned();
    }
    let mut numbered = (2..).map(|n| format!("{key}-{n}"));
    numbered.find(|key| !taken.contains(key)).expect("there are more numbers than keys")
}

/// Returns a name for a parameter, which has letters and digits only: `Orders Function Arn` becomes
/// `OrdersFunctionArn`.
pub fn parameter_name(text: &str) -> String {
    let capitalized = |word: &str| {
        let mut chars = word.chars();
        let first = chars.next().map(|c| c.to_ascii_uppercase());
        first.into_iter().chain(chars).collect::<String>()
    };
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).map(capitalized);
    let name: String = words.take(PARAMETER_WORDS_MAX).collect();
    let name: String = name.chars().take(NAME_MAX).collect();
    match name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        true => name,
        false => format!("Value{name}"),
    }
}

/// Returns `name`, with the first free number appended if it is taken.
pub fn unique_parameter_name(name: &str, taken: &BTreeSet<String>) -> String {
    if !taken.contains(name) {
        return name.to_owned();
    }
    let mut numbered = (2..).map(|n| format!("{name}{n}"));
    numbered.find(|name| !taken.contains(name)).expect("there are more numbers than names")
}

/// Returns a logical id without the eight hexadecimal digits that generators such as CDK append.
pub fn without_hash(id: &str) -> &str {
    const HASH_LENGTH: usize = 8;
    let split = id.len().checked_sub(HASH_LENGTH).and_then(|index| id.split_at_checked(index));
    let Some((name, hash)) = split else { return id };
    let is_hash = hash.chars().all(|c| c.is_ascii_digit() || ('A'..='F').contains(&c))
        && hash.chars().any(|c| c.is_ascii_digit());
    if is_hash && !name.is_empty() { name } else { id }
}

/// Returns the words of a name such as `CloudWatchLogsRole`, `APIKey2` or `chat-room`, in lower case.
fn words(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    for (n, c) in chars.iter().enumerate() {
        let previous = n.checked_sub(1).map(|n| chars[n]);
        let is_after_lower = previous.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let is_after_upper = previous.is_some_and(|c| c.is_ascii_uppercase());
        let is_before_lower = chars.get(n + 1).is_some_and(char::is_ascii_lowercase);
        let starts_word =
            c.is_ascii_uppercase() && (is_after_lower || (is_after_upper && is_before_lower));
        if (starts_word || !c.is_ascii_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_ascii_alphanumeric() {
            word.push(c.to_ascii_lowercase());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use provision_core::kinds::KINDS;

    use crate::import::names::{derive_key, parameter_name, unique_key, without_hash};

    #[test]
    fn keys_have_only_the_words_that_say_which_resource_it_is() {
        let check = |section: &str, names: &[&str], parent: &str, expected: &str| {
            let kind = KINDS.iter().find(|kind| kind.section == section).unwrap();
            let key = derive_key(&kind.template.key, names, parent, &BTreeSet::new());
            assert_eq!(key, expected, "{names:?}");
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
    fn keys_are_unique() {
        let taken = BTreeSet::from(["a".to_owned(), "a-2".to_owned()]);
        assert_eq!(unique_key("a", &taken), "a-3");
        assert_eq!(unique_key("b", &taken), "b");
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
    fn parameter_names_have_letters_and_digits_only() {
        assert_eq!(parameter_name("Orders Function-Arn"), "OrdersFunctionArn");
        assert_eq!(parameter_name("${Net}-pool"), "NetPool");
        assert_eq!(parameter_name("1st"), "Value1st");
        assert_eq!(parameter_name(""), "Value");
    }
}
