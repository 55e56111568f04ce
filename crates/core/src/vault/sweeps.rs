//! When the last sweep ran: the time that the brake trusts.
//!
//! Any entry of the log bears the clock's time, so a clock that jumped would soon be the log's own
//! time as well. A sweep, though, is either small and ordinary or confirmed by a person.

use super::journal::{Draft, next_version, own_row};
use super::open::SKEW;
use super::rows::stated;
use super::{Actor, Vault};
use crate::calendar::{self, EndRule, Rule, StartRule};
use crate::clock::{Span, Timestamp};
use crate::error::Result;
use crate::id::SubjectId;
use crate::name::Name;
use crate::ports::store::CONFLICT;
use crate::ports::{Expect, RowWrite};
use crate::row::{Row, RowKey};

static SWEEP: RowKey = RowKey::only(SubjectId::CONTROLLER, Name::fixed("sweep"));
/// The state of a row that notes what was done.
pub(super) const DONE: Name = Name::fixed("done");

impl Vault {
    /// When the last sweep began, or else when the log did; `None` while there is no log.
    ///
    /// # Errors
    /// The integrity codes of this room; the codes of the store.
    pub async fn swept_at(&self) -> Result<Option<Timestamp>> {
        let row = self.sweep_row().await?;
        if let Some(at) = row.and_then(|row| row.due_at) {
            return Ok(Some(at));
        }
        self.first_leaf_at(1).await
    }

    /// The time that the first leaf of an epoch bears, which is never pruned.
    pub(super) async fn first_leaf_at(&self, epoch: u32) -> Result<Option<Timestamp>> {
        let first = self.ports.store.leaves(epoch, 0, 1).await?;
        let first = first.first().filter(|leaf| leaf.bytes.is_some());
        let text = first.map(|leaf| stated(SubjectId::CONTROLLER, leaf)).transpose()?;
        Ok(text.map(|leaf| leaf.at))
    }

    /// The row that notes the last sweep, compared with the log.
    async fn sweep_row(&self) -> Result<Option<Row>> {
        let keys = std::slice::from_ref(&SWEEP);
        Ok(self.checked(SubjectId::CONTROLLER, keys).await?.pop().flatten())
    }

    /// Whether the clock is behind the last entry of the log, by more than machines disagree anyway,
    /// or further ahead of it, or of the last sweep, than the policy's `max_clock_ahead`: what is
    /// older than a period is not to be judged by it.
    ///
    /// # Errors
    /// As [`Vault::swept_at`].
    pub async fn clock_in_doubt(&self, now: Timestamp) -> Result<bool> {
        let ahead = self.policy.sweep.max_clock_ahead;
        let last = self.last_leaf_at().await?;
        let swept = self.swept_at().await?;
        let far = |then: Timestamp| now > then.plus(ahead);
        // Others write while this looks, and by clocks of their own.
        let behind = |last: Timestamp| now < last.minus(SKEW);
        Ok(last.is_some_and(|last| behind(last) || far(last)) || swept.is_some_and(far))
    }

    /// Forgets the fingerprints of records that were imported longer ago than the policy keeps them;
    /// answers with how many.
    ///
    /// # Errors
    /// The codes of the safe.
    pub async fn forget_fingerprints(&self) -> Result<u64> {
        let keep = self.policy.imports.keep_fingerprints;
        let rule = Rule { keep, start: StartRule::Event, end: EndRule::SameDay };
        match calendar::cutoff(self.now(), &[rule], self.ports.zone.as_ref()) {
            // The cut-off is the last instant that is over; the port takes the first that is not.
            Some(until) => {
                let before = until.plus(Span::micros(1));
                self.ports.keyring.forget_fingerprints(before).await
            }
            None => Ok(0),
        }
    }

    /// Notes that a sweep begins now, with how many rows it will take. Another process that notes
    /// the same at the same moment is as good.
    ///
    /// # Errors
    /// The codes of the ports.
    pub async fn note_sweep(&self, due: u64, actor: &Actor) -> Result<()> {
        let now = self.now();
        let write = match self.sweep_row().await? {
            Some(row) => next_version(Row { due_at: Some(now), ..row }),
            None => RowWrite { row: new_row(now), expect: Expect::Absent },
        };
        let leaf = self.leaf(now, actor, "sweep.begun", SubjectId::CONTROLLER).detail("due", due);
        let mut draft = Draft::new(0);
        draft.record(leaf, vec![write], &[]);
        match self.commit(draft).await {
            Err(error) if error.is(&CONFLICT) => Ok(()),
            other => other.map(|_| ()),
        }
    }
}

fn new_row(now: Timestamp) -> Row {
    Row { state: DONE, due_at: Some(now), ..own_row(SWEEP.clone()) }
}
