//! The operations of S3 that the emulator implements.
use crate::control_plane::s3::{bucket, list, object};
use crate::protocol::operation::S3;
use crate::protocol::request::{ApiCall, header_text, query_parameter};
use crate::protocol::response::{AwsError, RestOutput};
use crate::store::Store;

/// The largest body of a request: an object and the framing around it.
pub const BODY_BYTES_MAX: usize = object::OBJECT_BYTES_MAX + object::OBJECT_BYTES_MAX / 10;

/// Executes an operation on the bucket and the key in `labels`.
pub async fn handle(
    store: &Store,
    call: &ApiCall,
    operation: S3,
    labels: &[String],
) -> Result<RestOutput, AwsError> {
    let label = |n: usize| labels.get(n).map_or("", String::as_str);
    let (name, key) = (label(0), label(1));
    let caller = &call.caller;
    check_expected_owner(call)?;
    match operation {
        S3::CreateBucket => {
            let now = store.now_epoch_s();
            store.change(|state| bucket::create(state, caller, name, &call.body, now)).await?;
            Ok(output(200, vec![("location".into(), format!("/{name}"))], String::new()))
        }
        S3::ListBuckets => {
            let parameter = |name: &str| query_parameter(&call.query, name);
            let buckets = store.read(|state| bucket::list_xml(state, caller, parameter));
            Ok(output(200, Vec::new(), buckets))
        }
        S3::HeadBucket => {
            let bucket = store.read(|state| {
                bucket::find(state, caller, name).map(|bucket| bucket.region.clone())
            })?;
            Ok(output(200, vec![("x-amz-bucket-region".into(), bucket)], String::new()))
        }
        S3::GetBucketLocation => {
            let find = |state: &mut _| {
                bucket::find(state, caller, name).map(|bucket| bucket::location_xml(&bucket))
            };
            Ok(output(200, Vec::new(), store.read(find)?))
        }
        S3::GetBucketEncryption => {
            store.read(|state| bucket::find(state, caller, name).map(drop))?;
            Ok(output(200, Vec::new(), bucket::encryption_xml()))
        }
        S3::DeleteBucket => {
            store.change(|state| bucket::delete(state, caller, name)).await?;
            Ok(output(204, Vec::new(), String::new()))
        }
        S3::PutObject => {
            let headers = object::put(store, call, name, key).await?;
            Ok(output(200, headers, String::new()))
        }
        S3::GetObject | S3::HeadObject => object::get(store, call, name, key),
        S3::DeleteObject => {
            object::delete(store, call, name, key).await?;
            Ok(output(204, Vec::new(), String::new()))
        }
        S3::ListObjectsV2 => {
            let list =
                store.read(|state| list::list_xml(&*bucket::find(state, caller, name)?, call))?;
            Ok(output(200, Vec::new(), list))
        }
    }
}

fn output(status: u16, headers: Vec<(String, String)>, xml: String) -> RestOutput {
    RestOutput { status, headers, body: xml.into_bytes() }
}

/// Rejects a request whose client expects the bucket in another account.
fn check_expected_owner(call: &ApiCall) -> Result<(), AwsError> {
    let owner = header_text(&call.headers, "x-amz-expected-bucket-owner");
    match owner.is_empty() || owner == call.caller.account {
        true => Ok(()),
        false => Err(crate::control_plane::s3::error::access_denied()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};

    use super::*;
    use crate::control_plane::service_call::{ServiceOutput, execute};
    use crate::protocol::operation::Operation;

    fn store() -> Arc<Store> {
        Store::in_memory(SharedTimeSource::new(SystemTimeSource::new()))
    }

    async fn send(store: &Arc<Store>, call: ApiCall) -> Result<RestOutput, String> {
        let operation = Operation::from_call(&call);
        match execute(store, &call, &operation).await {
            Ok(ServiceOutput::Rest(output)) => Ok(output),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.code.into_owned()),
        }
    }
    async fn request(store: &Arc<Store>, request: &str, body: &[u8]) -> Result<RestOutput, String> {
        send(store, ApiCall::for_test("s3", request, "", body)).await
    }
    async fn create_bucket(store: &Arc<Store>) {
        let region = b"<X><LocationConstraint>eu-west-1</LocationConstraint></X>";
        request(store, "PUT /bucket", region).await.unwrap();
    }
    fn header<'a>(output: &'a RestOutput, name: &str) -> Option<&'a str> {
        let header = output.headers.iter().find(|(found, _)| found == name);
        header.map(|(_, value)| value.as_str())
    }
    fn text(output: &RestOutput) -> &str {
        std::str::from_utf8(&output.body).unwrap()
    }

    #[tokio::test]
    async fn a_bucket_is_created_once_and_deleted_when_it_is_empty() {
        let store = store();
        assert_eq!(
            request(&store, "PUT /bucket", b"").await.unwrap_err(),
            "IllegalLocationConstraintException"
        );
        create_bucket(&store).await;
        let again = b"<LocationConstraint>eu-west-1</LocationConstraint>";
        assert_eq!(
            request(&store, "PUT /bucket", again).await.unwrap_err(),
            "BucketAlreadyOwnedByYou"
        );
        let mut other = ApiCall::for_test("s3", "PUT /bucket", "", again);
        other.caller.account = "000000000001".into();
        assert_eq!(send(&store, other).await.unwrap_err(), "BucketAlreadyExists");
        assert_eq!(request(&store, "PUT /Bucket", again).await.unwrap_err(), "InvalidBucketName");
        assert!(
            text(&request(&store, "GET /", b"").await.unwrap()).contains("<Name>bucket</Name>")
        );
        let location = request(&store, "GET /bucket?location", b"").await.unwrap();
        assert!(text(&location).ends_with(">eu-west-1</LocationConstraint>"));
        let head = request(&store, "HEAD /bucket", b"").await.unwrap();
        assert_eq!(header(&head, "x-amz-bucket-region"), Some("eu-west-1"));
        request(&store, "PUT /bucket/k", b"x").await.unwrap();
        assert_eq!(request(&store, "DELETE /bucket", b"").await.unwrap_err(), "BucketNotEmpty");
        assert_eq!(request(&store, "DELETE /bucket/k", b"").await.unwrap().status, 204);
        assert_eq!(request(&store, "DELETE /bucket", b"").await.unwrap().status, 204);
        assert_eq!(request(&store, "HEAD /bucket", b"").await.unwrap_err(), "NoSuchBucket");
    }

    #[tokio::test]
    async fn an_object_is_read_as_a_whole_or_a_range_of_it() {
        let store = store();
        create_bucket(&store).await;
        let put = ApiCall::for_test("s3", "PUT /bucket/a%20k", "", b"0123456789");
        let put = put.with_header("content-type", "text/plain").with_header("x-amz-meta-a", "b");
        let etag = header(&send(&store, put).await.unwrap(), "etag").unwrap().to_owned();
        assert_eq!(etag, "\"781e5e245d69b566979b86e28d23f2c7\"");
        let got = request(&store, "GET /bucket/a%20k", b"").await.unwrap();
        assert_eq!((got.status, got.body.as_slice()), (200, b"0123456789".as_slice()));
        assert_eq!(header(&got, "content-type"), Some("text/plain"));
        assert_eq!(header(&got, "x-amz-meta-a"), Some("b"));
        let caller = ApiCall::for_test("cloudformation", "POST /", "", b"").caller;
        assert_eq!(object::object(&store, &caller, "bucket", "a k").unwrap(), b"0123456789");
        assert_eq!(object::object(&store, &caller, "bucket", "other"), None);
        let check = async |range: &str, expected: Result<(&str, &str), &str>| {
            let get = ApiCall::for_test("s3", "GET /bucket/a%20k", "", b"");
            let got = send(&store, get.with_header("range", range)).await;
            let part = got
                .as_ref()
                .map(|got| (text(got), header(got, "content-range").unwrap_or_default()));
            assert_eq!(part.map_err(String::as_str), expected, "{range}");
        };
        check("bytes=2-4", Ok(("234", "bytes 2-4/10"))).await;
        check("bytes=7-", Ok(("789", "bytes 7-9/10"))).await;
        check("bytes=-2", Ok(("89", "bytes 8-9/10"))).await;
        check("bytes=8-99", Ok(("89", "bytes 8-9/10"))).await;
        check("bytes=x-", Ok(("0123456789", ""))).await;
        check("bytes=10-", Err("InvalidRange")).await;
        let condition = ApiCall::for_test("s3", "GET /bucket/a%20k", "", b"");
        let condition = condition.with_header("if-none-match", &etag);
        assert_eq!(send(&store, condition).await.unwrap().status, 304);
        assert_eq!(request(&store, "GET /bucket/b", b"").await.unwrap_err(), "NoSuchKey");
    }

    #[tokio::test]
    async fn an_upload_with_a_condition_a_wrong_checksum_or_an_unknown_feature_stores_nothing() {
        let store = store();
        create_bucket(&store).await;
        let check = async |name: &'static str, value: &str, expected: &str| {
            let put = ApiCall::for_test("s3", "PUT /bucket/k", "", b"new");
            let error = send(&store, put.with_header(name, value)).await.unwrap_err();
            assert_eq!(error, expected, "{name}");
        };
        check("if-match", "\"0\"", "NoSuchKey").await;
        request(&store, "PUT /bucket/k", b"old").await.unwrap();
        check("if-none-match", "*", "PreconditionFailed").await;
        check("if-match", "\"0\"", "PreconditionFailed").await;
        check("content-md5", "AAAA", "BadDigest").await;
        check("x-amz-checksum-crc32", "AAAA", "BadDigest").await;
        check("content-encoding", "aws-chunked", "IncompleteBody").await;
        check("x-amz-acl", "public-read", "AccessControlListNotSupported").await;
        check("x-amz-tagging", "a=b", "NotImplementedException").await;
        check("x-amz-copy-source", "bucket/k", "NotImplementedException").await;
        check("x-amz-expected-bucket-owner", "000000000001", "AccessDenied").await;
        assert_eq!(request(&store, "GET /bucket/k", b"").await.unwrap().body, b"old");
    }

    #[tokio::test]
    async fn lists_have_prefixes_delimiters_and_pages() {
        let store = store();
        create_bucket(&store).await;
        for key in ["a", "d/1", "d/2", "e/1", "f"] {
            request(&store, &format!("PUT /bucket/{key}"), b"x").await.unwrap();
        }
        let list = async |query: &str| {
            let list = request(&store, &format!("GET /bucket?list-type=2&{query}"), b"").await;
            let list = text(&list.unwrap()).to_owned();
            let names = |tag: &str| -> Vec<String> {
                let tag = format!("<{tag}>");
                let parts = list.split(&tag).skip(1);
                parts.map(|part| part.split('<').next().unwrap_or_default().to_owned()).collect()
            };
            // The first prefix is that of the request.
            let (keys, prefixes) = (names("Key"), names("Prefix").split_off(1));
            (keys.join(","), prefixes.join(","), names("NextContinuationToken").pop())
        };
        let all = ("a,d/1,d/2,e/1,f".to_owned(), String::new(), None);
        assert_eq!(list("").await, all);
        assert_eq!(list("prefix=d%2F").await.0, "d/1,d/2");
        assert_eq!(list("start-after=d%2F2").await.0, "e/1,f");
        let (keys, prefixes, _) = list("delimiter=%2F").await;
        assert_eq!((keys.as_str(), prefixes.as_str()), ("a,f", "d/,e/"));
        let (keys, prefixes, token) = list("delimiter=%2F&max-keys=2").await;
        assert_eq!((keys.as_str(), prefixes.as_str()), ("a", "d/"));
        let next = format!("delimiter=%2F&max-keys=2&continuation-token={}", token.unwrap());
        assert_eq!(list(&next).await, ("f".to_owned(), "e/".to_owned(), None));
        let wrong = request(&store, "GET /bucket?list-type=2&continuation-token=x", b"").await;
        assert_eq!(wrong.unwrap_err(), "InvalidArgument");
    }

    #[tokio::test]
    async fn the_bootstrap_bucket_exists_and_is_listed_with_its_first_object() {
        let (store, path) = (store(), "/cdk-hnb659fds-assets-123456789012-eu-west-1");
        request(&store, &format!("HEAD {path}"), b"").await.unwrap();
        let listed = async || {
            let buckets = request(&store, "GET /", b"").await.unwrap();
            text(&buckets).contains("cdk-hnb659fds-assets")
        };
        assert!(!listed().await);
        request(&store, &format!("PUT {path}/k"), b"x").await.unwrap();
        assert!(listed().await);
        let deleted = request(&store, &format!("DELETE {path}"), b"").await;
        assert_eq!(deleted.unwrap_err(), "NotImplementedException");
        let other = request(&store, "HEAD /cdk-hnb659fds-assets-000000000001-eu-west-1", b"").await;
        assert_eq!(other.unwrap_err(), "NoSuchBucket");
    }
}
