//! Breaches: the register, whom each affects, and how they are told.

use tacenda_core::pii::Email;
use tacenda_core::vault::{Actor, DueRecord, RecordKey, Vault};
use tacenda_core::{Name, Result, Timestamp};
use tacenda_gdpr::breach::Breach;
use tacenda_gdpr::breach::form::{Form, Stage};
use tacenda_gdpr::breach::people::{self, Followed, Listing, Reach, Selection, Sent, Tally};
use tacenda_gdpr::breach::register::{self, BreachId, Entered, Raised, Step, Work};
use tacenda_gdpr::breach::state::{Facts, Telling};

use crate::Requests;

/// Breaches of a [`crate::Tacenda`]. Letting somebody's address go reckons the days of requests that it
/// opens again: make one and keep it.
#[derive(Debug, Clone)]
pub struct Breaches<'a> {
    vault: &'a Vault,
    requests: Requests<'a>,
}

impl<'a> Breaches<'a> {
    /// By the working days of the controller's country.
    pub(crate) fn new(vault: &'a Vault) -> Result<Self> {
        Ok(Self { vault, requests: Requests::new(vault)? })
    }

    /// By the days of these requests.
    #[must_use]
    pub fn with_requests(self, requests: Requests<'a>) -> Self {
        Self { requests, ..self }
    }

    /// Enters a suspicion in the register; again with the same number, it is there already.
    ///
    /// # Errors
    /// As [`register::suspect`].
    pub async fn suspect(
        &self,
        id: Option<BreachId>,
        facts: Facts,
        actor: &Actor,
    ) -> Result<Raised> {
        register::suspect(self.vault, id, facts, actor).await
    }

    /// Takes a step: it is entered in the register.
    ///
    /// # Errors
    /// As [`register::step`].
    pub async fn step(&self, key: &RecordKey, step: Step, actor: &Actor) -> Result<Entered> {
        register::step(self.vault, key, step, actor).await
    }

    /// The breach of this number.
    ///
    /// # Errors
    /// As [`register::find`].
    pub async fn find(&self, id: BreachId, actor: &Actor) -> Result<Option<RecordKey>> {
        register::find(self.vault, id, actor).await
    }

    /// Reads a breach for a purpose.
    ///
    /// # Errors
    /// As [`register::read`].
    pub async fn read(&self, key: &RecordKey, purpose: &str, actor: &Actor) -> Result<Breach> {
        register::read(self.vault, key, &Name::parse(purpose)?, actor).await
    }

    /// The authority's form, filled from a breach that is read for a purpose. What it lacks it tells.
    ///
    /// # Errors
    /// As [`register::read`] and [`Form::fill`].
    pub async fn form(
        &self,
        key: &RecordKey,
        stage: Stage,
        purpose: &str,
        actor: &Actor,
    ) -> Result<Form> {
        let breach = self.read(key, purpose, actor).await?;
        let zone = self.vault.ports().zone.as_ref();
        Form::fill(self.vault.policy(), &breach, stage, self.vault.now(), zone)
    }

    /// The open breaches of which a clock ends until then.
    ///
    /// # Errors
    /// As [`register::agenda`].
    pub async fn agenda(&self, until: Timestamp, actor: &Actor) -> Result<Vec<Work>> {
        register::agenda(self.vault, until, actor).await
    }

    /// Counts whom a selection means, and lists nobody.
    ///
    /// # Errors
    /// As [`people::count`].
    pub async fn count(
        &self,
        key: &RecordKey,
        selection: &Selection,
        actor: &Actor,
    ) -> Result<Listing> {
        people::count(self.vault, key, selection, actor).await
    }

    /// Lists whom a selection means, and holds their addresses until they were told; again, it goes on.
    ///
    /// # Errors
    /// As [`people::list`].
    pub async fn list(
        &self,
        key: &RecordKey,
        selection: &Selection,
        actor: &Actor,
        progress: &mut (dyn FnMut(&Listing) + Send),
    ) -> Result<Listing> {
        people::list(self.vault, key, selection, actor, progress).await
    }

    /// How many people of a breach were told.
    ///
    /// # Errors
    /// As [`people::tally`].
    pub async fn tally(&self, key: &RecordKey) -> Result<Tally> {
        people::tally(self.vault, key).await
    }

    /// A page of the people of a breach so far as they were told.
    ///
    /// # Errors
    /// As [`people::people`].
    pub async fn people(
        &self,
        key: &RecordKey,
        reach: Reach,
        after: Option<&DueRecord>,
        limit: usize,
        actor: &Actor,
    ) -> Result<Vec<DueRecord>> {
        people::people(self.vault, key, reach, after, limit, actor).await
    }

    /// Puts a test of the letter into the outbox.
    ///
    /// # Errors
    /// As [`people::test`].
    pub async fn test(
        &self,
        key: &RecordKey,
        to: &Email,
        language: Option<&str>,
        actor: &Actor,
    ) -> Result<()> {
        people::test(self.vault, key, to, language, actor).await
    }

    /// Puts the letter into the outbox for everybody on the list; again, it goes on.
    ///
    /// # Errors
    /// As [`people::send`].
    pub async fn send(
        &self,
        key: &RecordKey,
        actor: &Actor,
        progress: &mut (dyn FnMut(&Sent) + Send),
    ) -> Result<Sent> {
        people::send(self.vault, key, actor, progress).await
    }

    /// Takes from the outbox what became of each letter; for a job that runs until nobody waits, and once
    /// more when the breach is closed.
    ///
    /// # Errors
    /// As [`people::follow`].
    pub async fn follow(&self, key: &RecordKey, actor: &Actor) -> Result<Followed> {
        people::follow(self.vault, &self.requests.calendar(), key, actor).await
    }

    /// Enters in the register how many were told, and how many cannot be.
    ///
    /// # Errors
    /// As [`people::tell`].
    pub async fn tell(&self, key: &RecordKey, actor: &Actor) -> Result<Telling> {
        people::tell(self.vault, key, actor).await
    }
}
