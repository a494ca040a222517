//! What the code imports: AppSync has a few modules of its own and no others.
use oxc_ast::AstKind;
use oxc_ast::ast::{ImportDeclarationSpecifier, StringLiteral};
use oxc_semantic::SymbolId;
use oxc_span::Span;

use crate::handler::code::{Code, byte_range, node_span};
use crate::suggest;

/// A module and what it has (docs/reference/handlers.md#modules, and the types of
/// `@aws-appsync/utils` 2.1).
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

pub fn check(code: &mut Code<'_, '_>) {
    for (_, kind) in code.nodes() {
        match kind {
            AstKind::ImportDeclaration(it) if !it.import_kind.is_type() => {
                let members = module(code, &it.source);
                for one in it.specifiers.iter().flatten() {
                    specifier(code, one, it.source.value.as_str(), members);
                }
            }
            AstKind::ExportFromDeclaration(it) => {
                module(code, &it.source);
            }
            AstKind::ExportAllDeclaration(it) => {
                module(code, &it.source);
            }
            AstKind::ImportExpression(it) => {
                let at = code.token(it.span.start..it.span.end, "import");
                let help = "import at the top, and only from `@aws-appsync/utils`";
                code.error("PV302", at, "APPSYNC_JS has no `import(…)`", help);
            }
            _ => {}
        }
    }
}

/// What the module has that `source` names. Reports one that AppSync doesn't have.
fn module(code: &mut Code<'_, '_>, source: &StringLiteral<'_>) -> Option<&'static [&'static str]> {
    let name = source.value.as_str();
    if let Some((_, members)) = MODULES.iter().find(|(module, _)| *module == name) {
        return Some(members);
    }
    let help = match suggest::closest_match(name, MODULES.iter().map(|(module, _)| *module)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "put what is needed into this file; a bundler such as esbuild can".to_owned(),
    };
    let message = format!("AppSync has no module `{name}`");
    code.error("PV302", node_span(source), &message, &help);
    None
}

fn specifier(
    code: &mut Code<'_, '_>,
    specifier: &ImportDeclarationSpecifier<'_>,
    module: &str,
    members: Option<&[&str]>,
) {
    let Some(members) = members else { return };
    match specifier {
        ImportDeclarationSpecifier::ImportSpecifier(it) => {
            let symbol = it.local.symbol_id.get();
            let used = symbol.is_some_and(|symbol_id| {
                !code.semantic.scoping().get_resolved_reference_ids(symbol_id).is_empty()
            });
            // `@aws-appsync/utils` has types too, which JSDoc comments name.
            if used {
                member(code, module, members, it.imported.name().as_str(), node_span(&it.imported));
            }
        }
        ImportDeclarationSpecifier::ImportDefaultSpecifier(it) => {
            let help = format!("write `import * as {} from '{module}'`", it.local.name);
            let message = format!("`{module}` has no default export");
            code.warning("PV331", node_span(&it.local), &message, &help);
        }
        ImportDeclarationSpecifier::ImportNamespaceSpecifier(it) => {
            if let Some(symbol) = it.local.symbol_id.get() {
                for (name, span) in members_used(code, symbol) {
                    member(code, module, members, name, byte_range(span));
                }
            }
        }
    }
}

/// The names behind `namespace.`, and where they stand.
fn members_used<'a>(code: &Code<'a, '_>, symbol: SymbolId) -> Vec<(&'a str, Span)> {
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

fn member(
    code: &mut Code<'_, '_>,
    module: &str,
    members: &[&str],
    name: &str,
    at: std::ops::Range<usize>,
) {
    if members.contains(&name) {
        return;
    }
    let help = match suggest::closest_match(name, members.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("it has {}", members.join(", ")),
    };
    code.warning("PV331", at, &format!("`{module}` has no `{name}`"), &help);
}
