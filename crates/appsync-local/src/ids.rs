//! Random ids in AWS's formats, and ids that sort by time, as `util.autoUlid` and `util.autoKsuid` return them.
//! They are never derived from content.

const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const CROCKFORD: &[u8] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The time from which a KSUID counts seconds.
const KSUID_EPOCH_S: u64 = 1_400_000_000;

/// 26 letters and digits: the id of an API, the first label of its hosts, or the secret part of an API key.
pub fn random_id() -> String {
    random_letters(LOWER, 26)
}

/// `d…`, the id of a CloudFront distribution in its host name.
pub fn distribution_id() -> String {
    format!("d{}", random_letters(LOWER, 13))
}

/// `AROA…`, the id of a role.
pub fn role_id() -> String {
    format!("AROA{}", random_letters(UPPER, 17))
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
