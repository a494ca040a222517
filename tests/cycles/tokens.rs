//! Paths in the tokens of macros and attributes, which have no syntax tree.
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::ext::IdentExt;

/// A path of at least two segments, with its line.
pub type TokenPath = (Vec<String>, usize);

/// Returns the paths in the arguments of a macro.
pub fn paths(tokens: TokenStream) -> Vec<TokenPath> {
    let mut paths = Vec::new();
    scan(tokens, &[], &mut paths);
    paths
}

/// Returns the paths in the arguments of an attribute. Serde writes them as string literals.
pub fn paths_of_attribute(tokens: TokenStream) -> Vec<TokenPath> {
    let mut paths = paths(tokens.clone());
    for token in tokens {
        match token {
            TokenTree::Group(group) => paths.extend(paths_of_attribute(group.stream())),
            TokenTree::Literal(literal) => {
                let line = literal.span().start().line;
                let text = syn::parse_str::<syn::LitStr>(&literal.to_string());
                if let Ok(path) = text.and_then(|text| text.parse::<syn::Path>())
                    && path.segments.len() > 1
                {
                    paths.push((segments(&path), line));
                }
            }
            _ => {}
        }
    }
    paths
}

pub fn segments(path: &syn::Path) -> Vec<String> {
    path.segments.iter().map(|segment| segment.ident.unraw().to_string()).collect()
}

/// Collects the paths in `tokens`; with a `prefix`, `tokens` are the group of a `use`.
fn scan(tokens: TokenStream, prefix: &[String], paths: &mut Vec<TokenPath>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let ident = |n: usize| match tokens.get(n) {
        Some(TokenTree::Ident(ident)) => Some(ident.unraw()),
        _ => None,
    };
    let is = |n: Option<usize>, character: char| {
        let token = n.and_then(|n| tokens.get(n));
        matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == character)
    };
    let is_separator = |n: usize| is(Some(n), ':') && is(Some(n + 1), ':');
    let mut n = 0;
    while n < tokens.len() {
        let Some(first) = ident(n) else {
            if let TokenTree::Group(group) = &tokens[n] {
                scan(group.stream(), &[], paths);
            }
            n += 1;
            continue;
        };
        let start = n;
        let mut path = [prefix, &[first.to_string()]].concat();
        n += 1;
        while is_separator(n)
            && let Some(next) = ident(n + 2)
        {
            path.push(next.to_string());
            n += 3;
        }
        let is_global = start >= 2 && is_separator(start - 2);
        let is_variable = is(start.checked_sub(1), '$') && first != "crate";
        if is_global || is_variable {
            continue;
        }
        match tokens.get(n + 2) {
            Some(TokenTree::Group(group))
                if is_separator(n) && group.delimiter() == Delimiter::Brace =>
            {
                scan(group.stream(), &path, paths);
                n += 3;
            }
            _ if path.len() > 1 => paths.push((path, first.span().start().line)),
            _ => {}
        }
    }
}
