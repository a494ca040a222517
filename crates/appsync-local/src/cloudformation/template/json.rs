//! Reads JSON as CloudFormation does: the last of duplicate members counts, numbers keep their text (see `scalar`),
//! and an error has the position of the first unexpected character.
use serde_json::{Map, Value};

use crate::cloudformation::template::error::TemplateError;
use crate::cloudformation::template::limits::DEPTH_MAX;
use crate::cloudformation::template::scalar;

/// Parses a JSON document.
pub fn parse(text: &str) -> Result<Value, TemplateError> {
    let mut reader = Reader { text, offset: 0 };
    let value = reader.value(0).and_then(|value| {
        reader.skip_space();
        if reader.offset == text.len() { Ok(value) } else { Err(Unexpected) }
    });
    value.map_err(|Unexpected| {
        let (line, column) = position(text, reader.offset);
        TemplateError::format(format!("JSON not well-formed. (line {line}, column {column})"))
    })
}

/// The character at the reader's offset is not allowed there.
struct Unexpected;

struct Reader<'t> {
    text: &'t str,
    offset: usize,
}

impl<'t> Reader<'t> {
    fn value(&mut self, depth: usize) -> Result<Value, Unexpected> {
        self.skip_space();
        match self.peek() {
            Some(b'{' | b'[') if depth >= DEPTH_MAX => Err(Unexpected),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => Ok(Value::String(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'a'..=b'z') => self.word(),
            _ => Err(Unexpected),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Unexpected> {
        self.offset += 1;
        let mut members = Map::new();
        self.skip_space();
        if self.accept(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err(Unexpected);
            }
            let name = self.string()?;
            self.skip_space();
            self.expect(b':')?;
            let value = self.value(depth + 1)?;
            members.insert(name, value);
            self.skip_space();
            if self.accept(b'}') {
                return Ok(Value::Object(members));
            }
            self.expect(b',')?;
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, Unexpected> {
        self.offset += 1;
        let mut items = Vec::new();
        self.skip_space();
        if self.accept(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.skip_space();
            if self.accept(b']') {
                return Ok(Value::Array(items));
            }
            self.expect(b',')?;
        }
    }

    fn string(&mut self) -> Result<String, Unexpected> {
        self.offset += 1;
        let mut text = String::new();
        loop {
            let start = self.offset;
            while self.peek().is_some_and(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
                self.offset += 1;
            }
            text.push_str(&self.text[start..self.offset]);
            match self.peek() {
                Some(b'"') => {
                    self.offset += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escape()?),
                _ => return Err(Unexpected),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Unexpected> {
        self.offset += 1;
        let escaped = match self.peek().ok_or(Unexpected)? {
            byte @ (b'"' | b'\\' | b'/') => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(),
            _ => return Err(Unexpected),
        };
        self.offset += 1;
        Ok(escaped)
    }

    /// Reads `uXXXX`, and the second half of a surrogate pair. Half a pair becomes U+FFFD.
    fn unicode_escape(&mut self) -> Result<char, Unexpected> {
        let high = self.code_unit()?;
        if (0xD800..0xDC00).contains(&high) && self.text[self.offset..].starts_with("\\u") {
            let before = self.offset;
            self.offset += 1;
            let low = self.code_unit()?;
            let pair = char::decode_utf16([high, low]).next();
            if let Some(Ok(character)) = pair {
                return Ok(character);
            }
            self.offset = before;
        }
        Ok(char::from_u32(u32::from(high)).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn code_unit(&mut self) -> Result<u16, Unexpected> {
        self.offset += 1;
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            unit = unit << 4 | digit.ok_or(Unexpected)?;
            self.offset += 1;
        }
        Ok(u16::try_from(unit).expect("four hexadecimal digits are 16 bits"))
    }

    fn number(&mut self) -> Result<Value, Unexpected> {
        let start = self.offset;
        self.accept(b'-');
        if !self.accept(b'0') {
            self.digits()?;
        }
        if self.accept(b'.') {
            self.digits()?;
        }
        if self.accept(b'e') || self.accept(b'E') {
            let _ = self.accept(b'-') || self.accept(b'+');
            self.digits()?;
        }
        Ok(scalar::number(&self.text[start..self.offset]))
    }

    fn digits(&mut self) -> Result<(), Unexpected> {
        let start = self.offset;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.offset += 1;
        }
        if self.offset > start { Ok(()) } else { Err(Unexpected) }
    }

    fn word(&mut self) -> Result<Value, Unexpected> {
        let words =
            [("true", Value::Bool(true)), ("false", Value::Bool(false)), ("null", Value::Null)];
        for (word, value) in words {
            if self.text[self.offset..].starts_with(word) {
                self.offset += word.len();
                return Ok(value);
            }
        }
        Err(Unexpected)
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|byte| b" \t\r\n".contains(&byte)) {
            self.offset += 1;
        }
    }

    fn accept(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.offset += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, byte: u8) -> Result<(), Unexpected> {
        if self.accept(byte) { Ok(()) } else { Err(Unexpected) }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.offset).copied()
    }
}

/// Returns the line and the column of a byte, both from 1.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..offset.min(text.len())];
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |index| index + 1);
    let lines = before.iter().filter(|byte| **byte == b'\n').count();
    (lines + 1, String::from_utf8_lossy(&before[line_start..]).chars().count() + 1)
}
