//! The operation, bucket and key of a request to S3, whose protocol has them in the method, host, path and query.
use std::net::IpAddr;

use percent_encoding::percent_decode_str;

use crate::protocol::request::ApiCall;

use Resource::{Account, Bucket, Object};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resource {
    Account,
    Bucket,
    Object,
}

/// What a host identifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum S3Host<'a> {
    /// S3: the path begins with the bucket.
    Service,
    Bucket(&'a str),
    /// Not a host of S3.
    Other,
}

/// The operations that only a query parameter distinguishes.
const BY_PARAMETER: &[(&str, Resource, &str, &str)] = &[
    ("GET", Bucket, "list-type", "ListObjectsV2"),
    ("GET", Bucket, "session", "CreateSession"),
    ("GET", Bucket, "uploads", "ListMultipartUploads"),
    ("GET", Bucket, "versions", "ListObjectVersions"),
    ("POST", Bucket, "delete", "DeleteObjects"),
    ("DELETE", Bucket, "lifecycle", "DeleteBucketLifecycle"),
    ("GET", Object, "uploadId", "ListParts"),
    ("PUT", Object, "uploadId", "UploadPart"),
    ("POST", Object, "uploadId", "CompleteMultipartUpload"),
    ("DELETE", Object, "uploadId", "AbortMultipartUpload"),
    ("POST", Object, "uploads", "CreateMultipartUpload"),
    ("POST", Object, "restore", "RestoreObject"),
    ("POST", Object, "select", "SelectObjectContent"),
    ("PUT", Object, "renameObject", "RenameObject"),
];

/// Query parameters that name a part of a resource, with its name in the operations that get, put and delete it.
const PARTS: &[(Resource, &str, &str)] = &[
    (Bucket, "abac", "BucketAbac"),
    (Bucket, "accelerate", "BucketAccelerateConfiguration"),
    (Bucket, "acl", "BucketAcl"),
    (Bucket, "analytics", "BucketAnalyticsConfiguration"),
    (Bucket, "cors", "BucketCors"),
    (Bucket, "encryption", "BucketEncryption"),
    (Bucket, "intelligent-tiering", "BucketIntelligentTieringConfiguration"),
    (Bucket, "inventory", "BucketInventoryConfiguration"),
    (Bucket, "lifecycle", "BucketLifecycleConfiguration"),
    (Bucket, "location", "BucketLocation"),
    (Bucket, "logging", "BucketLogging"),
    (Bucket, "metadataConfiguration", "BucketMetadataConfiguration"),
    (Bucket, "metadataTable", "BucketMetadataTableConfiguration"),
    (Bucket, "metrics", "BucketMetricsConfiguration"),
    (Bucket, "notification", "BucketNotificationConfiguration"),
    (Bucket, "object-lock", "ObjectLockConfiguration"),
    (Bucket, "ownershipControls", "BucketOwnershipControls"),
    (Bucket, "policy", "BucketPolicy"),
    (Bucket, "policyStatus", "BucketPolicyStatus"),
    (Bucket, "publicAccessBlock", "PublicAccessBlock"),
    (Bucket, "replication", "BucketReplication"),
    (Bucket, "requestPayment", "BucketRequestPayment"),
    (Bucket, "tagging", "BucketTagging"),
    (Bucket, "versioning", "BucketVersioning"),
    (Bucket, "website", "BucketWebsite"),
    (Object, "acl", "ObjectAcl"),
    (Object, "annotation", "ObjectAnnotation"),
    (Object, "attributes", "ObjectAttributes"),
    (Object, "legal-hold", "ObjectLegalHold"),
    (Object, "retention", "ObjectRetention"),
    (Object, "tagging", "ObjectTagging"),
    (Object, "torrent", "ObjectTorrent"),
];

/// The operations without such a parameter.
const PLAIN: &[(&str, Resource, &str)] = &[
    ("GET", Account, "ListBuckets"),
    ("GET", Bucket, "ListObjects"),
    ("HEAD", Bucket, "HeadBucket"),
    ("PUT", Bucket, "CreateBucket"),
    ("DELETE", Bucket, "DeleteBucket"),
    ("GET", Object, "GetObject"),
    ("HEAD", Object, "HeadObject"),
    ("PUT", Object, "PutObject"),
    ("DELETE", Object, "DeleteObject"),
];

/// The name of the operation that a request in path style is for, whether the emulator implements it or not.
pub fn operation_name(call: &ApiCall) -> Option<String> {
    let (method, resource) = (call.method.as_str(), resource(&call.path));
    let parameters: Vec<_> = form_urlencoded::parse(call.query.as_bytes()).collect();
    let has = |name: &str| parameters.iter().any(|(parameter, _)| parameter == name);
    let fits = |entry: &&(&str, Resource, &str, &str)| {
        (entry.0, entry.1) == (method, resource) && has(entry.2)
    };
    if let Some((.., name)) = BY_PARAMETER.iter().find(fits) {
        return Some((*name).to_owned());
    }
    let part = PARTS.iter().find(|(of, parameter, _)| *of == resource && has(parameter));
    if let Some((.., part)) = part {
        let verb = match method {
            "GET" => "Get",
            "PUT" => "Put",
            "POST" => "Create",
            "DELETE" => "Delete",
            _ => return None,
        };
        return Some(format!("{verb}{part}"));
    }
    let plain = PLAIN.iter().find(|(of, on, _)| (*of, *on) == (method, resource));
    let name = plain.map(|(.., name)| *name)?;
    let is_copy = name == "PutObject" && call.headers.contains_key("x-amz-copy-source");
    Some(if is_copy { "CopyObject" } else { name }.to_owned())
}

/// The bucket and the key of a path in path style; empty if the path has no such part.
pub fn bucket_and_key(path: &str) -> (String, String) {
    let path = path.strip_prefix('/').unwrap_or(path);
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    (decode(bucket), decode(key))
}

/// The path of a request in path style: hosts such as `bucket.localhost` name the bucket.
pub fn in_path_style(host: &str, path: &str) -> String {
    match S3Host::parse(host) {
        S3Host::Bucket(bucket) => format!("/{bucket}{path}"),
        S3Host::Service | S3Host::Other => path.to_owned(),
    }
}

impl<'a> S3Host<'a> {
    /// Parses a host in lower case without its port.
    pub fn parse(host: &'a str) -> Self {
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        if host == "localhost" || address.is_ok() {
            return Self::Service;
        }
        if let Some(bucket) = host.strip_suffix(".localhost") {
            return Self::Bucket(bucket);
        }
        let domain = host.strip_suffix(".cn").unwrap_or(host);
        let Some(name) = domain.strip_suffix(".amazonaws.com") else { return Self::Other };
        // From the end, because a bucket may be named like the service.
        let label_starts = || name.rmatch_indices('.').map(|(dot, _)| dot + 1).chain([0]);
        let is_service = |start: &usize| {
            let (first, rest) = name[*start..].split_once('.').unwrap_or((&name[*start..], ""));
            (first == "s3" || first.starts_with("s3-")) && rest.split('.').count() <= 2
        };
        match label_starts().find(is_service) {
            Some(0) => Self::Service,
            Some(start) => Self::Bucket(&name[..start - 1]),
            None => Self::Other,
        }
    }
}

fn resource(path: &str) -> Resource {
    match bucket_and_key(path) {
        (bucket, _) if bucket.is_empty() => Account,
        (_, key) if key.is_empty() => Bucket,
        _ => Object,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn method_path_and_query_determine_the_operation() {
        let check = |method: &str, path: &str, query: &str, expected: Option<&str>| {
            let name = operation_name(&ApiCall::for_test(
                "s3",
                &format!("{method} {path}?{query}"),
                "",
                b"",
            ));
            assert_eq!(name.as_deref(), expected, "{method} {path}?{query}");
        };
        check("GET", "/", "", Some("ListBuckets"));
        check("GET", "/", "x-id=ListBuckets", Some("ListBuckets"));
        check("PUT", "/b", "", Some("CreateBucket"));
        check("PUT", "/b/", "", Some("CreateBucket"));
        check("GET", "/b", "list-type=2&prefix=acl", Some("ListObjectsV2"));
        check("GET", "/b", "location", Some("GetBucketLocation"));
        check("GET", "/b", "encryption", Some("GetBucketEncryption"));
        check("PUT", "/b", "policy", Some("PutBucketPolicy"));
        check("GET", "/b/k", "acl", Some("GetObjectAcl"));
        check("PUT", "/b/k/l", "x-id=PutObject", Some("PutObject"));
        check("PUT", "/b/k", "partNumber=1&uploadId=x", Some("UploadPart"));
        check("PATCH", "/b/k", "", None);
        let copy = ApiCall::for_test("s3", "PUT /b/k", "", b"");
        let copy = copy.with_header("x-amz-copy-source", "b/other");
        assert_eq!(operation_name(&copy).as_deref(), Some("CopyObject"));
    }

    #[test]
    fn the_path_has_the_bucket_and_the_decoded_key() {
        let check = |path: &str, bucket: &str, key: &str| {
            assert_eq!(bucket_and_key(path), (bucket.to_owned(), key.to_owned()));
        };
        check("/", "", "");
        check("/b", "b", "");
        check("/b/k%20%2F/l", "b", "k //l");
        check("/b//k", "b", "/k");
    }

    #[test]
    fn a_host_may_name_the_bucket() {
        let check = |host: &str, expected: S3Host<'_>| {
            assert_eq!(S3Host::parse(host), expected, "{host}");
        };
        check("127.0.0.1", S3Host::Service);
        check("[::1]", S3Host::Service);
        check("s3.amazonaws.com", S3Host::Service);
        check("s3.eu-west-1.amazonaws.com", S3Host::Service);
        check("s3.dualstack.eu-west-1.amazonaws.com", S3Host::Service);
        check("s3-eu-west-1.amazonaws.com", S3Host::Service);
        check("s3.cn-north-1.amazonaws.com.cn", S3Host::Service);
        check("a.b.s3.eu-west-1.amazonaws.com", S3Host::Bucket("a.b"));
        check("s3.s3.amazonaws.com", S3Host::Bucket("s3"));
        check("b.localhost", S3Host::Bucket("b"));
        check("appsync.eu-west-1.amazonaws.com", S3Host::Other);
        check("b", S3Host::Other);
        assert_eq!(in_path_style("b.localhost", "/k"), "/b/k");
        assert_eq!(in_path_style("localhost", "/b/k"), "/b/k");
    }
}
