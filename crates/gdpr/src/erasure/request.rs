//! Erasing one subject on request.

use tacenda_core::vault::codes::NOTHING_LEFT;
use tacenda_core::vault::{Actor, Receipt, Vault};
use tacenda_core::{Name, Result, SubjectId};

use super::plan::{ErasurePlan, plan_now};
use super::{HELD, RESTRICTED};

/// What an erasure did, and the proof of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// The plan that was carried out.
    pub plan: ErasurePlan,
    /// The receipt.
    pub receipt: Receipt,
}

/// Erases everything about a subject that no law keeps, and proves it.
///
/// When it returns, the keys are gone from the safe's files, the rows are gone, the address is free
/// again, and the receipt verifies with the log's public key alone.
///
/// # Law
/// Art. 17(1) GDPR; Art. 17(3)(b) for what is archived.
///
/// # Errors
/// `vault.not_found`; [`NOTHING_LEFT`] if laws keep already all that is held; [`HELD`], [`RESTRICTED`] (Art. 18 GDPR); `erasure.under_way` if an erasure of some
/// of it has begun, be it this one, and the next start or `resume_destroys` finishes it; `store.conflict`
/// if the rows changed meanwhile, and nothing has gone; `erasure.scrub_blocked` (all is done but the receipt; the next start or `resume_destroys` finishes it); the codes of the ports.
pub async fn erase(vault: &Vault, subject: SubjectId, actor: &Actor) -> Result<Erasure> {
    let plan = plan_now(vault, subject, actor).await?;
    check_free(&plan)?;
    // A leaf that says nothing went would be the receipt of an erasure.
    if !plan.takes_something() {
        return Err(NOTHING_LEFT.error().with("subject", subject));
    }
    carry_out(vault, plan, actor).await
}

/// Whether nothing stands against a plan.
pub(crate) fn check_free(plan: &ErasurePlan) -> Result<()> {
    if plan.is_held() {
        return Err(HELD.error().with("subject", plan.subject));
    }
    if plan.is_restricted() {
        return Err(RESTRICTED.error().with("subject", plan.subject));
    }
    Ok(())
}

/// Carries out a plan against which nothing stands, if the rows are still those that it saw; else
/// `store.conflict`, and nothing has gone.
pub(crate) async fn carry_out(vault: &Vault, plan: ErasurePlan, actor: &Actor) -> Result<Erasure> {
    let destroyed = vault.destroy(vec![plan.to_vault(&Name::fixed("request"))], actor).await?;
    let position = destroyed.first().map(|one| one.position).ok_or_else(|| NOTHING_LEFT.error())?;
    Ok(Erasure { receipt: vault.receipt(position).await?, plan })
}
