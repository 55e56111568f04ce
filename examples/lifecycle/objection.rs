//! An objection: what it is to is not read any more.

use tacenda::gdpr::objection::{Decision, Objecting, State, Told, Way};
use tacenda::gdpr::requests::{Note, Words};
use tacenda::{Actor, ActorId, Name, SubjectId, Tacenda};

use crate::run::{Outcome, ensure, say};

const PURPOSE: &str = "security";

/// A customer objects, and nothing is read until it is decided; here the reasons weigh more.
pub(crate) async fn object(t: &Tacenda, ada: SubjectId) -> Outcome {
    let guard = Actor::staff(ActorId::from_bytes([9; 16]), Name::fixed("security"));
    let read = async || t.customers().read(ada, PURPOSE, &guard).await.err().map(|e| e.code());
    ensure(read().await.is_none(), "the purpose was not read before")?;
    let objecting = Objecting {
        purpose: Name::fixed(PURPOSE),
        way: Way::Account,
        received_at: t.vault().now(),
        words: Some(Words::new("My address is known to somebody who looks for me.")),
    };
    let objections = t.objections();
    let objected = objections.object(ada, &objecting, &Actor::subject(ada)).await?;
    ensure(read().await == Some("policy.objected"), "an objection stopped nothing")?;
    say!("  an objection to `{PURPOSE}`: refused at the next read (policy.objected)")?;
    // Whoever reads for the purpose does not weigh what is said against it.
    let dpo = Actor::staff(guard.id, Name::fixed("dpo"));
    let reasons = Note::parse("The situation of the customer weighs more.")?;
    objections.decide(&objected.key, Decision::Upheld(reasons), &dpo).await?;
    let told = Told { sent_at: t.vault().now(), way: Way::Account, remedies: true };
    let state = objections.tell(&objected.key, told, &dpo).await?;
    ensure(state == State::Stands, "what was upheld does not stand")?;
    ensure(read().await == Some("policy.objected"), "what was upheld is read")?;
    // Marketing is no purpose of this service: what comes later is not read of her either.
    let stopped = objections.stop_marketing(ada, Way::Account, &Actor::subject(ada)).await?;
    ensure(!stopped.repeated, "marketing was stopped before")?;
    let stance = t.vault().stance(ada).await?.unwrap_or_default();
    ensure(stance.marketing == Some(stopped.key.id), "the account says nothing of it")?;
    say!("  upheld, and the customer was told; of marketing that comes later she has said no")?;
    Ok(())
}
