//! A consent: its steps, and how it stands after them.

use tacenda_core::{ActorId, Name, Result, Timestamp};

use super::codes::{IN_FUTURE, WRONG_STEP};
use crate::case::{Stamp, choice};

choice! {
    /// By which act a consent was given or withdrawn (Art. 4(11) GDPR: a clear affirmative one).
    How {
        /// From a signed-in session of the account.
        Account = "account",
        /// By a form that asks for no account.
        Form = "form",
        /// By a form, and by a link in an e-mail that followed it.
        ConfirmedEmail = "confirmed e-mail",
        /// By e-mail.
        Email = "e-mail",
        /// On paper.
        Paper = "paper",
        /// By phone.
        Phone = "phone",
        /// In person.
        InPerson = "in person",
        /// In another way.
        Other = "other",
    }

    /// How it was made sure that a parent consents (Art. 8(2) GDPR: reasonable efforts).
    ParentCheck {
        /// By a link in an e-mail to the parent.
        EmailRoundTrip = "e-mail round trip",
        /// By a payment that the parent made.
        Payment = "payment",
        /// By a document, of which nothing is kept.
        Document = "document",
        /// In person.
        InPerson = "in person",
        /// In another way.
        Other = "other",
    }
}

/// Who consented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Giver {
    /// The person.
    Person,
    /// The holder of parental responsibility, for a child.
    Parent(ParentCheck),
    /// The child, and the holder of parental responsibility with it.
    Together(ParentCheck),
}

/// What was agreed to, how, when and by whom (Art. 7(1) GDPR).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The text of the policy.
    pub text: Name,
    /// Its version.
    pub version: u64,
    /// In which language it was shown.
    pub language: String,
    /// The digest of the words, as [`tacenda_core::policy::ConsentText::digest`] has it.
    pub digest: [u8; 32],
    /// By which act.
    pub how: How,
    /// When; it may lie before it was entered.
    pub given_at: Timestamp,
    /// Who consented.
    pub by: Giver,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Consent was given, for the first time or to another text.
    Given(Given),
    /// It was withdrawn at this time, in this way.
    Withdrawn(Timestamp, How),
    /// The account is gone, or the policy counts it no more: nothing is read any more.
    Ended,
}

/// An entry of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When it was entered.
    pub at: Timestamp,
    /// By whom.
    pub by: ActorId,
    /// What happened.
    pub event: Event,
}

/// How a consent stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It stands, as it was given last.
    Stands(Given),
    /// It was withdrawn at this time. What was done before stays lawful (Art. 7(3) GDPR).
    Withdrawn(Timestamp),
    /// Its account is gone, or the policy counts it no more.
    Ended,
}

/// A person's consent to a purpose, from the first giving to its end. No edits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    purpose: Name,
    pub(super) entries: Vec<Entry>,
    state: State,
}

impl Consent {
    /// A consent to a purpose.
    ///
    /// # Errors
    /// `consent.in_future`.
    pub fn give(purpose: Name, given: Given, stamp: Stamp) -> Result<Self> {
        not_after(given.given_at, stamp)?;
        let Stamp { at, by } = stamp;
        Ok(Self::opened(purpose, given.clone(), Entry { at, by, event: Event::Given(given) }))
    }

    /// The same consent, to another text or another version.
    ///
    /// # Errors
    /// `consent.in_future`; `consent.wrong_step` unless it stands.
    pub fn renew(self, given: Given, stamp: Stamp) -> Result<Self> {
        not_after(given.given_at, stamp)?;
        self.enter(Event::Given(given), stamp)
    }

    /// Ends it by the person's word.
    ///
    /// # Law
    /// Art. 7(3) GDPR: at any time, and as easily as it was given.
    ///
    /// # Properties
    /// No time refuses it: it may be said to be older than the consent, and ends it all the same;
    /// one that is still to come is taken for that of the entry.
    ///
    /// # Errors
    /// `consent.wrong_step` unless it stands.
    pub fn withdraw(self, at: Timestamp, how: How, stamp: Stamp) -> Result<Self> {
        self.enter(Event::Withdrawn(at.min(stamp.at), how), stamp)
    }

    /// Ends it without the person's word.
    ///
    /// # Errors
    /// `consent.wrong_step` unless it stands.
    pub fn end(self, stamp: Stamp) -> Result<Self> {
        self.enter(Event::Ended, stamp)
    }

    /// The purpose that it is for.
    #[must_use]
    pub const fn purpose(&self) -> &Name {
        &self.purpose
    }

    /// What happened, the oldest first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// When it was given, at the latest.
    #[must_use]
    pub fn given_at(&self) -> Option<Timestamp> {
        let given = self.entries.iter().filter_map(|entry| match &entry.event {
            Event::Given(given) => Some(given.given_at),
            Event::Withdrawn(..) | Event::Ended => None,
        });
        given.max()
    }

    /// How it stands.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    pub(super) fn opened(purpose: Name, given: Given, entry: Entry) -> Self {
        Self { purpose, entries: vec![entry], state: State::Stands(given) }
    }

    fn enter(self, event: Event, Stamp { at, by }: Stamp) -> Result<Self> {
        // A clock that was ahead for an hour holds nobody up.
        let at = self.entries.last().map_or(at, |last| at.max(last.at));
        self.apply(Entry { at, by, event })
    }

    /// The history with an entry more: the structure alone, as when it is read again.
    pub(super) fn apply(mut self, entry: Entry) -> Result<Self> {
        let in_order = self.entries.last().is_none_or(|last| last.at <= entry.at);
        self.state = match (&self.state, &entry.event) {
            (State::Stands(_), Event::Given(given)) => State::Stands(given.clone()),
            (State::Stands(_), Event::Withdrawn(at, _)) => State::Withdrawn(*at),
            (State::Stands(_), Event::Ended) => State::Ended,
            (State::Withdrawn(_) | State::Ended, _) => return WRONG_STEP.err(),
        };
        if !in_order {
            return WRONG_STEP.err();
        }
        self.entries.push(entry);
        Ok(self)
    }
}

fn not_after(at: Timestamp, stamp: Stamp) -> Result<()> {
    if at > stamp.at { IN_FUTURE.err() } else { Ok(()) }
}
