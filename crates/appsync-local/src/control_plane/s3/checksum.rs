//! The checksums that S3 clients send with a body: an algorithm and its value in Base64.
use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::{Digest, Md5};

use crate::control_plane::s3::error::{bad_digest, invalid_request};
use crate::protocol::request::header_text;
use crate::protocol::response::AwsError;

/// An algorithm, with the header of its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

const ALGORITHMS: &[(Algorithm, &str)] = &[
    (Algorithm::Crc32, "x-amz-checksum-crc32"),
    (Algorithm::Crc32c, "x-amz-checksum-crc32c"),
    (Algorithm::Crc64Nvme, "x-amz-checksum-crc64nvme"),
    (Algorithm::Sha1, "x-amz-checksum-sha1"),
    (Algorithm::Sha256, "x-amz-checksum-sha256"),
];
const HEADER_PREFIX: &str = "x-amz-checksum-";

/// Polynomials in reversed bit order.
const CRC32: u64 = 0xedb8_8320;
const CRC32C: u64 = 0x82f6_3b78;
const CRC64NVME: u64 = 0x9a6c_9329_ac4b_c9b5;

/// The MD5 of a body in hexadecimal, which is an object's ETag.
pub fn etag(body: &[u8]) -> String {
    Md5::digest(body).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Compares a body with the `Content-MD5` and the checksum that its headers or trailers have. Returns the header of the
/// checksum and its value; without one, CRC64NVME, which S3 calculates then, too.
pub fn verify(
    headers: &HeaderMap,
    trailers: &[(String, String)],
    body: &[u8],
) -> Result<(String, String), AwsError> {
    let md5 = header_text(headers, "content-md5");
    if !md5.is_empty() && md5 != BASE64.encode(Md5::digest(body)) {
        return Err(bad_digest("Content-MD5"));
    }
    let in_headers = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .filter(|(name, _)| !["x-amz-checksum-algorithm", "x-amz-checksum-type"].contains(name));
    let in_trailers = trailers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let mut declared =
        in_headers.chain(in_trailers).filter(|(name, _)| name.starts_with(HEADER_PREFIX));
    let Some((name, value)) = declared.next() else {
        let value = Algorithm::Crc64Nvme.encoded_digest(body);
        return Ok(("x-amz-checksum-crc64nvme".to_owned(), value));
    };
    let Some((algorithm, _)) = ALGORITHMS.iter().find(|(_, header)| *header == name) else {
        return Err(AwsError::unsupported(&format!("the checksum {name} of S3")));
    };
    if declared.next().is_some() {
        return Err(invalid_request(
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
        ));
    }
    match algorithm.encoded_digest(body) == value {
        true => Ok((name.to_owned(), value.to_owned())),
        false => Err(bad_digest(&name[HEADER_PREFIX.len()..].to_uppercase())),
    }
}

impl Algorithm {
    fn encoded_digest(self, body: &[u8]) -> String {
        let crc32 = |polynomial| (crc(body, polynomial, 0xffff_ffff) as u32).to_be_bytes().to_vec();
        BASE64.encode(match self {
            Self::Crc32 => crc32(CRC32),
            Self::Crc32c => crc32(CRC32C),
            Self::Crc64Nvme => crc(body, CRC64NVME, u64::MAX).to_be_bytes().to_vec(),
            Self::Sha1 => <sha1::Sha1 as sha1::Digest>::digest(body).to_vec(),
            Self::Sha256 => sha2::Sha256::digest(body).to_vec(),
        })
    }
}

/// A cyclic redundancy check in reversed bit order, whose value is inverted at both ends by `mask`.
fn crc(body: &[u8], polynomial: u64, mask: u64) -> u64 {
    let step = |value: u64| if value & 1 == 1 { (value >> 1) ^ polynomial } else { value >> 1 };
    let table: Vec<u64> = (0..256).map(|byte| (0..8).fold(byte, |value, _| step(value))).collect();
    let next =
        |value: u64, byte: &u8| (value >> 8) ^ table[usize::from(*byte ^ (value & 0xff) as u8)];
    body.iter().fold(mask, next) ^ mask
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of the catalogs of CRCs, and of the hash functions' documents.
    #[test]
    fn digests_are_those_of_the_standards() {
        let check = |algorithm: Algorithm, expected: &[u8]| {
            let digest = algorithm.encoded_digest(b"123456789");
            assert_eq!(digest, BASE64.encode(expected), "{algorithm:?}");
        };
        check(Algorithm::Crc32, &0xcbf4_3926_u32.to_be_bytes());
        check(Algorithm::Crc32c, &0xe306_9283_u32.to_be_bytes());
        check(Algorithm::Crc64Nvme, &0xae8b_1486_0a79_9888_u64.to_be_bytes());
        assert_eq!(Algorithm::Sha1.encoded_digest(b"abc"), "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=");
        assert_eq!(etag(b""), "d41d8cd98f00b204e9800998ecf8427e");
    }

    #[test]
    fn a_body_must_have_the_declared_checksum() {
        let check = |headers: &[(&'static str, &str)], trailers: &[(&str, &str)]| {
            let headers: HeaderMap = headers
                .iter()
                .map(|(name, value)| {
                    (axum::http::HeaderName::from_static(name), value.parse().unwrap())
                })
                .collect();
            let trailers: Vec<_> = trailers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            verify(&headers, &trailers, b"123456789").map_err(|error| error.code.into_owned())
        };
        let crc32 = ("x-amz-checksum-crc32", "y/Q5Jg==");
        let owned = |(name, value): (&str, &str)| Ok((name.to_owned(), value.to_owned()));
        assert_eq!(check(&[crc32], &[]), owned(crc32));
        assert_eq!(check(&[], &[crc32]), owned(crc32));
        assert_eq!(check(&[], &[]), owned(("x-amz-checksum-crc64nvme", "rosUhgp5mIg=")));
        assert_eq!(check(&[("x-amz-checksum-crc32", "AAAAAA==")], &[]), Err("BadDigest".into()));
        assert_eq!(check(&[("content-md5", "AAAA")], &[]), Err("BadDigest".into()));
        assert_eq!(check(&[crc32], &[("x-amz-checksum-sha1", "")]), Err("InvalidRequest".into()));
    }
}
