//! Which rules apply to a class in a state, and what a law keeps of it. Pure.

use std::collections::BTreeSet;

use tacenda_core::calendar::{self, Rule, Zone};
use tacenda_core::policy::{Policy, RetentionRule};
use tacenda_core::row::state;
use tacenda_core::{Name, Timestamp};

/// The rules that keep a row of a class in a state: those for live data while it is live, those
/// that a law imposes once it is archived. The latest end wins.
#[must_use]
pub fn schedule(policy: &Policy, class: &Name, row_state: &Name) -> Vec<Rule> {
    let year_end = policy.financial_year_end;
    let rules = rules_in(policy, class, row_state).into_iter();
    rules.map(|rule| rule.to_calendar(year_end)).collect()
}

/// The rules of the policy behind a [`schedule`].
pub(super) fn rules_in<'a>(
    policy: &'a Policy,
    class: &Name,
    row_state: &Name,
) -> Vec<&'a RetentionRule> {
    if *row_state == state::ARCHIVED {
        policy.rules_of(class).iter().filter(|rule| rule.archive).collect()
    } else {
        policy.live_rules(class).collect()
    }
}

/// What laws keep of a class against its erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duty<'a> {
    /// The policy's name of the law that keeps it longest.
    pub name: &'a Name,
    /// How the laws are cited, the longest first.
    pub citation: String,
    /// The items that any of them asks for.
    pub items: BTreeSet<Name>,
    /// The first instant at which none of them keeps it any more.
    pub until: Timestamp,
}

/// The duties that keep a class, on an account of which these facts hold and whose clock started
/// at `anchor`, as one; `None` if nothing keeps it past `now`.
///
/// # Law
/// Art. 17(3)(b) GDPR: erasure does not apply to the extent that processing is necessary for
/// compliance with a legal obligation. Where several laws ask for the class, what is kept together
/// is kept until the last of them ends.
#[must_use]
pub fn duty<'a>(
    policy: &'a Policy,
    class: &Name,
    facts: &BTreeSet<Name>,
    anchor: Timestamp,
    now: Timestamp,
    zone: &dyn Zone,
) -> Option<Duty<'a>> {
    let mut duties: Vec<_> = policy
        .archived(class, facts)
        .into_iter()
        .filter_map(|(rule, items)| {
            let law = policy.laws.get_key_value(rule.law.as_ref()?)?;
            let rule = rule.to_calendar(policy.financial_year_end);
            Some((calendar::due(anchor, &[rule], zone), law, items))
        })
        .filter(|(until, ..)| *until > now)
        .collect();
    duties.sort_by_key(|(until, ..)| std::cmp::Reverse(*until));
    let (until, (name, _), _) = duties.first()?;
    let (until, name) = (*until, *name);
    let cited: Vec<_> = duties.iter().map(|(_, (_, law), _)| law.citation.as_str()).collect();
    let citation = cited.join("; ");
    let items = duties.into_iter().flat_map(|(.., items)| items).collect();
    Some(Duty { name, citation, items, until })
}
