//! Leaving the payment provider: what is owed is settled, then the customer is deleted there.

use tacenda_core::calendar;
use tacenda_core::clock::{Span, Timestamp};
use tacenda_core::pii::Sensitive;
use tacenda_core::policy::records::{DEBITS, INVOICES, PAYERS, PAYMENT_EVENTS, RecordKind};
use tacenda_core::ports::{Processor, ProcessorOutcome, ProcessorTask};
use tacenda_core::row::state;
use tacenda_core::vault::{
    Actor, ClaimedRecord, DueRecord, Entry, MODEL, RecordChange, RecordKey, Standing, Vault,
};
use tacenda_core::{Kind, Name, Result, SubjectId};

use super::due::{Settling, abandon, settle};
use super::payer::{self, Payer, Stage};
use super::payers::{alter, changed, payer_of};
use crate::ledger::State;
use crate::provider::PaymentProvider;

const PAGE: usize = 64;
/// How long after the first try; twice as long after each further one.
const PAUSE: Span = Span::seconds(60);
/// The longest time between two tries.
const LONGEST: Span = Span::days(1);

/// Records of payments that outlive an erasure, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What they are.
    pub kind: &'static RecordKind,
    /// How many.
    pub records: usize,
    /// The law that keeps them; without one they are kept for claims (Art. 17(3)(e) GDPR).
    pub law: Option<Name>,
    /// When the last of them ends; `None` while the clock of one has not started.
    pub until: Option<Timestamp>,
}

/// What leaving the provider comes to. Making it changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaving {
    /// Whether there is a customer to be deleted at the provider.
    pub at_provider: bool,
    /// Debits that were ordered and are not settled: what is owed is asked for first.
    pub owed: Vec<RecordKey>,
    /// What stays, and why.
    pub kept: Vec<Kept>,
}

/// What became of those who leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Left {
    /// Deleted at the provider.
    pub done: u64,
    /// To be tried again.
    pub pending: u64,
    /// For a person to see to.
    pub manual: u64,
    /// Not what the log states, or taken by another meanwhile.
    pub refused: u64,
}

/// Plans what an erasure means for payments: the subscription ends first, what is owed is settled, and what
/// is kept is named with its law and its end.
///
/// # Law
/// Art. 17(3)(b) and (e), 19 GDPR.
///
/// # Errors
/// The integrity codes; the codes of the ports.
pub async fn plan(vault: &Vault, subject: SubjectId) -> Result<Leaving> {
    let (policy, zone) = (vault.policy(), vault.ports().zone.as_ref());
    let at_provider = match payer_of(vault, subject).await? {
        Some(key) => !matches!(vault.record(&key).await?.standing, Standing::Closed { .. }),
        None => false,
    };
    let (mut owed, mut kept) = (Vec::new(), Vec::new());
    for kind in [&PAYERS, &DEBITS, &PAYMENT_EVENTS, &INVOICES] {
        let records = vault.records_of(subject, kind).await?;
        let Some(rule) = policy.record_rule(kind) else { continue };
        if records.is_empty() {
            continue;
        }
        let rules = [rule.to_calendar(policy.financial_year_end)];
        let mut until = Some(Timestamp::MIN);
        for record in &records {
            let ends = match record.standing {
                Standing::Closed { at } => Some(calendar::due(at, &rules, zone)),
                Standing::Open { .. } => None,
            };
            until = until.zip(ends).map(|(until, ends)| until.max(ends));
            if *kind == DEBITS && ends.is_none() {
                owed.push(record.key.clone());
            }
        }
        kept.push(Kept { kind, records: records.len(), law: rule.law.clone(), until });
    }
    Ok(Leaving { at_provider, owed, kept })
}

/// Ends what a subject pays by: from now on nothing new is debited, and [`run`] deletes the customer at the
/// provider. To be called with the erasure of the account, before it or after; again, it changes nothing, but
/// for one whom a person had to see to ([`stuck`]): they are tried anew. `false` if there is nobody to delete.
///
/// # Law
/// Art. 17(1) and 19 GDPR.
///
/// # Errors
/// Those of [`Vault::change_record`].
pub async fn leave(vault: &Vault, subject: SubjectId, actor: &Actor) -> Result<bool> {
    let Some(key) = payer_of(vault, subject).await? else { return Ok(false) };
    let outline = vault.record(&key).await?;
    match outline.standing {
        Standing::Closed { .. } => return Ok(false),
        Standing::Open { state, .. } if state == payer::LEAVING => return Ok(true),
        Standing::Open { .. } => {}
    }
    let now = vault.now();
    alter(vault, &key, "payer.leaving", actor, |mut payer| {
        if matches!(payer.stage, Stage::Active | Stage::Manual { .. }) {
            payer.stage = Stage::Leaving { tries: 0, at: now };
        }
        Ok(payer)
    })
    .await
    .map(|_| true)
}

/// A page of those who leave and of whom a person has to see to it, from behind one of an earlier page on;
/// by their ids. Once it is seen to, [`leave`] tries them anew.
///
/// # Errors
/// The codes of the ports.
pub async fn stuck(
    vault: &Vault,
    after: Option<&DueRecord>,
    limit: usize,
) -> Result<Vec<DueRecord>> {
    vault.records_due(&PAYERS, &payer::MANUAL, Timestamp::MAX, after, limit.max(1)).await
}

/// Lets those leave whose accounts are gone, such as by a sweep. It looks at each payer once a month.
///
/// # Errors
/// The codes of the ports. One that is altered stops no other, unless a page of them stands in front.
pub async fn leave_gone(vault: &Vault, actor: &Actor) -> Result<u64> {
    let mut left = 0u64;
    loop {
        let page = vault.records_due(&PAYERS, &payer::ACTIVE, vault.now(), None, PAGE).await?;
        let mut moved = 0usize;
        for one in &page {
            match look(vault, &one.key, actor).await {
                Ok(gone) => {
                    moved += 1;
                    left += u64::from(gone);
                }
                Err(error) if error.kind() == Kind::Unavailable => return Err(error),
                Err(_) => {}
            }
        }
        // Those that cannot be moved stay at the front of the list.
        if page.len() < PAGE || moved == 0 {
            return Ok(left);
        }
    }
}

async fn look(vault: &Vault, key: &RecordKey, actor: &Actor) -> Result<bool> {
    let primary = vault.policy().primary_class();
    let rows = vault.outline(key.subject).await?;
    if !rows.iter().any(|row| row.class == *primary && row.state != state::ARCHIVED) {
        return leave(vault, key.subject, actor).await;
    }
    alter(vault, key, "payer.looked_at", actor, Ok).await.map(|_| false)
}

/// Deletes at the provider whoever leaves, up to a number of them. What was ordered before is settled
/// first, by what the provider says of it; then the processor erases. What fails is tried again, a minute
/// later and then after twice as long each time, up to a day. The references stay until the record ends,
/// so that a dispute that comes later finds its debit.
///
/// # Law
/// Art. 17(1), 17(3)(e), 19 and 28(3)(g) GDPR.
///
/// # Errors
/// `staff.no_grant` and its like; the codes of the ports: whoever was taken is free again when the lease is
/// over.
pub async fn run(
    vault: &Vault,
    provider: &dyn PaymentProvider,
    processor: &dyn Processor,
    (lease, limit): (Span, usize),
    actor: &Actor,
) -> Result<Left> {
    vault.check_grant(actor).await?;
    let claimed = vault.claim_records(&PAYERS, &payer::LEAVING, lease, limit).await?;
    let opened = vault.open_claimed(&claimed, &[MODEL]).await?;
    let (mut left, mut ended) = (Left::default(), Vec::new());
    for (claimed, opened) in claimed.into_iter().zip(opened) {
        let Ok(payer) = opened.and_then(|opened| Payer::of(&opened)) else {
            left.refused += 1;
            continue;
        };
        let outcome = if settled(vault, provider, claimed.key.subject, actor).await? {
            let task = task(&claimed, &payer);
            processor.erase(&task).await
        } else {
            ProcessorOutcome::Pending { at: None, why: None }
        };
        let change = after(vault, payer, &outcome, processor.name());
        match outcome {
            ProcessorOutcome::Done => left.done += 1,
            ProcessorOutcome::Pending { .. } => left.pending += 1,
            _ => left.manual += 1,
        }
        ended.push((claimed, change));
    }
    let lost = vault.end_claimed(ended, actor).await?.into_iter().filter(Result::is_err).count();
    left.refused = left.refused.saturating_add(lost as u64);
    Ok(left)
}

/// Whether nothing is left to be asked for.
async fn settled(
    vault: &Vault,
    provider: &dyn PaymentProvider,
    subject: SubjectId,
    actor: &Actor,
) -> Result<bool> {
    let mut all = true;
    for (key, outline) in vault.records_each(subject, &DEBITS).await? {
        let Ok(outline) = outline else { continue };
        let Standing::Open { state, .. } = outline.standing else { continue };
        if state != super::entry::WRITTEN {
            continue;
        }
        match settle(vault, provider, &key, actor).await {
            // Money on its way needs no customer any more.
            Ok(Settling::Settled | Settling::UnderWay) => {}
            Ok(Settling::Refused(entry, failure)) => {
                match abandon(vault, provider, (&key, *entry), &failure, actor).await {
                    Ok(entry) => all &= !matches!(entry.state, State::Written { .. }),
                    Err(error) if error.kind() == Kind::Unavailable => return Err(error),
                    Err(_) => all = false,
                }
            }
            Err(error) if error.kind() == Kind::Unavailable => return Err(error),
            Ok(Settling::Open) | Err(_) => all = false,
        }
    }
    Ok(all)
}

fn task(claimed: &ClaimedRecord, payer: &Payer) -> ProcessorTask {
    let tries = match payer.stage {
        Stage::Leaving { tries, .. } | Stage::Manual { tries } => tries,
        Stage::Active | Stage::Gone { .. } => 0,
    };
    ProcessorTask { id: claimed.mark, references: Sensitive::new(payer.encode()), tries }
}

fn after(
    vault: &Vault,
    mut payer: Payer,
    outcome: &ProcessorOutcome,
    processor: &Name,
) -> RecordChange {
    let now = vault.now();
    let tries = match payer.stage {
        Stage::Leaving { tries, .. } => tries.saturating_add(1),
        _ => 1,
    };
    let (action, why) = match outcome {
        ProcessorOutcome::Done => {
            payer = payer.gone(now);
            ("payer.gone", None)
        }
        ProcessorOutcome::Pending { at, why } => {
            let pause = PAUSE.as_micros().saturating_mul(1 << (tries.saturating_sub(1)).min(20));
            let at = at.unwrap_or_else(|| now.plus(Span::micros(pause.min(LONGEST.as_micros()))));
            payer.stage = Stage::Leaving { tries, at };
            ("payer.put_off", why.as_ref().map(tacenda_core::Error::code))
        }
        ProcessorOutcome::Manual(code) | ProcessorOutcome::Abandoned(code) => {
            payer.stage = Stage::Manual { tries };
            ("payer.manual", Some(code.name))
        }
        _ => {
            payer.stage = Stage::Manual { tries };
            ("payer.manual", None)
        }
    };
    let entry = Entry::new(action).detail("processor", processor);
    let entry = why.into_iter().fold(entry, |entry, code| entry.detail("code", code));
    RecordChange { entry, ..changed(&payer, action, now) }
}
