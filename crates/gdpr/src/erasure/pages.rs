//! Who is next in a sweep: the subjects of due rows, page by page.

use std::collections::{BTreeSet, VecDeque};

use tacenda_core::ports::Cursor;
use tacenda_core::vault::{Outline, Vault};
use tacenda_core::{Result, SubjectId};

use super::sweep::AT_ONCE;
use crate::retention::{Reach, SweepLine};

/// The subjects of due rows, page by page.
pub(super) struct Pages<'a> {
    vault: &'a Vault,
    pub(super) line: &'a SweepLine,
    batch: usize,
    after: After,
    /// The subjects of the pages before, which may be under way.
    before: VecDeque<BTreeSet<SubjectId>>,
    pub(super) at_end: bool,
}

/// Behind which row the next page begins. Rows that a hold or a law keeps stay where they are.
enum After {
    Start,
    Row(Cursor),
    Items(Box<Outline>),
}

impl<'a> Pages<'a> {
    pub(super) fn new(vault: &'a Vault, line: &'a SweepLine) -> Self {
        let batch = usize::try_from(vault.policy().sweep.batch).unwrap_or(1000).max(1);
        let (after, before) = (After::Start, VecDeque::new());
        Self { vault, line, batch, after, before, at_end: false }
    }

    /// The next page; `None` if there is no other.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<SubjectId>>> {
        if self.at_end {
            return Ok(None);
        }
        let all = self.read().await?;
        self.at_end = all.len() < self.batch;
        // Of a subject with a row in a page under way everything that is due goes with that.
        let under_way = |subject: &SubjectId| self.before.iter().any(|page| page.contains(subject));
        let subjects: BTreeSet<_> = all.into_iter().filter(|one| !under_way(one)).collect();
        let page = subjects.iter().copied().collect();
        self.before.push_back(subjects);
        if self.before.len() >= AT_ONCE {
            self.before.pop_front();
        }
        Ok(Some(page))
    }

    /// Whose rows are next, each row's once.
    async fn read(&mut self) -> Result<Vec<SubjectId>> {
        let (line, batch) = (self.line, self.batch);
        if line.reach == Reach::Items {
            let after = match &self.after {
                After::Items(row) => Some(row.as_ref()),
                After::Start | After::Row(_) => None,
            };
            let page = self.vault.ended(&line.class, line.cutoff, after, batch).await?;
            let subjects = page.iter().map(|row| row.subject).collect();
            if let Some(last) = page.into_iter().next_back() {
                self.after = After::Items(Box::new(last));
            }
            return Ok(subjects);
        }
        let after = match &self.after {
            After::Row(row) => Some(row),
            After::Start | After::Items(_) => None,
        };
        let (class, state) = (&line.class, &line.state);
        let page = self.vault.anchored(class, state, line.cutoff, after, batch).await?;
        let subjects = page.iter().map(|row| row.key.subject).collect();
        if let Some(last) = page.into_iter().next_back() {
            self.after = After::Row(last);
        }
        Ok(subjects)
    }
}
