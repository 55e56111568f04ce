//! Which rules apply to a class in a state, and what a law keeps of it. Pure.

use std::collections::BTreeSet;

use tacenda_core::calendar::{self, Rule, Zone};
use tacenda_core::policy::{Law, Policy};
use tacenda_core::row::state;
use tacenda_core::{Name, Timestamp};

/// The rules that keep a row of a class in a state: those for live data while it is live, those
/// that a law imposes once it is archived. The latest end wins.
#[must_use]
pub fn schedule(policy: &Policy, class: &Name, row_state: &Name) -> Vec<Rule> {
    let year_end = policy.financial_year_end;
    if *row_state == state::ARCHIVED {
        let archives = policy.rules_of(class).iter().filter(|rule| rule.archive);
        archives.map(|rule| rule.to_calendar(year_end)).collect()
    } else {
        policy.live_rules(class).map(|rule| rule.to_calendar(year_end)).collect()
    }
}

/// What a law keeps of a class against its erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duty<'a> {
    /// The policy's name of the law.
    pub name: &'a Name,
    /// The law.
    pub law: &'a Law,
    /// The items that it asks for.
    pub items: BTreeSet<Name>,
    /// The first instant at which it keeps them no more.
    pub until: Timestamp,
}

/// The duty that keeps a class longest, on an account of which these facts hold and whose clock
/// started at `anchor`; `None` if nothing keeps it past `now`.
///
/// # Law
/// Art. 17(3)(b) GDPR: erasure does not apply to the extent that processing is necessary for
/// compliance with a legal obligation.
#[must_use]
pub fn duty<'a>(
    policy: &'a Policy,
    class: &Name,
    facts: &BTreeSet<Name>,
    anchor: Timestamp,
    now: Timestamp,
    zone: &dyn Zone,
) -> Option<Duty<'a>> {
    policy
        .archived(class, facts)
        .into_iter()
        .filter_map(|(rule, items)| {
            let (name, law) = policy.laws.get_key_value(rule.law.as_ref()?)?;
            let rule = rule.to_calendar(policy.financial_year_end);
            let until = calendar::due(anchor, &[rule], zone);
            Some(Duty { name, law, items, until })
        })
        .filter(|duty| duty.until > now)
        .max_by_key(|duty| duty.until)
}
