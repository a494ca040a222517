//! Authorization of the admin interface: programs on this machine and the console's page may use it. Pages of other
//! origins never may.
use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, Method};

use crate::data_plane::host::{is_loopback, without_port};

/// Why a request may not use the admin interface, or nothing if it may.
pub fn denial(request: &Request) -> Option<&'static str> {
    let changes = ![Method::GET, Method::HEAD].contains(request.method());
    match () {
        () if !is_local(request) => {
            Some("only this machine may control the emulator, with an address such as 127.0.0.1")
        }
        () if changes && !is_same_origin(request.headers()) => {
            Some("a page of another origin may not control the emulator")
        }
        () => None,
    }
}

/// Whether both ends are this machine. The host name must be local, too, because a page of another site in a browser
/// on this machine sends its own host name.
fn is_local(request: &Request) -> bool {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let host = header_text(request.headers(), "host").unwrap_or_default();
    is_loopback(without_port(host)) && peer.is_none_or(|peer| peer.0.ip().is_loopback())
}

/// Whether a program or the console's page sent the request. Browsers send the origin, and pages cannot prevent it.
fn is_same_origin(headers: &HeaderMap) -> bool {
    let site = header_text(headers, "sec-fetch-site");
    let origin = header_text(headers, "origin");
    let origin_host =
        origin.map(|origin| origin.split_once("://").map_or(origin, |(_, host)| host));
    site.is_none_or(|site| ["same-origin", "none"].contains(&site))
        && origin_host.is_none_or(|host| Some(host) == header_text(headers, "host"))
}

fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    // An unreadable value is not a local name.
    headers.get(name).map(|header| header.to_str().unwrap_or("?"))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn requests_to_names_of_other_machines_are_denied() {
        let check = |host: &str, peer: Option<&str>, expected: bool| {
            let mut request = Request::builder().header("host", host).body(Body::empty()).unwrap();
            if let Some(peer) = peer {
                request.extensions_mut().insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
            }
            assert_eq!(denial(&request).is_none(), expected, "{host}");
        };
        check("127.0.0.1:4100", None, true);
        check("localhost:4100", Some("127.0.0.1:1"), true);
        check("[::1]:4100", Some("[::1]:1"), true);
        check("[::1]", None, true);
        check("localhost", Some("10.0.0.1:1"), false);
        check("evil.example.com", None, false);
        check("10.0.0.1:4100", None, false);
        check("", None, false);
    }

    #[test]
    fn pages_of_other_origins_can_change_nothing() {
        let check = |method: &str, more: &[(&str, &str)], expected: bool| {
            let mut request = Request::builder().method(method).header("host", "localhost:4100");
            for (name, value) in more {
                request = request.header(*name, *value);
            }
            let request = request.body(Body::empty()).unwrap();
            assert_eq!(denial(&request).is_none(), expected, "{method} {more:?}");
        };
        check("POST", &[], true);
        check("PUT", &[("origin", "http://localhost:4100")], true);
        check(
            "POST",
            &[("origin", "https://localhost:4100"), ("sec-fetch-site", "same-origin")],
            true,
        );
        check("POST", &[("origin", "http://localhost:3000")], false);
        check("POST", &[("origin", "null")], false);
        check("DELETE", &[("sec-fetch-site", "same-site")], false);
        check("POST", &[("sec-fetch-site", "cross-site")], false);
        check("GET", &[("sec-fetch-site", "cross-site")], true);
    }
}
