//! A restriction as a record: how it stands, and what the log says of a step.

use tacenda_core::codec::MALFORMED;
use tacenda_core::vault::{
    Actor, Effects, Entry, MODEL, OpenedRecord, RecordChange, RecordItems, Standing, Vault,
};
use tacenda_core::{Result, Timestamp};

use super::state::{Restriction, Stage};
use crate::case::{Stamp, watch};

/// The restriction in a record of which [`MODEL`] is open.
pub(super) fn of(record: &OpenedRecord) -> Result<Restriction> {
    match record.items.get(&MODEL) {
        Some(model) => Restriction::decode(model),
        None => MALFORMED.err(),
    }
}

/// In force until its review, announced since its letter, or closed.
pub(super) fn standing(vault: &Vault, restriction: &Restriction) -> Standing {
    let stage = restriction.stage();
    let due_at = match stage {
        Stage::InForce => watch::after(vault, restriction.review_on()),
        Stage::Announced => restriction.announcement().map_or(vault.now(), |one| one.sent_at),
        // By a clock that was ahead it may have been lifted later than now.
        Stage::Lifted => {
            let at = restriction.lifted_at().unwrap_or(Timestamp::MIN).min(vault.now());
            return Standing::Closed { at };
        }
    };
    Standing::Open { state: stage.name(), due_at: Some(due_at) }
}

/// The change that puts a restriction in the place of the one before.
pub(super) fn change(
    vault: &Vault,
    restriction: &Restriction,
    entry: Entry,
    effects: Effects,
) -> RecordChange {
    RecordChange {
        standing: standing(vault, restriction),
        set: RecordItems::default().with(MODEL, restriction.encode()),
        remove: [].into(),
        entry,
        effects,
    }
}

/// Now, by this actor.
pub(super) fn stamp(vault: &Vault, actor: &Actor) -> Stamp {
    Stamp { at: vault.now(), by: actor.id }
}
