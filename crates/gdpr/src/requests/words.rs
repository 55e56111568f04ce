//! What a requester wrote or said.

use std::fmt;

use tacenda_core::guard;
use tacenda_core::pii::Sensitive;

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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
            let words = Words::new(&text).and(&Words::new(&more));
            prop_assert!(guard::find(words.as_text()).is_empty());
        }
    }
}
