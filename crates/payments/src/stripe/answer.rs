//! What an answer of Stripe's API says: an object, or why not and whether to ask again.

use serde_json::Value;

use super::event::{decline, money, reference, text};
use super::http::{HttpAnswer, HttpFault, Verb};
use crate::events::Kept;
use crate::provider::{Debit, Failure, Progress, Reference};

/// What one call came to.
#[derive(Debug)]
pub(super) enum Verdict {
    /// An object.
    Done(Value),
    /// A failure that the same call meets again.
    Final(Failure),
    /// A failure that another try may get past.
    Again(Failure),
}

/// Judges one answer, or its absence.
pub(super) fn judge(verb: Verb, answer: Result<HttpAnswer, HttpFault>, kept: Kept) -> Verdict {
    // What was sent and not answered may have happened, if there was anything to happen.
    let lost = if verb == Verb::Get { Failure::Temporary } else { Failure::UnknownOutcome };
    let answer = match answer {
        Ok(answer) => answer,
        Err(HttpFault::NotSent) => return Verdict::Again(Failure::Temporary),
        Err(HttpFault::Lost) => return Verdict::Again(lost),
    };
    let object = serde_json::from_slice(&answer.body).ok().filter(Value::is_object);
    let again = |failure| match answer.should_retry {
        Some(false) => Verdict::Final(failure),
        _ => Verdict::Again(failure),
    };
    match (answer.status, object) {
        (200..=299, Some(object)) => Verdict::Done(object),
        // A page of something in between: whether Stripe was reached is not known.
        (200..=299, None) => again(lost),
        (409, _) => again(lost),
        (429, _) => again(Failure::RateLimited),
        (500..=599, _) => again(lost),
        (status, Some(object)) => Verdict::Final(refused(status, &object, kept)),
        _ => Verdict::Final(Failure::Refused),
    }
}

/// Why Stripe did not do it, by its error object.
fn refused(status: u16, object: &Value, kept: Kept) -> Failure {
    let error = object.pointer("/error").unwrap_or(&Value::Null);
    let kind = text(error, "/type").unwrap_or_default();
    let code = text(error, "/code").unwrap_or_default();
    let declined = text(error, "/decline_code").unwrap_or_default();
    if kind == "idempotency_error" {
        return Failure::KeyReused;
    }
    if status == 402 || kind == "card_error" {
        let debit = reference(error, "/payment_intent");
        if [code, declined].contains(&"authentication_required") {
            return Failure::NeedsAuthentication { debit };
        }
        let why = decline(error, "/decline_code").or_else(|| decline(error, "/code"));
        return Failure::Declined { debit, code: kept.decline(why) };
    }
    if status == 404 || code == "resource_missing" {
        return Failure::NotFound;
    }
    Failure::Refused
}

/// A debit, from an object that is one.
pub(super) fn debit(object: &Value, kept: Kept) -> Option<Debit> {
    if text(object, "/object")? != "payment_intent" {
        return None;
    }
    let progress = match text(object, "/status")? {
        "succeeded" => Progress::Succeeded,
        "processing" | "requires_capture" => Progress::Processing,
        "requires_action" | "requires_confirmation" => Progress::NeedsAuthentication,
        "requires_payment_method" => {
            let error = object.pointer("/last_payment_error").unwrap_or(&Value::Null);
            let why = decline(error, "/decline_code").or_else(|| decline(error, "/code"));
            Progress::Declined { code: kept.decline(why) }
        }
        "canceled" => Progress::Cancelled,
        _ => return None,
    };
    Some(Debit {
        debit: reference(object, "/id")?,
        reference: our_reference(object),
        money: money(object, "/amount")?,
        progress,
    })
}

/// The reference that we gave a debit.
pub(super) fn our_reference(object: &Value) -> Option<Reference> {
    text(object, "/metadata/reference").and_then(|text| Reference::parse(text).ok())
}
