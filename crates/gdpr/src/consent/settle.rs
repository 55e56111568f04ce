//! Ending the proofs that count no more, by their account or by the policy, so that their retention
//! begins.

use tacenda_core::policy::Stance;
use tacenda_core::policy::records::CONSENTS;
use tacenda_core::vault::{
    Actor, DueRecord, Effects, Entry, MODEL, OpenedRecord, RecordChange, RecordItems, StanceChange,
    Vault,
};
use tacenda_core::{Kind, Result};

use super::give::{GIVEN, standing};
use super::list::standing_of;
use super::unheeded;
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
    let policy = vault.policy();
    let counts = |stance: &Stance, id| {
        let mut named = stance.consents.iter().filter(|(_, given)| given.record == id);
        named.any(|(purpose, _)| policy.consent_stands(purpose, stance))
    };
    let (gone, next) = without_account(vault, &CONSENTS, &GIVEN, (after, limit), counts).await?;
    // Those are few, and are heard with the first page.
    let mut ended = if after.is_none() { unheeded::tell_all(vault).await? } else { 0 };
    for (key, stance) in gone {
        let actor = Actor::system();
        let why = if stance.is_some() { "policy" } else { "account" };
        let decide = |record: &OpenedRecord| {
            let stamp = stamp(vault, &actor);
            let consent = standing_of(record)?.end(stamp)?;
            Ok(RecordChange {
                standing: standing(&consent, stamp.at),
                set: RecordItems::default().with(MODEL, consent.encode()),
                remove: [].into(),
                entry: Entry::new("consent.ended")
                    .detail("purpose", consent.purpose())
                    .detail("by", why),
                effects: Effects {
                    stance: vec![StanceChange::ConsentEnds(consent.purpose().clone())],
                    // Who consents anew meanwhile goes on with this proof.
                    stance_seen: stance.clone(),
                    ..Effects::default()
                },
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
