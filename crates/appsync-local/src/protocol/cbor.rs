//! CBOR (RFC 8949), as far as errors of the protocol `smithy-rpc-v2-cbor` need it: a map of texts.

/// A text in CBOR is a number of bytes and the bytes; this is its major type, in the three upper bits.
const TEXT: u8 = 3 << 5;
const MAP: u8 = 5 << 5;

/// Encodes a map of texts.
pub fn encode_map(members: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_head(&mut bytes, MAP, members.len());
    for (name, value) in members {
        for text in [name, value] {
            write_head(&mut bytes, TEXT, text.len());
            bytes.extend_from_slice(text.as_bytes());
        }
    }
    bytes
}

/// Writes a major type with its length: up to 23 in one byte, else in the bytes that follow.
fn write_head(bytes: &mut Vec<u8>, major_type: u8, length: usize) {
    match (u8::try_from(length), u32::try_from(length)) {
        (Ok(length @ 0..=23), _) => bytes.push(major_type | length),
        (Ok(length), _) => bytes.extend([major_type | 24, length]),
        (Err(_), length) => {
            bytes.push(major_type | 26);
            bytes.extend(length.unwrap_or(u32::MAX).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_the_shortest_of_three_forms() {
        assert_eq!(encode_map(&[("a", "bc")]), b"\xa1\x61a\x62bc");
        let encoded = |length: usize| encode_map(&[("", &"x".repeat(length))]);
        assert_eq!(encoded(23)[2..4], [0x77, b'x']);
        assert_eq!(encoded(24)[2..4], [0x78, 24]);
        assert_eq!(encoded(300)[2..7], [0x7a, 0, 0, 1, 44]);
    }
}
