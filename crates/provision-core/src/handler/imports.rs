//! Reports imports of modules that AppSync does not have, and of members that a module does not have.
use std::ops::Range;

use oxc_ast::AstKind;
use oxc_ast::ast::{ImportDeclarationSpecifier, StringLiteral};
use oxc_semantic::SymbolId;
use oxc_span::Span;

use crate::handler::code::{Code, byte_range, node_span};
use crate::suggest;

/// The modules and their members (docs/reference/handlers.md#modules, and the types of `@aws-appsync/utils` 2.1).
const MODULES: &[(&str, &[&str])] = &[
    ("@aws-appsync/utils", &["util", "extensions", "runtime"]),
    (
        "@aws-appsync/utils/dynamodb",
        &[
            "get",
            "query",
            "scan",
            "sync",
            "put",
            "remove",
            "update",
            "batchGet",
            "batchPut",
            "batchDelete",
            "transactGet",
            "transactWrite",
            "toStringSet",
            "toNumberSet",
            "toBinarySet",
            "operations",
        ],
    ),
    (
        "@aws-appsync/utils/rds",
        &[
            "sql",
            "select",
            "insert",
            "update",
            "remove",
            "createPgStatement",
            "createMySQLStatement",
            "toJsonObject",
            "typeHint",
            "agg",
        ],
    ),
    ("@aws-appsync/utils/ai", &["invokeModel", "converse"]),
];

/// Reports unknown modules and members (PV302, PV331).
pub fn check(code: &mut Code<'_, '_>) {
    for (_, kind) in code.nodes() {
        match kind {
            AstKind::ImportDeclaration(import) if !import.import_kind.is_type() => {
                let members = check_module(code, &import.source);
                for specifier in import.specifiers.iter().flatten() {
                    check_specifier(code, specifier, import.source.value.as_str(), members);
                }
            }
            AstKind::ExportFromDeclaration(export) => {
                check_module(code, &export.source);
            }
            AstKind::ExportAllDeclaration(export) => {
                check_module(code, &export.source);
            }
            AstKind::ImportExpression(import) => {
                let span = code.token(import.span.start..import.span.end, "import");
                let help = "import at the top, and only from `@aws-appsync/utils`";
                code.error("PV302", span, "APPSYNC_JS does not support `import(…)`", help);
            }
            _ => {}
        }
    }
}

/// Returns the members of the module that `source` names, or reports an unknown module.
fn check_module(
    code: &mut Code<'_, '_>,
    source: &StringLiteral<'_>,
) -> Option<&'static [&'static str]> {
    let name = source.value.as_str();
    if let Some((_, members)) = MODULES.iter().find(|(module, _)| *module == name) {
        return Some(members);
    }
    let help = match suggest::closest_match(name, MODULES.iter().map(|(module, _)| *module)) {
        Some(suggestion) => format!("did you mean `{suggestion}`?"),
        None => {
            "copy the code into this file, for example with a bundler such as esbuild".to_owned()
        }
    };
    let message = format!("AppSync has no module `{name}`");
    code.error("PV302", node_span(source), &message, &help);
    None
}

fn check_specifier(
    code: &mut Code<'_, '_>,
    specifier: &ImportDeclarationSpecifier<'_>,
    module: &str,
    members: Option<&[&str]>,
) {
    let Some(members) = members else { return };
    match specifier {
        ImportDeclarationSpecifier::ImportSpecifier(import) => {
            let symbol = import.local.symbol_id.get();
            let is_used = symbol.is_some_and(|symbol_id| {
                !code.semantic.scoping().get_resolved_reference_ids(symbol_id).is_empty()
            });
            // `@aws-appsync/utils` also has types. JSDoc comments use them, which are no references.
            if is_used {
                let (name, span) = (import.imported.name(), node_span(&import.imported));
                check_member(code, module, members, name.as_str(), span);
            }
        }
        ImportDeclarationSpecifier::ImportDefaultSpecifier(import) => {
            let help = format!("write `import * as {} from '{module}'`", import.local.name);
            let message = format!("`{module}` has no default export");
            code.warning("PV331", node_span(&import.local), &message, &help);
        }
        ImportDeclarationSpecifier::ImportNamespaceSpecifier(import) => {
            if let Some(symbol) = import.local.symbol_id.get() {
                for (name, span) in referenced_members(code, symbol) {
                    check_member(code, module, members, name, byte_range(span));
                }
            }
        }
    }
}

/// Returns the members in expressions such as `namespace.member`.
fn referenced_members<'a>(code: &Code<'a, '_>, symbol: SymbolId) -> Vec<(&'a str, Span)> {
    let references = code.semantic.scoping().get_resolved_references(symbol);
    let member = |kind| match kind {
        AstKind::StaticMemberExpression(it) => {
            let property = &it.property;
            Some((property.name.as_str(), property.span))
        }
        _ => None,
    };
    references.filter_map(|reference| member(code.parent(reference.node_id()))).collect()
}

fn check_member(
    code: &mut Code<'_, '_>,
    module: &str,
    members: &[&str],
    name: &str,
    span: Range<usize>,
) {
    if members.contains(&name) {
        return;
    }
    let help = match suggest::closest_match(name, members.iter().copied()) {
        Some(suggestion) => format!("did you mean `{suggestion}`?"),
        None => format!("valid members: {}", members.join(", ")),
    };
    code.warning("PV331", span, &format!("`{module}` has no member `{name}`"), &help);
}
