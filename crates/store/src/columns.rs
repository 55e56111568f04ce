//! What a database holds of a row behind its key.

use tacenda_core::clock::Timestamp;
use tacenda_core::name::Name;
use tacenda_core::row::{Row, RowKey, Token, state};

/// The columns; `None` where one cannot be read.
pub(crate) struct Columns {
    pub(crate) class: Option<Option<Name>>,
    pub(crate) state: Option<Name>,
    pub(crate) held: Option<bool>,
    pub(crate) anchor_at: Option<Option<Timestamp>>,
    pub(crate) due_at: Option<Option<Timestamp>>,
    pub(crate) version: Option<u64>,
    pub(crate) tokens: Option<Vec<Token>>,
    pub(crate) body: Option<Vec<u8>>,
}

impl Columns {
    /// The row. If one of its columns cannot be read it is [`state::UNREADABLE`], and is as the others
    /// say: whoever comes upon it among many passes over it alone.
    pub(crate) fn into_row(self, key: RowKey) -> Row {
        let Self { class, state, held, anchor_at, due_at, version, tokens, body } = self;
        let mut whole = true;
        let row = Row {
            key,
            class: or(class, Some(state::UNREADABLE), &mut whole),
            state: or(state, state::UNREADABLE, &mut whole),
            held: or(held, false, &mut whole),
            anchor_at: or(anchor_at, None, &mut whole),
            due_at: or(due_at, None, &mut whole),
            version: or(version, 0, &mut whole),
            tokens: or(tokens, Vec::new(), &mut whole),
            body: or(body, Vec::new(), &mut whole),
        };
        if whole { row } else { Row { state: state::UNREADABLE, ..row } }
    }
}

fn or<T>(read: Option<T>, other: T, whole: &mut bool) -> T {
    read.unwrap_or_else(|| {
        *whole = false;
        other
    })
}
