//! A hold as a record: how it stands, and what the log says of a step.

use tacenda_core::codec::MALFORMED;
use tacenda_core::vault::{
    Actor, Effects, Entry, MODEL, OpenedRecord, RecordChange, RecordItems, Standing, Vault,
};
use tacenda_core::{Result, Timestamp};

use super::state::{Hold, Stage};
use crate::case::{Stamp, watch};

/// The hold in a record of which [`MODEL`] is open.
pub(super) fn of(record: &OpenedRecord) -> Result<Hold> {
    match record.items.get(&MODEL) {
        Some(model) => Hold::decode(model),
        None => MALFORMED.err(),
    }
}

/// In its stage until its review, or closed.
pub(super) fn standing(vault: &Vault, hold: &Hold) -> Standing {
    let released = hold.released_at().unwrap_or(Timestamp::MIN);
    match hold.stage() {
        // By a clock that was ahead it may have been released later than now.
        Stage::Settled => Standing::Closed { at: released.min(vault.now()) },
        Stage::Released => Standing::Open { state: Stage::Released.name(), due_at: Some(released) },
        stage @ (Stage::Whole | Stage::Part) => {
            let due_at = Some(watch::after(vault, hold.review_on()));
            Standing::Open { state: stage.name(), due_at }
        }
    }
}

/// The change that puts a hold in the place of the one before.
pub(super) fn change(vault: &Vault, hold: &Hold, entry: Entry, effects: Effects) -> RecordChange {
    RecordChange {
        standing: standing(vault, hold),
        set: RecordItems::default().with(MODEL, hold.encode()),
        remove: [].into(),
        entry,
        effects,
    }
}

/// Now, by this actor.
pub(super) fn stamp(vault: &Vault, actor: &Actor) -> Stamp {
    Stamp { at: vault.now(), by: actor.id }
}
