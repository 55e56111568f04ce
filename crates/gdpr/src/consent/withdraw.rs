//! Withdrawing consent: one call, no reason, and no read after it.

use tacenda_core::policy::codes::UNKNOWN_PURPOSE;
use tacenda_core::policy::records::CONSENTS;
use tacenda_core::ports::store::CONFLICT;
use tacenda_core::vault::{
    Actor, Effects, Entry, MODEL, OpenedRecord, RecordChange, RecordItems, RecordKey, StanceChange,
    Vault,
};
use tacenda_core::{Kind, Name, Result, SubjectId, Timestamp};

use super::codes::{NOT_THE_SUBJECT, OTHER_BASIS};
use super::give::{ATTEMPTS, standing};
use super::list::standing_of;
use super::state::How;
use super::unheeded;
use crate::case::who::{check_speaker, stamp};

/// What a withdrawal came to. No consent stands in any case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Withdrawal {
    /// A consent ended, and its record says so.
    Ended(RecordKey),
    /// A consent ended whose record is gone or was altered. The log says so.
    EndedWithoutProof,
    /// A consent ended, and its record says so; the account was altered, and hears of it once it is what
    /// it was. Nothing is read of it until then.
    Unheeded(RecordKey),
    /// None stood. The log says that it was withdrawn: what was given before and is entered later
    /// counts no more.
    NothingStood,
}

/// Withdraws the consent to a purpose. It is not read for it any more, whatever else happens.
///
/// # Law
/// Art. 7(3) GDPR. What was read before stays lawful.
///
/// # Properties
/// No clock refuses it. A time that is still to come is taken for now; one from before the consent is
/// kept as it was said, and ends the consent all the same. Whoever consents again does so later than
/// both.
///
/// # Errors
/// `policy.unknown_purpose`; `consent.other_basis` for a purpose that does not rest on consent, and
/// to which none was given; `consent.not_the_subject`, `policy.unknown_role`; those of
/// [`Vault::change_record`].
pub async fn withdraw(
    vault: &Vault,
    subject: SubjectId,
    purpose: &Name,
    (at, how): (Timestamp, How),
    actor: &Actor,
) -> Result<Withdrawal> {
    check_speaker(vault, subject, actor, &NOT_THE_SUBJECT)?;
    let at = at.min(vault.now());
    for _ in 1..ATTEMPTS {
        match try_withdraw(vault, subject, purpose, (at, how), actor).await {
            Err(error) if error.is(&CONFLICT) => {}
            other => return other,
        }
    }
    try_withdraw(vault, subject, purpose, (at, how), actor).await
}

async fn try_withdraw(
    vault: &Vault,
    subject: SubjectId,
    purpose: &Name,
    (at, how): (Timestamp, How),
    actor: &Actor,
) -> Result<Withdrawal> {
    let stance = match vault.stance(subject).await {
        Err(error) if error.kind() == Kind::Integrity => {
            let why = (&error, actor);
            let kept = unheeded::withdraw(vault, subject, purpose, (at, how), why).await?;
            return kept.map(Withdrawal::Unheeded).ok_or(error);
        }
        stance => stance?,
    };
    let stood = stance.as_ref().and_then(|stance| stance.consents.get(purpose));
    let entry =
        Entry::new("consent.withdrawn").detail("purpose", purpose).detail("how", how.as_str());
    let withdrawn = |at| StanceChange::ConsentWithdrawn { purpose: purpose.clone(), at };
    let Some(before) = stood else {
        match vault.policy().purpose(purpose) {
            None => return UNKNOWN_PURPOSE.err(),
            Some(declared) if !declared.needs_consent() => return OTHER_BASIS.err(),
            Some(_) => {}
        }
        let news = stance.as_ref().filter(|stance| !stance.is_withdrawn_since(purpose, at));
        if news.is_some() {
            let entry = entry.detail("stood", "none");
            vault.change_stance(subject, news, &[withdrawn(at)], entry, actor).await?;
        }
        return Ok(Withdrawal::NothingStood);
    };
    let key = RecordKey { subject, kind: &CONSENTS, id: before.record };
    let decide = |record: &OpenedRecord| {
        let stamp = stamp(vault, actor);
        let consent = standing_of(record)?.withdraw(at, how, stamp)?;
        // What it ends is not brought back by whoever enters that consent once more.
        let last = consent.given_at().map_or(at, |given_at| given_at.max(at));
        Ok(RecordChange {
            standing: standing(&consent, stamp.at),
            set: RecordItems::default().with(MODEL, consent.encode()),
            remove: [].into(),
            entry: entry.clone(),
            effects: Effects {
                stance: vec![withdrawn(last)],
                stance_seen: stance.clone(),
                ..Effects::default()
            },
        })
    };
    match vault.change_record(&key, &[MODEL], actor, decide).await {
        Ok(_) => Ok(Withdrawal::Ended(key)),
        // Whatever became of the proof, the person has said no.
        Err(error) if matches!(error.kind(), Kind::Integrity | Kind::NotFound) => {
            let entry = entry.detail("code", error.code());
            let ends = [withdrawn(vault.now())];
            vault.change_stance(subject, None, &ends, entry, actor).await?;
            Ok(Withdrawal::EndedWithoutProof)
        }
        Err(error) => Err(error),
    }
}
