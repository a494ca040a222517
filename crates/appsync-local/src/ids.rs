//! Ids as AWS makes them.

const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The id of an API, the first part of its hosts, the secret part of a key: 26 letters and digits.
pub fn long() -> String {
    random(LOWER, 26)
}

/// `d…`, a distribution of CloudFront's, as its hosts have it.
pub fn distribution() -> String {
    format!("d{}", random(LOWER, 13))
}

/// `AROA…`, the id of a role.
pub fn role() -> String {
    format!("AROA{}", random(UPPER, 17))
}

pub fn request() -> String {
    uuid::Uuid::new_v4().to_string()
}

fn random(letters: &[u8], length: usize) -> String {
    // Two v4 UUIDs hold 244 random bits, enough for 26 letters of 36.
    let (one, two) = (uuid::Uuid::new_v4(), uuid::Uuid::new_v4());
    let bytes = one.as_bytes().iter().chain(two.as_bytes());
    // The bits that say "version 4" are the same in each: leave those bytes out.
    let random = bytes.enumerate().filter(|(n, _)| !matches!(n % 16, 6 | 8)).map(|(_, byte)| byte);
    random
        .take(length)
        .map(|byte| char::from(letters[usize::from(*byte) % letters.len()]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_their_length_and_differ() {
        assert_eq!(long().len(), 26);
        assert_ne!(long(), long());
        assert_eq!(role().len(), 21);
    }
}
