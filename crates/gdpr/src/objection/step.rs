//! A step of an objection: its record and the account's state in one change.

use tacenda_core::policy::Against;
use tacenda_core::policy::records::OBJECTIONS;
use tacenda_core::vault::{
    Actor, Effects, Entry, MODEL, OpenedRecord, RecordChange, RecordItems, RecordKey, StanceChange,
    Standing, Vault,
};
use tacenda_core::{Name, Result, Timestamp};

use super::list::of;
use super::state::{Objection, State};
use crate::case::Stamp;
use crate::case::who::stamp;

/// Open while the purpose is not read for it; in the index stands when it was received, from which its
/// month runs.
pub(super) fn standing(objection: &Objection, now: Timestamp) -> Standing {
    let received = objection.made().received_at;
    match objection.state().open_as() {
        Some(word) => Standing::Open { state: Name::fixed(word), due_at: Some(received) },
        None => Standing::Closed { at: now },
    }
}

/// Whether the purpose may be read again.
fn effects(objection: &Objection) -> Effects {
    let ends = match objection.state() {
        State::Overridden | State::Withdrawn(_) => true,
        State::Pending | State::Stands | State::Overruled | State::Ended => false,
    };
    let ends = ends.then(|| StanceChange::ObjectionEnds(objection.against().clone()));
    Effects { stance: ends.into_iter().collect(), ..Effects::default() }
}

/// What the log says that an objection is to.
pub(super) fn about(entry: Entry, against: &Against) -> Entry {
    match against {
        Against::Purpose(purpose) => entry.detail("purpose", purpose),
        Against::Marketing => entry.detail("against", "direct marketing"),
    }
}

/// Takes a step.
pub(super) async fn enter(
    vault: &Vault,
    key: &RecordKey,
    action: &'static str,
    actor: &Actor,
    step: impl Fn(Objection, Stamp) -> Result<Objection> + Send + Sync,
) -> Result<State> {
    let mut state = State::Pending;
    let key = RecordKey { kind: &OBJECTIONS, ..key.clone() };
    let decide = |record: &OpenedRecord| {
        let stamp = stamp(vault, actor);
        let objection = step(of(record)?, stamp)?;
        state = objection.state().clone();
        Ok(change(&objection, stamp.at, action))
    };
    vault.change_record(&key, &[MODEL], actor, decide).await?;
    Ok(state)
}

/// The change that puts an objection in the place of the one before.
pub(super) fn change(objection: &Objection, now: Timestamp, action: &'static str) -> RecordChange {
    RecordChange {
        standing: standing(objection, now),
        set: RecordItems::default().with(MODEL, objection.encode()),
        remove: [].into(),
        entry: about(Entry::new(action), objection.against()),
        effects: effects(objection),
    }
}
