//! The stored forms of a message, `tacenda/message/1` and `tacenda/message-values/1`. See
//! `docs/decisions/0002-bytes.md`.

use zeroize::Zeroizing;

use super::model::{Failure, Letter, Progress, Values};
use crate::clock::Timestamp;
use crate::codec::{Decoder, Encoder, MALFORMED};
use crate::error::Result;

const DOMAIN: &str = "tacenda/message/1";
const VALUES: &str = "tacenda/message-values/1";

impl Letter {
    /// Its encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut e = Encoder::new(DOMAIN);
        e.text(self.says.as_str()).text(self.purpose.as_str()).u8(u8::from(self.own_address));
        e.text(self.language.as_deref().unwrap_or_default());
        e.i64(self.enqueued_at.as_micros()).time_opt(self.expires_at).u32(self.tries);
        match self.progress {
            Progress::Queued { last } => e.u8(0).text(last.map_or("", Failure::as_str)),
            Progress::Sent { at } => e.u8(1).i64(at.as_micros()),
            Progress::GivenUp { failure, at } => e.u8(2).text(failure.as_str()).i64(at.as_micros()),
        };
        e.finish()
    }

    /// Reads an encoding. What it accepts, it writes again byte by byte.
    ///
    /// # Errors
    /// `codec.malformed`.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut d = Decoder::new(bytes, DOMAIN)?;
        let (says, purpose, own_address) = (d.name()?, d.name()?, d.flag()?);
        let language = Some(d.text()?.to_owned()).filter(|tag| !tag.is_empty());
        let enqueued_at = Timestamp::from_micros(d.i64()?);
        let (expires_at, tries) = (d.time_opt()?, d.u32()?);
        let progress = match d.u8()? {
            0 => Progress::Queued {
                last: match d.text()? {
                    "" => None,
                    word => Some(failure(word)?),
                },
            },
            1 => Progress::Sent { at: Timestamp::from_micros(d.i64()?) },
            2 => Progress::GivenUp {
                failure: failure(d.text()?)?,
                at: Timestamp::from_micros(d.i64()?),
            },
            _ => return MALFORMED.err(),
        };
        d.end()?;
        let letter =
            Self { says, purpose, own_address, language, enqueued_at, expires_at, tries, progress };
        Ok(letter)
    }
}

fn failure(word: &str) -> Result<Failure> {
    Failure::parse(word).ok_or_else(|| MALFORMED.error())
}

impl Values {
    /// Their encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut e = Encoder::new(VALUES);
        e.list(self.0.len());
        for (name, text) in self.iter() {
            e.text(name.as_str()).text(text);
        }
        e.finish()
    }

    /// Reads an encoding. What it accepts, it writes again byte by byte.
    ///
    /// # Errors
    /// `codec.malformed`.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut d = Decoder::new(bytes, VALUES)?;
        let mut values = Self::default();
        for _ in 0..d.list(9)? {
            let (name, text) = (d.name()?, d.text()?.to_owned());
            if values.0.last_key_value().is_some_and(|(last, _)| *last >= name) {
                return MALFORMED.err();
            }
            values.0.insert(name, Zeroizing::new(text));
        }
        d.end()?;
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::name::Name;
    use crate::vectors::{Case, cases};

    fn time(text: &str) -> Timestamp {
        Timestamp::from_micros(text.parse().unwrap())
    }

    fn letter_of(case: &Case) -> Letter {
        let name = |key| Name::parse(case.one(key)).unwrap();
        let failure = |word: &str| Failure::parse(word).unwrap();
        let words: Vec<_> = case.one("progress").split(" | ").collect();
        let progress = match words[..] {
            ["queued"] => Progress::Queued { last: None },
            ["queued", last] => Progress::Queued { last: Some(failure(last)) },
            ["sent", at] => Progress::Sent { at: time(at) },
            ["given up", why, at] => Progress::GivenUp { failure: failure(why), at: time(at) },
            _ => panic!("{}", case.name),
        };
        Letter {
            says: name("says"),
            purpose: name("purpose"),
            own_address: case.one("own_address") == "yes",
            language: case.maybe("language").map(str::to_owned),
            enqueued_at: time(case.one("enqueued_at")),
            expires_at: case.maybe("expires_at").map(time),
            tries: case.one("tries").parse().unwrap(),
            progress,
        }
    }

    #[test]
    fn the_encoding_of_a_message_is_frozen() {
        for case in cases("message") {
            let (bytes, decoded) = (case.hex("bytes"), Letter::decode(&case.hex("bytes")));
            if let Some(code) = case.error() {
                assert_eq!(decoded.unwrap_err().code(), code, "{}", case.name);
                continue;
            }
            assert_eq!(letter_of(&case).encode(), bytes, "{}", case.name);
            assert_eq!(decoded.unwrap(), letter_of(&case), "{}", case.name);
        }
    }

    #[test]
    fn the_encoding_of_values_is_frozen() {
        for case in cases("message-values") {
            let (bytes, decoded) = (case.hex("bytes"), Values::decode(&case.hex("bytes")));
            if let Some(code) = case.error() {
                assert_eq!(decoded.unwrap_err().code(), code, "{}", case.name);
                continue;
            }
            let mut values = Values::default();
            for (line, fields) in case.lines() {
                if line == "value" {
                    values = values.with(Name::parse(fields[0]).unwrap(), fields[1]);
                }
            }
            assert_eq!(values.encode(), bytes, "{}", case.name);
            assert_eq!(decoded.unwrap(), values, "{}", case.name);
        }
    }

    proptest! {
        #[test]
        fn decoding_never_panics_and_is_the_only_reading(
            case in any::<prop::sample::Index>(), at in 0usize..200, flip in 1u8..=255,
            cut in 0usize..240,
        ) {
            for format in ["message", "message-values"] {
                let all = cases(format);
                let mut bytes = case.get(&all).hex("bytes");
                if let Some(byte) = bytes.get_mut(at) { *byte ^= flip; }
                bytes.truncate(cut.max(1));
                if let Ok(letter) = Letter::decode(&bytes) {
                    prop_assert_eq!(letter.encode(), bytes.clone());
                }
                if let Ok(values) = Values::decode(&bytes) {
                    prop_assert_eq!(values.encode(), bytes);
                }
            }
        }
    }
}
