//! Texts of the controller and of the requester, and closed choices.

use std::fmt;

use tacenda_core::pii::Sensitive;
use tacenda_core::{Result, guard};

use super::codes::BAD_NOTE;

/// A text that somebody of the controller writes into the file: a reason, a question, a remark.
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
    pub(super) fn stored(text: &str) -> Self {
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

/// What a requester wrote or said. It is taken as it comes: whatever is in it, it is never refused
/// and never cut.
///
/// # Properties
/// No card number and no verification code is left in it: they are masked (`guard::mask`). What it is
/// sealed as is its text in UTF-8.
#[derive(Clone, PartialEq, Eq)]
pub struct Words(Sensitive<String>);

impl Words {
    /// Takes a text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(guard::mask(text).into_owned().into())
    }

    /// With what the requester wrote later, after an empty line.
    ///
    /// Both parts are masked as one, so that a number that begins in one and ends in the other is
    /// found too.
    #[must_use]
    pub fn and(&self, later: &Self) -> Self {
        let joined = Sensitive::new(format!("{}\n\n{}", self.as_text(), later.as_text()));
        // EXPOSE: the guard looks at it
        Self::new(joined.expose())
    }

    /// The text.
    #[must_use]
    pub fn as_text(&self) -> &str {
        // EXPOSE: the text is this type's content; its caller answers for the use
        self.0.expose()
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Words(..)")
    }
}

/// Declares an enum whose variants have a word each, which is what is stored.
macro_rules! choice {
    ($($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)? })+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$doc])* $variant),+ }

        impl $name {
            /// Every choice, in the order of the source.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its word, as it is stored.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The choice that a word stands for; `None` for any other text.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    )+};
}

pub(super) use choice;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn notes_hold_no_card_number_and_print_nothing() {
        let note = Note::parse(" They asked by phone,\nfrom another number. ").unwrap();
        assert_eq!(note.as_text(), "They asked by phone,\nfrom another number.");
        assert_eq!(format!("{note:?}"), "Note(..)");
        for bad in ["", " \n ", "a\u{7}b", &"a".repeat(8001)] {
            assert!(Note::parse(bad).unwrap_err().is(&BAD_NOTE));
        }
        assert!(Note::parse(&"é".repeat(8000)).is_ok());
        assert!(Note::parse("it was 4111 1111 1111 1111").unwrap_err().is(&guard::CARD_NUMBER));
    }

    #[test]
    fn what_a_requester_writes_is_masked_and_never_refused() {
        let words = Words::new("You charged 4111-1111-1111-1111, CVV 123.\0 Delete it!");
        assert_eq!(words.as_text(), "You charged ****-****-****-1111, CVV ***.\0 Delete it!");
        assert_eq!(format!("{words:?}"), "Words(..)");
        assert_eq!(Words::new("").as_text(), "");
        // A number that is split over two letters.
        let both = Words::new("my card: 4111 1111").and(&Words::new("1111 1111"));
        assert!(guard::find(both.as_text()).is_empty());
        let long = "please ".repeat(100_000);
        assert_eq!(Words::new(&long).as_text(), long);
    }

    proptest! {
        #[test]
        fn never_panics_and_leaves_no_card(text in "[0-9 \\-cvCV:\\n]{0,60}", more in any::<String>()) {
            let _ = Note::parse(&more);
            let words = Words::new(&text).and(&Words::new(&more));
            prop_assert!(guard::find(words.as_text()).is_empty());
        }
    }
}
