//! Just enough XML to answer as a Query service does.
use quick_xml::escape::escape;

/// `<name>inner</name>`; `inner` is XML already.
pub fn element(name: &str, inner: &str) -> String {
    format!("<{name}>{inner}</{name}>")
}

/// `<name>text</name>`, escaped.
pub fn text(name: &str, text: &str) -> String {
    // XML has no way to write most control characters, and no AWS text has them.
    let clean: String =
        text.chars().filter(|it| !it.is_control() || "\t\n\r".contains(*it)).collect();
    element(name, &escape(clean.as_str()))
}

/// `<name><member>…</member>…</name>`; each item is XML already.
pub fn list(name: &str, items: impl IntoIterator<Item = String>) -> String {
    element(name, &items.into_iter().map(|it| element("member", &it)).collect::<String>())
}
