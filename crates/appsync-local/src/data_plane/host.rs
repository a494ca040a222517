//! The host of a request, and what it identifies: an API, the emulator, or something else.
use std::net::IpAddr;

use axum::extract::Request;

/// Returns the host of a request, in lower case and without its port.
pub fn request_host(request: &Request) -> String {
    let header = request.headers().get("host").and_then(|value| value.to_str().ok());
    let authority = || request.uri().authority().map(axum::http::uri::Authority::as_str);
    let host = header.or_else(authority).unwrap_or_default();
    without_port(host).trim_end_matches('.').to_ascii_lowercase()
}

/// Returns the name in a `Host` header, without its port.
pub fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Whether a name in a `Host` header is `localhost` or a loopback address.
pub fn is_loopback(name: &str) -> bool {
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authority_of_the_url_replaces_a_missing_host_header() {
        let request = Request::builder().uri("https://x.example.com:1/event");
        assert_eq!(request_host(&request.body(Default::default()).unwrap()), "x.example.com");
    }
}
