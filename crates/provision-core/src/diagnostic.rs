//! What is wrong with a file, as data: a code, a place, what to do. Nothing is shown here.
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable, such as `PV103`.
    pub code: &'static str,
    pub severity: Severity,
    pub location: Location,
    pub message: String,
    /// A few words under the marked text.
    pub label: Option<String>,
    /// What to do.
    pub help: Option<String>,
    /// Text that would be right in the place of the marked text.
    pub suggestion: Option<String>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing can be done with the file.
    Error,
    /// It is probably not what was meant.
    Warning,
    /// Worth knowing.
    Note,
}

/// What a finding is about. A path that leads nowhere means the nearest part around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    File,
    /// Bytes of the text.
    Span(Range<usize>),
    Key(DocumentPath),
    Value(DocumentPath),
    /// Bytes of the text at a path: a part of code that stands in the spec.
    SpanInValue {
        path: DocumentPath,
        span: Range<usize>,
    },
    /// Bytes of another file than the spec.
    ReferencedFile {
        file: Arc<ReferencedFile>,
        span: Range<usize>,
    },
}

/// A file that the spec names: a handler's code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferencedFile {
    /// As people know it, from the same folder as the spec's own name: `stacks/handlers/chat.js`.
    pub name: String,
    pub text: String,
}

/// The way to a part of a document: `apis.sample.namespaces.chat.publish[1]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DocumentPath(pub Vec<PathSegment>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathSegment {
    Key(String),
    Index(usize),
}

impl ReferencedFile {
    /// The file at `path`, which is relative to the spec that people know as `spec`.
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
    pub fn key(mut self, name: &str) -> Self {
        self.0.push(PathSegment::Key(name.to_owned()));
        self
    }
    pub fn index(mut self, n: usize) -> Self {
        self.0.push(PathSegment::Index(n));
        self
    }
    /// The name of the part itself, if it has one.
    pub fn name(&self) -> Option<&str> {
        match self.0.last() {
            Some(PathSegment::Key(name)) => Some(name),
            _ => None,
        }
    }
}

/// The way by keys alone, as an address has it.
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
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl Diagnostic {
    pub fn error(code: &'static str, at: Location, message: impl Into<String>) -> Self {
        let (severity, message) = (Severity::Error, message.into());
        Self { code, severity, location: at, message, label: None, help: None, suggestion: None }
    }
    pub fn warning(code: &'static str, at: Location, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, at, message) }
    }
    pub fn note(code: &'static str, at: Location, message: impl Into<String>) -> Self {
        Self { severity: Severity::Note, ..Self::error(code, at, message) }
    }
    /// The way to the part it is about, if it is about a part.
    pub fn path(&self) -> Option<&DocumentPath> {
        match &self.location {
            Location::Key(path) | Location::Value(path) | Location::SpanInValue { path, .. } => {
                Some(path)
            }
            Location::File | Location::Span(_) | Location::ReferencedFile { .. } => None,
        }
    }
    pub fn with_label(self, label: impl Into<String>) -> Self {
        Self { label: Some(label.into()), ..self }
    }
    pub fn with_help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
    pub fn with_suggestion(self, suggestion: impl Into<String>) -> Self {
        Self { suggestion: Some(suggestion.into()), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_beside_a_spec_is_named_from_where_the_spec_is_named() {
        let name = |spec, path| ReferencedFile::relative_to(spec, path, String::new()).name;
        assert_eq!(name("spec.yaml", "handlers/chat.js"), "handlers/chat.js");
        assert_eq!(name("stacks/eu/spec.yaml", "./chat.js"), "stacks/eu/chat.js");
        assert_eq!(name("../spec.yaml", "chat.js"), "../chat.js");
        assert_eq!(name("/srv/spec.yaml", "chat.js"), "/srv/chat.js");
        assert_eq!(name("<stdin>", "chat.js"), "chat.js");
    }

    #[test]
    fn a_path_is_written_as_people_write_it() {
        let path = DocumentPath::default().key("apis").key("sample").key("publish").index(1);
        assert_eq!(path.to_string(), "apis.sample.publish[1]");
        assert_eq!(DocumentPath::default().to_string(), "");
    }
}
