//! The section `[breach]`.

use chrono::NaiveDate;

use super::{Context, Node, Reader, forms};
use crate::name::{BAD_NAME, Name};
use crate::policy::breach::{BreachClock, BreachLetters, BreachPolicy, BreachPromise};
use crate::policy::words::{
    OperatorRole, PromiseChannel, PromiseNature, PromiseTrigger, RiskThreshold,
};

const CLOCK: &[&str] = &[
    "name",
    "role",
    "recipient",
    "threshold",
    "within",
    "template",
    "source",
    "valid_from",
    "example",
];
const LETTERS: &[&str] = &["purpose", "second_approver", "example"];
const PROMISE: &[&str] = &["trigger", "nature", "classes", "channel", "example"];

/// Without the section nothing is added to what the law says.
pub(super) fn breach(r: &mut Reader<'_>, root: &Node<'_>, cx: &Context) -> Option<BreachPolicy> {
    let keys = &["authority", "clocks", "promise", "letters", "example"];
    let node = root.section_opt(r, "breach", keys)?;
    Some(BreachPolicy {
        authority: node.parsed_opt(r, "authority", name, BAD_NAME.summary),
        clocks: node.list(r, "clocks", CLOCK).iter().map(|node| clock(r, node)).collect(),
        promise: promise(r, &node, cx),
        letters: letters(r, &node, cx),
        example: node.flag(r, "example"),
    })
}

fn clock(r: &mut Reader<'_>, node: &Node<'_>) -> BreachClock {
    let role = node.word(r, "role", OperatorRole::parse, OperatorRole::WORDS);
    let threshold = node.word(r, "threshold", RiskThreshold::parse, RiskThreshold::WORDS);
    let from = node.parsed(r, "valid_from", forms::day, forms::DAY);
    let none = || Name::fixed("none");
    BreachClock {
        name: node.parsed(r, "name", name, BAD_NAME.summary).unwrap_or_else(none),
        role: role.unwrap_or(OperatorRole::Controller),
        recipient: node.parsed(r, "recipient", name, BAD_NAME.summary).unwrap_or_else(none),
        threshold: threshold.unwrap_or(RiskThreshold::Any),
        within: node.parsed_opt(r, "within", forms::span, forms::SPAN),
        template: node.parsed_opt(r, "template", name, BAD_NAME.summary),
        source: node.line(r, "source"),
        valid_from: from.unwrap_or(NaiveDate::MIN),
        example: node.flag(r, "example"),
    }
}

fn letters(r: &mut Reader<'_>, breach: &Node<'_>, cx: &Context) -> Option<BreachLetters> {
    let node = breach.section_opt(r, "letters", LETTERS)?;
    if node.value("purpose").is_none() {
        node.missing(r, "purpose");
    }
    let purpose = node.name_opt(r, "purpose", &cx.purposes);
    Some(BreachLetters {
        purpose: purpose.unwrap_or_else(|| Name::fixed("none")),
        second_approver: node.flag(r, "second_approver"),
        example: node.flag(r, "example"),
    })
}

fn promise(r: &mut Reader<'_>, breach: &Node<'_>, cx: &Context) -> Option<BreachPromise> {
    let node = breach.section_opt(r, "promise", PROMISE)?;
    let trigger = node.word(r, "trigger", PromiseTrigger::parse, PromiseTrigger::WORDS);
    let nature = node.word(r, "nature", PromiseNature::parse, PromiseNature::WORDS);
    let channel = node.word(r, "channel", PromiseChannel::parse, PromiseChannel::WORDS);
    let classes = node.names_stated(r, "classes", &cx.classes).into_iter().collect();
    let promise = BreachPromise {
        trigger: trigger.unwrap_or(PromiseTrigger::Suspicion),
        nature: nature.unwrap_or(PromiseNature::Any),
        classes,
        channel: channel.unwrap_or(PromiseChannel::AccountEmail),
        example: node.flag(r, "example"),
    };
    let path = node.at("classes");
    if promise.classes.is_empty() && r.has(&path) && r.clean(&path) {
        forms::refuse(r, &path, "an empty list", "a promise is about at least one class");
    }
    Some(promise)
}

fn name(text: &str) -> Option<Name> {
    Name::parse(text).ok()
}
