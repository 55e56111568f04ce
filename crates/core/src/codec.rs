//! The store-neutral byte encoding of everything that is digested, sealed or stored.
//!
//! Integers are big-endian and of fixed width, byte strings carry their length as `u32`, an option
//! is one byte (0 or 1) and then the value, a list is its length as `u32` and then its elements.
//! Every encoding begins with a domain string (`tacenda/row/1`), so that bytes of one kind can
//! never be read as another, and carries its version in it. Frozen by the vectors in
//! `vectors/bytes`; see `docs/decisions/0002-bytes.md`.

use std::collections::BTreeSet;

use crate::clock::Timestamp;
use crate::error::{Code, Kind, Result};
use crate::name::Name;

/// Bytes that do not decode.
pub static MALFORMED: Code =
    Code::new("codec.malformed", Kind::Integrity, "stored bytes do not have the form they should");

/// Writes the encoding.
#[derive(Debug, Default)]
pub struct Encoder(Vec<u8>);

impl Encoder {
    /// An encoder whose output begins with a domain string.
    #[must_use]
    pub fn new(domain: &str) -> Self {
        let mut encoder = Self(Vec::with_capacity(192));
        encoder.text(domain);
        encoder
    }

    /// One byte.
    pub fn u8(&mut self, value: u8) -> &mut Self {
        self.0.push(value);
        self
    }

    /// Two bytes.
    pub fn u16(&mut self, value: u16) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    /// Four bytes.
    pub fn u32(&mut self, value: u32) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    /// Eight bytes.
    pub fn u64(&mut self, value: u64) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    /// Eight bytes, two's complement.
    pub fn i64(&mut self, value: i64) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    /// Bytes whose length both sides know.
    pub fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// Bytes with their length in front. Nothing the SDK stores comes near 4 GiB; a longer string
    /// is cut by its length, and so cannot be confused with another.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.u32(len).raw(bytes.get(..len as usize).unwrap_or(bytes))
    }

    /// UTF-8 text with its length in bytes in front.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    /// An optional point in time.
    pub fn time_opt(&mut self, time: Option<Timestamp>) -> &mut Self {
        match time {
            None => self.u8(0),
            Some(time) => self.u8(1).i64(time.as_micros()),
        }
    }

    /// The length of a list whose elements follow.
    pub fn list(&mut self, len: usize) -> &mut Self {
        self.u32(u32::try_from(len).unwrap_or(u32::MAX))
    }

    /// A set of names: a list in the order of their bytes.
    pub fn names(&mut self, names: &BTreeSet<Name>) -> &mut Self {
        self.list(names.len());
        for name in names {
            self.text(name.as_str());
        }
        self
    }

    /// What was written.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.0
    }

    /// What was written so far.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Reads the encoding; never panics, never allocates more than the input is long.
#[derive(Debug, Clone)]
pub struct Decoder<'a>(&'a [u8]);

impl<'a> Decoder<'a> {
    /// A decoder over bytes that begin with this domain string.
    ///
    /// # Errors
    /// [`MALFORMED`] if they begin with another.
    pub fn new(bytes: &'a [u8], domain: &str) -> Result<Self> {
        let mut decoder = Self(bytes);
        if decoder.text()? == domain { Ok(decoder) } else { MALFORMED.err() }
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// [`MALFORMED`] at the end of the input; so do all readers below.
    pub fn raw<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (head, tail) = self.0.split_first_chunk::<N>().ok_or_else(|| MALFORMED.error())?;
        self.0 = tail;
        Ok(*head)
    }

    /// One byte.
    ///
    /// # Errors
    /// As [`Decoder::raw`].
    pub fn u8(&mut self) -> Result<u8> {
        Ok(u8::from_be_bytes(self.raw()?))
    }

    /// Two bytes.
    ///
    /// # Errors
    /// As [`Decoder::raw`].
    pub fn u16(&mut self) -> Result<u16> {
        Ok(u16::from_be_bytes(self.raw()?))
    }

    /// Four bytes.
    ///
    /// # Errors
    /// As [`Decoder::raw`].
    pub fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_be_bytes(self.raw()?))
    }

    /// Eight bytes.
    ///
    /// # Errors
    /// As [`Decoder::raw`].
    pub fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_be_bytes(self.raw()?))
    }

    /// Eight bytes, two's complement.
    ///
    /// # Errors
    /// As [`Decoder::raw`].
    pub fn i64(&mut self) -> Result<i64> {
        Ok(i64::from_be_bytes(self.raw()?))
    }

    /// Bytes with their length in front.
    ///
    /// # Errors
    /// As [`Decoder::raw`].
    pub fn bytes(&mut self) -> Result<&'a [u8]> {
        let len = self.u32()? as usize;
        let (head, tail) = self.0.split_at_checked(len).ok_or_else(|| MALFORMED.error())?;
        self.0 = tail;
        Ok(head)
    }

    /// UTF-8 text.
    ///
    /// # Errors
    /// As [`Decoder::raw`], and for bytes that are not UTF-8.
    pub fn text(&mut self) -> Result<&'a str> {
        std::str::from_utf8(self.bytes()?).map_err(|_| MALFORMED.error())
    }

    /// One byte that is 0 or 1.
    ///
    /// # Errors
    /// As [`Decoder::raw`], and for any other byte.
    pub fn flag(&mut self) -> Result<bool> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => MALFORMED.err(),
        }
    }

    /// A policy name.
    ///
    /// # Errors
    /// As [`Decoder::raw`], and for text that is no name.
    pub fn name(&mut self) -> Result<Name> {
        Name::parse(self.text()?).map_err(|_| MALFORMED.error())
    }

    /// An optional point in time.
    ///
    /// # Errors
    /// As [`Decoder::raw`], and for a tag other than 0 and 1.
    pub fn time_opt(&mut self) -> Result<Option<Timestamp>> {
        if self.flag()? { Ok(Some(Timestamp::from_micros(self.i64()?))) } else { Ok(None) }
    }

    /// The length of a list whose elements take at least `min` bytes each, so that a forged length
    /// cannot make the reader allocate more than the input holds.
    ///
    /// # Errors
    /// As [`Decoder::raw`], and for a length that the rest of the input cannot hold.
    pub fn list(&mut self, min: usize) -> Result<usize> {
        let len = self.u32()? as usize;
        if len.saturating_mul(min.max(1)) > self.0.len() { MALFORMED.err() } else { Ok(len) }
    }

    /// A set of names, each once and in the order of their bytes: a set has one encoding.
    ///
    /// # Errors
    /// As [`Decoder::raw`], for text that is no name, and for any other order.
    pub fn names(&mut self) -> Result<BTreeSet<Name>> {
        let mut names = BTreeSet::new();
        for _ in 0..self.list(5)? {
            let name = self.name()?;
            if names.last().is_some_and(|last| *last >= name) {
                return MALFORMED.err();
            }
            names.insert(name);
        }
        Ok(names)
    }

    /// Whether nothing is left.
    #[must_use]
    pub const fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    /// Succeeds only if nothing is left.
    ///
    /// # Errors
    /// [`MALFORMED`] if bytes are left.
    pub fn end(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { MALFORMED.err() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_back_what_was_written_and_nothing_else() {
        let mut encoder = Encoder::new("test/1");
        encoder.u8(7).u16(8).u32(9).u64(10).i64(-11).bytes(b"ab").text("é");
        encoder.time_opt(None).time_opt(Some(Timestamp::from_micros(-5))).list(2);
        let bytes = encoder.finish();
        let mut d = Decoder::new(&bytes, "test/1").unwrap();
        assert_eq!((d.u8().unwrap(), d.u16().unwrap(), d.u32().unwrap()), (7, 8, 9));
        assert_eq!((d.u64().unwrap(), d.i64().unwrap()), (10, -11));
        assert_eq!((d.bytes().unwrap(), d.text().unwrap()), (&b"ab"[..], "é"));
        assert_eq!(d.time_opt().unwrap(), None);
        assert_eq!(d.time_opt().unwrap(), Some(Timestamp::from_micros(-5)));
        assert!(d.clone().end().is_err());
        assert!(d.list(1).is_err(), "a length that the input cannot hold is refused");
        assert!(Decoder::new(&bytes, "test/2").is_err());
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut d = Decoder(&bytes);
            let _ = d.text();
            let _ = d.list(4);
            let _ = d.time_opt();
            let _ = d.name();
            let _ = d.names();
        }
    }
}
