//! The options for what the data plane reaches outside the emulator. Nothing is connected to here.
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::cli::environment::{CommandError, Environment};
use crate::data_plane::Settings;

/// The options for what the data plane reaches outside the emulator.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Event APIs")]
pub struct SettingsArgs {
    /// The endpoint at which functions are invoked, with the Lambda Invoke API [default: $AWS_ENDPOINT_URL_LAMBDA]
    #[arg(long, value_name = "URL", value_parser = parse_url)]
    lambda_endpoint: Option<String>,
    /// The endpoint of a service of data sources: dynamodb=http://127.0.0.1:8000 [default: $AWS_ENDPOINT_URL_DYNAMODB, …]
    #[arg(long = "endpoint", value_name = "SERVICE=URL", value_parser = parse_name_and_url)]
    endpoints: Vec<(String, String)>,
    /// The URL at which the emulator reaches an issuer of tokens: https://id.example.com=http://127.0.0.1:9000
    #[arg(long = "issuer", value_name = "ISSUER=URL", value_parser = parse_name_and_url)]
    issuers: Vec<(String, String)>,
    /// Accept signatures with the access keys of this file, which has the format of ~/.aws/credentials
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,
}

/// The services of data sources, by their names in signatures
/// (docs/reference/data-sources.md#requests-and-results).
const SERVICES: [&str; 6] = ["dynamodb", "events", "es", "rds-data", "bedrock-runtime", "lambda"];

impl SettingsArgs {
    /// The settings of the data plane, from the arguments and environment variables.
    ///
    /// # Errors
    ///
    /// Fails if the credentials file cannot be read or has no access key.
    pub(crate) fn read(&self, environment: &Environment) -> Result<Settings, CommandError> {
        let mut settings = Settings::default();
        for service in SERVICES {
            let variable = format!("AWS_ENDPOINT_URL_{}", service.to_uppercase().replace('-', "_"));
            if let Some(url) = environment.variables.get(&variable) {
                settings.endpoints.insert(service.to_owned(), url.clone());
            }
        }
        settings.endpoints.extend(self.endpoints.iter().cloned());
        settings.lambda_endpoint =
            self.lambda_endpoint.clone().or_else(|| settings.endpoints.remove("lambda"));
        settings.issuers.extend(self.issuers.iter().cloned());
        let variable = |name: &str| environment.variables.get(name).cloned();
        if let (Some(key), Some(secret)) =
            (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"))
        {
            settings.credentials.insert(key, secret);
        }
        if let Some(path) = &self.credentials {
            let text = fs::read_to_string(environment.path(path)).map_err(|error| {
                CommandError::new(format!("cannot read `{}`: {error}", path.display()))
            })?;
            let credentials = parse_credentials(&text);
            if credentials.is_empty() {
                let message = format!("`{}` has no access key with its secret", path.display());
                return Err(CommandError::new(message).with_help("add a profile with the lines `aws_access_key_id = …` and `aws_secret_access_key = …`"));
            }
            settings.credentials.extend(credentials);
        }
        Ok(settings)
    }
}

/// Parses the access keys of a credentials file, each with its secret.
fn parse_credentials(text: &str) -> BTreeMap<String, String> {
    let mut credentials = BTreeMap::new();
    let (mut id, mut secret) = (None, None);
    // One more heading completes the last profile.
    for line in text.lines().map(str::trim).chain(["["]) {
        if line.starts_with('[') {
            if let (Some(id), Some(secret)) = (id.take(), secret.take()) {
                credentials.insert(id, secret);
            }
            (id, secret) = (None, None);
        } else if let Some((name, value)) = line.split_once('=') {
            match name.trim() {
                "aws_access_key_id" => id = Some(value.trim().to_owned()),
                "aws_secret_access_key" => secret = Some(value.trim().to_owned()),
                _ => {}
            }
        }
    }
    credentials
}

fn parse_url(text: &str) -> Result<String, String> {
    match text.starts_with("http://") || text.starts_with("https://") {
        true => Ok(text.trim_end_matches('/').to_owned()),
        false => Err("expected a URL such as http://127.0.0.1:9001".to_owned()),
    }
}

/// Splits the text at the last `=` before a URL, because an issuer may contain `=`.
fn parse_name_and_url(text: &str) -> Result<(String, String), String> {
    let at = text.rfind("=http://").or_else(|| text.rfind("=https://"));
    match at {
        Some(at) if at > 0 => Ok((text[..at].to_owned(), parse_url(&text[at + 1..])?)),
        _ => Err("expected a name and a URL, such as dynamodb=http://127.0.0.1:8000".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credentials_file_gives_each_key_its_own_secret() {
        let text = "[default]\naws_access_key_id = A\naws_secret_access_key=a=b\n\n[half]\naws_access_key_id=B\n[c]\n aws_secret_access_key = c\naws_access_key_id = C\n";
        let credentials: Vec<_> = parse_credentials(text).into_iter().collect();
        assert_eq!(
            credentials,
            [("A".to_owned(), "a=b".to_owned()), ("C".to_owned(), "c".to_owned())]
        );
    }

    #[test]
    fn an_issuer_and_its_url_are_split_at_the_last_url() {
        let pair =
            parse_name_and_url("https://id.example.com/?a=b=http://127.0.0.1:9000/").unwrap();
        assert_eq!(pair, ("https://id.example.com/?a=b".into(), "http://127.0.0.1:9000".into()));
        assert!(
            parse_name_and_url("dynamodb").is_err() && parse_name_and_url("=http://x").is_err()
        );
    }
}
