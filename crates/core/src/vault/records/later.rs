//! What is added while records stand against it: a hold of a class holds what comes of it later.

use super::{Draft, RecordKey, Standing, Vault};
use crate::error::{Kind, Result};
use crate::id::SubjectId;
use crate::name::Name;
use crate::policy::records::{HELD_WHOLE, HOLDS, HOLDS_ENDED};
use crate::ports::Expect;
use crate::row::Row;
use crate::vault::rows::stated;

/// How many leaves are looked at at once.
const PAGE: usize = 16;

impl Vault {
    /// Whether a new row of a class is held from its beginning: if another row of the class is, such
    /// as one that a law keeps, or if everything about the subject is. A hold that somebody altered
    /// or took away holds it: on a doubt, nothing is let go.
    ///
    /// # Law
    /// Art. 17(3) GDPR.
    pub(in crate::vault) async fn held_from_now(
        &self,
        subject: SubjectId,
        rows: &[Row],
        class: &Name,
    ) -> Result<bool> {
        if rows.iter().any(|row| row.held && row.class.as_ref() == Some(class)) {
            return Ok(true);
        }
        self.is_held_whole(subject).await
    }

    /// Makes a change that adds something depend on the subject's own rows as they are now. A hold of
    /// everything writes each of them: it is found by the look at the holds that follows, or it keeps
    /// this change from coming after it.
    pub(super) async fn require_own_rows(
        &self,
        subject: SubjectId,
        draft: &mut Draft,
    ) -> Result<()> {
        let classes = self.policy.classes.keys();
        let keys: Vec<_> = classes.map(|class| self.profile_key(subject, class)).collect();
        for row in self.ports.store.rows(&keys).await?.into_iter().flatten() {
            draft.require(row.key, Expect::Version(row.version));
        }
        Ok(())
    }

    /// Whether everything about a subject is held, or may be: nobody can read a hold that was altered or
    /// taken away, unless the log still says that it was let go.
    ///
    /// # Law
    /// Art. 17(3) GDPR.
    pub(super) async fn is_held_whole(&self, subject: SubjectId) -> Result<bool> {
        self.is_held_whole_beside(subject, None).await
    }

    /// [`Vault::is_held_whole`] by other holds than this one.
    pub(super) async fn is_held_whole_beside(
        &self,
        subject: SubjectId,
        own: Option<&RecordKey>,
    ) -> Result<bool> {
        let all = self.records_each(subject, &HOLDS).await?;
        for (key, found) in all.into_iter().filter(|(key, _)| Some(key) != own) {
            let may_hold = match found.map(|hold| hold.standing) {
                Ok(Standing::Open { state, .. }) => state == HELD_WHOLE,
                Ok(Standing::Closed { .. }) => false,
                Err(error) if error.kind() == Kind::Unavailable => return Err(error),
                Err(_) => !self.was_let_go(&key).await?,
            };
            if may_hold {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the last leaf about a hold says that it keeps nothing any more. One that is altered, or was
    /// pruned, says nothing.
    async fn was_let_go(&self, key: &RecordKey) -> Result<bool> {
        let row = key.row();
        let mut before = None;
        loop {
            let leaves = self.ports.store.leaves_of(key.subject, true, before, PAGE).await?;
            for stored in &leaves {
                let Ok(leaf) = stated(key.subject, stored) else { return Ok(false) };
                if leaf.rows.iter().any(|stamp| stamp.kind == row.kind && stamp.id == row.id) {
                    return Ok(HOLDS_ENDED.contains(&leaf.action));
                }
                before = Some(stored.id);
            }
            if leaves.len() < PAGE {
                return Ok(false);
            }
        }
    }
}
