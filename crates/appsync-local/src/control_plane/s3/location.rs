//! The URLs by which CloudFormation's clients name an object of S3.
use crate::protocol::s3_route::{S3Host, bucket_and_key, in_path_style};

/// A bucket and a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectLocation {
    pub bucket: String,
    pub key: String,
}

impl ObjectLocation {
    /// Parses a `TemplateURL`: an URL of S3 or of the emulator, in path style or with the bucket in the host.
    ///
    /// # Errors
    ///
    /// Fails with CloudFormation's message.
    pub fn from_template_url(url: &str) -> Result<Self, String> {
        let unsupported = || "TemplateURL must be a supported URL.".to_owned();
        if let Some(rest) = url.strip_prefix("s3://") {
            // CloudFormation takes the bucket of this form for a host.
            let bucket = rest.split('/').next().unwrap_or_default();
            return Err(format!(
                "S3 error: Domain name specified in {bucket} is not a valid S3 domain"
            ));
        }
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let rest = rest.ok_or_else(unsupported)?;
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = rest.split_once('/').ok_or_else(unsupported)?;
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => authority,
        };
        let host = host.to_ascii_lowercase();
        let (bucket, key) = bucket_and_key(&in_path_style(&host, &format!("/{path}")));
        match S3Host::parse(&host) {
            S3Host::Other => Err(unsupported()),
            _ if bucket.is_empty() || key.is_empty() => Err(unsupported()),
            _ => Ok(Self { bucket, key }),
        }
    }

    /// Parses `s3://bucket/key`, the form of `CodeS3Location`.
    pub fn from_s3_uri(uri: &str) -> Option<Self> {
        let (bucket, key) = uri.strip_prefix("s3://")?.split_once('/')?;
        (!bucket.is_empty() && !key.is_empty())
            .then(|| Self { bucket: bucket.to_owned(), key: key.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn template_urls_are_urls_of_s3_and_of_the_emulator() {
        let check = |url: &str, bucket: &str, key: &str| {
            let expected = ObjectLocation { bucket: bucket.to_owned(), key: key.to_owned() };
            assert_eq!(ObjectLocation::from_template_url(url), Ok(expected), "{url}");
        };
        check("http://127.0.0.1:4100/b/k.template", "b", "k.template");
        check("http://localhost:4100/b/a/k", "b", "a/k");
        check("http://b.localhost:4100/k", "b", "k");
        check("https://s3.eu-west-1.amazonaws.com/b/a%20k", "b", "a k");
        check("https://s3.amazonaws.com/b/k", "b", "k");
        check("https://a.b.s3.eu-west-1.amazonaws.com/k?versionId=null", "a.b", "k");
        check("https://b.s3.cn-north-1.amazonaws.com.cn/k", "b", "k");
    }

    #[test]
    fn an_s3_uri_has_the_bucket_and_the_key() {
        let location = ObjectLocation::from_s3_uri("s3://b/a/k%201").unwrap();
        assert_eq!((location.bucket.as_str(), location.key.as_str()), ("b", "a/k%201"));
        assert_eq!(ObjectLocation::from_s3_uri("s3://b"), None);
        assert_eq!(ObjectLocation::from_s3_uri("https://b/k"), None);
    }

    #[test]
    fn other_urls_are_rejected_with_the_messages_of_cloudformation() {
        let check = |url: &str, expected: &str| {
            assert_eq!(ObjectLocation::from_template_url(url), Err(expected.to_owned()), "{url}");
        };
        for url in
            ["", "k.template", "file:///k", "https://example.com/b/k", "https://s3.amazonaws.com/b"]
        {
            check(url, "TemplateURL must be a supported URL.");
        }
        check("s3://b/k", "S3 error: Domain name specified in b is not a valid S3 domain");
    }
}
