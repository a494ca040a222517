//! Which API a request came to, by its host or by its path
//! (docs/reference/data-plane.md#endpoints).
//!
//! The path alone decides between HTTP and WebSocket: clients send the host of either to either.
use std::net::IpAddr;

use axum::extract::Request;

use crate::data_plane::place::Place;
use crate::data_plane::plane::Plane;
use crate::data_plane::problem::Problem;

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    Publish,
    Realtime,
}

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    pub place: Place,
    pub door: Door,
}

/// Whether a request is for the data plane at all.
pub fn is_for(request: &Request) -> bool {
    read_path(request.uri().path()).is_some() || matches!(Host::of(&host(request)), Host::Api(..))
}

/// The host that a request was sent to, in lower case and without its port.
pub fn host(request: &Request) -> String {
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

/// Finds the API that is meant by `host`, as [`host`] tells it, and `path`.
pub fn find(plane: &Plane, host: &str, path: &str) -> Result<Route, Problem> {
    let Some((named, door)) = read_path(path) else {
        let message =
            format!("There is nothing at {path}: publish to /event, connect to /event/realtime.");
        return Err(not_found(message));
    };
    let place = match (named, Host::of(host)) {
        (Some(api), _) => {
            plane.place(api).ok_or_else(|| not_found(format!("There is no API {api} here.")))
        }
        (None, Host::Api(prefix, region)) => plane
            .place(prefix)
            .filter(|it| it.region == region)
            .ok_or_else(|| not_found(format!("There is no API at {host} here."))),
        (None, Host::Local(api)) => {
            plane.place(api).ok_or_else(|| not_found(format!("There is no API {api} here.")))
        }
        (None, Host::Here) => Err(not_found(format!(
            "Which API is not told: ask for /apis/<api-id>{path}, or for the host <api-id>.localhost, or for the API's own host."
        ))),
        (None, Host::Other) => plane.place_of_domain(host).ok_or_else(|| {
            not_found(format!("No domain name {host} is associated with an API here."))
        }),
    };
    Ok(Route { place: place?, door })
}

fn not_found(message: String) -> Problem {
    Problem::new(404, "NotFoundException").saying(message)
}

/// The API that a path names, if it names one, and what is there.
fn read_path(path: &str) -> Option<(Option<&str>, Door)> {
    let (named, rest) = match path.strip_prefix("/apis/") {
        Some(rest) => {
            let (api, rest) = rest.split_once('/')?;
            (Some(api), rest)
        }
        None => (None, path.strip_prefix('/')?),
    };
    match rest {
        "event" => Some((named, Door::Publish)),
        "event/realtime" => Some((named, Door::Realtime)),
        _ => None,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Host<'a> {
    /// An API's own: its prefix, and the Region.
    Api(&'a str, &'a str),
    /// `<api>.localhost`.
    Local(&'a str),
    /// This machine, by an address or a name that says nothing of an API.
    Here,
    Other,
}

impl<'a> Host<'a> {
    fn of(host: &'a str) -> Self {
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        if host.is_empty() || host == "localhost" || address.is_ok() {
            return Self::Here;
        }
        if let Some(api) = host.strip_suffix(".localhost") {
            return Self::Local(api);
        }
        let own = host.strip_suffix(".cn").unwrap_or(host).strip_suffix(".amazonaws.com");
        match own.map(|it| it.split('.').collect::<Vec<_>>()).as_deref() {
            Some([prefix, "appsync-api" | "appsync-realtime-api", region]) => {
                Self::Api(prefix, region)
            }
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_told_apart_whatever_their_port_and_case() {
        let check = |given: &str, expected: Host<'_>| {
            let request = Request::builder().header("host", given).body(Default::default());
            assert_eq!(Host::of(&host(&request.unwrap())), expected, "{given}");
        };
        check("ABC.appsync-api.us-east-1.amazonaws.com:443", Host::Api("abc", "us-east-1"));
        check(
            "abc.appsync-realtime-api.cn-north-1.amazonaws.com.cn",
            Host::Api("abc", "cn-north-1"),
        );
        check("abc.localhost:4100", Host::Local("abc"));
        check("localhost:4100", Host::Here);
        check("[::1]:4100", Host::Here);
        check("127.0.0.1", Host::Here);
        check("events.example.com.", Host::Other);
        check("appsync.us-east-1.amazonaws.com", Host::Other);
    }

    #[test]
    fn without_a_host_header_the_authority_counts() {
        let request = Request::builder().uri("https://x.example.com:1/event");
        assert_eq!(host(&request.body(Default::default()).unwrap()), "x.example.com");
    }

    #[test]
    fn a_path_may_name_the_api() {
        assert_eq!(read_path("/event"), Some((None, Door::Publish)));
        assert_eq!(read_path("/event/realtime"), Some((None, Door::Realtime)));
        assert_eq!(read_path("/apis/x/event"), Some((Some("x"), Door::Publish)));
        assert_eq!(read_path("/apis/x/event/realtime"), Some((Some("x"), Door::Realtime)));
        for other in ["/", "/events", "/apis/x", "/v2/apis/x/event", "/event/", "event"] {
            assert_eq!(read_path(other), None, "{other}");
        }
    }
}
