//! What a mail server answers (RFC 5321 section 4.2), and what it means for a letter.

use tacenda_core::{Error, Result};

use super::codes::{LATER, NO_LOGIN, NO_TLS, NOT_SMTP, REFUSED, UNWILLING};

/// How many lines an answer may have.
const MOST_LINES: usize = 100;

/// At which step an answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Greeting,
    Hello,
    StartTls,
    Login,
    Sender,
    Recipient,
    Data,
    Text,
    Reset,
}

impl Stage {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Greeting => "greeting",
            Self::Hello => "hello",
            Self::StartTls => "starttls",
            Self::Login => "login",
            Self::Sender => "sender",
            Self::Recipient => "recipient",
            Self::Data => "data",
            Self::Text => "text",
            Self::Reset => "reset",
        }
    }
}

/// An answer. Its words may hold an address, and are never printed.
pub(super) struct Reply {
    pub(super) code: u16,
    lines: Vec<String>,
}

impl Reply {
    /// Reads lines until one ends the answer.
    ///
    /// # Errors
    /// `NOT_SMTP`, and what reading a line raises.
    pub(super) fn read(mut line: impl FnMut() -> Result<Vec<u8>>) -> Result<Self> {
        let (mut first, mut lines) = (None, Vec::new());
        while lines.len() < MOST_LINES {
            let line = line()?;
            let (code, ends, text) = parse(&line).ok_or_else(|| NOT_SMTP.error())?;
            if *first.get_or_insert(code) != code {
                return NOT_SMTP.err();
            }
            lines.push(String::from_utf8_lossy(text).into_owned());
            if ends {
                return Ok(Self { code, lines });
            }
        }
        NOT_SMTP.err()
    }

    /// The words after a keyword of an answer to `EHLO`, if the server has it.
    pub(super) fn offers(&self, keyword: &str) -> Option<&str> {
        self.lines.iter().skip(1).find_map(|line| {
            let (first, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
            first.eq_ignore_ascii_case(keyword).then_some(rest)
        })
    }

    /// The answer, if it is one of those that go on at this step.
    ///
    /// # Errors
    /// What the answer means for the letter.
    pub(super) fn wanted(self, stage: Stage) -> Result<Self> {
        let goes_on = match stage {
            Stage::Greeting | Stage::StartTls => self.code == 220,
            Stage::Login => matches!(self.code, 235 | 334),
            Stage::Data => self.code == 354,
            Stage::Recipient => matches!(self.code, 250..=252),
            Stage::Hello | Stage::Sender | Stage::Text | Stage::Reset => self.code == 250,
        };
        if goes_on { Ok(self) } else { Err(self.fault(stage)) }
    }

    fn fault(&self, stage: Stage) -> Error {
        let status = self.status();
        let code = match (self.code, stage) {
            (400..=499, _) => &LATER,
            (500..=599, Stage::StartTls) => &NO_TLS,
            (500..=599, Stage::Login) => &NO_LOGIN,
            (500..=599, Stage::Recipient | Stage::Text)
                if of_the_address(self.code, status, stage) =>
            {
                &REFUSED
            }
            (500..=599, _) => &UNWILLING,
            _ => &NOT_SMTP,
        };
        let error = code.error().with("step", stage.as_str()).with("reply", self.code);
        match status {
            Some([class, subject, detail]) => {
                error.with("class", class).with("subject", subject).with("detail", detail)
            }
            None => error,
        }
    }

    /// The enhanced status code (RFC 3463), which stands before the words (RFC 2034), if it is of the
    /// class of the answer.
    fn status(&self) -> Option<[u16; 3]> {
        let mut parts = self.lines.first()?.split(' ').next()?.split('.');
        let mut part = || {
            let digits = parts.next()?;
            let plain = digits.bytes().all(|b| b.is_ascii_digit()) && digits.len() <= 3;
            digits.parse::<u16>().ok().filter(|_| plain)
        };
        let status = [part()?, part()?, part()?];
        let is_whole = parts.next().is_none() && status.first() == Some(&(self.code / 100));
        is_whole.then_some(status)
    }
}

/// Whether a no is one to the address. All else is put off: that a relay dislikes us, or a text, must
/// not pass for a person who cannot be reached.
fn of_the_address(code: u16, status: Option<[u16; 3]>, stage: Stage) -> bool {
    match status {
        // 5.1.7 and 5.1.8 are of the sender's address, 5.2.3 of the letter's length.
        Some([_, 1, detail]) => !matches!(detail, 7 | 8),
        Some([_, 2, detail]) => detail != 3,
        // 5.0.0 says no more than the answer itself.
        Some([_, 0, _]) | None => {
            // RFC 5321 section 4.2.3 and RFC 7504. After the text they are of the text or of a
            // rule as often as of the mailbox; 552 at the address means "too many" (section 4.5.3.1.10).
            stage == Stage::Recipient && matches!(code, 550 | 551 | 553 | 554 | 556)
        }
        Some(_) => false,
    }
}

/// A line: its code, whether it is the last, its words.
fn parse(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let (code, rest) = line.split_at_checked(3)?;
    if !code.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let code = std::str::from_utf8(code).ok()?.parse().ok()?;
    if !(200..600).contains(&code) {
        return None;
    }
    match rest.split_first() {
        None => Some((code, true, b"")),
        Some((b' ', text)) => Some((code, true, text)),
        Some((b'-', text)) => Some((code, false, text)),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tacenda_core::Code;
    use tacenda_core::error::Context;

    fn reply(text: &str) -> Result<Reply> {
        let mut lines = text.lines();
        Reply::read(|| lines.next().map(|l| l.as_bytes().to_vec()).ok_or_else(|| NOT_SMTP.error()))
    }

    fn verdict(text: &str, stage: Stage) -> Error {
        reply(text).unwrap().wanted(stage).map(|_| ()).unwrap_err()
    }

    #[test]
    fn only_a_no_to_the_address_is_for_good() {
        let of: [(&str, Stage, &'static Code); 26] = [
            ("451 4.7.1 greylisted", Stage::Recipient, &LATER),
            ("421 bye", Stage::Greeting, &LATER),
            ("454 4.7.0 no", Stage::Login, &LATER),
            ("550 5.1.1 unknown", Stage::Recipient, &REFUSED),
            ("550 unknown", Stage::Recipient, &REFUSED),
            ("550 5.0.0 no", Stage::Recipient, &REFUSED),
            ("556 5.1.10 null mx", Stage::Recipient, &REFUSED),
            ("550 4.1.1 of another class", Stage::Recipient, &REFUSED),
            ("550 5.2.1 disabled", Stage::Text, &REFUSED),
            ("552 5.2.3 too long", Stage::Text, &UNWILLING),
            ("552 too many recipients", Stage::Recipient, &UNWILLING),
            ("553 5.1.8 sender's domain", Stage::Recipient, &UNWILLING),
            ("550 5.1.7 sender", Stage::Recipient, &UNWILLING),
            ("554 5.7.1 relay access denied", Stage::Recipient, &UNWILLING),
            ("550 5.7.26 not signed", Stage::Text, &UNWILLING),
            ("554 spam", Stage::Text, &UNWILLING),
            ("550 5.1.1 unknown", Stage::Sender, &UNWILLING),
            ("554 5.3.2 no mail here", Stage::Greeting, &UNWILLING),
            ("503 5.5.1 order", Stage::Data, &UNWILLING),
            ("530 5.7.0 log in first", Stage::Sender, &UNWILLING),
            ("535 5.7.8 no", Stage::Login, &NO_LOGIN),
            ("502 no", Stage::StartTls, &NO_TLS),
            ("354 go on", Stage::Text, &NOT_SMTP),
            ("250 ok", Stage::Data, &NOT_SMTP),
            ("334 more", Stage::Sender, &NOT_SMTP),
            ("235 in", Stage::Recipient, &NOT_SMTP),
        ];
        for (text, stage, code) in of {
            let error = verdict(text, stage);
            assert!(error.is(code), "{text}: {error}");
        }
        let error =
            verdict("550-5.1.10 nobody <eve@example.org>\n550 5.1.10 here", Stage::Recipient);
        for (key, value) in [("reply", 550), ("class", 5), ("subject", 1), ("detail", 10)] {
            assert_eq!(error.context(key), Some(&Context::Number(value)), "{key}");
        }
        assert!(!format!("{error} {error:?}").contains("eve"));
        let error = verdict("550 5.1.x.9 5.1.1", Stage::Recipient);
        assert_eq!(error.context("class"), None);
    }

    #[test]
    fn what_goes_on_goes_on() {
        let good = [
            ("220 hello", Stage::Greeting),
            ("250", Stage::Hello),
            ("251 forwarded", Stage::Recipient),
            ("334 VXNlcm5hbWU6", Stage::Login),
            ("354 go", Stage::Data),
            ("250 2.0.0 taken", Stage::Text),
        ];
        for (text, stage) in good {
            assert!(reply(text).unwrap().wanted(stage).is_ok(), "{text}");
        }
        let hello = reply("250-mx.example\n250-auth PLAIN login\n250-SIZE\n250 STARTTLS").unwrap();
        assert_eq!(hello.offers("AUTH"), Some("PLAIN login"));
        assert_eq!((hello.offers("STARTTLS"), hello.offers("SIZE")), (Some(""), Some("")));
        assert!(hello.offers("mx.example").is_none() && hello.offers("AUT").is_none());
        let endless = "250-x\n".repeat(MOST_LINES) + "250 x";
        for bad in ["", "25", "25x ok", "2500 ok", "150 ok", "600 ok", "250-a\n251 b", &endless] {
            assert!(reply(bad).map(|_| ()).unwrap_err().is(&NOT_SMTP), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "([2-5][0-9]{0,2}[ -]?\\PC{0,20}\n){0,4}", any in ".{0,9}") {
            for text in [text, any] {
                let Ok(reply) = reply(&text) else { continue };
                for stage in [Stage::Recipient, Stage::Text, Stage::Login] {
                    let _ = reply.offers("AUTH");
                    let _ = reply.fault(stage).to_string();
                }
            }
        }
    }
}
