//! What is added while records stand against it: a hold of a class holds what comes of it later.

use super::{Standing, Vault};
use crate::error::{Kind, Result};
use crate::id::SubjectId;
use crate::name::Name;
use crate::policy::records::{HELD_WHOLE, HOLDS};
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
