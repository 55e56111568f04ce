//! What people decide about purposes, and what they are told of.

use chrono::NaiveDate;
use tacenda_core::vault::{Actor, DueRecord, RecordKey, Vault};
use tacenda_core::{Name, Result, SubjectId, Timestamp};
use tacenda_gdpr::case::Settled;
use tacenda_gdpr::consent::{self, Giving, How, Stands, Withdrawal};
use tacenda_gdpr::notice::{self, Shown, ToInform};
use tacenda_gdpr::objection::{self, Decision, Objected, Objecting, State, Told, Way};
use tacenda_gdpr::requests::{Calendar, Words};

/// How many records a look at those without an account takes at once.
const PAGE: usize = 256;

/// Consents of a [`crate::Tacenda`] (Art. 7 GDPR).
#[derive(Debug, Clone, Copy)]
pub struct Consents<'a> {
    pub(crate) vault: &'a Vault,
}

impl Consents<'_> {
    /// Enters that consent was given.
    ///
    /// # Errors
    /// As [`consent::give`].
    pub async fn give(&self, subject: SubjectId, giving: &Giving, actor: &Actor) -> Result<Stands> {
        consent::give(self.vault, subject, giving, actor).await
    }

    /// Withdraws the consent to a purpose, now.
    ///
    /// # Errors
    /// As [`consent::withdraw`].
    pub async fn withdraw(
        &self,
        subject: SubjectId,
        purpose: &str,
        how: How,
        actor: &Actor,
    ) -> Result<Withdrawal> {
        let (purpose, when) = (Name::parse(purpose)?, (self.vault.now(), how));
        consent::withdraw(self.vault, subject, &purpose, when, actor).await
    }

    /// Reads the proofs of a subject's consents for a purpose.
    ///
    /// # Errors
    /// As [`consent::consents_of`].
    pub async fn of(
        &self,
        subject: SubjectId,
        purpose: &str,
        actor: &Actor,
    ) -> Result<Vec<consent::Listed>> {
        consent::consents_of(self.vault, subject, &Name::parse(purpose)?, actor).await
    }

    /// Ends the proofs whose accounts are gone; how many.
    ///
    /// # Errors
    /// As [`consent::settle`].
    pub async fn settle(&self) -> Result<u64> {
        let (mut ended, mut after) = (0u64, None::<DueRecord>);
        loop {
            let page = consent::settle(self.vault, after.as_ref(), PAGE).await?;
            let Settled { ended: more, next } = page;
            ended = ended.saturating_add(more as u64);
            after = next;
            if after.is_none() {
                return Ok(ended);
            }
        }
    }
}

/// Objections of a [`crate::Tacenda`] (Art. 21 GDPR).
#[derive(Debug, Clone, Copy)]
pub struct Objections<'a> {
    pub(crate) vault: &'a Vault,
}

impl Objections<'_> {
    /// Enters an objection to a purpose.
    ///
    /// # Errors
    /// As [`objection::object`].
    pub async fn object(
        &self,
        subject: SubjectId,
        objecting: &Objecting,
        actor: &Actor,
    ) -> Result<Objected> {
        objection::object(self.vault, subject, objecting, actor).await
    }

    /// Enters an objection to direct marketing as such, now.
    ///
    /// # Errors
    /// As [`objection::stop_marketing`].
    pub async fn stop_marketing(
        &self,
        subject: SubjectId,
        way: Way,
        actor: &Actor,
    ) -> Result<Objected> {
        objection::stop_marketing(self.vault, subject, (self.vault.now(), way), actor).await
    }

    /// Decides an objection.
    ///
    /// # Errors
    /// As [`objection::decide`].
    pub async fn decide(
        &self,
        key: &RecordKey,
        decision: Decision,
        actor: &Actor,
    ) -> Result<State> {
        objection::decide(self.vault, key, decision, actor).await
    }

    /// Enters that the person was told of the decision.
    ///
    /// # Errors
    /// As [`objection::tell`].
    pub async fn tell(&self, key: &RecordKey, told: Told, actor: &Actor) -> Result<State> {
        objection::tell(self.vault, key, told, actor).await
    }

    /// The objections that wait, with the last day of each up to this one. Nothing is opened.
    ///
    /// # Errors
    /// As [`objection::agenda`].
    pub async fn agenda(
        &self,
        calendar: &Calendar<'_>,
        until: NaiveDate,
        actor: &Actor,
    ) -> Result<Vec<objection::Work>> {
        objection::agenda(self.vault, calendar, until, actor).await
    }

    /// Takes an objection back, by the person's word.
    ///
    /// # Errors
    /// As [`objection::withdraw`].
    pub async fn withdraw(&self, key: &RecordKey, at: Timestamp, actor: &Actor) -> Result<State> {
        objection::withdraw(self.vault, key, at, actor).await
    }

    /// Reads a subject's objections for a purpose.
    ///
    /// # Errors
    /// As [`objection::objections_of`].
    pub async fn of(
        &self,
        subject: SubjectId,
        purpose: &str,
        actor: &Actor,
    ) -> Result<Vec<objection::Listed>> {
        objection::objections_of(self.vault, subject, &Name::parse(purpose)?, actor).await
    }

    /// Reads what the person wrote.
    ///
    /// # Errors
    /// As [`objection::read_words`].
    pub async fn read_words(
        &self,
        key: &RecordKey,
        purpose: &str,
        actor: &Actor,
    ) -> Result<Option<Words>> {
        objection::read_words(self.vault, key, &Name::parse(purpose)?, actor).await
    }

    /// Ends the objections whose accounts are gone; how many.
    ///
    /// # Errors
    /// As [`objection::settle`].
    pub async fn settle(&self) -> Result<u64> {
        let mut ended = 0u64;
        for state in [State::Pending, State::Stands, State::Overruled] {
            let mut after = None::<DueRecord>;
            loop {
                let page = objection::settle(self.vault, &state, after.as_ref(), PAGE).await?;
                ended = ended.saturating_add(page.ended as u64);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(ended)
    }
}

/// Which notice the people of a [`crate::Tacenda`] were told of (Art. 13(3) GDPR).
#[derive(Debug, Clone, Copy)]
pub struct Notices<'a> {
    pub(crate) vault: &'a Vault,
}

impl Notices<'_> {
    /// Enters that a person was told.
    ///
    /// # Errors
    /// As [`notice::shown`].
    pub async fn shown(&self, subject: SubjectId, shown: Shown, actor: &Actor) -> Result<bool> {
        notice::shown(self.vault, subject, shown, actor).await
    }

    /// Looks at a page of the accounts: whose person is to be told of a purpose that came later.
    ///
    /// # Errors
    /// As [`notice::to_inform`].
    pub async fn to_inform(&self, after: Option<SubjectId>, limit: usize) -> Result<ToInform> {
        notice::to_inform(self.vault, after, limit).await
    }
}
