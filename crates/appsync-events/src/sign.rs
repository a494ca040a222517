//! SigV4 signatures for Event APIs (docs/reference/authorization.md#signatures). They cover the HTTP
//! endpoint, whatever the operation.
use std::time::SystemTime;

use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SigningParams, SigningSettings, sign as sign_request,
};
use aws_sigv4::sign::v4;

use crate::endpoint::Endpoint;

const SERVICE: &str = "appsync";

/// The headers of the signature: `authorization`, `x-amz-date`, and with temporary credentials
/// `x-amz-security-token`.
pub fn sign(
    endpoint: &Endpoint,
    headers: &[(&str, &str)],
    body: &str,
    (credentials, region): (&AwsCredentials, &str),
    now: SystemTime,
) -> Result<Vec<(String, String)>, String> {
    let identity = credentials.clone().into();
    let parameters: SigningParams<'_> = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(SERVICE)
        .time(now)
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| error.to_string())?
        .into();
    let uri = endpoint.http.to_string();
    let headers = headers.iter().copied().chain([("host", endpoint.host())]);
    let body = SignableBody::Bytes(body.as_bytes());
    let output = SignableRequest::new("POST", &uri, headers, body)
        .and_then(|request| sign_request(request, &parameters))
        .map_err(|error| error.to_string())?;
    let (instructions, _) = output.into_parts();
    let headers = instructions.headers();
    Ok(headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}
