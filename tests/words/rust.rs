//! Reads Rust source as tokens, and finds in it the texts that people read: string literals, comments, names of tests.
//!
//! A hand-written lexer, because a parser for macros (`syn`, `proc-macro2`) drops the plain comments, which are
//! checked too. It knows every form of literal and comment, attributes, and the extent of test code.
use std::collections::BTreeSet;
use std::ops::Range;

/// Characters, each with its line, so that a phrase is found across lines and reported where it begins.
pub type Chars = Vec<(char, usize)>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Word,
    Punctuation(char),
    /// A string of any form; [`Token::text`] is its value.
    Text,
    /// A character, a lifetime or a number: nothing that could hold a phrase.
    Other,
    Comment,
    Doc,
}

#[derive(Clone, Debug)]
pub struct Token {
    pub kind: Kind,
    pub text: Chars,
    pub line: usize,
    /// The line on which it ends.
    pub last_line: usize,
}

impl Token {
    pub fn is(&self, punctuation: char) -> bool {
        self.kind == Kind::Punctuation(punctuation)
    }
    /// The text of a word; empty for anything else.
    pub fn word(&self) -> String {
        match self.kind {
            Kind::Word => self.text.iter().map(|(character, _)| character).collect(),
            _ => String::new(),
        }
    }
}

/// What a file holds that people read.
#[derive(Debug, Default)]
pub struct Source {
    /// The values of string literals outside test code.
    pub literals: Vec<Chars>,
    /// Comments of every kind, one entry per paragraph.
    pub comments: Vec<Chars>,
    /// The names of functions in test code, with spaces for underscores.
    pub test_names: Vec<Chars>,
    /// Modules in separate files that are test code: `#[cfg(test)] mod fixture;`.
    pub test_modules: BTreeSet<String>,
    /// The lines of closures with a parameter `it`.
    pub it_closures: Vec<usize>,
}

/// Reads a file. `is_test`: all of it is test code.
pub fn read(code: &str, is_test: bool) -> Source {
    let tokens = tokens(code);
    let (comments, code): (Vec<Token>, Vec<Token>) =
        tokens.into_iter().partition(|token| matches!(token.kind, Kind::Comment | Kind::Doc));
    let mut source = Source {
        comments: paragraphs(&comments, &code),
        it_closures: it_closures(&code),
        ..Source::default()
    };
    let tests = test_code(&code, &mut source.test_modules);
    for (n, token) in code.iter().enumerate() {
        let in_test = is_test || tests.iter().any(|range| range.contains(&n));
        match token.kind {
            Kind::Text if !in_test => source.literals.push(without_arguments(&token.text)),
            Kind::Word if in_test && n > 0 && code[n - 1].word() == "fn" => {
                let spaced =
                    |&(character, line)| (if character == '_' { ' ' } else { character }, line);
                source.test_names.push(token.text.iter().map(spaced).collect());
            }
            _ => {}
        }
    }
    source
}

/// A format string without the names of its arguments: `{name}` becomes `{}`.
fn without_arguments(text: &Chars) -> Chars {
    let mut out = Chars::new();
    let mut rest = text.as_slice();
    while let Some((first, after)) = rest.split_first() {
        out.push(*first);
        rest = after;
        if first.0 == '{' {
            let starts = after.first().is_some_and(|(character, _)| character.is_ascii_lowercase());
            let end = after.iter().position(|(character, _)| *character == '}');
            let is_name =
                |(character, _): &(char, usize)| !character.is_whitespace() && *character != '{';
            if let Some(end) = end.filter(|end| starts && after[..*end].iter().all(is_name)) {
                rest = &after[end..];
            }
        }
    }
    out
}

/// Comments as paragraphs: lines that follow each other belong together, until an empty one.
fn paragraphs(comments: &[Token], code: &[Token]) -> Vec<Chars> {
    let code_lines: BTreeSet<usize> =
        code.iter().flat_map(|token| token.line..=token.last_line).collect();
    let mut all: Vec<Chars> = Vec::new();
    let mut before: Option<&Token> = None;
    for comment in comments {
        let continues = before.is_some_and(|before| {
            before.kind == comment.kind
                && before.last_line + 1 == comment.line
                && !code_lines.contains(&comment.line)
                && !code_lines.contains(&before.line)
                && !before.text.is_empty()
        });
        match all.last_mut().filter(|_| continues) {
            Some(paragraph) => {
                paragraph.push(('\n', comment.line));
                paragraph.extend(&comment.text);
            }
            None => all.push(comment.text.clone()),
        }
        before = Some(comment);
    }
    all.retain(|paragraph| !paragraph.is_empty());
    all
}

/// The ranges of tokens that are test code: what follows `#[cfg(test)]` or `#[test]`.
fn test_code(code: &[Token], modules: &mut BTreeSet<String>) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut n = 0;
    while n < code.len() {
        let is_inner = code[n].is('#') && code.get(n + 1).is_some_and(|next| next.is('!'));
        let open = if is_inner { n + 2 } else { n + 1 };
        if !(code[n].is('#') && code.get(open).is_some_and(|next| next.is('['))) {
            n += 1;
            continue;
        }
        let end = closing(code, open);
        if is_test_attribute(&code[open..end]) {
            if is_inner {
                return std::iter::once(0..code.len()).collect();
            }
            let item = item(code, end);
            if let [.., keyword, name, end] = &code[n..item]
                && keyword.word() == "mod"
                && end.is(';')
            {
                modules.insert(name.word());
            }
            ranges.push(n..item);
            n = item;
        } else {
            n = end;
        }
    }
    ranges
}

fn is_test_attribute(attribute: &[Token]) -> bool {
    let words: Vec<String> = attribute.iter().map(Token::word).collect();
    let has = |name: &str| words.iter().any(|word| word == name);
    match words.iter().find(|word| !word.is_empty()).map(String::as_str) {
        Some("cfg") => has("test") && !has("not"),
        Some("cfg_attr" | "doc") | None => false,
        Some(_) => {
            // `#[test]`, `#[tokio::test(flavor = "multi_thread")]`
            let path = attribute.iter().take_while(|token| !token.is('(') && !token.is('='));
            path.filter(|token| token.kind == Kind::Word)
                .last()
                .is_some_and(|last| last.word() == "test")
        }
    }
}

/// Where the item ends that begins at `start`, its further attributes included.
fn item(code: &[Token], start: usize) -> usize {
    let mut n = start;
    while code.get(n).is_some_and(|token| token.is('#')) {
        n = closing(code, n + 1);
    }
    while let Some(token) = code.get(n) {
        match token.kind {
            Kind::Punctuation(';') => return n + 1,
            Kind::Punctuation('{') => return closing(code, n),
            Kind::Punctuation('(' | '[') => n = closing(code, n),
            _ => n += 1,
        }
    }
    n
}

/// The token after the bracket that closes the one at `open`.
fn closing(code: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (n, token) in code.iter().enumerate().skip(open) {
        match token.kind {
            Kind::Punctuation('(' | '[' | '{') => depth += 1,
            Kind::Punctuation(')' | ']' | '}') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return n + 1;
                }
            }
            _ => {}
        }
    }
    code.len()
}

/// Closures with a parameter `it`. A `|` begins a closure where an expression may begin.
fn it_closures(code: &[Token]) -> Vec<usize> {
    let mut lines = Vec::new();
    let mut n = 0;
    while n < code.len() {
        let length = match code[n].is('|') && begins_expression(&code[..n]) {
            true => code[n + 1..].iter().position(|token| token.is('|')),
            false => None,
        };
        if let Some(length) = length {
            let parameters = &code[n + 1..][..length];
            if parameters.iter().any(|token| token.word() == "it") {
                lines.push(code[n].line);
            }
        }
        n += length.map_or(1, |length| length + 2);
    }
    lines
}

/// Whether an expression may begin after these tokens.
fn begins_expression(before: &[Token]) -> bool {
    let keywords = ["move", "return", "else", "in", "match", "async"];
    before.last().is_none_or(|last| {
        keywords.contains(&last.word().as_str())
            || "(,=>{;[&:".contains(|opening: char| last.is(opening))
    })
}

/// All tokens of a file, comments among them.
pub fn tokens(code: &str) -> Vec<Token> {
    let mut lexer = Lexer { code: code.chars().collect(), n: 0, line: 1, tokens: Vec::new() };
    while lexer.n < lexer.code.len() {
        lexer.token();
    }
    lexer.tokens
}

struct Lexer {
    code: Vec<char>,
    n: usize,
    line: usize,
    tokens: Vec<Token>,
}

impl Lexer {
    fn peek(&self, ahead: usize) -> char {
        self.code.get(self.n + ahead).copied().unwrap_or_default()
    }

    fn next(&mut self) -> char {
        let character = self.peek(0);
        self.n += 1;
        self.line += usize::from(character == '\n');
        character
    }

    fn token(&mut self) {
        let line = self.line;
        let (kind, text) = match self.peek(0) {
            character if character.is_whitespace() => {
                self.next();
                return;
            }
            '/' if self.peek(1) == '/' => self.line_comment(),
            '/' if self.peek(1) == '*' => self.block_comment(),
            '"' => (Kind::Text, self.string()),
            '\'' => self.quote(),
            'r' | 'b' | 'c' if self.prefixed().is_some() => self.prefixed_literal(),
            character if character.is_alphabetic() || character == '_' => (
                Kind::Word,
                self.take_while(|character| character.is_alphanumeric() || character == '_'),
            ),
            character if character.is_ascii_digit() => {
                self.number();
                (Kind::Other, Chars::new())
            }
            character => {
                self.next();
                (Kind::Punctuation(character), Chars::new())
            }
        };
        self.tokens.push(Token { kind, text, line, last_line: self.line });
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> Chars {
        let mut text = Chars::new();
        while self.n < self.code.len() && belongs(self.peek(0)) {
            let line = self.line;
            text.push((self.next(), line));
        }
        text
    }

    fn line_comment(&mut self) -> (Kind, Chars) {
        let is_doc = match (self.peek(2), self.peek(3)) {
            ('!', _) => true,
            ('/', after) => after != '/',
            _ => false,
        };
        self.take_while(|character| character == '/');
        if is_doc && self.peek(0) == '!' {
            self.next();
        }
        let text = self.take_while(|character| character != '\n');
        (if is_doc { Kind::Doc } else { Kind::Comment }, trimmed(text))
    }

    fn block_comment(&mut self) -> (Kind, Chars) {
        let is_doc = matches!(self.peek(2), '!' | '*') && self.peek(3) != '/';
        let (mut text, mut depth) = (Chars::new(), 0);
        while self.n < self.code.len() {
            match (self.peek(0), self.peek(1)) {
                ('/', '*') => depth += 1,
                ('*', '/') => depth -= 1,
                _ => {
                    let line = self.line;
                    text.push((self.next(), line));
                    continue;
                }
            }
            self.n += 2;
            if depth == 0 {
                break;
            }
        }
        (if is_doc { Kind::Doc } else { Kind::Comment }, trimmed(text))
    }

    /// A character or a lifetime.
    fn quote(&mut self) -> (Kind, Chars) {
        self.next();
        if self.peek(0) == '\\' {
            self.next();
            self.next();
            self.take_while(|character| character != '\'');
            self.next();
        } else if self.peek(1) == '\'' {
            self.next();
            self.next();
        } else {
            self.take_while(|character| character.is_alphanumeric() || character == '_');
        }
        (Kind::Other, Chars::new())
    }

    /// The length of the prefix of a literal such as `r"`, `br#"`, `c"` or `b'`.
    fn prefixed(&self) -> Option<usize> {
        let prefix =
            (0..2).take_while(|ahead| matches!(self.peek(*ahead), 'r' | 'b' | 'c')).count();
        let is_raw = (0..prefix).any(|ahead| self.peek(ahead) == 'r');
        let hashes = (prefix..).take_while(|ahead| self.peek(*ahead) == '#').count();
        match self.peek(prefix + hashes) {
            '"' if is_raw || hashes == 0 => Some(prefix),
            '\'' if prefix == 1 && self.peek(0) == 'b' => Some(prefix),
            _ => None,
        }
    }

    fn prefixed_literal(&mut self) -> (Kind, Chars) {
        let prefix = self.prefixed().unwrap_or_default();
        let is_raw = (0..prefix).any(|ahead| self.peek(ahead) == 'r');
        self.n += prefix;
        match self.peek(0) {
            '\'' => self.quote(),
            _ if is_raw => (Kind::Text, self.raw_string()),
            _ => (Kind::Text, self.string()),
        }
    }

    fn raw_string(&mut self) -> Chars {
        let hashes = self.take_while(|character| character == '#').len();
        self.next();
        let mut text = Chars::new();
        while self.n < self.code.len() {
            let ends = self.peek(0) == '"' && (1..=hashes).all(|ahead| self.peek(ahead) == '#');
            if ends {
                self.n += hashes + 1;
                break;
            }
            let line = self.line;
            text.push((self.next(), line));
        }
        text
    }

    fn string(&mut self) -> Chars {
        self.next();
        let mut text = Chars::new();
        while self.n < self.code.len() {
            let line = self.line;
            match self.next() {
                '"' => break,
                '\\' => text.extend(self.escape().map(|character| (character, line))),
                character => text.push((character, line)),
            }
        }
        text
    }

    /// What an escape stands for. A line break takes the white space after it along.
    fn escape(&mut self) -> Option<char> {
        match self.next() {
            'n' | 'r' => Some('\n'),
            't' => Some('\t'),
            '0' => Some('\0'),
            'x' => {
                let digits: String = [self.next(), self.next()].iter().collect();
                u8::from_str_radix(&digits, 16).ok().map(char::from)
            }
            'u' => {
                // Rust writes `\u{1f600}`, JSON four digits.
                let digits: String = match self.peek(0) {
                    '{' => {
                        self.next();
                        let digits = self.take_while(|character| character != '}');
                        self.next();
                        digits.iter().map(|(character, _)| character).collect()
                    }
                    _ => (0..4).map(|_| self.next()).collect(),
                };
                u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32)
            }
            '\n' => {
                self.take_while(char::is_whitespace);
                None
            }
            character => Some(character),
        }
    }

    fn number(&mut self) {
        let belongs = |character: char| character.is_alphanumeric() || character == '_';
        self.take_while(belongs);
        if self.peek(0) == '.' && self.peek(1).is_ascii_digit() {
            self.next();
            self.take_while(belongs);
        }
    }
}

fn trimmed(text: Chars) -> Chars {
    let is_space = |(character, _): &(char, usize)| character.is_whitespace();
    let start = text.iter().position(|character| !is_space(character)).unwrap_or(text.len());
    let end =
        text.iter().rposition(|character| !is_space(character)).map_or(start, |last| last + 1);
    text[start..end].to_vec()
}
