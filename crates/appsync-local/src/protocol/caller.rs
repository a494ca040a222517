//! The identity of a caller, from the credential scope of the signature. The signature is never verified.
use axum::http::HeaderMap;

use crate::ids;

/// The account of callers whose access key id is not an account id. The emulator's choice, not AWS's.
pub const DEFAULT_ACCOUNT: &str = "123456789012";

/// Who sends a request, and to which service in which Region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub access_key: String,
    pub account: String,
    pub region: String,
    pub service: String,
}

impl Caller {
    /// Parses the credential scope of a signed or presigned request.
    pub fn from_request(headers: &HeaderMap, query: &str) -> Option<Self> {
        let header = headers.get("authorization").and_then(|header| header.to_str().ok());
        let signed =
            header.filter(|header| header.starts_with("AWS4-HMAC-SHA256")).and_then(|header| {
                let (_, rest) = header.split_once("Credential=")?;
                rest.split([',', ' ']).next().map(str::to_owned)
            });
        let presigned = || {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            pairs
                .find(|(name, _)| name == "X-Amz-Credential")
                .map(|(_, credential)| credential.into_owned())
        };
        Self::from_credential(&signed.or_else(presigned).or_else(|| old_presigned(query))?)
    }

    /// Parses a credential scope such as `KEY/20261124/us-east-1/appsync/aws4_request`.
    pub fn from_credential(credential: &str) -> Option<Self> {
        // A key may contain slashes; the four parts behind it don't.
        let parts: Vec<&str> = credential.rsplitn(5, '/').collect();
        let [terminator, service, region, _, access_key] = parts.as_slice() else { return None };
        if *terminator != "aws4_request" || access_key.is_empty() {
            return None;
        }
        let is_account =
            access_key.len() == 12 && access_key.bytes().all(|byte| byte.is_ascii_digit());
        let account = match ids::account_of_session_key(access_key) {
            Some(account) => account,
            None if is_account => access_key,
            None => DEFAULT_ACCOUNT,
        };
        Some(Self {
            access_key: (*access_key).to_owned(),
            account: account.to_owned(),
            region: (*region).to_owned(),
            service: (*service).to_owned(),
        })
    }

    /// The identity with which a stack of that account and Region calls services.
    pub fn of_stack(account: &str, region: &str) -> Self {
        Self {
            access_key: account.to_owned(),
            account: account.to_owned(),
            region: region.to_owned(),
            service: "cloudformation".to_owned(),
        }
    }

    /// The account and Region, which share no resource with any other.
    pub fn scope(&self) -> String {
        format!("{}/{}", self.account, self.region)
    }

    pub fn partition(&self) -> &'static str {
        partition(&self.region)
    }

    /// The end of AWS's host names in the caller's Region.
    pub fn dns_suffix(&self) -> &'static str {
        dns_suffix(&self.region)
    }
}

/// The credential scope of a URL that was presigned with the version 2 of signatures. Only S3 accepts them, and they
/// have no Region.
fn old_presigned(query: &str) -> Option<String> {
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    let value = |name: &str| pairs.iter().find(|(found, _)| found == name).map(|(_, value)| value);
    value("Signature").and(value("Expires"))?;
    Some(format!("{}/-/us-east-1/s3/aws4_request", value("AWSAccessKeyId")?))
}

pub fn partition(region: &str) -> &'static str {
    match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// The end of AWS's host names in a Region.
pub fn dns_suffix(region: &str) -> &'static str {
    if partition(region) == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(credential: &str) -> Option<Caller> {
        let mut headers = HeaderMap::new();
        let value =
            format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0");
        headers.insert("authorization", value.parse().unwrap());
        Caller::from_request(&headers, "")
    }

    #[test]
    fn the_credential_scope_has_the_account_the_region_and_the_service() {
        let parsed = caller("AKIDEXAMPLE/20261124/eu-west-1/appsync/aws4_request").unwrap();
        assert_eq!(
            (parsed.account.as_str(), parsed.region.as_str(), parsed.service.as_str()),
            ("123456789012", "eu-west-1", "appsync")
        );
        let parsed = caller("000000000001/20261124/us-east-1/iam/aws4_request").unwrap();
        assert_eq!(parsed.account, "000000000001");
        let key = ids::session_key_id("000000000002");
        let parsed = caller(&format!("{key}/20261124/us-east-1/iam/aws4_request")).unwrap();
        assert_eq!(parsed.account, "000000000002");
    }

    #[test]
    fn an_invalid_scope_identifies_no_caller() {
        for credential in
            ["", "x", "AKID/20261124/us-east-1/iam", "/20261124/us-east-1/iam/aws4_request"]
        {
            assert_eq!(caller(credential), None, "{credential}");
        }
        assert_eq!(
            Caller::from_request(
                &HeaderMap::new(),
                "X-Amz-Credential=A%2F1%2Fr%2Fs%2Faws4_request"
            )
            .map(|caller| caller.region),
            Some("r".into())
        );
        let old = "AWSAccessKeyId=000000000001&Signature=x&Expires=1";
        let caller = Caller::from_request(&HeaderMap::new(), old).unwrap();
        assert_eq!((caller.account.as_str(), caller.service.as_str()), ("000000000001", "s3"));
    }
}
