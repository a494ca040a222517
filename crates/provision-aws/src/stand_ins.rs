//! What third-party AWS stand-ins answer differently from AWS, and what this crate does about it.
//!
//! `--endpoint-url` may lead to moto or MiniStack, which implement only a part of AppSync Events. The rest of
//! the crate knows AWS's contract and the class [`Unsupported`](Class::Unsupported); everything that is
//! true of one of these servers only is in this file. `tests/interop` runs the program against the versions
//! below and fails when one of them changes.
//!
//! | server | what it does | what this crate does |
//! |---|---|---|
//! | moto 5.2.5 | answers an operation that it lacks, or fails on, with an HTML page and status 404 or 500 | [`missing_operation`]: the operation is unsupported and is not retried |
//! | MiniStack 1.4.21 | answers a path that it lacks with `NotFoundException` | [`missing_operation`]: unsupported, so the resource does not count as deleted |
//! | MiniStack 1.4.21 | answers a method that it lacks with `BadRequestException` | [`missing_operation`]: unsupported |
//! | moto 5.2.5 | lacks `GetChannelNamespace`, and lists complete namespaces | [`is_in_list_only`]: the namespace is read from the list |
//! | MiniStack 1.4.21 | looks for an Event API among the GraphQL APIs when it is tagged, and answers `NotFoundException` | [`is_tagging_unsupported`]: the digest of the declaration and the run lock are not written |
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use provision_core::failure::ErrorClass;
use serde_json::Value;

/// Returns a description of the failure if `response` means that the server lacks the operation.
///
/// AWS itself reports that with error codes, which [`error`](crate::error) classifies.
pub fn missing_operation(response: &HttpResponse) -> Option<String> {
    page_of_moto(response).or_else(|| missing_route_of_ministack(response))
}

/// Returns the title of the HTML page with which moto's web server, Werkzeug, answers. AWS always answers with
/// a document. Pages of other servers, such as a load balancer in front of AWS, do not mean that.
fn page_of_moto(response: &HttpResponse) -> Option<String> {
    let starts_with = |header, prefix| {
        response.headers().get(header).is_some_and(|value| value.starts_with(prefix))
    };
    if !starts_with("server", "Werkzeug/") || !starts_with("content-type", "text/html") {
        return None;
    }
    let page = String::from_utf8_lossy(response.body().bytes().unwrap_or_default());
    let title = page.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>"));
    let status = response.status().as_u16();
    let title = title.map_or_else(|| status.to_string(), |(title, _)| title.trim().to_owned());
    Some(format!("the server does not implement this operation, or fails on it: {title}"))
}

/// Returns MiniStack's message about a path or method that it lacks. AWS recognizes all paths of its SDKs.
fn missing_route_of_ministack(response: &HttpResponse) -> Option<String> {
    let prefix = match response.headers().get("x-amzn-errortype")? {
        "NotFoundException" => "Unknown path: /",
        "BadRequestException" => "Unsupported route: ",
        _ => return None,
    };
    let body: Value = serde_json::from_slice(response.body().bytes()?).ok()?;
    body["message"].as_str().filter(|message| message.starts_with(prefix)).map(str::to_owned)
}

/// Whether a read that failed with `class` means that the resource can only be read from a list.
pub fn is_in_list_only(class: ErrorClass) -> bool {
    class == ErrorClass::Unsupported
}

/// Whether a call that failed with `class` means that the server keeps no tags for the resource.
///
/// AWS answers `NotFoundException` only if the resource has been deleted, along with its tags.
pub fn is_tagging_unsupported(class: ErrorClass) -> bool {
    class == ErrorClass::NotFound || class == ErrorClass::Unsupported
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::body::SdkBody;

    use super::*;

    fn response(headers: &[(&'static str, &'static str)], body: &'static str) -> HttpResponse {
        let mut response = HttpResponse::new(404.try_into().unwrap(), SdkBody::from(body));
        for (name, value) in headers {
            response.headers_mut().insert(*name, *value);
        }
        response
    }

    #[test]
    fn an_html_page_of_moto_means_a_missing_operation() {
        let page = "<!doctype html>\n<title>404 Not Found</title>\n<h1>Not Found</h1>";
        let check = |server, kind, body, title: Option<&str>| {
            let response = response(&[("server", server), ("content-type", kind)], body);
            let message = missing_operation(&response);
            match title {
                Some(title) => assert!(message.unwrap().ends_with(&format!(": {title}"))),
                None => assert_eq!(message, None, "{server} {kind}"),
            }
        };
        check("Werkzeug/3.1", "text/html; charset=utf-8", page, Some("404 Not Found"));
        check("Werkzeug/3.1", "text/html; charset=utf-8", "", Some("404"));
        check("Werkzeug/3.1", "application/json", "{}", None);
        check("awselb/2.0", "text/html", page, None);
    }

    #[test]
    fn a_missing_route_of_ministack_means_a_missing_operation() {
        let check = |code, body, expected: Option<&str>| {
            let message = missing_operation(&response(&[("x-amzn-errortype", code)], body));
            assert_eq!(message.as_deref(), expected, "{code} {body}");
        };
        let path = "Unknown path: /v1/domainnames";
        check("NotFoundException", r#"{"message": "Unknown path: /v1/domainnames"}"#, Some(path));
        let route = "Unsupported route: POST /v1";
        check("BadRequestException", r#"{"message": "Unsupported route: POST /v1"}"#, Some(route));
        check("NotFoundException", r#"{"message": "Data source x not found"}"#, None);
        check("BadRequestException", r#"{"message": "Unknown path: /v1/domainnames"}"#, None);
        check("NotFoundException", "<p>", None);
    }
}
