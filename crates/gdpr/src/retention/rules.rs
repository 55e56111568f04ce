//! Which rules apply to a class in a state, and when they end. Pure.

use tacenda_core::calendar::{self, Rule, Zone};
use tacenda_core::policy::{Class, Law, Policy, RetentionRule};
use tacenda_core::row::state;
use tacenda_core::{Name, Timestamp};

/// The rules that keep a row of a class in a state: all of them while it is live, only those that
/// a law imposes once it is archived. The latest end wins.
#[must_use]
pub fn schedule(policy: &Policy, class: &Class, row_state: &Name) -> Vec<Rule> {
    class
        .rules
        .iter()
        .filter(|rule| *row_state != state::ARCHIVED || rule.archive)
        .map(|rule| to_calendar(policy, rule))
        .collect()
}

/// When a row's time is up: the first instant that no rule keeps it. `None` if nothing keeps it at
/// all in that state.
#[must_use]
pub fn due(
    policy: &Policy,
    class: &Class,
    row_state: &Name,
    anchor: Timestamp,
    zone: &dyn Zone,
) -> Option<Timestamp> {
    let rules = schedule(policy, class, row_state);
    if rules.is_empty() { None } else { Some(calendar::due(anchor, &rules, zone)) }
}

/// The law that keeps a class against a request for erasure, with the day it ends for this anchor:
/// the statutory rule that ends last.
///
/// # Law
/// Art. 17(3)(b) GDPR: erasure does not apply as far as processing is necessary for compliance
/// with a legal obligation.
#[must_use]
pub fn statutory<'a>(
    policy: &'a Policy,
    class: &Class,
    anchor: Timestamp,
    zone: &dyn Zone,
) -> Option<(&'a Name, &'a Law, Timestamp)> {
    class
        .rules
        .iter()
        .filter(|rule| rule.archive)
        .filter_map(|rule| {
            let (name, law) = policy.laws.get_key_value(rule.law.as_ref()?)?;
            let until = calendar::due(anchor, &[to_calendar(policy, rule)], zone);
            Some((name, law, until))
        })
        .max_by_key(|(_, _, until)| *until)
}

fn to_calendar(policy: &Policy, rule: &RetentionRule) -> Rule {
    rule.to_calendar(policy.financial_year_end)
}
