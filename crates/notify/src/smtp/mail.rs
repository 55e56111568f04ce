//! A letter as it goes over the wire.

use std::fmt;

use tacenda_core::Result;
use zeroize::Zeroizing;

use crate::letter::Letter;
use crate::text::BAD_LETTER;

/// A letter in its envelope.
pub(super) struct Mail {
    pub(super) from: String,
    pub(super) to: Zeroizing<String>,
    /// Up to and with the dot that ends it.
    pub(super) text: Zeroizing<Vec<u8>>,
}

impl Mail {
    pub(super) fn of(letter: &Letter) -> Result<Self> {
        let message = letter.to_message()?;
        let envelope = message.envelope();
        let text = |address: &lettre::Address| AsRef::<str>::as_ref(address).to_owned();
        let (Some(from), [to]) = (envelope.from(), envelope.to()) else { return BAD_LETTER.err() };
        Ok(Self {
            from: text(from),
            to: Zeroizing::new(text(to)),
            text: dotted(&Zeroizing::new(message.formatted())),
        })
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mail(..)")
    }
}

/// The text with every line ended by `CRLF`, a dot before each that begins with one, and the dot that
/// ends it (RFC 5321 section 4.5.2). A line end that one server reads and another does not would let a
/// text end early, and begin another letter.
fn dotted(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let dots = text.iter().filter(|b| matches!(b, b'.' | b'\r' | b'\n')).count();
    let mut out = Zeroizing::new(Vec::with_capacity(text.len() + dots + 5));
    let (mut begins, mut bytes) = (true, text.iter().copied().peekable());
    while let Some(byte) = bytes.next() {
        if byte == b'\r' || byte == b'\n' {
            if byte == b'\r' {
                bytes.next_if_eq(&b'\n');
            }
            out.extend(b"\r\n");
            begins = true;
            continue;
        }
        if begins && byte == b'.' {
            out.push(b'.');
        }
        out.push(byte);
        begins = false;
    }
    out.extend(if begins { b".\r\n".as_slice() } else { b"\r\n.\r\n" });
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dots_at_the_beginning_of_a_line_are_doubled() {
        for (text, sent) in [
            ("", ".\r\n"),
            ("a", "a\r\n.\r\n"),
            ("a\r\n", "a\r\n.\r\n"),
            (".\r\n.\r\nMAIL", "..\r\n..\r\nMAIL\r\n.\r\n"),
            ("a.\r\n..b\r\n", "a.\r\n...b\r\n.\r\n"),
            ("a\n.\nb\r.\rc", "a\r\n..\r\nb\r\n..\r\nc\r\n.\r\n"),
        ] {
            assert_eq!(dotted(text.as_bytes()).as_slice(), sent.as_bytes(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_ends_early_and_none_is_changed(text in "[.\\r\\na]{0,24}") {
            let out = dotted(text.as_bytes());
            let out = std::str::from_utf8(&out).unwrap();
            let body = out.strip_suffix(".\r\n").unwrap();
            let behind_a_line = format!("\r\n{body}");
            prop_assert!(!behind_a_line.contains("\r\n.\r\n"));
            prop_assert!(!body.replace("\r\n", "").contains(['\r', '\n']));
            let read: Vec<_> = body.split_terminator("\r\n")
                .map(|line| line.strip_prefix('.').unwrap_or(line)).collect();
            let lines = text.replace("\r\n", "\n").replace('\r', "\n");
            let lines: Vec<_> = lines.split_terminator('\n').collect();
            prop_assert_eq!(read, lines);
        }
    }
}
