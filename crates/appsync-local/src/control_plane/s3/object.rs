//! Objects: storing, reading and deleting them, with their headers.
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use axum::http::HeaderMap;

use crate::control_plane::s3::bucket;
use crate::control_plane::s3::checksum;
use crate::control_plane::s3::error::{invalid_argument, no_such_key, precondition_failed};
use crate::control_plane::s3::payload;
use crate::protocol::caller::Caller;
use crate::protocol::clock::http_date;
use crate::protocol::request::{ApiCall, header_text, query_parameter};
use crate::protocol::response::{AwsError, RestOutput};
use crate::state::StoredObject;
use crate::store::Store;

/// The longest key.
const KEY_BYTES_MAX: usize = 1_024;
/// The largest object. AWS's limit for one request is 5 GB.
pub const OBJECT_BYTES_MAX: usize = 50 * 1024 * 1024;
/// How often reading starts again, because another request replaced the object meanwhile.
const READS_MAX: usize = 5;
/// The headers that S3 keeps with an object, in addition to `x-amz-meta-…`.
const KEPT_HEADERS: &[&str] = &[
    "cache-control",
    "content-disposition",
    "content-language",
    "content-type",
    "expires",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
];
/// Parameters of a request that replace headers of its response.
const REPLACING_PARAMETERS: &[(&str, &str)] = &[
    ("response-cache-control", "cache-control"),
    ("response-content-disposition", "content-disposition"),
    ("response-content-encoding", "content-encoding"),
    ("response-content-language", "content-language"),
    ("response-content-type", "content-type"),
    ("response-expires", "expires"),
];
/// Headers that would change what the object is or who may read it.
const UNSUPPORTED_HEADERS: &[&str] = &[
    "x-amz-object-lock-mode",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-tagging",
    "x-amz-website-redirect-location",
    "x-amz-write-offset-bytes",
];

type Headers = Vec<(String, String)>;

/// The body of an object, for other services of the caller's account; nothing if it does not exist.
pub fn object(store: &Store, caller: &Caller, bucket: &str, key: &str) -> Option<Vec<u8>> {
    read(store, caller, bucket, key).ok().map(|(_, body)| body)
}

pub async fn put(
    store: &Store,
    call: &ApiCall,
    bucket: &str,
    key: &str,
) -> Result<Headers, AwsError> {
    let (caller, headers) = (&call.caller, &call.headers);
    check_supported(headers)?;
    if key.len() > KEY_BYTES_MAX {
        return Err(AwsError::new(400, "KeyTooLongError", "Your key is too long"));
    }
    store.read(|state| bucket::find(state, caller, bucket).map(drop))?;
    let payload = payload::decode(headers, &call.body)?;
    if payload.bytes.len() > OBJECT_BYTES_MAX {
        return Err(too_large());
    }
    let checksum = checksum::verify(headers, &payload.trailers, &payload.bytes)?;
    let mut object = StoredObject {
        body: String::new(),
        size: payload.bytes.len() as u64,
        etag: checksum::etag(&payload.bytes),
        modified_epoch_s: store.now_epoch_s(),
        headers: kept_headers(headers),
        checksum: Some(checksum),
    };
    object.body = store_body(store, payload.bytes).await?;
    let (body, response) = (object.body.clone(), put_headers(&object));
    let changed = store.change(|state| {
        let objects = &mut bucket::find_mut(state, caller, bucket)?.objects;
        check_preconditions(headers, key, objects.get(key))?;
        Ok(objects.insert(key.to_owned(), object))
    });
    match changed.await {
        Ok(replaced) => {
            if let Some(replaced) = replaced {
                store.object_bodies.remove(&replaced.body);
            }
            Ok(response)
        }
        Err(error) => {
            store.object_bodies.remove(&body);
            Err(error)
        }
    }
}

/// Reads an object, or a range of it. The body of the response to a HEAD request is removed later.
pub fn get(store: &Store, call: &ApiCall, bucket: &str, key: &str) -> Result<RestOutput, AwsError> {
    check_version(call)?;
    if query_parameter(&call.query, "partNumber").is_some() {
        return Err(AwsError::unsupported("parts of objects in S3"));
    }
    let (object, mut body) = read(store, &call.caller, bucket, key)?;
    let mut headers = object_headers(&object);
    for (parameter, header) in REPLACING_PARAMETERS {
        if let Some(value) = query_parameter(&call.query, parameter) {
            headers.retain(|(name, _)| name != header);
            headers.push(((*header).to_owned(), value));
        }
    }
    if let Some(status) = failed_condition(&call.headers, &object)? {
        return Ok(RestOutput { status, headers, body: Vec::new() });
    }
    let range = header_text(&call.headers, "range");
    let status = match parse_range(&range, body.len())? {
        Some((start, end)) => {
            headers.push((
                "content-range".into(),
                format!("bytes {start}-{}/{}", end - 1, body.len()),
            ));
            body = body[start..end].to_vec();
            206
        }
        None => {
            let wants_checksum =
                header_text(&call.headers, "x-amz-checksum-mode").eq_ignore_ascii_case("enabled");
            if let (Some(checksum), true) = (object.checksum, wants_checksum) {
                headers.push(checksum);
                headers.push(("x-amz-checksum-type".into(), "FULL_OBJECT".into()));
            }
            200
        }
    };
    headers.push(("content-length".into(), body.len().to_string()));
    Ok(RestOutput { status, headers, body })
}

pub async fn delete(
    store: &Store,
    call: &ApiCall,
    bucket: &str,
    key: &str,
) -> Result<(), AwsError> {
    check_version(call)?;
    let caller = &call.caller;
    let deleted = store
        .change(|state| {
            let found = bucket::find(state, caller, bucket)?;
            check_preconditions(&call.headers, key, found.objects.get(key))?;
            // A bucket of the bootstrap becomes part of the state only if this changes it.
            match found.objects.contains_key(key) {
                true => Ok(bucket::find_mut(state, caller, bucket)?.objects.remove(key)),
                false => Ok(None),
            }
        })
        .await?;
    if let Some(deleted) = deleted {
        store.object_bodies.remove(&deleted.body);
    }
    Ok(())
}

/// The error for an object that is too large.
pub fn too_large() -> AwsError {
    let message = format!(
        "Your proposed upload exceeds the maximum allowed size: provision's emulator stores objects of at most {OBJECT_BYTES_MAX} bytes"
    );
    AwsError::new(400, "EntityTooLarge", message)
}

/// The object and its body. If another request replaces the object meanwhile, reading starts again.
fn read(
    store: &Store,
    caller: &Caller,
    bucket: &str,
    key: &str,
) -> Result<(StoredObject, Vec<u8>), AwsError> {
    let mut error = io::Error::from(io::ErrorKind::NotFound);
    for _ in 0..READS_MAX {
        let object = store.read(|state| {
            let bucket = bucket::find(state, caller, bucket)?;
            bucket.objects.get(key).cloned().ok_or_else(|| no_such_key(key))
        })?;
        match store.object_bodies.read(&object.body) {
            Ok(body) => return Ok((object, body)),
            Err(failure) => error = failure,
        }
    }
    Err(storage_error(&error))
}

/// Stores a body outside of the async workers, because this waits for the disk.
async fn store_body(store: &Store, bytes: Vec<u8>) -> Result<String, AwsError> {
    let bodies = Arc::clone(&store.object_bodies);
    let inserted = tokio::task::spawn_blocking(move || bodies.insert(bytes)).await;
    inserted.map_err(io::Error::other).flatten().map_err(|error| storage_error(&error))
}

fn storage_error(error: &io::Error) -> AwsError {
    let message = format!("provision's emulator cannot access the object: {error}");
    AwsError::new(500, "InternalError", message)
}

fn check_supported(headers: &HeaderMap) -> Result<(), AwsError> {
    if let Some(header) = UNSUPPORTED_HEADERS.iter().find(|header| headers.contains_key(**header)) {
        return Err(AwsError::unsupported(&format!("s3:PutObject with {header}")));
    }
    let acl = header_text(headers, "x-amz-acl");
    match acl.is_empty() || acl == "private" || acl == "bucket-owner-full-control" {
        true => Ok(()),
        false => {
            let message = "The bucket does not allow ACLs";
            Err(AwsError::new(400, "AccessControlListNotSupported", message))
        }
    }
}

fn check_version(call: &ApiCall) -> Result<(), AwsError> {
    match query_parameter(&call.query, "versionId") {
        Some(version) if version != "null" => {
            Err(invalid_argument("Invalid version id specified", "versionId", &version))
        }
        _ => Ok(()),
    }
}

/// Checks `If-Match` and `If-None-Match` of a request that changes the object.
fn check_preconditions(
    headers: &HeaderMap,
    key: &str,
    existing: Option<&StoredObject>,
) -> Result<(), AwsError> {
    let (if_match, if_none_match) =
        (header_text(headers, "if-match"), header_text(headers, "if-none-match"));
    match existing {
        Some(object) if !if_match.is_empty() && !etag_fits(&if_match, object) => {
            Err(precondition_failed("If-Match"))
        }
        None if !if_match.is_empty() => Err(no_such_key(key)),
        Some(_) if if_none_match == "*" => Err(precondition_failed("If-None-Match")),
        _ => Ok(()),
    }
}

/// The status of a read whose condition does not hold: 304 if the client has the object already.
fn failed_condition(headers: &HeaderMap, object: &StoredObject) -> Result<Option<u16>, AwsError> {
    let (if_match, if_none_match) =
        (header_text(headers, "if-match"), header_text(headers, "if-none-match"));
    match () {
        () if !if_match.is_empty() && !etag_fits(&if_match, object) => {
            Err(precondition_failed("If-Match"))
        }
        () if !if_none_match.is_empty() && etag_fits(&if_none_match, object) => Ok(Some(304)),
        () => Ok(None),
    }
}

fn etag_fits(condition: &str, object: &StoredObject) -> bool {
    condition == "*" || condition.trim_matches('"') == object.etag
}

/// The start and the end of a `Range` header of one range; nothing if there is none, or if its syntax is another.
fn parse_range(range: &str, size: usize) -> Result<Option<(usize, usize)>, AwsError> {
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-'))
    else {
        return Ok(None);
    };
    let bounds = match (first.parse::<usize>(), last.parse::<usize>()) {
        (Ok(first), Ok(last)) if first <= last => (first, size.min(last.saturating_add(1))),
        (Ok(first), Err(_)) if last.is_empty() => (first, size),
        (Err(_), Ok(count)) if first.is_empty() && count > 0 => (size.saturating_sub(count), size),
        _ => return Ok(None),
    };
    match bounds.0 < bounds.1 {
        true => Ok(Some(bounds)),
        false => Err(AwsError::new(416, "InvalidRange", "The requested range is not satisfiable")),
    }
}

fn kept_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let kept = headers.iter().filter(|(name, _)| {
        KEPT_HEADERS.contains(&name.as_str()) || name.as_str().starts_with("x-amz-meta-")
    });
    let mut kept: BTreeMap<String, String> = kept
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    if let Some(encoding) = payload::stored_encoding(headers) {
        kept.insert("content-encoding".to_owned(), encoding);
    }
    kept.entry("content-type".to_owned()).or_insert_with(|| "binary/octet-stream".to_owned());
    kept.entry("x-amz-server-side-encryption".to_owned()).or_insert_with(|| "AES256".to_owned());
    kept
}

/// The headers of the response to an upload.
fn put_headers(object: &StoredObject) -> Headers {
    let mut headers = vec![("etag".to_owned(), format!("\"{}\"", object.etag))];
    headers.extend(object.checksum.clone());
    headers.push(("x-amz-checksum-type".to_owned(), "FULL_OBJECT".to_owned()));
    let encryption = object.headers.iter().filter(|(name, _)| name.starts_with("x-amz-server"));
    headers.extend(encryption.map(|(name, value)| (name.clone(), value.clone())));
    headers
}

fn object_headers(object: &StoredObject) -> Headers {
    let mut headers = vec![
        ("accept-ranges".to_owned(), "bytes".to_owned()),
        ("etag".to_owned(), format!("\"{}\"", object.etag)),
        ("last-modified".to_owned(), http_date(object.modified_epoch_s)),
    ];
    headers.extend(object.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
    headers
}
