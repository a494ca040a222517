//! The list of banned phrases, and the search for them in a text.
use std::collections::BTreeMap;

use crate::rust::Chars;

/// How many words `…` stands for in a phrase, at most.
const GAP_WORDS_MAX: usize = 4;

/// What to say instead of a phrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Advice {
    Instead(String),
    /// The phrase is good English, although a banned one is a part of it.
    Ordinary,
}

/// The phrases of `banned-words.txt`.
#[derive(Debug, Default)]
pub struct Phrases {
    /// By their first words, the longest first.
    by_first_word: BTreeMap<String, Vec<Phrase>>,
}

#[derive(Debug)]
struct Phrase {
    text: String,
    words: Vec<Word>,
    advice: Advice,
}

/// A banned phrase in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    pub line: usize,
    pub phrase: String,
    pub instead: String,
}

impl Phrases {
    /// Reads lines such as `banned phrase => say this instead`; `#` begins a comment.
    pub fn parse(list: &str) -> Result<Self, String> {
        let mut phrases = Self::default();
        for (n, line) in list.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (text, instead) = line
                .split_once(" => ")
                .ok_or_else(|| format!("line {}: expected `phrase => instead`", n + 1))?;
            let words = words(&chars(text.trim()));
            let first = words.first().filter(|first| first.text != "…");
            let first = first.ok_or_else(|| format!("line {}: no phrase", n + 1))?.text.clone();
            if phrases.has(text.trim()) {
                return Err(format!("line {}: `{text}` is listed already", n + 1));
            }
            let advice = match instead.trim() {
                "(ordinary)" => Advice::Ordinary,
                instead => Advice::Instead(instead.to_owned()),
            };
            let same = phrases.by_first_word.entry(first).or_default();
            same.push(Phrase { text: text.trim().to_owned(), words, advice });
            same.sort_by_key(|phrase| std::cmp::Reverse(phrase.words.len()));
        }
        Ok(phrases)
    }

    pub fn has(&self, text: &str) -> bool {
        self.by_first_word.values().flatten().any(|phrase| phrase.text == text)
    }

    /// All banned phrases in `text`, whole words only, in upper or lower case, across line breaks.
    pub fn find(&self, text: &Chars) -> Vec<Hit> {
        let words = words(text);
        let mut hits = Vec::new();
        let mut n = 0;
        while n < words.len() {
            let same = self.by_first_word.get(&words[n].text).map_or(&[][..], Vec::as_slice);
            let longest = same.iter().find_map(|phrase| {
                let length = matched(&phrase.words, &words[n..])?;
                (!words[n].is_member).then_some((phrase, length))
            });
            match longest {
                Some((phrase, length)) => {
                    if let Advice::Instead(instead) = &phrase.advice {
                        let (phrase, instead) = (phrase.text.clone(), instead.clone());
                        hits.push(Hit { line: words[n].line, phrase, instead });
                    }
                    n += length;
                }
                None => n += 1,
            }
        }
        hits
    }
}

/// How many words of `text` the phrase takes, if the text begins with it.
fn matched(phrase: &[Word], text: &[Word]) -> Option<usize> {
    let Some((first, rest)) = phrase.split_first() else { return Some(0) };
    if first.text != "…" {
        let (next, after) = text.split_first()?;
        let is_same = next.text == first.text && (next.is_joined || !first.is_joined);
        return is_same.then(|| matched(rest, after))?.map(|length| length + 1);
    }
    let mut gap_words = 0;
    for (n, word) in text.iter().enumerate() {
        if gap_words > 0
            && let Some(length) = matched(rest, &text[n..])
        {
            return Some(n + length);
        }
        gap_words += usize::from(word.text.starts_with(char::is_alphanumeric));
        if gap_words > GAP_WORDS_MAX || matches!(word.text.as_str(), "." | ";" | "?" | "!") {
            return None;
        }
    }
    None
}

/// A word in lower case, or one punctuation character.
#[derive(Debug)]
struct Word {
    text: String,
    line: usize,
    /// Whether it follows something else without a space, as `s` does in `it's`.
    is_joined: bool,
    /// Whether it follows a dot, as the `name` of `thing.name` does: part of a name, not of a sentence.
    is_member: bool,
}

fn words(text: &Chars) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut before = ' ';
    for &(character, line) in text {
        let is_part = |character: char| character.is_alphanumeric() || character == '_';
        match words.last_mut() {
            Some(word) if is_part(character) && is_part(before) => {
                word.text.extend(character.to_lowercase());
            }
            _ if character.is_whitespace() => {}
            _ => {
                let character = if character == '’' { '\'' } else { character };
                let text = character.to_lowercase().collect();
                words.push(Word {
                    text,
                    line,
                    is_joined: !words.is_empty() && !before.is_whitespace(),
                    is_member: before == '.' && is_part(character),
                });
            }
        }
        before = character;
    }
    words
}

/// The characters of a text that begins on line 1.
pub fn chars(text: &str) -> Chars {
    let mut line = 1;
    let numbered = |character: char| {
        let at = line;
        line += usize::from(character == '\n');
        (character, at)
    };
    text.chars().map(numbered).collect()
}
