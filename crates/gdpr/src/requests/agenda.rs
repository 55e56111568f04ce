//! What is to be answered by a day: found by the index of due dates, and read for lists and feeds.

use chrono::NaiveDate;
use tacenda_core::calendar::day_of;
use tacenda_core::policy::records::REQUESTS;
use tacenda_core::vault::{Actor, RecordKey, Vault};
use tacenda_core::{Error, Kind, Name, Result, Timestamp};

use super::codes::NOT_THE_SUBJECT;
use super::due::Calendar;
use super::file;
use super::lists::Line;
use super::read::read;
use super::state::Stage;

const PAGE: usize = 256;

/// An open request, as the index has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// Where its file is.
    pub key: RecordKey,
    /// Where it is.
    pub stage: Stage,
    /// The last day on which it can be answered in time, as of its last step: while it waits for its
    /// requester, later in truth.
    pub due: NaiveDate,
}

/// What the files of an agenda tell.
#[derive(Debug, Default)]
pub struct Listing {
    /// A line for each file, reckoned as of now; those that were closed since say so.
    pub lines: Vec<Line>,
    /// Files that cannot be read, and why: they are due all the same.
    pub unread: Vec<(RecordKey, Error)>,
}

/// The open requests whose last day is this one or before, overdue ones too, the earliest first. No
/// file is opened: it shows ids, stages and days. That they were shown is in the log, with how many.
///
/// # Properties
/// Its cost grows with what is due by then, not with what is kept.
///
/// # Errors
/// `requests.not_the_subject` for a subject; `policy.unknown_role`, `policy.role_without_records`; the
/// codes of the ports.
pub async fn agenda(
    vault: &Vault,
    calendar: &Calendar<'_>,
    until: NaiveDate,
    actor: &Actor,
) -> Result<Vec<Work>> {
    if file::is_a_subject(actor) {
        return NOT_THE_SUBJECT.err();
    }
    file::check_role(vault, actor)?;
    let zone = calendar.zone;
    let until = until.succ_opt().map_or(Timestamp::MAX, |next| zone.start_of_day(next));
    let mut found = Vec::new();
    for stage in Stage::ALL.iter().copied().filter(|stage| stage.is_open()) {
        let (state, mut last) = (Name::fixed(stage.as_str()), None);
        loop {
            let page = vault.records_due(&REQUESTS, &state, until, last.as_ref(), PAGE).await?;
            let works = page.iter().map(|one| Work {
                key: one.key.clone(),
                stage,
                due: day_of(zone, one.due_at).pred_opt().unwrap_or(NaiveDate::MIN),
            });
            found.extend(works);
            last = page.last().cloned();
            if page.len() < PAGE {
                break;
            }
        }
    }
    found.sort_by_key(|one| (one.due, one.key.subject, one.key.id));
    vault.note_listing(&REQUESTS, found.len(), actor).await?;
    Ok(found)
}

/// Reads the files of an agenda for a purpose, each with its leaf: what
/// [`lists`](super::lists) sorts and [`feed`](super::feed) writes. One that nobody can read any more
/// does not hide the others, and one that is gone is left out.
///
/// # Errors
/// As [`Vault::read_record`] if the actor may not read, or if the store fails.
pub async fn lines(
    vault: &Vault,
    calendar: &Calendar<'_>,
    agenda: &[Work],
    purpose: &Name,
    actor: &Actor,
) -> Result<Listing> {
    let mut listing = Listing::default();
    for one in agenda {
        let line = match read(vault, &one.key, purpose, actor).await {
            Ok(request) => request.line(calendar, vault.now()),
            Err(error) => Err(error),
        };
        match line {
            Ok(line) => listing.lines.push(line),
            Err(error) if error.kind() == Kind::NotFound => {}
            Err(error) if matches!(error.kind(), Kind::Refused | Kind::Unavailable) => {
                return Err(error);
            }
            Err(error) => listing.unread.push((one.key.clone(), error)),
        }
    }
    Ok(listing)
}
