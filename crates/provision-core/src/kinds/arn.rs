//! The shape of ARNs.
use crate::kind::{CheckContext, DiagnosticSink, PathStep};
use crate::text::Text;

/// Whether `text` is an ARN of `service` whose resource begins with `resource`.
pub fn is_of(text: &str, service: &str, resource: &str) -> bool {
    parse(text).is_some_and(|part| {
        part.service == service
            && part.resource.strip_prefix(resource).is_some_and(|rest| !rest.is_empty())
    })
}

/// The parts of an ARN that checks use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArnParts<'a> {
    /// The service: `lambda`.
    pub service: &'a str,
    /// The region. Empty for global services.
    pub region: &'a str,
    /// Everything after the account: `function:orders`.
    pub resource: &'a str,
}

/// Parses `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`.
pub fn parse(text: &str) -> Option<ArnParts<'_>> {
    let mut parts = text.splitn(6, ':');
    let (arn, partition) = (parts.next()?, parts.next()?);
    let (service, region) = (parts.next()?, parts.next()?);
    let (account, resource) = (parts.next()?, parts.next()?);
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    let numbered = digits(account) && matches!(account.len(), 0 | 12) || account == "aws";
    let written = !resource.is_empty() && !resource.contains(char::is_whitespace);
    let is_valid = arn == "arn" && partition.starts_with("aws") && numbered && written;
    is_valid.then_some(ArnParts { service, region, resource })
}

/// Reports a text that is not a valid ARN of a Lambda function, its version or alias.
pub fn check_function(
    text: &Text,
    at: &[PathStep<'_>],
    scope: &CheckContext<'_>,
    diagnostics: &mut DiagnosticSink,
) {
    let message = "not a valid Lambda function ARN";
    let help = "such as arn:aws:lambda:ap-northeast-1:123456789012:function:orders";
    let is_valid = |text: &str| is_of(text, "lambda", "function:");
    diagnostics.error_if_invalid(scope.invalid_reading(text, is_valid), "PV218", at, message, help);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_is_read_to_its_resource() {
        let function = "arn:aws:lambda:eu-west-1:123456789012:function:orders:live";
        assert!(is_of(function, "lambda", "function:"));
        assert!(is_of("arn:aws-cn:iam::123456789012:role/a/b", "iam", "role/"));
        assert_eq!(parse(function).map(|part| part.region), Some("eu-west-1"));
        for text in [
            "",
            "orders",
            "arn:aws:lambda",
            "arn:aws:lambda:x:1:function:f",
            "arn:aws:lambda:x:123456789012:function:",
            "arn:x:lambda:x:1:function:f",
        ] {
            assert!(!is_of(text, "lambda", "function:"), "{text}");
        }
    }
}
