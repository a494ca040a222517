//! Specs: checks a document and expands it to the desired state.
//!
//! Reports all diagnostics at once. Files that the spec refers to are passed in; nothing here reads them.
mod export;
mod header;
mod logical_ids;
mod parameters;
mod schema;
mod substitute;

pub use export::{ExportedSpec, export, insert_declaration, to_spec_syntax};
pub use logical_ids::{logical_id, shared_ids};
pub use parameters::{Parameter, ParameterValues, Parameters, invalid_values};
pub use schema::schema;

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value};

use crate::access;
use crate::address::Address;
use crate::diagnostic::{Diagnostic, DocumentPath, Location, Severity};
use crate::kind::{
    CheckContext, DesiredResource, DesiredState, DiagnosticSink, Files, FirstNames, Kind,
    ParsedHandlers, possible_values,
};
use crate::kinds;
use crate::source::Source;
use crate::source::read::read;
use crate::spec::header::SpecHeader;
use crate::spec::substitute::Substituter;
use crate::text::{Placeholder, Text};

/// A spec without errors, except for errors that the caller tolerates.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The name of the stack, which can contain placeholders.
    stack_expression: Text,
    /// The name of the stack, resolved with the passed values and the defaults of parameters.
    pub stack: String,
    /// The description of the stack.
    pub description: Option<Text>,
    /// The region of the stack. `None`: the region of the AWS profile.
    pub region: Option<String>,
    /// The only account in which the spec can be applied. `None`: any account.
    pub account: Option<String>,
    /// The declared parameters.
    pub parameters: Parameters,
    /// The declared resources.
    pub desired: DesiredState,
}

impl Spec {
    /// Replaces every parameter by its value or default. Only such a spec can be applied.
    ///
    /// # Errors
    /// A message for each value that is missing, not valid or unknown.
    pub fn with_values(mut self, values: &ParameterValues) -> Result<Self, Vec<String>> {
        self.check_values(values, &|_| true)?;
        let value = |placeholder: &Placeholder| match placeholder {
            Placeholder::Parameter(name) => self.parameters.get(name)?.value(values.get(name)),
            Placeholder::Pseudo(name) if name == "AWS::StackName" => Some(self.stack.clone()),
            _ => None,
        };
        for resource in self.desired.values_mut() {
            resource.properties = resource.properties.resolve(&value);
        }
        Ok(self)
    }

    /// Checks only the values on which the name of the stack depends: enough for commands that create nothing.
    ///
    /// # Errors
    /// A message for each value that is missing, not valid or unknown.
    pub fn check_stack_name_values(&self, values: &ParameterValues) -> Result<(), Vec<String>> {
        self.check_values(values, &|name| {
            self.stack_expression.placeholders().any(|placeholder| placeholder.to_string() == name)
        })
    }

    fn check_values(
        &self,
        values: &ParameterValues,
        is_required: &dyn Fn(&str) -> bool,
    ) -> Result<(), Vec<String>> {
        let mut messages = invalid_values(&self.parameters, values);
        for name in parameters::missing(&self.parameters, values)
            .into_iter()
            .filter(|missing| is_required(missing))
        {
            messages.push(format!("missing value of parameter `{name}`, which has no default"));
        }
        if messages.is_empty() { Ok(()) } else { Err(messages) }
    }
}

/// Checks and expands a spec, and returns all diagnostics.
///
/// The spec is `None` if there is an error, so that no caller can apply a part of it.
pub fn load(
    source: &Source,
    files: &dyn Files,
    now_epoch_s: i64,
    values: &ParameterValues,
) -> (Option<Spec>, Vec<Diagnostic>) {
    load_with_tolerated_errors(source, files, now_epoch_s, values, &|_| false)
}

/// Like [`load`], but also returns a spec with errors if `is_tolerated` returns true for each of them.
pub fn load_with_tolerated_errors(
    source: &Source,
    files: &dyn Files,
    now_epoch_s: i64,
    values: &ParameterValues,
    is_tolerated: &dyn Fn(&Diagnostic) -> bool,
) -> (Option<Spec>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let (schema, substitutes) = (schema(), Substituter::new(source.keys("parameters")));
    let document = read(source, schema, &|text| substitutes.substitute(text), &mut diagnostics);
    let unreadable: Vec<DocumentPath> =
        diagnostics.iter().filter_map(Diagnostic::path).cloned().collect();
    let header = SpecHeader::read(&document);
    let placeholder_values =
        check_parameters(header.as_ref(), values, &substitutes, &mut diagnostics);
    let mut reader = SpecReader {
        document: &document,
        files,
        now_epoch_s,
        placeholder_values: &placeholder_values,
        unreadable: &unreadable,
        first_names: FirstNames::default(),
        parsed_handlers: ParsedHandlers::default(),
        desired: DesiredState::new(),
        diagnostics,
    };
    if let Ok(header) = &header {
        reader.header(header);
    }
    for kind in kinds::children_of(None) {
        reader.section(kind, None, &document, &DocumentPath::default());
    }
    let SpecReader { mut desired, mut diagnostics, .. } = reader;
    let names = header.as_ref().map(|header| header.parameters.keys()).into_iter().flatten();
    logical_ids::check(&desired, names.map(String::as_str), &mut diagnostics);
    access::check(&desired, &mut diagnostics);
    remove_duplicates(&mut diagnostics);
    let has_errors = diagnostics
        .iter()
        .any(|diagnostic| diagnostic.severity == Severity::Error && !is_tolerated(diagnostic));
    let spec = header.ok().filter(|_| !has_errors).map(|header| Spec {
        stack: placeholder_values
            .get("AWS::StackName")
            .and_then(|names| names.first().cloned())
            .unwrap_or_default(),
        stack_expression: header.stack,
        description: header.description,
        region: header.region,
        account: header.account,
        parameters: header.parameters,
        desired: std::mem::take(&mut desired),
    });
    (spec, diagnostics)
}

/// Checks the parameters and returns the values that each placeholder can have; none if the header is not valid.
fn check_parameters(
    header: Result<&SpecHeader, &serde_json::Error>,
    values: &ParameterValues,
    substitutes: &Substituter<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> BTreeMap<String, Vec<String>> {
    match header {
        Ok(header) => {
            let mut sink = DiagnosticSink::new(DocumentPath::default().key("parameters"));
            parameters::check(&header.parameters, substitutes, &mut sink);
            diagnostics.extend(sink.into_vec());
            placeholder_values(header, values)
        }
        Err(error) => {
            let message = format!("not a valid spec: {error}");
            report_unexpected(message, &DocumentPath::default(), diagnostics);
            BTreeMap::new()
        }
    }
}

/// Keeps one of the equal diagnostics in a file that several namespaces use.
fn remove_duplicates(diagnostics: &mut Vec<Diagnostic>) {
    let mut distinct = HashSet::new();
    diagnostics.retain(|diagnostic| match &diagnostic.location {
        Location::ReferencedFile { file, span } => distinct.insert((
            diagnostic.code,
            file.name.clone(),
            span.start,
            diagnostic.message.clone(),
        )),
        _ => true,
    });
}

/// Returns the values that each `${…}` can have according to the spec. The checks accept every account and partition
/// alike, so one example of each is enough.
fn placeholder_values(
    header: &SpecHeader,
    values: &ParameterValues,
) -> BTreeMap<String, Vec<String>> {
    let candidates = |(name, parameter): (&String, &Parameter)| {
        (name.clone(), parameters::possible_values(parameter, values.get(name)))
    };
    let mut known: BTreeMap<String, Vec<String>> =
        header.parameters.iter().map(candidates).collect();
    let account = header.account.as_deref().unwrap_or("123456789012");
    known.insert("AWS::AccountId".into(), vec![account.into()]);
    known.insert("AWS::Partition".into(), vec!["aws".into()]);
    known.insert("AWS::Region".into(), header.region.iter().cloned().collect());
    known.insert("AWS::StackName".into(), possible_values(&header.stack, &known));
    known
}

/// Maximum number of entries of a section that are checked. The quotas of AWS are far lower, and some checks compare
/// each entry with all others.
const DECLARATIONS_MAX: usize = 10_000;

/// The state while the declarations of a spec are read.
struct SpecReader<'a> {
    document: &'a Value,
    files: &'a dyn Files,
    now_epoch_s: i64,
    placeholder_values: &'a BTreeMap<String, Vec<String>>,
    unreadable: &'a [DocumentPath],
    first_names: FirstNames,
    parsed_handlers: ParsedHandlers,
    desired: DesiredState,
    diagnostics: Vec<Diagnostic>,
}

impl SpecReader<'_> {
    fn scope(&self, address: Address) -> CheckContext<'_> {
        CheckContext {
            address,
            document: self.document,
            now_epoch_s: self.now_epoch_s,
            files: self.files,
            placeholder_values: self.placeholder_values,
            unreadable: self.unreadable,
            first_names: &self.first_names,
            parsed_handlers: &self.parsed_handlers,
        }
    }

    /// Checks the header.
    fn header(&mut self, header: &SpecHeader) {
        // The header has no address, and its checks use none.
        let scope = self.scope(Address::top_level("stack", "header"));
        let mut sink = DiagnosticSink::new(DocumentPath::default());
        header.check(&scope, &mut sink);
        self.diagnostics.extend(sink.into_vec());
    }

    /// Reads the declarations of one kind in `container`, the declaration of the parent or the document, and the
    /// declarations of child resources.
    fn section(
        &mut self,
        kind: &'static dyn Kind,
        parent: Option<&Address>,
        container: &Value,
        path: &DocumentPath,
    ) {
        let section = kind.section;
        if let (true, Some(parent)) = (kind.is_singleton, parent) {
            if let Some(declared) = container.get(section) {
                let path = path.clone().key(section);
                self.declaration(kind, &parent.singleton(section), declared, &path);
            }
            return;
        }
        let declarations = container.get(section).and_then(Value::as_object);
        if let Some(count) = declarations.map(Map::len).filter(|count| *count > DECLARATIONS_MAX) {
            let location = Location::Key(path.clone().key(section));
            let message = format!(
                "{count} entries in `{section}`, which are not checked: at most {DECLARATIONS_MAX} are"
            );
            if !self
                .diagnostics
                .iter()
                .any(|diagnostic| diagnostic.code == "PV207" && diagnostic.location == location)
            {
                self.diagnostics.push(Diagnostic::error("PV207", location, message));
            }
            return;
        }
        for (name, declared) in declarations.into_iter().flatten() {
            let address = match parent {
                Some(parent) => parent.child(section, name),
                None => Address::top_level(section, name),
            };
            let path = path.clone().key(section).key(name);
            self.declaration(kind, &address, declared, &path);
            for child in kinds::children_of(Some(section)) {
                self.section(child, Some(&address), declared, &path);
            }
        }
    }

    fn declaration(
        &mut self,
        kind: &'static dyn Kind,
        address: &Address,
        declared: &Value,
        path: &DocumentPath,
    ) {
        let scope = self.scope(address.clone());
        let mut diagnostics = DiagnosticSink::new(path.clone());
        let expansion = kind.read(declared, &scope, &mut diagnostics);
        self.diagnostics.extend(diagnostics.into_vec());
        match expansion {
            Ok(Some(properties)) => {
                let declared = without_sections(kind, declared);
                let resource = DesiredResource { kind, properties, declared };
                self.desired.insert(address.clone(), resource);
            }
            Ok(None) => {}
            Err(error) => {
                let message = format!("not a valid {}: {error}", kind.noun);
                report_unexpected(message, path, &mut self.diagnostics);
            }
        }
    }
}

/// Returns a declaration without the declarations of child resources.
fn without_sections(kind: &'static dyn Kind, declared: &Value) -> Value {
    let Value::Object(map) = declared else { return declared.clone() };
    let is_section =
        |name: &str| kinds::children_of(Some(kind.section)).any(|child| child.section == name);
    let own = map.iter().filter(|(name, _)| !is_section(name));
    own.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Reports a value that the schema accepts and the type rejects, such as a text with a placeholder where the type has
/// none. If there are other errors, they are the cause.
fn report_unexpected(message: String, path: &DocumentPath, diagnostics: &mut Vec<Diagnostic>) {
    if !diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        diagnostics.push(Diagnostic::error("PV199", Location::Value(path.clone()), message));
    }
}
