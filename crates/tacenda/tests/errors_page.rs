//! `docs/errors.md` lists every code; `cargo xtask errors` writes it anew.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use tacenda_core::error::{Code, Retry};

/// The codes of every room. A code that is missing here is found by a test below.
static LISTS: &[&[&Code]] = &[
    &[&tacenda_core::codec::MALFORMED],
    &[&tacenda_core::id::BAD_ID],
    &[&tacenda_core::name::BAD_NAME],
    &[&tacenda_core::clock::BAD_TIMESTAMP],
    tacenda_core::calendar::CODES,
    tacenda_core::guard::CODES,
    tacenda_core::log::CODES,
    tacenda_core::password::CODES,
    tacenda_core::outbox::CODES,
    tacenda_core::pii::CODES,
    tacenda_core::policy::CODES,
    tacenda_core::policy::catalogue::CODES,
    tacenda_core::ports::CODES,
    tacenda_core::seal::CODES,
    tacenda_core::vault::codes::CODES,
    tacenda_notify::CODES,
    tacenda_notify::smtp::CODES,
    tacenda_payments::CODES,
    tacenda::CODES,
    tacenda::import::CODES,
];

const HEAD: &str = "# Errors

Every error of the SDK has a code, in Rust, JavaScript and Python alike. A code never changes its
name or its kind once shipped; the words may be put better. Decide by code or kind, never by words.
The context of an error holds field names, names from the policy, ids and numbers, never a value
that somebody typed.

- **kind** says who can do something about it: `input`: the caller; `refused`: the policy does not
  allow it; `not_found`, `conflict`: look again; `configuration`: the operator, nothing was written;
  `integrity`: stored data is not what was stored; `unavailable`: the disk, database or network.
- **retry** says whether the same call can succeed later: `never`; `safe`: nothing was written;
  `unknown`: read first.

This page is written by `cargo xtask errors`.
";

#[test]
fn the_page_lists_every_code() {
    let path = root().join("docs/errors.md");
    let page = render();
    if std::env::var_os("TACENDA_BLESS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == page, "docs/errors.md is not up to date: run `cargo xtask errors`");
}

#[test]
fn every_code_in_the_source_is_in_a_list() {
    let listed: BTreeSet<&str> = codes().map(|code| code.name).collect();
    let mut written = BTreeSet::new();
    for file in sources(&root().join("crates")) {
        written.extend(codes_in(&fs::read_to_string(file).unwrap()));
    }
    let missing: Vec<_> = written.iter().filter(|name| !listed.contains(name.as_str())).collect();
    assert!(missing.is_empty(), "add the lists of these codes to LISTS: {missing:?}");
}

#[test]
fn codes_are_unique_and_well_formed() {
    let mut seen = BTreeMap::new();
    for code in codes() {
        let Code { name, summary, .. } = code;
        if let Some(other) = seen.insert(*name, code) {
            assert!(std::ptr::eq(other, code), "two codes are named {name}");
        }
        let (room, word) = name.split_once('.').unwrap();
        for part in [room, word] {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            assert!(!part.is_empty() && part.chars().all(plain), "{name}");
        }
        assert!(!summary.starts_with(char::is_uppercase), "{name}: {summary}");
        assert!(!summary.is_empty() && !summary.ends_with('.'), "{name}: {summary}");
        assert!(!summary.contains(['\n', '|']), "{name}: {summary}");
    }
}

#[test]
fn codes_are_found_in_source_text() {
    let source = "static A: Code = Code::new(\"a.b\", Kind::Input, \"x\");\nstatic B: Code =\n    \
                  Code::new(\n        \"c.d\",\n        Kind::Input,\n \"y\").retry(Retry::Safe);\n\
                  /// As in `Code::new(name, …)`.\n#[cfg(test)]\nmod tests {\n    \
                  static T: Code = Code::new(\"t.t\", Kind::Input, \"z\");\n}\n";
    assert_eq!(codes_in(source).collect::<Vec<_>>(), ["a.b", "c.d"]);
}

fn codes() -> impl Iterator<Item = &'static Code> {
    LISTS.iter().chain(tacenda_gdpr::CODES).flat_map(|list| list.iter().copied())
}

/// The page: one table per room, in the order of the names.
fn render() -> String {
    let by_name: BTreeMap<&str, &Code> = codes().map(|code| (code.name, code)).collect();
    let mut page = HEAD.to_owned();
    let mut room = "";
    for (name, code) in by_name {
        let (its_room, _) = name.split_once('.').unwrap();
        if its_room != room {
            room = its_room;
            page.push_str(&format!(
                "\n## {room}\n\n| code | kind | retry | what it says |\n|---|---|---|---|\n"
            ));
        }
        let retry = match code.retry {
            Retry::Never => "never",
            Retry::Safe => "safe",
            Retry::Unknown => "unknown",
        };
        let kind = code.kind.as_str();
        page.push_str(&format!("| `{name}` | {kind} | {retry} | {} |\n", code.summary));
    }
    page
}

/// The names in `Code::new("…"`, up to the tests of the file.
fn codes_in(source: &str) -> impl Iterator<Item = String> {
    let code = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let names = code.split("Code::new(").skip(1).filter_map(|rest| {
        let name = rest.trim_start().strip_prefix('"')?;
        name.split_once('"').map(|(name, _)| name.to_owned())
    });
    names.collect::<Vec<_>>().into_iter()
}

/// All Rust files under the `src` folders of the crates.
fn sources(crates: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<_> =
        fs::read_dir(crates).unwrap().map(|entry| entry.unwrap().path().join("src")).collect();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                files.push(path);
            }
        }
    }
    assert!(files.len() > 10, "the source was not found");
    files
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
