//! A request for erasure, from its receipt to its answer.

use tacenda::gdpr::erasure::Erasure;
use tacenda::gdpr::requests::{
    Answer, Arrival, Carried, Channel, Decision, Event, Hints, Received, ReplyTo, Requester, Right,
    Scope, Whom, Words,
};
use tacenda::{Actor, SubjectId, Tacenda};

use crate::run::{Outcome, ensure, say};

/// A customer asks from the account: who asks is settled by that.
pub(crate) async fn receive(t: &Tacenda, ada: SubjectId) -> Outcome<Received> {
    let arrival = Arrival {
        id: None,
        whom: Whom::Known(ada),
        right: Right::Erasure,
        requester: Requester::Subject,
        channel: Channel::Account,
        scope: Scope::ALL,
        purpose: None,
        received_at: t.vault().now(),
        reply_to: Some(ReplyTo::email("ada@elsewhere.example")?),
        words: Some(Words::new("Please delete everything that you have about me.")),
    };
    let at = t.requests()?.receive(arrival, &Actor::subject(ada)).await?;
    say!("  received from the account, to be answered by {}", at.due)?;
    Ok(at)
}

/// Decides it by the plan, and carries that out.
pub(crate) async fn decide(t: &Tacenda, at: &Received, me: &Actor) -> Outcome<Erasure> {
    let erased = t.requests()?.erase(&at.key, me).await?;
    let grounds = erased.decision.grounds();
    ensure(matches!(erased.decision, Decision::PartlyRefused(_)), "no law keeps anything")?;
    say!("  {}: laws keep {} items", erased.decision.as_str(), grounds.len())?;
    match erased.carried {
        Carried::Out(erasure) => Ok(erasure),
        Carried::Before(_) | Carried::Nothing(_) => Err("nothing was erased by this call".into()),
    }
}

/// The answer was sent, with what a refusal of a part has to tell of.
pub(crate) async fn answer(t: &Tacenda, at: &Received, me: &Actor) -> Outcome {
    let hints = Hints { complaint: true, court: true };
    let answer = Answer { sent_at: t.vault().now(), by: Channel::Email, hints };
    let requests = t.requests()?;
    let entered = requests.step(&at.key, Event::Answered(answer), me).await?;
    let left = requests.read_reply_to(&at.key, "requests", me).await?;
    ensure(left.is_none(), "the address for the answer was kept")?;
    let open = requests.agenda(at.due, me).await?;
    ensure(open.iter().all(|one| one.key != at.key), "an answered request is due")?;
    say!("  {}, with complaint and court; the address for it is gone", entered.stage.as_str())?;
    Ok(())
}
