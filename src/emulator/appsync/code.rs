//! A namespace's code, as far as AppSync looks at it before it takes it.
use oxc_allocator::Allocator;
use oxc_parser::Parser;
use oxc_span::SourceType;
use serde_json::{Value, json};

use crate::emulator::answer::Fault;
use crate::emulator::unknowns::{Switches, Taken};

const HANDLERS: [&str; 2] = ["onPublish", "onSubscribe"];

/// Whether AppSync would take the code: it is a module, and one with handlers.
pub fn check(code: &str, switches: &Switches) -> Result<(), Fault> {
    let arena = Allocator::default();
    let parsed = Parser::new(&arena, code, SourceType::mjs()).parse();
    let mut errors: Vec<Value> = Vec::new();
    for error in &parsed.diagnostics {
        let label = error.labels.first();
        let place = label.map(|it| (it.offset() as usize, it.len() as usize));
        errors.push(told(&error.message, location(code, place)));
    }
    let exports = &parsed.module_record.exported_bindings;
    let bare = errors.is_empty() && !HANDLERS.iter().any(|it| exports.contains_key(*it));
    if bare && switches.code_without_handlers == Taken::Refused {
        errors.push(told("No handler is exported: onPublish or onSubscribe", location(code, None)));
    }
    if errors.is_empty() {
        return Ok(());
    }
    let members = json!({ "reason": "CODE_ERROR", "detail": { "codeErrors": errors } });
    Err(Fault::bad_request("The code contains one or more errors.").with(members))
}

fn told(message: &str, location: Value) -> Value {
    let value = format!("Parsing error: {message}");
    json!({ "errorType": "PARSER_ERROR", "value": value, "location": location })
}

/// Line and column from one; what is not known is 0, and a length of -1, as the model says.
fn location(code: &str, place: Option<(usize, usize)>) -> Value {
    let Some((start, length)) = place else {
        return json!({ "line": 0, "column": 0, "span": -1 });
    };
    let before = code.get(..start).unwrap_or(code);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    json!({ "line": line, "column": column, "span": length })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_that_is_no_module_or_has_no_handler_is_told_where() {
        let check = |code: &str, expected: Option<Value>| {
            let fault = check(code, &Switches::default()).err();
            let detail = fault.and_then(|it| it.detail);
            let place = detail.map(|it| it["detail"]["codeErrors"][0]["location"].clone());
            assert_eq!(place, expected, "{code}");
        };
        let unknown = json!({ "line": 0, "column": 0, "span": -1 });
        check("export function onPublish(ctx) { return ctx.events }", None);
        check("export const onSubscribe = { request() {}, response() {} }", None);
        check("const a = () => null;\nexport { a as onPublish }", None);
        check("export { onPublish } from './other'", None);
        check("const è = 1;\n  const = 2", Some(json!({ "line": 2, "column": 9, "span": 1 })));
        check("export {}", Some(unknown.clone()));
        check("export default function onPublish() {}", Some(unknown));
    }
}
