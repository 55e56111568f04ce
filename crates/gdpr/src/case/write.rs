//! From what cases are made of to bytes.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use tacenda_core::codec::Encoder;
use tacenda_core::{Name, Timestamp};

use super::Note;

pub(crate) fn time(e: &mut Encoder, at: Timestamp) {
    e.i64(at.as_micros());
}

pub(crate) fn day(e: &mut Encoder, day: NaiveDate) {
    e.text(&day.to_string());
}

pub(crate) fn note(e: &mut Encoder, note: &Note) {
    // EXPOSE: the encoding is what a row seals
    e.text(note.as_text());
}

pub(crate) fn name(e: &mut Encoder, name: &Name) {
    e.text(name.as_str());
}

pub(crate) fn flag(e: &mut Encoder, flag: bool) {
    e.u8(u8::from(flag));
}

pub(crate) fn option<T>(e: &mut Encoder, value: Option<&T>, each: impl FnOnce(&mut Encoder, &T)) {
    flag(e, value.is_some());
    if let Some(value) = value {
        each(e, value);
    }
}

pub(crate) fn list<T>(e: &mut Encoder, values: &[T], each: impl Fn(&mut Encoder, &T)) {
    e.list(values.len());
    values.iter().for_each(|value| each(e, value));
}

/// A set of words, in the order of their bytes.
pub(crate) fn words<T>(e: &mut Encoder, values: &BTreeSet<T>, word: impl Fn(&T) -> &'static str) {
    let words: BTreeSet<_> = values.iter().map(word).collect();
    e.list(words.len());
    for word in words {
        e.text(word);
    }
}
