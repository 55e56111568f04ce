//! Requests for erasure whose refusal has lost its ground: they are to be answered again.

use std::collections::BTreeSet;

use tacenda_core::policy::records::REQUESTS;
use tacenda_core::row::state;
use tacenda_core::vault::codes::UNDER_WAY;
use tacenda_core::vault::{Actor, Entry as Told, MODEL, OpenedRecord, Outline, Standing, Vault};
use tacenda_core::{Kind, Name, Result, SubjectId, Timestamp};

use super::codes::NOTHING_REFUSED;
use super::decision::{Ground, Refusal};
use super::due::Calendar;
use super::file;
use super::rights::Right;
use super::state::{Entry, Event, Request};
use crate::case::Note;
use crate::retention::ended;

const REASON: &str = "What stood against it, a hold or a restriction, has ended.";

impl Request {
    /// What was refused of an erasure on a ground of Art. 17(3), or because it is restricted.
    pub(super) fn kept_from_erasure(&self) -> impl Iterator<Item = &Refusal> {
        const KEPT: [Ground; 6] = [
            Ground::Expression,
            Ground::LegalObligation,
            Ground::PublicHealth,
            Ground::Archiving,
            Ground::LegalClaims,
            Ground::Restricted,
        ];
        let decision = self.state.decision().filter(|_| self.intake.right == Right::Erasure);
        let grounds = decision.into_iter().flat_map(|decision| decision.grounds());
        grounds.filter(|one| KEPT.contains(&one.ground))
    }

    /// The entries since it was last opened again, that one first; all, if it never was.
    pub(super) fn current(&self) -> &[Entry] {
        let reopened = |entry: &Entry| matches!(entry.event, Event::Reopened(_));
        let from = self.entries.iter().rposition(reopened).unwrap_or(0);
        self.entries.get(from..).unwrap_or(&self.entries)
    }

    /// From when on its time runs: its receipt, or when it was last opened again.
    #[must_use]
    pub fn runs_from(&self) -> Timestamp {
        match self.current().first() {
            Some(Entry { at, event: Event::Reopened(_), .. }) => *at,
            _ => self.intake.received_at,
        }
    }

    /// Whether something of classes that are free now was refused since.
    fn may_be_free(&self, since: Timestamp, free: &BTreeSet<Name>) -> bool {
        let mut decisions =
            self.entries.iter().rev().filter(|one| matches!(one.event, Event::Decided(_)));
        let asked = &self.intake.scope.classes;
        let is_free = |one: &Refusal| match &one.class {
            Some(class) => free.contains(class),
            None if asked.is_empty() => !free.is_empty(),
            None => !asked.is_disjoint(free),
        };
        decisions.next().is_some_and(|one| one.at >= since) && self.kept_from_erasure().any(is_free)
    }
}

/// The classes of which something can be erased now: what is in use, neither held nor restricted, and
/// what was archived with an account and no law asks for.
pub(crate) fn free(vault: &Vault, rows: &[Outline]) -> BTreeSet<Name> {
    let (policy, now, zone) = (vault.policy(), vault.now(), vault.ports().zone.as_ref());
    let may_go = |row: &&Outline| match &row.state {
        _ if row.is_record() || row.held => false,
        archived if *archived == state::ARCHIVED => !ended(policy, row, now, zone).is_empty(),
        other => *other != state::RESTRICTED,
    };
    rows.iter().filter(may_go).map(|row| row.class.clone()).collect()
}

/// Opens the answered requests of a subject again that were refused since then, as far as the refusal
/// is about classes that are in use and free now; answers with how many, and with how many files cannot
/// be read, which stop no other.
///
/// # Errors
/// The codes of [`Vault::records_each`] and [`Vault::change_record`].
pub(crate) async fn reopen_refused(
    vault: &Vault,
    calendar: &Calendar<'_>,
    subject: SubjectId,
    since: Timestamp,
    free: &BTreeSet<Name>,
    actor: &Actor,
) -> Result<(u64, u64)> {
    let (mut reopened, mut unread) = (0, 0);
    for (key, found) in vault.records_each(subject, &REQUESTS).await? {
        match found {
            Ok(one) if matches!(one.standing, Standing::Open { .. }) => continue,
            Ok(_) => {}
            Err(_) => {
                unread += 1;
                continue;
            }
        }
        let decide = |record: &OpenedRecord| {
            let request = file::of(record)?;
            if !request.may_be_free(since, free) {
                return NOTHING_REFUSED.err();
            }
            let stamp = file::stamp_after(vault, actor, &request);
            let request = request.reopen(Note::parse(REASON)?, stamp)?;
            file::change(&request, calendar, vault.now(), Told::new("request.reopened"))
        };
        match vault.change_record(&key, &[MODEL], actor, decide).await {
            Ok(_) => reopened += 1,
            Err(error) if error.is(&NOTHING_REFUSED) => {}
            // Its own time was up first: the file goes, and is not what anybody works on.
            Err(error) if error.is(&UNDER_WAY) || error.kind() == Kind::NotFound => {}
            Err(error) if error.kind() == Kind::Integrity => unread += 1,
            Err(error) => return Err(error),
        }
    }
    Ok((reopened, unread))
}
