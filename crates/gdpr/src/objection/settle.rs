//! Ending the objections whose accounts are gone, so that their retention begins.

use tacenda_core::policy::Stance;
use tacenda_core::policy::records::OBJECTIONS;
use tacenda_core::vault::{Actor, DueRecord, MODEL, OpenedRecord, StanceChange, Standing, Vault};
use tacenda_core::{Kind, Name, Result};

use super::list::of;
use super::state::State;
use super::step::change;
use crate::case::settle::{Settled, without_account};
use crate::case::who::stamp;

/// Looks through a page of the open objections in a state, from behind one of an earlier page on, and
/// ends those whose account was erased, or does not name them any more. To be run now and then, for
/// each open [`State`]. One that was made while its account was altered is entered there now.
///
/// # Properties
/// Its cost grows with the open objections: one look at the account for each.
///
/// # Errors
/// The codes of the ports. A record that was altered is passed over.
pub async fn settle(
    vault: &Vault,
    state: &State,
    after: Option<&DueRecord>,
    limit: usize,
) -> Result<Settled> {
    let Some(word) = state.open_as() else { return Ok(Settled::default()) };
    let named = |stance: &Stance, id| stance.objection_records().any(|record| record == id);
    let page = (after, limit);
    let (gone, next) = without_account(vault, &OBJECTIONS, &Name::fixed(word), page, named).await?;
    let mut ended = 0usize;
    for (key, stance) in gone {
        let decide = |record: &OpenedRecord| {
            let (objection, stamp) = (of(record)?, stamp(vault, &Actor::system()));
            match &stance {
                // The account was altered when the person said so, and is what it was again.
                Some(stance) if stance.objection(objection.against()).is_none() => {
                    let objects = StanceChange::Objects(objection.against().clone());
                    let mut change = change(&objection, stamp.at, "objection.heeded");
                    change.effects.stance = vec![objects];
                    change.effects.stance_seen = Some(stance.clone());
                    Ok(change)
                }
                _ => Ok(change(&objection.end(stamp)?, stamp.at, "objection.ended")),
            }
        };
        match vault.change_record(&key, &[MODEL], &Actor::system(), decide).await {
            Ok(outline) if matches!(outline.standing, Standing::Closed { .. }) => {
                ended = ended.saturating_add(1);
            }
            Ok(_) => {}
            Err(error) if error.kind() == Kind::Unavailable => return Err(error),
            Err(_) => {}
        }
    }
    Ok(Settled { ended, next })
}
