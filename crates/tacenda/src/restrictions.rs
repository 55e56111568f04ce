//! Restriction of processing: what is stored and not used, and its end.

use chrono::NaiveDate;
use tacenda_core::vault::{Actor, RecordKey, RestrictedUse, Vault, View};
use tacenda_core::{Name, Result, SubjectId};
use tacenda_gdpr::restriction::{
    self, Announcement, Lifted, Note, Placed, Restriction, Terms, Work,
};

use crate::Requests;

/// Restrictions of a [`crate::Tacenda`]. A lifting reckons the days of requests that it opens again: make
/// one and keep it.
#[derive(Debug, Clone)]
pub struct Restrictions<'a> {
    vault: &'a Vault,
    requests: Requests<'a>,
}

impl<'a> Restrictions<'a> {
    /// By the working days of the controller's country.
    pub(crate) fn new(vault: &'a Vault) -> Result<Self> {
        Ok(Self { vault, requests: Requests::new(vault)? })
    }

    /// By the days of these requests.
    #[must_use]
    pub fn with_requests(self, requests: Requests<'a>) -> Self {
        Self { requests, ..self }
    }

    /// Restricts what is in use of a customer.
    ///
    /// # Errors
    /// As [`restriction::place`].
    pub async fn place(&self, subject: SubjectId, terms: &Terms, actor: &Actor) -> Result<Placed> {
        restriction::place(self.vault, subject, terms, actor).await
    }

    /// Notes that a restriction was looked at and goes on, until `next` at least.
    ///
    /// # Errors
    /// As [`restriction::review`].
    pub async fn review(
        &self,
        key: &RecordKey,
        next: NaiveDate,
        reason: &Note,
        actor: &Actor,
    ) -> Result<()> {
        restriction::review(self.vault, key, next, reason, actor).await
    }

    /// Notes the letter that tells the person that a restriction will be lifted.
    ///
    /// # Errors
    /// As [`restriction::announce`].
    pub async fn announce(
        &self,
        key: &RecordKey,
        announcement: &Announcement,
        actor: &Actor,
    ) -> Result<()> {
        restriction::announce(self.vault, key, announcement, actor).await
    }

    /// Notes that a restriction goes on although its end was announced.
    ///
    /// # Errors
    /// As [`restriction::keep`].
    pub async fn keep(&self, key: &RecordKey, reason: &Note, actor: &Actor) -> Result<()> {
        restriction::keep(self.vault, key, reason, actor).await
    }

    /// Lifts a restriction of which the person was told before; requests for erasure that were refused
    /// for it are to be answered again.
    ///
    /// # Errors
    /// As [`restriction::lift`].
    pub async fn lift(&self, key: &RecordKey, actor: &Actor) -> Result<Lifted> {
        restriction::lift(self.vault, &self.requests.calendar(), key, actor).await
    }

    /// Reads what a purpose may see of a customer, also what is restricted, on a ground that the log
    /// names.
    ///
    /// # Errors
    /// As [`Vault::read_restricted`].
    pub async fn read_customer(
        &self,
        subject: SubjectId,
        purpose: &str,
        ground: RestrictedUse,
        actor: &Actor,
    ) -> Result<View> {
        self.vault.read_restricted(subject, &Name::parse(purpose)?, ground, actor).await
    }

    /// The restrictions to be reviewed by this day, overdue ones too, and those of which the end was
    /// announced, without opening any.
    ///
    /// # Errors
    /// As [`restriction::agenda`].
    pub async fn agenda(&self, until: NaiveDate, actor: &Actor) -> Result<Vec<Work>> {
        restriction::agenda(self.vault, until, actor).await
    }

    /// All restrictions that are in force.
    ///
    /// # Errors
    /// As [`restriction::agenda`].
    pub async fn open(&self, actor: &Actor) -> Result<Vec<Work>> {
        restriction::agenda(self.vault, NaiveDate::MAX, actor).await
    }

    /// The restrictions whose review is overdue, and those of which the end was announced.
    ///
    /// # Errors
    /// As [`restriction::agenda`].
    pub async fn overdue(&self, actor: &Actor) -> Result<Vec<Work>> {
        let today = self.vault.ports().zone.local_date(self.vault.now());
        let yesterday = today.pred_opt().unwrap_or(NaiveDate::MIN);
        restriction::agenda(self.vault, yesterday, actor).await
    }

    /// Reads a restriction for a purpose.
    ///
    /// # Errors
    /// As [`restriction::read`].
    pub async fn read(&self, key: &RecordKey, purpose: &str, actor: &Actor) -> Result<Restriction> {
        restriction::read(self.vault, key, &Name::parse(purpose)?, actor).await
    }
}
