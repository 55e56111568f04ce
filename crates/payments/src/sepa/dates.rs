//! The days of a collection: when the debtor is told, when it is submitted, until when it comes back.

use chrono::{Days, Months, NaiveDate};
use tacenda_core::error::{Code, Kind, Result};

use super::scheme::Scheme;
use super::target;

/// A day beyond the calendar.
pub static COLLECTION_DATE: Code = Code::new(
    "payments.collection_date",
    Kind::Input,
    "the day of the collection is too far away to reckon with",
);

/// How many calendar days before the due date the debtor is told of the amount and the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Notice(u8);

impl Notice {
    /// Unless creditor and debtor agreed on something else.
    pub const DEFAULT: Self = Self(14);

    /// What creditor and debtor agreed on, in calendar days.
    #[must_use]
    pub const fn agreed(days: u8) -> Self {
        Self(days)
    }

    /// In calendar days.
    #[must_use]
    pub const fn days(self) -> u8 {
        self.0
    }
}

impl Default for Notice {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The days of one collection.
///
/// # Law
/// EPC016-06 (Core) and EPC222-07 (B2B), sections 4.3 and 4.4; Directive (EU) 2015/2366 (PSD2) Art. 71
/// (unauthorised debits, 13 months) and 76–77 (refund, eight weeks).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CollectionDates {
    /// The last day on which the debtor may be told.
    pub notify_by: NaiveDate,
    /// The first day on which the creditor's bank takes it: 14 calendar days before it is due.
    pub submit_from: NaiveDate,
    /// The last day on which it may reach the debtor's bank: one business day before it is due.
    pub submit_by: NaiveDate,
    /// The day on which the account is debited; TARGET is open.
    pub due: NaiveDate,
    /// The last day of a return by the debtor's bank: five business days later, three under B2B.
    pub return_by: NaiveDate,
    /// The last day on which the debtor gets it back without giving a reason: eight weeks later; none
    /// under B2B.
    pub refund_by: Option<NaiveDate>,
    /// The last day on which the debtor can say that it was not authorised: 13 months later.
    pub dispute_by: NaiveDate,
}

impl CollectionDates {
    /// The days of a collection that is wanted on `wanted`: due then, or on the next day on which TARGET
    /// is open.
    ///
    /// # Errors
    /// [`COLLECTION_DATE`] at the ends of the calendar.
    pub fn plan(wanted: NaiveDate, scheme: Scheme, notice: Notice) -> Result<Self> {
        Self::reckon(wanted, scheme, notice).ok_or_else(|| COLLECTION_DATE.error())
    }

    /// The days of the earliest collection if the debtor is told on `notified`.
    ///
    /// # Errors
    /// [`COLLECTION_DATE`] at the ends of the calendar.
    pub fn earliest(notified: NaiveDate, scheme: Scheme, notice: Notice) -> Result<Self> {
        let told = notified.checked_add_days(Days::new(notice.days().into()));
        // It must still reach the debtor's bank, although the notice may be of no days.
        let reached = target::at_or_after(notified).and_then(|day| target::after(day, 1));
        let wanted = told.zip(reached).map(|(told, reached)| told.max(reached));
        wanted
            .and_then(|wanted| Self::reckon(wanted, scheme, notice))
            .ok_or_else(|| COLLECTION_DATE.error())
    }

    fn reckon(wanted: NaiveDate, scheme: Scheme, notice: Notice) -> Option<Self> {
        let due = target::at_or_after(wanted)?;
        let is_core = scheme == Scheme::Core;
        Some(Self {
            notify_by: due.checked_sub_days(Days::new(notice.days().into()))?,
            submit_from: due.checked_sub_days(Days::new(14))?,
            submit_by: target::before(due, 1)?,
            due,
            return_by: target::after(due, if is_core { 5 } else { 3 })?,
            refund_by: if is_core { Some(due.checked_add_days(Days::new(56))?) } else { None },
            dispute_by: disputable_until(due)?,
        })
    }
}

/// The last day on which a debit of `due` can be called unauthorised (PSD2 Art. 71: 13 months).
pub(super) fn disputable_until(due: NaiveDate) -> Option<NaiveDate> {
    due.checked_add_months(Months::new(13))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_collection_wanted_at_easter() {
        let dates =
            CollectionDates::plan(day("2026-04-03"), Scheme::Core, Notice::DEFAULT).unwrap();
        let expected = CollectionDates {
            notify_by: day("2026-03-24"),
            submit_from: day("2026-03-24"),
            submit_by: day("2026-04-02"),
            due: day("2026-04-07"),
            return_by: day("2026-04-14"),
            refund_by: Some(day("2026-06-02")),
            dispute_by: day("2027-05-07"),
        };
        assert_eq!(dates, expected);
        let b2b = CollectionDates::plan(day("2026-04-03"), Scheme::B2b, Notice::agreed(1)).unwrap();
        assert_eq!((b2b.return_by, b2b.refund_by), (day("2026-04-10"), None));
        assert_eq!(b2b.notify_by, day("2026-04-06"));
    }

    #[test]
    fn the_earliest_collection_after_a_notice() {
        let earliest = |told: &str, notice| {
            CollectionDates::earliest(day(told), Scheme::Core, notice).unwrap().due
        };
        assert_eq!(earliest("2026-03-02", Notice::DEFAULT), day("2026-03-16"));
        // 14 days later is a Sunday.
        assert_eq!(earliest("2026-03-01", Notice::DEFAULT), day("2026-03-16"));
        assert_eq!(earliest("2026-04-02", Notice::agreed(0)), day("2026-04-07"));
        let error = CollectionDates::earliest(NaiveDate::MAX, Scheme::Core, Notice::DEFAULT);
        assert!(error.unwrap_err().is(&COLLECTION_DATE));
        assert!(CollectionDates::plan(NaiveDate::MIN, Scheme::Core, Notice::DEFAULT).is_err());
    }

    proptest! {
        #[test]
        fn the_days_follow_each_other(days in 0u64..30_000, notice in 0u8..60, core: bool) {
            let scheme = if core { Scheme::Core } else { Scheme::B2b };
            let told = day("2002-01-01") + Days::new(days);
            let dates = CollectionDates::earliest(told, scheme, Notice::agreed(notice)).unwrap();
            prop_assert!(told <= dates.notify_by && told <= dates.submit_by);
            prop_assert!(dates.submit_from <= dates.submit_by && dates.submit_by < dates.due);
            prop_assert!(target::is_open(dates.due) && target::is_open(dates.submit_by));
            prop_assert!(dates.due < dates.return_by && dates.return_by < dates.dispute_by);
            prop_assert_eq!(CollectionDates::plan(dates.due, scheme, Notice::agreed(notice)).unwrap(), dates);
        }
    }
}
