//! Access to what a table holds more than one of: lists, names, texts, tables.

use std::collections::BTreeSet;

use toml::de::DeValue;

use crate::name::{BAD_NAME, Name};

use super::codes::{BAD_VALUE, DUPLICATE, UNDECLARED, UNKNOWN_KEY};
use super::fields::{TEXT, is_long_text};
use super::model::Texts;
use super::reader::{NO_HELP, Node, Reader, choose, quote};

impl<'t> Node<'t> {
    /// The strings of a list with their paths; `None` if the key is not there.
    pub(super) fn strings(&self, r: &mut Reader<'_>, key: &str) -> Option<Vec<(&'t str, String)>> {
        let value = self.value(key)?;
        let path = self.at(key);
        let Some(array) = value.as_array() else {
            self.wrong_type(r, &path, "a list of strings", value);
            return Some(Vec::new());
        };
        let mut strings: Vec<(&str, String)> = Vec::new();
        let mut seen = BTreeSet::new();
        for (i, element) in array.iter().enumerate() {
            let path = format!("{path}[{i}]");
            match element.get_ref().as_str() {
                Some(text) if !seen.insert(text) => {
                    r.add(&DUPLICATE, &path, format!("{} stands here twice", quote(text)), NO_HELP);
                }
                Some(text) => strings.push((text, path)),
                None => self.wrong_type(r, &path, "a string", element.get_ref()),
            }
        }
        Some(strings)
    }

    /// A list of names that are declared elsewhere, in the order of the file.
    pub(super) fn names(&self, r: &mut Reader<'_>, key: &str, declared: &Declared) -> Vec<Name> {
        let listed = self.strings(r, key).unwrap_or_default();
        listed.iter().filter_map(|(text, path)| declared.find(r, path, text)).collect()
    }

    /// A list of names that must be there; it may be empty.
    pub(super) fn names_stated(
        &self,
        r: &mut Reader<'_>,
        key: &str,
        declared: &Declared,
    ) -> Vec<Name> {
        if self.value(key).is_none() {
            self.missing(r, key);
        }
        self.names(r, key, declared)
    }

    /// A name that is declared elsewhere, if the key is there.
    pub(super) fn name_opt(
        &self,
        r: &mut Reader<'_>,
        key: &str,
        declared: &Declared,
    ) -> Option<Name> {
        let text = self.string_opt(r, key)?;
        declared.find(r, &self.at(key), text)
    }

    /// The same text in every language of the policy: a string where there is one language, else a
    /// table of them. Where the languages themselves are in disorder, the texts wait for them.
    pub(super) fn texts(&self, r: &mut Reader<'_>, key: &str, languages: &[String]) -> Texts {
        let Some(value) = self.value(key) else {
            self.missing(r, key);
            return Texts::new();
        };
        match (value, languages) {
            (_, []) => Texts::new(),
            (DeValue::String(text), [only]) => {
                let text = self.checked(r, key, Some(text.trim()), is_long_text, TEXT);
                Texts::from([(only.clone(), text.unwrap_or_default())])
            }
            (DeValue::Table(table), _) => {
                let node = Node { table, path: self.at(key) };
                for tag in table.keys().map(|tag| tag.get_ref().as_ref()) {
                    if !languages.iter().any(|language| language == tag) {
                        let message = format!("{} is not a language of this policy", quote(tag));
                        let help = choose(tag, languages.iter().map(String::as_str), "languages");
                        r.add(&UNKNOWN_KEY, &node.at(tag), message, help);
                    }
                }
                let mut texts = Texts::new();
                for tag in languages {
                    let text = node.string(r, tag).map(str::trim);
                    let text = node.checked(r, tag, text, is_long_text, TEXT).unwrap_or_default();
                    texts.insert(tag.clone(), text);
                }
                texts
            }
            (found, _) => {
                self.wrong_type(r, &self.at(key), "a text in each language", found);
                Texts::new()
            }
        }
    }

    /// A table that must be there, with the keys that it may have.
    pub(super) fn section(
        &self,
        r: &mut Reader<'_>,
        key: &str,
        allowed: &'static [&'static str],
    ) -> Option<Node<'t>> {
        if self.value(key).is_none() {
            self.missing(r, key);
        }
        self.section_opt(r, key, allowed)
    }

    /// A table, if the key is there.
    pub(super) fn section_opt(
        &self,
        r: &mut Reader<'_>,
        key: &str,
        allowed: &'static [&'static str],
    ) -> Option<Node<'t>> {
        let value = self.value(key)?;
        match value.as_table() {
            Some(table) => Some(Node::new(r, table, self.at(key), allowed)),
            None => {
                self.wrong_type(r, &self.at(key), "a table", value);
                None
            }
        }
    }

    /// The tables of a list; none if the key is not there.
    pub(super) fn list(
        &self,
        r: &mut Reader<'_>,
        key: &str,
        allowed: &'static [&'static str],
    ) -> Vec<Node<'t>> {
        let path = self.at(key);
        let Some(value) = self.value(key) else { return Vec::new() };
        let Some(array) = value.as_array() else {
            self.wrong_type(r, &path, "a list of tables", value);
            return Vec::new();
        };
        let mut nodes = Vec::new();
        for (i, element) in array.iter().enumerate() {
            let path = format!("{path}[{i}]");
            match element.get_ref().as_table() {
                Some(table) => nodes.push(Node::new(r, table, path, allowed)),
                None => self.wrong_type(r, &path, "a table", element.get_ref()),
            }
        }
        nodes
    }

    /// The named tables of a section, such as `[items.email]`; none if the key is not there.
    pub(super) fn entries(
        &self,
        r: &mut Reader<'_>,
        key: &str,
        allowed: &'static [&'static str],
    ) -> Vec<(Name, Node<'t>)> {
        let Some(section) = self.table_of_names(r, key) else { return Vec::new() };
        let mut entries = Vec::new();
        for (entry, value) in section.table {
            let path = section.at(entry.get_ref());
            let name = section.name_of(r, entry.get_ref());
            match value.get_ref().as_table() {
                Some(table) => {
                    let node = Node::new(r, table, path, allowed);
                    entries.extend(name.map(|name| (name, node)));
                }
                None => self.wrong_type(r, &path, "a table", value.get_ref()),
            }
        }
        entries
    }

    /// A key as the name that it should be.
    pub(super) fn name_of(&self, r: &mut Reader<'_>, key: &str) -> Option<Name> {
        let name = Name::parse(key).ok();
        if name.is_none() {
            let message = format!("{} is not a name", quote(key));
            r.add(&BAD_VALUE, &self.at(key), message, BAD_NAME.summary.into());
        }
        name
    }

    /// A section whose keys are names.
    pub(super) fn table_of_names(&self, r: &mut Reader<'_>, key: &str) -> Option<Node<'t>> {
        let value = self.value(key)?;
        match value.as_table() {
            Some(table) => Some(Node { table, path: self.at(key) }),
            None => {
                self.wrong_type(r, &self.at(key), "a table", value);
                None
            }
        }
    }
}

/// The names that a section declares, whether or not what they stand for is in order.
pub(super) struct Declared {
    section: &'static str,
    names: BTreeSet<Name>,
}

impl Declared {
    pub(super) fn new(root: &Node<'_>, section: &'static str) -> Self {
        let table = root.value(section).and_then(DeValue::as_table);
        let keys = table.into_iter().flat_map(|table| table.keys());
        let names = keys.filter_map(|key| Name::parse(key.get_ref()).ok()).collect();
        Self { section, names }
    }

    pub(super) fn find(&self, r: &mut Reader<'_>, path: &str, text: &str) -> Option<Name> {
        let found = self.names.get(text).cloned();
        if found.is_none() {
            let message = format!("{} is not declared in `{}`", quote(text), self.section);
            let what = format!("declared in `{}`", self.section);
            let help = choose(text, self.names.iter().map(Name::as_str), &what);
            r.add(&UNDECLARED, path, message, help);
        }
        found
    }
}
