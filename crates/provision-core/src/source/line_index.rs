//! Converts byte offsets to lines and columns, with an index, so that each conversion is a binary search.

/// Line and column, from 1, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
}

/// The bytes between two indexed character counts; later characters are counted for each lookup.
const STRIDE: usize = 4_096;

/// The lines of one text.
#[derive(Clone, Debug)]
pub struct LineIndex {
    /// The first byte of each line.
    starts: Vec<usize>,
    /// The number of characters that begin before each stride.
    characters: Vec<usize>,
}

impl LineIndex {
    pub fn new(text: &str) -> Self {
        let (mut starts, mut characters, mut count) = (vec![0], Vec::new(), 0);
        for (n, byte) in text.bytes().enumerate() {
            if n % STRIDE == 0 {
                characters.push(count);
            }
            count += usize::from(begins_character(byte));
            if byte == b'\n' {
                starts.push(n + 1);
            }
        }
        Self { starts, characters }
    }

    /// Returns the line of a byte, from 1.
    pub fn line(&self, byte: usize) -> usize {
        self.starts.partition_point(|start| *start <= byte)
    }

    /// Returns the position of a byte of `text`, the text of this index.
    pub fn position(&self, text: &str, byte: usize) -> Position {
        let line = self.line(byte);
        let start = match self.starts.get(line - 1) {
            // Editors do not count the byte order mark.
            Some(0) if text.starts_with('\u{feff}') => '\u{feff}'.len_utf8(),
            Some(start) => *start,
            None => 0,
        };
        let before = |byte| self.characters_before(text, byte);
        Position { line, column: before(byte).saturating_sub(before(start)) + 1 }
    }

    fn characters_before(&self, text: &str, byte: usize) -> usize {
        let byte = byte.min(text.len());
        let stride = (byte / STRIDE).min(self.characters.len().saturating_sub(1));
        let rest = text.as_bytes().get(stride * STRIDE..byte).unwrap_or_default();
        let known = self.characters.get(stride).copied().unwrap_or_default();
        known + rest.iter().filter(|byte| begins_character(**byte)).count()
    }
}

fn begins_character(byte: u8) -> bool {
    byte & 0b1100_0000 != 0b1000_0000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_equals_counting_from_the_start() {
        let line = "é: [ü, \u{1f600}] # ".repeat(700);
        let text = format!("\u{feff}{line}\r\n\n{line}\n  x");
        let lines = LineIndex::new(&text);
        for (byte, _) in text.char_indices().chain([(text.len(), ' ')]) {
            let before = &text[..byte];
            let in_line = before.rsplit('\n').next().unwrap().trim_start_matches('\u{feff}');
            let (line, column) = (before.matches('\n').count() + 1, in_line.chars().count() + 1);
            assert_eq!(lines.position(&text, byte), Position { line, column }, "byte {byte}");
        }
        assert_eq!(LineIndex::new("").position("", 0), Position { line: 1, column: 1 });
        assert_eq!(LineIndex::new("").position("", 9), Position { line: 1, column: 1 });
    }
}
