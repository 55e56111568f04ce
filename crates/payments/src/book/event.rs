//! The stored form of an event, `tacenda/payment-event/1`.
//!
//! See `docs/decisions/0002-bytes.md`. A row seals the bytes.

use tacenda_core::Result;
use tacenda_core::codec::{Decoder, Encoder, MALFORMED};
use tacenda_core::vault::{FoundBy, MODEL, OpenedRecord};

use super::codec as c;
use super::{DECLINE, LAST_FOUR, number};
use crate::events::{CardExpiring, Dispute, Event, Kept, Means, PaymentFailed, What};

const DOMAIN: &str = "tacenda/payment-event/1";

/// Whether an event becomes a row: those of problems. All others change a debit, or nothing.
pub(super) const fn is_kept(what: &What) -> bool {
    matches!(
        what,
        What::PaymentFailed(_)
            | What::CardExpiring(_)
            | What::MandateInactive { .. }
            | What::Dispute(_)
    )
}

/// Without what the policy does not declare.
pub(super) fn only(mut event: Event, kept: Kept) -> Event {
    match &mut event.what {
        What::PaymentFailed(failed) => {
            failed.decline = kept.decline(failed.decline.take());
            if let Means::Card(card) = &failed.means {
                failed.means = Means::Card(kept.card(card.clone()));
            }
        }
        What::CardExpiring(expiring) => expiring.card = kept.card(expiring.card.clone()),
        _ => {}
    }
    event
}

/// By its id, and by the last four and the decline code (S14).
pub(super) fn found_by(event: &Event) -> FoundBy {
    let mut found = FoundBy::default().number(number("event", event.id.expose().as_bytes()));
    if let Some(last_four) = event.last_four() {
        found = found.value(LAST_FOUR, last_four);
    }
    if let Some(code) = event.decline_code() {
        found = found.value(DECLINE, code.expose());
    }
    found
}

/// What sort of event it is, for the log too.
pub(super) const fn word(what: &What) -> &'static str {
    match what {
        What::PaymentSucceeded { .. } => "payment_succeeded",
        What::PaymentFailed(_) => "payment_failed",
        What::Refunded { .. } => "refunded",
        What::CardExpiring(_) => "card_expiring",
        What::MandateInactive { .. } => "mandate_inactive",
        What::Dispute(_) => "dispute",
        What::Other { .. } => "other",
    }
}

pub(super) fn of(opened: &OpenedRecord) -> Result<Event> {
    decode(opened.items.get(&MODEL).unwrap_or_default())
}

pub(super) fn encode(event: &Event) -> Vec<u8> {
    let Event { id, at, live, what } = event;
    let mut e = Encoder::new(DOMAIN);
    c::reference(&mut e, id);
    c::time(&mut e, *at);
    c::flag(&mut e, *live);
    e.text(word(what));
    match what {
        What::PaymentFailed(PaymentFailed { debit, customer, money, means, decline }) => {
            c::reference(&mut e, debit);
            c::option(&mut e, customer.as_ref(), c::reference);
            c::option(&mut e, money.as_ref(), c::money);
            c::means(&mut e, means);
            c::option(&mut e, decline.as_ref(), c::decline);
        }
        What::CardExpiring(CardExpiring { method, customer, card }) => {
            c::reference(&mut e, method);
            c::option(&mut e, customer.as_ref(), c::reference);
            c::card(&mut e, card);
        }
        What::MandateInactive { mandate, method } => {
            c::reference(&mut e, mandate);
            c::option(&mut e, method.as_ref(), c::reference);
        }
        What::Dispute(Dispute { dispute, charge, debit, money, state }) => {
            c::reference(&mut e, dispute);
            c::reference(&mut e, charge);
            c::option(&mut e, debit.as_ref(), c::reference);
            c::money(&mut e, money);
            c::dispute(&mut e, *state);
        }
        // They become no rows.
        What::PaymentSucceeded { .. } | What::Refunded { .. } | What::Other { .. } => {}
    }
    e.finish()
}

pub(super) fn decode(bytes: &[u8]) -> Result<Event> {
    let mut d = Decoder::new(bytes, DOMAIN)?;
    let (id, at, live) = (c::read_reference(&mut d)?, c::read_time(&mut d)?, d.flag()?);
    let what = match d.text()? {
        "payment_failed" => What::PaymentFailed(PaymentFailed {
            debit: c::read_reference(&mut d)?,
            customer: c::read_option(&mut d, c::read_reference)?,
            money: c::read_option(&mut d, c::read_money)?,
            means: c::read_means(&mut d)?,
            decline: c::read_option(&mut d, c::read_decline)?,
        }),
        "card_expiring" => What::CardExpiring(CardExpiring {
            method: c::read_reference(&mut d)?,
            customer: c::read_option(&mut d, c::read_reference)?,
            card: c::read_card(&mut d)?,
        }),
        "mandate_inactive" => What::MandateInactive {
            mandate: c::read_reference(&mut d)?,
            method: c::read_option(&mut d, c::read_reference)?,
        },
        "dispute" => What::Dispute(Dispute {
            dispute: c::read_reference(&mut d)?,
            charge: c::read_reference(&mut d)?,
            debit: c::read_option(&mut d, c::read_reference)?,
            money: c::read_money(&mut d)?,
            state: c::read_dispute(&mut d)?,
        }),
        _ => return MALFORMED.err(),
    };
    d.end()?;
    Ok(Event { id, at, live, what })
}
