//! Whole files: golden errors, unknown keys at every place, damaged files.

use proptest::prelude::*;

use super::{BASE, EXAMPLE, edited, parsed, problems};
use crate::Error;
use crate::policy::Policy;

/// A file and what is said of it, kept side by side.
const GOLDEN: &[(&str, &str)] = &[
    (include_str!("golden/syntax.toml"), include_str!("golden/syntax.txt")),
    (include_str!("golden/many.toml"), include_str!("golden/many.txt")),
];

#[test]
fn errors_read_as_they_are_kept() {
    for (file, expected) in GOLDEN {
        let errors = Policy::parse(file).unwrap_err();
        assert_eq!(format!("{errors}\n"), *expected, "\n{errors}");
    }
}

#[test]
fn the_error_for_logs_holds_no_text_of_the_file() {
    let text = BASE.replace("Europe/Warsaw", "4242 4242 4242 4242");
    let errors = Policy::parse(&text).unwrap_err();
    assert!(errors.to_string().contains("4242"));
    let error = Error::from(errors);
    assert_eq!(
        error.to_string(),
        "policy.invalid: the policy file has problems \
         (problems 1, first policy.bad_value, line 3, column 13)"
    );
    assert!(std::error::Error::source(&error).is_none());
}

/// Lines of a file with one more, and its number; one for each table that has a header.
fn with_a_key_in_each_table(text: &str) -> Vec<(String, usize, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let headers = (0..lines.len()).filter(|i| *i == 0 || lines[*i].starts_with('['));
    let insert = |i: usize| {
        let at = if i == 0 { 0 } else { i + 1 };
        let mut lines = lines.clone();
        lines.insert(at, "zzz = 1");
        (lines.join("\n"), at + 1, lines[i].to_owned())
    };
    headers.map(insert).collect()
}

#[test]
fn an_unknown_key_is_found_in_every_table() {
    for text in [EXAMPLE, BASE] {
        for (changed, line, header) in with_a_key_in_each_table(text) {
            let found = problems(&changed);
            assert_eq!(found.len(), 1, "{header}");
            // In `facts` and `laws` any key is a name; it is its value that is wrong.
            let names = header == "[facts]" || header == "[laws]";
            let code = if names { "policy.wrong_type" } else { "policy.unknown_key" };
            assert_eq!((found[0].code.name, found[0].line as usize), (code, line), "{header}");
        }
        for (at, _) in text.match_indices("{ ") {
            let changed = format!("{}{{ zzz = 1, {}", &text[..at], &text[at + 2..]);
            let found = problems(&changed);
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].code.name, "policy.unknown_key");
            assert!(found[0].path.ends_with(".zzz"));
        }
    }
}

#[test]
fn a_missing_line_is_found_wherever_it_stands() {
    // Keys that may be missing, because there is a default or they are facts of their own.
    let optional = [
        "start",
        "end",
        "warn_before",
        "tools",
        "statements",
        "if",
        "returns",
        "within",
        "template",
        "marketing",
        "oldest_valid",
        "except",
        "second_approver",
    ];
    for (i, line) in BASE.lines().enumerate().filter(|(_, line)| line.contains(" = ")) {
        let key = line.split(" = ").next().unwrap();
        let left: Vec<_> =
            BASE.lines().enumerate().filter(|(j, _)| *j != i).map(|(_, line)| line).collect();
        let free = optional.contains(&key) || line == "processor = \"bank\"";
        assert_eq!(Policy::parse(&left.join("\n")).is_ok(), free, "{line}");
    }
}

#[test]
fn empty_files_say_what_is_missing() {
    for text in ["", "\n", "# nothing", "\u{feff}"] {
        let found = problems(text);
        assert!(found.len() > 10, "{}", found.len());
        assert!(found.iter().all(|problem| problem.code.name == "policy.missing_key"));
    }
}

/// Parses what may be anything; prints what is wrong, digests what is right.
fn survives(text: &str) {
    match Policy::parse(text) {
        Ok(policy) => drop(policy.digest()),
        Err(errors) => {
            assert!(!errors.problems().is_empty());
            let _ = errors.to_string();
            for problem in errors.problems() {
                assert!(problem.line >= 1 && problem.column >= 1);
                assert!(!problem.message.ends_with('.') && !problem.message.is_empty());
            }
        }
    }
}

#[test]
fn deep_nesting_does_not_end_the_process() {
    let deep = [
        "a.".repeat(2000),
        format!("a={}", "[".repeat(4000)),
        format!("a={}", "{a.a.a.a.a=".repeat(300)),
        format!("[{}a]", "a.".repeat(2000)),
        format!("a={}1{}", "[\n{a.a.a.a.a.a=".repeat(30_000), "}\n]".repeat(30_000)),
        "[[a.a.a.a.a.a.a]]\n".repeat(50_000),
        "\"\"\"".repeat(1000) + &".a".repeat(1000),
        "'a\n".to_owned() + &"a.".repeat(1000),
        "\"a\\\n".to_owned() + &"a.".repeat(1000),
    ];
    deep.iter().for_each(|text| survives(text));
}

proptest! {
    #[test]
    fn never_panics_on_a_damaged_file(
        base in any::<bool>(),
        cut in any::<prop::sample::Index>(),
        edits in prop::collection::vec(
            (any::<prop::sample::Index>(), 0usize..12, "[\\[\\]{}\"'.=,#\\\\ a-z0-9ł\r\n-]{0,6}"),
            0..6,
        ),
    ) {
        let mut text: Vec<char> = if base { BASE } else { EXAMPLE }.chars().collect();
        if edits.is_empty() {
            text.truncate(cut.index(text.len()));
        }
        for (at, remove, insert) in edits {
            let at = at.index(text.len());
            let end = (at + remove).min(text.len());
            text.splice(at..end, insert.chars());
        }
        survives(&text.into_iter().collect::<String>());
    }

    #[test]
    fn never_panics_on_anything(text in "\\PC{0,200}", lines in "[a-z.=\"'\\[\\]{}\n #0-9]{0,200}") {
        survives(&text);
        survives(&lines);
    }
}

#[test]
fn the_example_has_no_problem() {
    parsed(EXAMPLE);
}

#[test]
fn too_large_files_and_lines_are_refused() {
    let long = format!("{BASE}\n# {}", "a".repeat(5000));
    assert_eq!(problems(&long)[0].code.name, "policy.too_large");
    let large = format!("{BASE}{}", "\n# a comment".repeat(100_000));
    assert_eq!(problems(&large)[0].code.name, "policy.too_large");
    let deep = edited(BASE, "[log]", "[log.a.a.a.a.a.a.a.a]");
    assert_eq!(problems(&deep)[0].code.name, "policy.syntax");
}
