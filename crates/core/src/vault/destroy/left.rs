//! What an erasure of many could not finish, and why.

use super::{BLOCKED, CONFLICT, Destroyed, UNDER_WAY};
use crate::error::{Error, Kind, Result};

/// Subjects whose erasure has begun and is not finished: their keys are gone, their rows are not.
/// [`Vault::resume_destroys`](crate::vault::Vault::resume_destroys) tries again.
#[derive(Debug)]
pub struct Left {
    /// How many; not counted are those of a job that cannot be read.
    pub subjects: u64,
    /// The first failure: an integrity code, if rows are not the ones that the log states; or
    /// `store.conflict` and `erasure.under_way`, if another process is about them.
    pub error: Error,
}

impl Left {
    /// Adds more; the first failure stays.
    pub fn add(to: &mut Option<Self>, more: Self) {
        match to {
            Some(left) => left.subjects = left.subjects.saturating_add(more.subjects),
            None => *to = Some(more),
        }
    }

    /// The first failure, which tells how many subjects are `left`.
    #[must_use]
    pub fn into_error(self) -> Error {
        self.error.with("left", self.subjects)
    }
}

/// What became of erasures that were under way.
#[derive(Debug, Default)]
#[must_use = "it says what is left"]
pub struct Resumed {
    /// What is finished.
    pub done: Vec<Destroyed>,
    /// What is not, because of what somebody altered.
    pub left: Option<Left>,
    /// [`BLOCKED`], if a scrub is awaited: all else is done.
    pub blocked: Option<Error>,
}

impl Resumed {
    /// What is finished, if nothing is left.
    ///
    /// # Errors
    /// The failure of what is left; [`BLOCKED`].
    pub fn or_what_is_left(self) -> Result<Vec<Destroyed>> {
        let altered = self.left.map(Left::into_error);
        altered.or(self.blocked).map_or(Ok(self.done), Err)
    }

    pub(super) fn leave(&mut self, left: Left) {
        Left::add(&mut self.left, left);
    }

    /// Adds what became of one more. What another process is about is told by that one.
    pub(super) fn take_up(&mut self, one: Self) {
        self.done.extend(one.done);
        let altered = one.left.filter(|left| left.error.kind() == Kind::Integrity);
        altered.into_iter().for_each(|left| self.leave(left));
        self.blocked = self.blocked.take().or(one.blocked);
    }

    /// What stops no other job: one that cannot be read, which does not tell of how many it is, is
    /// left; one that another process took up, and is further, is told by that one.
    pub(super) fn unless_told(&mut self, came: Result<()>) -> Result<()> {
        match came {
            Err(error) if error.kind() == Kind::Integrity => {
                self.leave(Left { subjects: 0, error });
                Ok(())
            }
            Err(error) if error.is(&CONFLICT) || error.is(&UNDER_WAY) => Ok(()),
            other => other,
        }
    }

    /// Takes up the end of a job.
    pub(super) fn scrubbed(&mut self, scrubbed: Result<Vec<Destroyed>>) -> Result<()> {
        match scrubbed {
            Err(error) if error.is(&BLOCKED) => self.blocked = Some(error),
            other => self.done.extend(other?),
        }
        Ok(())
    }
}
