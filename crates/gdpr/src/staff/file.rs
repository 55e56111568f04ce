//! A grant as a record: how it stands, who may change it, what the log says of a step.

use tacenda_core::codec::MALFORMED;
use tacenda_core::policy::records::{GRANTED, GRANTS};
use tacenda_core::ports::store::NOT_UNIQUE;
use tacenda_core::vault::{
    Actor, Bearing, Effects, Entry, MODEL, OpenedRecord, RecordChange, RecordItems, Standing,
    Vault, is_of_granted,
};
use tacenda_core::{ActorId, Error, Result, Timestamp};

use super::codes::{CERTIFICATE_TAKEN, GRANTED_ALREADY, OWN_GRANT};
use super::state::{Grant, State, Terms};
use crate::case::watch;
use crate::case::who::is_system;

/// The grant in a record of which [`MODEL`] is open.
pub(super) fn of(record: &OpenedRecord) -> Result<Grant> {
    match record.items.get(&MODEL) {
        Some(model) => Grant::decode(model),
        None => MALFORMED.err(),
    }
}

/// Open until its last day is over, or closed since it was revoked or noted to have run out.
pub(super) fn standing(vault: &Vault, grant: &Grant) -> Standing {
    let ended = grant.entries().last().map_or(Timestamp::MIN, |entry| entry.at);
    let over = watch::after(vault, grant.terms().until);
    match grant.state() {
        State::Granted => Standing::Open { state: GRANTED, due_at: Some(over) },
        State::RanOut => Standing::Closed { at: over.min(vault.now()) },
        // By a clock that was ahead it may have been revoked later than now.
        State::Revoked => Standing::Closed { at: ended.min(vault.now()) },
    }
}

/// The change that puts a grant in the place of the one before, and what whoever acts is held
/// against.
pub(super) fn change(vault: &Vault, grant: &Grant, entry: Entry) -> (RecordChange, Bearing) {
    let change = RecordChange {
        standing: standing(vault, grant),
        set: RecordItems::default().with(MODEL, grant.encode()),
        remove: [].into(),
        entry,
        effects: Effects::default(),
    };
    (change, grant.bearing())
}

/// Refuses whoever does not work on grants, and whoever would grant to themselves. The SDK itself
/// may: nobody else can give the first grant, or another one once all have run out.
pub(super) fn check_grantor(vault: &Vault, person: Option<ActorId>, actor: &Actor) -> Result<()> {
    if is_system(actor) {
        return Ok(());
    }
    watch::check_role(vault, &GRANTS, actor)?;
    if person == Some(actor.id) { OWN_GRANT.err() } else { Ok(()) }
}

/// What the log says of terms: roles and the last day, no certificate.
pub(super) fn told(vault: &Vault, action: &'static str, terms: &Terms) -> Entry {
    let until = watch::after(vault, terms.until);
    let entry = Entry::new(action).detail("until", until);
    terms.roles.iter().fold(entry, |entry, role| entry.detail("role", role))
}

/// A certificate is one person's, and a person has one grant in force: of two at once one wins.
pub(super) fn taken(error: Error) -> Error {
    if is_of_granted(&error) {
        GRANTED_ALREADY.error()
    } else if error.is(&NOT_UNIQUE) {
        CERTIFICATE_TAKEN.error()
    } else {
        error
    }
}
