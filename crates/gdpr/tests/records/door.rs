//! Added, changed, read and found.

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::policy::records::REQUESTS;
use tacenda_core::ports::KeyState;
use tacenda_core::row::state;
use tacenda_core::vault::{Actor, MODEL, NewRecord, RecordChange, RecordItems, Standing};
use tacenda_core::{ActorId, Name, RowId, SubjectId};
use tacenda_gdpr::erasure;
use tacenda_testkit::world::{World, ada, staff};

use super::support::{REPLY_TO, WORDS, add, at, close, code, item, new, open, step};

#[test]
fn a_record_lives_from_its_first_leaf_to_its_closing() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let due = at("2026-07-01T00:00:00Z");
    let key = wait(vault.add_record(&REQUESTS, new(Some(subject), Some(due)), &staff("support")));
    let key = key.unwrap();
    assert_eq!((key.subject, key.id), (subject, RowId::of_key(0)));
    let outline = wait(vault.record(&key)).unwrap();
    assert_eq!((outline.standing, outline.version), (open(Some(due)), 1));
    assert_eq!(item(&vault, &key, &WORDS).as_deref(), Some("what do you hold about me?"));

    world.set_time("2026-06-20T08:00:00Z");
    let closed = close(&vault, &key, vault.now()).unwrap();
    assert_eq!(closed.standing, Standing::Closed { at: vault.now() });
    assert_eq!(wait(vault.record(&key)).unwrap(), closed);
    assert_eq!(item(&vault, &key, &MODEL).as_deref(), Some("access, answered"));
    assert_eq!(item(&vault, &key, &REPLY_TO), None, "it is not there any more");

    let history: Vec<_> = wait(vault.history(subject, 9)).unwrap();
    let told: Vec<_> = history.iter().rev().map(|leaf| leaf.action.to_string()).collect();
    let opened = "request.opened";
    let read = "record.read";
    assert_eq!(told, ["subject.registered", opened, read, "request.closed", read, read]);
    assert_eq!(history[4].find("right"), Some("access"));
    assert_eq!(history[4].rows.len(), 1, "its own row");
    wait(vault.audit()).unwrap();
}

#[test]
fn a_read_is_for_a_purpose_and_logged_before_anything_opens() {
    let world = World::default();
    let vault = world.open();
    let key = add(&vault, None).unwrap();
    let account = Name::fixed("account");
    let read = |purpose: &Name, actor: &Actor, items: &[Name]| {
        wait(vault.read_record(&key, items, purpose, actor))
    };
    let support = staff("support");
    let opened = read(&account, &support, &[WORDS, Name::fixed("nothing")]).unwrap();
    assert_eq!(opened.items.names().collect::<Vec<_>>(), [&WORDS], "no more than was asked for");
    let nobody = Actor::staff(ActorId::from_bytes([3; 16]), Name::fixed("intern"));
    assert_eq!(code(read(&Name::fixed("billing"), &support, &[WORDS])), "policy.role_not_allowed");
    assert_eq!(code(read(&Name::fixed("mischief"), &support, &[WORDS])), "policy.unknown_purpose");
    assert_eq!(code(read(&account, &nobody, &[WORDS])), "policy.unknown_role");
    assert_eq!(code(read(&account, &Actor::system(), &[WORDS])), "policy.unknown_role");
    let history = wait(vault.history(key.subject, 9)).unwrap();
    let refused = history.iter().filter(|leaf| leaf.action == *"record.read_refused");
    let refused: Vec<_> = refused.map(|leaf| leaf.find("code").unwrap()).collect();
    assert_eq!(refused.len(), 4);
    assert_eq!(refused[3], "policy.role_not_allowed");
    let granted = history.iter().find(|leaf| leaf.action == *"record.read").unwrap();
    assert_eq!((granted.find("item"), granted.find("kind")), (Some("words"), Some("request")));
    assert_eq!(granted.purpose, Some(account));
    assert!(history.iter().all(|leaf| leaf.purpose != Some(Name::fixed("mischief"))));
}

#[test]
fn somebody_unknown_has_records_and_nothing_else() {
    let world = World::default();
    let vault = world.open();
    let (first, second) = (add(&vault, None).unwrap(), add(&vault, None).unwrap());
    assert_ne!(first.subject, second.subject);
    let again = add(&vault, Some(first.subject)).unwrap();
    assert_eq!((again.subject, again.id), (first.subject, RowId::of_key(1)));
    let read = wait(vault.read(first.subject, &Name::fixed("account"), &staff("support")));
    assert_eq!(code(read), "vault.not_found");
    assert_eq!(code(wait(erasure::plan(&vault, first.subject))), "vault.not_found");
    let erased = wait(erasure::erase(&vault, first.subject, &staff("support")));
    assert_eq!(code(erased), "vault.not_found");
    assert!(wait(vault.subjects(None, 9)).unwrap().is_empty());
    assert_eq!(item(&vault, &again, &MODEL).as_deref(), Some("access"));
    let keys = |of| wait(vault.records_of(of, &REQUESTS)).unwrap().into_iter().map(|one| one.key);
    assert_eq!(keys(first.subject).collect::<Vec<_>>(), [first, again]);
    assert_eq!(keys(second.subject).collect::<Vec<_>>(), [second]);
    wait(vault.audit()).unwrap();
}

#[test]
fn what_no_room_can_mean_is_refused_and_nothing_is_written() {
    let world = World::default();
    let vault = world.open();
    let key = add(&vault, None).unwrap();
    let size = |world: &World| wait(world.store.status()).unwrap().unwrap().head.size;
    let before = size(&world);
    let add_as = |standing, items, subject| {
        let new = NewRecord { standing, items, ..new(subject, None) };
        code(wait(vault.add_record(&REQUESTS, new, &staff("support"))))
    };
    let model = || RecordItems::default().with(MODEL, vec![1]);
    for state in [state::LIVE, state::ARCHIVED, state::RESTRICTED, state::CLOSED] {
        let standing = Standing::Open { state, due_at: None };
        assert_eq!(add_as(standing, model(), None), "vault.record_state");
    }
    let tomorrow = Standing::Closed { at: vault.now().plus(Span::days(1)) };
    assert_eq!(add_as(tomorrow.clone(), model(), None), "vault.in_future");
    assert_eq!(add_as(open(None), RecordItems::default(), None), "vault.record_without_model");
    let stranger = SubjectId::generate(vault.now(), world.rng.as_ref());
    assert_eq!(add_as(open(None), model(), Some(stranger)), "vault.not_found");
    let change = |standing: Standing, remove: &[Name]| {
        let remove: std::collections::BTreeSet<_> = remove.iter().cloned().collect();
        code(wait(vault.change_record(&key, &[], &staff("support"), |opened| {
            let standing = standing.clone();
            Ok(RecordChange { standing, remove: remove.clone(), ..step(opened, "request.x") })
        })))
    };
    assert_eq!(change(tomorrow, &[]), "vault.in_future");
    assert_eq!(change(open(None), &[MODEL]), "vault.record_without_model");
    let refuses = wait(vault.change_record(&key, &[], &staff("support"), |_| {
        tacenda_gdpr::erasure::HELD.err::<RecordChange>()
    }));
    assert_eq!(code(refuses), "erasure.held", "the room's own word");
    let nowhere = tacenda_core::vault::RecordKey { id: RowId::of_key(7), ..key.clone() };
    assert_eq!(code(close(&vault, &nowhere, vault.now())), "vault.no_such_record");
    assert_eq!(code(wait(vault.record(&nowhere))), "vault.no_such_record");
    assert_eq!(size(&world), before, "not even a leaf");
}

#[test]
fn each_record_has_a_key_of_its_own_and_can_be_opened_again() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let all: Vec<_> = (0..3).map(|_| add(&vault, Some(subject)).unwrap()).collect();
    let keys = wait(world.keyring.keys_of(subject)).unwrap();
    let live = keys
        .iter()
        .filter(|(key, state)| key.class == REQUESTS.class && matches!(state, KeyState::Live(_)));
    assert_eq!(live.map(|(key, _)| key.number).collect::<Vec<_>>(), [0, 1, 2]);
    close(&vault, &all[1], vault.now()).unwrap();
    let reopened = wait(vault.change_record(&all[1], &[], &staff("support"), |opened| {
        Ok(RecordChange { standing: open(None), ..step(opened, "request.reopened") })
    }));
    assert_eq!(reopened.unwrap().standing, open(None), "the clock has not started");
    let versions: Vec<_> =
        wait(vault.records_of(subject, &REQUESTS)).unwrap().iter().map(|one| one.version).collect();
    assert_eq!(versions, [1, 3, 1]);
}

#[test]
fn what_is_due_is_found_in_its_order_and_page_by_page() {
    let world = World::default();
    let vault = world.open();
    let day = |n: i64| vault.now().plus(Span::days(n));
    let mut all = Vec::new();
    for n in [5, 1, 3, 9, 2] {
        let new = new(None, Some(day(n)));
        all.push((n, wait(vault.add_record(&REQUESTS, new, &staff("support"))).unwrap()));
    }
    add(&vault, None).unwrap();
    let (_, closed) = all.remove(2);
    close(&vault, &closed, vault.now()).unwrap();
    all.sort_by_key(|(n, _)| *n);
    let mut found = Vec::new();
    loop {
        let (until, state) = (day(5), super::support::OPEN);
        let after = found.last().cloned();
        let page = vault.records_due(&REQUESTS, &state, until, after.as_ref(), 2);
        let page: Vec<tacenda_core::vault::DueRecord> = wait(page).unwrap();
        found.extend(page.iter().cloned());
        if page.len() < 2 {
            break;
        }
    }
    let expected: Vec<_> = all.iter().filter(|(n, _)| *n <= 5).map(|(_, key)| key).collect();
    assert_eq!(found.iter().map(|one| &one.key).collect::<Vec<_>>(), expected);
    assert_eq!(found[0].due_at, day(1));
}

#[test]
fn two_who_change_one_record_both_have_their_way() {
    let world = World::default();
    let (vault, other) = (world.open(), world.open());
    let key = add(&vault, None).unwrap();
    let mut seen = Vec::new();
    let add_byte = |opened: &tacenda_core::vault::OpenedRecord, byte: u8| RecordChange {
        set: RecordItems::default()
            .with(MODEL, [opened.items.get(&MODEL).unwrap(), &[byte]].concat()),
        ..step(opened, "request.noted")
    };
    let changed = wait(vault.change_record(&key, &[MODEL], &staff("support"), |opened| {
        if seen.is_empty() {
            wait(other.change_record(&key, &[MODEL], &staff("support"), |opened| {
                Ok(add_byte(opened, b'1'))
            }))
            .unwrap();
        }
        seen.push(opened.items.get(&MODEL).unwrap().to_vec());
        Ok(add_byte(opened, b'2'))
    }));
    assert_eq!(changed.unwrap().version, 3);
    assert_eq!(seen, [b"access".to_vec(), b"access1".to_vec()], "it decides again");
    assert_eq!(item(&vault, &key, &MODEL).as_deref(), Some("access12"));
    wait(vault.audit()).unwrap();
}
