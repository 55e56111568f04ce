//! Erasing one subject on request.

use tacenda_core::vault::codes::{NOTHING_LEFT, UNDER_WAY};
use tacenda_core::vault::{Actor, Receipt, Vault};
use tacenda_core::{Name, Result, SubjectId, outbox};

use super::plan::{ErasurePlan, plan_now};
use super::{HELD, RESTRICTED};

/// What an erasure did, and the proof of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// The plan that was carried out.
    pub plan: ErasurePlan,
    /// The receipt.
    pub receipt: Receipt,
    /// Whether nothing but the person brings the account back from now on; `false` where it stays, where
    /// the policy has no list of those erased, and where somebody altered what stands there of them.
    pub suppressed: bool,
}

/// Erases everything about a subject that no law, hold or restriction keeps, and proves it.
///
/// What is held or restricted outlives the account: what is held as an archive that nobody's purpose
/// reads but that of a law, until the hold is released and a sweep takes it. Where the account itself is
/// held or restricted, it stays, and the rest goes.
///
/// When it returns, the keys are gone from the safe's files, the rows are gone, the address is free
/// again, and the receipt verifies with the log's public key alone. It names what outlived the account.
///
/// # Law
/// Art. 17(1) GDPR; Art. 17(3)(b) for what is archived, 17(3) "to the extent that" for what is held.
///
/// # Errors
/// `vault.not_found`; [`NOTHING_LEFT`] if laws keep already all that is held; [`HELD`] or [`RESTRICTED`]
/// (Art. 18 GDPR) if nothing else is left to erase; `erasure.under_way` if an erasure of some
/// of it has begun, be it this one, and the next start or `resume_destroys` finishes it; `store.conflict`
/// if the rows changed meanwhile, and nothing has gone; `erasure.scrub_blocked` (all is done but the receipt; the next start or `resume_destroys` finishes it); the codes of the ports.
pub async fn erase(vault: &Vault, subject: SubjectId, actor: &Actor) -> Result<Erasure> {
    let plan = match plan_now(vault, subject, actor).await {
        Err(error) if error.is(&UNDER_WAY) => {
            suppress_leaving(vault, subject, actor).await?;
            return Err(error);
        }
        plan => plan?,
    };
    check_takes(&plan)?;
    carry_out(vault, plan, actor).await
}

/// Suppresses somebody who asked for the erasure of an account that goes already, for another reason: once
/// it is gone, nothing is left of which a file could be told not to bring it back.
pub(crate) async fn suppress_leaving(
    vault: &Vault,
    subject: SubjectId,
    actor: &Actor,
) -> Result<bool> {
    Ok(vault.account_leaves(subject).await? && vault.suppress(subject, actor).await?.is_some())
}

/// Refuses a plan by which nothing goes: a leaf that says so would be the receipt of an erasure.
fn check_takes(plan: &ErasurePlan) -> Result<()> {
    let stands_against = match plan {
        _ if plan.takes_something() => return Ok(()),
        _ if plan.is_held() => &HELD,
        _ if plan.is_restricted() => &RESTRICTED,
        _ => &NOTHING_LEFT,
    };
    Err(stands_against.error().with("subject", plan.subject))
}

/// Carries out a plan, if the rows are still those that it saw; else
/// `store.conflict`, and nothing has gone.
pub(crate) async fn carry_out(vault: &Vault, plan: ErasurePlan, actor: &Actor) -> Result<Erasure> {
    let ends = plan.ends_account(vault.policy().primary_class());
    let suppression = if ends { vault.suppress(plan.subject, actor).await? } else { None };
    let destroyed = vault.destroy(vec![plan.to_vault(&Name::fixed("request"))], actor).await;
    if let (Some(one), Err(_)) = (&suppression, &destroyed) {
        // Unless the account goes all the same. Perhaps nobody tries again. If this fails it ends with
        // its period.
        let _ = vault.suppress_no_more(plan.subject, one, actor).await;
    }
    let destroyed = destroyed?;
    let position = destroyed.first().map(|one| one.position).ok_or_else(|| NOTHING_LEFT.error())?;
    if ends {
        // What goes to an account that is gone goes nowhere. If this fails, whoever drains finds it.
        let _ = outbox::withdraw(vault, plan.subject, actor).await;
    }
    let suppressed = suppression.is_some();
    Ok(Erasure { receipt: vault.receipt(position).await?, plan, suppressed })
}
