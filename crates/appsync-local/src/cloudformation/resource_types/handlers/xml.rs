//! The results of IAM's operations: XML without attributes, in which an element with text has no other element.
use percent_encoding::percent_decode_str;
use quick_xml::escape::unescape;
use serde_json::Value;

/// The texts of all elements of that name.
pub fn texts(xml: &str, name: &str) -> Vec<String> {
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    let texts =
        xml.split(start.as_str()).skip(1).filter_map(|rest| rest.split(end.as_str()).next());
    texts.map(|text| unescape(text).map_or_else(|_| text.to_owned(), Into::into)).collect()
}

/// The text of the first element of that name.
pub fn text(xml: &str, name: &str) -> Option<String> {
    texts(xml, name).into_iter().next()
}

/// The policy document in the element `name`, which IAM returns percent-encoded.
pub fn document(xml: &str, name: &str) -> Value {
    let encoded = text(xml, name).unwrap_or_default();
    let text = percent_decode_str(&encoded).decode_utf8_lossy().into_owned();
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}
