//! Reads YAML as CloudFormation does: short forms of functions become their long forms, the last of duplicate keys
//! counts, `<<` is an ordinary key, and aliases are rejected.
use granit_parser::{Event, Marker, Parser, ScalarStyle, Tag};
use serde_json::{Map, Value};

use crate::cloudformation::template::error::TemplateError;
use crate::cloudformation::template::function::Function;
use crate::cloudformation::template::limits::DEPTH_MAX;
use crate::cloudformation::template::scalar;

/// Parses a YAML document.
pub fn parse(text: &str) -> Result<Value, TemplateError> {
    let options = granit_parser::options! {
        emit_comments: false,
        emit_unresolved_aliases: true,
        flow_nesting_limit: DEPTH_MAX,
        block_nesting_limit: DEPTH_MAX,
    };
    let mut builder = Builder { frames: Vec::new(), depth: 0, root: None, documents: 0 };
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| not_well_formed(error.marker()))?;
        builder.add(event, &span.tag_start().unwrap_or(span.start))?;
    }
    Ok(builder.root.unwrap_or(Value::Null))
}

fn not_well_formed(marker: &Marker) -> TemplateError {
    let (line, column) = (marker.line(), marker.col() + 1);
    TemplateError::format(format!("YAML not well-formed. (line {line}, column {column})"))
}

/// The collections whose ends have not been read yet.
struct Builder {
    frames: Vec<Frame>,
    /// Levels of the value so far, with those of long forms.
    depth: usize,
    root: Option<Value>,
    documents: usize,
}

struct Frame {
    content: Content,
    short_form: Option<Function>,
}

enum Content {
    Sequence(Vec<Value>),
    Mapping(Map<String, Value>, Option<String>),
}

impl Builder {
    fn add(&mut self, event: Event<'_>, marker: &Marker) -> Result<(), TemplateError> {
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(not_well_formed(marker));
                }
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                return Err(TemplateError::function(
                    "YAML aliases are not allowed in CloudFormation templates",
                ));
            }
            Event::Scalar(text, style, _, tag) => {
                self.add_scalar(&text, style, tag.as_deref(), marker)?;
            }
            Event::SequenceStart(_, _, tag) => {
                self.open(Content::Sequence(Vec::new()), tag.as_deref(), marker)?;
            }
            Event::MappingStart(_, _, tag) => {
                self.open(Content::Mapping(Map::new(), None), tag.as_deref(), marker)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(marker)?,
            _ => {}
        }
        Ok(())
    }

    fn add_scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        marker: &Marker,
    ) -> Result<(), TemplateError> {
        if let Some(Frame { content: Content::Mapping(_, key @ None), .. }) = self.frames.last_mut()
        {
            if tag.is_some() {
                return Err(not_well_formed(marker));
            }
            *key = Some(text.to_owned());
            return Ok(());
        }
        let meaning = meaning(tag, marker)?;
        let is_plain = style == ScalarStyle::Plain;
        let value = match meaning {
            Meaning::Text => Value::String(text.to_owned()),
            Meaning::Plain => scalar::plain(text),
            Meaning::None | Meaning::Function(_) if is_plain => scalar::plain(text),
            Meaning::None | Meaning::Function(_) => Value::String(text.to_owned()),
        };
        let value = match meaning {
            Meaning::Function(function) => {
                self.check_depth(2, marker)?;
                long_form(function, value)
            }
            _ => value,
        };
        self.insert(value, marker)
    }

    fn open(
        &mut self,
        content: Content,
        tag: Option<&Tag>,
        marker: &Marker,
    ) -> Result<(), TemplateError> {
        // A collection is not a key.
        if let Some(Frame { content: Content::Mapping(_, None), .. }) = self.frames.last() {
            return Err(not_well_formed(marker));
        }
        let short_form = match meaning(tag, marker)? {
            Meaning::Function(function) => Some(function),
            _ => None,
        };
        self.check_depth(1 + usize::from(short_form.is_some()), marker)?;
        self.depth += 1 + usize::from(short_form.is_some());
        self.frames.push(Frame { content, short_form });
        Ok(())
    }

    fn close(&mut self, marker: &Marker) -> Result<(), TemplateError> {
        let Frame { content, short_form } =
            self.frames.pop().ok_or_else(|| not_well_formed(marker))?;
        self.depth -= 1 + usize::from(short_form.is_some());
        let value = match content {
            Content::Sequence(items) => Value::Array(items),
            Content::Mapping(members, _) => Value::Object(members),
        };
        let value = match short_form {
            Some(function) => long_form(function, value),
            None => value,
        };
        self.insert(value, marker)
    }

    fn insert(&mut self, value: Value, marker: &Marker) -> Result<(), TemplateError> {
        match self.frames.last_mut() {
            None => self.root = Some(value),
            Some(Frame { content: Content::Sequence(items), .. }) => items.push(value),
            Some(Frame { content: Content::Mapping(members, key), .. }) => {
                let key = key.take().ok_or_else(|| not_well_formed(marker))?;
                members.insert(key, value);
            }
        }
        Ok(())
    }

    fn check_depth(&self, levels: usize, marker: &Marker) -> Result<(), TemplateError> {
        if self.depth + levels > DEPTH_MAX { Err(not_well_formed(marker)) } else { Ok(()) }
    }
}

/// What a tag says about its node.
#[derive(Clone, Copy)]
enum Meaning {
    None,
    Function(Function),
    /// `!!str` or `!`: the text, unread.
    Text,
    /// `!!int` and the like: as if it were not quoted.
    Plain,
}

fn meaning(tag: Option<&Tag>, marker: &Marker) -> Result<Meaning, TemplateError> {
    let Some(tag) = tag else { return Ok(Meaning::None) };
    let meaning = match tag.core_suffix() {
        Some("str") => Some(Meaning::Text),
        Some("map" | "seq") => Some(Meaning::None),
        Some(_) => Some(Meaning::Plain),
        None if tag.parts() == ("", "!") || tag.parts() == ("!", "") => Some(Meaning::Text),
        None if tag.handle() == "!" => {
            Function::from_short_form(tag.suffix()).map(Meaning::Function)
        }
        None => None,
    };
    meaning.ok_or_else(|| not_well_formed(marker))
}

fn long_form(function: Function, argument: Value) -> Value {
    Value::Object(Map::from_iter([(function.key().to_owned(), argument)]))
}
