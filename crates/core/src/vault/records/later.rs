//! What is added while records stand against it: a hold of a class holds what comes of it later.

use super::{Draft, Standing, Vault};
use crate::error::{Kind, Result};
use crate::id::SubjectId;
use crate::name::Name;
use crate::policy::records::{HELD_WHOLE, HOLDS};
use crate::ports::Expect;
use crate::row::Row;

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

    /// Whether everything about a subject is held, or may be, as nobody can read what was altered.
    ///
    /// # Law
    /// Art. 17(3) GDPR.
    pub(super) async fn is_held_whole(&self, subject: SubjectId) -> Result<bool> {
        let whole = |standing: &Standing| match standing {
            Standing::Open { state, .. } => *state == HELD_WHOLE,
            Standing::Closed { .. } => false,
        };
        match self.records_of(subject, &HOLDS).await {
            Ok(holds) => Ok(holds.iter().any(|hold| whole(&hold.standing))),
            Err(error) if error.kind() == Kind::Integrity => Ok(true),
            Err(error) => Err(error),
        }
    }
}
