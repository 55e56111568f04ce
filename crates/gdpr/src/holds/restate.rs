//! A hold whose record somebody altered or took away: what is held is decided by those that are left.

use std::collections::{BTreeMap, BTreeSet};

use tacenda_core::policy::records::HOLDS;
use tacenda_core::row::state;
use tacenda_core::vault::{
    Actor, Effects, Entry, MODEL, Outline, RecordItems, RecordKey, RestatedRecord, Standing, Vault,
};
use tacenda_core::{Name, Result, Timestamp};

use super::file;
use super::release::{Released, frees_records, is_declared, settle};
use super::scope::{Covered, Scope};
use super::state::{Ground, Hold, Placing};
use crate::case::{Note, Stamp, watch};
use crate::requests::Calendar;

/// How many entries of the log are looked through for the placing of a hold.
const LEAVES: usize = 4096;

/// Ends a hold of which the record is lost: altered, or taken away, as an audit tells. In its place stands
/// that it was released, by whom and why; its ground and its day are those that the log still names. What
/// no other hold of the subject keeps is let go, in the same change; while another one is lost too,
/// nothing is. Then requests are opened again as by [`release`](super::release).
///
/// A hold that can be read is released, not restated.
///
/// # Law
/// Art. 5(1)(e), 17(3) GDPR: that a record was lost is no ground to keep data for ever.
///
/// # Errors
/// `case.no_role`, `policy.unknown_role`, `policy.role_without_records`; `vault.record_is_sound`;
/// `vault.no_such_record`; the integrity codes for an altered row of the subject's own; those of
/// [`Vault::restate_record`].
pub async fn restate(
    vault: &Vault,
    calendar: &Calendar<'_>,
    key: &RecordKey,
    reason: &Note,
    actor: &Actor,
) -> Result<Released> {
    watch::check_role(vault, &HOLDS, actor)?;
    // Whatever record is named, it is one of holds that is written anew.
    let key = &RecordKey { kind: &HOLDS, ..key.clone() };
    let rows = vault.outline(key.subject).await?;
    let own: Vec<_> = rows.into_iter().filter(|row| !row.is_record()).collect();
    let others = others(vault, key).await?;
    let stays = |class: &Name| match &others {
        Some(others) => others.iter().any(|other| other.holds(vault.policy(), class)),
        // What a hold is about that nobody can read may be anything.
        None => true,
    };
    let marked = own.iter().filter(|row| row.held && is_declared(vault, &row.class));
    let held: BTreeMap<_, _> = marked.map(|row| (row.class.clone(), stays(&row.class))).collect();
    let let_go = held.iter().filter(|(_, stays)| !**stays).map(|(class, _)| class.clone());
    let classes: BTreeSet<_> = let_go.collect();
    let records = others.as_ref().is_some_and(|others| frees_records(others)).then_some(false);
    let hold = in_its_place(vault, key, &own, reason, actor).await?;
    let seen = own.iter().map(Outline::seen).collect();
    let new = RestatedRecord {
        standing: file::standing(vault, &hold),
        items: RecordItems::default().with(MODEL, hold.encode()),
        entry: Entry::new("hold.restated").detail("classes", classes.len()),
        effects: Effects { held, records, seen, ..Effects::default() },
    };
    vault.restate_record(key, new, actor).await?;
    let (reopened, unread) = settle(vault, calendar, key, &hold, actor).await?;
    Ok(Released { classes, reopened, unread })
}

/// The other open holds; `None` if one of them is lost as well.
async fn others(vault: &Vault, key: &RecordKey) -> Result<Option<Vec<Hold>>> {
    let mut holds = Vec::new();
    for (other, outline) in vault.records_each(key.subject, &HOLDS).await? {
        if other == *key {
            continue;
        }
        let Ok(outline) = outline else { return Ok(None) };
        if matches!(outline.standing, Standing::Open { .. }) {
            holds.push(vault.consult_record(&other, &[MODEL], file::of).await?);
        }
    }
    Ok(Some(holds))
}

/// The hold as far as it is known, released.
async fn in_its_place(
    vault: &Vault,
    key: &RecordKey,
    own: &[Outline],
    reason: &Note,
    actor: &Actor,
) -> Result<Hold> {
    let history = vault.history(key.subject, LEAVES).await?;
    let placed = history
        .iter()
        .find(|leaf| leaf.action == *"hold.placed" && leaf.rows.iter().any(|row| row.id == key.id));
    let ground = placed.and_then(|leaf| Ground::parse(leaf.find("ground")?));
    let (at, by) = placed.map_or((Timestamp::MIN, actor.id), |leaf| (leaf.at, leaf.actor));
    let live = own.iter().filter(|row| row.held || row.state != state::ARCHIVED);
    let covered =
        Covered { classes: live.map(|row| row.class.clone()).collect(), ..Covered::default() };
    let placing = Placing {
        ground: ground.unwrap_or(Ground::LegalClaims),
        reason: reason.clone(),
        owner: by,
        review_on: watch::today(vault, vault.now()),
        scope: Scope::Subject,
        covered,
        group: None,
    };
    let stamp = Stamp { at: vault.now().max(at), by: actor.id };
    Hold::opened(at, by, placing).release(reason.clone(), stamp)
}
