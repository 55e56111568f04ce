//! Requests of data subjects, from receipt to answer.

use chrono::NaiveDate;
use tacenda_core::calendar::{Region, WorkingDays};
use tacenda_core::pii::Email;
use tacenda_core::vault::{Actor, RecordKey, RecordOutline, Vault};
use tacenda_core::{Name, Result, SubjectId};
use tacenda_gdpr::requests::{
    self, Arrival, Calendar, Entered, Erased, Event, Held, Listing, Received, ReplyTo, Request,
    RequestId, Words, Work,
};

use crate::paying::erased_too;

/// Requests of a [`crate::Tacenda`], with the calendar that their days are reckoned by.
///
/// Laying out its years takes up to a millisecond: make one and keep it.
#[derive(Debug, Clone)]
pub struct Requests<'a> {
    vault: &'a Vault,
    working: WorkingDays,
    prompt_days: u32,
}

impl<'a> Requests<'a> {
    /// By the working days of the controller's country.
    pub(crate) fn new(vault: &'a Vault) -> Result<Self> {
        let region = Region::parse(&vault.policy().controller.country)?;
        Ok(Self { vault, working: WorkingDays::of(region), prompt_days: Calendar::PROMPT_DAYS })
    }

    /// By other working days: those of a part of the country, or with holidays of its own.
    #[must_use]
    pub fn with_working_days(self, working: WorkingDays) -> Self {
        Self { working, ..self }
    }

    /// With so many days in which a question counts as asked promptly.
    #[must_use]
    pub fn with_prompt_days(self, prompt_days: u32) -> Self {
        Self { prompt_days, ..self }
    }

    /// What days are reckoned by: the policy's zone, and the working days.
    #[must_use]
    pub fn calendar(&self) -> Calendar<'_> {
        let calendar = Calendar::new(self.vault.ports().zone.as_ref(), &self.working);
        Calendar { prompt_days: self.prompt_days, ..calendar }
    }

    /// Opens the file of a request.
    ///
    /// # Errors
    /// As [`requests::receive`].
    pub async fn receive(&self, arrival: Arrival, actor: &Actor) -> Result<Received> {
        requests::receive(self.vault, &self.calendar(), arrival, actor).await
    }

    /// Takes a step: what happened is entered in the file.
    ///
    /// # Errors
    /// As [`requests::step`].
    pub async fn step(&self, key: &RecordKey, event: Event, actor: &Actor) -> Result<Entered> {
        requests::step(self.vault, &self.calendar(), key, event, actor).await
    }

    /// Adds what the requester wrote later.
    ///
    /// # Errors
    /// As [`requests::hear`].
    pub async fn hear(&self, key: &RecordKey, words: &Words, actor: &Actor) -> Result<()> {
        requests::hear(self.vault, key, words, actor).await
    }

    /// Changes where the answer goes.
    ///
    /// # Errors
    /// As [`requests::readdress`].
    pub async fn readdress(&self, key: &RecordKey, to: &ReplyTo, actor: &Actor) -> Result<()> {
        requests::readdress(self.vault, key, to, actor).await
    }

    /// What is held of a subject, but for the files of its requests.
    ///
    /// # Errors
    /// As [`requests::held`].
    pub async fn held(&self, subject: SubjectId, actor: &Actor) -> Result<Held> {
        requests::held(self.vault, subject, actor).await
    }

    /// The file with this number, as it stands in a letter.
    ///
    /// # Errors
    /// As [`requests::find`].
    pub async fn find(&self, number: RequestId, actor: &Actor) -> Result<Option<RecordKey>> {
        requests::find(self.vault, number, actor).await
    }

    /// The files of a subject's requests, open and closed.
    ///
    /// # Errors
    /// As [`requests::files`].
    pub async fn files(&self, subject: SubjectId, actor: &Actor) -> Result<Vec<RecordOutline>> {
        requests::files(self.vault, subject, actor).await
    }

    /// Decides a request for erasure by the plan, and carries it out. Who pays through a provider is to be
    /// deleted there too ([`crate::Payments::run_leaving`]).
    ///
    /// # Errors
    /// As [`requests::erase`].
    pub async fn erase(&self, key: &RecordKey, actor: &Actor) -> Result<Erased> {
        let erased = requests::erase(self.vault, &self.calendar(), key, actor).await?;
        erased_too(self.vault, key.subject, actor).await;
        Ok(erased)
    }

    /// Reads the file of a request for a purpose.
    ///
    /// # Errors
    /// As [`requests::read`].
    pub async fn read(&self, key: &RecordKey, purpose: &str, actor: &Actor) -> Result<Request> {
        requests::read(self.vault, key, &Name::parse(purpose)?, actor).await
    }

    /// Reads what the requester wrote.
    ///
    /// # Errors
    /// As [`requests::read_words`].
    pub async fn read_words(
        &self,
        key: &RecordKey,
        purpose: &str,
        actor: &Actor,
    ) -> Result<Option<Words>> {
        requests::read_words(self.vault, key, &Name::parse(purpose)?, actor).await
    }

    /// Reads the e-mail address of whom it is about, where nobody was found by it.
    ///
    /// # Errors
    /// As [`requests::read_about`].
    pub async fn read_about(
        &self,
        key: &RecordKey,
        purpose: &str,
        actor: &Actor,
    ) -> Result<Option<Email>> {
        requests::read_about(self.vault, key, &Name::parse(purpose)?, actor).await
    }

    /// Reads where the answer goes.
    ///
    /// # Errors
    /// As [`requests::read_reply_to`].
    pub async fn read_reply_to(
        &self,
        key: &RecordKey,
        purpose: &str,
        actor: &Actor,
    ) -> Result<Option<ReplyTo>> {
        requests::read_reply_to(self.vault, key, &Name::parse(purpose)?, actor).await
    }

    /// The open requests whose last day is this one or before, without opening any.
    ///
    /// # Errors
    /// As [`requests::agenda`].
    pub async fn agenda(&self, until: NaiveDate, actor: &Actor) -> Result<Vec<Work>> {
        requests::agenda(self.vault, &self.calendar(), until, actor).await
    }

    /// Reads the files of an agenda for a purpose: what [`requests::lists`] sorts.
    ///
    /// # Errors
    /// As [`requests::lines`].
    pub async fn lines(&self, agenda: &[Work], purpose: &str, actor: &Actor) -> Result<Listing> {
        let purpose = Name::parse(purpose)?;
        requests::lines(self.vault, &self.calendar(), agenda, &purpose, actor).await
    }

    /// A calendar feed of the open requests whose last day is this one or before, and the files that
    /// could not be read for it.
    ///
    /// # Errors
    /// As [`requests::agenda`], [`requests::lines`] and [`requests::feed`].
    pub async fn feed(
        &self,
        name: &str,
        until: NaiveDate,
        purpose: &str,
        actor: &Actor,
    ) -> Result<(String, Listing)> {
        let listing = self.lines(&self.agenda(until, actor).await?, purpose, actor).await?;
        Ok((requests::feed(name, &listing.lines, self.vault.now())?, listing))
    }
}
