//! What is done to a customer, and what the rules say that comes of it.

use pollster::block_on as wait;
use tacenda_core::policy::records::REQUESTS;
use tacenda_core::vault::{
    Amendment, Effects, Entry, MODEL, NewRecord, RecordChange, RecordItems, RecordKey, Standing,
    Vault,
};
use tacenda_core::{Name, SubjectId, Timestamp};
use tacenda_gdpr::erasure;
use tacenda_testkit::world::staff;

use super::code;
use super::customer::{Customer, Live};
use super::shape::{CLASSES, ITEMS, Shape};

/// Sets an item, or takes it away.
pub(super) fn amend(
    vault: &Vault,
    subject: SubjectId,
    item: usize,
    value: Option<&str>,
) -> &'static str {
    let name = Name::fixed(ITEMS[item]);
    let amendment = match value {
        Some(value) => {
            let set = vec![vault.item(&name, value).unwrap()];
            Amendment { set, ..Amendment::default() }
        }
        None => Amendment { remove: vec![name], ..Amendment::default() },
    };
    code(wait(vault.amend(subject, amendment, &staff("support"))))
}

pub(super) fn amended_so(
    customer: &mut Customer,
    (shape, now): (&Shape, Timestamp),
    item: usize,
    value: Option<&str>,
    did: &'static str,
) {
    match (customer.amend(shape, item, value, now), customer.is_there()) {
        (true, _) => assert_eq!(did, "ok"),
        (false, true) => assert_eq!(did, "vault.not_live"),
        (false, false) => assert_eq!(did, "vault.not_found"),
    }
}

pub(super) fn erase(vault: &Vault, subject: SubjectId) -> &'static str {
    code(wait(erasure::erase(vault, subject, &staff("support"))))
}

/// Somebody who has an account is erased.
pub(super) fn erased_so(customer: &mut Customer, shape: &Shape, now: Timestamp, did: &'static str) {
    let free = customer.live.values().any(Live::is_free);
    if !free && (customer.is_held() || customer.is_restricted()) {
        let held = if customer.is_held() { "erasure.held" } else { "erasure.restricted" };
        assert_eq!(did, held);
        return;
    }
    assert_eq!(did, "ok");
    customer.erase(shape, now);
}

/// A record of the customer's, by which classes are held and restricted.
pub(super) fn record(vault: &Vault, customer: &mut Customer) -> RecordKey {
    let key = customer.record.get_or_insert_with(|| {
        let new = NewRecord {
            subject: Some(customer.subject),
            standing: Standing::Open { state: Name::fixed("received"), due_at: None },
            items: RecordItems::default().with(MODEL, b"restriction".to_vec()),
            entry: Entry::new("request.opened"),
            effects: Effects::default(),
        };
        wait(vault.add_record(&REQUESTS, new, &staff("support"))).unwrap()
    });
    key.clone()
}

pub(super) fn restriction(class: usize, on: bool) -> Effects {
    Effects { restricted: [(Name::fixed(CLASSES[class]), on)].into(), ..Effects::default() }
}

pub(super) fn affect(vault: &Vault, key: &RecordKey, effects: &Effects) -> &'static str {
    code(wait(vault.change_record(key, &[], &staff("support"), |opened| {
        Ok(RecordChange {
            standing: opened.outline.standing.clone(),
            set: RecordItems::default(),
            remove: [].into(),
            entry: Entry::new("request.held"),
            effects: effects.clone(),
        })
    })))
}

/// A class is restricted, or no longer.
pub(super) fn restricted_so(customer: &mut Customer, class: usize, on: bool, did: &'static str) {
    match customer.live.get_mut(&class) {
        Some(row) => {
            assert_eq!(did, "ok");
            row.restricted = on;
            customer.archive(class);
        }
        None => assert_eq!(did, if on { "vault.nothing_of_class" } else { "ok" }),
    }
}
