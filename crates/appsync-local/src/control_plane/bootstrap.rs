//! What `cdk bootstrap` creates: a parameter, a bucket and roles. They exist in every account and Region from the
//! start, because the CDK looks for them before it deploys anything. They are not part of the state until something
//! changes them, so lists omit them; they can never be deleted.
use crate::state::{Bucket, Parameter, ParameterVersion};

/// The version of the bootstrap template, which the CDK compares with the version that an app needs.
const VERSION: &str = "30";
const VERSION_PARAMETER: &str = "/cdk-bootstrap/hnb659fds/version";
/// The beginning of all names, with the CDK's default qualifier.
const PREFIX: &str = "cdk-hnb659fds-";
const ROLES: &[&str] = &[
    "cfn-exec-role",
    "deploy-role",
    "file-publishing-role",
    "image-publishing-role",
    "lookup-role",
];
/// 2024-01-01: always the same, so that the resources never change.
const CREATED_EPOCH_S: f64 = 1_704_067_200.0;

/// The parameter of that name, if it is part of the bootstrap.
pub fn parameter(name: &str) -> Option<Parameter> {
    (name == VERSION_PARAMETER).then(|| Parameter {
        name: name.to_owned(),
        tags: Default::default(),
        versions: vec![ParameterVersion {
            number: 1,
            parameter_type: "String".into(),
            value: VERSION.into(),
            description: None,
            allowed_pattern: None,
            data_type: "text".into(),
            tier: "Standard".into(),
            modified_epoch_s: CREATED_EPOCH_S,
        }],
    })
}

/// The bucket of that name, if it is part of the bootstrap of one of the account's Regions.
pub fn bucket(name: &str, account: &str) -> Option<Bucket> {
    let region = name.strip_prefix(&format!("{PREFIX}assets-{account}-"))?;
    is_region(region).then(|| Bucket {
        name: name.to_owned(),
        region: region.to_owned(),
        created_epoch_s: CREATED_EPOCH_S,
        objects: Default::default(),
    })
}

/// Whether a role is part of the bootstrap of one of the account's Regions.
pub fn is_role(name: &str, account: &str) -> bool {
    let role = name
        .strip_prefix(PREFIX)
        .and_then(|rest| ROLES.iter().find_map(|role| rest.strip_prefix(role)?.strip_prefix('-')));
    let region = role.and_then(|rest| rest.strip_prefix(account)?.strip_prefix('-'));
    region.is_some_and(is_region)
}

fn is_region(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    text.split('-').count() >= 3 && text.split('-').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bootstrap_is_in_every_account_and_region() {
        assert_eq!(parameter(VERSION_PARAMETER).unwrap().versions[0].value, "30");
        assert!(parameter("/cdk-bootstrap/other/version").is_none());
        let region = |name: &str| bucket(name, "1").map(|bucket| bucket.region);
        assert_eq!(region("cdk-hnb659fds-assets-1-eu-west-1").as_deref(), Some("eu-west-1"));
        assert_eq!(region("cdk-hnb659fds-assets-2-eu-west-1"), None);
        assert_eq!(region("cdk-hnb659fds-assets-1-"), None);
        assert!(is_role("cdk-hnb659fds-file-publishing-role-1-us-gov-east-1", "1"));
        for other in
            ["cdk-hnb659fds-file-publishing-role-2-us-east-1", "cdk-hnb659fds-x-role-1-us-east-1"]
        {
            assert!(!is_role(other, "1"), "{other}");
        }
    }
}
