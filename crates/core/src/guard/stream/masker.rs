//! Masks whatever is written through it.

use std::fmt;
use std::io::{self, Write};

use super::{AHEAD, PIECE, Window};
use crate::guard::Reason;
use crate::guard::stream::judge::Found;

/// A writer that masks card numbers, account numbers and verification codes, and writes the rest to
/// another writer as it is.
///
/// The last few hundred bytes wait until it is known what follows them. [`Write::flush`] lets pass
/// what stands up to the last line break, as if the stream ended there: what is written by lines is
/// complete after it. The rest waits for [`Masker::finish`] or for the drop, which ignores errors.
///
/// ```
/// use std::io::Write;
/// use tacenda_core::guard::stream::Masker;
///
/// let mut masker = Masker::new(Vec::new());
/// masker.write_all(b"cvv=123 card=4111-1111-")?;
/// masker.write_all(b"1111-1111\n")?;
/// assert_eq!(masker.finish()?, b"cvv=*** card=****-****-****-1111\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Masker<W: Write> {
    inner: Option<W>,
    window: Window,
    /// How much of the window's bytes has been passed on.
    passed: usize,
    /// Masked and not yet written.
    out: Vec<u8>,
}

impl<W: Write> Masker<W> {
    /// Masks what is written to `inner`.
    #[must_use]
    pub fn new(inner: W) -> Self {
        Self { inner: Some(inner), window: Window::default(), passed: 0, out: Vec::new() }
    }

    /// Ends the stream, writes what was held back, and gives the writer back.
    ///
    /// # Errors
    /// Those of the writer; what it did not take is lost.
    pub fn finish(mut self) -> io::Result<W> {
        self.end()?;
        self.inner.take().ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }

    /// What has been written to.
    #[cfg(test)]
    pub(super) fn get(&self) -> &W {
        self.inner.as_ref().unwrap()
    }

    fn end(&mut self) -> io::Result<()> {
        self.decide(self.window.bytes.len(), true);
        self.drain()
    }

    /// Masks what is certain in the first `len` bytes of the window.
    fn decide(&mut self, len: usize, is_end: bool) {
        let rest = self.window.bytes.split_off(len.min(self.window.bytes.len()));
        let Self { window, passed, out, .. } = self;
        window.scan(is_end, &mut |bytes, found| {
            out.extend_from_slice(bytes.get(*passed..found.span.start).unwrap_or_default());
            *passed = found.span.end;
            cover(bytes, &found, out);
        });
        let at = window.progress.at;
        out.extend_from_slice(window.bytes.get(*passed..at).unwrap_or_default());
        *passed = (*passed).max(at);
        window.bytes.extend_from_slice(&rest);
    }

    /// Writes what is masked.
    fn drain(&mut self) -> io::Result<()> {
        let Some(inner) = &mut self.inner else { return Ok(()) };
        while !self.out.is_empty() {
            match inner.write(&self.out) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => drop(self.out.drain(..written.min(self.out.len()))),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl<W: Write> Write for Masker<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // What an earlier call could not write goes first; only then is anything taken.
        self.drain()?;
        let piece = bytes.get(..PIECE).unwrap_or(bytes);
        let before = self.window.base;
        self.window.take(piece);
        let forgotten = usize::try_from(self.window.base - before).unwrap_or(usize::MAX);
        self.passed = self.passed.saturating_sub(forgotten);
        if self.window.bytes.len() >= self.passed + AHEAD {
            self.decide(usize::MAX, false);
            // The bytes are taken, so an error waits for the next call.
            let _ = self.drain();
        }
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let waiting = self.window.bytes.get(self.passed..).unwrap_or_default();
        if let Some(last) = waiting.iter().rposition(|b| *b == b'\n') {
            self.decide(self.passed + last + 1, true);
        }
        self.drain()?;
        self.inner.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl<W: Write> Drop for Masker<W> {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

impl<W: Write> fmt::Debug for Masker<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Masker(..)")
    }
}

/// Adds a hit to `out`, masked.
pub(super) fn cover(text: &[u8], found: &Found, out: &mut Vec<u8>) {
    let hit = text.get(found.span.clone()).unwrap_or_default();
    let characters = hit.iter().filter(|b| b.is_ascii_alphanumeric()).count();
    // A run that is longer than any card number shows nothing of it.
    let hidden = match found.reason {
        Reason::CardNumber if characters > crate::guard::iin::LONGEST => 0..characters,
        Reason::AccountNumber => 2..characters - found.keep,
        _ => 0..characters - found.keep,
    };
    let mut place = 0;
    for b in hit {
        if b.is_ascii_alphanumeric() {
            out.push(if hidden.contains(&place) { b'*' } else { *b });
            place += 1;
        } else {
            out.push(*b);
        }
    }
}
