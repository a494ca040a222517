//! Diagnostics as data: a code, a location, a message and help. Nothing here renders or prints them.
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

/// An error, warning or note about a spec, a template or handler code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The stable code, such as `PV103`.
    pub code: &'static str,
    /// Whether the file can be used.
    pub severity: Severity,
    /// The part of the file that the diagnostic is about.
    pub location: Location,
    /// One line without a final period.
    pub message: String,
    /// A few words, shown below the marked text.
    pub label: Option<String>,
    /// How to fix the cause.
    pub help: Option<String>,
    /// The text that replaces the marked text to fix the cause.
    pub suggestion: Option<String>,
}

/// The severity of a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// No command accepts the file.
    Error,
    /// The file is valid, but probably not as intended.
    Warning,
    /// A fact about the file that may be of interest.
    Note,
}

/// The part of a file that a diagnostic is about. If a path does not exist, its innermost existing parent is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// The file as a whole.
    File,
    /// Bytes of the file.
    Span(Range<usize>),
    /// The key at a path.
    Key(DocumentPath),
    /// The value at a path.
    Value(DocumentPath),
    /// A part of the text at a path, such as inline code.
    SpanInValue {
        /// The path of the text.
        path: DocumentPath,
        /// Bytes of the text.
        span: Range<usize>,
    },
    /// A part of a file that the spec refers to.
    ReferencedFile {
        /// The file.
        file: Arc<ReferencedFile>,
        /// Bytes of the file.
        span: Range<usize>,
    },
}

/// A file that the spec refers to, such as the code of a handler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferencedFile {
    /// The name that messages show, relative to the same folder as the spec's name: `stacks/handlers/chat.js`.
    pub name: String,
    /// The content of the file.
    pub text: String,
}

/// The path of a value in a document: `apis.sample.namespaces.chat.publish[1]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DocumentPath(pub Vec<PathSegment>);

/// A step of a [`DocumentPath`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathSegment {
    /// A key of a mapping.
    Key(String),
    /// An index in a list, from 0.
    Index(usize),
}

impl ReferencedFile {
    /// Creates the file at `path`, which is relative to the folder of the spec with the name `spec`.
    pub fn relative_to(spec: &str, path: &str, text: String) -> Self {
        let folder = std::path::Path::new(spec).parent().unwrap_or(std::path::Path::new(""));
        // `./chat.js` is `chat.js`.
        let parts = folder.components().chain(std::path::Path::new(path).components());
        let parts = parts.filter(|component| *component != std::path::Component::CurDir);
        let name = parts.collect::<std::path::PathBuf>().display().to_string();
        Self { name, text }
    }
}

impl DocumentPath {
    /// Appends a key.
    pub fn key(mut self, name: &str) -> Self {
        self.0.push(PathSegment::Key(name.to_owned()));
        self
    }
    /// Appends an index in a list.
    pub fn index(mut self, n: usize) -> Self {
        self.0.push(PathSegment::Index(n));
        self
    }
    /// Returns the last key, unless the path is empty or ends with an index.
    pub fn name(&self) -> Option<&str> {
        match self.0.last() {
            Some(PathSegment::Key(name)) => Some(name),
            _ => None,
        }
    }
}

/// A path of keys only, such as the parts of an address.
impl<'a> FromIterator<&'a str> for DocumentPath {
    fn from_iter<I: IntoIterator<Item = &'a str>>(keys: I) -> Self {
        keys.into_iter().fold(Self::default(), Self::key)
    }
}

impl fmt::Display for DocumentPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, segment) in self.0.iter().enumerate() {
            match segment {
                PathSegment::Key(name) if n == 0 => f.write_str(name)?,
                PathSegment::Key(name) => write!(f, ".{name}")?,
                PathSegment::Index(n) => write!(f, "[{n}]")?,
            }
        }
        Ok(())
    }
}

impl Severity {
    /// Returns the name in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl Diagnostic {
    /// Creates an error without help.
    pub fn error(code: &'static str, location: Location, message: impl Into<String>) -> Self {
        let (severity, message) = (Severity::Error, message.into());
        Self { code, severity, location, message, label: None, help: None, suggestion: None }
    }
    /// Creates a warning without help.
    pub fn warning(code: &'static str, location: Location, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, location, message) }
    }
    /// Creates a note without help.
    pub fn note(code: &'static str, location: Location, message: impl Into<String>) -> Self {
        Self { severity: Severity::Note, ..Self::error(code, location, message) }
    }
    /// Returns the path of the value that the diagnostic is about, if its location has one.
    pub fn path(&self) -> Option<&DocumentPath> {
        match &self.location {
            Location::Key(path) | Location::Value(path) | Location::SpanInValue { path, .. } => {
                Some(path)
            }
            Location::File | Location::Span(_) | Location::ReferencedFile { .. } => None,
        }
    }
    /// Sets the words below the marked text.
    pub fn with_label(self, label: impl Into<String>) -> Self {
        Self { label: Some(label.into()), ..self }
    }
    /// Sets the help.
    pub fn with_help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
    /// Sets the text that replaces the marked text.
    pub fn with_suggestion(self, suggestion: impl Into<String>) -> Self {
        Self { suggestion: Some(suggestion.into()), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_referenced_file_is_relative_like_the_name_of_the_spec() {
        let name = |spec, path| ReferencedFile::relative_to(spec, path, String::new()).name;
        assert_eq!(name("spec.yaml", "handlers/chat.js"), "handlers/chat.js");
        assert_eq!(name("stacks/eu/spec.yaml", "./chat.js"), "stacks/eu/chat.js");
        assert_eq!(name("../spec.yaml", "chat.js"), "../chat.js");
        assert_eq!(name("/srv/spec.yaml", "chat.js"), "/srv/chat.js");
        assert_eq!(name("<stdin>", "chat.js"), "chat.js");
    }

    #[test]
    fn a_path_is_displayed_with_dots_and_brackets() {
        let path = DocumentPath::default().key("apis").key("sample").key("publish").index(1);
        assert_eq!(path.to_string(), "apis.sample.publish[1]");
        assert_eq!(DocumentPath::default().to_string(), "");
    }
}
