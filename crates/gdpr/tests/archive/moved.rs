//! Items that move to another class while a law keeps what was archived of them.

use pollster::block_on as wait;
use tacenda_core::clock::{Clock as _, Span};
use tacenda_core::ports::KeyState;
use tacenda_core::vault::{Amendment, OnRestore, Vault};
use tacenda_core::{ActorId, Name, SubjectId};
use tacenda_gdpr::holds::{self, Ground, Note, Scope, Terms};
use tacenda_gdpr::{erasure, retention};
use tacenda_testkit::world::{POLICY, World, ada, request, staff, two_laws};

use super::{at, billing, code, keys, open, sweep};

const TAX_ENDS: &str = "2032-06-02T00:00:00Z";
const VOUCHERS_END: &str = "2037-01-01T00:00:00Z";
const RULE: &str = "\n[[classes.billing.retention]]\nkeep = \"10 years\"\n\
    start = \"end of financial year\"\nlaw = \"vouchers\"\narchive = true\n";

/// The policy with the address in a class of its own, to which the law of vouchers moves with it.
pub(super) fn with_its_law(policy: &str) -> String {
    let rule = RULE.replace("classes.billing", "classes.invoices");
    let class = format!(
        "[classes.invoices]\nitems = [\"address\"]\n\
         clock = {{ open = \"last login\", closed = \"closed\" }}\nkey = \"subject\"\n\n\
         [[classes.invoices.retention]]\nkeep = \"3 years\"\n{rule}\n[classes.payment]\n"
    );
    assert_eq!(policy.matches(RULE).count(), 1);
    policy
        .replace("version = 1", "version = 2")
        .replace(RULE, "")
        .replace("items = [\"address\", \"country\"]\nclock", "items = [\"country\"]\nclock")
        .replace("[classes.payment]\n", &class)
}

/// The policy with the address in the account's class. The law stays where it was, for the
/// country, and its purpose still sees both.
fn without_its_law() -> String {
    let seen = "items = [\"address\"]\narchive_of";
    assert_eq!(POLICY.matches(seen).count(), 1);
    POLICY
        .replace("version = 1", "version = 2")
        .replace("items = [\"address\", \"country\"]\nclock", "items = [\"country\"]\nclock")
        .replace(
            "\"first_name\", \"note\"]\nclock",
            "\"first_name\", \"note\", \"address\"]\nclock",
        )
        .replace(seen, "items = [\"address\", \"country\"]\narchive_of")
}

fn erased(world: &World, policy: &str) -> SubjectId {
    let vault = open(world, policy);
    let subject = ada(&vault);
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    subject
}

/// What a purpose sees of the address and the country.
fn seen(vault: &Vault, subject: SubjectId, purpose: &str, role: &'static str) -> [String; 2] {
    let purpose = Name::parse(purpose).unwrap();
    let view = wait(vault.read(subject, &purpose, &staff(role)));
    match view {
        Ok(view) => ["address", "country"].map(|item| view.get(item).unwrap_or("-").to_owned()),
        Err(error) => [error.code().to_owned(), String::new()],
    }
}

fn told(vault: &Vault, subject: SubjectId) -> [String; 2] {
    seen(vault, subject, "accounting", "billing")
}

#[test]
fn an_item_that_moves_with_its_law_is_kept_until_the_day_that_was_told() {
    let world = World::default();
    let subject = erased(&world, POLICY);
    let vault = open(&world, &with_its_law(POLICY));
    let (kept, address) = (["0 archived address"], ["ul. Prosta 1".to_owned(), "-".to_owned()]);
    assert_eq!(told(&vault, subject), address);
    let refused = ["vault.not_live".to_owned(), String::new()];
    assert_eq!(seen(&vault, subject, "billing", "billing"), refused, "no archive of its");
    for now in [world.clock.now(), at(VOUCHERS_END).minus(Span::micros(1))] {
        world.clock.set(now);
        assert_eq!(wait(retention::plan(&vault)).unwrap().due(), 0);
        sweep(&vault);
        assert_eq!(
            (billing(&vault, subject), told(&vault, subject)),
            (kept.map(str::to_owned).into(), address.clone())
        );
    }
    world.clock.set(at(VOUCHERS_END));
    assert_eq!(
        told(&vault, subject),
        refused,
        "its law has ended, whether a sweep has come or not"
    );
    assert_eq!(wait(retention::plan(&vault)).unwrap().due(), 1);
    sweep(&vault);
    assert_eq!((billing(&vault, subject).len(), keys(&world, subject).len()), (0, 0));
    wait(vault.audit()).unwrap();
}

#[test]
fn what_another_law_keeps_in_the_class_goes_alone() {
    let world = World::default();
    let subject = erased(&world, &two_laws());
    let vault = open(&world, &with_its_law(&two_laws()));
    let both = ["ul. Prosta 1".to_owned(), "PL".to_owned()];
    assert_eq!(seen(&vault, subject, "tax", "tax"), both);
    assert_eq!(told(&vault, subject), [both[0].clone(), "-".to_owned()], "no country for vouchers");
    for (now, due, left) in [
        ("2032-06-01T23:59:59Z", 0, "0 archived address country"),
        (TAX_ENDS, 1, "0 archived address"),
        ("2036-12-31T23:59:59Z", 0, "0 archived address"),
    ] {
        world.clock.set(at(now));
        assert_eq!(wait(retention::plan(&vault)).unwrap().due(), due, "{now}");
        sweep(&vault);
        assert_eq!(billing(&vault, subject), [left], "{now}");
        assert_eq!(wait(retention::plan(&vault)).unwrap().due(), 0, "{now}");
        assert_eq!(told(&vault, subject)[0], "ul. Prosta 1", "{now}");
    }
    assert_eq!(seen(&vault, subject, "tax", "tax")[0], "vault.not_live");
    world.clock.set(at(VOUCHERS_END));
    assert_eq!(wait(retention::plan(&vault)).unwrap().due(), 1);
    sweep(&vault);
    assert_eq!((billing(&vault, subject).len(), keys(&world, subject).len()), (0, 0));
    wait(vault.audit()).unwrap();
}

#[test]
fn an_item_that_moves_away_from_its_law_is_kept_where_it_was_archived() {
    let world = World::default();
    let subject = erased(&world, POLICY);
    let vault = open(&world, &without_its_law());
    let items = [("email", "eve@example.org"), ("address", "Rue 1"), ("country", "FR")];
    let eve = wait(vault.register(request(&vault, &items, true), &staff("support")));
    let eve = eve.unwrap().subject();
    wait(erasure::erase(&vault, eve, &staff("support"))).unwrap();
    assert_eq!(billing(&vault, eve), ["0 archived country"], "what is live follows its class");
    assert_eq!(told(&vault, eve), ["-", "FR"]);
    world.clock.set(at(VOUCHERS_END).minus(Span::micros(1)));
    sweep(&vault);
    assert_eq!(told(&vault, subject), ["ul. Prosta 1", "-"]);
    world.clock.set(at(VOUCHERS_END));
    sweep(&vault);
    assert_eq!(wait(vault.outline(subject)).unwrap().len(), 0);
    assert_eq!(wait(vault.outline(eve)).unwrap().len(), 0);
    wait(vault.audit()).unwrap();
}

#[test]
fn an_archive_whose_item_has_moved_is_missed_where_it_was() {
    let world = World::default();
    let vault = open(&world, POLICY);
    let subject = ada(&vault);
    super::archive(&vault, subject).unwrap();
    super::bill(&vault, subject, "Rue 2").unwrap();
    drop(vault);
    let vault = open(&world, &with_its_law(POLICY));
    assert_eq!(billing(&vault, subject), ["0 archived address", "1 live country"]);
    let purpose = Name::fixed("accounting");
    let view = wait(vault.read(subject, &purpose, &staff("billing"))).unwrap();
    let all: Vec<_> = view.all("address").map(|kept| (kept.text(), kept.archived)).collect();
    assert_eq!(all, [("ul. Prosta 1", true), ("Rue 2", false)]);
    let remove = Amendment { remove: vec![Name::fixed("address")], ..Amendment::default() };
    wait(vault.amend(subject, remove, &staff("support"))).unwrap();
    assert_eq!(told(&vault, subject)[0], "ul. Prosta 1");
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    assert_eq!(billing(&vault, subject), ["0 archived address"]);
    assert_eq!(code(wait(vault.audit())), "ok");
}

/// The policy without the law of vouchers, or without and with the address in the account's class.
fn dropped(version: u64, moves: bool) -> String {
    let start = POLICY.find("[purposes.accounting]").unwrap();
    let end = POLICY.find("[roles.support]").unwrap();
    let policy = format!("{}{}", &POLICY[..start], &POLICY[end..])
        .replace("version = 1", &format!("version = {version}"))
        .replace(RULE, "")
        .replace(", \"accounting\"", "");
    if !moves {
        return policy;
    }
    policy
        .replace("items = [\"address\", \"country\"]\nclock", "items = [\"country\"]\nclock")
        .replace(
            "\"first_name\", \"note\"]\nclock",
            "\"first_name\", \"note\", \"address\"]\nclock",
        )
}

#[test]
fn an_item_does_not_move_while_the_law_that_keeps_it_is_dropped() {
    let world = World::default();
    let subject = erased(&world, POLICY);
    let refused = |policy: &str| {
        let error = world.try_open(policy, OnRestore::Refuse).err().unwrap();
        assert_eq!(error.code(), "policy.archived_item_moved");
        assert_eq!(error.field().as_deref(), Some("address"));
        assert_eq!(error.context("class").unwrap().to_string(), "`billing`");
    };
    refused(&dropped(2, true));
    let vault = open(&world, POLICY);
    assert_eq!(told(&vault, subject)[0], "ul. Prosta 1", "nothing has changed");
    drop(vault);
    // Dropped alone it is meant; then nothing is kept that could be lost.
    let vault = open(&world, &dropped(2, false));
    refused(&dropped(3, true));
    sweep(&vault);
    assert_eq!((billing(&vault, subject).len(), keys(&world, subject).len()), (0, 0));
    drop(vault);
    let vault = open(&world, &dropped(3, true));
    wait(vault.audit()).unwrap();
}

#[test]
fn a_hold_on_what_a_law_keeps_lets_no_policy_forget_the_law() {
    let world = World::default();
    let subject = erased(&world, POLICY);
    let vault = open(&world, POLICY);
    let terms = Terms {
        ground: Ground::LegalClaims,
        reason: Note::parse("A lawsuit.").unwrap(),
        owner: ActorId::from_bytes([9; 16]),
        review_on: "2026-09-01".parse().unwrap(),
        scope: Scope::Classes([Name::fixed("billing")].into()),
    };
    wait(holds::place(&vault, subject, &terms, &staff("support"))).unwrap();
    drop(vault);
    let opened = world.try_open(&dropped(2, true), OnRestore::Refuse);
    assert_eq!(code(opened), "policy.archived_item_moved");
    // Dropped alone it is meant, and from then on the hold alone keeps it.
    drop(open(&world, &dropped(2, false)));
    let vault = open(&world, &dropped(3, true));
    assert_eq!(billing(&vault, subject), ["0 archived address"]);
    wait(vault.audit()).unwrap();
}

#[test]
fn no_later_move_drops_the_law_either() {
    let world = World::default();
    let subject = erased(&world, POLICY);
    let with = with_its_law(POLICY);
    let vault = open(&world, &with);
    let kept = told(&vault, subject);
    drop(vault);
    // On to the account's class, and back to where it was archived.
    let back = dropped(3, false);
    for policy in [dropped(3, true), back.clone()] {
        let error = world.try_open(&policy, OnRestore::Refuse).err().unwrap();
        assert_eq!(error.code(), "policy.archived_item_moved");
        assert_eq!(error.field().as_deref(), Some("address"));
        assert_eq!(error.context("class").unwrap().to_string(), "`billing`");
    }
    let vault = open(&world, &with);
    sweep(&vault);
    assert_eq!(told(&vault, subject), kept, "nothing has changed");
    drop(vault);
    // With its law it moves back, and nothing is due.
    let vault = open(&world, &POLICY.replace("version = 1", "version = 3"));
    sweep(&vault);
    assert_eq!(told(&vault, subject), kept);
    drop(vault);
    drop(open(&world, &back.replace("version = 3", "version = 4")));
}

#[test]
fn a_law_ends_for_what_has_moved_with_it_as_for_what_has_not() {
    let world = World::default();
    let subject = erased(&world, POLICY);
    drop(open(&world, &with_its_law(POLICY)));
    // One version later no law asks for it any more, and it stays where it is.
    let rule = RULE.replace("classes.billing", "classes.invoices");
    let alone = with_its_law(POLICY).replace("version = 2", "version = 3");
    assert_eq!(alone.matches(&rule).count(), 1);
    let (start, end) =
        (alone.find("[purposes.accounting]").unwrap(), alone.find("[roles.support]").unwrap());
    let alone = format!("{}{}", &alone[..start], &alone[end..])
        .replace(&rule, "")
        .replace(", \"accounting\"", "");
    let vault = open(&world, &alone);
    assert_eq!(wait(retention::plan(&vault)).unwrap().due(), 1);
    sweep(&vault);
    assert_eq!((billing(&vault, subject).len(), keys(&world, subject).len()), (0, 0));
    wait(vault.audit()).unwrap();
}

#[test]
fn the_key_of_a_row_that_moving_items_emptied_goes_although_a_law_keeps_the_class() {
    let world = World::default();
    let vault = open(&world, POLICY);
    let items = [("email", "a@example.org"), ("card_last4", "4242"), ("note", "n")];
    let subject = wait(vault.register(request(&vault, &items, true), &staff("support")));
    let subject = subject.unwrap().subject();
    drop(vault);
    // The class of the card is emptied, and begins again with the note, which a law keeps.
    let away = POLICY
        .replace("version = 1", "version = 2")
        .replace("items = [\"card_last4\"]\nclock", "items = [\"first_name\"]\nclock")
        .replace("\"first_name\", \"note\"]\nclock", "\"card_last4\", \"note\"]\nclock");
    drop(open(&world, &away));
    let kept = "keep = \"13 months\"\n";
    let rule = RULE.replace("classes.billing", "classes.payment");
    let back = away
        .replace("version = 2", "version = 3")
        .replace("items = [\"first_name\"]\nclock", "items = [\"first_name\", \"note\"]\nclock")
        .replace("\"card_last4\", \"note\"]\nclock", "\"card_last4\"]\nclock")
        .replace(kept, &format!("{kept}{rule}"))
        .replace(
            "items = [\"address\"]\narchive_of",
            "items = [\"address\", \"note\"]\narchive_of",
        );
    let vault = open(&world, &back);
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    let keys = wait(world.keyring.keys_of(subject)).unwrap().into_iter();
    let live: Vec<_> = keys
        .filter(|(_, state)| matches!(state, KeyState::Live(_)))
        .map(|(key, _)| (key.class, key.number))
        .collect();
    assert_eq!(live, [(Name::fixed("payment"), 1)], "an old backup opens with no other");
    wait(vault.audit()).unwrap();
}
