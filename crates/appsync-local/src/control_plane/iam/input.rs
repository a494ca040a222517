//! The members of IAM's requests, checked against IAM's constraints in the order of the calls. No state is read.
use crate::control_plane::iam::document;
use crate::protocol::query::Form;
use crate::protocol::response::AwsError;
use crate::state::Tags;

/// Limits (docs/reference/iam.md#limits).
const TRUST_MAX: usize = 2_048;
const TAGS_MAX: usize = 50;
const POLICY_MAX: usize = 6_144;

/// A valid request of CreateRole.
pub struct CreateRoleRequest {
    pub name: String,
    pub path: String,
    pub trust: String,
    pub description: Option<String>,
    pub max_session_s: Option<u32>,
    pub boundary: Option<String>,
    pub tags: Tags,
}

impl CreateRoleRequest {
    pub fn parse(form: &Form) -> Result<Self, AwsError> {
        let name = form.require("RoleName")?;
        check_name(name, "RoleName", 64)?;
        let path = form.get("Path").unwrap_or("/");
        check_path(path)?;
        let trust = form.require("AssumeRolePolicyDocument")?;
        check_trust_policy(trust)?;
        let boundary = form.get("PermissionsBoundary");
        boundary.map(parse_policy_arn).transpose()?;
        let tags = form.tags()?;
        check_tag_count(&tags)?;
        Ok(Self {
            name: name.to_owned(),
            path: path.to_owned(),
            trust: trust.to_owned(),
            description: form.description()?,
            max_session_s: form.max_session_s()?,
            boundary: boundary.map(str::to_owned),
            tags,
        })
    }
}

/// A valid request of CreatePolicy.
pub struct CreatePolicyRequest {
    pub name: String,
    pub path: String,
    pub document: String,
    pub description: Option<String>,
    pub tags: Tags,
}

impl CreatePolicyRequest {
    pub fn parse(form: &Form) -> Result<Self, AwsError> {
        let name = form.require("PolicyName")?;
        check_name(name, "PolicyName", 128)?;
        let path = form.get("Path").unwrap_or("/");
        check_path(path)?;
        let document = form.require("PolicyDocument")?;
        document::check(document, false)?;
        check_policy_size(document)?;
        let tags = form.tags()?;
        check_tag_count(&tags)?;
        Ok(Self {
            name: name.to_owned(),
            path: path.to_owned(),
            document: document.to_owned(),
            description: form.description()?,
            tags,
        })
    }
}

impl Form {
    pub fn require(&self, name: &str) -> Result<&str, AwsError> {
        self.get(name).ok_or_else(|| invalid_member(name, "Member must not be null"))
    }
    /// A whole number from `min` to `max`.
    pub fn number(&self, name: &str, min: u32, max: u32) -> Result<Option<u32>, AwsError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        match text.parse::<u32>() {
            Ok(number) if (min..=max).contains(&number) => Ok(Some(number)),
            _ => Err(invalid_member(name, &format!("Member must be between {min} and {max}"))),
        }
    }
    /// `Tags.member.1.Key=…&Tags.member.1.Value=…`
    pub fn tags(&self) -> Result<Tags, AwsError> {
        let mut tags = Tags::new();
        for n in 1.. {
            let Some(key) = self.get(&format!("Tags.member.{n}.Key")) else { break };
            let value = self.get(&format!("Tags.member.{n}.Value")).unwrap_or_default();
            check_tag(key, value)?;
            if tags.insert(key.to_owned(), value.to_owned()).is_some() {
                let message =
                    "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
                return Err(AwsError::new(400, "InvalidInput", message));
            }
        }
        Ok(tags)
    }
    /// `TagKeys.member.1=…`
    pub fn tag_keys(&self) -> Vec<&str> {
        (1..).map_while(|n| self.get(&format!("TagKeys.member.{n}"))).collect()
    }
    pub fn description(&self) -> Result<Option<String>, AwsError> {
        let description = self.get("Description");
        match description.map(|text| text.chars().count()) {
            Some(length) if length > 1_000 => Err(invalid_member(
                "Description",
                "Member must have length less than or equal to 1000",
            )),
            _ => Ok(description.map(str::to_owned)),
        }
    }
    pub fn max_session_s(&self) -> Result<Option<u32>, AwsError> {
        self.number("MaxSessionDuration", 3_600, 43_200)
    }
}

pub fn check_name(name: &str, member: &str, max: usize) -> Result<(), AwsError> {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "_+=,.@-".contains(letter);
    if name.is_empty() || name.len() > max {
        return Err(invalid_member(
            member,
            &format!("Member must have length between 1 and {max}"),
        ));
    }
    match name.chars().all(allowed) {
        true => Ok(()),
        false => Err(invalid_member(
            member,
            "Member must satisfy regular expression pattern: [\\w+=,.@-]+",
        )),
    }
}

pub fn check_trust_policy(document: &str) -> Result<(), AwsError> {
    document::check(document, true)?;
    if document.len() > TRUST_MAX {
        let message = format!("Cannot exceed quota for ACLSizePerRole: {TRUST_MAX}");
        return Err(AwsError::new(409, "LimitExceeded", message));
    }
    Ok(())
}

/// The owner of the policy with an ARN: an account, or `aws`.
pub fn parse_policy_arn(arn: &str) -> Result<&str, AwsError> {
    let parts: Vec<&str> = arn.split(':').collect();
    match parts.as_slice() {
        ["arn", _, "iam", "", owner, policy] if policy.starts_with("policy/") => Ok(owner),
        _ => Err(AwsError::new(400, "InvalidInput", format!("ARN {arn} is not valid."))),
    }
}

pub fn policy_not_attachable(arn: &str) -> AwsError {
    let message = format!("Policy {arn} does not exist or is not attachable.");
    AwsError::new(404, "NoSuchEntity", message)
}

pub fn check_policy_size(document: &str) -> Result<(), AwsError> {
    let size = document.chars().filter(|letter| !letter.is_whitespace()).count();
    match size <= POLICY_MAX {
        true => Ok(()),
        false => {
            let message = format!("Cannot exceed quota for PolicySize: {POLICY_MAX}");
            Err(AwsError::new(409, "LimitExceeded", message))
        }
    }
}

pub fn check_tag_count(tags: &Tags) -> Result<(), AwsError> {
    match tags.len() {
        count if count > TAGS_MAX => {
            let message = format!("The number of tags has reached the maximum limit: {TAGS_MAX}.");
            Err(AwsError::new(409, "LimitExceeded", message))
        }
        _ => Ok(()),
    }
}

fn check_path(path: &str) -> Result<(), AwsError> {
    let is_valid = path.len() <= 512
        && path.starts_with('/')
        && path.ends_with('/')
        && path.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
    match is_valid {
        true => Ok(()),
        false => Err(invalid_member(
            "Path",
            "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
        )),
    }
}

fn check_tag(key: &str, value: &str) -> Result<(), AwsError> {
    let allowed = |text: &str| {
        text.chars().all(|letter| {
            letter.is_alphanumeric() || letter.is_whitespace() || "_.:/=+-@".contains(letter)
        })
    };
    if key.is_empty()
        || key.chars().count() > 128
        || !allowed(key)
        || key.to_ascii_lowercase().starts_with("aws:")
    {
        return Err(invalid_member(
            "tags.1.member.key",
            "Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+",
        ));
    }
    if value.chars().count() > 256 || !allowed(value) {
        return Err(invalid_member(
            "tags.1.member.value",
            "Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*",
        ));
    }
    Ok(())
}

/// The error for a member that violates its constraint.
pub fn invalid_member(member: &str, constraint: &str) -> AwsError {
    let mut letters = member.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    let member: String = first.into_iter().chain(letters).collect();
    let message = format!(
        "1 validation error detected: Value at '{member}' failed to satisfy constraint: {constraint}"
    );
    AwsError::new(400, "ValidationError", message)
}
