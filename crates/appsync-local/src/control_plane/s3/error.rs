//! The errors of S3, each with the members that S3 adds to it.
use serde_json::json;

use crate::protocol::response::AwsError;

pub fn no_such_bucket(bucket: &str) -> AwsError {
    AwsError::new(404, "NoSuchBucket", "The specified bucket does not exist")
        .with_members(json!({ "BucketName": bucket }))
}

pub fn no_such_key(key: &str) -> AwsError {
    AwsError::new(404, "NoSuchKey", "The specified key does not exist.")
        .with_members(json!({ "Key": key }))
}

pub fn access_denied() -> AwsError {
    AwsError::new(403, "AccessDenied", "Access Denied")
}

pub fn invalid_argument(message: &str, name: &str, value: &str) -> AwsError {
    AwsError::new(400, "InvalidArgument", message)
        .with_members(json!({ "ArgumentName": name, "ArgumentValue": value }))
}

pub fn invalid_request(message: &str) -> AwsError {
    AwsError::new(400, "InvalidRequest", message)
}

pub fn precondition_failed(header: &str) -> AwsError {
    let message = "At least one of the pre-conditions you specified did not hold";
    AwsError::new(412, "PreconditionFailed", message).with_members(json!({ "Condition": header }))
}

/// The error for a body whose MD5 or checksum differs from the client's.
pub fn bad_digest(algorithm: &str) -> AwsError {
    let message = format!("The {algorithm} you specified did not match the calculated checksum.");
    AwsError::new(400, "BadDigest", message)
}

/// The error for a body without the framing that its headers declare.
pub fn incomplete_body() -> AwsError {
    let message = "The request body terminated unexpectedly";
    AwsError::new(400, "IncompleteBody", message)
}
