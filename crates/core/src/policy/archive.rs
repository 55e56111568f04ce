//! Until when laws keep the items of what is archived.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Policy, RetentionRule};
use crate::calendar::{self, Zone};
use crate::clock::Timestamp;
use crate::name::Name;

impl Policy {
    /// When the last law ends that asks for each of these items, in a row of a class whose clock
    /// started at `anchor`; `anchor` itself for an item that no law asks for any more.
    ///
    /// What is archived has outlived its account or the account's use of it, so that the facts on
    /// which a law may depend cannot be asked: all are taken to hold.
    ///
    /// # Law
    /// Art. 17(3)(b) GDPR: to the extent that a legal obligation requires it, and so item by item;
    /// Art. 5(1)(e): no longer than that.
    #[must_use]
    pub fn archive_ends(
        &self,
        class: &Name,
        items: &BTreeSet<Name>,
        anchor: Timestamp,
        zone: &dyn Zone,
    ) -> BTreeMap<Name, Timestamp> {
        let mut ends: BTreeMap<_, _> = items.iter().map(|item| (item.clone(), anchor)).collect();
        let facts = self.facts.keys().cloned().collect();
        for (rule, asked) in self.archived(class, items, &facts) {
            let end = calendar::due(anchor, &[rule.to_calendar(self.financial_year_end)], zone);
            for item in &asked {
                if let Some(latest) = ends.get_mut(item) {
                    *latest = end.max(*latest);
                }
            }
        }
        ends
    }

    /// The items that a purpose may read of an archived row of a class that holds `items` and whose
    /// clock started at `anchor`: those that laws ask for whose archive it is, each until its law ends. Without an
    /// anchor no law ends.
    ///
    /// # Law
    /// Art. 5(1)(b) GDPR: what one law keeps is not there for the purposes of another.
    #[must_use]
    pub fn archive_items(
        &self,
        purpose: &Name,
        class: &Name,
        items: &BTreeSet<Name>,
        anchor: Option<Timestamp>,
        now: Timestamp,
        zone: &dyn Zone,
    ) -> BTreeSet<Name> {
        let Some(purpose) = self.purpose(purpose) else { return BTreeSet::new() };
        let facts = self.facts.keys().cloned().collect();
        let is_for = |rule: &RetentionRule| {
            let law = rule.law.as_ref().is_some_and(|law| purpose.archive_of.contains(law));
            let rule = rule.to_calendar(self.financial_year_end);
            law && anchor.is_none_or(|anchor| now < calendar::due(anchor, &[rule], zone))
        };
        let laws = self.archived(class, items, &facts).into_iter();
        let laws = laws.filter(|(rule, _)| is_for(rule));
        laws.flat_map(|(_, items)| items).filter(|item| purpose.items.contains(item)).collect()
    }

    /// When items of an archived row end while others go on, or the row ends before or after the
    /// last law that archives its class: what a sweep finds it by. `None` if the first items go with
    /// that law, and the row is found by its anchor.
    #[must_use]
    pub fn archive_due(
        &self,
        class: &Name,
        items: &BTreeSet<Name>,
        anchor: Timestamp,
        zone: &dyn Zone,
    ) -> Option<Timestamp> {
        let laws = self.rules_of(class).iter().filter(|rule| rule.archive);
        let laws: Vec<_> = laws.map(|rule| rule.to_calendar(self.financial_year_end)).collect();
        let next = self.archive_ends(class, items, anchor, zone).into_values().min()?;
        // Where no law archives the class any more the calendar answers never, and the row is due.
        (next != calendar::due(anchor, &laws, zone)).then_some(next)
    }
}
