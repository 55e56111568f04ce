//! Texts of the controller's people.

use std::fmt;

use tacenda_core::error::{Code, Kind};
use tacenda_core::pii::Sensitive;
use tacenda_core::{Result, guard};

/// A text that is empty, too long or holds control characters.
pub static BAD_NOTE: Code = Code::new(
    "case.bad_note",
    Kind::Input,
    "a text is 1 to 8000 characters, none of them a control character but for line breaks",
);

/// A text that somebody of the controller writes about a case: what happened, a reason, a remark.
///
/// It may speak of people, so it has no `Display`, and its `Debug` tells nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Note(Sensitive<String>);

impl Note {
    /// The most characters of a text.
    pub const MAX_CHARS: usize = 8000;

    /// Reads a text; white space around it is trimmed.
    ///
    /// # Errors
    /// [`BAD_NOTE`]; the codes of the guard if there is a card number in it.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let long = text.chars().nth(Self::MAX_CHARS).is_some();
        if text.is_empty() || long || text.chars().any(|c| c.is_control() && c != '\n') {
            return Err(BAD_NOTE.error().with("limit", Self::MAX_CHARS));
        }
        guard::refuse(text)?;
        Ok(Self(text.to_owned().into()))
    }

    /// A text that was read before and stored since: the guard of that day has seen it.
    pub(crate) fn stored(text: &str) -> Self {
        Self(text.to_owned().into())
    }

    /// The text.
    #[must_use]
    pub fn as_text(&self) -> &str {
        // EXPOSE: the text is this type's content; its caller answers for the use
        self.0.expose()
    }
}

impl fmt::Debug for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Note(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn notes_hold_no_card_number_and_print_nothing() {
        let note = Note::parse(" A copy of the table\nlay open. ").unwrap();
        assert_eq!(note.as_text(), "A copy of the table\nlay open.");
        assert_eq!(format!("{note:?}"), "Note(..)");
        for bad in ["", " \n ", "a\u{7}b", &"a".repeat(8001)] {
            assert!(Note::parse(bad).unwrap_err().is(&BAD_NOTE));
        }
        assert!(Note::parse(&"é".repeat(8000)).is_ok());
        assert!(Note::parse("it was 4111 1111 1111 1111").unwrap_err().is(&guard::CARD_NUMBER));
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = Note::parse(&text);
        }
    }
}
