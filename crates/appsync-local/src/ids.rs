//! Random ids in AWS's formats, and ids that sort by time, as `util.autoUlid` and `util.autoKsuid` return them.
//! They are never derived from content.

const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const CROCKFORD: &[u8] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The beginning of the ids of temporary access keys.
const SESSION_KEY_PREFIX: &str = "ASIA";
/// The time from which a KSUID counts seconds.
const KSUID_EPOCH_S: u64 = 1_400_000_000;

/// 26 letters and digits: the id of an API, the first label of its hosts, or the secret part of an API key.
pub fn random_id() -> String {
    random_letters(LOWER, 26)
}

/// `da2-…`, an API key, which is a secret.
pub fn api_key_id() -> String {
    format!("da2-{}", random_id())
}

/// The last part of the name that CloudFormation gives a resource.
pub fn name_suffix() -> String {
    random_letters(BASE62, 12)
}

/// `d…`, the id of a CloudFront distribution in its host name.
pub fn distribution_id() -> String {
    format!("d{}", random_letters(LOWER, 13))
}

/// `AROA…`, the id of a role.
pub fn role_id() -> String {
    format!("AROA{}", random_letters(UPPER, 17))
}

/// `ASIA…`, the id of an access key of a role, with the account of the role.
pub fn session_key_id(account: &str) -> String {
    format!("{SESSION_KEY_PREFIX}{account}{}", random_letters(UPPER, 4))
}

/// The account in an id that [`session_key_id`] made.
pub fn account_of_session_key(key_id: &str) -> Option<&str> {
    let account =
        key_id.strip_prefix(SESSION_KEY_PREFIX).filter(|rest| rest.len() == 16)?.get(..12)?;
    account.bytes().all(|byte| byte.is_ascii_digit()).then_some(account)
}

/// A secret access key. No signature is ever verified with it.
pub fn secret_key() -> String {
    random_letters(LOWER, 26) + &random_letters(LOWER, 14)
}

/// `ANPA…`, the id of a managed policy.
pub fn policy_id() -> String {
    format!("ANPA{}", random_letters(UPPER, 17))
}

pub fn request_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

fn random_letters(letters: &[u8], length: usize) -> String {
    // Two v4 UUIDs hold 244 random bits, enough for 26 letters of 36.
    let (one, two) = (uuid::Uuid::new_v4(), uuid::Uuid::new_v4());
    let bytes = one.as_bytes().iter().chain(two.as_bytes());
    // Version and variant are the same in every UUID: omit their bytes.
    let random = bytes.enumerate().filter(|(n, _)| !matches!(n % 16, 6 | 8)).map(|(_, byte)| byte);
    random
        .take(length)
        .map(|byte| char::from(letters[usize::from(*byte) % letters.len()]))
        .collect()
}

/// 48 bits of milliseconds and 80 random bits, in 26 letters.
pub fn ulid(now_ms: u64) -> String {
    let random = random_bits() & ((1 << 80) - 1);
    let bits = (u128::from(now_ms & ((1 << 48) - 1)) << 80) | random;
    let letter = |n: u32| char::from(CROCKFORD[(bits >> (5 * n)) as usize & 31]);
    (0..26).rev().map(letter).collect()
}

/// 32 bits of seconds and 128 random bits, in 27 letters.
pub fn ksuid(now_ms: u64) -> String {
    let seconds = (now_ms / 1_000).saturating_sub(KSUID_EPOCH_S) as u32;
    let mut bytes: Vec<u8> =
        seconds.to_be_bytes().into_iter().chain(random_bits().to_be_bytes()).collect();
    let mut letters = Vec::with_capacity(27);
    for _ in 0..27 {
        let mut rest = 0_u32;
        for byte in &mut bytes {
            let part = rest * 256 + u32::from(*byte);
            *byte = (part / 62) as u8;
            rest = part % 62;
        }
        letters.push(char::from(BASE62[rest as usize]));
    }
    letters.into_iter().rev().collect()
}

/// The version bits of a v4 UUID are always the same: two UUIDs make one fully random value.
fn random_bits() -> u128 {
    let (one, two) = (uuid::Uuid::new_v4().as_u128(), uuid::Uuid::new_v4().as_u128());
    one ^ two.rotate_left(64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_ids_have_their_length_and_differ() {
        assert_eq!(random_id().len(), 26);
        assert_ne!(random_id(), random_id());
        assert_eq!(role_id().len(), 21);
        assert_eq!((session_key_id("000000000001").len(), secret_key().len()), (20, 40));
    }

    #[test]
    fn the_key_of_a_session_has_its_account() {
        let key = session_key_id("000000000001");
        assert_eq!(account_of_session_key(&key), Some("000000000001"));
        assert_eq!(account_of_session_key("ASIAIOSFODNN7EXAMPLE"), None);
        assert_eq!(account_of_session_key("000000000001"), None);
    }

    #[test]
    fn timed_ids_have_their_length_and_sort_by_time() {
        assert_eq!((ulid(1_800_000_000_000).len(), ksuid(1_800_000_000_000).len()), (26, 27));
        assert!(ulid(1_800_000_000_000) < ulid(1_800_000_000_001));
        assert!(ksuid(1_800_000_000_000) < ksuid(1_800_000_001_000));
        assert_ne!(ulid(0), ulid(0));
        assert!(ulid(0).starts_with("0000000000"));
    }
}
