//! Taking messages that are due, and opening the address in the moment of sending.

use std::collections::BTreeSet;

use super::enqueue::letter;
use super::model::{Failure, Letter, Values};
use super::settle::{Outcome, Settled, settle};
use super::{ADDRESS, QUEUED, VALUES};
use crate::clock::{Span, Timestamp};
use crate::error::{Error, Kind, Result};
use crate::id::SubjectId;
use crate::name::Name;
use crate::pii::Sensitive;
use crate::policy::codes::{ROLE_NOT_ALLOWED, UNKNOWN_ROLE};
use crate::policy::records::OUTBOX;
use crate::row::state;
use crate::vault::codes::{
    EXPIRED_GRANT, NO_GRANT, NOT_FOUND, OTHER_CERTIFICATE, REFUSED_STATE, REVOKED_GRANT,
    UNCONFIRMED_GRANT,
};
use crate::vault::{
    Actor, ClaimedLook, ClaimedRecord, Entry, ItemUse, Lease, MODEL, OpenedRecord, Vault, View,
};

/// After how long a message is tried again of which the address could not be opened.
const LATER: Span = Span::hours(1);
/// How long a message to a restricted account waits at most until it is tried again.
const LONGEST: Span = Span::days(1);
/// The category of an item that says in which language somebody is written to.
const LANGUAGE: &str = "user.demographic.language";
/// How often it is tried.
const TRIES: u32 = 48;

/// What is to be sent, with the address opened.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// The same at each try, and another for every other message; says nothing to whoever lacks the
    /// index key. It becomes the `Message-ID`.
    pub id: [u8; 16],
    /// Where to.
    pub to: Sensitive<String>,
    /// What it says.
    pub says: Name,
    /// In which language: the one that was asked for, or that of the account (the item of the
    /// category `user.demographic.language`), as far as the purpose gives it.
    pub language: Option<String>,
    /// What stands in the text.
    pub values: Values,
    /// When it was put into the outbox.
    pub enqueued_at: Timestamp,
    /// How often it was tried before.
    pub tries: u32,
}

/// A message that one worker has, until its lease ends.
#[derive(Debug)]
pub struct Taken {
    /// What is to be sent.
    pub outgoing: Outgoing,
    pub(super) claimed: ClaimedRecord,
    pub(super) letter: Letter,
    /// The version of the account before the address was opened.
    account: Option<u64>,
}

impl Taken {
    /// Until when it is this worker's. What is sent later may be sent by another too.
    #[must_use]
    pub const fn until(&self) -> Timestamp {
        self.claimed.until
    }

    /// Whose it is.
    #[must_use]
    pub const fn subject(&self) -> SubjectId {
        self.claimed.key.subject
    }
}

/// What is to be done with a message right before it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmed {
    /// It is sent.
    Stands,
    /// It is not sent, and settled so.
    Otherwise(Outcome),
    /// It was written since it was taken, and is not this worker's any more: it is neither sent nor settled.
    Lost,
}

/// What was taken.
#[derive(Debug, Default)]
pub struct Batch {
    /// To be sent, and settled.
    pub ready: Vec<Taken>,
    /// Messages that this worker may not send, and another may. They wait as before; nobody has them while
    /// the leases last, unless they are given back ([`give_back`]).
    pub not_ours: Vec<Lease>,
    /// How many were due and free; with none, there is nothing to do for now.
    pub claimed: usize,
    /// What became of those that cannot be sent now, or ever.
    pub settled: Settled,
    /// Messages whose rows are not what the log states. They are left as they are, for an audit.
    pub altered: u64,
}

/// Takes up to `limit` messages that are due, the earliest first, under a lease, and opens their
/// addresses: those of accounts for the purpose that each names, as a read does, with a leaf each
/// in one commit (`message.addressed`), which says `through` which processor they go, if through one
/// (S15).
/// What cannot be sent (the account is gone, the policy refuses, it is too late) is settled at once. What
/// only this worker may not send, in its role or through this processor, waits for another, without a leaf
/// and as due as it was.
///
/// # Law
/// Art. 5(1)(b), (c) and (f) GDPR.
///
/// # Errors
/// `staff.no_grant` and its like, before anything is claimed; the codes of the ports. What was claimed
/// then is free again when the lease is over.
pub async fn take(
    vault: &Vault,
    lease: Span,
    limit: usize,
    through: Option<&Name>,
    actor: &Actor,
) -> Result<Batch> {
    vault.check_grant(actor).await?;
    let claimed = vault.claim_records(&OUTBOX, &QUEUED, lease, limit).await?;
    let opened = vault.open_claimed(&claimed, &[MODEL, VALUES, ADDRESS]).await?;
    let mut batch = Batch { claimed: claimed.len(), ..Batch::default() };
    let (mut waiting, mut ended) = (Vec::new(), Vec::new());
    for (claimed, opened) in claimed.into_iter().zip(opened) {
        match opened.and_then(|opened| parts(&opened)) {
            Ok((letter, values, address)) => {
                let outgoing = Outgoing {
                    id: claimed.mark,
                    to: Sensitive::new(address.unwrap_or_default()),
                    says: letter.says.clone(),
                    language: letter.language.clone(),
                    values,
                    enqueued_at: letter.enqueued_at,
                    tries: letter.tries,
                };
                let taken = Taken { outgoing, claimed, letter, account: None };
                if taken.letter.expires_at.is_some_and(|at| at <= vault.now()) {
                    ended.push((taken, Outcome::GivenUp(Failure::Expired)));
                } else if !may_send(vault, &taken.letter.purpose, through, actor) {
                    batch.not_ours.push(taken.claimed.lease());
                } else {
                    waiting.push(taken);
                }
            }
            Err(error) if error.kind() == Kind::Integrity => batch.altered += 1,
            // Somebody wrote it since, or it is being erased.
            Err(_) => {}
        }
    }
    // Before anything is decided: what comes in between is found by the next look.
    let looks = look(vault, &waiting).await?;
    for (taken, look) in waiting.iter_mut().zip(looks) {
        taken.account = look.account;
    }
    let uses: Vec<_> = waiting.iter().map(|taken| use_of(vault, taken, through)).collect();
    let views = vault.use_items(&uses, actor).await?;
    for (mut taken, view) in waiting.into_iter().zip(views) {
        match addressed(vault, &mut taken, view).await? {
            None => batch.ready.push(taken),
            Some(outcome) => ended.push((taken, outcome)),
        }
    }
    if !ended.is_empty() {
        batch.settled = settle(vault, ended, actor).await?;
    }
    Ok(batch)
}

async fn look(vault: &Vault, taken: &[Taken]) -> Result<Vec<ClaimedLook>> {
    let claimed: Vec<_> = taken.iter().map(|one| &one.claimed).collect();
    if claimed.is_empty() { Ok(Vec::new()) } else { vault.look_at_claimed(&claimed).await }
}

/// Looks, right before a message is sent, whether all is as it was when it was taken: one look at two rows.
/// If the account was written since, by an objection, a withdrawal, a restriction, an erasure or an
/// amendment, the address is opened anew, as by [`take`].
///
/// # Law
/// Art. 7(3), 18(2), 21(3) GDPR.
///
/// # Errors
/// The codes of the ports.
pub async fn confirm(
    vault: &Vault,
    taken: &mut Taken,
    through: Option<&Name>,
    actor: &Actor,
) -> Result<Confirmed> {
    let now = look(vault, std::slice::from_ref(taken)).await?.pop().unwrap_or_default();
    if !now.stands {
        return Ok(Confirmed::Lost);
    }
    if now.account == taken.account {
        return Ok(Confirmed::Stands);
    }
    taken.account = now.account;
    let view = vault.use_items(&[use_of(vault, taken, through)], actor).await?.pop();
    let outcome = match view {
        Some(view) => addressed(vault, taken, view).await?,
        None => None,
    };
    Ok(outcome.map_or(Confirmed::Stands, Confirmed::Otherwise))
}

/// Ends the leases of messages that this worker may not send, once it is done with its own: another has
/// them at once.
///
/// # Errors
/// The codes of the store; what was not given back then is free when its lease is over.
pub async fn give_back(vault: &Vault, not_ours: &[Lease]) -> Result<()> {
    vault.end_leases(not_ours).await
}

/// Whether this worker may send messages of a purpose: its role has it, and the policy says that addresses
/// go there for it. Of another policy, or one that forgot the purpose, this says nothing.
fn may_send(vault: &Vault, purpose: &Name, through: Option<&Name>, actor: &Actor) -> bool {
    let policy = vault.policy();
    let known = policy.purpose(purpose).is_some();
    let in_role = actor.role.as_ref().is_some_and(|role| policy.allows(role, purpose));
    (in_role || !known) && through.is_none_or(|to| may_go(vault, to, purpose))
}

/// Whether the policy says that addresses go to a processor for a purpose.
fn may_go(vault: &Vault, processor: &Name, purpose: &Name) -> bool {
    let address = [vault.policy().identifier().name.clone()].into();
    vault.may_disclose(processor, purpose, &address).is_ok()
}

fn parts(opened: &OpenedRecord) -> Result<(Letter, Values, Option<String>)> {
    let values = Values::decode(opened.items.get(&VALUES).unwrap_or_default())?;
    Ok((letter(opened)?, values, opened.items.words(&ADDRESS).map(str::to_owned)))
}

fn use_of(vault: &Vault, taken: &Taken, through: Option<&Name>) -> ItemUse {
    let key = &taken.claimed.key;
    let entry = Entry::new("message.addressed").detail("record", key.id);
    let entry = entry.detail("says", &taken.letter.says);
    let entry = through.into_iter().fold(entry, |entry, to| entry.detail("processor", to));
    let own = taken.letter.own_address;
    let asked = taken.letter.language.is_some();
    let language = language(vault, &taken.letter.purpose).filter(|_| !asked);
    let address = vault.policy().identifier().name.clone();
    ItemUse {
        subject: key.subject,
        purpose: taken.letter.purpose.clone(),
        // An address of its own is no item of the account's: there may be none.
        items: if own { BTreeSet::new() } else { language.into_iter().chain([address]).collect() },
        entry: if own { entry.detail("item", &ADDRESS) } else { entry },
    }
}

/// The item with the language of an account, if a purpose gives one.
fn language(vault: &Vault, purpose: &Name) -> Option<Name> {
    let policy = vault.policy();
    let items = &policy.purpose(purpose)?.items;
    let is_it = |item: &&Name| policy.item(item).is_some_and(|item| item.category == LANGUAGE);
    items.iter().find(is_it).cloned()
}

/// Puts the address in; or says what becomes of a message that has none.
async fn addressed(
    vault: &Vault,
    taken: &mut Taken,
    view: Result<View>,
) -> Result<Option<Outcome>> {
    let (now, begun) = (vault.now(), taken.letter.enqueued_at);
    let again = now.plus(LATER);
    let later = |failure| {
        if taken.letter.tries >= TRIES {
            Outcome::GivenUp(failure)
        } else {
            Outcome::Later { failure, at: again }
        }
    };
    let error = match view {
        Ok(_) if taken.letter.own_address => return Ok(None),
        Ok(view) => match view.get(vault.policy().identifier().name.as_str()) {
            Some(address) => {
                taken.outgoing.to = Sensitive::new(address.to_owned());
                let of_account = || view.get(language(vault, &taken.letter.purpose)?.as_str());
                if taken.outgoing.language.is_none() {
                    taken.outgoing.language = of_account().map(str::to_owned);
                }
                return Ok(None);
            }
            None => return Ok(Some(later(Failure::Unopened))),
        },
        Err(error) => error,
    };
    Ok(Some(match error.kind() {
        Kind::Unavailable => return Err(error),
        _ if is_gone(vault, taken.subject(), &error).await? => Outcome::GivenUp(Failure::Gone),
        // A restriction is lifted one day, and is asked after each time as long again as it waited; a
        // policy, or a person, that refuses has decided. That this actor may not says nothing of the message.
        _ if error.is(&REFUSED_STATE) => {
            let waited = now.as_micros().saturating_sub(begun.as_micros());
            let pause = waited.clamp(LATER.as_micros(), LONGEST.as_micros());
            Outcome::Later { failure: Failure::NotAllowed, at: now.plus(Span::micros(pause)) }
        }
        _ if is_of_actor(&error) => Outcome::Later { failure: Failure::NotAllowed, at: again },
        Kind::Refused => Outcome::GivenUp(Failure::NotAllowed),
        // What nobody has decided: rows that change, a key that was just replaced, a service that fails.
        _ => later(Failure::Unopened),
    }))
}

/// Whether it is the actor who may not, whatever the message is.
fn is_of_actor(error: &Error) -> bool {
    let of_role = [&UNKNOWN_ROLE, &ROLE_NOT_ALLOWED];
    let of_grant =
        [&NO_GRANT, &EXPIRED_GRANT, &REVOKED_GRANT, &UNCONFIRMED_GRANT, &OTHER_CERTIFICATE];
    of_role.into_iter().chain(of_grant).any(|code| error.is(code))
}

/// Whether a read failed because there is no account any more, though a law may keep some of it.
async fn is_gone(vault: &Vault, subject: SubjectId, error: &Error) -> Result<bool> {
    if !error.is(&REFUSED_STATE) {
        return Ok(error.is(&NOT_FOUND));
    }
    let primary = vault.policy().primary_class();
    match vault.outline(subject).await {
        Ok(rows) => {
            Ok(!rows.iter().any(|row| row.class == *primary && row.state != state::ARCHIVED))
        }
        Err(error) if error.kind() == Kind::Integrity => Ok(false),
        Err(error) => Err(error),
    }
}
