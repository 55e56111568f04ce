//! The types that a data item can have, as the policy's reader wants them.

pub use crate::pii::ItemType;

/// The type that a word stands for; `None` for any other text.
pub(super) fn parse(word: &str) -> Option<ItemType> {
    ItemType::parse(word).ok()
}

/// The words of [`ItemType::ALL`], in its order.
#[expect(clippy::indexing_slicing, reason = "a constant: out of bounds would not compile")]
pub(super) const WORDS: &[&str] = &{
    let mut words = [""; ItemType::ALL.len()];
    let mut at = 0;
    while at < words.len() {
        words[at] = ItemType::ALL[at].as_str();
        at += 1;
    }
    words
};
