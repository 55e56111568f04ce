//! A grant: its steps, and how it stands after them.
//!
//! ```text
//! granted ─→ revoked, or run out
//!    ↑│
//!    └┘ renewed
//! ```

use std::collections::BTreeSet;

use chrono::{Months, NaiveDate};
use tacenda_core::vault::{Bearing, Fingerprint};
use tacenda_core::{ActorId, Name, Result, Timestamp};

use super::codes::{ENDS_BEFORE, IN_FUTURE, NO_ROLES, TOO_LONG, WRONG_STEP};
use crate::case::{Note, Stamp, choice};

choice! {
    /// Why a grant is revoked.
    Ground {
        /// The person leaves.
        Departure = "departure",
        /// The person has other duties.
        Duties = "other duties",
        /// The certificate or its key is lost, or was in other hands.
        Certificate = "certificate",
        /// Something happened that is being looked into.
        Problem = "problem",
        /// Another reason.
        Other = "other",
    }
}

/// What staff were told of what is kept of them (Art. 13 GDPR).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// In which language.
    pub language: String,
    /// The digest of the words, as [`tacenda_core::policy::StaffPolicy::notice_digest`] has it.
    pub digest: [u8; 32],
    /// When; it may lie before the grant.
    pub at: Timestamp,
}

/// What is granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The roles; one at least.
    pub roles: BTreeSet<Name>,
    /// The personal certificate.
    pub certificate: Fingerprint,
    /// The last day, to its end; a year from now at most.
    pub until: NaiveDate,
    /// What the person was told, where the policy has a notice.
    pub told: Option<Told>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It was granted.
    Granted(Terms),
    /// It was granted anew from then on.
    Renewed(Terms),
    /// It was revoked, and why.
    Revoked(Ground, Note),
    /// Its last day is over.
    RanOut,
}

/// An entry of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When it was entered.
    pub at: Timestamp,
    /// By whom.
    pub by: ActorId,
    /// What happened.
    pub event: Event,
}

/// How a grant stands, apart from the time: one whose last day is over grants nothing, noted or
/// not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It was not revoked.
    Granted,
    /// It was revoked.
    Revoked,
    /// Its last day is over.
    RanOut,
}

/// A grant, from its beginning to its end. No edits.
///
/// # Properties
/// The entries only grow, and everything else follows from them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub(super) entries: Vec<Entry>,
    terms: Terms,
    state: State,
}

impl Grant {
    /// A grant from now on.
    ///
    /// # Law
    /// A year counts from day to the same day (Reg. 1182/71 Art. 3(2)(c)). That it is a year at
    /// most is the promise of the service (S19), and no law's.
    ///
    /// # Errors
    /// `staff.no_roles`, `staff.ends_before`, `staff.too_long`, `staff.in_future`.
    pub fn give(terms: Terms, today: NaiveDate, stamp: Stamp) -> Result<Self> {
        check(&terms, today, stamp)?;
        let Stamp { at, by } = stamp;
        Ok(Self::opened(at, by, terms))
    }

    /// The same grant, on terms from now on.
    ///
    /// # Errors
    /// As [`Grant::give`]; `staff.wrong_step` if it was revoked, or if its last day is over.
    pub fn renew(self, terms: Terms, today: NaiveDate, stamp: Stamp) -> Result<Self> {
        if self.terms.until < today {
            return WRONG_STEP.err();
        }
        check(&terms, today, stamp)?;
        self.enter(Event::Renewed(terms), stamp)
    }

    /// Ends it, from the next step of its holder on.
    ///
    /// # Errors
    /// `staff.wrong_step` if it was revoked, or is noted to have run out.
    pub fn revoke(self, ground: Ground, reason: Note, stamp: Stamp) -> Result<Self> {
        self.enter(Event::Revoked(ground, reason), stamp)
    }

    /// Notes that its last day is over.
    ///
    /// # Errors
    /// `staff.wrong_step` before, and if it has ended.
    pub fn run_out(self, today: NaiveDate, stamp: Stamp) -> Result<Self> {
        if self.terms.until >= today {
            return WRONG_STEP.err();
        }
        self.enter(Event::RanOut, stamp)
    }

    /// What happened, the oldest first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How it stands.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// What is granted now, or was last.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// What whoever acts is held against.
    #[must_use]
    pub fn bearing(&self) -> Bearing {
        let Terms { roles, certificate, .. } = &self.terms;
        match self.state {
            State::Granted => Bearing::Granted(roles.clone(), *certificate),
            State::RanOut => Bearing::RunOut(roles.clone()),
            State::Revoked => Bearing::Revoked,
        }
    }

    pub(super) fn opened(at: Timestamp, by: ActorId, terms: Terms) -> Self {
        let entries = vec![Entry { at, by, event: Event::Granted(terms.clone()) }];
        Self { entries, terms, state: State::Granted }
    }

    fn enter(self, event: Event, Stamp { at, by }: Stamp) -> Result<Self> {
        // A clock that was ahead for an hour holds nobody up.
        let at = self.entries.last().map_or(at, |last| at.max(last.at));
        self.apply(Entry { at, by, event })
    }

    /// The history with an entry more: the structure alone, as when it is read again.
    pub(super) fn apply(mut self, entry: Entry) -> Result<Self> {
        let in_order = self.entries.last().is_none_or(|last| last.at <= entry.at);
        match (self.state, &entry.event) {
            (State::Granted, Event::Renewed(terms)) if in_order => self.terms = terms.clone(),
            (State::Granted, Event::Revoked(..)) if in_order => self.state = State::Revoked,
            (State::Granted, Event::RanOut) if in_order => self.state = State::RanOut,
            _ => return WRONG_STEP.err(),
        }
        self.entries.push(entry);
        Ok(self)
    }
}

fn check(terms: &Terms, today: NaiveDate, stamp: Stamp) -> Result<()> {
    let Terms { roles, until, told, .. } = terms;
    if roles.is_empty() {
        return NO_ROLES.err();
    }
    if *until < today {
        return ENDS_BEFORE.err();
    }
    if *until > today.checked_add_months(Months::new(12)).unwrap_or(NaiveDate::MAX) {
        return TOO_LONG.err();
    }
    if told.as_ref().is_some_and(|told| told.at > stamp.at) {
        return IN_FUTURE.err();
    }
    Ok(())
}
