//! The checker itself, on small inputs.
use std::collections::BTreeSet;

use crate::phrases::{Hit, Phrases, chars};
use crate::report::{self, EXCEPTIONS_MAX, Report};
use crate::rust;
use crate::texts;

const LIST: &str = "\
# A comment.
moment => timestamp
is no => is not a valid
so that nobody => so no one
nobody => no one
stands => exists
stands for => (ordinary)
leave … away => omit
--switches => --emulator-options
";

fn phrases() -> Phrases {
    Phrases::parse(LIST).expect("the list is well-formed")
}

/// The phrases found in a file, with their lines.
fn found(path: &str, text: &str) -> Vec<(usize, String)> {
    let file = texts::read(path, text, false);
    let hits = file.texts.iter().flat_map(|text| phrases().find(text));
    let mut all: Vec<(usize, String)> =
        hits.map(|Hit { line, phrase, .. }| (line, phrase)).collect();
    all.sort();
    all
}

#[track_caller]
fn check(path: &str, text: &str, expected: &[(usize, &str)]) {
    let expected: Vec<(usize, String)> =
        expected.iter().map(|(line, phrase)| (*line, (*phrase).to_owned())).collect();
    assert_eq!(found(path, text), expected, "{text}");
}

#[track_caller]
fn check_rust(code: &str, expected: &[(usize, &str)]) {
    check("src/code.rs", code, expected);
}

#[test]
fn literals_of_every_form_are_read() {
    check_rust(r#"const A: &str = "one moment";"#, &[(1, "moment")]);
    check_rust("const A: &str = r\"one moment\";", &[(1, "moment")]);
    check_rust("const A: &str = r##\"a \"# moment\"##;", &[(1, "moment")]);
    check_rust("const A: &[u8] = b\"one moment\";", &[(1, "moment")]);
    check_rust("const A: &[u8] = br#\"one \" moment\"#;", &[(1, "moment")]);
    check_rust("const A: &CStr = c\"one moment\";", &[(1, "moment")]);
    check_rust(r#"const A: &str = "\"\\\u{e9}\x41\tmoment";"#, &[(1, "moment")]);
}

#[test]
fn what_is_not_text_is_passed_over() {
    check_rust("fn moment(moment: &'moment u8) -> char { 'm' }", &[]);
    check_rust("const A: [char; 3] = ['\"', '\\'', '\\u{22}']; fn moment() {}", &[]);
    check_rust("const A: u8 = b'\"'; const moment: f64 = 1.5e3;", &[]);
    check_rust("fn r#moment() {}", &[]);
    check_rust(r#"const A: &str = "momentum, moments_of, my_moment and thing.moment";"#, &[]);
    check_rust(r#"let text = format!("{moment} and {moment:?}, {{}}");"#, &[]);
    check_rust(
        r#"let text = format!("{} moment {{ moment }}", 1);"#,
        &[(1, "moment"), (1, "moment")],
    );
}

#[test]
fn comments_are_read_with_their_paragraphs() {
    check_rust("// One moment.", &[(1, "moment")]);
    check_rust("/// One moment.\nfn a() {}\n//! one moment", &[(1, "moment"), (3, "moment")]);
    check_rust("/* One\n /* inner */ moment. */", &[(2, "moment")]);
    check_rust(
        "// This is\n// no file, so that\n// nobody reads it.",
        &[(1, "is no"), (2, "so that nobody")],
    );
    check_rust("// This is\n//\n// no paragraph", &[]);
    check_rust("// This is\nfn a() {}\n// no paragraph", &[]);
    check_rust("a(); // This is\nb(); // no paragraph", &[]);
    check_rust("/// This is\n// no doc comment", &[]);
    check_rust("//// moment ////", &[(1, "moment")]);
}

#[test]
fn a_phrase_is_found_across_the_lines_of_a_literal() {
    check_rust(
        "const A: &str = \"this is \\\n    no file\\\n  , so that\nnobody\";",
        &[(1, "is no"), (3, "so that nobody")],
    );
}

#[test]
fn words_are_whole_and_of_either_case() {
    check_rust("// MOMENT, Nobody's, moment-wise", &[(1, "moment"), (1, "moment"), (1, "nobody")]);
    check_rust("// it is non-empty, is north, Noment", &[]);
    check_rust("// What is: no. It is. No.", &[]);
}

#[test]
fn the_longest_phrase_counts_and_ordinary_ones_are_allowed() {
    check_rust("// so that nobody", &[(1, "so that nobody")]);
    check_rust("// It stands for that, and stands there.", &[(1, "stands")]);
}

#[test]
fn a_gap_takes_a_few_words_of_one_sentence() {
    check_rust("// leave `--region` away", &[(1, "leave … away")]);
    check_rust("// leave it. Go away", &[]);
    check_rust("// leave one two three four five away", &[]);
    check_rust("// leave away", &[]);
}

#[test]
fn options_are_found_with_their_dashes() {
    check("README.md", "`--switches FILE`, which switches <!-- switches -->", &[(1, "--switches")]);
}

#[test]
fn literals_of_test_code_are_not_read_and_names_of_tests_are() {
    check_rust(
        "#[cfg(test)]\nmod tests {\n fn a() { \"moment\" }\n}\nconst A: &str = \"moment\";",
        &[(5, "moment")],
    );
    check_rust("#[cfg(not(test))]\nconst A: &str = \"moment\";", &[(2, "moment")]);
    check_rust(
        "#[cfg(all(test, unix))]\n#[derive(Debug)]\nstruct A { a: [u8; 2] }\nconst A: &str = \"moment\";",
        &[(4, "moment")],
    );
    check_rust("#[test]\nfn this_is_no_test() { \"moment\" }\nfn nobody() {}", &[(2, "is no")]);
    check_rust(
        "#[tokio::test(flavor = \"multi_thread\")]\nasync fn nobody_comes() {}",
        &[(2, "nobody")],
    );
    check_rust("#[cfg(test)] use a::b; const A: &str = \"moment\";", &[(1, "moment")]);
    let file = texts::read("tests/it/a.rs", "const A: &str = \"moment\"; fn nobody_is() {}", true);
    let hits: Vec<Hit> = file.texts.iter().flat_map(|text| phrases().find(text)).collect();
    assert_eq!(hits.len(), 1);
}

#[test]
fn modules_behind_a_test_attribute_are_named() {
    let source = rust::read("#[cfg(test)]\nmod fixture;\nmod other;", false);
    assert_eq!(source.test_modules, BTreeSet::from(["fixture".to_owned()]));
}

#[test]
fn documents_are_read_as_a_whole() {
    check(
        "docs/a.md",
        "One\nmoment, this is\n\nno paragraph.\n```\nmoment\n```",
        &[(2, "moment"), (6, "moment")],
    );
    check("templates/a/spec.yaml", "version: 1 # nobody", &[(1, "nobody")]);
    check("src/page.js", "const a = 'nobody' // is no\n", &[(1, "is no"), (1, "nobody")]);
}

#[test]
fn of_schemas_only_descriptions_are_read() {
    let schema = r#"{
      "description": "One moment, \u00e9.",
      "nobody": { "type": "string", "const": "moment" },
      "properties": { "description": { "title": "nobody" } }
    }"#;
    check("schemas/a.schema.json", schema, &[(2, "moment"), (4, "nobody")]);
}

#[test]
fn the_style_guide_may_quote_what_not_to_write() {
    let table = "| say | not |\n|---|---|\n| time | a \\| moment |\n| moment | x |\n\nmoment\n";
    check("STYLE.md", table, &[(4, "moment"), (6, "moment")]);
    check("docs/a.md", table, &[(3, "moment"), (4, "moment"), (6, "moment")]);
}

#[test]
fn a_list_that_is_malformed_is_rejected() {
    assert!(Phrases::parse("moment").is_err());
    assert!(Phrases::parse("… moment => a").is_err());
    assert!(Phrases::parse("moment => a\nmoment => b").is_err());
}

#[test]
fn exceptions_are_few_reasoned_and_used() {
    let read = |list: &str| report::exceptions(list, &phrases());
    assert!(read("a.md | moment").is_err());
    assert!(read("a.md | moment | ").is_err());
    assert!(read("a.md | unlisted | reason").is_err());
    let many = |count: usize| {
        (0..count).map(|n| format!("{n}.md | moment | reason\n")).collect::<String>()
    };
    assert!(read(&many(EXCEPTIONS_MAX)).is_ok());
    assert!(read(&many(EXCEPTIONS_MAX + 1)).is_err());

    let file = |text: &str| [texts::read("0.md", text, false)];
    let one = read(&many(1)).unwrap();
    assert!(Report::new(&file("one moment"), &phrases(), &one).is_clean());
    let unused = Report::new(&file("one"), &phrases(), &one);
    assert!(
        unused.text().contains("0.md: the exception for `moment` is not used"),
        "{}",
        unused.text()
    );
    let other = Report::new(&file("one moment, nobody"), &phrases(), &one);
    assert!(other.text().contains("0.md:1: nobody → no one"), "{}", other.text());
}

#[test]
fn closures_with_a_parameter_it_are_counted() {
    let lines = |code: &str| rust::read(code, false).it_closures;
    assert_eq!(lines("a.map(|it| it.b)\n.map(move |(_, it)| it)\n.map(|it: &u8| it)"), [1, 2, 3]);
    assert_eq!(
        lines("let it = a | it | b; match it { A | B => |item| item, it => || it }"),
        [0; 0]
    );
    assert_eq!(lines("// |it|\nlet a = \"|it|\"; b(&|it| it, 1)"), [2]);
}

#[test]
fn lines_are_counted_from_one() {
    assert_eq!(chars("a\nb"), [('a', 1), ('\n', 1), ('b', 2)]);
}
