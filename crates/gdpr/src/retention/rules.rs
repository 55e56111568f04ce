//! Which rules apply to a class in a state, and what a law keeps of it. Pure.

use std::collections::BTreeSet;

use tacenda_core::calendar::{self, Rule, Zone};
use tacenda_core::policy::{Policy, RetentionRule};
use tacenda_core::row::state;
use tacenda_core::vault::{KeptUnder, Outline};
use tacenda_core::{Name, Timestamp};

/// The rules that keep a row of a class in a state: those for live data while it is live (of
/// records, the rule of their kind), those
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

/// What laws keep of a row against its erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duty {
    /// The laws, the one that keeps longest first.
    pub laws: Vec<KeptUnder>,
    /// The items of the row that any of them asks for.
    pub items: BTreeSet<Name>,
    /// The first instant at which none of them keeps it any more.
    pub until: Timestamp,
}

/// The duties that keep a row of a class with these items, on an account of which these facts hold
/// and whose clock started at `anchor`, as one; `None` if nothing keeps it past `now`.
///
/// # Law
/// Art. 17(3)(b) GDPR: erasure does not apply to the extent that processing is necessary for
/// compliance with a legal obligation. Where several laws ask for the class, each keeps its own
/// items, and each item goes with the last law that asks for it.
#[must_use]
pub fn duty(
    policy: &Policy,
    class: &Name,
    items: &BTreeSet<Name>,
    facts: &BTreeSet<Name>,
    anchor: Timestamp,
    now: Timestamp,
    zone: &dyn Zone,
) -> Option<Duty> {
    let mut duties: Vec<_> = policy
        .archived(class, items, facts)
        .into_iter()
        .filter_map(|(rule, asked)| {
            let (name, law) = policy.laws.get_key_value(rule.law.as_ref()?)?;
            let rule = rule.to_calendar(policy.financial_year_end);
            Some((calendar::due(anchor, &[rule], zone), name, law, asked))
        })
        .filter(|(until, ..)| *until > now)
        .collect();
    duties.sort_by_key(|(until, ..)| std::cmp::Reverse(*until));
    let until = duties.first()?.0;
    let laws = duties.iter().map(|(until, name, law, _)| KeptUnder {
        law: (*name).clone(),
        citation: law.citation.clone(),
        until: Some(*until),
    });
    let laws = laws.collect();
    let items = duties.into_iter().flat_map(|(.., asked)| asked).collect();
    Some(Duty { laws, items, until })
}

/// The items of an archived row that no law asks for any more at `now`.
///
/// # Law
/// Art. 5(1)(e) and 17(3)(b) GDPR.
#[must_use]
pub fn ended(policy: &Policy, row: &Outline, now: Timestamp, zone: &dyn Zone) -> BTreeSet<Name> {
    // A clock that has not started ends nothing.
    let Some(anchor) = row.anchor_at else { return BTreeSet::new() };
    let ends = policy.archive_ends(&row.class, &row.items, anchor, zone);
    ends.into_iter().filter(|(_, end)| *end <= now).map(|(item, _)| item).collect()
}
