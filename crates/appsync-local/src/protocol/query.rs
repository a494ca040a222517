//! The Query protocol of IAM and STS: requests are forms, responses are XML.
use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::Response;
use quick_xml::escape::escape;

use crate::protocol::request::ApiCall;
use crate::protocol::response::{AwsError, text_response};

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
}

/// The response of a Query service. `result` is the XML of the result element, if the operation has one.
pub fn query_response(
    action: &str,
    namespace: &str,
    result: Result<Option<String>, AwsError>,
    request_id: &str,
) -> Response<Body> {
    match result {
        Ok(result) => {
            let result_name = format!("{action}Result");
            let result = result.map(|members| element(&result_name, &members)).unwrap_or_default();
            let metadata = element("ResponseMetadata", &text_element("RequestId", request_id));
            let body = format!(
                "<{action}Response xmlns=\"{namespace}\">{result}{metadata}</{action}Response>"
            );
            text_response(200, "text/xml", body, request_id)
        }
        Err(AwsError { status, code, message, .. }) => {
            let error_type = if status < 500 { "Sender" } else { "Receiver" };
            let error = [
                text_element("Type", error_type),
                text_element("Code", &code),
                text_element("Message", &message),
            ];
            let error = element("Error", &error.concat());
            let id = text_element("RequestId", request_id);
            let body = format!("<ErrorResponse xmlns=\"{namespace}\">{error}{id}</ErrorResponse>");
            text_response(status, "text/xml", body, request_id)
        }
    }
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
