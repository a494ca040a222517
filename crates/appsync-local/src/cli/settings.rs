//! What the data plane reaches outside the emulator.
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::cli::environment::{CommandError, Environment};
use crate::data_plane::Settings;

/// What the data plane reaches outside the emulator.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Event APIs")]
pub struct SettingsArgs {
    /// Where functions are invoked, by the Lambda Invoke API [default: $AWS_ENDPOINT_URL_LAMBDA]
    #[arg(long, value_name = "URL", value_parser = parse_url)]
    lambda_endpoint: Option<String>,
    /// Where a service of data sources is: dynamodb=http://127.0.0.1:8000 [default: $AWS_ENDPOINT_URL_DYNAMODB, …]
    #[arg(long = "endpoint", value_name = "SERVICE=URL", value_parser = parse_name_and_url)]
    endpoints: Vec<(String, String)>,
    /// The address at which an issuer of tokens is really reached: https://id.example.com=http://127.0.0.1:9000
    #[arg(long = "issuer", value_name = "ISSUER=URL", value_parser = parse_name_and_url)]
    issuers: Vec<(String, String)>,
    /// Accept signatures made with the keys of this file, in the form of ~/.aws/credentials
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,
}

/// The services of data sources, by the names they are signed with
/// (docs/reference/data-sources.md#requests-and-results).
const SERVICES: [&str; 6] = ["dynamodb", "events", "es", "rds-data", "bedrock-runtime", "lambda"];

impl SettingsArgs {
    /// The settings that the arguments and the environment give.
    ///
    /// # Errors
    ///
    /// Fails when the file of credentials can't be read or has none.
    pub fn read(&self, environment: &Environment) -> Result<Settings, CommandError> {
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
        let own = |name: &str| environment.variables.get(name).cloned();
        if let (Some(key), Some(secret)) = (own("AWS_ACCESS_KEY_ID"), own("AWS_SECRET_ACCESS_KEY"))
        {
            settings.credentials.insert(key, secret);
        }
        if let Some(path) = &self.credentials {
            let text = fs::read_to_string(environment.path(path)).map_err(|error| {
                CommandError::new(format!("{} can't be read: {error}", path.display()))
            })?;
            let found = parse_credentials(&text);
            if found.is_empty() {
                let message = format!("{} has no access key with its secret", path.display());
                return Err(CommandError::new(message).with_help("a profile there has the lines `aws_access_key_id = …` and `aws_secret_access_key = …`"));
            }
            settings.credentials.extend(found);
        }
        Ok(settings)
    }
}

/// The access keys of a credentials file, each with its secret.
fn parse_credentials(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let (mut id, mut secret) = (None, None);
    // A last heading ends the last profile.
    for line in text.lines().map(str::trim).chain(["["]) {
        if line.starts_with('[') {
            if let (Some(id), Some(secret)) = (id.take(), secret.take()) {
                found.insert(id, secret);
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
    found
}

fn parse_url(text: &str) -> Result<String, String> {
    match text.starts_with("http://") || text.starts_with("https://") {
        true => Ok(text.trim_end_matches('/').to_owned()),
        false => Err("expected a URL such as http://127.0.0.1:9001".to_owned()),
    }
}

/// The last `=` that a URL follows parts them: an issuer may hold one.
fn parse_name_and_url(text: &str) -> Result<(String, String), String> {
    let at = text.rfind("=http://").or_else(|| text.rfind("=https://"));
    match at {
        Some(at) if at > 0 => Ok((text[..at].to_owned(), parse_url(&text[at + 1..])?)),
        _ => Err("expected NAME=URL".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credentials_file_gives_each_key_its_own_secret() {
        let text = "[default]\naws_access_key_id = A\naws_secret_access_key=a=b\n\n[half]\naws_access_key_id=B\n[c]\n aws_secret_access_key = c\naws_access_key_id = C\n";
        let found: Vec<_> = parse_credentials(text).into_iter().collect();
        assert_eq!(found, [("A".to_owned(), "a=b".to_owned()), ("C".to_owned(), "c".to_owned())]);
    }

    #[test]
    fn an_issuer_is_parted_from_its_place_at_the_last_url() {
        let both =
            parse_name_and_url("https://id.example.com/?a=b=http://127.0.0.1:9000/").unwrap();
        assert_eq!(both, ("https://id.example.com/?a=b".into(), "http://127.0.0.1:9000".into()));
        assert!(
            parse_name_and_url("dynamodb").is_err() && parse_name_and_url("=http://x").is_err()
        );
    }
}
