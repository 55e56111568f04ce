//! Who may take a step that binds others, and until when it is to be looked at again.

use chrono::{Months, NaiveDate};
use tacenda_core::calendar::day_of;
use tacenda_core::error::{Code, Kind};
use tacenda_core::policy::records::RecordKind;
use tacenda_core::vault::{Actor, Vault};
use tacenda_core::{Result, Timestamp};

/// A step of a person by somebody without a role.
pub static NO_ROLE: Code =
    Code::new("case.no_role", Kind::Refused, "a person in a role of the policy takes this step");
/// A review on a day that is over.
pub static REVIEW_PAST: Code =
    Code::new("case.review_past", Kind::Input, "the day of the next review is over already");
/// A review after more than six months.
pub static REVIEW_FAR: Code =
    Code::new("case.review_far", Kind::Input, "the next review is six months from now at most");

/// How many months there are between two reviews at most. No law has the number: half a year is ours.
const REVIEW_MONTHS: u32 = 6;

/// Whether the actor has a role of the policy that works on records of this kind; neither a data
/// subject nor the SDK itself has any.
pub(crate) fn check_role(vault: &Vault, kind: &RecordKind, actor: &Actor) -> Result<()> {
    match &actor.role {
        None => NO_ROLE.err(),
        Some(role) => Ok(vault.policy().may_work_on(kind, role)?),
    }
}

/// Whether a review may be due on this day, which counts to its end.
pub(crate) fn check_review(on: NaiveDate, today: NaiveDate) -> Result<()> {
    if on < today {
        return REVIEW_PAST.err();
    }
    let latest = today.checked_add_months(Months::new(REVIEW_MONTHS)).unwrap_or(NaiveDate::MAX);
    if on > latest {
        return REVIEW_FAR.err();
    }
    Ok(())
}

/// The day that it is for the controller.
pub(crate) fn today(vault: &Vault, now: Timestamp) -> NaiveDate {
    day_of(vault.ports().zone.as_ref(), now)
}

/// The first instant after a day, for the index of what is due.
pub(crate) fn after(vault: &Vault, day: NaiveDate) -> Timestamp {
    day.succ_opt().map_or(Timestamp::MAX, |next| vault.ports().zone.start_of_day(next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_review_is_due_within_half_a_year() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let check = |on, today| check_review(day(on), day(today)).err().map(|error| error.code());
        assert_eq!(check("2026-03-05", "2026-03-05"), None);
        assert_eq!(check("2026-03-04", "2026-03-05"), Some("case.review_past"));
        assert_eq!(check("2026-09-05", "2026-03-05"), None);
        assert_eq!(check("2026-09-06", "2026-03-05"), Some("case.review_far"));
        // The end of a shorter month.
        assert_eq!(check("2026-02-28", "2025-08-31"), None);
        assert_eq!(check("2026-03-01", "2025-08-31"), Some("case.review_far"));
    }
}
