//! Did you mean …? Pure.

/// The candidate that `written` was probably meant to be.
pub fn closest_match<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let lower = written.to_lowercase();
    let length = lower.chars().count();
    let distance = |candidate: &str| strsim::damerau_levenshtein(&lower, &candidate.to_lowercase());
    let near =
        |candidate: &str, distance: usize| distance <= 1.max(candidate.len().max(lower.len()) / 4);
    // Texts are at least as far from each other as their lengths; to find out exactly how far takes
    // as much memory as both lengths multiplied.
    let may_be_near =
        |text: &&str| near(text, length.abs_diff(text.to_lowercase().chars().count()));
    candidates
        .into_iter()
        .filter(may_be_near)
        .map(|candidate| (distance(candidate), candidate))
        .filter(|(distance, candidate)| near(candidate, *distance))
        .min()
        .map(|(_, candidate)| candidate)
}

/// What to write in the place of a name that `section` does not declare.
pub fn unknown_name_help(written: &str, section: &str, declared: &[&str]) -> String {
    match (closest_match(written, declared.iter().copied()), declared) {
        (Some(meant), _) => format!("did you mean `{meant}`?"),
        (None, []) => format!("declare it: `{section}: {{ {written}: {{ … }} }}`"),
        (None, declared) => format!("`{section}` has {}", declared.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_candidate_is_meant_and_none_from_afar() {
        let keys = ["publish", "subscribe", "name", "apiKeys"];
        for (written, expected) in [
            ("pubish", Some("publish")),
            ("apikeys", Some("apiKeys")),
            ("nmae", Some("name")),
            ("zebra", None),
            ("", None),
        ] {
            assert_eq!(closest_match(written, keys), expected, "{written}");
        }
    }
}
