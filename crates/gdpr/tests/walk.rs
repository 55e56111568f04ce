//! The walk of a customer: register, log in, read and be refused, amend, erase, receipt, verify.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::Arc;

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::leaf::Leaf;
use tacenda_core::log;
use tacenda_core::ports::KeyState;
use tacenda_core::vault::{Amendment, NewPassword, Registered, Vault};
use tacenda_core::{Name, Result, SubjectId};
use tacenda_gdpr::erasure::{self, Fate};
use tacenda_testkit::world::{World, ada, request, staff};
use tacenda_testkit::{FailingStore, Faults};

fn code<T>(result: Result<T>) -> &'static str {
    result.err().map_or("ok", |error| error.code())
}

fn read(vault: &Vault, subject: SubjectId, purpose: &'static str, role: &'static str) -> String {
    match wait(vault.read(subject, &Name::fixed(purpose), &staff(role))) {
        Ok(view) => view.items().map(Name::as_str).collect::<Vec<_>>().join(" "),
        Err(error) => error.code().to_owned(),
    }
}

fn actions(vault: &Vault, subject: SubjectId) -> Vec<String> {
    let leaves = wait(vault.history(subject, 100)).unwrap();
    leaves.iter().rev().map(|leaf| leaf.action.to_string()).collect()
}

#[test]
fn a_purpose_sees_its_items_and_a_refusal_is_logged() {
    let vault = World::default().open();
    let subject = ada(&vault);
    assert_eq!(read(&vault, subject, "billing", "billing"), "address card_last4 country email");
    assert_eq!(read(&vault, subject, "account", "support"), "email first_name");
    assert_eq!(read(&vault, subject, "billing", "support"), "policy.role_not_allowed");
    assert_eq!(read(&vault, subject, "marketing", "billing"), "policy.unknown_purpose");
    assert_eq!(read(&vault, subject, "billing", "nobody"), "policy.unknown_role");
    let facts = BTreeMap::from([(Name::fixed("paid offer"), false)]);
    let free = Amendment { facts, ..Amendment::default() };
    wait(vault.amend(subject, free, &staff("support"))).unwrap();
    assert_eq!(read(&vault, subject, "billing", "billing"), "policy.condition_not_met");
    assert_eq!(
        actions(&vault, subject),
        [
            "subject.registered",
            "subject.read",
            "subject.read",
            "subject.read_refused",
            "subject.read_refused",
            "subject.read_refused",
            "subject.amended",
            "subject.read_refused",
        ]
    );
    let last = &wait(vault.history(subject, 1)).unwrap()[0];
    assert_eq!(last.purpose, Some(Name::fixed("billing")));
    assert_eq!(last.find("code"), Some("policy.condition_not_met"));
    wait(vault.audit()).unwrap();
}

#[test]
fn what_was_typed_is_kept_and_the_normal_form_finds_it() {
    let vault = World::default().open();
    let subject = ada(&vault);
    let email = Name::fixed("email");
    let find = |text| wait(vault.read_by(&email, text, &Name::fixed("account"), &staff("support")));
    let view = find(" ada@EXAMPLE.org").unwrap();
    assert_eq!((view.subject, view.get("email")), (subject, Some("Ada@Example.org")));
    assert_eq!(code(find("eve@example.org")), "vault.not_found");
    assert_eq!(code(find("not an address")), "vault.not_found");
    let twice = request(&vault, &[("email", "ADA@example.ORG")], false);
    assert_eq!(code(wait(vault.register(twice, &staff("support")))), "vault.not_unique");
    let bare = request(&vault, &[("first_name", "Eve")], false);
    let error = wait(vault.register(bare, &staff("support"))).unwrap_err();
    assert_eq!((error.code(), error.field().as_deref()), ("vault.required_item", Some("email")));
    let idn = request(&vault, &[("email", "jan@żółw.example")], false);
    wait(vault.register(idn, &staff("support"))).unwrap();
    let ascii = request(&vault, &[("email", "jan@xn--w-uga1v8h.example")], false);
    assert_eq!(code(wait(vault.register(ascii, &staff("support")))), "vault.not_unique");
}

#[test]
fn no_value_that_holds_a_card_number_gets_in() {
    let vault = World::default().open();
    for (item, text, expected) in [
        ("note", "my card is 4111 1111 1111 1111", "guard.card_number"),
        ("address", "5555-5555-5555-4444", "guard.card_number"),
        ("first_name", "378282246310005", "guard.card_number"),
        ("card_last4", "4242424242424242", "guard.card_number"),
        ("card_last4", "42424", "vault.bad_tail"),
        ("card_last4", "42a2", "vault.bad_tail"),
        ("email", "4111111111111111@example.org", "guard.card_number"),
        ("password", "secret", "vault.password_apart"),
        ("shoe_size", "44", "vault.undeclared_item"),
    ] {
        let error = vault.item(&Name::fixed(item), text).unwrap_err();
        // What the policy does not declare is not repeated: anybody may have typed it.
        let field = Some(item).filter(|_| expected != "vault.undeclared_item");
        assert_eq!((error.code(), error.field().as_deref()), (expected, field));
        assert!(!format!("{error} {error:?}").contains(text), "an error holds no value");
    }
}

#[test]
fn a_login_costs_one_hash_and_one_leaf_whoever_it_is() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let closed = request(&vault, &[("email", "closed@example.org")], false);
    let closed = wait(vault.register(closed, &staff("support"))).unwrap().subject();
    let close = Amendment { close_at: Some(vault.now()), ..Amendment::default() };
    wait(vault.amend(closed, close, &staff("support"))).unwrap();
    let size = || wait(world.store.status()).unwrap().unwrap().head.size;
    for (email, password, expected) in [
        ("ada@example.org", "wrong", "login.refused"),
        ("nobody@example.org", "correct horse", "login.refused"),
        ("closed@example.org", "correct horse", "login.refused"),
        ("no address at all", "correct horse", "login.refused"),
        ("ada@example.org", "", "login.refused"),
        ("ada@example.org", "correct horse", "ok"),
    ] {
        let (calls, leaves) = (world.passwords.calls(), size());
        assert_eq!(code(wait(vault.login(email, password))), expected, "{email}");
        assert_eq!(world.passwords.calls() - calls, 1, "{email}");
        assert_eq!(size() - leaves, 1, "{email}");
    }
    assert_eq!(actions(&vault, closed), ["subject.registered", "subject.closed", "login.refused"]);
    assert_eq!(actions(&vault, subject).last().unwrap(), "login.accepted");
    let unknown = wait(vault.history(SubjectId::CONTROLLER, 9)).unwrap();
    assert!(unknown.iter().any(|leaf| leaf.find("why") == Some("unknown")));
}

#[test]
fn activity_moves_the_anchor_at_most_once_a_day() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let anchor = || wait(vault.outline(subject)).unwrap()[0].anchor_at.unwrap();
    wait(vault.login("ada@example.org", "correct horse")).unwrap();
    let first = anchor();
    world.clock.advance(Span::hours(23));
    wait(vault.login("ada@example.org", "correct horse")).unwrap();
    assert_eq!(anchor(), first);
    world.clock.advance(Span::hours(1));
    wait(vault.login("ada@example.org", "correct horse")).unwrap();
    assert_eq!(anchor(), first.plus(Span::days(1)));
}

#[test]
fn amending_moves_lookups_adds_rows_and_keeps_what_is_required() {
    let vault = World::default().open();
    let me = staff("support");
    let eve = request(&vault, &[("email", "eve@example.org")], false);
    let eve = wait(vault.register(eve, &me)).unwrap().subject();
    let item = |name, text| vault.item(&Name::fixed(name), text).unwrap();
    let set =
        vec![item("email", "eve@example.net"), item("address", "Rue 1"), item("country", "FR")];
    wait(vault.amend(eve, Amendment { set, ..Amendment::default() }, &me)).unwrap();
    let by = |text: &str| {
        let (item, purpose) = (Name::fixed("email"), Name::fixed("account"));
        code(wait(vault.read_by(&item, text, &purpose, &me)))
    };
    assert_eq!((by("eve@example.net"), by("eve@example.org")), ("ok", "vault.not_found"));
    assert_eq!(wait(vault.outline(eve)).unwrap().len(), 2, "the billing row was added");
    let freed = request(&vault, &[("email", "eve@example.org")], false);
    let other = wait(vault.register(freed, &me)).unwrap().subject();
    let set = vec![item("email", "EVE@example.net")];
    let taken = wait(vault.amend(other, Amendment { set, ..Amendment::default() }, &me));
    assert_eq!(code(taken), "vault.not_unique");
    let remove = vec![Name::fixed("email")];
    let needed = wait(vault.amend(eve, Amendment { remove, ..Amendment::default() }, &me));
    assert_eq!(code(needed), "vault.required_item");
    wait(vault.audit()).unwrap();
}

#[test]
fn an_erasure_archives_what_a_law_asks_for_and_proves_the_rest() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let plan = wait(erasure::plan(&vault, subject)).unwrap();
    let fates: Vec<_> = plan
        .lines
        .iter()
        .map(|line| match &line.fate {
            Fate::Erase => format!("{} erase", line.class),
            Fate::Archive { until, .. } => format!("{} until {until}", line.class),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(fates, ["account erase", "billing until 2037-01-01T00:00:00Z", "payment erase"]);
    let erased = wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    // The receipt is checked with the public key alone.
    let keys = log::parse_vkeys(&wait(vault.verifier_keys()).unwrap()).unwrap();
    let verified = log::verify(&erased.receipt.text, &keys).unwrap();
    let leaf = Leaf::decode(&verified.leaf).unwrap();
    assert_eq!((leaf.subject, leaf.action.as_str()), (subject, "erasure.done"));
    let stated: Vec<_> = leaf.details.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(
        stated,
        [
            "erased=account",
            "reason=request",
            "erased=payment",
            "reason=request",
            "archived=billing",
            "law=Code de commerce, art. L123-22 al. 2",
            "until=2037-01-01T00:00:00Z",
        ]
    );
    // Only the law's purpose still reads, and only the items that it asks for.
    assert_eq!(read(&vault, subject, "accounting", "billing"), "address");
    assert_eq!(read(&vault, subject, "billing", "billing"), "vault.not_live");
    assert_eq!(read(&vault, subject, "account", "support"), "vault.not_found");
    assert_eq!(code(wait(vault.login("ada@example.org", "correct horse"))), "login.refused");
    let keys = wait(world.keyring.keys_of(subject)).unwrap();
    let live: Vec<_> = keys
        .iter()
        .filter(|(_, state)| matches!(state, KeyState::Live(_)))
        .map(|(key, _)| key.class.as_str())
        .collect();
    assert_eq!(live, ["billing"]);
    assert_eq!(wait(vault.destroys_under_way()).unwrap(), 0);
    let again = ada(&vault);
    assert_ne!(again, subject, "the address is free, the id is not used again");
    wait(vault.audit()).unwrap();
}

#[test]
fn somebody_who_was_never_invoiced_leaves_nothing() {
    let vault = World::default().open();
    let items = [("email", "free@example.org"), ("address", "Rue 1"), ("country", "FR")];
    let free = request(&vault, &items, false);
    let free = wait(vault.register(free, &staff("support"))).unwrap().subject();
    wait(erasure::erase(&vault, free, &staff("support"))).unwrap();
    assert!(wait(vault.outline(free)).unwrap().is_empty());
    let gone = wait(erasure::erase(&vault, free, &staff("support")));
    assert_eq!(code(gone), "vault.not_found");
}

#[test]
fn the_same_record_is_written_once() {
    let world = World::default();
    let vault = world.open();
    let me = staff("support");
    let record = |email: &str, source: &str| {
        let mut request = request(&vault, &[("email", email)], false);
        request.source = Some(source.as_bytes().to_vec().into());
        request
    };
    let page = vec![record("a@example.org", "1"), record("b@example.org", "2")];
    let first: Vec<_> =
        wait(vault.register_many(page, &me)).unwrap().into_iter().map(Result::unwrap).collect();
    assert!(first.iter().all(|one| matches!(one, Registered::New(_))));
    let size = || wait(world.store.status()).unwrap().unwrap().head.size;
    let before = size();
    let page = vec![record("a@example.org", "1"), record("b@example.org", "2")];
    let second: Vec<_> =
        wait(vault.register_many(page, &me)).unwrap().into_iter().map(Result::unwrap).collect();
    let known: Vec<_> = first.iter().map(|one| Registered::Known(one.subject())).collect();
    assert_eq!((second, size()), (known, before), "no row and no leaf");
    wait(erasure::erase(&vault, first[0].subject(), &me)).unwrap();
    let third = wait(vault.register(record("a@example.org", "1"), &me)).unwrap();
    assert_eq!(third, Registered::Known(first[0].subject()), "it outlives the erasure");
    let changed = wait(vault.register(record("a@example.org", "1 changed"), &me)).unwrap();
    assert!(matches!(changed, Registered::New(_)));
}

#[test]
fn a_legacy_digest_is_wrapped_by_a_job_and_replaced_by_a_login() {
    let world = World::default();
    let vault = world.open();
    let me = staff("support");
    // printf 'correct horse battery staple' | sha256sum
    let digest = "c4bbcb1fbec99d65bf59d85c8cb62ee2db963f0fe106f483d9afa73bd4e39a8a";
    let import = |email: &str| {
        let digest = tacenda_core::pii::Sha256Digest::parse(digest).unwrap();
        let mut request = request(&vault, &[("email", email)], false);
        let digest = zeroize::Zeroizing::new(*digest.as_bytes());
        request.password = Some(NewPassword::LegacySha256(digest));
        wait(vault.register(request, &me)).unwrap().subject()
    };
    for n in 0..5 {
        import(&format!("c{n}@example.org"));
    }
    let login = |email: &str| code(wait(vault.login(email, "correct horse battery staple")));
    let counts = || {
        let counts = wait(vault.count_passwords()).unwrap();
        assert_eq!(wait(vault.bare_passwords()).unwrap(), counts.bare);
        assert_eq!((counts.current, counts.unreadable), (5 - counts.bare - counts.wrapped, 0));
        (counts.bare, counts.wrapped)
    };
    assert_eq!(counts(), (5, 0));
    assert_eq!(login("c0@example.org"), "ok", "a bare digest is replaced at once");
    assert_eq!(counts(), (4, 0));
    // The job goes page by page, and may be stopped and begun again.
    let (wrapped, next) = wait(vault.wrap_legacy_page(None, 3)).unwrap();
    assert_eq!((wrapped <= 3, counts().1), (true, wrapped));
    assert!(next.is_some());
    let mut told = Vec::new();
    let rest = wait(vault.wrap_legacy(&mut |done| told.push(done))).unwrap();
    assert_eq!((wrapped + rest, counts()), (4, (0, 4)));
    assert_eq!(told, (1..=rest).collect::<Vec<_>>());
    assert_eq!(wait(vault.wrap_legacy(&mut |_| {})).unwrap(), 0);
    assert_eq!(code(wait(vault.login("c1@example.org", "wrong"))), "login.refused");
    let calls = world.passwords.calls();
    assert_eq!((login("c1@example.org"), counts()), ("ok", (0, 3)));
    assert_eq!(world.passwords.calls() - calls, 2, "one to check, one to replace");
    assert_eq!(login("c1@example.org"), "ok");
    wait(vault.audit()).unwrap();
}

#[test]
fn a_listing_leaves_a_leaf_per_subject_and_one_commit_per_page() {
    let (sound, faults) = (World::default(), Faults::none());
    let store = Arc::new(FailingStore::new(sound.store.clone(), faults.clone()));
    let world = World { store, ..sound.clone() };
    let vault = world.open();
    for n in 0..7 {
        let email = format!("c{n}@example.org");
        let one = request(&vault, &[("email", &email)], n % 2 == 0);
        wait(vault.register(one, &staff("support"))).unwrap();
    }
    // Leaves, and commits.
    let written = || (wait(sound.store.status()).unwrap().unwrap().head.size, faults.writes());
    let before = written();
    let ids = wait(vault.subjects(None, 99)).unwrap();
    assert_eq!((ids.len(), written()), (7, before), "ids alone leave no leaf");

    let billing = Name::fixed("billing");
    let (mut after, mut listed, mut pages) = (None, Vec::new(), Vec::new());
    loop {
        let before = written();
        let page = wait(vault.read_page(after, 3, &billing, &staff("billing"))).unwrap();
        let views = page.views.len();
        assert_eq!(written(), (before.0 + views as u64, before.1 + 1), "{views} leaves, a commit");
        pages.push(views);
        after = page.next;
        listed.extend(page.views);
        if after.is_none() {
            break;
        }
    }
    assert_eq!(pages, [3, 3, 1]);
    assert_eq!(listed.iter().map(|(subject, _)| *subject).collect::<Vec<_>>(), ids);
    for (subject, view) in listed {
        let last = wait(vault.history(subject, 1)).unwrap().remove(0);
        assert_eq!(last.purpose, Some(Name::fixed("billing")));
        match view {
            Ok(view) => {
                assert!(view.get("email").is_some() && view.subject == subject);
                assert_eq!(last.action, *"subject.read");
            }
            Err(error) => {
                assert_eq!(error.code(), "policy.condition_not_met");
                assert_eq!(last.action, *"subject.read_refused");
            }
        }
    }
    let before = written();
    let views = wait(vault.read_many(&ids, &Name::fixed("account"), &staff("support"))).unwrap();
    assert!(views.len() == 7 && views.iter().all(Result::is_ok));
    assert_eq!(written(), (before.0 + 7, before.1 + 1));
}
