//! Locates line comments in JavaScript, and distinguishes them from strings, templates and regular expressions.
use std::ops::Range;

/// Returns the spans of `// provision: …` comments, without their line breaks.
pub fn comments(code: &str) -> Vec<Range<usize>> {
    if !code.contains("provision:") {
        return Vec::new();
    }
    let bytes = code.as_bytes();
    let mut spans = Vec::new();
    // The number of open braces in each enclosing `${…}`.
    let mut templates: Vec<usize> = Vec::new();
    let mut n = 0;
    // After a value, a slash is a division; elsewhere it starts a regular expression.
    let mut after_value = false;
    while n < bytes.len() {
        let next = bytes.get(n + 1);
        match bytes[n] {
            b'/' if next == Some(&b'/') => {
                let end = ending(bytes, n, b"\n");
                let written = code[n..end].trim_end();
                if written[2..].trim_start().starts_with("provision:") {
                    spans.push(n..n + written.len());
                }
                n = end;
                continue;
            }
            b'/' if next == Some(&b'*') => {
                n = code[n + 2..].find("*/").map_or(bytes.len(), |code| n + 2 + code + 2);
                continue;
            }
            b'/' if !after_value => n = regex_end(bytes, n),
            quote @ (b'"' | b'\'') => n = ending(bytes, n + 1, &[quote, b'\n']),
            b'`' => n = template_end(bytes, n + 1, &mut templates),
            b'{' => {
                if let Some(open) = templates.last_mut() {
                    *open += 1;
                }
            }
            b'}' => match templates.last_mut() {
                Some(0) => {
                    templates.pop();
                    n = template_end(bytes, n + 1, &mut templates);
                }
                Some(open) => *open -= 1,
                None => {}
            },
            _ => {}
        }
        after_value = match bytes.get(n) {
            Some(byte) if byte.is_ascii_whitespace() => after_value,
            Some(b')' | b']' | b'}' | b'"' | b'\'' | b'`' | b'/' | b'_' | b'$') => true,
            Some(byte) if byte.is_ascii_alphanumeric() || *byte >= 0x80 => !keyword_ends(bytes, n),
            _ => false,
        };
        n += 1;
    }
    spans
}

/// Returns the offset of the first of `ends` that no backslash escapes.
fn ending(bytes: &[u8], start: usize, ends: &[u8]) -> usize {
    let mut n = start;
    while n < bytes.len() && !ends.contains(&bytes[n]) {
        n += if bytes[n] == b'\\' && ends != b"\n" { 2 } else { 1 };
    }
    n.min(bytes.len())
}

/// Returns where a template ends or its next `${` starts.
fn template_end(bytes: &[u8], start: usize, templates: &mut Vec<usize>) -> usize {
    let mut n = start;
    while n < bytes.len() {
        match bytes[n] {
            b'\\' => n += 1,
            b'`' => return n,
            b'$' if bytes.get(n + 1) == Some(&b'{') => {
                templates.push(0);
                return n + 1;
            }
            _ => {}
        }
        n += 1;
    }
    bytes.len()
}

/// Returns where a regular expression ends. A slash in a character class does not end it.
fn regex_end(bytes: &[u8], start: usize) -> usize {
    let mut n = start + 1;
    let mut class = false;
    while n < bytes.len() && bytes[n] != b'\n' {
        match bytes[n] {
            b'\\' => n += 1,
            b'[' => class = true,
            b']' => class = false,
            b'/' if !class => return n,
            _ => {}
        }
        n += 1;
    }
    n.min(bytes.len())
}

/// Whether the word that ends at `n` is a keyword before a value.
fn keyword_ends(bytes: &[u8], n: usize) -> bool {
    let part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte == b'$';
    if bytes.get(n + 1).is_some_and(part) {
        return false;
    }
    let length = bytes[..=n].iter().rev().take_while(|byte| part(byte)).count();
    let word = &bytes[n + 1 - length..=n];
    [&b"return"[..], b"typeof", b"case", b"in", b"of", b"void", b"delete", b"else", b"do"]
        .contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_distinguished_from_texts_that_resemble_them() {
        let it = "// provision: allow PV301";
        let check = |code: String, expected: usize| {
            let actual: Vec<&str> = comments(&code).into_iter().map(|span| &code[span]).collect();
            assert_eq!(actual, vec![it; expected], "{code}");
        };
        check(format!("f() {it}\n{it}  \r\n"), 2);
        check(format!("'a {it}' + \"b {it}\" + `c {it}`\n"), 0);
        check(format!("/* {it} */ f() {it}"), 1);
        check(format!("`a ${{ b ? `${{c}}` : {{ d: 1 }} }} {it}` + 1"), 0);
        check(format!("`a ${{b}}` {it}"), 1);
        check(format!("x = /[/'\"`]/ {it}"), 1);
        check(format!("return /'/ {it}"), 1);
        check(format!("a / b / c {it}"), 1);
        check(format!("'it\\'s' {it}"), 1);
        check(format!("// it's\n{it}"), 1);
        check(format!("é / 'ü' {it}"), 1);
        check(format!("a // provision of more\n{it}"), 1);
        for cut in
            ["'provision:\\", "`provision:\\", "`provision:${", "/[provision:", "/* provision:"]
        {
            assert!(comments(cut).is_empty(), "{cut}");
        }
    }
}
