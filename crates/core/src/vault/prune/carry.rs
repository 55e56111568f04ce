//! Carry leaves: rows whose last stating leaf is about to lose its text are stated again.

use super::super::journal::Draft;
use super::super::rows::stated;
use super::{ATTEMPTS, Vault};
use crate::error::Result;
use crate::id::SubjectId;
use crate::leaf::RowStamp;
use crate::ports::store::CONFLICT;
use crate::ports::{Expect, LeafId};
use crate::row::{Row, RowKey};

/// How many of a subject's latest leaves are looked at first, and then at a time.
const FIRST: usize = 16;
const MORE: usize = 256;

/// What an old leaf states of a row.
#[derive(Debug, Clone)]
pub(super) struct Owed {
    pub(super) key: RowKey,
    pub(super) digest: [u8; 32],
    /// The leaf.
    pub(super) at: LeafId,
}

impl Vault {
    /// States again what no later leaf has stated, a leaf for each subject, all in one change; in
    /// smaller ones if others change the same rows. Answers with how many rows it were.
    pub(super) async fn carry(&self, owed: Vec<Owed>) -> Result<u64> {
        let (mut carried, mut lost) = (0, 0);
        let mut waiting = vec![owed];
        while let Some(mut batch) = waiting.pop() {
            match self.try_carry(&batch).await {
                Ok(rows) => (carried, lost) = (carried + rows, 0),
                Err(error) if error.is(&CONFLICT) && lost < ATTEMPTS => {
                    lost += usize::from(batch.len() == 1);
                    let rest = batch.split_off(batch.len() / 2);
                    waiting.extend([rest, batch].into_iter().filter(|part| !part.is_empty()));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(carried)
    }

    async fn try_carry(&self, owed: &[Owed]) -> Result<u64> {
        let keys: Vec<_> = owed.iter().map(|owed| owed.key.clone()).collect();
        // INVARIANT: rows are read before leaves. A row that is written in between has a leaf then,
        // and one that is written later is no longer in the version that the change requires.
        let rows = if keys.is_empty() { Vec::new() } else { self.ports.store.rows(&keys).await? };
        let seen: Vec<_> = owed.iter().zip(rows).collect();
        let mut draft = Draft::new(0);
        let mut carried = 0;
        for of_subject in seen.chunk_by(|(a, _), (b, _)| a.key.subject == b.key.subject) {
            let Some((first, _)) = of_subject.first() else { continue };
            let subject = first.key.subject;
            let rest = self.not_stated_since(subject, of_subject).await?;
            if rest.is_empty() {
                continue;
            }
            let mut leaf = self.own_leaf("log.carried", subject);
            for (owed, row) in rest {
                let RowKey { kind, id, .. } = &owed.key;
                // What the log says, whatever the row is like now.
                let digest = Some(owed.digest);
                leaf.rows.push(RowStamp { kind: kind.clone(), id: *id, digest });
                let version = row.as_ref().map(|row| row.version);
                let expect = version.map_or(Expect::Absent, Expect::Version);
                draft.require(owed.key.clone(), expect);
                carried += 1;
            }
            draft.record(leaf, Vec::new(), &[]);
        }
        if !draft.is_empty() {
            self.commit(draft).await?;
        }
        Ok(carried)
    }

    /// Those that no leaf of the subject has stated after the one that is old.
    async fn not_stated_since<'a>(
        &self,
        subject: SubjectId,
        owed: &'a [(&'a Owed, Option<Row>)],
    ) -> Result<Vec<&'a (&'a Owed, Option<Row>)>> {
        let mut rest: Vec<_> = owed.iter().collect();
        let (mut before, mut limit) = (None, FIRST);
        loop {
            let leaves = self.ports.store.leaves_of(subject, true, before, limit).await?;
            let last = leaves.len() < limit;
            for stored in leaves {
                if rest.iter().all(|(owed, _)| stored.id <= owed.at) {
                    return Ok(rest);
                }
                before = Some(stored.id);
                let leaf = stated(subject, &stored)?;
                rest.retain(|(owed, _)| {
                    let (kind, id) = (&owed.key.kind, owed.key.id);
                    let met = leaf.rows.iter().any(|row| row.kind == *kind && row.id == id);
                    stored.id <= owed.at || !met
                });
            }
            if last || rest.is_empty() {
                return Ok(rest);
            }
            limit = MORE;
        }
    }
}
