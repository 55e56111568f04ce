//! Ending the objections whose accounts are gone, so that their retention begins.

use tacenda_core::policy::Stance;
use tacenda_core::policy::records::OBJECTIONS;
use tacenda_core::vault::{Actor, DueRecord, Vault};
use tacenda_core::{Kind, Name, Result};

use super::state::State;
use super::step::enter;
use crate::case::settle::{Settled, without_account};

/// Looks through a page of the open objections in a state, from behind one of an earlier page on, and
/// ends those whose account was erased, or does not name them any more. To be run now and then, for
/// each open [`State`].
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
    for (key, _) in gone {
        let step = |objection: super::Objection, stamp| objection.end(stamp);
        match enter(vault, &key, "objection.ended", &Actor::system(), step).await {
            Ok(_) => ended = ended.saturating_add(1),
            Err(error) if error.kind() == Kind::Unavailable => return Err(error),
            Err(_) => {}
        }
    }
    Ok(Settled { ended, next })
}
