//! A person whom a breach affects: how far they were told, and the stored form of it.

use tacenda_core::codec::{Decoder, Encoder, MALFORMED};
use tacenda_core::outbox::Failure;
use tacenda_core::{Result, SubjectId, Timestamp};

use crate::case::{choice, read, write};

const DOMAIN: &str = "tacenda/breach-person/1";

choice! {
    /// How far somebody was told, in a word.
    Reach {
        /// Not yet.
        Listed = "listed",
        /// A letter is in the outbox.
        Queued = "queued",
        /// A letter was sent.
        Told = "told",
        /// No letter reaches them.
        Unreachable = "unreachable",
    }

    /// Why no letter reaches somebody.
    Why {
        /// The account is gone: erased, or archived where a law keeps it.
        Erased = "erased",
        /// The address refuses letters, or is none.
        Refused = "refused",
        /// It was tried for long, and not sent.
        NotSent = "not sent",
    }
}

impl Why {
    /// What a message that was given up says of it.
    #[must_use]
    pub const fn of(failure: Failure) -> Self {
        match failure {
            Failure::Gone => Self::Erased,
            Failure::Refused | Failure::Unopened => Self::Refused,
            _ => Self::NotSent,
        }
    }
}

/// How far somebody was told, and by which letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// Not yet.
    Listed,
    /// The letter of this number is in the outbox.
    Queued(u64),
    /// The letter of this number was sent, and when.
    Told(u64, Timestamp),
    /// None reaches them; the number of the last that was tried, or 0.
    Unreachable(u64, Why),
}

impl Reached {
    /// In a word.
    #[must_use]
    pub const fn reach(self) -> Reach {
        match self {
            Self::Listed => Reach::Listed,
            Self::Queued(_) => Reach::Queued,
            Self::Told(..) => Reach::Told,
            Self::Unreachable(..) => Reach::Unreachable,
        }
    }

    /// Whether the letter of this number, or a later one, was put into the outbox for them already, or
    /// their account is gone.
    #[must_use]
    pub const fn needs_no(self, letter: u64) -> bool {
        match self {
            Self::Listed => false,
            Self::Unreachable(_, Why::Erased) => true,
            Self::Queued(number) | Self::Told(number, _) | Self::Unreachable(number, _) => {
                number >= letter
            }
        }
    }
}

/// Somebody whom a breach affects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Affected {
    /// The id of the breach in the register.
    pub breach: SubjectId,
    /// How far they were told.
    pub reached: Reached,
}

impl Affected {
    /// Its encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut e = Encoder::new(DOMAIN);
        e.raw(self.breach.as_bytes()).text(self.reached.reach().as_str());
        match self.reached {
            Reached::Listed => {}
            Reached::Queued(letter) => {
                e.u64(letter);
            }
            Reached::Told(letter, at) => write::time(e.u64(letter), at),
            Reached::Unreachable(letter, why) => {
                e.u64(letter).text(why.as_str());
            }
        }
        e.finish()
    }

    /// Reads an encoding. What it accepts, it writes again byte by byte.
    ///
    /// # Errors
    /// `codec.malformed`.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut d = Decoder::new(bytes, DOMAIN)?;
        let breach = SubjectId::from_bytes(d.raw()?);
        let reached = match Reach::parse(d.text()?) {
            Some(Reach::Listed) => Reached::Listed,
            Some(Reach::Queued) => Reached::Queued(d.u64()?),
            Some(Reach::Told) => Reached::Told(d.u64()?, read::time(&mut d)?),
            Some(Reach::Unreachable) => {
                Reached::Unreachable(d.u64()?, read::word(&mut d, Why::parse)?)
            }
            None => return MALFORMED.err(),
        };
        d.end()?;
        Ok(Self { breach, reached })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_form_is_read_as_it_was_written() {
        let breach = SubjectId::from_bytes([7; 16]);
        let at = Timestamp::from_micros(-3);
        let forms = [
            Reached::Listed,
            Reached::Queued(1),
            Reached::Told(u64::MAX, at),
            Reached::Unreachable(0, Why::Erased),
            Reached::Unreachable(2, Why::NotSent),
        ];
        for reached in forms {
            let affected = Affected { breach, reached };
            let bytes = affected.encode();
            assert_eq!(Affected::decode(&bytes).unwrap(), affected);
            for end in 0..bytes.len() {
                assert!(Affected::decode(&bytes[..end]).is_err());
            }
        }
        assert!(Reached::Told(2, at).needs_no(2) && !Reached::Told(2, at).needs_no(3));
        assert!(Reached::Unreachable(0, Why::Erased).needs_no(9));
        assert!(!Reached::Unreachable(1, Why::Refused).needs_no(2), "a later letter is tried");
    }

    proptest! {
        #[test]
        fn never_panics(mut bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = Affected::decode(&bytes);
            let mut good = Encoder::new(DOMAIN).finish();
            good.append(&mut bytes);
            if let Ok(read) = Affected::decode(&good) {
                prop_assert_eq!(read.encode(), good);
            }
        }
    }
}
