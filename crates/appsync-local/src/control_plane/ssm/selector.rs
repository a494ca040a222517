//! The name of a parameter in a request: a name or an ARN, perhaps with a version.
use crate::protocol::response::AwsError;
use crate::state::{Parameter, ParameterVersion};

/// The parameter and the version that a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector<'a> {
    pub name: &'a str,
    /// What follows the name: a version or a label.
    pub version: Option<&'a str>,
    /// Whether the name is from an ARN, which omits a leading slash.
    pub is_arn: bool,
}

impl<'a> Selector<'a> {
    pub fn parse(text: &'a str) -> Self {
        let resource = text.starts_with("arn:").then(|| text.splitn(6, ':').nth(5)).flatten();
        let resource = resource.and_then(|resource| resource.strip_prefix("parameter/"));
        let full_name = resource.unwrap_or(text);
        let (name, version) = match full_name.split_once(':') {
            Some((name, version)) => (name, Some(version)),
            None => (full_name, None),
        };
        Self { name, version, is_arn: resource.is_some() }
    }

    /// The names that the parameter may have.
    pub fn names(&self) -> Vec<String> {
        match self.is_arn {
            true => vec![format!("/{}", self.name), self.name.to_owned()],
            false => vec![self.name.to_owned()],
        }
    }

    /// The selected version; the newest if the request names none. There are no labels.
    pub fn version_of<'p>(
        &self,
        parameter: &'p Parameter,
    ) -> Result<&'p ParameterVersion, AwsError> {
        let version = match self.version {
            None => parameter.versions.last(),
            Some(version) => {
                parameter.versions.iter().find(|candidate| version.parse() == Ok(candidate.number))
            }
        };
        version.ok_or_else(|| {
            let message = format!(
                "Systems Manager could not find version {} of {}. Verify the version and try again.",
                self.version.unwrap_or_default(),
                parameter.name
            );
            AwsError::new(400, "ParameterVersionNotFound", message)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_or_an_arn_may_have_a_version() {
        let check = |text: &str, names: &[&str], version: Option<&str>| {
            let selector = Selector::parse(text);
            assert_eq!(
                (selector.names().as_slice(), selector.version),
                (&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()[..], version)
            );
        };
        check("/a/b", &["/a/b"], None);
        check("a:3", &["a"], Some("3"));
        check("/a:label", &["/a"], Some("label"));
        check("arn:aws:ssm:eu-west-1:1:parameter/a/b:2", &["/a/b", "a/b"], Some("2"));
    }
}
