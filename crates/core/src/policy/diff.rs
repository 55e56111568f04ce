//! What changed between two policies, as far as stored data is concerned.

use std::collections::{BTreeMap, BTreeSet};

use crate::name::Name;

use super::model::Policy;

/// The changes from an older policy to a newer one that concern stored rows.
///
/// Texts, parties, roles and measures are not listed: they touch no row. Whether anything at all
/// changed, [`Policy::digest`] tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PolicyDiff {
    /// Classes that are new.
    pub classes_added: BTreeSet<Name>,
    /// Classes that are gone; an error while rows of them live.
    pub classes_removed: BTreeSet<Name>,
    /// Classes of both whose key reaches differently. No row changes by it: the vault opens no
    /// policy yet in which a key reaches no further than a year.
    pub keys_changed: BTreeSet<Name>,
    /// Classes of both whose clock is set by other events. The clocks of their live rows are set
    /// anew; what is archived keeps the one that its law's day was told from.
    pub anchors_changed: BTreeSet<Name>,
    /// Classes of both with other retention rules; touches no row, changes what is due.
    pub rules_changed: BTreeSet<Name>,
    /// Kinds of records that are kept for another time, or read for other purposes; touches no row, changes what is due.
    pub records_changed: BTreeSet<Name>,
    /// Purposes that are new: nothing is read for one of whoever was not told of it.
    pub purposes_added: BTreeSet<Name>,
    /// Purposes of both that say a later `since`: people are to be told of them anew.
    pub since_raised: BTreeSet<Name>,
    /// Purposes of both that rest on another basis, or on another law or interest: whoever is told of
    /// them is told otherwise from now on.
    pub bases_changed: BTreeSet<Name>,
    /// Purposes of both that see other items.
    pub purpose_items_changed: BTreeSet<Name>,
    /// Purposes of both that became direct marketing, or no longer are.
    pub marketing_changed: BTreeSet<Name>,
    /// Texts of consent that are new, gone, or of both with another purpose, version or words.
    pub consents_changed: BTreeSet<Name>,
    /// Texts of consent of both of which an older version counts no more: whoever agreed to one is
    /// asked again. Those that are gone are not among them.
    pub consents_asked_anew: BTreeSet<Name>,
    /// Items that are new.
    pub items_added: BTreeSet<Name>,
    /// Items that are gone; an error while a row holds one.
    pub items_removed: BTreeSet<Name>,
    /// Items of both that lie in another class: from, to. Their values in live rows are sealed again.
    pub items_moved: BTreeMap<Name, (Name, Name)>,
    /// Items of both with another type; an error while a row holds one: what is stored may not be a
    /// value of it.
    pub types_changed: BTreeSet<Name>,
    /// Items of both that became unique, or no longer are. Live rows get or lose the tokens that they
    /// are found by; an error while two accounts hold the same value of one that became unique.
    pub unique_changed: BTreeSet<Name>,
    /// Whether another item, or one of another class, identifies accounts; an error while an account
    /// does not hold it, or in another class.
    pub identifier_changed: bool,
}

impl PolicyDiff {
    /// Whether no stored row is concerned, and nobody is to be told.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Policy {
    /// What changed from an older policy to this one.
    #[must_use]
    pub fn diff(&self, older: &Self) -> PolicyDiff {
        let mut diff = PolicyDiff {
            classes_added: minus(&self.classes, &older.classes),
            classes_removed: minus(&older.classes, &self.classes),
            purposes_added: minus(&self.purposes, &older.purposes),
            items_added: minus(&self.items, &older.items),
            items_removed: minus(&older.items, &self.items),
            identifier_changed: self.identifier.name != older.identifier.name
                || self.identifier.class != older.identifier.class,
            ..PolicyDiff::default()
        };
        for (name, class) in &self.classes {
            let Some(before) = older.classes.get(name) else { continue };
            if class.key != before.key {
                diff.keys_changed.insert(name.clone());
            }
            if class.anchors != before.anchors {
                diff.anchors_changed.insert(name.clone());
            }
            if class.rules != before.rules {
                diff.rules_changed.insert(name.clone());
            }
        }
        for (key, rule) in &self.records {
            let same_readers = older.record_purposes.get(key) == self.record_purposes.get(key);
            if older.records.get(key) != Some(rule) || !same_readers {
                diff.records_changed.insert(key.clone());
            }
        }
        self.diff_purposes(older, &mut diff);
        for (name, item) in &self.items {
            let Some(before) = older.items.get(name) else { continue };
            if item.class != before.class {
                let places = (before.class.clone(), item.class.clone());
                diff.items_moved.insert(name.clone(), places);
            }
            if item.item_type != before.item_type {
                diff.types_changed.insert(name.clone());
            }
            if item.unique != before.unique {
                diff.unique_changed.insert(name.clone());
            }
        }
        diff
    }

    /// What people are told of and asked for.
    fn diff_purposes(&self, older: &Self, diff: &mut PolicyDiff) {
        for (name, purpose) in &self.purposes {
            let Some(before) = older.purposes.get(name) else { continue };
            let note = |changed: bool, list: &mut BTreeSet<Name>| {
                if changed {
                    list.insert(name.clone());
                }
            };
            note(purpose.since > before.since, &mut diff.since_raised);
            note(purpose.basis != before.basis, &mut diff.bases_changed);
            note(purpose.items != before.items, &mut diff.purpose_items_changed);
            note(purpose.marketing != before.marketing, &mut diff.marketing_changed);
        }
        let gone = minus(&older.consents, &self.consents);
        diff.consents_changed.extend(gone);
        for (name, text) in &self.consents {
            let before = older.consents.get(name);
            if before != Some(text) {
                diff.consents_changed.insert(name.clone());
            }
            if before.is_some_and(|before| text.oldest_valid > before.oldest_valid) {
                diff.consents_asked_anew.insert(name.clone());
            }
        }
    }
}

fn minus<T>(left: &BTreeMap<Name, T>, right: &BTreeMap<Name, T>) -> BTreeSet<Name> {
    left.keys().filter(|name| !right.contains_key(*name)).cloned().collect()
}
