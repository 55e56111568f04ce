//! Deciding an objection, telling the person, and taking it back.

use tacenda_core::policy::Against;
use tacenda_core::policy::records::OBJECTIONS;
use tacenda_core::vault::{Actor, RecordKey, Vault};
use tacenda_core::{Result, Timestamp};

use super::codes::{DECIDED_BY_NOBODY, MARKETING_FINAL, NOT_THE_SUBJECT};
use super::state::{Decision, Objection, State, Told};
use super::step::enter;
use crate::case::who::{check_speaker, is_system};

/// Decides an objection on grounds of the person's situation. Overruled, the purpose is read again
/// only once the person was told ([`tell`]).
///
/// # Law
/// Art. 21(1), second sentence, GDPR: the controller demonstrates compelling legitimate grounds.
///
/// # Errors
/// `objection.marketing_final`, `objection.wrong_step`; `objection.decided_by_nobody` for the SDK
/// itself and for a subject; `policy.unknown_role`, `policy.role_without_records`; those of [`Vault::change_record`].
pub async fn decide(
    vault: &Vault,
    key: &RecordKey,
    decision: Decision,
    actor: &Actor,
) -> Result<State> {
    check_controller(vault, actor)?;
    let action = match &decision {
        Decision::Upheld(_) => "objection.upheld",
        Decision::Overruled(..) => "objection.overruled",
    };
    let step = |objection: Objection, stamp| {
        check_weighed(vault, &objection)?;
        objection.decide(decision.clone(), stamp)
    };
    enter(vault, key, action, actor, step).await
}

/// Enters that the person was told of the decision. One that is overruled ends with it: the purpose is
/// read again.
///
/// # Law
/// Art. 12(3) and (4) GDPR; Art. 18(3): told before the purpose is read again.
///
/// # Errors
/// `objection.remedies_missing`, `objection.in_future`, `objection.before_receipt`,
/// `objection.before_decision`,
/// `objection.wrong_step`; `objection.marketing_final` for one that is overruled, if the purpose is one
/// of direct marketing by now; `objection.decided_by_nobody`, `policy.unknown_role`,
/// `policy.role_without_records`; those of
/// [`Vault::change_record`].
pub async fn tell(vault: &Vault, key: &RecordKey, told: Told, actor: &Actor) -> Result<State> {
    check_controller(vault, actor)?;
    let step = |objection: Objection, stamp| {
        if *objection.state() == State::Overruled {
            check_weighed(vault, &objection)?;
        }
        objection.tell(told, stamp)
    };
    enter(vault, key, "objection.told", actor, step).await
}

/// Takes an objection back, by the person's word.
///
/// # Errors
/// `objection.in_future`, `objection.before_receipt`, `objection.wrong_step`;
/// `objection.not_the_subject`, `policy.unknown_role`, `policy.role_without_records`; `objection.decided_by_nobody` for the SDK itself;
/// those of [`Vault::change_record`].
pub async fn withdraw(
    vault: &Vault,
    key: &RecordKey,
    at: Timestamp,
    actor: &Actor,
) -> Result<State> {
    check_speaker(vault, key.subject, actor, &NOT_THE_SUBJECT)?;
    if is_system(actor) {
        return DECIDED_BY_NOBODY.err();
    }
    // It ends what stops reads: whoever reads for the purpose does not say so for the person.
    if actor.role.is_some() {
        check_controller(vault, actor)?;
    }
    let step = |objection: Objection, stamp| objection.withdraw(at, stamp);
    enter(vault, key, "objection.withdrawn", actor, step).await
}

/// Nothing is weighed against somebody who objects to what is direct marketing by now.
fn check_weighed(vault: &Vault, objection: &Objection) -> Result<()> {
    let Against::Purpose(purpose) = objection.against() else { return MARKETING_FINAL.err() };
    let marketing = vault.policy().purpose(purpose).is_some_and(|purpose| purpose.marketing);
    if marketing { MARKETING_FINAL.err() } else { Ok(()) }
}

fn check_controller(vault: &Vault, actor: &Actor) -> Result<()> {
    match &actor.role {
        None => DECIDED_BY_NOBODY.err(),
        Some(role) => Ok(vault.policy().may_work_on(&OBJECTIONS, role)?),
    }
}
