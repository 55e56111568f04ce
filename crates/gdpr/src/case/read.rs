//! From bytes to what cases are made of.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use tacenda_core::codec::{Decoder, MALFORMED};
use tacenda_core::{ActorId, Result, Timestamp};

use super::Note;

pub(crate) fn time(d: &mut Decoder<'_>) -> Result<Timestamp> {
    d.i64().map(Timestamp::from_micros)
}

/// A day as its text has it, and in no other form.
pub(crate) fn day(d: &mut Decoder<'_>) -> Result<NaiveDate> {
    let text = d.text()?;
    let day = text.parse::<NaiveDate>().ok().filter(|day| day.to_string() == text);
    day.ok_or_else(|| MALFORMED.error())
}

pub(crate) fn actor(d: &mut Decoder<'_>) -> Result<ActorId> {
    d.raw().map(ActorId::from_bytes)
}

pub(crate) fn note(d: &mut Decoder<'_>) -> Result<Note> {
    d.text().map(Note::stored)
}

pub(crate) fn word<T>(d: &mut Decoder<'_>, parse: fn(&str) -> Option<T>) -> Result<T> {
    parse(d.text()?).ok_or_else(|| MALFORMED.error())
}

pub(crate) fn option<'a, T>(
    d: &mut Decoder<'a>,
    read: impl FnOnce(&mut Decoder<'a>) -> Result<T>,
) -> Result<Option<T>> {
    if d.flag()? { read(d).map(Some) } else { Ok(None) }
}

pub(crate) fn list<'a, T>(
    d: &mut Decoder<'a>,
    min: usize,
    read: impl Fn(&mut Decoder<'a>) -> Result<T>,
) -> Result<Vec<T>> {
    (0..d.list(min)?).map(|_| read(d)).collect()
}

/// A set of words, strictly ascending by bytes: a set has one encoding.
pub(crate) fn words<T: Ord>(
    d: &mut Decoder<'_>,
    parse: fn(&str) -> Option<T>,
) -> Result<BTreeSet<T>> {
    let (mut set, mut last) = (BTreeSet::new(), "");
    for _ in 0..d.list(4)? {
        let text = d.text()?;
        if text <= last {
            return MALFORMED.err();
        }
        last = text;
        set.insert(parse(text).ok_or_else(|| MALFORMED.error())?);
    }
    Ok(set)
}
