//! SigV4 for Event APIs (docs/reference/authorization.md#signatures): what is signed is the HTTP endpoint, whatever the
//! operation.
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SigningParams, SigningSettings, sign as sigv4,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;

use crate::endpoint::Endpoint;

const SERVICE: &str = "appsync";

/// The headers that a signature adds: `authorization`, `x-amz-date`, and `x-amz-security-token` for credentials that
/// end.
pub fn sign(
    endpoint: &Endpoint,
    headers: &[(&str, &str)],
    body: &str,
    signer: (&Credentials, &str),
    now: SystemTime,
) -> Result<Vec<(String, String)>, String> {
    let (credentials, region) = signer;
    let identity = Identity::from(credentials.clone());
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
    let request = SignableRequest::new("POST", &uri, headers, body);
    let signed =
        request.and_then(|it| sigv4(it, &parameters)).map_err(|error| error.to_string())?;
    let (instructions, _) = signed.into_parts();
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    Ok(instructions.headers().map(owned).collect())
}
