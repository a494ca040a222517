//! For a build server: JUnit's XML, as Jenkins, GitLab and GitHub's actions read it.
use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use crate::client::verify::{Expected, Finding, Verdict, Verified};
use crate::render::verification::{Verification, about, detail};

/// A suite for each API, a case for each check. `strict`: what was not tried has failed.
pub fn junit(it: &Verification, strict: bool) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    // Nothing can go wrong: it is written into memory.
    let _ = whole(&mut writer, it, strict);
    let mut text = String::from_utf8_lossy(&writer.into_inner()).into_owned();
    text.push('\n');
    text
}

type Xml = Writer<Vec<u8>>;

fn whole(xml: &mut Xml, it: &Verification, strict: bool) -> io::Result<()> {
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let all: Vec<&Finding> = it.apis.iter().flat_map(|it| &it.findings).collect();
    let name = format!("provision verify {}", it.stack);
    let attributes = Numbers::of(&all, strict).attributes(&name);
    let suites = xml.create_element("testsuites");
    suites.with_attributes(pairs(&attributes)).write_inner_content(|xml| {
        it.apis.iter().try_for_each(|api| suite(xml, &it.stack, api, strict))
    })?;
    Ok(())
}

fn suite(xml: &mut Xml, stack: &str, api: &Verified, strict: bool) -> io::Result<()> {
    let all: Vec<&Finding> = api.findings.iter().collect();
    let attributes = Numbers::of(&all, strict).attributes(&format!("apis/{}", api.api));
    let suite = xml.create_element("testsuite");
    suite.with_attributes(pairs(&attributes)).write_inner_content(|xml| {
        let class = format!("{stack}.{}", api.api);
        api.findings.iter().try_for_each(|it| case(xml, &class, it, strict))
    })?;
    Ok(())
}

fn case(xml: &mut Xml, class: &str, it: &Finding, strict: bool) -> io::Result<()> {
    let expected = match it.expected {
        Expected::Allowed => "allowed",
        Expected::Refused => "refused",
    };
    let name = clean(&format!("{}: {} is {expected}", about(&it.about), it.operation.words()));
    let (class, time) = (clean(class), seconds(it.took_ms));
    let attributes = [("name", &*name), ("classname", &*class), ("time", &*time)];
    let case = xml.create_element("testcase").with_attributes(attributes);
    let why = clean(&detail(it));
    let kind = it.error_type.as_deref().map(clean).unwrap_or_default();
    let told = |element: &'static str, kind: &str| {
        let attributes =
            [("message".to_owned(), why.clone()), ("type".to_owned(), kind.to_owned())];
        (element, attributes)
    };
    let (element, attributes) = match outcome(it, strict) {
        Outcome::Passed if why.is_empty() => return case.write_empty().map(drop),
        Outcome::Passed => {
            case.write_inner_content(|xml| {
                let out = xml.create_element("system-out");
                out.write_text_content(BytesText::new(&why)).map(drop)
            })?;
            return Ok(());
        }
        Outcome::Skipped => {
            case.write_inner_content(|xml| {
                let skipped = xml.create_element("skipped");
                skipped.with_attribute(("message", &*why)).write_empty().map(drop)
            })?;
            return Ok(());
        }
        Outcome::Failed => told("failure", if kind.is_empty() { "difference" } else { &kind }),
        Outcome::Broken => told("error", if kind.is_empty() { "unclear" } else { &kind }),
    };
    case.write_inner_content(|xml| {
        let failed = xml.create_element(element).with_attributes(pairs(&attributes));
        failed.write_text_content(BytesText::new(&why)).map(drop)
    })?;
    Ok(())
}

enum Outcome {
    Passed,
    Skipped,
    Failed,
    Broken,
}

fn outcome(it: &Finding, strict: bool) -> Outcome {
    match it.verdict {
        Verdict::Same | Verdict::HandlerDecides => Outcome::Passed,
        Verdict::NotTried if !strict => Outcome::Skipped,
        Verdict::NotTried | Verdict::Difference => Outcome::Failed,
        Verdict::Unclear => Outcome::Broken,
    }
}

/// What a build server shows before anything else.
#[derive(Default)]
struct Numbers {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
    took_ms: f64,
}

impl Numbers {
    fn of(all: &[&Finding], strict: bool) -> Self {
        let mut numbers = Self { tests: all.len(), ..Self::default() };
        for it in all {
            numbers.took_ms += it.took_ms;
            match outcome(it, strict) {
                Outcome::Passed => {}
                Outcome::Skipped => numbers.skipped += 1,
                Outcome::Failed => numbers.failures += 1,
                Outcome::Broken => numbers.errors += 1,
            }
        }
        numbers
    }
    fn attributes(&self, name: &str) -> Vec<(String, String)> {
        let pairs = [
            ("name", clean(name)),
            ("tests", self.tests.to_string()),
            ("failures", self.failures.to_string()),
            ("errors", self.errors.to_string()),
            ("skipped", self.skipped.to_string()),
            ("time", seconds(self.took_ms)),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

fn pairs(of: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    of.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}

fn seconds(milliseconds: f64) -> String {
    format!("{:.3}", milliseconds / 1_000.0)
}

/// Without what XML can't hold.
fn clean(text: &str) -> String {
    text.chars().filter(|it| !it.is_control() && !matches!(it, '\u{fffe}' | '\u{ffff}')).collect()
}
