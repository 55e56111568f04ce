//! What a deadline was made of.

use chrono::NaiveDate;

use super::super::holidays::DayKind;
use super::super::period::Period;
use crate::clock::Timestamp;

/// One rule that was applied on the way to a deadline, with what it did.
///
/// Words for people are made from it where people read: the core has no texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// The day of the event is not counted.
    EventNotCounted {
        /// The day of the event.
        day: NaiveDate,
    },
    /// The period ran to the end of a day: its last day, or the one with the same number or on the
    /// same weekday as the day of the event.
    Ran {
        /// The period.
        period: Period,
        /// Its last day.
        to: NaiveDate,
    },
    /// The month has no day with that number: its last day stands for it.
    DateMissing {
        /// The number that is missing.
        missing: u32,
        /// The last day of the month.
        to: NaiveDate,
    },
    /// The period to answer was extended: three months from receipt.
    Extended,
    /// The period stood still while a necessary answer was awaited.
    Paused {
        /// The day of the question.
        asked: NaiveDate,
        /// The day of the answer.
        answered: NaiveDate,
        /// The calendar days that it adds; days of an earlier pause are not added again.
        days: u32,
        /// The last day now.
        to: NaiveDate,
    },
    /// A question changes nothing: it was asked when the period was over.
    AskedTooLate {
        /// The day of the question.
        asked: NaiveDate,
    },
    /// The last day is no working day, so the period ends later.
    PassedOver {
        /// The day passed over.
        day: NaiveDate,
        /// Why.
        kind: DayKind,
    },
    /// Fewer than two working days lay within the period, so it ends with the second.
    TwoWorkingDays {
        /// The second working day.
        to: NaiveDate,
    },
    /// The holidays of this year are not known: only weekends were passed over.
    HolidaysUnknown {
        /// The year.
        year: i32,
    },
    /// Hours of 60 minutes were added, whatever the clocks did meanwhile.
    Elapsed {
        /// How many.
        hours: u32,
        /// The instant they lead to.
        to: Timestamp,
    },
    /// The hour of the event is not counted.
    HourNotCounted {
        /// The instant at which the next hour begins.
        from: Timestamp,
    },
    /// A period in hours ends when it ends, also on a day that is no working day.
    NotMoved {
        /// That day.
        day: NaiveDate,
        /// What it is.
        kind: DayKind,
    },
}

impl Step {
    /// The provision that the rule is from.
    #[must_use]
    pub const fn law(&self) -> &'static str {
        match self {
            Self::EventNotCounted { .. } | Self::HourNotCounted { .. } => {
                "Regulation 1182/71 Art. 3(1)"
            }
            Self::Ran { period: Period::Days(_), .. } => "Regulation 1182/71 Art. 3(2)(b)",
            Self::Ran { .. } | Self::DateMissing { .. } => "Regulation 1182/71 Art. 3(2)(c)",
            Self::Extended => "GDPR Art. 12(3)",
            Self::Paused { .. } | Self::AskedTooLate { .. } => {
                "GDPR Art. 12(6) and recital 63; EDPB Guidelines 01/2022"
            }
            Self::PassedOver { .. } | Self::NotMoved { .. } => "Regulation 1182/71 Art. 3(4)",
            Self::TwoWorkingDays { .. } => "Regulation 1182/71 Art. 3(5)",
            Self::HolidaysUnknown { .. } => "Regulation 1182/71 Art. 2(1)",
            Self::Elapsed { .. } => "GDPR Art. 33(1)",
        }
    }
}
