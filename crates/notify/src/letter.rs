//! A letter, and the port that delivers it.

use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use tacenda_core::{Name, Result, RowId, Timestamp};

use crate::address::{Address, Sender};
use crate::text::{BAD_LETTER, Text};

/// A letter to one person.
#[derive(Debug, Clone)]
pub struct Letter {
    /// What the outbox calls it outside. It becomes the `Message-ID`, so that a letter delivered
    /// twice can be known as one.
    pub id: RowId,
    /// Who it is from.
    pub from: Sender,
    /// Who it is for.
    pub to: Address,
    /// What it says.
    pub text: Text,
    /// When it was written; becomes its `Date`.
    pub written: Timestamp,
}

impl Letter {
    /// The letter in the form of RFC 5322 and MIME: `text/plain` in UTF-8, its subject and its body
    /// encoded for transports of seven bits, `Auto-Submitted` (RFC 3834) so that no robot answers.
    ///
    /// # Errors
    /// [`BAD_LETTER`] for a date before 1970 or past 9998.
    pub fn to_message(&self) -> Result<lettre::Message> {
        const YEAR_9999: u64 = 253_370_764_800;
        let micros = u64::try_from(self.written.as_micros()).ok();
        let date = micros.filter(|micros| *micros < YEAR_9999 * 1_000_000);
        let date = date.ok_or_else(|| BAD_LETTER.error().field_is("written"))?;
        let fixed = |name, value: &str| {
            HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
        };
        lettre::Message::builder()
            .message_id(Some(format!("<{}@{}>", self.id, self.from.domain())))
            .date(UNIX_EPOCH + Duration::from_micros(date))
            .from(self.from.mailbox())
            .to(self.to.mailbox(None))
            .subject(self.text.subject())
            .raw_header(fixed("Content-Language", self.text.language()))
            .raw_header(fixed("Auto-Submitted", "auto-generated"))
            .header(ContentType::TEXT_PLAIN)
            .body(self.text.body().to_owned())
            .map_err(|_| BAD_LETTER.error())
    }
}

/// Delivers letters: a port.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Hands a letter on. When this returns, whoever comes next is answerable for it.
    ///
    /// # Errors
    /// Those of the implementation; none names an address.
    async fn deliver(&self, letter: &Letter) -> Result<()>;

    /// The processor of the policy through which it delivers, if it is somebody else's: each letter
    /// is a disclosure to it then, which the policy has to declare.
    fn processor(&self) -> Option<&Name> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mailparse::MailHeaderMap;
    use proptest::prelude::*;

    fn letter(subject: &str, body: &str) -> Result<Letter> {
        let address = Address::parse("ada@example.org")?;
        Ok(Letter {
            id: RowId::ONLY,
            from: Sender::new("Biuro Ochrony Danych \"Żółw\", GLPI", address.clone())?,
            to: address,
            text: Text::new("pl", subject, body)?,
            written: Timestamp::parse_rfc3339("2026-11-22T10:00:00Z")?,
        })
    }

    #[test]
    fn nothing_can_be_added_to_the_head() {
        for bad in ["", "a\r\nBcc: eve@example.org", "a\nb", "a\rb", "a\u{85}b", "a\u{2028}b", "\0"]
        {
            let error = letter(bad, "").unwrap_err();
            assert!(error.is(&BAD_LETTER) && error.field().as_deref() == Some("subject"));
        }
        for bad in ["\r\n.\r\n", "\0", "\u{1b}[2J"] {
            assert_eq!(letter("a", bad).unwrap_err().field().as_deref(), Some("body"));
        }
        assert!(!format!("{:?}", letter("tajne", "tajne").unwrap()).contains("tajne"));
        for wrong in [i64::MIN, -1, i64::MAX, 253_370_764_800_000_000] {
            let mut letter = letter("a", "b").unwrap();
            letter.written = Timestamp::from_micros(wrong);
            assert!(letter.to_message().unwrap_err().is(&BAD_LETTER));
        }
        let mut letter = letter("a", "b").unwrap();
        letter.written = Timestamp::from_micros(253_370_764_799_999_999);
        assert!(letter.to_message().is_ok());
    }

    #[test]
    fn a_subject_reads_the_same_whatever_is_encoded_in_it() {
        for (subject, read) in [
            ("¡  \u{a4b}", "¡ \u{a4b}"),
            ("  a   ż ż  b c  ż ", "a ż ż b c ż"),
            ("Wer hat\u{a0}: gefragt", "Wer hat\u{a0}: gefragt"),
        ] {
            let bytes = letter(subject, "").unwrap().to_message().unwrap().formatted();
            let mail = mailparse::parse_mail(&bytes).unwrap();
            assert_eq!(mail.headers.get_first_value("Subject").unwrap(), read);
        }
    }

    proptest! {
        #[test]
        fn what_is_said_is_what_is_read(subject in "\\PC{1,120}", body in "[\\PC\\n]{0,400}") {
            let text = Text::new("pl", &subject, "");
            prop_assume!(text.is_ok());
            let bytes = letter(&subject, &body).unwrap().to_message().unwrap().formatted();
            prop_assert!(bytes.is_ascii());
            let mail = mailparse::parse_mail(&bytes).unwrap();
            let names: Vec<_> = mail.headers.iter().map(|header| header.get_key()).collect();
            prop_assert_eq!(names, HEADERS);
            let read = mail.headers.get_first_value("Subject").unwrap_or_default();
            prop_assert_eq!(read, text.unwrap().subject().to_owned());
            prop_assert_eq!(mail.get_body().unwrap().replace("\r\n", "\n"), body);
        }
    }

    const HEADERS: [&str; 9] = [
        "Message-ID",
        "Date",
        "From",
        "To",
        "Subject",
        "Content-Language",
        "Auto-Submitted",
        "Content-Type",
        "Content-Transfer-Encoding",
    ];
}
