//! By when a request of a data subject is answered (Art. 12(3) GDPR).

use chrono::{Days, NaiveDate};

use super::super::holidays::WorkingDays;
use super::super::period::Period;
use super::{BEYOND_CALENDAR, Deadline, Step, move_to_working_day, run};
use crate::error::{Code, Kind, Result};

/// An answer before its question.
pub static PAUSE_ORDER: Code = Code::new(
    "calendar.pause_order",
    Kind::Input,
    "a question was answered on an earlier day than it was asked",
);

/// How long there is to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Term {
    /// One month.
    OneMonth,
    /// By two further months: one period of three months from receipt, not a month and then two
    /// (31 January leads to 30 April, not to 28 April).
    Extended,
}

impl Term {
    /// The period from receipt.
    #[must_use]
    pub const fn period(self) -> Period {
        match self {
            Self::OneMonth => Period::Months(1),
            Self::Extended => Period::Months(3),
        }
    }
}

/// The days while the controller waited for what it needed from the requester: proof of identity
/// where it had reasonable doubt, or what the request is about.
///
/// Whether it was entitled to ask, and asked promptly, is not judged here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pause {
    asked: NaiveDate,
    answered: NaiveDate,
}

impl Pause {
    /// From the day of the question to the day of the answer; while there is none, to the day for
    /// which the deadline is asked about.
    ///
    /// # Errors
    /// [`PAUSE_ORDER`].
    pub fn new(asked: NaiveDate, answered: NaiveDate) -> Result<Self> {
        if answered < asked { PAUSE_ORDER.err() } else { Ok(Self { asked, answered }) }
    }

    /// The day of the question.
    #[must_use]
    pub const fn asked(&self) -> NaiveDate {
        self.asked
    }

    /// The day of the answer.
    #[must_use]
    pub const fn answered(&self) -> NaiveDate {
        self.answered
    }
}

/// By when a request is answered, and by when it were without pauses.
///
/// The second date is the safe one: the Regulation does not speak of pauses, guidelines do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerDeadline {
    /// With the pauses; the same as `unpaused` if there is none.
    pub due: Deadline,
    /// From receipt alone.
    pub unpaused: Deadline,
}

impl AnswerDeadline {
    /// The deadline of a request that was received on a day of the controller's zone.
    ///
    /// Pauses may come in any order and may overlap: a day is added once. A question that was asked
    /// before receipt counts from receipt, one that was asked when the period was over does not
    /// count.
    ///
    /// # Errors
    /// [`BEYOND_CALENDAR`].
    ///
    /// # Law
    /// GDPR Art. 12(3); the period by Regulation 1182/71, Article 3. Pauses by EDPB Guidelines
    /// 01/2022, read as pause and go on, not as a new start: the month from receipt, then as many
    /// calendar days as passed from question to answer, then the move to a working day.
    ///
    /// # Properties
    /// `due` is never before `unpaused`; both are working days.
    pub fn of(
        received: NaiveDate,
        term: Term,
        pauses: &[Pause],
        working: &WorkingDays,
    ) -> Result<Self> {
        let unpaused = Self::from_receipt(received, term, &[], working)?;
        let due = match pauses {
            [] => unpaused.clone(),
            _ => Self::from_receipt(received, term, pauses, working)?,
        };
        Ok(Self { due, unpaused })
    }

    fn from_receipt(
        received: NaiveDate,
        term: Term,
        pauses: &[Pause],
        working: &WorkingDays,
    ) -> Result<Deadline> {
        let mut trace = Vec::new();
        if term == Term::Extended {
            trace.push(Step::Extended);
        }
        let mut nominal = run(received, term.period(), &mut trace)?;
        let mut pauses = pauses.to_vec();
        pauses.sort_unstable();
        let mut counted_to = received;
        for Pause { asked, answered } in pauses {
            let last_day =
                working.next_working_day(nominal).ok_or_else(|| BEYOND_CALENDAR.error())?;
            if asked > last_day {
                trace.push(Step::AskedTooLate { asked });
                continue;
            }
            let waited = answered.signed_duration_since(asked.max(counted_to)).num_days();
            let days = u32::try_from(waited.max(0)).unwrap_or(u32::MAX);
            nominal = nominal
                .checked_add_days(Days::new(days.into()))
                .ok_or_else(|| BEYOND_CALENDAR.error())?;
            counted_to = counted_to.max(answered);
            trace.push(Step::Paused { asked, answered, days, to: nominal });
        }
        let last_day = move_to_working_day(nominal, working, &mut trace)?;
        Ok(Deadline { nominal, last_day, trace })
    }
}
