//! Stripe's events, read into types that hold no more than the policy declares.

use serde_json::Value;
use tacenda_core::clock::Timestamp;
use tacenda_core::error::{Code, Kind, Result};
use tacenda_core::name::Name;
use tacenda_core::pii::Country;

use crate::card::{Brand, Expiry, LastFour};
use crate::events::{
    Card, CardExpiring, Dispute, DisputeState, Event, Kept, Means, PaymentFailed, What,
};
use crate::provider::{Currency, DeclineCode, Money, Reference};
use crate::sepa::IbanTail;

/// A body that is no event.
pub static WEBHOOK_EVENT: Code = Code::new(
    "payments.webhook_event",
    Kind::Input,
    "the body is no event of Stripe, or lacks what its type must have",
);

/// Reads the body of a webhook, after [`Webhook::verify`](super::Webhook::verify) took it.
///
/// Names, addresses, mail addresses, texts for people and metadata are not looked at.
///
/// # Errors
/// [`WEBHOOK_EVENT`] for anything that is no JSON, no event, or an event of a type that is known here
/// without its ids or its amount. An event of any other type is [`What::Other`].
pub fn read(body: &[u8], kept: Kept) -> Result<Event> {
    parse(body, kept).ok_or_else(|| WEBHOOK_EVENT.error())
}

fn parse(body: &[u8], kept: Kept) -> Option<Event> {
    let event: Value = serde_json::from_slice(body).ok()?;
    if text(&event, "/object")? != "event" {
        return None;
    }
    let kind = text(&event, "/type")?;
    let object = event.pointer("/data/object").filter(|object| object.is_object())?;
    Some(Event {
        id: reference(&event, "/id")?,
        at: time(&event, "/created")?,
        live: event.pointer("/livemode").and_then(Value::as_bool)?,
        what: what(kind, object, kept)?,
    })
}

fn what(kind: &str, object: &Value, kept: Kept) -> Option<What> {
    Some(match kind {
        "payment_intent.succeeded" => What::PaymentSucceeded {
            debit: reference(object, "/id")?,
            money: money(object, "/amount_received").or_else(|| money(object, "/amount"))?,
        },
        "payment_intent.payment_failed" => What::PaymentFailed(intent_failed(object, kept)?),
        "charge.failed" => What::PaymentFailed(charge_failed(object, kept)?),
        "charge.refunded" => What::Refunded {
            debit: debit_of_charge(object)?,
            money: money(object, "/amount_refunded")?,
        },
        "customer.source.expiring" => What::CardExpiring(CardExpiring {
            method: reference(object, "/id")?,
            customer: reference(object, "/customer"),
            card: kept.card(card(object)?),
        }),
        "mandate.updated" if text(object, "/status")? == "inactive" => What::MandateInactive {
            mandate: reference(object, "/id")?,
            method: reference(object, "/payment_method"),
        },
        kind if kind.starts_with("charge.dispute.") => What::Dispute(dispute(object)?),
        kind => What::Other { kind: Name::parse(kind).ok()? },
    })
}

fn intent_failed(object: &Value, kept: Kept) -> Option<PaymentFailed> {
    let error = object.pointer("/last_payment_error").unwrap_or(&Value::Null);
    let code = decline(error, "/decline_code").or_else(|| decline(error, "/code"));
    let method = error.pointer("/payment_method").unwrap_or(&Value::Null);
    Some(PaymentFailed {
        debit: reference(object, "/id")?,
        customer: reference(object, "/customer"),
        money: money(object, "/amount"),
        means: means(method, kept),
        decline: kept.decline(code),
    })
}

fn charge_failed(object: &Value, kept: Kept) -> Option<PaymentFailed> {
    let code = decline(object, "/outcome/reason").or_else(|| decline(object, "/failure_code"));
    let details = object.pointer("/payment_method_details").unwrap_or(&Value::Null);
    Some(PaymentFailed {
        debit: debit_of_charge(object)?,
        customer: reference(object, "/customer"),
        money: money(object, "/amount"),
        means: means(details, kept),
        decline: kept.decline(code),
    })
}

/// The debit that a charge belongs to; a charge without one is its own.
fn debit_of_charge(charge: &Value) -> Option<Reference> {
    reference(charge, "/payment_intent").or_else(|| reference(charge, "/id"))
}

fn dispute(object: &Value) -> Option<Dispute> {
    let state = match text(object, "/status")? {
        "needs_response" | "warning_needs_response" => {
            DisputeState::NeedsResponse { by: time(object, "/evidence_details/due_by") }
        }
        "under_review" | "warning_under_review" => DisputeState::UnderReview,
        "won" => DisputeState::Won,
        "lost" => DisputeState::Lost,
        "warning_closed" | "prevented" => DisputeState::Closed,
        _ => DisputeState::Unknown,
    };
    Some(Dispute {
        dispute: reference(object, "/id")?,
        charge: reference(object, "/charge")?,
        debit: reference(object, "/payment_intent"),
        money: money(object, "/amount")?,
        state,
    })
}

/// What a payment method, or the details of a charge, say of card or account.
pub(super) fn means(method: &Value, kept: Kept) -> Means {
    if let Some(card) = method.pointer("/card").and_then(card) {
        return Means::Card(kept.card(card));
    }
    let account = method.pointer("/sepa_debit").and_then(|account| {
        IbanTail::parse(text(account, "/country")?, text(account, "/last4")?).ok()
    });
    account.map_or(Means::Other, Means::Account)
}

fn card(object: &Value) -> Option<Card> {
    let number = |path| object.pointer(path).and_then(Value::as_u64);
    let expiry = || {
        let (month, year) = (number("/exp_month")?, number("/exp_year")?);
        Expiry::parse(&format!("{month:02}/{year:04}")).ok()
    };
    Some(Card {
        last_four: LastFour::parse(text(object, "/last4")?).ok()?,
        brand: text(object, "/brand").and_then(|word| Brand::parse(word).ok()),
        expiry: expiry(),
        country: text(object, "/country").and_then(|code| Country::parse(code).ok()),
        fingerprint: reference(object, "/fingerprint"),
    })
}

pub(super) fn text<'a>(value: &'a Value, path: &str) -> Option<&'a str> {
    value.pointer(path).and_then(Value::as_str)
}

/// An id, which may stand there whole or as the object that it names.
pub(super) fn reference(value: &Value, path: &str) -> Option<Reference> {
    let value = value.pointer(path)?;
    let id = value.as_str().or_else(|| text(value, "/id"))?;
    Reference::parse(id).ok()
}

pub(super) fn decline(value: &Value, path: &str) -> Option<DeclineCode> {
    text(value, path).and_then(|word| DeclineCode::parse(word).ok())
}

pub(super) fn money(value: &Value, path: &str) -> Option<Money> {
    let minor = value.pointer(path).and_then(Value::as_u64)?;
    Money::new(minor, Currency::parse(text(value, "/currency")?).ok()?).ok()
}

fn time(value: &Value, path: &str) -> Option<Timestamp> {
    let seconds = value.pointer(path).and_then(Value::as_i64)?;
    seconds.checked_mul(1_000_000).map(Timestamp::from_micros)
}

#[cfg(test)]
mod tests;
