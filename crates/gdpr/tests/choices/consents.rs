//! Consents: given, renewed, withdrawn, proven and forgotten.

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::policy::records::{CONSENTS, REQUESTS};
use tacenda_core::vault::{
    Actor, Effects, Entry, MODEL, NewRecord, OnRestore, RecordItems, RecordKey, Standing, Vault,
};
use tacenda_core::{ActorId, Name, SubjectId};
use tacenda_gdpr::consent::{self, Giver, Giving, How, State, Withdrawal};
use tacenda_gdpr::{erasure, retention};
use tacenda_testkit::world::{POLICY, World, ada, request, staff};

use crate::support::*;

fn states(vault: &Vault, subject: SubjectId) -> Vec<State> {
    let listed = wait(consent::consents_of(vault, subject, &ACCOUNT, &staff("support"))).unwrap();
    listed.into_iter().map(|one| one.consent.unwrap().state().clone()).collect()
}

fn standing(vault: &Vault, key: &RecordKey) -> Standing {
    wait(vault.record(key)).unwrap().standing
}

#[test]
fn a_purpose_is_read_while_a_consent_stands_and_not_a_read_longer() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    assert_eq!(read(&vault, subject, &NEWS), "policy.no_consent");
    let first = give(&vault, subject).unwrap();
    assert!(first.changed);
    let leaf = wait(vault.history(subject, 1)).unwrap().remove(0);
    assert_eq!(leaf.action, *"consent.given");
    let rows: Vec<_> = leaf.rows.iter().map(|row| row.kind.as_str()).collect();
    assert_eq!(rows, ["profile.account", "consent"], "proof and account under one leaf");
    assert_eq!((leaf.find("purpose"), leaf.find("version")), (Some("newsletter"), Some("3")));
    assert_eq!(read(&vault, subject, &NEWS), "ok");
    assert_eq!(read(&vault, subject, &OFFERS), "ok", "which rests on something else");

    // Twice is once.
    let again = give(&vault, subject).unwrap();
    assert_eq!((&again.key, again.changed), (&first.key, false));

    pass(&world, 2);
    assert_eq!(withdraw(&vault, subject).unwrap(), Withdrawal::Ended(first.key.clone()));
    assert_eq!(read(&vault, subject, &NEWS), "policy.no_consent");
    assert_eq!(standing(&vault, &first.key), Standing::Closed { at: vault.now() });
    assert_eq!(withdraw(&vault, subject).unwrap(), Withdrawal::NothingStood);

    // Who consents again, later, gets a proof of its own.
    pass(&world, 1);
    let second = give(&vault, subject).unwrap();
    assert!(second.changed && second.key != first.key);
    assert_eq!(read(&vault, subject, &NEWS), "ok");
    let states = states(&vault, subject);
    assert!(matches!(&states[..], [State::Withdrawn(at), State::Stands(_)] if *at < vault.now()));
    wait(vault.audit()).unwrap();
}

#[test]
fn the_proof_says_what_was_agreed_to_how_and_when() {
    let vault = World::default().open();
    let subject = ada(&vault);
    let given_at = vault.now().minus(Span::days(9));
    let paper = Giving { how: How::Paper, given_at, ..giving(&vault) };
    let key = wait(consent::give(&vault, subject, &paper, &staff("support"))).unwrap().key;
    let listed = wait(consent::consents_of(&vault, subject, &ACCOUNT, &staff("support"))).unwrap();
    assert_eq!(listed[0].key, key);
    let kept = listed[0].consent.as_ref().unwrap();
    assert_eq!(kept.purpose(), &NEWS);
    let State::Stands(given) = kept.state() else { panic!("{kept:?}") };
    let text = &vault.policy().consents[&NEWS];
    assert_eq!((&given.text, given.version, given.language.as_str()), (&NEWS, 3, "en"));
    assert_eq!(given.digest, text.digest("en").unwrap());
    assert_eq!((given.how, given.given_at, given.by), (How::Paper, given_at, Giver::Person));
    let [entry] = kept.entries() else { panic!("{kept:?}") };
    assert_eq!((entry.at, entry.by), (vault.now(), staff("support").id), "entered by whom, when");
}

#[test]
fn a_new_text_asks_again_only_if_the_policy_says_so() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let key = give(&vault, subject).unwrap().key;
    let text = "version = 3\noldest_valid = 2";
    let vault = later(&world, 2, &[(text, "version = 4\noldest_valid = 2")]);
    assert_eq!(read(&vault, subject, &NEWS), "ok");
    let vault = later(&world, 3, &[(text, "version = 4\noldest_valid = 4")]);
    assert_eq!(read(&vault, subject, &NEWS), "policy.no_consent");
    let renewed = give(&vault, subject).unwrap();
    assert_eq!((&renewed.key, renewed.changed), (&key, true), "the same consent goes on");
    assert_eq!(read(&vault, subject, &NEWS), "ok");
    let listed = wait(consent::consents_of(&vault, subject, &ACCOUNT, &staff("support"))).unwrap();
    assert_eq!(listed[0].consent.as_ref().unwrap().entries().len(), 2);
    // What it was given to is no text of this purpose any more.
    let other = [("[consents.newsletter]", "[consents.another]"), (text, "version = 4")];
    let vault = later(&world, 4, &other);
    assert_eq!(read(&vault, subject, &NEWS), "policy.no_consent");
    withdraw(&vault, subject).unwrap();
    wait(vault.audit()).unwrap();
}

#[test]
fn what_the_policy_counts_no_more_ends_and_does_not_come_back() {
    let text = "version = 3\noldest_valid = 2";
    let renamed: &[(&str, &str)] = &[("[consents.newsletter]", "[consents.another]")];
    let raised: &[(&str, &str)] = &[(text, "version = 4\noldest_valid = 4")];
    for edits in [renamed, raised] {
        let world = World::default();
        let vault = world.open();
        let subject = ada(&vault);
        let key = give(&vault, subject).unwrap().key;
        assert_eq!(wait(consent::settle(&vault, None, 9)).unwrap().ended, 0);
        let vault = later(&world, 2, edits);
        assert_eq!(read(&vault, subject, &NEWS), "policy.no_consent");
        assert_eq!(wait(consent::settle(&vault, None, 9)).unwrap().ended, 1);
        assert_eq!(standing(&vault, &key), Standing::Closed { at: vault.now() });
        assert_eq!(states(&vault, subject), [State::Ended]);
        assert!(wait(vault.stance(subject)).unwrap().unwrap().is_empty());
        assert_eq!(wait(consent::settle(&vault, None, 9)).unwrap().ended, 0);
        let before = POLICY.replacen("version = 1\n", "version = 3\n", 1);
        match world.try_open(&before, OnRestore::Refuse) {
            Ok((vault, _)) => {
                assert_eq!(edits, renamed);
                assert_eq!(read(&vault, subject, &NEWS), "policy.no_consent");
            }
            Err(error) => {
                assert_eq!((edits, error.code()), (raised, "vault.consent_version"));
            }
        }
        // Nor by way of a policy without it.
        if edits == raised {
            drop(later(&world, 3, renamed));
            let again = POLICY.replacen("version = 1\n", "version = 4\n", 1);
            let error = world.try_open(&again, OnRestore::Refuse).map(drop).unwrap_err();
            assert_eq!(error.code(), "vault.consent_version");
        }
    }
}

#[test]
fn wrong_consents_are_refused_and_nothing_is_written() {
    let vault = World::default().open();
    let subject = ada(&vault);
    let before = wait(vault.history(subject, 99)).unwrap().len();
    let tried =
        |giving: Giving, actor: &Actor| code(wait(consent::give(&vault, subject, &giving, actor)));
    let (me, good) = (Actor::subject(subject), giving(&vault));
    let text = Giving { text: Name::fixed("account"), ..good.clone() };
    assert_eq!(tried(text, &me), "consent.unknown_text", "a consent for no purpose");
    let language = Giving { language: "pl".into(), ..good.clone() };
    assert_eq!(tried(language, &me), "consent.unknown_language");
    let early = Giving { given_at: vault.now().plus(Span::seconds(1)), ..good.clone() };
    assert_eq!(tried(early, &me), "consent.in_future");
    let stranger = Actor::subject(SubjectId::generate(vault.now(), vault.ports().rng.as_ref()));
    assert_eq!(tried(good.clone(), &stranger), "consent.not_the_subject");
    assert_eq!(tried(good.clone(), &Actor::system()), "consent.given_by_nobody");
    let ghost = Actor::staff(ActorId::from_bytes([9; 16]), Name::fixed("ghost"));
    assert_eq!(tried(good, &ghost), "policy.unknown_role");

    let withdraw = |purpose: &'static str, at, actor: &Actor| {
        let when = (at, How::Account);
        code(wait(consent::withdraw(&vault, subject, &Name::fixed(purpose), when, actor)))
    };
    let now = vault.now();
    assert_eq!(withdraw("account", now, &me), "consent.other_basis");
    assert_eq!(withdraw("nothing", now, &me), "policy.unknown_purpose");
    assert_eq!(withdraw("newsletter", now, &stranger), "consent.not_the_subject");
    assert_eq!(wait(vault.history(subject, 99)).unwrap().len(), before);
    let nobody = SubjectId::generate(now, vault.ports().rng.as_ref());
    assert_eq!(code(give(&vault, nobody)), "vault.not_found");
}

#[test]
fn no_clock_refuses_a_withdrawal() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    for (n, (micros, expected)) in [(-1, -1), (0, 0), (1, 0)].into_iter().enumerate() {
        pass(&world, 1);
        let key = give(&vault, subject).unwrap().key;
        let (now, me) = (vault.now(), Actor::subject(subject));
        let said = now.plus(Span::seconds(micros));
        let ended =
            wait(consent::withdraw(&vault, subject, &NEWS, (said, How::Account), &me)).unwrap();
        assert_eq!(ended, Withdrawal::Ended(key));
        assert_eq!(read(&vault, subject, &NEWS), "policy.no_consent");
        let kept = now.plus(Span::seconds(expected));
        assert_eq!(states(&vault, subject)[n], State::Withdrawn(kept), "as it was said");
        // The consent that it ended is not entered once more, by a queue that tries again.
        assert_eq!(code(give(&vault, subject)), "consent.withdrawn_since");
        // Nor by a process whose clock went back, with the withdrawal.
        world.clock.advance(Span::hours(-1));
        assert_eq!(withdraw(&vault, subject).unwrap(), Withdrawal::NothingStood);
        world.clock.advance(Span::hours(1));
    }
    wait(vault.audit()).unwrap();
}

#[test]
fn a_consent_from_before_the_withdrawal_comes_too_late() {
    let world = World::default();
    let vault = world.open();
    let (subject, clerk) = (ada(&vault), staff("support"));
    let enter = |given_at| {
        let paper = Giving { how: How::Paper, given_at, ..giving(&vault) };
        code(wait(consent::give(&vault, subject, &paper, &clerk)))
    };
    let first = vault.now();
    pass(&world, 4);
    // Nothing stands yet, and the no is kept all the same.
    assert_eq!(withdraw(&vault, subject).unwrap(), Withdrawal::NothingStood);
    let leaf = wait(vault.history(subject, 1)).unwrap().remove(0);
    assert_eq!((leaf.action.as_str(), leaf.find("stood")), ("consent.withdrawn", Some("none")));
    let no = vault.now();
    pass(&world, 5);
    let leaves = || wait(vault.history(subject, 99)).unwrap().len();
    let before = leaves();
    assert_eq!(enter(first), "consent.withdrawn_since");
    assert_eq!(enter(no), "consent.withdrawn_since");
    assert_eq!(leaves(), before, "nothing is written");
    assert_eq!(read(&vault, subject, &NEWS), "policy.no_consent");
    // What was said later counts, whenever it is entered; an older no changes nothing then.
    assert_eq!(enter(no.plus(Span::days(1))), "ok");
    assert_eq!(read(&vault, subject, &NEWS), "ok");
    // Another text of before the withdrawal does not take its place.
    let text = "version = 3\noldest_valid = 2";
    let vault = later(&world, 2, &[(text, "version = 4\noldest_valid = 2")]);
    let paper = Giving { how: How::Paper, given_at: first, ..giving(&vault) };
    let late = wait(consent::give(&vault, subject, &paper, &clerk));
    assert_eq!(code(late), "consent.withdrawn_since");
    assert_eq!(read(&vault, subject, &NEWS), "ok", "what stands goes on");
    wait(vault.audit()).unwrap();
}

#[test]
fn who_had_their_data_restricted_can_still_withdraw() {
    let vault = World::default().open();
    let subject = ada(&vault);
    give(&vault, subject).unwrap();
    let new = NewRecord {
        subject: Some(subject),
        standing: Standing::Open { state: Name::fixed("received"), due_at: None },
        items: RecordItems::default().with(MODEL, b"restriction".to_vec()),
        entry: Entry::new("request.opened"),
        effects: Effects { restricted: [(ACCOUNT, true)].into(), ..Effects::default() },
    };
    wait(vault.add_record(&REQUESTS, new, &staff("support"))).unwrap();
    assert_eq!(read(&vault, subject, &NEWS), "vault.not_live");
    assert!(matches!(withdraw(&vault, subject).unwrap(), Withdrawal::Ended(_)));
    let stance = wait(vault.stance(subject)).unwrap().unwrap();
    assert!(stance.consents.is_empty() && stance.withdrawn.contains_key(&NEWS));
    wait(vault.audit()).unwrap();
}

#[test]
fn the_proof_is_kept_from_the_withdrawal_on_and_then_goes() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let key = give(&vault, subject).unwrap().key;
    let stay = || wait(vault.login("ada@example.org", "correct horse")).unwrap();
    let sweep = || {
        let digest = wait(retention::plan(&vault)).unwrap().digest;
        wait(erasure::sweep(&vault, Some(digest), &Actor::system(), &mut |_| {})).unwrap()
    };
    for year in ["2028", "2030", "2032"] {
        world.set_time(&format!("{year}-06-01T08:00:00Z"));
        stay();
    }
    sweep();
    assert_eq!(read(&vault, subject, &NEWS), "ok", "proof is kept while it is used");
    withdraw(&vault, subject).unwrap();
    for year in ["2034", "2036"] {
        world.set_time(&format!("{year}-06-01T08:00:00Z"));
        stay();
    }
    world.set_time("2037-06-01T23:59:59Z");
    sweep();
    assert!(wait(vault.record(&key)).is_ok(), "five years");
    world.set_time("2037-06-02T00:00:00Z");
    sweep();
    assert_eq!(code(wait(vault.record(&key))), "vault.no_such_record");
    stay();
}

#[test]
fn the_proof_of_an_erased_account_begins_its_retention() {
    let world = World::default();
    let vault = world.open();
    let (gone, stays) = (ada(&vault), {
        let bo = request(&vault, &[("email", "bo@example.org")], false);
        wait(vault.register(bo, &staff("support"))).unwrap().subject()
    });
    let [ended, stands] = [gone, stays].map(|subject| give(&vault, subject).unwrap().key);
    wait(erasure::erase(&vault, gone, &staff("support"))).unwrap();
    assert!(matches!(standing(&vault, &ended), Standing::Open { .. }));
    // By pages of one.
    let mut settled = wait(consent::settle(&vault, None, 1)).unwrap();
    let mut all = settled.ended;
    while let Some(last) = settled.next {
        settled = wait(consent::settle(&vault, Some(&last), 1)).unwrap();
        all += settled.ended;
    }
    assert_eq!(all, 1);
    assert!(matches!(standing(&vault, &ended), Standing::Closed { .. }));
    assert!(matches!(standing(&vault, &stands), Standing::Open { .. }));
    assert_eq!(states(&vault, gone), [State::Ended]);
    assert_eq!(withdraw(&vault, gone).unwrap(), Withdrawal::NothingStood);
    let due = wait(vault.records_due(&CONSENTS, &Name::fixed("given"), vault.now(), None, 9));
    assert_eq!(due.unwrap().len(), 1);
    wait(vault.audit()).unwrap();
}
