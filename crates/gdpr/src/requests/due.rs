//! By when a request is answered, from its history.

use chrono::{Days, NaiveDate};
use tacenda_core::calendar::{AnswerDeadline, Deadline, Pause, Term, WorkingDays, Zone, day_of};
use tacenda_core::{Result, Timestamp};

use super::decision::Decision;
use super::lists::Line;
use super::rights::Right;
use super::state::{Event, Extension, Request, State};
use crate::case::choice;

/// What days are reckoned by: the controller's zone, the working days of where it acts, and how soon
/// a question has to be asked to count.
#[derive(Clone, Copy)]
pub struct Calendar<'a> {
    /// The controller's zone.
    pub zone: &'a dyn Zone,
    /// The working days of the place where the controller acts (Regulation 1182/71 Art. 2(1)).
    pub working: &'a WorkingDays,
    /// Until which day a question is asked promptly: so many calendar days after receipt, or after the
    /// answer to the last question that counted.
    pub prompt_days: u32,
}

impl<'a> Calendar<'a> {
    /// The days taken for prompt if nobody says otherwise. No law has the number: a week is our
    /// assumption for "without undue delay".
    pub const PROMPT_DAYS: u32 = 7;

    /// A calendar with [`Calendar::PROMPT_DAYS`].
    #[must_use]
    pub const fn new(zone: &'a dyn Zone, working: &'a WorkingDays) -> Self {
        Self { zone, working, prompt_days: Self::PROMPT_DAYS }
    }

    fn day(&self, at: Timestamp) -> NaiveDate {
        day_of(self.zone, at)
    }
}

choice! {
    /// Why a question does not make the time stand still.
    Uncounted {
        /// It was not asked promptly.
        NotPrompt = "not prompt",
        /// The right does not know such a pause.
        NotThisRight = "not this right",
    }

    /// What was asked.
    Asked {
        /// Who asks.
        Identity = "identity",
        /// What it is about.
        Clarification = "clarification",
    }
}

/// A time in which the controller waited for the requester.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waited {
    /// For what.
    pub asked: Asked,
    /// The day of the question.
    pub from: NaiveDate,
    /// The day of the answer; of the decision, if none came before it; today, while it is awaited.
    pub to: NaiveDate,
    /// Why it does not count; `None` if it does. A question that counts may still have been asked
    /// when the time was over: the deadline's trace says so.
    pub uncounted: Option<Uncounted>,
}

/// By when a request is answered.
///
/// # Law
/// Art. 12(3) GDPR with Regulation 1182/71; Art. 12(4): a refusal within the first month. Every
/// [`Deadline`] has its trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// One month from receipt, with pauses, and without them beside it.
    pub first: AnswerDeadline,
    /// Three months from receipt, if it was extended in time.
    pub extended: Option<AnswerDeadline>,
    /// Whether it was refused, so that the first date counts even if it was extended.
    pub refused: bool,
    /// The questions, and how each counts.
    pub waited: Vec<Waited>,
}

impl Due {
    /// The one that counts: the extended one, unless the request was refused.
    #[must_use]
    pub fn counts(&self) -> &AnswerDeadline {
        self.extended.as_ref().filter(|_| !self.refused).unwrap_or(&self.first)
    }

    /// The last day.
    #[must_use]
    pub fn last_day(&self) -> NaiveDate {
        self.counts().due.last_day()
    }

    /// The last day if no pause counted: the safe one.
    #[must_use]
    pub fn unpaused_day(&self) -> NaiveDate {
        self.counts().unpaused.last_day()
    }

    /// The first instant that is too late: what an index of due work holds.
    #[must_use]
    pub fn over_at(&self, zone: &dyn Zone) -> Timestamp {
        self.counts().due.over_at(zone)
    }

    /// Whether an answer sent at this time is in time.
    #[must_use]
    pub fn is_met_at(&self, at: Timestamp, zone: &dyn Zone) -> bool {
        self.counts().due.is_met_at(at, zone)
    }
}

impl Request {
    /// By when it is answered, as things stand at `now`: a question that is still open has waited up
    /// to then.
    ///
    /// # Errors
    /// `calendar.beyond_calendar`.
    ///
    /// # Properties
    /// Never before the date without pauses. While nothing is entered, a later `now` never leads to
    /// an earlier date: what an index holds is too early at worst.
    pub fn due(&self, calendar: &Calendar<'_>, now: Timestamp) -> Result<Due> {
        let received = calendar.day(self.received_at());
        let waited = self.waited(received, calendar, now);
        let counted = waited.iter().filter(|one| one.uncounted.is_none());
        let pauses: Vec<_> =
            counted.map(|one| Pause::new(one.from, one.to)).collect::<Result<_>>()?;
        let reckon = |term| AnswerDeadline::of(received, term, &pauses, calendar.working);
        let extended = match self.extension() {
            Some(_) => Some(reckon(Term::Extended)?),
            None => None,
        };
        let refused = self.state.decision().is_some_and(Decision::is_refusal);
        Ok(Due { first: reckon(Term::OneMonth)?, extended, refused, waited })
    }

    /// What a list tells of it, as things stand at `now`.
    ///
    /// # Errors
    /// `calendar.beyond_calendar`.
    pub fn line(&self, calendar: &Calendar<'_>, now: Timestamp) -> Result<Line> {
        let due = self.due(calendar, now)?.last_day();
        let waits_since = match &self.state {
            State::IdentityAsked(question) => Some(calendar.day(question.asked_at)),
            State::ClarificationAsked { question, .. } => Some(calendar.day(question.asked_at)),
            _ => None,
        };
        let (id, right, stage) = (self.id(), self.right(), self.state.stage());
        Ok(Line { id, right, due, stage, waits_since })
    }

    /// The first due date, whether or not it was extended since.
    ///
    /// # Errors
    /// `calendar.beyond_calendar`.
    pub fn first_due(&self, calendar: &Calendar<'_>, now: Timestamp) -> Result<Deadline> {
        self.due(calendar, now).map(|due| due.first.due)
    }

    /// The extension that holds, if there is one.
    #[must_use]
    pub fn extension(&self) -> Option<&Extension> {
        // It may have been restated as a right that knows none.
        self.letter().filter(|_| self.right().is_extendable())
    }

    /// The extension of which the letter was sent, for whatever right it is now.
    pub(super) fn letter(&self) -> Option<&Extension> {
        let mut events = self.entries.iter().map(|entry| &entry.event);
        events.find_map(|event| match event {
            Event::Extended(extension) => Some(extension),
            _ => None,
        })
    }

    /// The questions in their order, with the days that each waited.
    fn waited(&self, received: NaiveDate, calendar: &Calendar<'_>, now: Timestamp) -> Vec<Waited> {
        let mut waited: Vec<Waited> = Vec::new();
        let mut open: Option<(Asked, NaiveDate)> = None;
        let mut close = |(asked, from): (Asked, NaiveDate), to: NaiveDate| {
            let counted = waited.iter().filter(|one| one.uncounted.is_none());
            let heard = counted.map(|one| one.to).max().unwrap_or(received);
            let uncounted = if !pauses(self.right(), asked) {
                Some(Uncounted::NotThisRight)
            } else if is_prompt(heard, from, calendar.prompt_days) {
                None
            } else {
                Some(Uncounted::NotPrompt)
            };
            waited.push(Waited { asked, from, to: to.max(from), uncounted });
        };
        let mut asks = None;
        for entry in &self.entries {
            let (ended, asked) = match &entry.event {
                Event::Received(intake) => {
                    asks = Some(intake.requester.as_str());
                    continue;
                }
                Event::IdentityAsked(question) => {
                    (question.asked_at, Some((Asked::Identity, question.asked_at)))
                }
                Event::ClarificationAsked(question) => {
                    (question.asked_at, Some((Asked::Clarification, question.asked_at)))
                }
                // A question to somebody else waits for nobody.
                Event::Corrected(correction, _) => {
                    let is = Some(correction.requester.as_str());
                    if std::mem::replace(&mut asks, is) == is {
                        continue;
                    }
                    (entry.at, None)
                }
                Event::IdentityAnswered(answer) => (answer.answered_at, None),
                Event::SessionSeen(at)
                | Event::ClarificationAnswered(at, _)
                | Event::Withdrawn(at) => (*at, None),
                Event::Decided(_) | Event::OpenedInError(_) => (entry.at, None),
                _ => continue,
            };
            if let Some(question) = open.take() {
                close(question, calendar.day(ended));
            }
            if let Some((what, at)) = asked {
                open = Some((what, calendar.day(at)));
            }
        }
        if let Some(question) = open {
            close(question, calendar.day(now));
        }
        waited
    }
}

const fn pauses(right: Right, asked: Asked) -> bool {
    match asked {
        Asked::Identity => right.pauses_for_identity(),
        Asked::Clarification => right.pauses_for_clarification(),
    }
}

/// Whether a question was asked soon enough after the requester was heard.
fn is_prompt(heard: NaiveDate, asked: NaiveDate, days: u32) -> bool {
    heard.checked_add_days(Days::new(days.into())).is_none_or(|last| asked <= last)
}
