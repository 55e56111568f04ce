//! A withdrawal while the account is not what the log says of it: the record keeps it, and the account
//! hears of it as soon as it can be opened again. Nothing is read of it until then.

use tacenda_core::policy::Stance;
use tacenda_core::policy::records::CONSENTS;
use tacenda_core::vault::{
    Actor, Effects, Entry, MODEL, OpenedRecord, RecordChange, RecordItems, RecordKey, StanceChange,
    Standing, Vault,
};
use tacenda_core::{Error, Kind, Name, Result, SubjectId, Timestamp};

use super::give::GIVEN;
use super::list::{of, standing_of};
use super::state::{Consent, How, State};
use crate::case::who::stamp;

/// The state of the record of a consent that was withdrawn, and of which the account does not know.
pub(super) const WITHDRAWN: Name = Name::fixed("withdrawn");

/// How many are looked at at once.
const PAGE: usize = 256;

/// Enters a withdrawal in the record of the consent to a purpose that stands by the records, if there is
/// one. The error is why the account cannot be opened.
pub(super) async fn withdraw(
    vault: &Vault,
    subject: SubjectId,
    purpose: &Name,
    (at, how): (Timestamp, How),
    (error, actor): (&Error, &Actor),
) -> Result<Option<RecordKey>> {
    let open =
        |standing: &Standing| matches!(standing, Standing::Open { state, .. } if *state == GIVEN);
    for outline in vault.records_of(subject, &CONSENTS).await? {
        if !open(&outline.standing) {
            continue;
        }
        let key = outline.key;
        let is_it = |record: &OpenedRecord| Ok(of(record)?.purpose() == purpose);
        match vault.consult_record(&key, &[MODEL], is_it).await {
            Ok(true) => {}
            Err(error) if error.kind() == Kind::Unavailable => return Err(error),
            _ => continue,
        }
        vault.note_withdrawal(subject).await?;
        let decide = |record: &OpenedRecord| {
            let consent = standing_of(record)?.withdraw(at, how, stamp(vault, actor))?;
            let due_at = consent.entries().first().map(|entry| entry.at);
            Ok(RecordChange {
                standing: Standing::Open { state: WITHDRAWN, due_at },
                set: RecordItems::default().with(MODEL, consent.encode()),
                remove: [].into(),
                entry: Entry::new("consent.withdrawn")
                    .detail("purpose", purpose)
                    .detail("how", how.as_str())
                    .detail("code", error.code()),
                effects: Effects::default(),
            })
        };
        vault.change_record(&key, &[MODEL], actor, decide).await?;
        return Ok(Some(key));
    }
    Ok(None)
}

/// Tells the accounts of the withdrawals that they do not know; how many were told.
pub(super) async fn tell_all(vault: &Vault) -> Result<usize> {
    let (mut told, mut last) = (0usize, None);
    loop {
        let due =
            vault.records_due(&CONSENTS, &WITHDRAWN, vault.now(), last.as_ref(), PAGE).await?;
        for one in &due {
            match tell(vault, &one.key).await {
                Ok(()) => told = told.saturating_add(1),
                Err(error) if error.kind() == Kind::Unavailable => return Err(error),
                // The account is still not what it was.
                Err(_) => {}
            }
        }
        last = due.last().cloned();
        if due.len() < PAGE {
            return Ok(told);
        }
    }
}

/// Tells the account of a withdrawal, and closes the record of the consent.
pub(super) async fn tell(vault: &Vault, key: &RecordKey) -> Result<()> {
    let stance = vault.stance(key.subject).await?;
    let decide = |record: &OpenedRecord| {
        let consent = of(record)?;
        let stance_seen = stance.clone();
        Ok(RecordChange {
            standing: Standing::Closed { at: vault.now() },
            set: RecordItems::default(),
            remove: [].into(),
            entry: Entry::new("consent.heeded").detail("purpose", consent.purpose()),
            effects: Effects {
                stance: ends(&consent, key, &stance),
                stance_seen,
                ..Effects::default()
            },
        })
    };
    vault.change_record(key, &[MODEL], &Actor::system(), decide).await.map(drop)
}

/// What the account hears, unless the person has consented anew since.
fn ends(consent: &Consent, key: &RecordKey, stance: &Option<Stance>) -> Vec<StanceChange> {
    let purpose = consent.purpose();
    let stands = stance.as_ref().and_then(|stance| stance.consents.get(purpose));
    let State::Withdrawn(at) = *consent.state() else { return Vec::new() };
    if stands.is_some_and(|given| given.record != key.id) {
        return Vec::new();
    }
    let at = consent.given_at().map_or(at, |given_at| given_at.max(at));
    vec![StanceChange::ConsentWithdrawn { purpose: purpose.clone(), at }]
}
