//! The body of an upload: the bytes of the object as they are, or framed as `aws-chunked` with trailers. Signatures of
//! chunks are never verified.
use axum::http::HeaderMap;

use crate::control_plane::s3::error::incomplete_body;
use crate::protocol::request::header_text;
use crate::protocol::response::AwsError;

/// The bytes of an object, and the trailers that followed them.
#[derive(Debug, PartialEq, Eq)]
pub struct Payload {
    pub bytes: Vec<u8>,
    /// Names in lower case, and values.
    pub trailers: Vec<(String, String)>,
}

/// Decodes a body as its headers declare it.
pub fn decode(headers: &HeaderMap, body: &[u8]) -> Result<Payload, AwsError> {
    let is_framed = header_text(headers, "x-amz-content-sha256").starts_with("STREAMING-")
        || encodings(headers).any(|encoding| encoding == AWS_CHUNKED);
    if !is_framed {
        return Ok(Payload { bytes: body.to_vec(), trailers: Vec::new() });
    }
    let payload = decode_chunks(body).ok_or_else(incomplete_body)?;
    let length = header_text(headers, "x-amz-decoded-content-length");
    match length.parse::<usize>() {
        Ok(length) if length != payload.bytes.len() => Err(incomplete_body()),
        _ => Ok(payload),
    }
}

const AWS_CHUNKED: &str = "aws-chunked";

/// The encoding of the object itself, which is stored, if it has one.
pub fn stored_encoding(headers: &HeaderMap) -> Option<String> {
    let encodings: Vec<String> =
        encodings(headers).filter(|encoding| encoding != AWS_CHUNKED).collect();
    (!encodings.is_empty()).then(|| encodings.join(","))
}

fn encodings(headers: &HeaderMap) -> impl Iterator<Item = String> {
    let all = header_text(headers, "content-encoding");
    let encodings: Vec<String> =
        all.split(',').map(|encoding| encoding.trim().to_owned()).collect();
    encodings.into_iter().filter(|encoding| !encoding.is_empty())
}

/// Decodes chunks, each a line with its size in hexadecimal, the bytes and an empty line. An empty chunk is the last;
/// trailers and an empty line follow it.
fn decode_chunks(mut rest: &[u8]) -> Option<Payload> {
    let mut bytes = Vec::new();
    loop {
        let size = line(&mut rest)?;
        let size = size.split(';').next().unwrap_or_default();
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            break;
        }
        bytes.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size..)?.strip_prefix(b"\r\n")?;
    }
    let mut trailers = Vec::new();
    while !rest.is_empty() {
        let trailer = line(&mut rest)?;
        if let Some((name, value)) = trailer.split_once(':') {
            trailers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    Some(Payload { bytes, trailers })
}

/// Takes a line of text from the beginning of `rest`.
fn line<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
    let (line, after) = rest.split_at(end);
    *rest = &after[2..];
    std::str::from_utf8(line).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(headers: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = headers.iter().map(|(name, value)| {
            (axum::http::HeaderName::from_static(name), value.parse().unwrap())
        });
        pairs.collect()
    }

    #[test]
    fn framing_and_trailers_are_never_part_of_the_object() {
        let body = b"4\r\nwiki\r\n5;chunk-signature=0\r\npe\r\ni\r\n0\r\nX-Amz-Checksum-Crc32: AAAA\r\n\r\n";
        let declared = headers(&[
            ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
            ("x-amz-decoded-content-length", "9"),
            ("content-encoding", "gzip,aws-chunked"),
        ]);
        let payload = decode(&declared, body).unwrap();
        assert_eq!(payload.bytes, b"wikipe\r\ni");
        assert_eq!(payload.trailers, [("x-amz-checksum-crc32".into(), "AAAA".into())]);
        assert_eq!(stored_encoding(&declared).as_deref(), Some("gzip"));
        assert_eq!(stored_encoding(&headers(&[("content-encoding", "aws-chunked")])), None);
    }

    #[test]
    fn other_bodies_are_the_object() {
        let unframed = headers(&[("x-amz-content-sha256", "UNSIGNED-PAYLOAD")]);
        assert_eq!(decode(&unframed, b"0\r\n\r\n").unwrap().bytes, b"0\r\n\r\n");
    }

    #[test]
    fn broken_framing_is_an_error() {
        let framed = headers(&[("content-encoding", "aws-chunked")]);
        for body in
            ["", "x\r\n", "4\r\nwi", "4\r\nwikiX0\r\n\r\n", "2\r\nwi\r\n", "ffffffffffffffff\r\n"]
        {
            assert!(decode(&framed, body.as_bytes()).is_err(), "{body:?}");
        }
        let declared =
            headers(&[("content-encoding", "aws-chunked"), ("x-amz-decoded-content-length", "9")]);
        assert!(decode(&declared, b"1\r\nx\r\n0\r\n\r\n").is_err());
    }
}
