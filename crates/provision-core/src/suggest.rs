//! Suggestions for misspelled names: "did you mean …?".

/// Returns the candidate that is most similar to `written`, if one is similar enough to suggest it.
pub fn closest_match<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let lower = written.to_lowercase();
    let length = lower.chars().count();
    let distance = |candidate: &str| strsim::damerau_levenshtein(&lower, &candidate.to_lowercase());
    let near =
        |candidate: &str, distance: usize| distance <= 1.max(candidate.len().max(lower.len()) / 4);
    // The distance is at least the difference of the lengths. Computing it exactly takes memory proportional to the
    // product of the lengths.
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

/// Returns the help for a name that `section` does not declare.
pub fn unknown_name_help(written: &str, section: &str, declared: &[&str]) -> String {
    match (closest_match(written, declared.iter().copied()), declared) {
        (Some(suggestion), _) => format!("did you mean `{suggestion}`?"),
        (None, []) => format!("declare it: `{section}: {{ {written}: {{ … }} }}`"),
        (None, declared) => format!("`{section}` has {}", declared.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_similar_candidate_is_suggested_unless_none_is_similar() {
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
