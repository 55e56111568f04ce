//! A hold: a customer whose time is up is kept while a claim is open, and goes after the release.

use tacenda::core::clock::Span;
use tacenda::core::vault::RecordKey;
use tacenda::gdpr::holds::{Ground, Note, Scope, Terms};
use tacenda::{Actor, Name, NewPassword, RegisterRequest, SubjectId, Tacenda};

use crate::run::{Outcome, ensure, say};

const EMAIL: &str = "held@tacenda.example";
/// Longer than any account is kept.
const LONG_AGO: Span = Span::days(20 * 365);
const FOR_NOW: Span = Span::days(90);

/// What is held, until it is released.
pub(crate) struct Held {
    subject: SubjectId,
    key: RecordKey,
}

/// Holds a customer whose account is due.
pub(crate) async fn place(t: &Tacenda, me: &Actor) -> Outcome<Held> {
    let customers = t.customers();
    let long_gone = RegisterRequest {
        items: vec![customers.item("email", EMAIL)?],
        password: Some(NewPassword::plain("a sentence that was forgotten long ago")?),
        registered_at: Some(t.vault().now().minus(LONG_AGO)),
        // Who closed the account is owed no warning.
        closed_at: Some(t.vault().now().minus(LONG_AGO)),
        ..RegisterRequest::default()
    };
    let subject = match customers.register(long_gone, me).await {
        // A run before this one was stopped before the release.
        Err(error) if error.code() == "vault.not_unique" => {
            let service = Actor::staff(me.id, Name::fixed("service"));
            customers.read_by_email(EMAIL, "account", &service).await?.subject
        }
        registered => registered?.subject(),
    };
    let open = t.holds()?.open(&officer(me)).await?;
    if let Some(left) = open.into_iter().find(|one| one.key.subject == subject) {
        return Ok(Held { subject, key: left.key });
    }
    let zone = t.vault().ports().zone.as_ref();
    let terms = Terms {
        ground: Ground::LegalClaims,
        reason: Note::parse("A claim about an unpaid bill is open.")?,
        owner: me.id,
        review_on: zone.local_date(t.vault().now().plus(FOR_NOW)),
        scope: Scope::Subject,
    };
    let key = t.holds()?.place(subject, &terms, &officer(me)).await?.key;
    Ok(Held { subject, key })
}

/// Who works on holds, by the policy.
fn officer(me: &Actor) -> Actor {
    Actor::staff(me.id, Name::fixed("dpo"))
}

/// The sweep has passed over what is held; released, it goes with the next.
pub(crate) async fn release(t: &Tacenda, held: &Held, me: &Actor) -> Outcome {
    let kept = t.erasure().plan(held.subject).await?;
    ensure(kept.is_held(), "what is held was swept")?;
    say!("  held for a claim: one customer is due, and stayed")?;
    let reason = Note::parse("The bill was paid.")?;
    let released = t.holds()?.release(&held.key, &reason, &officer(me)).await?;
    ensure(!released.classes.is_empty(), "nothing was let go")?;
    let plan = t.retention().plan().await?;
    let swept = t.retention().sweep(Some(plan.digest), me, &mut |_| {}).await?;
    ensure(swept.subjects == 1, "what was released was not swept")?;
    let gone = t.erasure().plan(held.subject).await;
    ensure(gone.is_err_and(|e| e.code() == "vault.not_found"), "what was released is still there")?;
    say!("  released: it went with the next sweep")?;
    Ok(())
}
