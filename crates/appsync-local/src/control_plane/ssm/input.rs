//! The members of PutParameter and of the operations on tags, checked against AWS's constraints. No state is read.
use regex_lite::Regex;
use serde_json::Value;

use crate::control_plane::appsync::input::Input;
use crate::protocol::response::AwsError;
use crate::state::Tags;

/// The longest value of each tier.
const STANDARD_BYTES_MAX: usize = 4_096;
const ADVANCED_BYTES_MAX: usize = 8_192;
/// The longest name with its ARN.
const NAME_BYTES_MAX: usize = 1_011;
const LEVELS_MAX: usize = 15;
const TAGS_MAX: usize = 50;

/// A valid request of PutParameter.
pub struct PutParameterRequest {
    pub name: String,
    pub value: String,
    /// Required for a new parameter.
    pub parameter_type: Option<String>,
    pub description: Option<String>,
    pub allowed_pattern: Option<String>,
    pub tier: Option<String>,
    pub tags: Tags,
    pub overwrite: bool,
}

impl PutParameterRequest {
    pub fn parse(input: &Input<'_>) -> Result<Self, AwsError> {
        let name = input.require_text("Name")?;
        check_name(name)?;
        let value = input.require_text("Value")?;
        input.check_text("Value", value, 1, usize::MAX, |_| true)?;
        let one_of = |member: &str, values: &[&str]| match input.get(member) {
            Some(_) => input.require_enum_value(member, values).map(|value| Some(value.to_owned())),
            None => Ok(None),
        };
        let parameter_type = one_of("Type", &["String", "StringList", "SecureString"])?;
        if parameter_type.as_deref() == Some("SecureString") {
            return Err(AwsError::unsupported("ssm parameters of the type SecureString"));
        }
        let tier = one_of("Tier", &["Standard", "Advanced", "Intelligent-Tiering"])?;
        for (member, default) in [("Policies", ""), ("KeyId", ""), ("DataType", "text")] {
            if input.text(member)?.is_some_and(|text| text != default) {
                return Err(AwsError::unsupported(&format!("ssm:PutParameter with {member}")));
            }
        }
        let description = input.text("Description")?.map(str::to_owned);
        if let Some(text) = &description {
            input.check_text("Description", text, 0, 1_024, |_| true)?;
        }
        let overwrite = input.boolean("Overwrite")?.unwrap_or_default();
        let tags = tags(input)?;
        if overwrite && !tags.is_empty() {
            return Err(invalid(
                "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.",
            ));
        }
        check_tag_count(&tags)?;
        let allowed_pattern = input.text("AllowedPattern")?.map(str::to_owned);
        if let Some(pattern) = &allowed_pattern {
            input.check_text("AllowedPattern", pattern, 0, 1_024, |_| true)?;
        }
        Ok(Self {
            name: name.to_owned(),
            value: value.to_owned(),
            parameter_type,
            description,
            allowed_pattern: allowed_pattern.filter(|pattern| !pattern.is_empty()),
            tier,
            tags,
            overwrite,
        })
    }
}

/// Rejects a value that does not fit the pattern of its parameter. Whether AWS anchors the pattern is undocumented; it
/// is not anchored here, as in AWS's example `^\d+$`, which anchors itself.
pub fn check_pattern(pattern: &str, value: &str) -> Result<(), AwsError> {
    let Ok(regex) = Regex::new(pattern) else {
        let message = "The request does not meet the regular expression requirement.";
        return Err(AwsError::new(400, "InvalidAllowedPatternException", message));
    };
    match regex.is_match(value) {
        true => Ok(()),
        false => {
            let message =
                format!("Parameter value, cannot be validated against allowedPattern: {pattern}");
            Err(AwsError::new(400, "ParameterPatternMismatchException", message))
        }
    }
}

/// The tier of a value whose parameter has the requested tier.
pub fn tier_for(requested: &str, value: &str) -> Result<&'static str, AwsError> {
    let tier = match requested {
        "Advanced" => "Advanced",
        "Intelligent-Tiering" if value.len() > STANDARD_BYTES_MAX => "Advanced",
        _ => "Standard",
    };
    match (tier, value.len()) {
        ("Standard", length) if length > STANDARD_BYTES_MAX => Err(invalid(&format!(
            "Standard tier parameters support a maximum parameter value of {STANDARD_BYTES_MAX} characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html"
        ))),
        (_, length) if length > ADVANCED_BYTES_MAX => Err(invalid(&format!(
            "Advanced tier parameters support a maximum parameter value of {ADVANCED_BYTES_MAX} characters."
        ))),
        _ => Ok(tier),
    }
}

fn check_name(name: &str) -> Result<(), AwsError> {
    let lower_case = name.to_ascii_lowercase();
    let bare = lower_case.trim_start_matches('/');
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "_.-/".contains(letter);
    match () {
        () if lower_case.starts_with("/aws/") => Err(AwsError::new(
            400,
            "AccessDeniedException",
            format!("No access to reserved parameter name: {name}."),
        )),
        () if !name[..name.len().min(1)].starts_with('/') && name.contains('/') => {
            Err(invalid("Parameter name must be a fully qualified name."))
        }
        () if bare.starts_with("aws") || bare.starts_with("ssm") => Err(invalid(
            "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).",
        )),
        () if bare.is_empty()
            || name.ends_with('/')
            || name.contains("//")
            || !name.chars().all(allowed) =>
        {
            Err(invalid(
                "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_",
            ))
        }
        () if name.len() > NAME_BYTES_MAX => Err(invalid(&format!(
            "1 validation error detected: Value at 'name' failed to satisfy constraint: Member must have length less than or equal to {NAME_BYTES_MAX}"
        ))),
        () if bare.split('/').count() > LEVELS_MAX => {
            let message = format!("Parameter hierarchy is limited to {LEVELS_MAX} levels.");
            Err(AwsError::new(400, "HierarchyLevelLimitExceededException", message))
        }
        () => Ok(()),
    }
}

/// The list `Tags` of keys and values.
pub fn tags(input: &Input<'_>) -> Result<Tags, AwsError> {
    let mut tags = Tags::new();
    for tag in input.list("Tags")?.into_iter().flatten() {
        let text = |name: &str| tag.get(name).and_then(Value::as_str);
        let (Some(key), Some(value)) = (text("Key"), text("Value")) else {
            return Err(invalid(
                "1 validation error detected: Value null at 'tags.1.member.key' failed to satisfy constraint: Member must not be null",
            ));
        };
        input.check_text("Tags", key, 1, 128, |_| true)?;
        input.check_text("Tags", value, 0, 256, |_| true)?;
        tags.insert(key.to_owned(), value.to_owned());
    }
    Ok(tags)
}

pub fn check_tag_count(tags: &Tags) -> Result<(), AwsError> {
    match tags.len() {
        0..=TAGS_MAX => Ok(()),
        _ => {
            let message = format!("A resource can have at most {TAGS_MAX} tags.");
            Err(AwsError::new(400, "TooManyTagsError", message))
        }
    }
}

/// The error for a request that violates a rule.
pub fn invalid(message: &str) -> AwsError {
    AwsError::new(400, "ValidationException", message)
}
