//! Legal holds: what is kept from erasure and sweep, and until when.

use chrono::NaiveDate;
use tacenda_core::vault::{Actor, RecordKey, Vault};
use tacenda_core::{ActorId, Name, Result, SubjectId};
use tacenda_gdpr::holds::{
    self, GroupId, GroupReleased, Hold, Many, Note, Placed, Released, Selection, Terms, Work,
};

use crate::Requests;

const PAGE: usize = 256;

/// Holds of a [`crate::Tacenda`]. A release reckons the days of requests that it opens again: make one
/// and keep it.
#[derive(Debug, Clone)]
pub struct Holds<'a> {
    vault: &'a Vault,
    requests: Requests<'a>,
}

impl<'a> Holds<'a> {
    /// By the working days of the controller's country.
    pub(crate) fn new(vault: &'a Vault) -> Result<Self> {
        Ok(Self { vault, requests: Requests::new(vault)? })
    }

    /// By the days of these requests.
    #[must_use]
    pub fn with_requests(self, requests: Requests<'a>) -> Self {
        Self { requests, ..self }
    }

    /// Holds what is kept of a customer.
    ///
    /// # Errors
    /// As [`holds::place`].
    pub async fn place(&self, subject: SubjectId, terms: &Terms, actor: &Actor) -> Result<Placed> {
        holds::place(self.vault, subject, terms, actor).await
    }

    /// A number for a group of holds.
    #[must_use]
    pub fn group(&self) -> GroupId {
        GroupId::generate(self.vault.ports().rng.as_ref())
    }

    /// Holds everybody whom a selection finds, under one number; again with the same number, it goes on.
    ///
    /// # Errors
    /// As [`holds::place_many`].
    pub async fn place_many(
        &self,
        group: GroupId,
        selection: &Selection,
        terms: &Terms,
        actor: &Actor,
        progress: &mut (dyn FnMut(&Many) + Send),
    ) -> Result<Many> {
        holds::place_many(self.vault, group, selection, terms, actor, progress).await
    }

    /// Notes that a hold was looked at and is still needed, until `next` at least.
    ///
    /// # Errors
    /// As [`holds::review`].
    pub async fn review(
        &self,
        key: &RecordKey,
        next: NaiveDate,
        reason: &Note,
        actor: &Actor,
    ) -> Result<()> {
        holds::review(self.vault, key, next, reason, actor).await
    }

    /// Gives a hold to somebody else to look after.
    ///
    /// # Errors
    /// As [`holds::hand_over`].
    pub async fn hand_over(
        &self,
        key: &RecordKey,
        owner: ActorId,
        reason: &Note,
        actor: &Actor,
    ) -> Result<()> {
        holds::hand_over(self.vault, key, owner, reason, actor).await
    }

    /// Releases a hold: what no other keeps is let go, and requests that were refused while it was held
    /// are to be answered again.
    ///
    /// # Errors
    /// As [`holds::release`].
    pub async fn release(&self, key: &RecordKey, reason: &Note, actor: &Actor) -> Result<Released> {
        holds::release(self.vault, &self.requests.calendar(), key, reason, actor).await
    }

    /// Ends a hold of which the record is lost, as an audit tells, and says why.
    ///
    /// # Errors
    /// As [`holds::restate`].
    pub async fn restate(&self, key: &RecordKey, reason: &Note, actor: &Actor) -> Result<Released> {
        holds::restate(self.vault, &self.requests.calendar(), key, reason, actor).await
    }

    /// Releases every hold of a group.
    ///
    /// # Errors
    /// As [`holds::release_group`].
    pub async fn release_group(
        &self,
        group: GroupId,
        reason: &Note,
        actor: &Actor,
    ) -> Result<GroupReleased> {
        holds::release_group(self.vault, &self.requests.calendar(), group, reason, actor).await
    }

    /// The holds to be reviewed by this day, overdue ones too, without opening any.
    ///
    /// # Errors
    /// As [`holds::agenda`].
    pub async fn agenda(&self, until: NaiveDate, actor: &Actor) -> Result<Vec<Work>> {
        holds::agenda(self.vault, until, actor).await
    }

    /// All holds that are open.
    ///
    /// # Errors
    /// As [`holds::agenda`].
    pub async fn open(&self, actor: &Actor) -> Result<Vec<Work>> {
        holds::agenda(self.vault, NaiveDate::MAX, actor).await
    }

    /// The holds whose review is overdue.
    ///
    /// # Errors
    /// As [`holds::agenda`].
    pub async fn overdue(&self, actor: &Actor) -> Result<Vec<Work>> {
        let today = self.vault.ports().zone.local_date(self.vault.now());
        let yesterday = today.pred_opt().unwrap_or(NaiveDate::MIN);
        holds::agenda(self.vault, yesterday, actor).await
    }

    /// Takes off marks of people of whom no hold is open any more; of how many.
    ///
    /// # Errors
    /// As [`holds::settle`].
    pub async fn settle(&self) -> Result<u64> {
        let (mut freed, mut after) = (0u64, None);
        loop {
            let page = holds::settle(self.vault, after.as_ref(), PAGE).await?;
            freed = freed.saturating_add(page.freed as u64);
            after = page.next;
            if after.is_none() {
                return Ok(freed);
            }
        }
    }

    /// Reads a hold for a purpose.
    ///
    /// # Errors
    /// As [`holds::read`].
    pub async fn read(&self, key: &RecordKey, purpose: &str, actor: &Actor) -> Result<Hold> {
        holds::read(self.vault, key, &Name::parse(purpose)?, actor).await
    }
}
