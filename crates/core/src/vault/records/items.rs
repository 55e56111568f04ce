//! The values of a record, on their way into a seal and out of it.

use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

use crate::guard;
use crate::name::Name;

/// The item that every record has: what its room knows of it, in the room's own encoding.
pub const MODEL: Name = Name::fixed("model");

/// Values by item. Each is sealed by itself, so that a read opens only those that it names.
#[derive(Clone, Default)]
pub struct RecordItems(pub(super) BTreeMap<Name, Zeroizing<Vec<u8>>>);

impl RecordItems {
    /// With a value in the room's own encoding, or one that its own type has parsed. Nothing looks
    /// for card numbers in it: what somebody wrote goes in by [`RecordItems::with_words`].
    #[must_use]
    pub fn with(mut self, item: Name, value: Vec<u8>) -> Self {
        self.0.insert(item, Zeroizing::new(value));
        self
    }

    /// With a text that somebody wrote: card numbers and verification codes are masked, and nothing
    /// is refused (INVARIANT 2).
    #[must_use]
    pub fn with_words(self, item: Name, text: &str) -> Self {
        let words = guard::mask(text).as_bytes().to_vec();
        self.with(item, words)
    }

    /// The value of an item, if it is among them.
    #[must_use]
    pub fn get(&self, item: &Name) -> Option<&[u8]> {
        self.0.get(item).map(|value| value.as_slice())
    }

    /// The value of an item as text, if it is among them and is text.
    #[must_use]
    pub fn words(&self, item: &Name) -> Option<&str> {
        std::str::from_utf8(self.get(item)?).ok()
    }

    /// Which items they are.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.0.keys()
    }
}

impl fmt::Debug for RecordItems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_not_printed_and_words_hold_no_card_number() {
        let words = Name::fixed("words");
        let items = RecordItems::default()
            .with(MODEL, b"secret".to_vec())
            .with_words(words.clone(), "my card is 4242 4242 4242 4242, delete it");
        let shown = format!("{items:?}");
        assert!(shown.contains("model") && !shown.contains("secret") && !shown.contains("card"));
        let kept = items.words(&words).unwrap();
        assert!(kept.starts_with("my card is ") && !kept.contains("4242 4242"), "{kept}");
        assert_eq!(items.get(&MODEL), Some(b"secret".as_slice()));
        assert_eq!(items.names().count(), 2);
    }
}
