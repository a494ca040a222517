//! The text of `Fn::Sub`: literal parts and variables.
use crate::cloudformation::template::error::TemplateError;

/// A part of the text of `Fn::Sub`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubPart<'t> {
    Literal(&'t str),
    /// The `X` of `${!X}`, which is the text `${X}`.
    Escaped(&'t str),
    /// The `X` of `${X}`.
    Variable(&'t str),
}

/// Splits a text into its parts. A `${` without an end is literal.
pub fn parse(text: &str) -> Result<Vec<SubPart<'_>>, TemplateError> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else { break };
        if start > 0 {
            parts.push(SubPart::Literal(&rest[..start]));
        }
        let name = &rest[start + 2..start + length];
        rest = &rest[start + length + 1..];
        if let Some(escaped) = name.strip_prefix('!') {
            parts.push(SubPart::Escaped(escaped));
        } else if is_variable_name(name) {
            parts.push(SubPart::Variable(name));
        } else {
            return Err(TemplateError::function(
                "variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons",
            ));
        }
    }
    if !rest.is_empty() {
        parts.push(SubPart::Literal(rest));
    }
    Ok(parts)
}

fn is_variable_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:".contains(&byte);
    !name.is_empty() && name.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_split_into_literals_and_variables() {
        use SubPart::{Escaped, Literal, Variable};
        let check =
            |text, expected: &[SubPart<'_>]| assert_eq!(parse(text).unwrap(), expected, "{text}");
        check("", &[]);
        check("a", &[Literal("a")]);
        check("${A}", &[Variable("A")]);
        check(
            "x-${AWS::Region}-${A.B.C}${_b}",
            &[
                Literal("x-"),
                Variable("AWS::Region"),
                Literal("-"),
                Variable("A.B.C"),
                Variable("_b"),
            ],
        );
        check("${!A} $A {B} ${", &[Escaped("A"), Literal(" $A {B} ${")]);
        check("`${!a ? b : c}`", &[Literal("`"), Escaped("a ? b : c"), Literal("`")]);
    }

    #[test]
    fn a_variable_name_has_no_other_characters() {
        for text in ["${}", "${ A }", "${A-B}", "${A:-x y}", "${é}"] {
            let error = parse(text).unwrap_err();
            assert!(
                error.0.starts_with("Template error: variable names in Fn::Sub syntax"),
                "{text}"
            );
        }
    }
}
