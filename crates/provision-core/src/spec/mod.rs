//! The user's file: checked and expanded to what should exist. Pure.
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

/// A spec that was read.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Its name, which may depend on parameters; `stack` once they have their values.
    name: Text,
    /// Its name as far as given values and defaults say it.
    pub stack: String,
    pub description: Option<Text>,
    pub region: Option<String>,
    /// The only account that it may stand in.
    pub account: Option<String>,
    pub parameters: Parameters,
    pub desired: DesiredState,
}

impl Spec {
    /// The same spec with a value in the place of every parameter, or a line for each reason why
    /// that can't be. Nothing that is applied has a parameter left.
    pub fn with_values(mut self, given: &ParameterValues) -> Result<Self, Vec<String>> {
        self.check_values(given, &|_| true)?;
        let value = |hole: &Placeholder| match hole {
            Placeholder::Parameter(name) => self.parameters.get(name)?.value(given.get(name)),
            Placeholder::Pseudo(name) if name == "AWS::StackName" => Some(self.stack.clone()),
            _ => None,
        };
        for resource in self.desired.values_mut() {
            resource.properties = resource.properties.resolve(&value);
        }
        Ok(self)
    }

    /// The same spec, whose name is sure: all that matters where nothing is made.
    pub fn with_resolved_name(self, given: &ParameterValues) -> Result<Self, Vec<String>> {
        self.check_values(given, &|name| {
            self.name.placeholders().any(|placeholder| placeholder.to_string() == name)
        })?;
        Ok(self)
    }

    fn check_values(
        &self,
        given: &ParameterValues,
        needed: &dyn Fn(&str) -> bool,
    ) -> Result<(), Vec<String>> {
        let mut reasons = invalid_values(&self.parameters, given);
        for name in parameters::missing(&self.parameters, given)
            .into_iter()
            .filter(|missing| needed(missing))
        {
            reasons.push(format!("parameter `{name}` has no default and was given no value"));
        }
        if reasons.is_empty() { Ok(()) } else { Err(reasons) }
    }
}

/// Everything a spec means and everything that is wrong with it, all at once.
///
/// The spec is there only if nothing is wrong: nobody may act on half of it.
pub fn load(
    source: &Source,
    files: &dyn Files,
    now_epoch_s: i64,
    given: &ParameterValues,
) -> (Option<Spec>, Vec<Diagnostic>) {
    load_with_tolerated_errors(source, files, now_epoch_s, given, &|_| false)
}

/// The same for whoever can do with a spec that has errors, if they are `mild`.
pub fn load_with_tolerated_errors(
    source: &Source,
    files: &dyn Files,
    now_epoch_s: i64,
    given: &ParameterValues,
    mild: &dyn Fn(&Diagnostic) -> bool,
) -> (Option<Spec>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let (schema, substitutes) = (schema(), Substituter::new(source.keys("parameters")));
    let document = read(source, schema, &|text| substitutes.substitute(text), &mut diagnostics);
    let unread: Vec<DocumentPath> =
        diagnostics.iter().filter_map(Diagnostic::path).cloned().collect();
    let head = SpecHeader::read(&document);
    let known = match &head {
        Ok(head) => {
            let mut found = DiagnosticSink::new(DocumentPath::default().key("parameters"));
            parameters::check(&head.parameters, &substitutes, &mut found);
            diagnostics.extend(found.into_vec());
            placeholder_values(head, given)
        }
        Err(error) => {
            report_unexpected(
                format!("this is no spec: {error}"),
                &DocumentPath::default(),
                &mut diagnostics,
            );
            BTreeMap::new()
        }
    };
    let desired = DesiredState::new();
    let (firsts, codes) = (FirstNames::default(), ParsedHandlers::default());
    let (document, known, unread) = (&document, &known, unread.as_slice());
    let (firsts, codes) = (&firsts, &codes);
    let mut reading = SpecReader {
        document,
        files,
        now_epoch_s,
        known,
        unread,
        firsts,
        codes,
        desired,
        diagnostics,
    };
    if let Ok(head) = &head {
        reading.head(head);
    }
    for row in kinds::children_of(None) {
        reading.section(row, None, document, &DocumentPath::default());
    }
    let SpecReader { mut desired, mut diagnostics, .. } = reading;
    let names = head.as_ref().map(|header| header.parameters.keys()).into_iter().flatten();
    logical_ids::check(&desired, names.map(String::as_str), &mut diagnostics);
    access::check(&desired, &mut diagnostics);
    // A file that several namespaces name is wrong once.
    let mut seen = HashSet::new();
    diagnostics.retain(|diagnostic| match &diagnostic.location {
        Location::ReferencedFile { file, span } => seen.insert((
            diagnostic.code,
            file.name.clone(),
            span.start,
            diagnostic.message.clone(),
        )),
        _ => true,
    });
    let failed = diagnostics
        .iter()
        .any(|diagnostic| diagnostic.severity == Severity::Error && !mild(diagnostic));
    let spec = head.ok().filter(|_| !failed).map(|head| Spec {
        stack: known
            .get("AWS::StackName")
            .and_then(|items| items.first().cloned())
            .unwrap_or_default(),
        name: head.stack,
        description: head.description,
        region: head.region,
        account: head.account,
        parameters: head.parameters,
        desired: std::mem::take(&mut desired),
    });
    (spec, diagnostics)
}

/// The values that each `${…}` may have, as far as a spec says. Accounts' ids are alike, and
/// so are ARNs in all partitions.
fn placeholder_values(head: &SpecHeader, given: &ParameterValues) -> BTreeMap<String, Vec<String>> {
    let candidates = |(name, parameter): (&String, &Parameter)| {
        (name.clone(), parameters::possible_values(parameter, given.get(name)))
    };
    let mut known: BTreeMap<String, Vec<String>> = head.parameters.iter().map(candidates).collect();
    let account = head.account.as_deref().unwrap_or("123456789012");
    known.insert("AWS::AccountId".into(), vec![account.into()]);
    known.insert("AWS::Partition".into(), vec!["aws".into()]);
    known.insert("AWS::Region".into(), head.region.iter().cloned().collect());
    known.insert("AWS::StackName".into(), possible_values(&head.stack, &known));
    known
}

/// No account has so many of anything, and some checks compare each with all others.
const DECLARATIONS_MAX: usize = 10_000;

/// What has been read so far.
struct SpecReader<'a> {
    document: &'a Value,
    files: &'a dyn Files,
    now_epoch_s: i64,
    known: &'a BTreeMap<String, Vec<String>>,
    unread: &'a [DocumentPath],
    firsts: &'a FirstNames,
    codes: &'a ParsedHandlers,
    desired: DesiredState,
    diagnostics: Vec<Diagnostic>,
}

impl SpecReader<'_> {
    fn scope(&self, address: Address) -> CheckContext<'_> {
        let Self { document, files, now_epoch_s, known, unread, firsts, codes, .. } = *self;
        CheckContext {
            address,
            document,
            now_epoch_s,
            files,
            placeholder_values: known,
            unreadable: unread,
            first_names: firsts,
            parsed_handlers: codes,
        }
    }

    /// Checks what stands beside the sections.
    fn head(&mut self, head: &SpecHeader) {
        // Name, tags and description stand nowhere in particular.
        let scope = self.scope(Address::top_level("stack", "head"));
        let mut found = DiagnosticSink::new(DocumentPath::default());
        head.check(&scope, &mut found);
        self.diagnostics.extend(found.into_vec());
    }

    /// Reads the declarations of one kind in `around`, and what is declared inside them.
    fn section(
        &mut self,
        row: &'static dyn Kind,
        parent: Option<&Address>,
        around: &Value,
        path: &DocumentPath,
    ) {
        let section = row.section;
        if let (true, Some(parent)) = (row.is_singleton, parent) {
            if let Some(declared) = around.get(section) {
                let path = path.clone().key(section);
                self.declaration(row, &parent.singleton(section), declared, &path);
            }
            return;
        }
        let declarations = around.get(section).and_then(Value::as_object);
        if let Some(count) =
            declarations.map(Map::len).filter(|declaration| *declaration > DECLARATIONS_MAX)
        {
            let at = Location::Key(path.clone().key(section));
            let message = format!("{count} of them, and none is looked at: AWS takes far fewer");
            if !self
                .diagnostics
                .iter()
                .any(|diagnostic| diagnostic.code == "PV207" && diagnostic.location == at)
            {
                self.diagnostics.push(Diagnostic::error("PV207", at, message));
            }
            return;
        }
        for (name, declared) in declarations.into_iter().flatten() {
            let address = match parent {
                Some(parent) => parent.child(section, name),
                None => Address::top_level(section, name),
            };
            let path = path.clone().key(section).key(name);
            self.declaration(row, &address, declared, &path);
            for row in kinds::children_of(Some(section)) {
                self.section(row, Some(&address), declared, &path);
            }
        }
    }

    fn declaration(
        &mut self,
        row: &'static dyn Kind,
        address: &Address,
        declared: &Value,
        path: &DocumentPath,
    ) {
        let scope = self.scope(address.clone());
        let mut diagnostics = DiagnosticSink::new(path.clone());
        let expanded = row.read(declared, &scope, &mut diagnostics);
        self.diagnostics.extend(diagnostics.into_vec());
        match expanded {
            Ok(Some(properties)) => {
                let declared = without_sections(row, declared);
                let resource = DesiredResource { kind: row, properties, declared };
                self.desired.insert(address.clone(), resource);
            }
            Ok(None) => {}
            Err(error) => {
                let message = format!("this is no {}: {error}", row.noun);
                report_unexpected(message, path, &mut self.diagnostics);
            }
        }
    }
}

/// A declaration without the resources that are declared inside it.
fn without_sections(kind: &'static dyn Kind, declared: &Value) -> Value {
    let Value::Object(map) = declared else { return declared.clone() };
    let inside =
        |name: &str| kinds::children_of(Some(kind.section)).any(|child| child.section == name);
    let own = map.iter().filter(|(name, _)| !inside(name));
    own.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Whatever the types refuse, the schema has refused before, at its place. This is for text that
/// turned out to have holes where no hole can be, and for the day on which the two disagree.
fn report_unexpected(message: String, path: &DocumentPath, diagnostics: &mut Vec<Diagnostic>) {
    if !diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        diagnostics.push(Diagnostic::error("PV199", Location::Value(path.clone()), message));
    }
}
