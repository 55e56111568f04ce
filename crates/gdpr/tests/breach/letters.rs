//! What the register states of letters is what people had.

use std::sync::Arc;

use pollster::block_on as wait;
use tacenda_core::outbox::Outcome;
use tacenda_core::vault::OnRestore;
use tacenda_gdpr::breach::people::{self as room, Selection};
use tacenda_gdpr::breach::register::Step;
use tacenda_gdpr::breach::severity::Risk;
use tacenda_gdpr::breach::state::PeopleAnswer;
use tacenda_testkit::world::World;
use tacenda_testkit::{After, Cut, FailingStore, Faults};

use crate::people::{drain, erase, follow, list, people, send, written};
use crate::stored::*;
use crate::support::*;

#[test]
fn whoever_is_listed_after_the_letters_is_waited_for() {
    let world = World::default();
    let vault = open(&world, true);
    let all = people(&vault, 3);
    let key = raise(&vault);
    let told = || Step::SettlePeople(PeopleAnswer::Told);
    list(&vault, &key, &Selection::People(vec![all[0]]));
    written(&vault, &key);
    send(&vault, &key).unwrap();
    drain(&vault, |_| Outcome::Sent);
    follow(&vault, &key);
    assert!(wait(room::tell(&vault, &key, &dpo())).unwrap().complete);
    step(&vault, &key, Step::BecomeAware(vault.now(), note("It is ours."))).unwrap();
    step(&vault, &key, Step::Judge(judgement(Risk::Unlikely))).unwrap();
    step(&vault, &key, Step::SettleNotices(not_required().0)).unwrap();
    // Another was affected as well, and a third after that.
    list(&vault, &key, &Selection::People(vec![all[1]]));
    assert_eq!(by(&vault, &key, told(), &dpo()), "breach.people_waiting");
    send(&vault, &key).unwrap();
    assert_eq!(by(&vault, &key, told(), &dpo()), "breach.people_waiting", "queued is not told");
    drain(&vault, |_| Outcome::Sent);
    follow(&vault, &key);
    assert_eq!(by(&vault, &key, told(), &dpo()), "ok");
    list(&vault, &key, &Selection::People(vec![all[2]]));
    let close = || Step::Close(remedy());
    assert_eq!(by(&vault, &key, close(), &dpo()), "breach.people_waiting");
    send(&vault, &key).unwrap();
    drain(&vault, |_| Outcome::Sent);
    follow(&vault, &key);
    assert_eq!(by(&vault, &key, close(), &dpo()), "ok");
    wait(vault.audit()).unwrap();
}

#[test]
fn the_register_states_no_letter_that_nobody_had() {
    for operation in 0..60 {
        let world = World::default();
        let vault = open(&world, true);
        let all = people(&vault, 2);
        let key = raise(&vault);
        list(&vault, &key, &Selection::People(all.clone()));
        written(&vault, &key);
        send(&vault, &key).unwrap();
        drain(&vault, |_| Outcome::Sent);
        follow(&vault, &key);
        assert!(wait(room::tell(&vault, &key, &dpo())).unwrap().complete);
        assert_eq!(erase(&vault, all[1]), "ok", "told, they may go");
        // A second letter, of which the sending is stopped somewhere.
        written(&vault, &key);
        let faults = Faults::cut(operation, Cut::After, After::StaysDown);
        let store = Arc::new(FailingStore::new(world.store.clone(), faults.clone()));
        let cut = World { store, ..world.clone() };
        let done =
            cut.try_open(&text(true), OnRestore::Refuse).and_then(|(vault, _)| send(&vault, &key));
        if done.is_ok() && !faults.tripped() {
            assert!(operation > 5, "{operation}");
            drain(&vault, |_| Outcome::Sent);
            follow(&vault, &key);
            let telling = wait(room::tell(&vault, &key, &dpo())).unwrap();
            assert_eq!((telling.told, telling.unreachable, telling.complete), (1, 1, true));
            return;
        }
        let told = wait(room::tell(&vault, &key, &dpo()));
        let none = told.map_or(true, |telling| telling.told == 0 && !telling.complete);
        assert!(none, "cut at {operation}");
    }
    panic!("it never came to its end");
}
