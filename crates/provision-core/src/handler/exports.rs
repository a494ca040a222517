//! Determines what the code exports under the two names that AppSync calls, and reports other exports.
use oxc_ast::AstKind;
use oxc_ast::ast::{
    Declaration, ExportDefaultDeclarationKind, Expression, ModuleExportName, ObjectExpression,
    ObjectPropertyKind,
};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};

use crate::handler::analysis::{Export, ExportKind};
use crate::handler::code::{Code, byte_range};
use crate::suggest;

const HANDLER_NAMES: [&str; 2] = ["onPublish", "onSubscribe"];

#[derive(Debug, Default)]
pub struct Exports {
    pub on_publish: Option<Export>,
    pub on_subscribe: Option<Export>,
    /// The functions that AppSync calls.
    pub entry_points: Vec<NodeId>,
}

/// Determines the exports, and reports exports that AppSync ignores or cannot call (PV303, PV304, PV305).
pub fn check(code: &mut Code<'_, '_>) -> Exports {
    let mut exports = Exports::default();
    for (_, kind) in code.nodes() {
        match kind {
            AstKind::ExportDeclaration(export) => {
                check_declaration(code, &export.declaration, &mut exports);
            }
            AstKind::ExportNamedDeclaration(export) => {
                for specifier in export.specifiers.iter().filter(|_| !export.export_kind.is_type())
                {
                    let symbol = match &specifier.local {
                        ModuleExportName::IdentifierReference(name) => code.symbol(name),
                        _ => None,
                    };
                    add_export(
                        code,
                        specifier.exported.name().as_str(),
                        specifier.exported.span(),
                        symbol,
                        &mut exports,
                    );
                }
            }
            AstKind::ExportFromDeclaration(export) => {
                for specifier in &export.specifiers {
                    add_export(
                        code,
                        specifier.exported.name().as_str(),
                        specifier.exported.span(),
                        None,
                        &mut exports,
                    );
                }
            }
            AstKind::ExportDefaultDeclaration(export) => {
                let default = match &export.declaration {
                    ExportDefaultDeclarationKind::FunctionDeclaration(function) => {
                        function.id.as_ref().map(|id| id.name.as_str())
                    }
                    _ => None,
                };
                report_default_export(code, export.span, default);
            }
            _ => {}
        }
    }
    if exports.on_publish.is_none() && exports.on_subscribe.is_none() {
        let help =
            "write `export function onPublish(ctx) { return ctx.events }`, or export `onSubscribe`";
        let message = "neither `onPublish` nor `onSubscribe` is exported, so no code runs";
        code.error("PV303", 0..0, message, help);
    }
    exports
}

fn report_default_export(code: &mut Code<'_, '_>, span: Span, name: Option<&str>) {
    let span = code.token(span.start..span.end, "default");
    let name = name.filter(|name| HANDLER_NAMES.contains(name)).unwrap_or("onPublish");
    let help = format!("export it by name: `export function {name}(ctx) {{ … }}`");
    code.warning("PV304", span, "AppSync ignores the default export", &help);
}

fn check_declaration(
    code: &mut Code<'_, '_>,
    declaration: &Declaration<'_>,
    exports: &mut Exports,
) {
    match declaration {
        Declaration::FunctionDeclaration(it) => {
            if let Some(id) = &it.id {
                add_export(code, id.name.as_str(), id.span, id.symbol_id.get(), exports);
            }
        }
        Declaration::VariableDeclaration(it) => {
            for id in it
                .declarations
                .iter()
                .flat_map(|declarator| declarator.id.get_binding_identifiers())
            {
                add_export(code, id.name.as_str(), id.span, id.symbol_id.get(), exports);
            }
        }
        Declaration::ClassDeclaration(it) => {
            if let Some(id) = &it.id {
                add_export(code, id.name.as_str(), id.span, None, exports);
            }
        }
        _ => {}
    }
}

/// Adds the export of `symbol` as `name`, which is written at `span`.
fn add_export(
    code: &mut Code<'_, '_>,
    name: &str,
    span: Span,
    symbol: Option<SymbolId>,
    exports: &mut Exports,
) {
    if !HANDLER_NAMES.contains(&name) {
        report_unknown_name(code, name, span);
        return;
    }
    let value = symbol.map_or(ExportedValue::Unknown, |symbol| exported_value(code, symbol, 0));
    let kind = match value {
        ExportedValue::Function(node) => {
            exports.entry_points.push(node);
            ExportKind::Function
        }
        ExportedValue::Object(object) => check_object(code, object, name, span, exports),
        ExportedValue::NotCallable => {
            let message = format!("`{name}` is neither a function nor an object");
            let help = format!("write `export function {name}(ctx) {{ … }}`");
            code.error("PV305", byte_range(span), &message, &help);
            ExportKind::Unknown
        }
        ExportedValue::Unknown => ExportKind::Unknown,
    };
    let export = Some(Export { span: byte_range(span), kind });
    match name {
        "onPublish" => exports.on_publish = export,
        _ => exports.on_subscribe = export,
    }
}

fn report_unknown_name(code: &mut Code<'_, '_>, name: &str, span: Span) {
    let message = format!("AppSync ignores the export `{name}`");
    let help = match (suggest::closest_match(name, HANDLER_NAMES), name) {
        (Some(suggestion), _) => format!("did you mean `{suggestion}`?"),
        (None, "request" | "response") => {
            "put both functions into an object: `export const onPublish = { request, response }`"
                .to_owned()
        }
        (None, _) => "AppSync calls `onPublish` and `onSubscribe` only; remove `export`".to_owned(),
    };
    code.warning("PV304", byte_range(span), &message, &help);
}

enum ExportedValue<'a> {
    Function(NodeId),
    Object(&'a ObjectExpression<'a>),
    /// A value that cannot be called, such as a number.
    NotCallable,
    Unknown,
}

/// Maximum number of names that are followed from an export to its value, as in `const a = b`.
const ALIASES_MAX: usize = 8;

/// Returns the value of a name, as far as its declaration shows it.
fn exported_value<'a>(code: &Code<'a, '_>, symbol: SymbolId, aliases: usize) -> ExportedValue<'a> {
    if let Some(node) = code.function(symbol) {
        return ExportedValue::Function(node);
    }
    match code.initializer(symbol) {
        Some(Expression::ObjectExpression(object)) => ExportedValue::Object(object),
        Some(Expression::Identifier(name)) if aliases < ALIASES_MAX => match code.symbol(name) {
            Some(symbol) => exported_value(code, symbol, aliases + 1),
            None => ExportedValue::Unknown,
        },
        Some(value) if value.is_literal() || matches!(value, Expression::ArrayExpression(_)) => {
            ExportedValue::NotCallable
        }
        Some(Expression::TemplateLiteral(_)) => ExportedValue::NotCallable,
        _ => ExportedValue::Unknown,
    }
}

/// Determines which functions an exported object has and adds them to `exports`. Reports an object that has neither.
fn check_object(
    code: &mut Code<'_, '_>,
    object: &ObjectExpression<'_>,
    name: &str,
    span: Span,
    exports: &mut Exports,
) -> ExportKind {
    let (mut request, mut response, mut certain) = (false, false, true);
    for property in &object.properties {
        let ObjectPropertyKind::ObjectProperty(property) = property else {
            certain = false;
            continue;
        };
        let key = property.key.static_name();
        match key.as_deref() {
            Some("request") => request = true,
            Some("response") => response = true,
            Some(_) => continue,
            None => {
                certain = false;
                continue;
            }
        }
        exports.entry_points.extend(code.function_of(&property.value));
    }
    let has_both = request && response;
    if !certain && !has_both {
        return ExportKind::Unknown;
    }
    if !request && !response {
        let message = format!("`{name}` has neither `request` nor `response`");
        let keys = object.properties.iter().filter_map(ObjectPropertyKind::as_property);
        let suggestion = keys.filter_map(|property| property.key.static_name()).find_map(|key| {
            suggest::closest_match(&key, ["request", "response"])
                .map(|suggestion| format!("did you mean `{suggestion}`? "))
        });
        let suggestion = suggestion.unwrap_or_default();
        let help = format!("{suggestion}an object needs `request(ctx)` and `response(ctx)`");
        code.error("PV305", byte_range(span), &message, &help);
    }
    ExportKind::Object { request, response }
}
