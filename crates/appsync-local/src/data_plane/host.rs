//! The host that a request was sent to.
use std::net::IpAddr;

use axum::extract::Request;

/// The host that a request was sent to, in lower case and without its port.
pub fn request_host(request: &Request) -> String {
    let header = request.headers().get("host").and_then(|it| it.to_str().ok());
    let authority = || request.uri().authority().map(axum::http::uri::Authority::as_str);
    let host = header.or_else(authority).unwrap_or_default();
    without_port(host).trim_end_matches('.').to_ascii_lowercase()
}

/// The name in a `Host` header.
pub fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|it| it.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Whether a name in a `Host` header is this machine's by itself: `localhost`, or an address of its loopback.
pub fn is_loopback(name: &str) -> bool {
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|it| it.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_host_header_the_authority_counts() {
        let request = Request::builder().uri("https://x.example.com:1/event");
        assert_eq!(request_host(&request.body(Default::default()).unwrap()), "x.example.com");
    }
}
