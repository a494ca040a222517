//! Buckets: how they are looked up, created and deleted, and their XML.
use std::borrow::Cow;

use crate::control_plane::bootstrap;
use crate::control_plane::s3::error::{access_denied, invalid_argument, no_such_bucket};
use crate::protocol::caller::Caller;
use crate::protocol::query::{element, text_element};
use crate::protocol::response::AwsError;
use crate::state::{Bucket, State};

pub const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";
/// The Region in which a bucket has no location.
const FIRST_REGION: &str = "us-east-1";
/// AWS's page of ListBuckets.
const PAGE_MAX: usize = 10_000;

/// The bucket of that name, if the caller's account has it.
pub fn find<'a>(
    state: &'a State,
    caller: &Caller,
    name: &str,
) -> Result<Cow<'a, Bucket>, AwsError> {
    let own = state.accounts.get(&caller.account);
    if let Some(bucket) = own.and_then(|account| account.buckets.get(name)) {
        return Ok(Cow::Borrowed(bucket));
    }
    if let Some(bucket) = bootstrap::bucket(name, &caller.account) {
        return Ok(Cow::Owned(bucket));
    }
    Err(if exists(state, name) { access_denied() } else { no_such_bucket(name) })
}

/// The same, to change it.
pub fn find_mut<'a>(
    state: &'a mut State,
    caller: &Caller,
    name: &str,
) -> Result<&'a mut Bucket, AwsError> {
    // The bucket of the bootstrap is stored when it is first changed.
    let bucket = find(state, caller, name)?.into_owned();
    let buckets = &mut state.account(caller).buckets;
    if !buckets.contains_key(name) {
        buckets.insert(name, bucket);
    }
    buckets.get_mut(name).ok_or_else(|| no_such_bucket(name))
}

pub fn create(
    state: &mut State,
    caller: &Caller,
    name: &str,
    body: &[u8],
    now_epoch_s: f64,
) -> Result<(), AwsError> {
    check_name(name)?;
    let region = requested_region(body, caller)?;
    match find(state, caller, name) {
        // An anomaly of the first Region: the bucket remains as it is.
        Ok(bucket) if bucket.region == FIRST_REGION && caller.region == FIRST_REGION => {
            return Ok(());
        }
        Ok(_) => {
            let message = "Your previous request to create the named bucket succeeded and you already own it.";
            return Err(AwsError::new(409, "BucketAlreadyOwnedByYou", message));
        }
        Err(_) if exists(state, name) => {
            let message = "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.";
            return Err(AwsError::new(409, "BucketAlreadyExists", message));
        }
        Err(_) => {}
    }
    let bucket = Bucket {
        name: name.to_owned(),
        region,
        created_epoch_s: now_epoch_s,
        objects: Default::default(),
    };
    state.account(caller).buckets.insert(name.to_owned(), bucket);
    Ok(())
}

pub fn delete(state: &mut State, caller: &Caller, name: &str) -> Result<(), AwsError> {
    if bootstrap::bucket(name, &caller.account).is_some() {
        return Err(AwsError::unsupported(&format!("s3:DeleteBucket of {name}")));
    }
    if !find(state, caller, name)?.objects.is_empty() {
        let message = "The bucket you tried to delete is not empty";
        return Err(AwsError::new(409, "BucketNotEmpty", message));
    }
    state.account(caller).buckets.remove(name);
    Ok(())
}

/// The result of ListBuckets.
pub fn list_xml(
    state: &State,
    caller: &Caller,
    parameter: impl Fn(&str) -> Option<String>,
) -> String {
    let (prefix, region) = (parameter("prefix").unwrap_or_default(), parameter("bucket-region"));
    let after = parameter("continuation-token").unwrap_or_default();
    let limit = parameter("max-buckets").and_then(|limit| limit.parse().ok()).unwrap_or(PAGE_MAX);
    let account = state.accounts.get(&caller.account);
    let mut buckets =
        account.into_iter().flat_map(|account| account.buckets.values()).filter(|bucket| {
            bucket.name.starts_with(&prefix)
                && bucket.name > after
                && region.as_ref().is_none_or(|region| *region == bucket.region)
        });
    let page: Vec<&Bucket> = buckets.by_ref().take(limit).collect();
    let bucket_xml = |bucket: &&Bucket| {
        let members = text_element("Name", &bucket.name)
            + &text_element("CreationDate", &iso_time(bucket.created_epoch_s))
            + &text_element("BucketRegion", &bucket.region);
        element("Bucket", &members)
    };
    let mut members = element("Owner", &text_element("ID", &caller.account))
        + &element("Buckets", &page.iter().map(bucket_xml).collect::<String>());
    if let (Some(last), true) = (page.last(), buckets.next().is_some()) {
        members.push_str(&text_element("ContinuationToken", &last.name));
    }
    with_namespace("ListAllMyBucketsResult", &members)
}

/// The result of GetBucketLocation.
pub fn location_xml(bucket: &Bucket) -> String {
    let region = if bucket.region == FIRST_REGION { "" } else { &bucket.region };
    with_namespace("LocationConstraint", region)
}

/// The result of GetBucketEncryption: AWS's default for new buckets.
pub fn encryption_xml() -> String {
    let algorithm = text_element("SSEAlgorithm", "AES256");
    let rule = element("ApplyServerSideEncryptionByDefault", &algorithm)
        + &text_element("BucketKeyEnabled", "false");
    with_namespace("ServerSideEncryptionConfiguration", &element("Rule", &rule))
}

/// A document whose root element has S3's namespace.
pub fn with_namespace(name: &str, members: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{name} xmlns=\"{NAMESPACE}\">{members}</{name}>"
    )
}

/// A time in S3's documents, which have milliseconds.
pub fn iso_time(epoch_s: f64) -> String {
    let time = jiff::Timestamp::from_millisecond((epoch_s * 1_000.0) as i64).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// Whether any account has a bucket of that name.
fn exists(state: &State, name: &str) -> bool {
    state.accounts.values().any(|account| account.buckets.contains_key(name))
}

/// The Region that a request of CreateBucket names in `LocationConstraint`.
fn requested_region(body: &[u8], caller: &Caller) -> Result<String, AwsError> {
    let text = String::from_utf8_lossy(body);
    let constraint = text.split_once("<LocationConstraint>");
    let constraint = constraint.and_then(|(_, rest)| rest.split('<').next()).unwrap_or_default();
    let is_first = caller.region == FIRST_REGION;
    match constraint {
        "" if is_first => Ok(FIRST_REGION.to_owned()),
        FIRST_REGION => Err(AwsError::new(
            400,
            "InvalidLocationConstraint",
            "The specified location-constraint is not valid",
        )),
        region if region == caller.region || is_first && !region.is_empty() => {
            Ok(region.to_owned())
        }
        region => {
            let region = if region.is_empty() { "unspecified" } else { region };
            let message = format!(
                "The {region} location constraint is incompatible for the region specific endpoint this request was sent to."
            );
            Err(AwsError::new(400, "IllegalLocationConstraintException", message))
        }
    }
}

/// Checks AWS's rules for the names of buckets.
fn check_name(name: &str) -> Result<(), AwsError> {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_valid = (3..=63).contains(&name.len())
        && name.bytes().all(|byte| is_letter(byte) || byte == b'-' || byte == b'.')
        && name.bytes().next().is_some_and(is_letter)
        && name.bytes().last().is_some_and(is_letter)
        && !name.contains("..")
        && name.parse::<std::net::Ipv4Addr>().is_err();
    match is_valid {
        true => Ok(()),
        false => Err(AwsError::new(400, "InvalidBucketName", "The specified bucket is not valid.")
            .with_members(serde_json::json!({ "BucketName": name }))),
    }
}

/// A parameter of a query that is a number from 0 to `max`, which larger numbers mean, too.
pub fn number_parameter(name: &str, text: Option<String>, max: usize) -> Result<usize, AwsError> {
    let Some(text) = text else { return Ok(max) };
    let number = text.parse::<usize>().map(|number| number.min(max));
    number.map_err(|_| {
        invalid_argument("Provided max-keys not an integer or within integer range", name, &text)
    })
}
