//! Where the answer goes.

use std::fmt;

use tacenda_core::codec::{Decoder, Encoder, MALFORMED};
use tacenda_core::pii::{Email, Sensitive};
use tacenda_core::{Result, guard};

use super::codes::BAD_REPLY_TO;

/// Where the answer goes: the request's own address, which may be another than that of the account.
///
/// A row seals it beside the file, and drops it once the file is closed
/// ([`Request::needs_reply_to`](super::Request::needs_reply_to)).
#[derive(Clone, PartialEq, Eq)]
pub enum ReplyTo {
    /// An e-mail address.
    Email(Email),
    /// A postal address, as lines.
    Post(PostalLines),
    /// The account itself: nothing else is kept.
    Account,
}

/// The lines of a postal address, name first; 1 to 500 characters.
#[derive(Clone, PartialEq, Eq)]
pub struct PostalLines(Sensitive<String>);

impl PostalLines {
    /// The most characters.
    pub const MAX_CHARS: usize = 500;

    /// The lines.
    #[must_use]
    pub fn as_text(&self) -> &str {
        // EXPOSE: the text is this type's content; its caller answers for the use
        self.0.expose()
    }

    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let long = text.chars().nth(Self::MAX_CHARS).is_some();
        let broken = text.chars().any(|c| c.is_control() && c != '\n');
        (!text.is_empty() && !long && !broken).then(|| Self(text.to_owned().into()))
    }
}

const DOMAIN: &str = "tacenda/reply-to/1";

impl ReplyTo {
    /// An e-mail address.
    ///
    /// # Errors
    /// [`BAD_REPLY_TO`]; the codes of the guard if there is a card number in it.
    pub fn email(text: &str) -> Result<Self> {
        let email = Email::parse(text).map_err(|why| BAD_REPLY_TO.error().caused_by(why))?;
        guard::refuse(email.as_typed())?;
        Ok(Self::Email(email))
    }

    /// A postal address, name first, as lines.
    ///
    /// # Errors
    /// [`BAD_REPLY_TO`]; the codes of the guard if there is a card number in it.
    pub fn post(lines: &str) -> Result<Self> {
        let lines = PostalLines::parse(lines).ok_or_else(|| BAD_REPLY_TO.error())?;
        guard::refuse(lines.as_text())?;
        Ok(Self::Post(lines))
    }

    /// Its word.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Email(_) => "e-mail",
            Self::Post(_) => "post",
            Self::Account => "account",
        }
    }

    /// Its encoding, which a row seals.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut e = Encoder::new(DOMAIN);
        e.text(self.as_str());
        match self {
            // EXPOSE: the encoding is what a row seals
            Self::Email(email) => drop(e.text(email.as_typed())),
            Self::Post(lines) => drop(e.text(lines.as_text())),
            Self::Account => {}
        }
        e.finish()
    }

    /// Reads an encoding. What it accepts, it writes again byte by byte.
    ///
    /// # Errors
    /// `codec.malformed`.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut d = Decoder::new(bytes, DOMAIN)?;
        let read = match d.text()? {
            "e-mail" => {
                let text = d.text()?;
                Email::parse(text).ok().filter(|email| email.as_typed() == text).map(Self::Email)
            }
            "post" => {
                let text = d.text()?;
                PostalLines::parse(text).filter(|lines| lines.as_text() == text).map(Self::Post)
            }
            "account" => Some(Self::Account),
            _ => None,
        };
        d.end()?;
        read.ok_or_else(|| MALFORMED.error())
    }
}

impl fmt::Debug for PostalLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostalLines(..)")
    }
}

impl fmt::Debug for ReplyTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReplyTo({}, ..)", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_are_kept_and_not_printed() {
        let email = ReplyTo::email(" Ada@Example.org ").unwrap();
        let post = ReplyTo::post(" Ada Byron\n1 St James's Square\nLondon\n").unwrap();
        assert_eq!(format!("{email:?} {post:?}"), "ReplyTo(e-mail, ..) ReplyTo(post, ..)");
        for one in [email, post, ReplyTo::Account] {
            let bytes = one.encode();
            assert_eq!(ReplyTo::decode(&bytes).unwrap(), one);
            for end in 0..bytes.len() {
                assert!(ReplyTo::decode(&bytes[..end]).unwrap_err().is(&MALFORMED));
            }
        }
        assert!(ReplyTo::email("no address").unwrap_err().is(&BAD_REPLY_TO));
        for bad in ["", " \n", "a\tb", &"a".repeat(501)] {
            assert!(ReplyTo::post(bad).unwrap_err().is(&BAD_REPLY_TO));
        }
        let card = ["4111111111111111@example.org", "Ada\n4111 1111 1111 1111"];
        assert!(ReplyTo::email(card[0]).unwrap_err().is(&guard::CARD_NUMBER));
        assert!(ReplyTo::post(card[1]).unwrap_err().is(&guard::CARD_NUMBER));
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>(), bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = ReplyTo::decode(&bytes);
            for one in [ReplyTo::email(&text), ReplyTo::post(&text)].into_iter().flatten() {
                prop_assert_eq!(ReplyTo::decode(&one.encode()).unwrap(), one);
            }
        }
    }
}
