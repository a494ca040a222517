//! The Query protocol: requests are forms, responses are XML. The functions for XML serve other XML protocols, too.
use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::Response;
use quick_xml::escape::escape;

use crate::protocol::request::ApiCall;
use crate::protocol::response::text_response;

/// The members of a Query request.
pub struct Form(BTreeMap<String, String>);

impl Form {
    pub fn parse(call: &ApiCall) -> Self {
        let body = form_urlencoded::parse(&call.body).into_owned();
        let query = form_urlencoded::parse(call.query.as_bytes()).into_owned();
        Self(query.chain(body).collect())
    }
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
    /// Whether a member's name starts with `prefix`.
    pub fn has_prefix(&self, prefix: &str) -> bool {
        let mut from = self.0.range(prefix.to_owned()..);
        from.next().is_some_and(|(name, _)| name.starts_with(prefix))
    }
}

/// The XML namespace of a Query service's responses; empty for a service that the emulator does not implement.
pub fn namespace(service: &str) -> &'static str {
    match service {
        "cloudformation" => "http://cloudformation.amazonaws.com/doc/2010-05-15/",
        "iam" => "https://iam.amazonaws.com/doc/2010-05-08/",
        "sts" => "https://sts.amazonaws.com/doc/2011-06-15/",
        _ => "",
    }
}

/// The response of an operation. `result` is the XML of the result element, if the operation has one.
pub fn query_response(
    action: &str,
    namespace: &str,
    result: Option<String>,
    request_id: &str,
) -> Response<Body> {
    let result_name = format!("{action}Result");
    let result = result.map(|members| element(&result_name, &members)).unwrap_or_default();
    let metadata = element("ResponseMetadata", &text_element("RequestId", request_id));
    let body =
        format!("<{action}Response xmlns=\"{namespace}\">{result}{metadata}</{action}Response>");
    text_response(200, "text/xml", body, request_id)
}

/// `<name>inner</name>`; `inner` is XML already.
pub fn element(name: &str, inner: &str) -> String {
    format!("<{name}>{inner}</{name}>")
}

/// `<name>text</name>`, escaped.
pub fn text_element(name: &str, text: &str) -> String {
    // XML cannot represent most control characters, and no text of AWS has them.
    let valid: String =
        text.chars().filter(|letter| !letter.is_control() || "\t\n\r".contains(*letter)).collect();
    element(name, &escape(valid.as_str()))
}

/// `<name><member>…</member>…</name>`; each item is XML already.
pub fn list_element(name: &str, items: impl IntoIterator<Item = String>) -> String {
    element(name, &items.into_iter().map(|item| element("member", &item)).collect::<String>())
}

/// The text of an element.
pub fn escape_text(text: &str) -> String {
    escape(text).into_owned()
}
