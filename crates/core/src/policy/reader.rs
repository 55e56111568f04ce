//! Reads a TOML document key by key, knows where each stands, and collects what is wrong.

use std::collections::{BTreeSet, HashMap};
use std::ops::{Bound, Range};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::Code;
use crate::name::Name;

use super::codes::{SYNTAX, TOO_LARGE, UNKNOWN_KEY};
use super::problem::Problem;

/// The longest policy file, in bytes.
pub(super) const MAX_FILE: usize = 1 << 20;
/// The longest line, in bytes; a longer text goes over several.
const MAX_LINE: usize = 4096;
/// The most parts of one dotted key. Without a limit, a forged key nests tables without end.
const MAX_PARTS: usize = 8;

/// Positions and problems of one file.
pub(super) struct Reader<'s> {
    source: &'s str,
    lines: Vec<usize>,
    spans: HashMap<String, Range<usize>>,
    keys: HashMap<String, Range<usize>>,
    broken: BTreeSet<String>,
    problems: Vec<Problem>,
    /// Whether problems are still those of single values, and not of what they add up to.
    reading: bool,
}

/// One table of the document.
#[derive(Clone)]
pub(super) struct Node<'t> {
    pub(super) table: &'t DeTable<'t>,
    pub(super) path: String,
}

impl<'s> Reader<'s> {
    /// A reader of a file, and its root, unless the file is too large or no TOML at all.
    pub(super) fn open(source: &'s str) -> (Self, Option<Spanned<DeTable<'s>>>) {
        let starts = source.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1);
        let mut reader = Self {
            source,
            lines: std::iter::once(0).chain(starts).collect(),
            spans: HashMap::new(),
            keys: HashMap::new(),
            broken: BTreeSet::new(),
            problems: Vec::new(),
            reading: true,
        };
        if !reader.fits() {
            return (reader, None);
        }
        let (root, errors) = DeTable::parse_recoverable(source);
        for error in errors {
            let message = error.message().trim().to_lowercase();
            reader.push(&SYNTAX, error.span().unwrap_or(0..0), String::new(), message, None);
        }
        if !reader.problems.is_empty() {
            // One mistake makes many on its line; the first is the one to mend.
            reader.problems.sort_by_key(|p| (p.line, p.column));
            reader.problems.dedup_by_key(|p| p.line);
            return (reader, None);
        }
        reader.index_table(root.get_ref(), "");
        (reader, Some(root))
    }

    /// Adds a problem at the value of a path, or at its key where the value is a table.
    pub(super) fn add(&mut self, code: &'static Code, path: &str, message: String, help: Help) {
        let span = self.spans.get(path).cloned().unwrap_or(0..0);
        self.push(code, span, path.to_owned(), message, help.0);
    }

    /// Ends the reading of values: what is found from here on hides no contradiction.
    pub(super) fn done_reading(&mut self) {
        self.reading = false;
    }

    /// Whether every value at a path and below could be read.
    pub(super) fn clean(&self, path: &str) -> bool {
        !self
            .broken
            .range::<str, _>((Bound::Included(path), Bound::Unbounded))
            .take_while(|broken| broken.starts_with(path))
            .any(|broken| matches!(broken.as_bytes().get(path.len()), None | Some(b'.' | b'[')))
    }

    /// Whether the file has something at a path.
    pub(super) fn has(&self, path: &str) -> bool {
        self.spans.contains_key(path)
    }

    /// The problems in the order of the file.
    pub(super) fn finish(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|p| (p.line, p.column));
        self.problems
    }

    fn fits(&mut self) -> bool {
        if self.source.len() > MAX_FILE {
            let help = format!("at most {MAX_FILE} bytes are allowed");
            let message = "the file is too large".to_owned();
            self.push(&TOO_LARGE, 0..0, String::new(), message, Some(help));
        }
        let long = self.source.split('\n').scan(0, |at, line| {
            let start = *at;
            *at += line.len() + 1;
            Some((start, line.len()))
        });
        if let Some((start, _)) = long.into_iter().find(|(_, len)| *len > MAX_LINE) {
            let help = format!("at most {MAX_LINE} bytes are allowed; write a long text as \"\"\"");
            let message = "a line is too long".to_owned();
            self.push(&TOO_LARGE, start..start, String::new(), message, Some(help));
        } else if let Some(at) = deep_key(self.source) {
            let message = format!("a dotted key has more than {MAX_PARTS} parts");
            self.push(&SYNTAX, at..at + 1, String::new(), message, None);
        }
        self.problems.is_empty()
    }

    fn index_table(&mut self, table: &DeTable<'_>, path: &str) {
        for (key, value) in table {
            let path = join(path, key.get_ref());
            self.keys.insert(path.clone(), key.span());
            let span = if value.get_ref().is_table() { key.span() } else { value.span() };
            self.index_value(value.get_ref(), span, path);
        }
    }

    fn index_value(&mut self, value: &DeValue<'_>, span: Range<usize>, path: String) {
        match value {
            DeValue::Table(table) => self.index_table(table, &path),
            DeValue::Array(array) => {
                for (i, element) in array.iter().enumerate() {
                    self.index_value(element.get_ref(), element.span(), format!("{path}[{i}]"));
                }
            }
            _ => {}
        }
        self.spans.insert(path, span);
    }

    fn push(
        &mut self,
        code: &'static Code,
        span: Range<usize>,
        path: String,
        message: String,
        help: Option<String>,
    ) {
        let start = span.start.min(self.source.len());
        let line = self.lines.partition_point(|begin| *begin <= start).max(1);
        let begin = self.lines.get(line - 1).copied().unwrap_or(0);
        let text = self.source.get(begin..).unwrap_or("").split('\n').next().unwrap_or("");
        let before = self.source.get(begin..start).unwrap_or("").chars().count();
        let marked = self.source.get(start..span.end.max(start)).unwrap_or("");
        let width = marked.split('\n').next().unwrap_or("").chars().count();
        let shown = if text.len() > MAX_LINE { "" } else { text.trim_end_matches('\r') };
        if self.reading {
            self.broken.insert(path.clone());
        }
        self.problems.push(Problem {
            code,
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(before + 1).unwrap_or(u32::MAX),
            path,
            message,
            help,
            excerpt: shown.chars().map(|c| if c.is_control() { ' ' } else { c }).collect(),
            width,
        });
    }
}

impl<'t> Node<'t> {
    /// A table with the keys that it may have; every other key is a problem.
    pub(super) fn new(
        reader: &mut Reader<'_>,
        table: &'t DeTable<'t>,
        path: String,
        allowed: &'static [&'static str],
    ) -> Self {
        for key in table.keys().map(|key| key.get_ref().as_ref()) {
            if !allowed.contains(&key) {
                let path = join(&path, key);
                let span = reader.keys.get(&path).cloned().unwrap_or(0..0);
                let message = format!("unknown key {}", quote(key));
                let help = choose(key, allowed.iter().copied(), "allowed here").0;
                reader.push(&UNKNOWN_KEY, span, path, message, help);
            }
        }
        Self { table, path }
    }

    /// The path of a key of this table.
    pub(super) fn at(&self, key: &str) -> String {
        join(&self.path, key)
    }

    /// The value of a key, if it is there.
    pub(super) fn value(&self, key: &str) -> Option<&'t DeValue<'t>> {
        self.table.get(key).map(Spanned::get_ref)
    }
}

/// What would be right, if there is something to say.
pub(super) struct Help(pub(super) Option<String>);

impl From<&str> for Help {
    fn from(text: &str) -> Self {
        Self(Some(text.to_owned()))
    }
}

impl From<String> for Help {
    fn from(text: String) -> Self {
        Self(Some(text))
    }
}

/// No help.
pub(super) const NO_HELP: Help = Help(None);

/// Names the nearest of the choices, if one is near, and then all of them.
pub(super) fn choose<'a>(typed: &str, all: impl Iterator<Item = &'a str>, what: &str) -> Help {
    let all: Vec<&str> = all.collect();
    let near = all
        .iter()
        .map(|choice| (distance(typed, choice), *choice))
        .filter(|(d, choice)| *d <= 1 + choice.len() / 4)
        .min();
    let mut help = match near {
        Some((_, choice)) => format!("did you mean `{choice}`? "),
        None => String::new(),
    };
    let listed: Vec<String> = all.iter().take(40).map(|choice| format!("`{choice}`")).collect();
    let list = if listed.is_empty() { "nothing".to_owned() } else { listed.join(", ") };
    help.push_str(&format!("{what}: {list}"));
    if all.len() > listed.len() {
        help.push_str(&format!(" and {} more", all.len() - listed.len()));
    }
    Help(Some(help))
}

/// User input in backticks: escaped, at most 64 characters of it.
pub(super) fn quote(text: &str) -> String {
    let cut: String = text.chars().take(64).flat_map(char::escape_debug).collect();
    format!("`{cut}{}`", if text.chars().nth(64).is_some() { "…" } else { "" })
}

/// The path of a key in the table at a path; quoted where it would not stand bare.
pub(super) fn join(path: &str, key: &str) -> String {
    let bare = !key.is_empty()
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    let key = if bare { key.to_owned() } else { format!("{key:?}") };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

/// The path of an entry of a section.
pub(super) fn entry(section: &str, name: &Name) -> String {
    join(section, name.as_str())
}

/// Number of characters to add, remove or replace to make one text of the other; long texts are
/// far from everything.
fn distance(a: &str, b: &str) -> usize {
    if a.len() > 64 || b.len() > 64 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (y, cell) in b.chars().zip(row.iter_mut().skip(1)) {
            let up = *cell;
            *cell = (diagonal + usize::from(x != y)).min(up + 1).min(left + 1);
            diagonal = up;
            left = *cell;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}

/// Where a dotted key has too many parts, if one has: counts dots outside strings and comments
/// between the signs that end a key.
fn deep_key(source: &str) -> Option<usize> {
    let bytes = source.as_bytes();
    let (mut at, mut dots) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        let rest = bytes.get(at..).unwrap_or_default();
        match byte {
            b'.' => dots += 1,
            b'\n' | b'=' | b',' | b'[' | b']' | b'{' | b'}' => dots = 0,
            b'#' => at += rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len()) - 1,
            b'"' | b'\'' => at += string_length(rest) - 1,
            _ => {}
        }
        if dots >= MAX_PARTS {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// The length of the string that begins here, its quotes included; at least 1.
fn string_length(rest: &[u8]) -> usize {
    let quote = rest.first().copied().unwrap_or(b'"');
    let triple = [quote; 3];
    let long = rest.starts_with(&triple);
    let mut at = if long { 3 } else { 1 };
    while let Some(byte) = rest.get(at) {
        match byte {
            b'\\' if quote == b'"' && (long || rest.get(at + 1) != Some(&b'\n')) => at += 1,
            b'\n' if !long => return at,
            _ if long && rest.get(at..).is_some_and(|tail| tail.starts_with(&triple)) => {
                return at + 3;
            }
            b if !long && *b == quote => return at + 1,
            _ => {}
        }
        at += 1;
    }
    rest.len()
}
