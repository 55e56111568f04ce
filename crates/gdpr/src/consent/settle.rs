//! Ending the proofs whose accounts are gone, so that their retention begins.

use tacenda_core::policy::records::CONSENTS;
use tacenda_core::vault::{
    Actor, DueRecord, Effects, Entry, MODEL, OpenedRecord, RecordChange, RecordItems, Vault,
};
use tacenda_core::{Kind, Result};

use super::give::{GIVEN, standing};
use super::list::of;
use crate::case::settle::{Settled, without_account};
use crate::case::who::stamp;

/// Looks through a page of the consents that stand, from behind one of an earlier page on, and ends
/// those whose account was erased, or does not name them any more. To be run now and then.
///
/// # Properties
/// Its cost grows with the consents that stand: one look at the account for each.
///
/// # Errors
/// The codes of the ports. A record that was altered is passed over.
pub async fn settle(vault: &Vault, after: Option<&DueRecord>, limit: usize) -> Result<Settled> {
    let named = |stance: &tacenda_core::policy::Stance, id| {
        stance.consents.values().any(|given| given.record == id)
    };
    let (gone, next) = without_account(vault, &CONSENTS, &GIVEN, (after, limit), named).await?;
    let mut ended = 0usize;
    for key in gone {
        let actor = Actor::system();
        let decide = |record: &OpenedRecord| {
            let stamp = stamp(vault, &actor);
            let consent = of(record)?.end(stamp)?;
            Ok(RecordChange {
                standing: standing(&consent, stamp.at),
                set: RecordItems::default().with(MODEL, consent.encode()),
                remove: [].into(),
                entry: Entry::new("consent.ended").detail("purpose", consent.purpose()),
                effects: Effects::default(),
            })
        };
        match vault.change_record(&key, &[MODEL], &actor, decide).await {
            Ok(_) => ended = ended.saturating_add(1),
            Err(error) if error.kind() == Kind::Unavailable => return Err(error),
            Err(_) => {}
        }
    }
    Ok(Settled { ended, next })
}
