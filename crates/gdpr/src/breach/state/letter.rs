//! The letter to the people: what it says, and who wrote it, tested it and approved it. Pure.

use std::collections::BTreeMap;

use tacenda_core::policy::Policy;
use tacenda_core::{ActorId, Result, Timestamp};

use super::super::codes::{
    JUDGED_BY_NOBODY, LETTER_INCOMPLETE, NO_LETTER, NO_LETTERS, SECOND_APPROVER, UNTESTED,
};
use super::{Breach, Entry, Event};
use crate::case::{Note, choice};

choice! {
    /// What somebody approves.
    Approval {
        /// The letter as it was written last.
        Letter = "letter",
        /// That there was no breach, or that the promise is not about it.
        Unfounded = "unfounded",
    }
}

/// What people are told in one language. Whom they can ask stands in the policy.
///
/// # Law
/// Art. 34(2) with 33(3)(b) to (d) GDPR, in clear and plain language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording {
    /// What happened.
    pub nature: Note,
    /// What is likely to follow from it.
    pub consequences: Note,
    /// What was done, what is proposed, and what they can do themselves.
    pub measures: Note,
}

/// A letter, by language (BCP 47).
pub type Draft = BTreeMap<String, Wording>;

/// The letter as it was written last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// What it says.
    pub draft: Draft,
    /// Which one it is, from 1.
    pub number: u64,
    /// Whether it was written before the operator was aware: then it speaks of a suspicion.
    pub suspicion: bool,
    /// Who wrote it.
    pub by: ActorId,
    /// Since when there is a test letter of it.
    pub tested_at: Option<Timestamp>,
    /// Who approved it, if somebody did.
    pub approved_by: Option<ActorId>,
    /// Since when it goes to people.
    pub sent_from: Option<Timestamp>,
}

impl Letter {
    /// Whether it may go to people under a policy.
    ///
    /// # Errors
    /// [`NO_LETTERS`]; [`UNTESTED`]; [`SECOND_APPROVER`].
    pub fn check(&self, policy: &Policy) -> Result<()> {
        let letters = policy.breach.as_ref().and_then(|breach| breach.letters.as_ref());
        let Some(letters) = letters else { return NO_LETTERS.err() };
        if self.tested_at.is_none() {
            return UNTESTED.err();
        }
        if letters.second_approver && self.approved_by.is_none() {
            return SECOND_APPROVER.err();
        }
        Ok(())
    }
}

impl Breach {
    /// The letter as it was written last, if one was.
    #[must_use]
    pub const fn letter(&self) -> Option<&Letter> {
        self.letter.as_ref()
    }

    /// Who has approved that it is unfounded since its facts were stated last, other than `by`.
    #[must_use]
    pub fn second_for(&self, by: ActorId) -> Option<ActorId> {
        let mut second = None;
        for entry in &self.entries {
            match entry.event {
                Event::Suspected { .. } | Event::FactsCorrected { .. } | Event::Reopened(_) => {
                    second = None;
                }
                Event::Approved(Approval::Unfounded, _) if entry.by != by => {
                    second = Some(entry.by)
                }
                _ => {}
            }
        }
        second
    }

    /// What an entry does to the letter; whether it follows from what there is.
    pub(super) fn write_letter(&mut self, entry: &Entry) -> bool {
        if let Event::Drafted(draft) = &entry.event {
            let before = self.letter.as_ref().map_or(0, |letter| letter.number);
            self.letter = Some(Letter {
                draft: draft.clone(),
                number: before.saturating_add(1),
                suspicion: self.state.awareness().is_none(),
                by: entry.by,
                tested_at: None,
                approved_by: None,
                sent_from: None,
            });
            return true;
        }
        let Some(letter) = &mut self.letter else {
            let needs = [Event::Tested.as_str(), Event::SendingBegan.as_str()];
            let approved = matches!(entry.event, Event::Approved(Approval::Letter, _));
            return !approved && !needs.contains(&entry.event.as_str());
        };
        match entry.event {
            Event::Tested => letter.tested_at = Some(entry.at),
            Event::Approved(Approval::Letter, _) => letter.approved_by = Some(entry.by),
            Event::SendingBegan => letter.sent_from = letter.sent_from.or(Some(entry.at)),
            _ => {}
        }
        true
    }
}

/// What is asked of an entry about the letter.
pub(super) fn check(breach: &Breach, entry: &Entry) -> Result<()> {
    let person = entry.by != ActorId::SYSTEM;
    match &entry.event {
        Event::Drafted(draft) if draft.is_empty() => LETTER_INCOMPLETE.err(),
        Event::Approved(..) | Event::Drafted(_) if !person => JUDGED_BY_NOBODY.err(),
        Event::Approved(Approval::Letter, _) => match &breach.letter {
            None => NO_LETTER.err(),
            Some(letter) if letter.tested_at.is_none() => UNTESTED.err(),
            Some(letter) if letter.by == entry.by => SECOND_APPROVER.err(),
            Some(_) => Ok(()),
        },
        Event::Tested | Event::SendingBegan if breach.letter.is_none() => NO_LETTER.err(),
        _ => Ok(()),
    }
}
