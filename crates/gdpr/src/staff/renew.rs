//! Renewing a grant before it ends: roles, certificate and last day are stated anew.

use tacenda_core::vault::{Actor, MODEL, OpenedRecord, RecordKey, Standing, Vault};
use tacenda_core::{ActorId, Result};

use super::codes::WRONG_STEP;
use super::file;
use super::give::Offer;
use crate::case::watch;
use crate::case::who::stamp;

/// Renews a grant, from now on.
///
/// # Errors
/// Those of [`give`](super::give) but for `staff.granted_already`; `staff.wrong_step` if it was
/// revoked or its last day is over; those of [`Vault::change_grant`].
pub async fn renew(vault: &Vault, key: &RecordKey, offer: &Offer, actor: &Actor) -> Result<()> {
    file::check_grantor(vault, Some(ActorId::from(key.subject.as_uuid())), actor)?;
    let terms = offer.terms(vault)?;
    let decide = |record: &OpenedRecord| {
        let stamp = stamp(vault, actor);
        let today = watch::today(vault, stamp.at);
        // What somebody had altered when rows were restored is over, whatever it says.
        if matches!(record.outline.standing, Standing::Closed { .. }) {
            return WRONG_STEP.err();
        }
        let grant = file::of(record)?.renew(terms.clone(), today, stamp)?;
        Ok(file::change(vault, &grant, file::told(vault, "grant.renewed", &terms)))
    };
    let renewed = vault.change_grant(key, &[MODEL], actor, decide).await;
    renewed.map(drop).map_err(file::taken)
}
