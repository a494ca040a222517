//! Serves the files of the console's page. They are part of the program, and only this machine may read them.
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, Response, StatusCode};

use crate::data_plane::DataPlane;
use crate::server::guard;

const PAGE: &str = "/_console";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The files of the page: path, type, text.
const FILES: [(&str, &str, &str); 7] = [
    (PAGE, "text/html; charset=utf-8", include_str!("page.html")),
    ("/_console/page.css", "text/css; charset=utf-8", include_str!("page.css")),
    ("/_console/page.js", SCRIPT, include_str!("page.js")),
    ("/_console/api.js", SCRIPT, include_str!("api.js")),
    ("/_console/dom.js", SCRIPT, include_str!("dom.js")),
    ("/_console/publish.js", SCRIPT, include_str!("publish.js")),
    ("/_console/stream.js", SCRIPT, include_str!("stream.js")),
];

/// No content of an event may load, run or send anything.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Whether a request is for the console.
pub fn is_for(request: &Request) -> bool {
    let path = request.uri().path();
    path.strip_prefix(PAGE).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Responds to a request that [`is_for`] the console.
pub fn answer(plane: &DataPlane, request: &Request) -> Response<Body> {
    let path = request.uri().path();
    let path = if path == "/_console/" { PAGE } else { path };
    let file = FILES.iter().find(|(text, ..)| *text == path);
    let plain = "text/plain; charset=utf-8";
    let (status, kind, text) = match (guard::denial(request), request.method(), file) {
        (Some(_), ..) => {
            let text = "The console serves only this machine, at an address such as 127.0.0.1.\n";
            (StatusCode::FORBIDDEN, plain, text)
        }
        _ if plane.without_console => {
            let text = "This emulator runs without its console (--no-console).\n";
            (StatusCode::NOT_FOUND, plain, text)
        }
        (None, &Method::GET | &Method::HEAD, Some((_, kind, text))) => {
            (StatusCode::OK, *kind, *text)
        }
        (None, _, Some(_)) => {
            (StatusCode::METHOD_NOT_ALLOWED, plain, "The console supports only GET and HEAD.\n")
        }
        (None, _, None) => {
            (StatusCode::NOT_FOUND, plain, "Page not found; the console is at /_console.\n")
        }
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let mut set_header = |name: &'static str, value: &'static str| {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    };
    set_header("content-type", kind);
    set_header("content-security-policy", POLICY);
    set_header("x-content-type-options", "nosniff");
    set_header("referrer-policy", "no-referrer");
    set_header("cross-origin-opener-policy", "same-origin");
    set_header("cross-origin-resource-policy", "same-origin");
    // A newer program has a newer page.
    set_header("cache-control", "no-store");
    response
}
