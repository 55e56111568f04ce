//! What counts from the receipt of a request on, before anybody works on it; and what has to be so
//! before an answer says that it is.

use std::collections::BTreeSet;

use tacenda_core::policy::{Policy, Stance};
use tacenda_core::row::state;
use tacenda_core::vault::codes::NOT_FOUND;
use tacenda_core::vault::{Actor, Outline, Vault};
use tacenda_core::{Kind, Name, Result, SubjectId};

use super::codes::NOT_SO;
use super::intake::Channel;
use super::receive::Arrival;
use super::rights::{RestrictionGround, Right};
use super::state::Request;
use crate::consent::{self, How};
use crate::objection::{self, Objecting, Way};

/// What became of what somebody asks for, when the request arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing yet: somebody decides first, or says to which purpose the person objects; or there is
    /// no account.
    Waits,
    /// It counts from the next read on.
    Counts,
    /// It should count, and could not be entered, for the reason with this code. The file is there;
    /// it is not answered as granted before somebody has seen to it.
    Failed(&'static str),
}

/// Lets an objection and a withdrawal of consent count at once. Doing it twice changes nothing.
pub(super) async fn take(
    vault: &Vault,
    subject: SubjectId,
    arrival: &Arrival,
    actor: &Actor,
) -> Effect {
    let done = match arrival.right {
        Right::MarketingObjection => stop_marketing(vault, subject, arrival, actor).await,
        Right::ConsentWithdrawal => withdraw(vault, subject, arrival, actor).await,
        Right::Objection => match &arrival.purpose {
            Some(purpose) => object(vault, subject, purpose, arrival, actor).await,
            None => return Effect::Waits,
        },
        _ => return Effect::Waits,
    };
    match done {
        Ok(()) => Effect::Counts,
        Err(error) if error.is(&NOT_FOUND) => Effect::Waits,
        Err(error) => Effect::Failed(error.code()),
    }
}

async fn stop_marketing(
    vault: &Vault,
    subject: SubjectId,
    arrival: &Arrival,
    actor: &Actor,
) -> Result<()> {
    let when = (arrival.received_at, way(arrival.channel));
    objection::stop_marketing(vault, subject, when, actor).await.map(drop)
}

/// How the subject stands; of an altered account, that nothing is known: the rooms keep a no until it can
/// be heard.
async fn stance_of(vault: &Vault, subject: SubjectId) -> Result<Stance> {
    match vault.stance(subject).await {
        Ok(stance) => stance.ok_or_else(|| NOT_FOUND.error().with("subject", subject)),
        Err(error) if error.kind() == Kind::Integrity => Ok(Stance::default()),
        Err(error) => Err(error),
    }
}

async fn object(
    vault: &Vault,
    subject: SubjectId,
    purpose: &Name,
    arrival: &Arrival,
    actor: &Actor,
) -> Result<()> {
    let stance = stance_of(vault, subject).await?;
    if vault.policy().purpose(purpose).is_some_and(|purpose| stance.objects_to(purpose)) {
        // A second try, or a second letter; the file has the words.
        return Ok(());
    }
    let objecting = Objecting {
        purpose: purpose.clone(),
        way: way(arrival.channel),
        received_at: arrival.received_at,
        words: None,
    };
    objection::object(vault, subject, &objecting, actor).await.map(drop)
}

/// The consent to the purpose that is named; if none is, every one.
async fn withdraw(
    vault: &Vault,
    subject: SubjectId,
    arrival: &Arrival,
    actor: &Actor,
) -> Result<()> {
    let stance = stance_of(vault, subject).await?;
    let purposes = match &arrival.purpose {
        Some(purpose) => BTreeSet::from([purpose.clone()]),
        None => {
            let declared = vault.policy().purposes.values().filter(|one| one.needs_consent());
            let declared = declared.map(|purpose| purpose.name.clone());
            stance.consents.keys().cloned().chain(declared).collect()
        }
    };
    // One that cannot be ended keeps none of the others.
    let mut all = Ok(());
    for purpose in &purposes {
        if stance.is_withdrawn_since(purpose, arrival.received_at) {
            // A second try, or an older letter: what stands was given after a later no.
            continue;
        }
        let when = (arrival.received_at, how(arrival.channel));
        let ended = consent::withdraw(vault, subject, purpose, when, actor).await;
        all = all.and(ended.map(drop));
    }
    all
}

const fn way(channel: Channel) -> Way {
    match channel {
        Channel::Email => Way::Email,
        Channel::Letter => Way::Letter,
        Channel::Phone => Way::Phone,
        Channel::InPerson => Way::InPerson,
        Channel::Account => Way::Account,
        Channel::SocialMedia | Channel::Other => Way::Other,
    }
}

const fn how(channel: Channel) -> How {
    match channel {
        Channel::Email => How::Email,
        Channel::Letter => How::Paper,
        Channel::Phone => How::Phone,
        Channel::InPerson => How::InPerson,
        Channel::Account => How::Account,
        Channel::SocialMedia | Channel::Other => How::Other,
    }
}

/// How the subject of a request stands, where an answer is entered.
pub(super) enum Stands {
    /// There is no account: nothing could go on.
    Nobody,
    /// So.
    So(Stance),
    /// Somebody altered the account, and nobody knows.
    Altered,
}

pub(super) async fn look(vault: &Vault, subject: SubjectId) -> Result<Stands> {
    match vault.stance(subject).await {
        Ok(stance) => Ok(stance.map_or(Stands::Nobody, Stands::So)),
        Err(error) if error.kind() == Kind::Integrity => Ok(Stands::Altered),
        Err(error) => Err(error),
    }
}

/// Nobody is told that something was granted that does not count: how the person stands, and what is in
/// use of their own, say otherwise.
pub(super) fn check(
    policy: &Policy,
    request: &Request,
    stands: &Stands,
    in_use: &[Outline],
) -> Result<()> {
    let so = |is_so: &dyn Fn(&Stance) -> bool| match stands {
        Stands::Nobody => true,
        Stands::So(stance) => is_so(stance),
        Stands::Altered => false,
    };
    // Of an objection that names no purpose, nobody but whoever worked on it knows which was meant.
    let objects = |stance: &Stance| match request.purpose() {
        Some(named) => policy.purpose(named).is_some_and(|purpose| stance.objects_to(purpose)),
        None => !stance.objections.is_empty(),
    };
    let granted = match request.right() {
        Right::MarketingObjection => so(&|stance| stance.marketing.is_some()),
        Right::ConsentWithdrawal => so(&|stance| {
            // Who consented anew has withdrawn all the same.
            let ended = |purpose| stance.is_withdrawn_since(purpose, request.received_at());
            let stand = || stance.consents.keys();
            match request.purpose() {
                Some(named) => stand().all(|purpose| purpose != named) || ended(named),
                None => stand().all(ended),
            }
        }),
        Right::Objection => so(&objects),
        Right::Restriction(ground) => {
            let by_objection = ground == RestrictionGround::Objection && so(&objects);
            by_objection || is_restricted(&request.scope().classes, in_use)
        }
        _ => true,
    };
    if granted { Ok(()) } else { NOT_SO.err() }
}

/// Whether what is in use of these classes is restricted; all of it, if none is named.
fn is_restricted(classes: &BTreeSet<Name>, in_use: &[Outline]) -> bool {
    let restricted = |row: &Outline| row.state == state::RESTRICTED;
    if classes.is_empty() {
        return in_use.iter().all(restricted);
    }
    in_use.iter().filter(|row| classes.contains(&row.class)).all(restricted)
}
