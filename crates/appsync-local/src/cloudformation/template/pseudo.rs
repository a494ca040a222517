//! The pseudo parameters of a stack.
use serde_json::Value;

pub const NO_VALUE: &str = "AWS::NoValue";
const NAMES: &[&str] = &[
    "AWS::AccountId",
    "AWS::NotificationARNs",
    NO_VALUE,
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

/// The values of the pseudo parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PseudoParameters {
    pub account_id: String,
    pub notification_arns: Vec<String>,
    pub partition: String,
    pub region: String,
    pub stack_id: String,
    pub stack_name: String,
    pub url_suffix: String,
}

impl PseudoParameters {
    /// Derives the partition and the URL suffix from the region.
    pub fn new(
        account_id: &str,
        region: &str,
        stack_name: &str,
        stack_id: &str,
        notification_arns: Vec<String>,
    ) -> Self {
        let (partition, url_suffix) = if region.starts_with("cn-") {
            ("aws-cn", "amazonaws.com.cn")
        } else if region.starts_with("us-gov-") {
            ("aws-us-gov", "amazonaws.com")
        } else {
            ("aws", "amazonaws.com")
        };
        Self {
            account_id: account_id.to_owned(),
            notification_arns,
            partition: partition.to_owned(),
            region: region.to_owned(),
            stack_id: stack_id.to_owned(),
            stack_name: stack_name.to_owned(),
            url_suffix: url_suffix.to_owned(),
        }
    }

    /// Returns the value of a pseudo parameter, other than `AWS::NoValue`.
    pub fn value(&self, name: &str) -> Option<Value> {
        let text = match name {
            "AWS::NotificationARNs" => return Some(Value::from(self.notification_arns.clone())),
            "AWS::AccountId" => &self.account_id,
            "AWS::Partition" => &self.partition,
            "AWS::Region" => &self.region,
            "AWS::StackId" => &self.stack_id,
            "AWS::StackName" => &self.stack_name,
            "AWS::URLSuffix" => &self.url_suffix,
            _ => return None,
        };
        Some(Value::String(text.clone()))
    }
}

/// Whether a name is that of a pseudo parameter.
pub fn is_pseudo_parameter(name: &str) -> bool {
    NAMES.contains(&name)
}
