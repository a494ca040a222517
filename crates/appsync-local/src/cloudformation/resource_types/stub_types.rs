//! The option `--stub-types`: types whose resources a stack records without creating anything.
use crate::cloudformation::resource_types::data;
use crate::cloudformation::resource_types::table::{NEVER_STUBS, ROWS};

/// The types that may be stubs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StubTypes(Vec<Pattern>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    Name(String),
    /// All types of a service, as `AWS::DynamoDB::`.
    Service(String),
}

impl StubTypes {
    /// Parses values of the option, each with one or more patterns: `AWS::Lambda::Function,AWS::DynamoDB::*`.
    pub fn parse(values: &[String]) -> Result<Self, String> {
        let patterns = values.iter().flat_map(|value| value.split(',')).map(str::trim);
        let patterns = patterns.filter(|pattern| !pattern.is_empty()).map(Pattern::parse);
        patterns.collect::<Result<_, _>>().map(Self)
    }

    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| match pattern {
            Pattern::Name(known) => known == name,
            Pattern::Service(prefix) => name.starts_with(prefix),
        })
    }
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, String> {
        let forbidden = NEVER_STUBS.iter().find(|prefix| text.starts_with(**prefix));
        if let Some(prefix) = forbidden {
            return Err(format!(
                "`{text}` cannot be a stub: the types of `{prefix}*` are emulated or refused"
            ));
        }
        if ROWS.iter().any(|row| row.name == text) {
            return Err(format!("`{text}` cannot be a stub: the emulator creates it"));
        }
        let Some(prefix) = text.strip_suffix('*') else {
            return match data::registry_schema(text) {
                Some(_) => Ok(Self::Name(text.to_owned())),
                None => Err(unknown_type(text)),
            };
        };
        // `AWS::Service::`; a wider pattern would also hide misspelled types.
        if prefix.contains('*') || !prefix.ends_with("::") || prefix.matches("::").count() != 2 {
            return Err(format!(
                "`{text}` must name a type or a service, as `AWS::Lambda::Function` or `AWS::DynamoDB::*`"
            ));
        }
        match data::registry_names().any(|name| name.starts_with(prefix)) {
            true => Ok(Self::Service(prefix.to_owned())),
            false => Err(unknown_type(text)),
        }
    }
}

fn unknown_type(text: &str) -> String {
    let similarity = |name: &&str| (strsim::jaro_winkler(name, text) * 1_000.0) as u32;
    let nearest = data::registry_names().max_by_key(similarity).unwrap_or_default();
    format!("`{text}` is not a resource type of CloudFormation; did you mean `{nearest}`?")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(values: &[&str]) -> Result<StubTypes, String> {
        StubTypes::parse(&values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn patterns_name_types_and_services_in_one_value_or_several() {
        let stubs = parse(&["AWS::Lambda::Function, AWS::DynamoDB::*", "AWS::S3::Bucket"]).unwrap();
        assert!(stubs.contains("AWS::Lambda::Function") && stubs.contains("AWS::DynamoDB::Table"));
        assert!(stubs.contains("AWS::S3::Bucket") && !stubs.contains("AWS::Lambda::Version"));
        assert!(!parse(&[]).unwrap().contains("AWS::S3::Bucket"));
    }

    #[test]
    fn patterns_that_hide_errors_of_templates_are_rejected() {
        let check = |pattern: &str, expected: &str| {
            let error = parse(&[pattern]).unwrap_err();
            assert!(error.contains(expected), "{error}");
        };
        check("*", "must name a type or a service");
        check("AWS::*", "must name a type or a service");
        check("AWS::Lambda*", "must name a type or a service");
        check("AWS::AppSync::*", "cannot be a stub");
        check("AWS::AppSync::GraphQLApi", "cannot be a stub");
        check("AWS::IAM::User", "cannot be a stub");
        check("AWS::CloudFormation::Stack", "cannot be a stub");
        check("AWS::Lambda::Funktion", "did you mean `AWS::Lambda::Function`");
        check("AWS::Lambada::*", "is not a resource type");
    }
}
