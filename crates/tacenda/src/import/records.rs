//! CSV records (RFC 4180) out of a stream, in memory that a broken file cannot make grow.
//!
//! What RFC 4180 leaves open is read as most programs do: a line ends with CR, LF or both, an empty
//! line is none, a quote inside a field that does not begin with one is a character like any other.

use std::io::{self, Read};

/// What a record may take in the file, its quotes included: 1 MiB.
pub(super) const MAX_BYTES: usize = 1 << 20;
/// How much is read at once.
const CHUNK: u64 = 1 << 16;

/// The fields of a record without their quotes.
#[derive(Default)]
pub(super) struct Fields {
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Fields {
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        let mut begin = 0;
        self.ends.iter().map(move |end| {
            self.text.get(std::mem::replace(&mut begin, *end)..*end).unwrap_or_default()
        })
    }

    /// How many bytes they are together.
    pub(super) fn bytes(&self) -> usize {
        self.text.len()
    }

    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    fn end(&mut self) {
        self.ends.push(self.text.len());
    }
}

/// What stands next in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// A record: see the fields.
    Record,
    /// A record that goes on behind [`MAX_BYTES`].
    TooLong,
    /// A record with a quote that nothing closes.
    Unclosed,
    /// Nothing.
    End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Record,
    Field,
    Bare,
    Quoted,
    /// Behind a quote inside a quoted field: its end, or the first half of a quote that counts.
    Quote,
}

/// The records of a stream.
///
/// A record that is too long, or whose quote is never closed, is left at the first line end behind
/// the quote that is open, so that it does not take the records behind it along.
pub(super) struct Records<R> {
    source: R,
    buffer: Vec<u8>,
    /// Where the next record begins in the buffer.
    at: usize,
    begun: bool,
    /// Whether what stands next is the rest of a line that was left.
    skipping: bool,
}

impl<R: Read> Records<R> {
    pub(super) const fn new(source: R) -> Self {
        Self { source, buffer: Vec::new(), at: 0, begun: false, skipping: false }
    }

    /// The next record.
    ///
    /// # Properties
    /// Keeps no more than [`MAX_BYTES`] and a chunk of the stream. Never panics.
    ///
    /// # Errors
    /// Those of the stream.
    pub(super) fn next(&mut self, fields: &mut Fields) -> io::Result<Next> {
        if !self.begun {
            self.pass_byte_order_mark()?;
        }
        if self.skipping {
            self.skip_line()?;
        }
        fields.clear();
        let (mut state, mut length, mut opened) = (State::Record, 0, 0);
        loop {
            let Some(&byte) = self.buffer.get(self.at + length) else {
                if self.fill()? {
                    continue;
                }
                return Ok(self.last(state, length, opened, fields));
            };
            if length == MAX_BYTES {
                self.leave(state, length, opened);
                return Ok(Next::TooLong);
            }
            if state == State::Record {
                if is_line_end(byte) {
                    self.at += 1;
                    continue;
                }
                state = State::Field;
            }
            length += 1;
            state = match (state, byte) {
                (State::Field, b'"') => {
                    opened = length;
                    State::Quoted
                }
                (State::Quoted, b'"') => State::Quote,
                (State::Quoted, _) | (State::Quote, b'"') => {
                    fields.text.push(byte);
                    State::Quoted
                }
                (_, b',') => {
                    fields.end();
                    State::Field
                }
                (_, byte) if is_line_end(byte) => {
                    fields.end();
                    self.at += length;
                    return Ok(Next::Record);
                }
                _ => {
                    fields.text.push(byte);
                    State::Bare
                }
            };
        }
    }

    /// What the end of the stream makes of a record.
    fn last(&mut self, state: State, length: usize, opened: usize, fields: &mut Fields) -> Next {
        match state {
            State::Record => Next::End,
            State::Quoted => {
                self.leave(state, length, opened);
                Next::Unclosed
            }
            State::Field | State::Bare | State::Quote => {
                fields.end();
                self.at += length;
                Next::Record
            }
        }
    }

    /// Leaves a record of which so much was read, at the line end behind an open quote, or else at
    /// the next one.
    fn leave(&mut self, state: State, length: usize, opened: usize) {
        let quoted = self.buffer.get(self.at + opened..self.at + length).unwrap_or_default();
        let line = quoted.iter().position(|byte| is_line_end(*byte));
        let line = line.filter(|_| state == State::Quoted);
        self.skipping = line.is_none();
        self.at += line.map_or(length, |line| opened + line);
    }

    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let rest = self.buffer.get(self.at..).unwrap_or_default();
            if let Some(line) = rest.iter().position(|byte| is_line_end(*byte)) {
                self.at += line;
                break;
            }
            self.at = self.buffer.len();
            if !self.fill()? {
                break;
            }
        }
        self.skipping = false;
        Ok(())
    }

    /// A byte order mark that a spreadsheet left is no part of the first field.
    fn pass_byte_order_mark(&mut self) -> io::Result<()> {
        const MARK: &[u8] = "\u{feff}".as_bytes();
        while self.buffer.len() < MARK.len() && self.fill()? {}
        self.begun = true;
        self.at = if self.buffer.starts_with(MARK) { MARK.len() } else { 0 };
        Ok(())
    }

    /// Reads on; `false` at the end of the stream.
    fn fill(&mut self) -> io::Result<bool> {
        self.buffer.drain(..self.at);
        self.at = 0;
        let read = self.source.by_ref().take(CHUNK).read_to_end(&mut self.buffer)?;
        Ok(read > 0)
    }
}

const fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives a few bytes at a time.
    struct Drops<'a>(&'a [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let (now, later) = self.0.split_at(self.0.len().min(self.1).min(out.len()));
            self.0 = later;
            (&mut &*now).read(out)
        }
    }

    fn all(text: &[u8], step: usize) -> Vec<(Next, Vec<Vec<u8>>)> {
        let mut records = Records::new(Drops(text, step));
        let (mut fields, mut found) = (Fields::default(), Vec::new());
        loop {
            let next = records.next(&mut fields).unwrap();
            assert!(records.buffer.len() <= MAX_BYTES + (1 << 16));
            match next {
                Next::End => return found,
                Next::Record => found.push((next, fields.iter().map(<[u8]>::to_vec).collect())),
                _ => found.push((next, Vec::new())),
            }
        }
    }

    fn record(fields: &[&str]) -> (Next, Vec<Vec<u8>>) {
        (Next::Record, fields.iter().map(|field| field.as_bytes().to_vec()).collect())
    }

    #[test]
    fn an_open_quote_takes_its_own_line_alone() {
        let text = b"a,b\nc,\"d\ne,f\n\"g\",h\n";
        // The quote of `"g"` closes the first one, and what follows is no field's end: one record.
        assert_eq!(all(text, 9), [record(&["a", "b"]), record(&["c", "d\ne,f\ng\"", "h"])]);
        let open = [record(&["a", "b"]), (Next::Unclosed, vec![]), record(&["e", "f"])];
        assert_eq!(all(b"a,b\nc,\"d\ne,f\n", 9), open);
        assert_eq!(all(b"a,b\r\nc,\"d\r\n\r\ne,f", 1), open);
        assert_eq!(all(b"a,b\nc,\"d", 9), open[..2]);
        assert_eq!(all(b"\"", 9), [(Next::Unclosed, vec![])]);
        assert_eq!(
            all(b"\"\n\"\"\na\n", 9),
            [(Next::Unclosed, vec![]), record(&[""]), record(&["a"])]
        );
    }

    #[test]
    fn a_record_that_never_ends_is_left() {
        let line = b"x,y\n";
        let mut text = b"a,b\nc,\"d\n".to_vec();
        while text.len() < 3 * MAX_BYTES {
            text.extend_from_slice(line);
        }
        let found = all(&text, 1 << 16);
        assert_eq!(found[..2], [record(&["a", "b"]), (Next::TooLong, vec![])]);
        // What is behind the last mebibyte is told apart from what never ends only at the end.
        let lines = (text.len() - 9) / line.len();
        assert_eq!(found.len(), lines + 2);
        assert!(found[2..].iter().all(|one| *one == record(&["x", "y"])));

        for quote in [&b"\""[..], b""] {
            let mut text = quote.to_vec();
            text.resize(3 * MAX_BYTES, b'z');
            text.extend_from_slice(b"\nx,y\n");
            assert_eq!(all(&text, 1 << 16), [(Next::TooLong, vec![]), record(&["x", "y"])]);
        }
    }

    #[test]
    fn the_longest_record_passes_and_one_byte_more_does_not() {
        for step in [1 << 16, 1000, 4096] {
            let mut text = vec![b'z'; MAX_BYTES - 1];
            text.extend_from_slice(b"\nx\n");
            let found = all(&text, step);
            assert_eq!(found.len(), 2);
            assert_eq!((found[0].0, found[0].1[0].len()), (Next::Record, MAX_BYTES - 1));
            text.insert(0, b'z');
            assert_eq!(all(&text, step), [(Next::TooLong, vec![]), record(&["x"])]);
        }
    }

    #[test]
    fn a_byte_order_mark_is_no_text() {
        for step in [1, 2, 9] {
            assert_eq!(all("\u{feff}\"a\",b".as_bytes(), step), [record(&["a", "b"])]);
            assert_eq!(all("a,\u{feff}b".as_bytes(), step), [record(&["a", "\u{feff}b"])]);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn what_is_whole_reads_as_the_csv_crate_reads_it(
            text in "([a-c,\"\r\n ]|\"\"|\",|,\"|\"\n){0,60}", step in 1..20usize,
        ) {
            let mut reader = csv::ReaderBuilder::new();
            let mut reader = reader.flexible(true).has_headers(false).from_reader(text.as_bytes());
            let theirs: Vec<Vec<Vec<u8>>> = reader
                .byte_records()
                .map(|record| record.unwrap().iter().map(<[u8]>::to_vec).collect())
                .collect();
            let ours = all(text.as_bytes(), step);
            let whole = ours.iter().take_while(|(next, _)| *next == Next::Record).count();
            let whole_fields = ours[..whole].iter().map(|(_, fields)| fields);
            prop_assert!(whole_fields.eq(theirs.iter().take(whole)));
            // Only the last of theirs can be one that nothing closes.
            prop_assert!(whole == theirs.len() || whole + 1 == theirs.len());
        }

        #[test]
        fn never_panics_and_always_ends(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let found = all(&bytes, 7);
            prop_assert!(found.len() <= bytes.len());
        }
    }
}
