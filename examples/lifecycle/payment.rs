//! Paying: set-up, a debit, one that the bank declines, and the erasure at the provider.
//!
//! The provider is one in memory, which stands for Stripe: what the browser sends it never comes here.

use std::sync::Arc;

use tacenda::payments::book::{Ask, Debited, Invoice, InvoiceNumber};
use tacenda::payments::events::{Card, Dispute, DisputeState, Event, Means, PaymentFailed, What};
use tacenda::payments::ledger::State;
use tacenda::payments::memory::{Bank, MemoryProvider};
use tacenda::payments::provider::{DeclineCode, Setting};
use tacenda::payments::{Currency, IdempotencyKey, LastFour, Money, Reference};
use tacenda::{Actor, Name, Payments, SubjectId, SystemRng, Tacenda};

use crate::run::{Outcome, ensure, heading, say};

const PURPOSE: &str = "payment";

/// What was paid, and through whom.
pub(crate) struct Paid {
    provider: Arc<MemoryProvider>,
    debited: Debited,
}

impl Paid {
    fn payments<'a>(&self, t: &'a Tacenda) -> Payments<'a> {
        t.payments(self.provider.clone())
    }
}

/// A customer sets up two cards, pays with one, and is declined with the other.
pub(crate) async fn pay(t: &Tacenda, ada: SubjectId, me: &Actor) -> Outcome<Paid> {
    heading("Paying")?;
    // Letters that are another run's with every run, as a provider's references are.
    let mark = IdempotencyKey::generate(&SystemRng);
    let provider = Arc::new(MemoryProvider::marked(mark.as_str()));
    let payments = t.payments(provider.clone());
    payments.set_up(ada, Setting::Card, PURPOSE, me).await?;
    let why = DeclineCode::parse("insufficient_funds")?;
    let mut debits = Vec::new();
    for (last_four, bank) in [("4242", Bank::Pays), ("0341", Bank::Declines(why.clone()))] {
        // The browser sends the card to the provider; here there are its token and the last four.
        let card = card(last_four)?;
        let method = provider.browser_makes(card, bank)?;
        payments.attach(ada, &method, Setting::Card, PURPOSE, me).await?;
        let ask = Ask {
            reference: Reference::parse(&format!("{}-{last_four}", mark.as_str()))?,
            purpose: Name::fixed(PURPOSE),
            method,
            money: Money::new(1900, Currency::parse("EUR")?)?,
            off_session: true,
        };
        let once = payments.debit(ada, &ask, me).await?;
        ensure(payments.debit(ada, &ask, me).await?.entry == once.entry, "it was debited twice")?;
        debits.push(once);
    }
    let [paid, declined] = debits.try_into().map_err(|_| "two debits were asked for")?;
    ensure(matches!(paid.entry.state, State::Succeeded { .. }), "the money did not come")?;
    say!("  card ending 4242: debited once, and once only when asked for again")?;
    let event = failed(&declined, mark.as_str(), why.clone())?;
    payments.take_in(&event, me).await?;
    let found = payments.search(Some("0341"), Some(&why), PURPOSE, me).await?;
    let ours = |key: &tacenda::core::vault::RecordKey| key.subject == ada;
    ensure(found.debits.iter().any(|(key, _)| *key == declined.key), "the debit is not found")?;
    ensure(found.events.iter().any(|(key, _)| ours(key)), "the event is not found")?;
    say!(
        "  card ending 0341: declined, and found again by its last four and the code of the bank"
    )?;
    let invoice = Invoice {
        number: InvoiceNumber::parse(&format!("FV {}", mark.as_str()))?,
        issued_on: t.vault().ports().zone.local_date(t.vault().now()),
        money: paid.entry.order.money,
        debit: Some(paid.entry.order.reference.clone()),
        document: None,
    };
    payments.issue(ada, &invoice, me).await?;
    Ok(Paid { provider, debited: paid })
}

/// What the erasure means for what was paid.
pub(crate) async fn plan(t: &Tacenda, paid: &Paid, ada: SubjectId) -> Outcome {
    heading("What is paid, when the account goes")?;
    let plan = paid.payments(t).plan(ada).await?;
    ensure(plan.at_provider, "the provider has no such customer")?;
    say!("  {} debits are owed, and the customer is deleted at the provider", plan.owed.len())?;
    for kept in &plan.kept {
        let law = kept.law.as_ref().and_then(|law| t.policy().laws.get(law));
        let why = law.map_or("claims", |law| law.citation.as_str());
        let until = kept.until.map_or_else(|| "not ended yet".to_owned(), |at| at.to_string());
        say!("  {:<15} kept for {why}, until {until}", kept.kind.key)?;
    }
    Ok(())
}

/// The provider deletes its customer, and what comes months later finds its debit and nobody else.
pub(crate) async fn leave(t: &Tacenda, paid: &Paid, ada: SubjectId, me: &Actor) -> Outcome {
    heading("Erasure at the provider")?;
    let payments = paid.payments(t);
    let left = payments.run_leaving(me).await?;
    ensure(left.done == 1 && paid.provider.holds() == (0, 0), "the provider still has something")?;
    say!("  the customer and both cards are deleted there")?;
    let order = &paid.debited.entry.order;
    let dispute = What::Dispute(Dispute {
        dispute: Reference::parse(&format!("dp_{}", order.reference.expose()))?,
        charge: Reference::parse(&format!("ch_{}", order.reference.expose()))?,
        debit: paid.debited.entry.debit().cloned(),
        money: order.money,
        state: DisputeState::UnderReview,
    });
    let id = Reference::parse(&format!("evt_dispute_{}", order.reference.expose()))?;
    let event = Event { id, at: t.vault().now(), live: true, what: dispute };
    payments.take_in(&event, me).await?;
    let read = payments.read_debit(&paid.debited.key, PURPOSE, me).await?;
    ensure(matches!(read.state, State::Disputed { .. }), "the dispute found no debit")?;
    let gone = t.customers().read(ada, PURPOSE, me).await.is_err();
    ensure(gone, "a dispute brought an account back")?;
    say!("  a dispute that comes now finds its debit, and brings nobody back").map_err(Into::into)
}

fn card(last_four: &str) -> Outcome<Means> {
    let last_four = LastFour::parse(last_four)?;
    let card = Card { last_four, brand: None, expiry: None, country: None, fingerprint: None };
    Ok(Means::Card(card))
}

fn failed(declined: &Debited, mark: &str, why: DeclineCode) -> Outcome<Event> {
    let failed = PaymentFailed {
        debit: declined.entry.debit().ok_or("a declined debit has a reference")?.clone(),
        customer: Some(declined.entry.order.customer.clone()),
        money: Some(declined.entry.order.money),
        means: card("0341")?,
        decline: Some(why),
    };
    let id = Reference::parse(&format!("evt_{mark}"))?;
    let at = tacenda::Timestamp::from_micros(0);
    Ok(Event { id, at, live: true, what: What::PaymentFailed(failed) })
}
