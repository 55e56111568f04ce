//! What a customer's rows are by the rules, without a store.

use std::collections::{BTreeMap, BTreeSet};

use pollster::block_on as wait;
use tacenda_core::calendar::{self, MonthDay, Period, Rule, StartRule, Utc};
use tacenda_core::ports::{KeyId, KeyState};
use tacenda_core::row::state;
use tacenda_core::vault::Vault;
use tacenda_core::{Name, SubjectId, Timestamp};
use tacenda_testkit::world::{World, staff};

use super::code;

/// What the model knows of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) archived: bool,
    pub(super) held: bool,
    pub(super) anchor: Timestamp,
    /// Whether it holds the country: tax alone asks for that, vouchers for the address.
    pub(super) country: bool,
}

/// A class and the number of the key that seals the row.
pub(super) type Place = (&'static str, u16);

/// A customer as the policy of [`policy`] sees one.
#[derive(Debug)]
pub(super) struct Customer {
    pub(super) subject: SubjectId,
    pub(super) email: String,
    pub(super) registered: Timestamp,
    pub(super) last_login: Option<Timestamp>,
    pub(super) closed: Option<Timestamp>,
    pub(super) invoiced: bool,
    pub(super) rows: BTreeMap<Place, Known>,
    pub(super) gone: BTreeSet<Place>,
}

pub(super) const CLASSES: [&str; 3] = ["account", "billing", "payment"];

fn event(keep: Period) -> Rule {
    Rule { keep, start: StartRule::Event, end: calendar::EndRule::SameDay }
}

/// When tax ends.
pub(super) fn tax_at(anchor: Timestamp) -> Timestamp {
    calendar::due(anchor, &[event(Period::Years(6))], &Utc)
}

/// When a row ends by the rules for live data, or by those of the law that keeps longest.
pub(super) fn due_at(class: &str, archived: bool, anchor: Timestamp) -> Timestamp {
    let rule = match (class, archived) {
        // No law keeps it, and it outlived its account for a hold alone.
        ("payment", true) => return anchor,
        ("payment", false) => event(Period::Months(13)),
        (_, false) => event(Period::Years(3)),
        (_, true) => Rule {
            start: StartRule::EndOfFinancialYear(MonthDay::DECEMBER_31),
            ..event(Period::Years(10))
        },
    };
    calendar::due(anchor, &[rule], &Utc)
}

fn is_over(anchor: Timestamp, now: Timestamp) -> bool {
    due_at("billing", true, anchor) <= now
}

impl Customer {
    pub(super) fn live(&self, class: &str) -> Option<Place> {
        self.rows.iter().find(|(place, row)| place.0 == class && !row.archived).map(|(p, _)| *p)
    }

    /// What becomes of a live row whose time is up.
    pub(super) fn end(&mut self, class: &'static str, now: Timestamp) {
        let Some(place) = self.live(class) else { return };
        let Some(row) = self.rows.get_mut(&place) else { return };
        // A law counts from the end of the account.
        let anchor = row.anchor.max(self.closed.unwrap_or(now));
        if class == "billing" && self.invoiced && due_at(class, true, anchor) > now {
            (row.archived, row.anchor) = (true, anchor);
            row.country &= tax_at(row.anchor) > now;
        } else {
            self.go(place);
        }
    }

    fn go(&mut self, place: Place) {
        self.rows.remove(&place);
        self.gone.insert(place);
    }

    pub(super) fn is_held(&self) -> bool {
        self.rows.values().any(|row| row.held)
    }

    /// Whether something is in use and free.
    pub(super) fn is_free(&self) -> bool {
        self.rows.values().any(|row| !row.held && !row.archived)
    }

    /// What is free ends; without its account, what is held is an archive.
    pub(super) fn erase(&mut self, now: Timestamp) {
        for class in CLASSES {
            let live = self.live(class).and_then(|place| self.rows.get(&place));
            if live.is_some_and(|row| !row.held) {
                self.end(class, now);
            }
        }
        if self.live("account").is_none() {
            let end = self.closed.unwrap_or(now);
            for row in self.rows.values_mut().filter(|row| !row.archived) {
                (row.archived, row.anchor) = (true, row.anchor.max(end));
            }
        }
    }

    pub(super) fn sweep(&mut self, now: Timestamp) {
        for class in CLASSES {
            let due = |row: &Known| !row.held && due_at(class, row.archived, row.anchor) <= now;
            let live = self.live(class).and_then(|place| self.rows.get(&place));
            if live.is_some_and(due) {
                if class != "account" {
                    self.end(class, now);
                } else {
                    self.erase(now);
                }
            }
            let archived = |(place, row): (&Place, &Known)| {
                (place.0 == class && row.archived && due(row)).then_some(*place)
            };
            let ended: Vec<_> = self.rows.iter().filter_map(archived).collect();
            ended.into_iter().for_each(|place| self.go(place));
            for (place, row) in &mut self.rows {
                if place.0 == class && row.archived && !row.held {
                    row.country &= tax_at(row.anchor) > now;
                }
            }
        }
    }

    pub(super) fn check(&self, world: &World, vault: &Vault) {
        let rows = wait(vault.outline(self.subject)).unwrap();
        let found: BTreeMap<_, _> = rows
            .iter()
            .map(|row| {
                let (archived, anchor) = (row.state == state::ARCHIVED, row.anchor_at.unwrap());
                let country = row.items.contains("country");
                let known = Known { archived, held: row.held, anchor, country };
                ((row.class.as_str(), row.key.unwrap()), known)
            })
            .collect();
        assert_eq!(found, self.rows, "{}", self.email);
        for place in self.rows.keys().chain(&self.gone) {
            let class = Name::parse(place.0).unwrap();
            let key = KeyId { number: place.1, ..KeyId::first(self.subject, class) };
            let key = wait(world.keyring.fetch(&[key])).unwrap().remove(0);
            let live = self.rows.contains_key(place);
            assert_eq!(matches!(key, KeyState::Live(_)), live, "{place:?}");
            assert_eq!(matches!(key, KeyState::Destroyed(_)), !live, "{place:?}");
        }
    }

    /// What the law of vouchers sees: every archive, oldest first, and what is in use.
    pub(super) fn read(&self, vault: &Vault) {
        // Its day over, the law's purpose sees nothing, swept or not, held or not.
        let over = |row: &Known| row.archived && is_over(row.anchor, vault.now());
        let of = self.rows.iter().filter(|(place, row)| place.0 == "billing" && !over(row));
        let expected: Vec<_> =
            of.map(|(place, row)| (format!("Rue {}", place.1), row.archived)).collect();
        let purpose = Name::fixed("accounting");
        let view = wait(vault.read(self.subject, &purpose, &staff("billing")));
        if self.live("account").is_some() && !self.invoiced {
            assert_eq!(code(view), "policy.condition_not_met");
        } else if self.live("account").is_none() && expected.is_empty() {
            let some = |(place, row): (&Place, &Known)| place.0 == "billing" || row.archived;
            let some = self.rows.iter().any(some);
            assert_eq!(code(view), if some { "vault.not_live" } else { "vault.not_found" });
        } else {
            let view = view.unwrap();
            let seen: Vec<_> =
                view.all("address").map(|kept| (kept.text().to_owned(), kept.archived)).collect();
            assert_eq!(seen, expected, "{}", self.email);
        }
    }
}
