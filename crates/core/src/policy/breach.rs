//! What `[breach]` states: the authority, clocks with their dates, and a promise above the law.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::clock::Span;
use crate::codec::Encoder;
use crate::name::Name;

use super::words::{OperatorRole, PromiseChannel, PromiseNature, PromiseTrigger, RiskThreshold};

/// What the operator states about personal data breaches (Art. 33 and 34 GDPR).
///
/// The statutory clocks need no line here: the breach room knows them. A policy adds its own, or
/// states a newer version of one under the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BreachPolicy {
    /// The supervisory authority of the main establishment, where its country has several.
    pub authority: Option<Name>,
    /// Clocks that the policy adds or states anew, in the order of the file.
    pub clocks: Vec<BreachClock>,
    /// A promise to customers that binds above the law.
    pub promise: Option<BreachPromise>,
    /// How the people whom a breach affects are written to; without it none is.
    pub letters: Option<BreachLetters>,
    /// Whether the service itself says so, or an example fills a gap.
    pub example: bool,
}

/// How long the operator has to tell somebody of a breach, from a day on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BreachClock {
    /// Its name; a later version has the same.
    pub name: Name,
    /// In which role of the operator it runs.
    pub role: OperatorRole,
    /// Who is told: `authority`, `controllers`, `data subjects`, or a name of the policy's own.
    pub recipient: Name,
    /// From which risk on.
    pub threshold: RiskThreshold,
    /// Within which time of becoming aware; without one, without undue delay.
    pub within: Option<Span>,
    /// The form in which it is told, if there is one.
    pub template: Option<Name>,
    /// The law or contract that says so, as it is cited.
    pub source: String,
    /// The first day on which it is in force, in the controller's time zone.
    pub valid_from: NaiveDate,
    /// Whether the service itself says so, or an example fills a gap.
    pub example: bool,
}

/// A promise to tell customers of a breach, whatever its severity.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BreachPromise {
    /// From which step on it binds.
    pub trigger: PromiseTrigger,
    /// Which breaches it is about.
    pub nature: PromiseNature,
    /// The classes whose data it is about; at least one.
    pub classes: BTreeSet<Name>,
    /// By which way customers are told.
    pub channel: PromiseChannel,
    /// Whether the service itself says so, or an example fills a gap.
    pub example: bool,
}

/// How the people whom a breach affects are written to (Art. 34 GDPR).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BreachLetters {
    /// The purpose for which: it gives the address, and perhaps the language.
    pub purpose: Name,
    /// Whether somebody else than its author approves a letter before it goes to anybody.
    pub second_approver: bool,
    /// Whether the service itself says so, or an example fills a gap.
    pub example: bool,
}

/// The words of a promise, for the digest of a policy.
pub(super) fn encode_promise(e: &mut Encoder, promise: &BreachPromise) {
    let BreachPromise { trigger, nature, classes, channel, example } = promise;
    e.text(trigger.as_str()).text(nature.as_str()).names(classes);
    e.text(channel.as_str()).u8(u8::from(*example));
}

/// Behind what a policy had before there were letters; no byte if it has none.
pub(super) fn encode_letters(e: &mut Encoder, breach: Option<&BreachPolicy>) {
    let Some(letters) = breach.and_then(|breach| breach.letters.as_ref()) else { return };
    let BreachLetters { purpose, second_approver, example } = letters;
    e.text("breach_letters").text(purpose.as_str());
    e.u8(u8::from(*second_approver)).u8(u8::from(*example));
}
