//! A small world: what is held, by whom, until when.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use chrono::NaiveDate;
use pollster::block_on as wait;
use tacenda_core::calendar::{Region, Utc, WorkingDays};
use tacenda_core::row::state;
use tacenda_core::vault::{Actor, Outline, RecordKey, Vault};
use tacenda_core::{ActorId, Name, Result, SubjectId};
use tacenda_gdpr::holds::{self, Ground, Note, Released, Scope, Terms};
use tacenda_gdpr::requests::{self, Arrival, Calendar, Channel, Received, Requester, Right, Whom};
use tacenda_gdpr::{erasure, retention};
use tacenda_testkit::world::staff;

pub(crate) const ACCOUNT: Name = Name::fixed("account");
pub(crate) const OWNER: ActorId = ActorId::from_bytes([9; 16]);

pub(crate) fn note(text: &str) -> Note {
    Note::parse(text).unwrap()
}

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(crate) fn code<T>(result: Result<T>) -> &'static str {
    result.err().map_or("ok", |error| error.code())
}

pub(crate) fn names(of: &[&'static str]) -> BTreeSet<Name> {
    of.iter().copied().map(Name::fixed).collect()
}

pub(crate) fn calendar() -> Calendar<'static> {
    static FRANCE: LazyLock<WorkingDays> =
        LazyLock::new(|| WorkingDays::of(Region::parse("FR").unwrap()));
    Calendar::new(&Utc, &FRANCE)
}

/// Terms with a review in three months, as of now.
pub(crate) fn terms(vault: &Vault, scope: Scope) -> Terms {
    let today = Utc.local_date(vault.now());
    Terms {
        ground: Ground::LegalClaims,
        reason: note("A lawsuit about an invoice is pending."),
        owner: OWNER,
        review_on: today.checked_add_months(chrono::Months::new(3)).unwrap(),
        scope,
    }
}

use tacenda_core::calendar::Zone as _;

pub(crate) fn classes(of: &[&'static str]) -> Scope {
    Scope::Classes(names(of))
}

pub(crate) fn place(vault: &Vault, subject: SubjectId, scope: Scope) -> Result<RecordKey> {
    let terms = terms(vault, scope);
    wait(holds::place(vault, subject, &terms, &staff("support"))).map(|placed| placed.key)
}

pub(crate) fn release(vault: &Vault, key: &RecordKey) -> Result<Released> {
    let reason = note("It is settled.");
    wait(holds::release(vault, &calendar(), key, &reason, &staff("support")))
}

pub(crate) fn own(vault: &Vault, subject: SubjectId) -> Vec<Outline> {
    wait(vault.outline(subject)).unwrap().into_iter().filter(|row| !row.is_record()).collect()
}

pub(crate) fn held(vault: &Vault, subject: SubjectId) -> BTreeSet<Name> {
    own(vault, subject).into_iter().filter(|row| row.held).map(|row| row.class).collect()
}

pub(crate) fn restricted(vault: &Vault, subject: SubjectId) -> BTreeSet<Name> {
    let rows = own(vault, subject).into_iter();
    rows.filter(|row| row.state == state::RESTRICTED).map(|row| row.class).collect()
}

pub(crate) fn sweep(vault: &Vault) -> u64 {
    let digest = wait(retention::plan(vault)).unwrap().digest;
    wait(erasure::sweep(vault, Some(digest), &Actor::system(), &mut |_| {})).unwrap().subjects
}

/// A request from the account.
pub(crate) fn asked_for(vault: &Vault, subject: SubjectId, right: Right) -> Received {
    let arrival = Arrival {
        id: None,
        whom: Whom::Known(subject),
        right,
        requester: Requester::Subject,
        channel: Channel::Account,
        scope: requests::Scope::ALL,
        purpose: None,
        received_at: vault.now(),
        reply_to: None,
        words: None,
    };
    wait(requests::receive(vault, &calendar(), arrival, &Actor::subject(subject))).unwrap()
}
