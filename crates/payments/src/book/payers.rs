//! Setting up means of payment: what the provider is asked for is written down before it is asked.

use tacenda_core::policy::records::PAYERS;
use tacenda_core::ports::store::CONFLICT;
use tacenda_core::vault::{
    Actor, Effects, Entry, MODEL, NewRecord, Numbered, OpenedRecord, RecordChange, RecordItems,
    RecordKey, Vault,
};
use tacenda_core::{Name, Result, SubjectId, Timestamp};

use super::payer::{Payer, PayerMethod, Pending, Stage, of_subject};
use super::{LEAVING, NO_METHOD, kept, key_of, may_ask};
use crate::events::{Kept, Means};
use crate::ledger::is_known;
use crate::provider::{
    AttachRequest, IdempotencyKey, Method, PaymentProvider, Reference, Setting, Setup, SetupRequest,
};

/// Starts to set up a card or an account; the customer's browser goes on with the secret, and what it sends
/// goes to the provider alone (S5). A call after a crash is the same call, for as long as the provider
/// certainly knows its key.
///
/// # Errors
/// [`LEAVING`] while the customer is being deleted there; [`NO_PROVIDER`](super::NO_PROVIDER); those of
/// [`Vault::disclose`], [`Vault::add_record`] and [`Vault::change_record`]; the codes of the provider.
pub async fn set_up(
    vault: &Vault,
    provider: &dyn PaymentProvider,
    subject: SubjectId,
    setting: Setting,
    purpose: &Name,
    actor: &Actor,
) -> Result<Setup> {
    may_ask(vault, subject, purpose, actor).await?;
    let (now, rng) = (vault.now(), vault.ports().rng.as_ref());
    let new = Pending { key: IdempotencyKey::generate(rng), setting, since: now };
    let fresh = Payer::new(rng)?;
    let same = |before: &Pending| before.setting == setting && is_known(before.since, now);
    let asked = |mut payer: Payer| {
        payer.stage = match payer.stage {
            Stage::Leaving { .. } | Stage::Manual { .. } => return LEAVING.err(),
            Stage::Active => Stage::Active,
            Stage::Gone { .. } => {
                // By the account the provider knows its customer, and the one of before is deleted.
                payer.account = fresh.account.clone();
                Stage::Active
            }
        };
        if !payer.pending.iter().any(same) {
            payer.pending.push(new.clone());
        }
        Ok(payer)
    };
    let key = match payer_of(vault, subject).await? {
        Some(key) => key,
        None => begin(vault, subject, asked(fresh.clone())?, actor).await?,
    };
    let payer = alter(vault, &key, "payer.set_up_asked", actor, asked).await?;
    let pending = payer.pending.into_iter().find(same);
    let Some(Pending { key: once, .. }) = pending else { return CONFLICT.err() };
    let request = SetupRequest {
        account: payer.account,
        customer: payer.customer,
        setting,
        key: once.clone(),
    };
    let setup = provider.start_setup(&request).await?;
    alter(vault, &key, "payer.set_up", actor, |mut payer| {
        if payer.stage != Stage::Active {
            return LEAVING.err();
        }
        payer.customer = Some(setup.customer.clone());
        if !payer.setups.contains(&setup.setup) {
            payer.setups.push(setup.setup.clone());
        }
        payer.pending.retain(|pending| pending.key != once);
        Ok(payer)
    })
    .await?;
    Ok(setup)
}

/// Attaches a method that the browser made; from now on it can be debited.
///
/// # Errors
/// [`NO_METHOD`] before any set-up, [`LEAVING`]; as [`set_up`].
pub async fn attach(
    vault: &Vault,
    provider: &dyn PaymentProvider,
    subject: SubjectId,
    (method, setting): (&Reference, Setting),
    purpose: &Name,
    actor: &Actor,
) -> Result<Method> {
    may_ask(vault, subject, purpose, actor).await?;
    let key = payer_of(vault, subject).await?.ok_or_else(|| NO_METHOD.error())?;
    let payer = alter(vault, &key, "payer.attaching", actor, |mut payer| {
        match payer.stage {
            Stage::Active if payer.customer.is_some() => {}
            Stage::Active | Stage::Gone { .. } => return NO_METHOD.err(),
            Stage::Leaving { .. } | Stage::Manual { .. } => return LEAVING.err(),
        }
        if !payer.methods.iter().any(|known| known.method == *method) {
            let method = method.clone();
            payer.methods.push(PayerMethod { method, setting, means: None, inactive: false });
        }
        Ok(payer)
    })
    .await?;
    let customer = payer.customer.ok_or_else(|| NO_METHOD.error())?;
    let once = key_of("attach", method)?;
    let request = AttachRequest { method: method.clone(), customer, key: once };
    let Method { means, .. } = provider.attach(&request).await?;
    let means = only(kept(vault), means);
    alter(vault, &key, "payer.attached", actor, |mut payer| {
        for known in payer.methods.iter_mut().filter(|known| known.method == *method) {
            known.means = Some(means.clone());
        }
        Ok(payer)
    })
    .await?;
    Ok(Method { method: method.clone(), means })
}

/// Detaches a method: nobody can debit it any more, and nothing of it is kept.
///
/// # Errors
/// [`NO_METHOD`]; those of [`Vault::change_record`]; the codes of the provider.
pub async fn detach(
    vault: &Vault,
    provider: &dyn PaymentProvider,
    subject: SubjectId,
    method: &Reference,
    actor: &Actor,
) -> Result<()> {
    method_of(vault, subject, method).await?;
    provider.detach(method).await?;
    let key = payer_of(vault, subject).await?.ok_or_else(|| NO_METHOD.error())?;
    alter(vault, &key, "payer.detached", actor, |mut payer| {
        payer.methods.retain(|known| known.method != *method);
        Ok(payer)
    })
    .await
    .map(drop)
}

/// Where is kept how a subject pays, if there is something.
///
/// # Errors
/// Those of [`Vault::find_record`].
pub async fn payer_of(vault: &Vault, subject: SubjectId) -> Result<Option<RecordKey>> {
    vault.find_record(&PAYERS, &of_subject(subject)).await
}

/// Reads for a purpose how a subject pays.
///
/// # Errors
/// As [`Vault::read_record`].
pub async fn read_payer(
    vault: &Vault,
    key: &RecordKey,
    purpose: &Name,
    actor: &Actor,
) -> Result<Payer> {
    Payer::of(&vault.read_record(key, &[MODEL], purpose, actor).await?)
}

/// The customer at the provider and a method of theirs, for a debit.
pub(super) async fn method_of(
    vault: &Vault,
    subject: SubjectId,
    method: &Reference,
) -> Result<(Reference, PayerMethod)> {
    let Some(key) = payer_of(vault, subject).await? else { return NO_METHOD.err() };
    let payer = vault.consult_record(&key, &[MODEL], Payer::of).await?;
    if payer.is_leaving() {
        return LEAVING.err();
    }
    let known = payer.methods.into_iter().find(|known| known.method == *method);
    match (payer.customer, known.filter(|known| known.means.is_some() && !known.inactive)) {
        (Some(customer), Some(known)) => Ok((customer, known)),
        _ => NO_METHOD.err(),
    }
}

async fn begin(
    vault: &Vault,
    subject: SubjectId,
    payer: Payer,
    actor: &Actor,
) -> Result<RecordKey> {
    let new = NewRecord {
        subject: Some(subject),
        standing: payer.standing(vault.now()),
        items: RecordItems::default().with(MODEL, payer.encode()),
        entry: Entry::new("payer.begun"),
        effects: Effects::default(),
    };
    match vault.add_indexed_record(&PAYERS, &payer.found_by(subject), new, actor).await? {
        Numbered::Added(key) | Numbered::There(key) => Ok(key),
    }
}

/// Changes how a subject pays, and answers with what it is now.
pub(super) async fn alter(
    vault: &Vault,
    key: &RecordKey,
    action: &'static str,
    actor: &Actor,
    step: impl Fn(Payer) -> Result<Payer> + Send + Sync,
) -> Result<Payer> {
    let kept = kept(vault);
    let mut now_it_is = None;
    let decide = |opened: &OpenedRecord| {
        let payer = step(Payer::of(opened)?)?.only(kept);
        let change = changed(&payer, action, vault.now());
        let found_by = payer.found_by(key.subject);
        now_it_is = Some(payer);
        Ok((change, found_by))
    };
    vault.change_indexed_record(key, &[MODEL], actor, decide).await?;
    now_it_is.ok_or_else(|| CONFLICT.error())
}

pub(super) fn changed(payer: &Payer, action: &'static str, now: Timestamp) -> RecordChange {
    RecordChange {
        standing: payer.standing(now),
        set: RecordItems::default().with(MODEL, payer.encode()),
        remove: [].into(),
        entry: Entry::new(action),
        effects: Effects::default(),
    }
}

fn only(kept: Kept, means: Means) -> Means {
    match means {
        Means::Card(card) => Means::Card(kept.card(card)),
        other => other,
    }
}
