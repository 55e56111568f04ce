//! What a read answers with.

use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::SubjectId;
use crate::name::Name;
use crate::row::{Row, state};

/// What a purpose may see of a subject. Values wipe themselves and do not print.
pub struct View {
    /// Whose data it is.
    pub subject: SubjectId,
    items: BTreeMap<Name, Vec<Kept>>,
}

/// A value of an item, from one of the rows that hold it.
pub struct Kept {
    text: Zeroizing<String>,
    /// Whether a law keeps it; else it is in use.
    pub archived: bool,
    /// When the retention clock of its row started.
    pub anchor_at: Option<Timestamp>,
}

impl Kept {
    /// The value as it was typed.
    #[must_use]
    pub fn text(&self) -> &str {
        // EXPOSE: what the policy gives this purpose is what the caller asked for.
        &self.text
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.archived { "Kept(archived)" } else { "Kept" })
    }
}

impl View {
    pub(super) const fn new(subject: SubjectId) -> Self {
        Self { subject, items: BTreeMap::new() }
    }

    /// Adds what an envelope of a row held, if there was one.
    pub(super) fn insert(
        &mut self,
        item: &Name,
        row: &Row,
        opened: Option<Zeroizing<Vec<u8>>>,
    ) -> Result<()> {
        if let Some(bytes) = opened {
            // EXPOSE: opened for the purpose that the leaf names.
            let text = std::str::from_utf8(&bytes).map_err(|_| crate::codec::MALFORMED.error())?;
            let (archived, anchor_at) = (row.state == state::ARCHIVED, row.anchor_at);
            let kept = Kept { text: Zeroizing::new(text.to_owned()), archived, anchor_at };
            self.items.entry(item.clone()).or_default().push(kept);
        }
        Ok(())
    }

    /// The value of an item as it was typed; `None` if the subject has none, or if the purpose may
    /// not see it.
    ///
    /// `None` also where there is no *one* value: the purpose of a law sees what was archived beside
    /// what is in use, and where they differ neither is the right one without a look at
    /// [`View::all`]. Any other purpose sees only what is in use.
    #[must_use]
    pub fn get(&self, item: &str) -> Option<&str> {
        let (first, others) = self.items.get(item)?.split_first()?;
        let same = others.iter().all(|other| other.text == first.text);
        same.then(|| first.text())
    }

    /// Every value of an item, oldest first: what laws keep in the order in which it was in use, what
    /// is in use last.
    pub fn all(&self, item: &str) -> impl Iterator<Item = &Kept> {
        self.items.get(item).into_iter().flatten()
    }

    /// The items that the view holds, in the order of their names.
    pub fn items(&self) -> impl Iterator<Item = &Name> {
        self.items.keys()
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "View({}, {} items)", self.subject, self.items.len())
    }
}

/// A page of a listing.
#[derive(Debug)]
pub struct ViewPage {
    /// Each subject of the page with what the purpose may see of it, or why it may not.
    pub views: Vec<(SubjectId, Result<View>)>,
    /// Where the next page begins; `None` if this is the last.
    pub next: Option<SubjectId>,
}
