//! A value in every form in which it could stand in a file, and the search for all of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// In hexadecimal, lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The forms in which a value could stand in a file.
pub(crate) fn forms(value: &[u8]) -> BTreeMap<&'static str, Vec<u8>> {
    let mut forms = BTreeMap::from([
        ("as it is", value.to_vec()),
        ("hex", hex(value).into_bytes()),
        ("URL-encoded", percent(value, false)),
        ("URL-encoded whole", percent(value, true)),
    ]);
    let names =
        [["base64", "base64 + 1", "base64 + 2"], ["base64url", "base64url + 1", "base64url + 2"]];
    for (engine, names) in [STANDARD, URL_SAFE].iter().zip(names) {
        for (shift, name) in names.into_iter().enumerate() {
            // What no neighbour has a bit in.
            let text = engine.encode([&vec![0; shift], value].concat());
            let (from, to) = ((shift * 8).div_ceil(6), (shift + value.len()) * 8 / 6);
            forms.insert(name, text.as_bytes()[from..to].to_vec());
        }
    }
    if let Ok(text) = std::str::from_utf8(value) {
        forms.insert("lower case", text.to_lowercase().into_bytes());
        forms.insert("upper case", text.to_uppercase().into_bytes());
        forms.insert("UTF-16LE", text.encode_utf16().flat_map(u16::to_le_bytes).collect());
        forms.insert("UTF-16BE", text.encode_utf16().flat_map(u16::to_be_bytes).collect());
        let lower = text.to_lowercase();
        forms.insert("lower UTF-16LE", lower.encode_utf16().flat_map(u16::to_le_bytes).collect());
        forms.insert("lower hex", hex(lower.as_bytes()).into_bytes());
        forms.insert("lower base64", STANDARD.encode(&lower).trim_end_matches('=').into());
    }
    forms
}

fn percent(value: &[u8], whole: bool) -> Vec<u8> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let encode = |byte: &u8| {
        if plain(*byte) && !whole { vec![*byte] } else { format!("%{byte:02x}").into_bytes() }
    };
    value.iter().flat_map(encode).collect()
}

/// Looks for many needles at once, in any case of ASCII letters.
pub(crate) struct Scan(HashMap<[u8; 8], Vec<(String, Vec<u8>)>>);

impl Scan {
    pub(crate) fn new(canaries: &BTreeMap<String, Vec<u8>>) -> Self {
        let mut by_head: HashMap<_, Vec<_>> = HashMap::new();
        for (name, value) in canaries {
            for (form, bytes) in forms(value) {
                let bytes = bytes.to_ascii_lowercase();
                let head: [u8; 8] = bytes[..8].try_into().expect("canaries have 8 bytes");
                by_head.entry(head).or_default().push((format!("{name}, {form}"), bytes));
            }
        }
        Self(by_head)
    }

    pub(crate) fn find(&self, haystack: &[u8]) -> BTreeSet<&str> {
        let haystack = haystack.to_ascii_lowercase();
        let mut found = BTreeSet::new();
        for (at, head) in haystack.windows(8).enumerate() {
            let needles = self.0.get(head).into_iter().flatten();
            let here = needles.filter(|(_, needle)| haystack[at..].starts_with(needle));
            found.extend(here.map(|(name, _)| name.as_str()));
        }
        found
    }
}
