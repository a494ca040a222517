//! The host of a request, and what it identifies: an API, the emulator, or something else.
use std::net::IpAddr;

use axum::extract::Request;

/// What a host identifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host<'a> {
    /// An API's own host: its prefix and its Region.
    Api(&'a str, &'a str),
    /// `<api>.localhost`.
    Local(&'a str),
    /// This machine, by an address or a name that identifies no API.
    Emulator,
    /// Any other host, perhaps a custom domain.
    Other,
}

impl<'a> Host<'a> {
    /// Parses a host, as [`request_host`] returns it.
    pub fn parse(host: &'a str) -> Self {
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        if host.is_empty() || host == "localhost" || address.is_ok() {
            return Self::Emulator;
        }
        if let Some(api) = host.strip_suffix(".localhost") {
            return Self::Local(api);
        }
        let own = host.strip_suffix(".cn").unwrap_or(host).strip_suffix(".amazonaws.com");
        match own.map(|text| text.split('.').collect::<Vec<_>>()).as_deref() {
            Some([prefix, "appsync-api" | "appsync-realtime-api", region]) => {
                Self::Api(prefix, region)
            }
            _ => Self::Other,
        }
    }
}

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
    fn hosts_are_recognized_with_any_port_and_case() {
        let check = |text: &str, expected: Host<'_>| {
            let request = Request::builder().header("host", text).body(Default::default());
            assert_eq!(Host::parse(&request_host(&request.unwrap())), expected, "{text}");
        };
        check("ABC.appsync-api.us-east-1.amazonaws.com:443", Host::Api("abc", "us-east-1"));
        check(
            "abc.appsync-realtime-api.cn-north-1.amazonaws.com.cn",
            Host::Api("abc", "cn-north-1"),
        );
        check("abc.localhost:4100", Host::Local("abc"));
        check("localhost:4100", Host::Emulator);
        check("[::1]:4100", Host::Emulator);
        check("127.0.0.1", Host::Emulator);
        check("events.example.com.", Host::Other);
        check("appsync.us-east-1.amazonaws.com", Host::Other);
    }

    #[test]
    fn the_authority_of_the_url_replaces_a_missing_host_header() {
        let request = Request::builder().uri("https://x.example.com:1/event");
        assert_eq!(request_host(&request.body(Default::default()).unwrap()), "x.example.com");
    }
}
