//! What is due, overdue, coming: lists from what an index tells, without opening a file.

use chrono::{Days, NaiveDate};

use super::intake::RequestId;
use super::rights::Right;
use super::state::Stage;

/// What a list knows of a request: nothing about the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Its number.
    pub id: RequestId,
    /// What is asked for.
    pub right: Right,
    /// The last day on which it can be answered in time.
    pub due: NaiveDate,
    /// Where it is.
    pub stage: Stage,
    /// Since when it waits for its requester, who may never answer: while it does, its last day moves
    /// on with every day if the question counts.
    pub waits_since: Option<NaiveDate>,
}

/// Requests by their due dates. Each list has the earliest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lists {
    /// Their last day has passed.
    pub overdue: Vec<Line>,
    /// Their last day is today, or within the days that were asked about.
    pub due: Vec<Line>,
    /// Their last day is later.
    pub coming: Vec<Line>,
}

/// Sorts requests by their due dates: those due within so many days from today, today included, are
/// due, and with 0 only those of today.
///
/// # Properties
/// Every open request is in one list and once; a closed one is in none.
#[must_use]
pub fn lists(lines: &[Line], today: NaiveDate, within_days: u32) -> Lists {
    let horizon = today.checked_add_days(Days::new(within_days.into())).unwrap_or(NaiveDate::MAX);
    let mut lists = Lists::default();
    let mut open: Vec<_> = lines.iter().copied().filter(|line| line.stage.is_open()).collect();
    open.sort_by_key(|line| (line.due, line.id));
    for line in open {
        if line.due < today {
            lists.overdue.push(line);
        } else if line.due <= horizon {
            lists.due.push(line);
        } else {
            lists.coming.push(line);
        }
    }
    lists
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(n: i32) -> NaiveDate {
        NaiveDate::from_num_days_from_ce_opt(739_900 + n).unwrap()
    }

    fn line(n: u8, due: i32, stage: Stage) -> Line {
        let id = RequestId::from_bytes([n; 16]);
        Line { id, right: Right::Access, due: day(due), stage, waits_since: None }
    }

    #[test]
    fn a_request_is_overdue_the_day_after_its_last() {
        let lines = [
            line(1, 8, Stage::Extended),
            line(2, 7, Stage::Decided),
            line(3, 0, Stage::InWork),
            line(4, -1, Stage::Received),
            line(5, -1, Stage::Answered),
            line(6, 0, Stage::Withdrawn),
        ];
        let numbers = |list: &[Line]| list.iter().map(|l| l.id.as_bytes()[0]).collect::<Vec<_>>();
        let found = lists(&lines, day(0), 7);
        assert_eq!(numbers(&found.overdue), [4]);
        assert_eq!(numbers(&found.due), [3, 2]);
        assert_eq!(numbers(&found.coming), [1]);
        assert_eq!(numbers(&lists(&lines, day(0), 0).due), [3]);
        assert!(lists(&lines, NaiveDate::MAX, u32::MAX).coming.is_empty());
    }

    proptest! {
        #[test]
        fn every_open_request_is_in_one_list(
            all in prop::collection::vec((any::<u8>(), -40i32..40, 0usize..10), 0..30),
            today in -10i32..10,
            within in 0u32..20,
        ) {
            let lines: Vec<_> =
                all.iter().map(|(n, due, stage)| line(*n, *due, Stage::ALL[*stage])).collect();
            let found = lists(&lines, day(today), within);
            let mut kept = [found.overdue.clone(), found.due.clone(), found.coming.clone()].concat();
            prop_assert!(kept.is_sorted_by_key(|line| line.due));
            let mut open: Vec<_> = lines.into_iter().filter(|line| line.stage.is_open()).collect();
            for list in [&mut kept, &mut open] {
                list.sort_by_key(|line| (line.due, line.id, line.stage));
            }
            prop_assert_eq!(kept, open);
            let last = day(today + i32::try_from(within).unwrap());
            prop_assert!(found.overdue.iter().all(|line| line.due < day(today)));
            prop_assert!(found.due.iter().all(|line| day(today) <= line.due && line.due <= last));
        }
    }
}
