//! What a law keeps beside an account that is restricted (Art. 18 GDPR): whoever objects, does not
//! consent or does not meet a condition is not read because of it.

use pollster::block_on as wait;
use tacenda_core::policy::records::REQUESTS;
use tacenda_core::vault::{Actor, Effects, Entry, MODEL, NewRecord, RecordItems, Standing, Vault};
use tacenda_core::{Name, SubjectId};
use tacenda_gdpr::objection::{self, Objecting, Way};
use tacenda_testkit::world::{POLICY, World, ada, staff};

use super::{archive, code, open};

/// A purpose on a legitimate interest that sees what vouchers keep.
fn policy() -> String {
    let items = "items = [\"country\"]\n\n[purposes.accounting]";
    assert!(POLICY.contains(items));
    POLICY.replace(
        items,
        "items = [\"address\"]\narchive_of = [\"vouchers\"]\n\n[purposes.accounting]",
    )
}

fn restrict(vault: &Vault, subject: SubjectId, on: bool) {
    let new = NewRecord {
        subject: Some(subject),
        standing: Standing::Open { state: Name::fixed("received"), due_at: None },
        items: RecordItems::default().with(MODEL, b"restriction".to_vec()),
        entry: Entry::new("request.opened"),
        effects: Effects {
            restricted: [(Name::fixed("account"), on)].into(),
            ..Effects::default()
        },
    };
    wait(vault.add_record(&REQUESTS, new, &staff("support"))).unwrap();
}

#[test]
fn who_objects_is_not_read_because_they_are_restricted() {
    let vault = open(&World::default(), &policy());
    let subject = ada(&vault);
    archive(&vault, subject).unwrap();
    let analysis = Name::fixed("analysis");
    let read = |purpose: &Name, role| code(wait(vault.read(subject, purpose, &staff(role))));
    assert_eq!(read(&analysis, "marketing"), "ok");
    restrict(&vault, subject, true);
    assert_eq!(read(&analysis, "marketing"), "ok", "the archive alone");
    let objecting = Objecting {
        purpose: analysis.clone(),
        way: Way::Letter,
        received_at: vault.now(),
        words: None,
    };
    wait(objection::object(&vault, subject, &objecting, &Actor::subject(subject))).unwrap();
    assert_eq!(read(&analysis, "marketing"), "policy.objected");
    restrict(&vault, subject, false);
    assert_eq!(read(&analysis, "marketing"), "policy.objected");
    // The law's own purpose sees it as before.
    restrict(&vault, subject, true);
    assert_eq!(read(&Name::fixed("accounting"), "billing"), "ok");
    wait(vault.audit()).unwrap();
}
