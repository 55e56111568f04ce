//! Reads the files of `vectors/bytes` for tests: lines `name: value`, lists of fields with ` | `
//! between them, bytes in hexadecimal.

use std::path::PathBuf;

/// One file.
pub(crate) struct Case {
    pub(crate) name: String,
    lines: Vec<(String, String)>,
}

impl Case {
    /// All values under a name, in the order of the file.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.lines.iter().filter(|(key, _)| key == name).map(|(_, v)| v.as_str()).collect()
    }

    /// The value under a name that has one at most.
    pub(crate) fn maybe(&self, name: &str) -> Option<&str> {
        let values = self.all(name);
        assert!(values.len() <= 1, "{}: {name}", self.name);
        values.first().copied()
    }

    /// The value under a name that has exactly one.
    pub(crate) fn one(&self, name: &str) -> &str {
        self.maybe(name).unwrap_or_else(|| panic!("{}: {name}", self.name))
    }

    /// The bytes under a name.
    pub(crate) fn hex(&self, name: &str) -> Vec<u8> {
        unhex(self.one(name))
    }

    /// As many bytes as are asked for.
    pub(crate) fn array<const N: usize>(&self, name: &str) -> [u8; N] {
        array(self.one(name))
    }

    /// The code of the error that is expected, if one is.
    pub(crate) fn error(&self) -> Option<&str> {
        Some(self.one("expect")).filter(|expect| *expect != "ok")
    }

    /// All lines, their values taken apart.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        self.lines.iter().map(|(key, value)| (key.as_str(), value.split(" | ").collect()))
    }
}

/// The cases of a format. At least one, and each has lines of its own.
pub(crate) fn cases(format: &str) -> Vec<Case> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../vectors/bytes");
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let lines = text.lines().map(|line| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_owned(), value.strip_prefix(' ').unwrap_or(value).to_owned())
        });
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let case = Case { name, lines: lines.collect() };
        if case.one("format") == format {
            cases.push(case);
        }
    }
    assert!(cases.iter().any(|case| case.error().is_none()), "no case of {format}");
    cases
}

/// Bytes from their hexadecimal form.
pub(crate) fn unhex(hex: &str) -> Vec<u8> {
    assert!(hex.is_ascii() && hex.len().is_multiple_of(2), "{hex}");
    (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
}

/// As many bytes as are asked for, from their hexadecimal form.
pub(crate) fn array<const N: usize>(hex: &str) -> [u8; N] {
    unhex(hex).try_into().unwrap_or_else(|_| panic!("{hex}: not {N} bytes"))
}
