//! What a changed policy left where it was moves by itself, once nothing keeps it there.

use tacenda::block_on;
use tacenda_core::policy::records::REQUESTS;
use tacenda_core::vault::{
    Effects, Entry, MODEL, NewRecord, RecordChange, RecordItems, RecordKey, Standing, Vault,
};
use tacenda_core::{Name, SubjectId};
use tacenda_testkit::world::{POLICY, ada, staff};

use super::{Place, Span, names, run_due};

/// The policy with the card in the account's class, and the note in that of the card.
fn moved() -> String {
    POLICY
        .replace("version = 1", "version = 2")
        .replace("\"first_name\", \"note\"]\nclock", "\"first_name\", \"card_last4\"]\nclock")
        .replace("items = [\"card_last4\"]", "items = [\"note\"]")
}

fn restricted(on: bool) -> Effects {
    Effects { restricted: [(Name::fixed("payment"), on)].into(), ..Effects::default() }
}

/// Restricts what is known of the card, by a record.
fn restrict(vault: &Vault, subject: SubjectId) -> RecordKey {
    let new = NewRecord {
        subject: Some(subject),
        standing: Standing::Open { state: Name::fixed("received"), due_at: None },
        items: RecordItems::default().with(MODEL, b"restriction".to_vec()),
        entry: Entry::new("request.opened"),
        effects: restricted(true),
    };
    block_on(vault.add_record(&REQUESTS, new, &staff("support"))).unwrap()
}

fn lift(vault: &Vault, key: &RecordKey) {
    let lifted = block_on(vault.change_record(key, &[], &staff("support"), |opened| {
        Ok(RecordChange {
            standing: opened.outline.standing.clone(),
            set: RecordItems::default(),
            remove: [].into(),
            entry: Entry::new("request.held"),
            effects: restricted(false),
        })
    }));
    lifted.unwrap();
}

#[test]
fn what_is_no_longer_restricted_moves_without_a_restart() {
    let place = Place::memory();
    let before = place.open();
    let subject = ada(before.vault());
    let key = restrict(before.vault(), subject);
    let t = block_on(place.builder().policy_text(moved()).open()).unwrap();
    let card = || {
        let view = block_on(t.customers().read(subject, "billing", &staff("billing"))).unwrap();
        view.get("card_last4").map(str::to_owned)
    };
    let moves = || {
        place.clock.advance(Span::seconds(600));
        let run = run_due(&t.jobs());
        assert!(names(&run).contains(&"move-items"));
        run.ran.into_iter().find(|ran| ran.job == *"move-items").unwrap().outcome.unwrap().done
    };
    assert_eq!((moves(), card()), (0, None), "it waits, and that is no failure");
    lift(t.vault(), &key);
    assert_eq!(card(), None);
    assert_eq!((moves(), card().as_deref()), (1, Some("4242")));
    assert_eq!(moves(), 0);
    block_on(t.log().audit()).unwrap();
}
