//! Requests that a hold has kept from being carried out are on the agenda again after its release.

use pollster::block_on as wait;
use tacenda_core::SubjectId;
use tacenda_core::row::state;
use tacenda_core::vault::{Actor, Standing, Vault};
use tacenda_gdpr::holds::{self, Scope};
use tacenda_gdpr::requests::{
    self, Answer, Channel, Decision, Event, Ground, Hints, PartialRefusal, Received, Refusal,
    Refusals, Right, Stage, step,
};
use tacenda_testkit::world::{World, ada, staff};

use crate::support::*;

fn ask(vault: &Vault, subject: SubjectId) -> Received {
    asked_for(vault, subject, Right::Erasure)
}

fn take(vault: &Vault, at: &Received, event: Event) -> &'static str {
    code(wait(step(vault, &calendar(), &at.key, event, &staff("support"))))
}

fn refusal(class: Option<&'static str>, ground: Ground) -> Refusal {
    let class = class.map(tacenda_core::Name::fixed);
    Refusal { class, item: None, ground, reason: note("A lawsuit is pending.") }
}

fn answer(vault: &Vault, at: &Received, decision: Decision) {
    assert_eq!(take(vault, at, Event::Decided(decision)), "ok");
    let hints = Hints { complaint: true, court: true };
    let answer = Answer { sent_at: vault.now(), by: Channel::Email, hints };
    assert_eq!(take(vault, at, Event::Answered(answer)), "ok");
}

fn refused(class: Option<&'static str>) -> Decision {
    Decision::Refused(Refusals::new(vec![refusal(class, Ground::LegalClaims)]).unwrap(), None)
}

fn erase(vault: &Vault, at: &Received) -> &'static str {
    code(wait(requests::erase(vault, &calendar(), &at.key, &staff("support"))))
}

fn agenda(vault: &Vault) -> Vec<(requests::Stage, chrono::NaiveDate)> {
    let found =
        wait(requests::agenda(vault, &calendar(), chrono::NaiveDate::MAX, &staff("support")))
            .unwrap();
    found.into_iter().map(|one| (one.stage, one.due)).collect()
}

#[test]
fn a_request_refused_for_a_hold_is_to_be_answered_again() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let key = place(&vault, subject, Scope::Subject).unwrap();
    let at = ask(&vault, subject);
    let all = wait(requests::erase(&vault, &calendar(), &at.key, &staff("support"))).unwrap();
    assert!(matches!(all.carried, requests::Carried::Nothing(_)), "{all:?}");
    let grounds: Vec<_> = all.decision.grounds().iter().filter(|one| one.item.is_none()).collect();
    assert_eq!(grounds.len(), 3, "each class for the hold");
    assert!(grounds.iter().all(|one| one.ground == Ground::LegalClaims));
    assert_eq!(own(&vault, subject).len(), 3);
    assert_eq!(agenda(&vault).len(), 1, "and it is due as before");
    answer(&vault, &at, refused(None));
    assert!(agenda(&vault).is_empty());
    world.set_time("2027-05-03T08:00:00Z");
    assert_eq!(release(&vault, &key).unwrap().reopened, 1);
    assert_eq!(agenda(&vault), [(Stage::InWork, day("2027-06-03"))], "within a month from then");
    // It outlives its period while it is open, and who asked need not be asked again.
    world.set_time("2027-05-10T08:00:00Z");
    assert_eq!(erase(&vault, &at), "ok");
    assert_eq!(own(&vault, subject).len(), 1, "but for what a law keeps");
    answer_only(&vault, &at);
    assert!(agenda(&vault).is_empty());
    wait(vault.audit()).unwrap();
}

/// Holds, restrictions and all else at once: what stays, what is told of it, and what becomes of it.
#[test]
fn a_hold_of_a_part_keeps_that_part_and_nothing_else() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let key = place(&vault, subject, classes(&["payment"])).unwrap();
    let at = ask(&vault, subject);
    let erased = wait(requests::erase(&vault, &calendar(), &at.key, &staff("support"))).unwrap();
    let told: Vec<_> = erased.decision.grounds().iter().map(|one| told(one)).collect();
    assert_eq!(
        told,
        [
            ("payment", None, "It is held (GDPR Art. 17(3)(e)), until that is released."),
            ("billing", Some("address"), "Code de commerce, art. L123-22 al. 2, until 2036-12-31"),
        ]
    );
    // Nobody finds or reads the account any more, nor for the purpose of a law what none asks for.
    assert_eq!(code(wait(vault.login("ada@example.org", "correct horse"))), "login.refused");
    let left: Vec<_> =
        own(&vault, subject).into_iter().map(|r| (r.class, r.state, r.held)).collect();
    let archived = |class, held| (tacenda_core::Name::fixed(class), state::ARCHIVED, held);
    assert_eq!(left, [archived("billing", false), archived("payment", true)]);
    let read = wait(vault.read(subject, &tacenda_core::Name::fixed("billing"), &staff("billing")));
    assert_eq!(code(read), "vault.not_live");
    let leaf = wait(vault.history(subject, 9)).unwrap();
    let leaf = leaf.iter().find(|leaf| leaf.action == *"erasure.done").unwrap();
    assert_eq!(leaf.find("held"), Some("payment"), "the receipt says so");
    answer_only(&vault, &at);
    world.set_time("2040-01-01T00:00:00Z");
    sweep(&vault);
    assert_eq!(held(&vault, subject), names(&["payment"]), "as long as it takes");
    // Its end brings the request back, if no sweep is first.
    assert_eq!(release(&vault, &key).unwrap().reopened, 0, "the file's period is over");
    assert_eq!(sweep(&vault), 1);
    assert!(own(&vault, subject).is_empty());
    wait(vault.audit()).unwrap();
}

fn told(one: &Refusal) -> (&str, Option<&str>, &str) {
    let item = one.item.as_ref().map(|item| item.as_str());
    (one.class.as_ref().unwrap().as_str(), item, one.reason.as_text())
}

#[test]
fn what_outlived_its_account_for_a_hold_is_erased_after_the_release() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let key = place(&vault, subject, classes(&["payment"])).unwrap();
    let at = ask(&vault, subject);
    assert_eq!(erase(&vault, &at), "ok");
    answer_only(&vault, &at);
    assert_eq!(release(&vault, &key).unwrap().reopened, 1);
    let again = wait(requests::erase(&vault, &calendar(), &at.key, &staff("support"))).unwrap();
    assert!(matches!(again.carried, requests::Carried::Out(_)), "{again:?}");
    assert_eq!(again.decision.grounds().len(), 1, "a law keeps the bill");
    assert_eq!(own(&vault, subject).len(), 1);
    wait(vault.audit()).unwrap();
}

#[test]
fn an_order_to_keep_the_account_keeps_it_and_the_rest_goes() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let ordered =
        holds::Terms { ground: holds::Ground::Authority, ..terms(&vault, classes(&["account"])) };
    wait(holds::place(&vault, subject, &ordered, &staff("support"))).unwrap();
    let at = ask(&vault, subject);
    assert_eq!(erase(&vault, &at), "ok");
    let left: Vec<_> = own(&vault, subject).into_iter().map(|row| (row.class, row.state)).collect();
    let of = tacenda_core::Name::fixed;
    assert_eq!(left, [(ACCOUNT, state::LIVE), (of("billing"), state::ARCHIVED)]);
    assert_eq!(code(wait(vault.login("ada@example.org", "correct horse"))), "ok");
    answer_only(&vault, &at);
    wait(vault.audit()).unwrap();
}

fn answer_only(vault: &Vault, at: &Received) {
    let hints = Hints { complaint: true, court: true };
    let answer = Answer { sent_at: vault.now(), by: Channel::Email, hints };
    assert_eq!(take(vault, at, Event::Answered(answer)), "ok");
}

#[test]
fn only_what_was_refused_while_it_was_held_and_is_free_now_comes_back() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let before = ask(&vault, subject);
    answer(&vault, &before, refused(None));
    world.set_time("2026-06-02T08:00:00Z");
    let key = place(&vault, subject, classes(&["billing"])).unwrap();
    let other = place(&vault, subject, classes(&["payment"])).unwrap();
    let all = ["account", "billing", "payment"];
    let parts = |ground| all.iter().map(|one| refusal(Some(one), ground)).collect::<Vec<_>>();
    let partly = |grounds| Decision::PartlyRefused(PartialRefusal::new(grounds).unwrap());
    // Refused for other reasons than those of Art. 17(3).
    let unmet = ask(&vault, subject);
    answer(&vault, &unmet, partly(parts(Ground::ConditionsNotMet)));
    let claims = ask(&vault, subject);
    answer(&vault, &claims, partly(parts(Ground::LegalClaims)));
    let card = ask(&vault, subject);
    answer(&vault, &card, refused(Some("payment")));
    let open = |at: &Received| {
        matches!(wait(vault.record(&at.key)).unwrap().standing, Standing::Open { .. })
    };
    assert_eq!(release(&vault, &key).unwrap().reopened, 1);
    assert_eq!([&before, &unmet, &claims, &card].map(open), [false, false, true, false]);
    assert_eq!(release(&vault, &other).unwrap().reopened, 1);
    assert_eq!([&before, &unmet, &claims, &card].map(open), [false, false, true, true]);
}

#[test]
fn a_file_that_cannot_be_read_stops_no_release() {
    use tacenda_core::policy::records::REQUESTS;
    use tacenda_core::vault::{Effects, Entry, MODEL, NewRecord, RecordItems};
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let key = place(&vault, subject, Scope::Subject).unwrap();
    let other = NewRecord {
        subject: Some(subject),
        standing: Standing::Closed { at: vault.now() },
        items: RecordItems::default().with(MODEL, b"of another release".to_vec()),
        entry: Entry::new("request.received"),
        effects: Effects::default(),
    };
    wait(vault.add_record(&REQUESTS, other, &staff("support"))).unwrap();
    let at = ask(&vault, subject);
    answer(&vault, &at, refused(None));
    let released = release(&vault, &key).unwrap();
    assert_eq!((released.reopened, released.unread), (1, 1));
    assert!(held(&vault, subject).is_empty());
    let standing = wait(vault.record(&key)).unwrap().standing;
    assert!(matches!(standing, Standing::Closed { .. }));
}

#[test]
fn a_clock_that_was_ahead_holds_no_release_up() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let key = place(&vault, subject, Scope::Subject).unwrap();
    let at = ask(&vault, subject);
    world.set_time("2026-06-03T08:00:00Z");
    answer(&vault, &at, refused(None));
    world.set_time("2026-06-01T09:00:00Z");
    assert_eq!(release(&vault, &key).unwrap().reopened, 1);
    let standing = wait(vault.record(&key)).unwrap().standing;
    assert!(matches!(standing, Standing::Closed { .. }), "it is settled");
}

#[test]
fn a_person_can_reopen_what_was_refused_and_nothing_else() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let again = || Event::Reopened(note("The authority says otherwise."));
    let at = ask(&vault, subject);
    assert_eq!(take(&vault, &at, again()), "requests.wrong_step", "it is open");
    answer(&vault, &at, refused(None));
    let by_subject = wait(step(&vault, &calendar(), &at.key, again(), &Actor::subject(subject)));
    assert_eq!(code(by_subject), "requests.not_the_subject");
    assert_eq!(take(&vault, &at, again()), "ok");
    assert_eq!(take(&vault, &at, again()), "requests.wrong_step");
    let unmet = refusal(None, Ground::ConditionsNotMet);
    answer(&vault, &at, Decision::Refused(Refusals::new(vec![unmet]).unwrap(), None));
    assert_eq!(take(&vault, &at, again()), "requests.nothing_refused");
    let file = wait(requests::read(&vault, &at.key, &ACCOUNT, &staff("support"))).unwrap();
    assert_eq!(requests::Request::decode(&file.encode()).unwrap(), file);
}
