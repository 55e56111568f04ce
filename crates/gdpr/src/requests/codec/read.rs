//! From bytes to a request.

use tacenda_core::Result;
use tacenda_core::codec::{Decoder, MALFORMED};

use crate::case::read::{actor, day, note, option, time, word};
use crate::requests::decision::{
    Answer, Charge, ChargeGround, Decision, Ground, Hints, PartialRefusal, Refusal, Refusals,
};
use crate::requests::identity::{
    Document, Evidence, IdentityAnswer, IdentityAsk, IdentityOutcome, IdentityQuestion, Proof,
    ProofKind, SeenDocument,
};
use crate::requests::intake::{Channel, Intake, Items, RequestId, Requester, Scope};
use crate::requests::rights::{RestrictionGround, Right};
use crate::requests::state::{Clarification, Correction, Entry, Event, Extension};

pub(super) fn entry(d: &mut Decoder<'_>) -> Result<Entry> {
    let (at, by) = (time(d)?, actor(d)?);
    let event = match d.text()? {
        "received" => Event::Received(intake(d)?),
        "acknowledged" => Event::Acknowledged(time(d)?),
        "linked" => Event::Linked(RequestId::from_bytes(d.raw()?)),
        "restated" => Event::Restated(right(d)?, scope(d)?, note(d)?),
        "authority_shown" => Event::AuthorityShown(proof(d)?),
        "identity_asked" => {
            Event::IdentityAsked(IdentityQuestion { asked_at: time(d)?, ask: ask(d)? })
        }
        "identity_answered" => Event::IdentityAnswered(IdentityAnswer {
            answered_at: time(d)?,
            outcome: if d.flag()? {
                IdentityOutcome::Confirmed(evidence(d)?)
            } else {
                IdentityOutcome::NotConfirmed(note(d)?)
            },
        }),
        "session_seen" => Event::SessionSeen(time(d)?),
        "clarification_asked" => {
            Event::ClarificationAsked(Clarification { asked_at: time(d)?, question: note(d)? })
        }
        "clarification_answered" => Event::ClarificationAnswered(time(d)?, option(d, scope)?),
        "extended" => Event::Extended(Extension { sent_at: time(d)?, reasons: note(d)? }),
        "decided" => Event::Decided(decision(d)?),
        "answered" => Event::Answered(Answer {
            sent_at: time(d)?,
            by: word(d, Channel::parse)?,
            hints: Hints { complaint: d.flag()?, court: d.flag()? },
        }),
        "withdrawn" => Event::Withdrawn(time(d)?),
        "corrected" => {
            let (received_at, requester) = (time(d)?, requester(d)?);
            let channel = word(d, Channel::parse)?;
            Event::Corrected(Correction { received_at, requester, channel }, note(d)?)
        }
        "opened_in_error" => Event::OpenedInError(note(d)?),
        "heard" => Event::Heard,
        "readdressed" => Event::Readdressed,
        "remarked" => Event::Remarked(note(d)?),
        "reopened" => Event::Reopened(note(d)?),
        _ => return MALFORMED.err(),
    };
    Ok(Entry { at, by, event })
}

fn intake(d: &mut Decoder<'_>) -> Result<Intake> {
    Ok(Intake {
        id: RequestId::from_bytes(d.raw()?),
        right: right(d)?,
        requester: requester(d)?,
        channel: word(d, Channel::parse)?,
        scope: scope(d)?,
        received_at: time(d)?,
        purpose: option(d, |d| d.name())?,
    })
}

fn requester(d: &mut Decoder<'_>) -> Result<Requester> {
    Ok(match d.text()? {
        "subject" => Requester::Subject,
        "proxy" => Requester::Proxy(option(d, proof)?),
        "heir" => Requester::Heir(option(d, proof)?),
        _ => return MALFORMED.err(),
    })
}

fn right(d: &mut Decoder<'_>) -> Result<Right> {
    Ok(match d.text()? {
        "access" => Right::Access,
        "rectification" => Right::Rectification,
        "erasure" => Right::Erasure,
        "restriction" => Right::Restriction(word(d, RestrictionGround::parse)?),
        "portability" => Right::Portability,
        "objection" => Right::Objection,
        "marketing objection" => Right::MarketingObjection,
        "human review" => Right::HumanReview,
        "consent withdrawal" => Right::ConsentWithdrawal,
        _ => return MALFORMED.err(),
    })
}

fn scope(d: &mut Decoder<'_>) -> Result<Scope> {
    Ok(Scope { items: word(d, Items::parse)?, classes: d.names()? })
}

fn proof(d: &mut Decoder<'_>) -> Result<Proof> {
    Ok(Proof { kind: word(d, ProofKind::parse)?, seen_by: actor(d)?, seen_on: day(d)? })
}

fn ask(d: &mut Decoder<'_>) -> Result<IdentityAsk> {
    Ok(match d.text()? {
        "e-mail round trip" => IdentityAsk::EmailRoundTrip,
        "account facts" => IdentityAsk::AccountFacts,
        "document" => IdentityAsk::Document(note(d)?),
        _ => return MALFORMED.err(),
    })
}

fn evidence(d: &mut Decoder<'_>) -> Result<Evidence> {
    Ok(match d.text()? {
        "session" => Evidence::Session,
        "e-mail round trip" => Evidence::EmailRoundTrip,
        "account facts" => Evidence::AccountFacts,
        "document" => Evidence::Document(SeenDocument {
            document: word(d, Document::parse)?,
            seen_by: actor(d)?,
            seen_on: day(d)?,
        }),
        _ => return MALFORMED.err(),
    })
}

fn decision(d: &mut Decoder<'_>) -> Result<Decision> {
    Ok(match d.text()? {
        "granted" => Decision::Granted(option(d, |d| {
            Ok(Charge { ground: word(d, ChargeGround::parse)?, reason: note(d)? })
        })?),
        "partly refused" => Decision::PartlyRefused(
            PartialRefusal::new(refusals(d)?).map_err(|_| MALFORMED.error())?,
        ),
        "refused" => {
            let grounds = Refusals::new(refusals(d)?).map_err(|_| MALFORMED.error())?;
            Decision::Refused(grounds, option(d, note)?)
        }
        "nothing held" => Decision::NothingHeld,
        "erased before" => Decision::ErasedBefore(day(d)?),
        _ => return MALFORMED.err(),
    })
}

fn refusals(d: &mut Decoder<'_>) -> Result<Vec<Refusal>> {
    let refusal = |d: &mut Decoder<'_>| {
        Ok(Refusal {
            class: option(d, |d| d.name())?,
            item: option(d, |d| d.name())?,
            ground: word(d, Ground::parse)?,
            reason: note(d)?,
        })
    };
    (0..d.list(10)?).map(|_| refusal(d)).collect()
}
