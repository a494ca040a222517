//! Functions of texts and lists.
use serde_json::json;

use crate::import::evaluate::Evaluator;
use crate::import::intrinsic::Call;
use crate::import::template::word;
use crate::import::value::{Is, Part};
use provision_core::diagnostic::{At, Path};
use provision_core::source::tree::Data;
use provision_core::text::Text;

impl<'a> Evaluator<'a> {
    /// `Fn::Sub`: a text with `${…}` in it, and names of its own beside it.
    pub fn substitute(&mut self, call: &Call<'a>) -> Option<Part> {
        let (text, own) = match (call.word(), call.items()) {
            (Some(text), _) => (text, None),
            (None, Some([text])) => (word(text)?, None),
            (None, Some([text, own])) => (word(text)?, Some(own)),
            _ => return self.misshaped(call, "a text, or a text and a mapping"),
        };
        let own = own.and_then(|it| self.evaluate(it, &call.inside.clone().index(1)));
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, after)) = after.split_once('}') else { break };
            pieces.push(Text::plain(before));
            pieces.push(match name.strip_prefix('!') {
                Some(literal) => Text::plain(&format!("${{{literal}}}")),
                None => self.named(name.trim(), own.as_ref(), &call.at),
            });
            rest = after;
        }
        pieces.push(Text::plain(rest));
        self.text(pieces, &call.at)
    }

    /// What `${name}` stands for.
    fn named(&mut self, name: &str, own: Option<&Part>, at: &Path) -> Text {
        if let Some(part) = own.and_then(|it| it.get(name)) {
            return part.as_text().cloned().unwrap_or_default();
        }
        let found = match self.values.kind_of(name).is_some() || name.starts_with("AWS::") {
            true => self.reference(name, at),
            false => match name.split_once('.') {
                Some((id, attribute)) => self.resource(id, attribute, at),
                None => self.reference(name, at),
            },
        };
        found.and_then(|it| it.as_text().cloned()).unwrap_or_default()
    }

    /// These texts as one, which costs work for each byte.
    fn text(&mut self, pieces: Vec<Text>, at: &Path) -> Option<Part> {
        let length: usize = pieces.iter().map(Text::weight).sum();
        self.work(length, at)?;
        Some(Part::text(Text::joined(pieces), at))
    }

    /// `Fn::Join`: texts with another one between them.
    pub fn join(&mut self, call: &Call<'a>) -> Option<Part> {
        let Some([between, list]) = call.items() else {
            return self.misshaped(call, "[delimiter, [texts]]");
        };
        let between = Text::plain(word(between).unwrap_or_default());
        let list = self.evaluate(list, &call.inside.clone().index(1))?;
        let Some(items) = list.as_list() else { return Some(self.compute(call)) };
        let mut pieces = Vec::new();
        for (n, item) in items.iter().enumerate() {
            let Some(text) = item.as_text() else { return Some(self.compute(call)) };
            if n > 0 {
                pieces.push(between.clone());
            }
            pieces.push(text.clone());
        }
        self.text(pieces, &call.at)
    }

    /// `Fn::Split`: a text cut into a list. What is open in it must be known for that.
    pub fn split(&mut self, call: &Call<'a>) -> Option<Part> {
        let Some([by, text]) = call.items() else {
            return self.misshaped(call, "[delimiter, text]");
        };
        let by = word(by).filter(|it| !it.is_empty())?;
        let part = self.evaluate(text, &call.inside.clone().index(1))?;
        let filled = self.values.fill(part.as_text()?);
        let Some(plain) = filled.text.as_plain() else { return Some(self.compute(call)) };
        if !filled.used.is_empty() {
            self.decided("this list", &filled.used, &call.at);
        }
        self.work(plain.len(), &call.at)?;
        let items = plain.split(by).map(|it| Part::text(Text::plain(it), &call.at)).collect();
        Some(Part { at: call.at.clone(), is: Is::List(items) })
    }

    /// `Fn::Select`: one item of a list.
    pub fn select(&mut self, call: &Call<'a>) -> Option<Part> {
        let Some([n, list]) = call.items() else {
            return self.misshaped(call, "[index, list]");
        };
        let n: usize =
            match self.word(n, &call.inside.clone().index(0)).and_then(|it| it.parse().ok()) {
                Some(n) => n,
                None => return Some(self.compute(call)),
            };
        // What can't be worked out inside is one with what can't be worked out here.
        let (findings, computed) = (self.findings.len(), self.computed.len());
        let list = self.evaluate(list, &call.inside.clone().index(1))?;
        let Some(items) = list.as_list() else {
            self.findings.truncate(findings);
            self.computed.truncate(computed);
            return Some(self.compute(call));
        };
        match items.get(n) {
            Some(item) => Some(Part { at: call.at.clone(), is: item.is.clone() }),
            None => {
                let message = format!("the list has {} items, and no item {n}", items.len());
                let help = "it is left out; count from 0";
                self.warn("PV509", At::Value(call.at.clone()), message, help);
                None
            }
        }
    }

    pub fn length(&mut self, call: &Call<'a>) -> Option<Part> {
        let argument = match call.data() {
            Some(Data::List(items)) => Some(items.len()),
            _ => self.argument(call)?.as_list().map(<[Part]>::len),
        };
        match argument {
            Some(count) => {
                let text = Text::plain(&count.to_string());
                Some(Part { at: call.at.clone(), is: Is::Scalar { text, plain: true } })
            }
            None => Some(self.compute(call)),
        }
    }

    /// `Fn::ToJsonString`: a text that is JSON. Where something is open in it, nobody can tell how it
    /// would be escaped.
    pub fn json(&mut self, call: &Call<'a>) -> Option<Part> {
        let mut part = self.argument(call)?;
        let mut open = false;
        part.each_text(&mut |text, _| open |= text.as_plain().is_none());
        if open {
            return Some(self.compute(call));
        }
        let text = part.to_value().to_string();
        self.text(vec![Text::plain(&text)], &call.at)
    }

    /// `Fn::ImportValue`: what another stack exports becomes a parameter.
    pub fn import_value(&mut self, call: &Call<'a>) -> Option<Part> {
        let name = match call.data() {
            Some(Data::Scalar { text, .. }) => Text::plain(text),
            _ => self.argument(call)?.as_text()?.clone(),
        };
        let said = json!({ "Fn::ImportValue": name.to_value() });
        let description = format!("What another stack exports as {name}");
        Some(self.computed(&name.to_string(), description, said, &call.at))
    }

    /// `Fn::FindInMap`: an entry of a mapping. Keys that are open are decided.
    pub fn find_in_map(&mut self, call: &Call<'a>) -> Option<Part> {
        let items = call.items().unwrap_or_default();
        let [mapping, first, second, rest @ ..] = items else {
            return self.misshaped(call, "[mapping, key, key]");
        };
        let keys = [mapping, first, second];
        let mut words: Vec<Option<String>> = Vec::new();
        for (n, node) in keys.into_iter().enumerate() {
            words.push(self.word(node, &call.inside.clone().index(n)));
        }
        let [Some(name), Some(first), Some(second)] = words.as_slice() else {
            return Some(self.unknown_entry(call, words));
        };
        let found = self.mapping(name).and_then(|it| Self::under(it, first));
        if let Some(found) = found.and_then(|it| Self::under(it, second)) {
            let at = Path::default().key("Mappings").key(name).key(first).key(second);
            let part = self.evaluate(found, &at)?;
            return Some(Part { at: call.at.clone(), is: part.is });
        }
        if let Some(default) = rest.first().and_then(|it| Self::under(it, "DefaultValue")) {
            return self.evaluate(default, &call.inside.clone().index(3).key("DefaultValue"));
        }
        let message = format!("the mapping `{name}` has no `{first}`, `{second}`");
        let help = "it is left out; give other values with `--param` or `--region`";
        self.warn("PV509", At::Value(call.at.clone()), message, help);
        None
    }

    /// An entry whose keys nobody knows yet: a parameter, with what it may be.
    fn unknown_entry(&mut self, call: &Call<'a>, words: Vec<Option<String>>) -> Part {
        let message = "which entry of the mapping this is depends on a value that is not known";
        let help = "the spec has a parameter in its place: give it a value, or give the value here \
                    with `--param NAME=VALUE` or `--region`";
        self.warn("PV505", At::Value(call.at.clone()), message, help);
        let known: Vec<&str> = words.iter().flatten().map(String::as_str).collect();
        let description = format!("What the template's mapping has: {}", known.join(", "));
        self.computed(&known.join(" "), description, call.said(), &call.at)
    }
}
