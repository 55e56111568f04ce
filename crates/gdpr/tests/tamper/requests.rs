//! Files of requests that somebody altered: they stop no new request and hide no other.

use std::sync::LazyLock;

use pollster::block_on as wait;
use tacenda_core::Name;
use tacenda_core::calendar::{Region, Utc, WorkingDays};
use tacenda_core::row::RowKey;
use tacenda_core::vault::{OnRestore, Vault};
use tacenda_gdpr::objection;
use tacenda_gdpr::requests::{
    self, Arrival, Calendar, Channel, Event, Held, Received, Requester, Right, Scope, Whom,
};
use tacenda_testkit::world::{POLICY, World, ada, staff};

use super::adversary::Adversary;
use super::code;
use super::restores::before_the_erasure;

fn calendar() -> Calendar<'static> {
    static FRANCE: LazyLock<WorkingDays> =
        LazyLock::new(|| WorkingDays::of(Region::parse("FR").unwrap()));
    Calendar::new(&Utc, &FRANCE)
}

fn receive(vault: &Vault, whom: Whom) -> Received {
    receive_of(vault, whom, Right::Access, None)
}

fn receive_of(vault: &Vault, whom: Whom, right: Right, purpose: Option<Name>) -> Received {
    let arrival = Arrival {
        id: None,
        whom,
        right,
        requester: Requester::Subject,
        channel: Channel::Letter,
        scope: Scope::ALL,
        purpose,
        received_at: vault.now(),
        reply_to: None,
        words: None,
    };
    wait(requests::receive(vault, &calendar(), arrival, &staff("support"))).unwrap()
}

#[test]
fn an_altered_file_stops_no_new_request_and_hides_no_other() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let account = Name::fixed("account");
    let read = |at: &Received| wait(requests::read(&vault, &at.key, &account, &staff("support")));
    let [bad, good] = [(); 2].map(|()| receive(&vault, Whom::Known(subject)));
    let key = &bad.key;
    let place = RowKey { subject, kind: key.kind.kind.clone(), id: key.id };
    store.edit(&place, |row| *row.body.last_mut().unwrap() ^= 1);
    assert_eq!(code(read(&bad)), "vault.altered_row");
    let taken = Event::Withdrawn(vault.now());
    let taken = wait(requests::step(&vault, &calendar(), key, taken, &staff("support")));
    assert_eq!(code(taken), "vault.altered_row");

    let third = receive(&vault, Whom::Known(subject));
    assert_eq!(read(&third).unwrap().links(), [good.id], "those that can be read");
    let agenda = wait(requests::agenda(&vault, &calendar(), third.due, &staff("support"))).unwrap();
    assert_eq!(agenda.len(), 3, "it is due all the same");
    let support = staff("support");
    let listing = wait(requests::lines(&vault, &calendar(), &agenda, &account, &support)).unwrap();
    assert_eq!(listing.lines.iter().map(|line| line.id).collect::<Vec<_>>(), [good.id, third.id]);
    let unread: Vec<_> = listing.unread.iter().map(|(key, why)| (key, why.code())).collect();
    assert_eq!(unread, [(key, "vault.altered_row")]);
    store.repent();
    assert_eq!(read(&receive(&vault, Whom::Known(subject))).unwrap().links().len(), 3);
}

#[test]
fn what_was_erased_again_after_a_restore_was_erased_on_its_first_day() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let items = [("email", "eve@example.org"), ("card_last4", "4242")];
    let eve = tacenda_testkit::world::request(&vault, &items, false);
    let subject = wait(vault.register(eve, &staff("support"))).unwrap().subject();
    world.set_time("2026-06-09T23:30:00Z");
    wait(tacenda_gdpr::erasure::erase(&vault, subject, &staff("support"))).unwrap();
    world.set_time("2026-06-20T08:00:00Z");
    let restored = World { store: before_the_erasure(&store), ..world };
    let (vault, _) = restored.try_open(POLICY, OnRestore::Replay).unwrap();
    let history = wait(vault.history(subject, 9)).unwrap();
    assert!(history.iter().all(|leaf| leaf.action != *"erasure.done"), "it is lost");
    let day = "2026-06-09".parse().unwrap();
    assert_eq!(
        wait(requests::held(&vault, subject, &staff("support"))).unwrap(),
        Held::ErasedOn(day)
    );
}

#[test]
fn an_objection_by_letter_is_kept_while_the_account_is_altered() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let analysis = Name::fixed("analysis");
    let read = || code(wait(vault.read(subject, &analysis, &staff("marketing"))));
    assert_eq!(read(), "ok");
    store.edit(&super::profile(subject, "account"), |row| row.body.truncate(9));
    let at = receive_of(&vault, Whom::Known(subject), Right::Objection, Some(analysis.clone()));
    assert_eq!(at.effect, requests::Effect::Counts);
    store.repent();
    wait(objection::settle(&vault, &objection::State::Pending, None, 9)).unwrap();
    assert_eq!(read(), "policy.objected");
    wait(vault.audit()).unwrap();
}
