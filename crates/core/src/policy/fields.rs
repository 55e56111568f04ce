//! Typed access to the keys of a table.
//!
//! Every function reports what is wrong and then returns something harmless, so that the rest of
//! the file is still read. A policy is made only of a file without problems, so that nothing
//! harmless ever stands in for what was written.

use toml::de::DeValue;

use super::codes::{BAD_VALUE, MISSING_KEY, WRONG_TYPE};
use super::period::{self, Period};
use super::reader::{NO_HELP, Node, Reader, choose, quote};

/// The longest text in characters.
const MAX_TEXT: usize = 4000;
/// The longest name, address or citation in characters.
const MAX_LINE: usize = 300;

impl<'t> Node<'t> {
    /// Reports that a key is missing.
    pub(super) fn missing(&self, r: &mut Reader<'_>, key: &str) {
        let place =
            if self.path.is_empty() { "the file".to_owned() } else { format!("`{}`", self.path) };
        r.add(&MISSING_KEY, &self.path, format!("{place} lacks the key `{key}`"), NO_HELP);
    }

    pub(super) fn wrong_type(
        &self,
        r: &mut Reader<'_>,
        path: &str,
        expected: &str,
        found: &DeValue<'_>,
    ) {
        let message = format!("expected {expected}, found {}", describe(found));
        r.add(&WRONG_TYPE, path, message, NO_HELP);
    }

    /// A string, if the key is there.
    pub(super) fn string_opt(&self, r: &mut Reader<'_>, key: &str) -> Option<&'t str> {
        let value = self.value(key)?;
        let text = value.as_str();
        if text.is_none() {
            self.wrong_type(r, &self.at(key), "a string", value);
        }
        text
    }

    /// A string that must be there.
    pub(super) fn string(&self, r: &mut Reader<'_>, key: &str) -> Option<&'t str> {
        if self.value(key).is_none() {
            self.missing(r, key);
        }
        self.string_opt(r, key)
    }

    /// One line of text that must be there.
    pub(super) fn line(&self, r: &mut Reader<'_>, key: &str) -> String {
        let text = self.string(r, key);
        self.checked(r, key, text, |text| is_text(text, MAX_LINE, false), LINE).unwrap_or_default()
    }

    /// A word or form that must be there: text that a function accepts.
    pub(super) fn parsed<T>(
        &self,
        r: &mut Reader<'_>,
        key: &str,
        parse: impl FnOnce(&str) -> Option<T>,
        form: &str,
    ) -> Option<T> {
        if self.value(key).is_none() {
            self.missing(r, key);
        }
        self.parsed_opt(r, key, parse, form)
    }

    /// A word or form, if the key is there.
    pub(super) fn parsed_opt<T>(
        &self,
        r: &mut Reader<'_>,
        key: &str,
        parse: impl FnOnce(&str) -> Option<T>,
        form: &str,
    ) -> Option<T> {
        let text = self.string_opt(r, key)?;
        let value = parse(text);
        if value.is_none() {
            let message = format!("{} is not allowed for `{key}`", quote(text));
            r.add(&BAD_VALUE, &self.at(key), message, form.into());
        }
        value
    }

    /// One of the words of a closed choice that must be there.
    pub(super) fn word<T>(
        &self,
        r: &mut Reader<'_>,
        key: &str,
        parse: fn(&str) -> Option<T>,
        words: &'static [&'static str],
    ) -> Option<T> {
        if self.value(key).is_none() {
            self.missing(r, key);
        }
        self.word_opt(r, key, parse, words)
    }

    /// One of the words of a closed choice, if the key is there.
    pub(super) fn word_opt<T>(
        &self,
        r: &mut Reader<'_>,
        key: &str,
        parse: fn(&str) -> Option<T>,
        words: &'static [&'static str],
    ) -> Option<T> {
        let text = self.string_opt(r, key)?;
        let value = parse(text);
        if value.is_none() {
            let message = format!("{} is not allowed for `{key}`", quote(text));
            r.add(&BAD_VALUE, &self.at(key), message, choose(text, words.iter().copied(), ALLOWED));
        }
        value
    }

    /// A calendar period that must be there.
    pub(super) fn period(&self, r: &mut Reader<'_>, key: &str) -> Period {
        self.parsed(r, key, period::parse, PERIOD).unwrap_or(Period::Days(1))
    }

    /// A calendar period, if the key is there.
    pub(super) fn period_opt(&self, r: &mut Reader<'_>, key: &str) -> Option<Period> {
        self.parsed_opt(r, key, period::parse, PERIOD)
    }

    /// `true` or `false`, if the key is there.
    pub(super) fn flag_opt(&self, r: &mut Reader<'_>, key: &str) -> Option<bool> {
        let value = self.value(key)?;
        let flag = value.as_bool();
        if flag.is_none() {
            self.wrong_type(r, &self.at(key), "`true` or `false`", value);
        }
        flag
    }

    /// `true` or `false`; `false` if the key is not there.
    pub(super) fn flag(&self, r: &mut Reader<'_>, key: &str) -> bool {
        self.flag_opt(r, key).unwrap_or(false)
    }

    /// A whole number in a range, if the key is there.
    pub(super) fn number_opt(
        &self,
        r: &mut Reader<'_>,
        key: &str,
        range: std::ops::RangeInclusive<u64>,
    ) -> Option<u64> {
        let value = self.value(key)?;
        let Some(integer) = value.as_integer() else {
            self.wrong_type(r, &self.at(key), "a whole number", value);
            return None;
        };
        let number = u64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let help = format!("from {} to {}", range.start(), range.end());
            let message = format!("{} is not allowed for `{key}`", quote(&integer.to_string()));
            r.add(&BAD_VALUE, &self.at(key), message, help.into());
        }
        number
    }

    /// A whole number in a range that must be there.
    pub(super) fn number(
        &self,
        r: &mut Reader<'_>,
        key: &str,
        range: std::ops::RangeInclusive<u64>,
    ) -> u64 {
        if self.value(key).is_none() {
            self.missing(r, key);
        }
        let harmless = *range.start();
        self.number_opt(r, key, range).unwrap_or(harmless)
    }

    pub(super) fn checked(
        &self,
        r: &mut Reader<'_>,
        key: &str,
        text: Option<&str>,
        good: impl FnOnce(&str) -> bool,
        form: &str,
    ) -> Option<String> {
        let text = text?;
        if good(text) {
            return Some(text.to_owned());
        }
        r.add(
            &BAD_VALUE,
            &self.at(key),
            format!("this text is not allowed for `{key}`"),
            form.into(),
        );
        None
    }
}

const ALLOWED: &str = "allowed here";
const PERIOD: &str = "a period is 1 to 1000 days, weeks, months or years, as in `3 years`";
const LINE: &str = "one line of 1 to 300 characters, without white space around it";
pub(super) const TEXT: &str =
    "1 to 4000 characters, none of them a control character but for line breaks";

pub(super) fn is_long_text(text: &str) -> bool {
    is_text(text, MAX_TEXT, true)
}

fn is_text(text: &str, max: usize, lines: bool) -> bool {
    !text.is_empty()
        && text.trim() == text
        && text.chars().count() <= max
        && !text.chars().any(|c| c.is_control() && !(lines && c == '\n'))
}

fn describe(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a decimal point",
        DeValue::Boolean(_) => "`true` or `false`",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
