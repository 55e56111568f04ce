//! Amendments and the second login of a day beside what goes: what was answered with success was so
//! before the erasure, and what comes after it is refused.

use std::cell::Cell;

use pollster::block_on as wait;
use sha2::{Digest as _, Sha256};
use tacenda_core::leaf::Leaf;
use tacenda_core::password::Password;
use tacenda_core::ports::StoredLeaf;
use tacenda_core::vault::{Actor, Amendment, NewPassword, OnRestore, Vault};
use tacenda_core::{Name, Result, SubjectId, Timestamp};
use tacenda_gdpr::{erasure, retention};
use tacenda_testkit::world::{POLICY, World, ada, request, staff};
use tacenda_testkit::{After, Cut, Faults};

use super::{Cuttable, between, everywhere, try_open};

const EMAIL: &str = "eve@example.org";
/// Three years and more ago: the account is due.
const LONG_AGO: &str = "2019-01-01T00:00:00Z";
/// More than 13 months ago: the card is due, and nothing else.
const SINCE_2025: &str = "2025-01-01T00:00:00Z";

fn eve(world: &World, since: &str) -> SubjectId {
    eve_of(&world.open(), since)
}

fn eve_of(vault: &Vault, since: &str) -> SubjectId {
    let items = [("email", EMAIL), ("note", "old"), ("card_last4", "4242")];
    let mut request = request(vault, &items, true);
    let digest: [u8; 32] = Sha256::digest("pass").into();
    request.password = Some(NewPassword::LegacySha256(digest.into()));
    let since = Some(Timestamp::parse_rfc3339(since).unwrap());
    (request.registered_at, request.last_login_at) = (since, since);
    wait(vault.register(request, &staff("support"))).unwrap().subject()
}

fn sweep(world: &World) -> Result<()> {
    sweep_of(&try_open(world)?)
}

fn sweep_of(vault: &Vault) -> Result<()> {
    let digest = wait(retention::plan(vault))?.digest;
    wait(erasure::sweep(vault, Some(digest), &Actor::system(), &mut |_| {})).map(drop)
}

fn erase(world: &World, subject: SubjectId) -> Result<()> {
    wait(erasure::erase(&try_open(world)?, subject, &staff("support"))).map(drop)
}

fn amend(world: &World, subject: SubjectId, items: &[(&'static str, &str)]) -> Result<()> {
    let vault = try_open(world)?;
    let set = items.iter().map(|(item, text)| vault.item(&Name::fixed(item), text).unwrap());
    let amendment = Amendment { set: set.collect(), ..Amendment::default() };
    wait(vault.amend(subject, amendment, &staff("support")))
}

fn code(result: &Result<()>) -> &'static str {
    result.as_ref().err().map_or("ok", |error| error.code())
}

/// A value as whoever bills reads it; `None` if it is gone.
fn value(vault: &Vault, subject: SubjectId, item: &str) -> Option<String> {
    let purpose = Name::fixed(if item == "note" { "account" } else { "billing" });
    let view = wait(vault.read(subject, &purpose, &staff("billing")));
    view.ok().and_then(|view| view.get(item).map(str::to_owned))
}

/// The actions of all leaves, in their order.
fn actions(world: &World) -> Vec<Name> {
    let leaves = wait(world.store.leaves(1, 0, 999)).unwrap().into_iter();
    let text = |leaf: StoredLeaf| Leaf::decode(&leaf.bytes.unwrap()).unwrap().action;
    leaves.map(text).collect()
}

/// Whether the last leaf with this action stands behind the first intent.
fn is_behind_the_intent(world: &World, action: &str) -> bool {
    let actions = actions(world);
    let intent = actions.iter().position(|one| *one == *"erasure.intended");
    let last = actions.iter().rposition(|one| *one == *action);
    last.zip(intent).is_some_and(|(last, intent)| last > intent)
}

/// How often it was accepted and how often refused.
#[derive(Default)]
struct Ends {
    accepted: Cell<u32>,
    refused: Cell<u32>,
}

impl Ends {
    fn count(&self, code: &'static str, refusals: &[&str]) -> bool {
        let accepted = code == "ok";
        assert!(accepted || refusals.contains(&code), "{code}");
        let count = if accepted { &self.accepted } else { &self.refused };
        count.set(count.get() + 1);
        accepted
    }

    fn both(&self) {
        let ends = (self.accepted.get(), self.refused.get());
        assert!(ends.0 > 3 && ends.1 > 3, "{ends:?}");
    }
}

#[test]
fn an_amendment_of_an_account_that_goes_counts_or_is_refused() {
    type Act = fn(&World, SubjectId) -> Result<()>;
    let acts: [Act; 2] = [|world, _| sweep(world), erase];
    for act in acts {
        // Of a class in use, and of one that begins.
        for (item, text) in [("note", "new"), ("card_last4", "1111"), ("country", "FR")] {
            let ends = Ends::default();
            everywhere(
                |world| eve(&world.sound, LONG_AGO),
                act,
                |world, eve, done| {
                    let amended = code(&amend(&world.sound, eve, &[(item, text)]));
                    let vault = world.sound.open();
                    let begun = wait(vault.destroys_under_way()).unwrap() > 0;
                    wait(vault.resume_destroys()).unwrap();
                    let refusals = ["erasure.under_way", "vault.not_found"];
                    let kept = ends.count(amended, &refusals).then(|| text.to_owned());
                    assert_eq!(value(&vault, eve, item), kept, "{item} {done} {begun}");
                    wait(vault.audit()).unwrap();
                },
            );
            ends.both();
        }
    }
}

#[test]
fn an_amendment_of_a_class_that_goes_alone_counts_or_is_refused() {
    let ends = Ends::default();
    everywhere(
        |world| eve(&world.sound, SINCE_2025),
        |world, _| sweep(world),
        |world, eve, _| {
            amend(&world.sound, eve, &[("note", "new")]).unwrap();
            let amended = code(&amend(&world.sound, eve, &[("card_last4", "1111")]));
            let vault = world.sound.open();
            wait(vault.resume_destroys()).unwrap();
            let kept = ends.count(amended, &["erasure.under_way"]).then(|| "1111".to_owned());
            assert_eq!(value(&vault, eve, "card_last4"), kept);
            assert_eq!(value(&vault, eve, "note").as_deref(), Some("new"));
            wait(vault.audit()).unwrap();
        },
    );
    ends.both();
}

#[test]
fn no_amendment_is_accepted_behind_the_intent_of_a_sweep() {
    let refusals = ["erasure.under_way", "vault.not_found"];
    let (beside, within) = (Ends::default(), Ends::default());
    between(
        |world| eve(&world.sound, LONG_AGO),
        |world, _| sweep(world),
        |world, eve| drop(amend(world, eve, &[("note", "new")])),
        |world, _, swept| {
            swept.unwrap();
            let told = actions(&world.sound).iter().any(|one| *one == *"subject.amended");
            beside.count(if told { "ok" } else { refusals[0] }, &refusals);
            assert!(!is_behind_the_intent(&world.sound, "subject.amended"));
        },
    );
    beside.both();
    // The other way round: the whole sweep while an amendment stands still, also a killed one.
    let count = |act: &dyn Fn(&World, SubjectId) -> Result<()>| {
        let (world, faults) = (Cuttable::new(), Faults::none());
        let subject = eve(&world.sound, LONG_AGO);
        act(&world.cut(&faults), subject).unwrap();
        faults.operations()
    };
    let new = [("card_last4", "1111")];
    let opened = count(&|world, _| try_open(world).map(drop));
    let steps = count(&|world, eve| amend(world, eve, &new));
    for killed in opened..=count(&|world, _| sweep(world)) {
        for step in opened..steps {
            let world = Cuttable::new();
            let eve = eve(&world.sound, LONG_AGO);
            let other = world.cut(&Faults::cut(killed, Cut::After, After::StaysDown));
            let faults = Faults::meanwhile(step, move || drop(sweep(&other)));
            let amended = code(&amend(&world.cut(&faults), eve, &new));
            let vault = world.sound.open();
            wait(vault.resume_destroys()).unwrap();
            let kept = within.count(amended, &refusals).then(|| "1111".to_owned());
            assert_eq!(value(&vault, eve, "card_last4"), kept);
            assert!(!is_behind_the_intent(&world.sound, "subject.amended"));
        }
    }
    within.both();
}

#[test]
fn nothing_is_amended_in_an_account_that_is_about_to_go() {
    let world = Cuttable::new();
    let eve = eve(&world.sound, LONG_AGO);
    let before = |killed| Faults::cut(killed, Cut::After, After::StaysDown);
    // The first step behind which the intent is in the log.
    let begun = (0..).find(|killed| {
        let _ = sweep(&world.cut(&before(*killed)));
        wait(world.sound.open().destroys_under_way()).unwrap() > 0
    });
    assert!(begun.is_some());
    let vault = world.sound.open();
    let amendments = [
        Amendment { remove: vec![Name::fixed("note")], ..Amendment::default() },
        Amendment { facts: [(Name::fixed("invoiced"), false)].into(), ..Amendment::default() },
        Amendment { facts: [(Name::fixed("invoiced"), true)].into(), ..Amendment::default() },
        Amendment { password: Password::parse("another one").ok(), ..Amendment::default() },
        Amendment { close_at: Some(vault.now()), ..Amendment::default() },
    ];
    let size = actions(&world.sound).len();
    for amendment in amendments {
        let refused = wait(vault.amend(eve, amendment, &staff("support")));
        assert_eq!(code(&refused), "erasure.under_way");
    }
    assert_eq!(actions(&world.sound).len(), size);
}

#[test]
fn the_second_login_of_a_day_is_refused_as_the_first_is() {
    let ends = Ends::default();
    let login = |world: &World| wait(try_open(world)?.login(EMAIL, "pass")).map(drop);
    everywhere(
        |world| {
            let eve = eve(&world.sound, "2026-01-01T00:00:00Z");
            login(&world.sound).unwrap();
            eve
        },
        erase,
        |world, _, _| {
            let vault = world.sound.open();
            let begun = wait(vault.destroys_under_way()).unwrap() > 0;
            let accepted = ends.count(code(&login(&world.sound)), &["login.refused"]);
            assert!(!accepted || !begun);
        },
    );
    ends.both();
}

/// The policy with passwords in the account's class, and in another.
fn with_passwords() -> [String; 2] {
    let items = "items = [\"email\", \"password\", \"first_name\", \"note\"]\nclock";
    assert!(POLICY.contains(items));
    let apart = POLICY.replace(items, &items.replace("\"password\", ", ""));
    let card = "items = [\"card_last4\"]\nclock";
    [POLICY.to_owned(), apart.replace(card, &card.replace("]", ", \"password\"]"))]
}

#[test]
fn nobody_is_let_in_with_a_password_that_was_changed_before() {
    for policy in with_passwords() {
        let open = move |world: &World| world.try_open(&policy, OnRestore::Refuse).unwrap().0;
        let (prepare, act, other) = (open.clone(), open.clone(), open.clone());
        let ends = Ends::default();
        between(
            move |world| ada(&prepare(&world.sound)),
            move |world, _| wait(act(world).login("ada@example.org", "correct horse")).map(drop),
            move |world, ada| {
                let password = Password::parse("another horse").ok();
                let amendment = Amendment { password, ..Amendment::default() };
                wait(other(world).amend(ada, amendment, &staff("support"))).unwrap();
            },
            |world, _, done| {
                let accepted = ends.count(code(&done), &["login.refused"]);
                let actions = actions(&world.sound);
                let changed = actions.iter().position(|one| *one == *"subject.amended").unwrap();
                let login = actions.iter().position(|one| *one == *"login.accepted");
                assert_eq!(login.is_some(), accepted);
                assert!(login.is_none_or(|login| login < changed));
                wait(open(&world.sound).login("ada@example.org", "another horse")).unwrap();
            },
        );
        assert!(ends.accepted.get() + ends.refused.get() > 5 && ends.refused.get() > 3);
    }
}

#[test]
fn whoever_is_let_in_keeps_the_password() {
    let [_, apart] = with_passwords();
    let open = move |world: &World| world.try_open(&apart, OnRestore::Refuse).map(|(v, _)| v);
    let ends = Ends::default();
    let login = |vault: &Vault| wait(vault.login(EMAIL, "pass")).map(drop);
    everywhere(
        |world| eve_of(&open(&world.sound).unwrap(), SINCE_2025),
        |world, _| sweep_of(&open(world)?),
        |world, _, _| {
            let vault = open(&world.sound).unwrap();
            let accepted = ends.count(code(&login(&vault)), &["login.refused"]);
            wait(vault.resume_destroys()).unwrap();
            assert_eq!(login(&vault).is_ok(), accepted);
            wait(vault.audit()).unwrap();
        },
    );
    ends.both();
}
