//! ListObjectsV2: the keys of a bucket in order, in pages, and grouped by a delimiter.
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::control_plane::page::{decode_token, encode_token};
use crate::control_plane::s3::bucket::{iso_time, number_parameter, with_namespace};
use crate::control_plane::s3::error::invalid_argument;
use crate::protocol::query::{element, text_element};
use crate::protocol::request::{ApiCall, query_parameter};
use crate::protocol::response::AwsError;
use crate::state::{Bucket, StoredObject};

const KEYS_MAX: usize = 1_000;
/// What `encoding-type=url` leaves as it is.
const URL_ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/');

/// The parameters of a request.
struct Listing {
    prefix: String,
    delimiter: String,
    start_after: Option<String>,
    token: Option<String>,
    limit: usize,
    is_url_encoded: bool,
}

/// A key with its object, or the common prefix of several keys.
enum Entry<'a> {
    Object(&'a str, &'a StoredObject),
    CommonPrefix(&'a str),
}

/// The XML of the list that a call is for.
pub fn list_xml(bucket: &Bucket, call: &ApiCall) -> Result<String, AwsError> {
    let listing = Listing::parse(call)?;
    let (entries, next_token) = listing.entries(bucket);
    let text = |name: &str, value: &str| text_element(name, &listing.encode(value));
    let mut members = vec![
        text_element("Name", &bucket.name),
        text("Prefix", &listing.prefix),
        text_element("KeyCount", &entries.len().to_string()),
        text_element("MaxKeys", &listing.limit.to_string()),
        text_element("IsTruncated", if next_token.is_some() { "true" } else { "false" }),
    ];
    if !listing.delimiter.is_empty() {
        members.push(text("Delimiter", &listing.delimiter));
    }
    if listing.is_url_encoded {
        members.push(text_element("EncodingType", "url"));
    }
    if let Some(start_after) = &listing.start_after {
        members.push(text("StartAfter", start_after));
    }
    if let Some(token) = query_parameter(&call.query, "continuation-token") {
        members.push(text_element("ContinuationToken", &token));
    }
    if let Some(token) = next_token {
        members.push(text_element("NextContinuationToken", &token));
    }
    members.extend(entries.iter().map(|entry| match entry {
        Entry::Object(key, object) => {
            element("Contents", &(text("Key", key) + &object_members(object)))
        }
        Entry::CommonPrefix(prefix) => element("CommonPrefixes", &text("Prefix", prefix)),
    }));
    Ok(with_namespace("ListBucketResult", &members.concat()))
}

impl Listing {
    fn parse(call: &ApiCall) -> Result<Self, AwsError> {
        let parameter = |name: &str| query_parameter(&call.query, name);
        let token = match parameter("continuation-token") {
            None => None,
            Some(token) => Some(decode_token(&token).map_err(|_| {
                let message = "The continuation token provided is incorrect";
                invalid_argument(message, "continuation-token", &token)
            })?),
        };
        Ok(Self {
            prefix: parameter("prefix").unwrap_or_default(),
            delimiter: parameter("delimiter").unwrap_or_default(),
            start_after: parameter("start-after"),
            token,
            limit: number_parameter("max-keys", parameter("max-keys"), KEYS_MAX)?,
            is_url_encoded: parameter("encoding-type").as_deref() == Some("url"),
        })
    }

    /// The entries of the page, and the token of the next one, if there is one.
    fn entries<'a>(&self, bucket: &'a Bucket) -> (Vec<Entry<'a>>, Option<String>) {
        let after = self.token.as_ref().or(self.start_after.as_ref());
        let mut entries: Vec<Entry<'a>> = Vec::new();
        // The key or common prefix of the last entry, behind which the next page starts.
        let mut last: Option<&'a str> = None;
        for (key, object) in bucket.objects.iter() {
            let Some(rest) = key.strip_prefix(&self.prefix) else { continue };
            let end = match self.delimiter.as_str() {
                "" => None,
                delimiter => rest.find(delimiter).map(|at| at + delimiter.len()),
            };
            let name = end.map_or(key, |end| &key[..self.prefix.len() + end]);
            // A common prefix that was on a page before has no entry for its further keys.
            let is_before = |after: &String| name <= after.as_str();
            if last == Some(name) || after.is_some_and(is_before) {
                continue;
            }
            if entries.len() == self.limit {
                return (entries, last.map(encode_token));
            }
            entries.push(match end {
                Some(_) => Entry::CommonPrefix(name),
                None => Entry::Object(key, object),
            });
            last = Some(name);
        }
        (entries, None)
    }

    fn encode(&self, text: &str) -> String {
        match self.is_url_encoded {
            true => utf8_percent_encode(text, URL_ENCODED).to_string(),
            false => text.to_owned(),
        }
    }
}

fn object_members(object: &StoredObject) -> String {
    let mut members = text_element("LastModified", &iso_time(object.modified_epoch_s))
        + &text_element("ETag", &format!("\"{}\"", object.etag));
    if let Some((header, _)) = &object.checksum {
        let algorithm = header.trim_start_matches("x-amz-checksum-").to_uppercase();
        members.push_str(&text_element("ChecksumAlgorithm", &algorithm));
        members.push_str(&text_element("ChecksumType", "FULL_OBJECT"));
    }
    members
        + &text_element("Size", &object.size.to_string())
        + &text_element("StorageClass", "STANDARD")
}
