//! A request for erasure, from its receipt over the erasure to its answer.

use pollster::block_on as wait;
use tacenda_core::SubjectId;
use tacenda_core::vault::{Actor, Vault};
use tacenda_gdpr::requests::{
    self, Answer, Arrival, Channel, Decision, Event, Ground, Held, Hints, PartialRefusal, Received,
    Right, Scope, Whom, step,
};
use tacenda_testkit::world::{World, ada, request, staff};

use crate::support::*;

fn mine(vault: &Vault, subject: SubjectId, right: Right) -> Received {
    let (arrival, me) = from_account(vault, subject, right);
    wait(requests::receive(vault, &utc(), arrival, &me)).unwrap()
}

fn erase(vault: &Vault, at: &Received) -> tacenda_core::Result<requests::Erased> {
    wait(requests::erase(vault, &utc(), &at.key, &staff("support")))
}

fn answer(vault: &Vault, at: &Received, told: bool) -> &'static str {
    let hints = Hints { complaint: told, court: told };
    let answer = Event::Answered(Answer { sent_at: vault.now(), by: Channel::Email, hints });
    code(wait(step(vault, &utc(), &at.key, answer, &staff("support"))))
}

fn read(vault: &Vault, at: &Received) -> requests::Request {
    wait(requests::read(vault, &at.key, &ACCOUNT, &staff("support"))).unwrap()
}

fn decide(vault: &Vault, at: &Received, decision: Decision) -> &'static str {
    code(wait(step(vault, &utc(), &at.key, Event::Decided(decision), &staff("support"))))
}

fn without(ground: Ground, classes: &[&'static str]) -> Decision {
    let grounds = classes.iter().map(|class| refusal(ground, Some(class))).collect();
    Decision::PartlyRefused(PartialRefusal::new(grounds).unwrap())
}

#[test]
fn nobody_is_told_that_something_went_that_is_there() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let at = mine(&vault, subject, Right::Erasure);
    assert_eq!(decide(&vault, &at, Decision::Granted(None)), "ok");
    assert_eq!(answer(&vault, &at, true), "requests.not_so");
    assert_eq!(decide(&vault, &at, without(Ground::LegalClaims, &["billing"])), "ok");
    assert_eq!(answer(&vault, &at, true), "requests.not_so", "the account is there");
    let all = ["account", "billing", "payment"];
    assert_eq!(decide(&vault, &at, without(Ground::LegalObligation, &all)), "ok");
    assert_eq!(answer(&vault, &at, true), "requests.not_so", "what a law keeps is archived");
    assert_eq!(decide(&vault, &at, without(Ground::LegalClaims, &all)), "ok");
    assert_eq!(answer(&vault, &at, true), "ok", "that is what is told");

    let no = mine(&vault, subject, Right::Erasure);
    assert_eq!(decide(&vault, &no, refused(Ground::LegalClaims)), "ok");
    assert_eq!(answer(&vault, &no, true), "ok");
    let (part, me) = from_account(&vault, subject, Right::Erasure);
    let classes = [tacenda_core::Name::fixed("voucher")].into();
    let part = Arrival { scope: Scope { classes, ..Scope::ALL }, ..part };
    let part = wait(requests::receive(&vault, &utc(), part, &me)).unwrap();
    assert_eq!(decide(&vault, &part, Decision::Granted(None)), "ok");
    assert_eq!(answer(&vault, &part, true), "ok", "there is nothing of that class");

    // A law keeps what is archived.
    let at = mine(&vault, subject, Right::Erasure);
    assert_eq!(decide(&vault, &at, Decision::Granted(None)), "ok");
    assert_eq!(answer(&vault, &at, true), "requests.not_so");
    wait(tacenda_gdpr::erasure::erase(&vault, subject, &staff("support"))).unwrap();
    assert_eq!(answer(&vault, &at, true), "ok");
}

#[test]
fn what_was_decided_is_not_overruled() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let at = mine(&vault, subject, Right::Erasure);
    let ground = requests::ChargeGround::Excessive;
    let fee = requests::Charge { ground, reason: note("Again.") };
    let otherwise = [
        without(Ground::LegalClaims, &["billing"]),
        without(Ground::LegalObligation, &["payment"]),
        refused(Ground::LegalClaims),
        Decision::Granted(Some(fee)),
    ];
    for decision in otherwise {
        assert_eq!(decide(&vault, &at, decision.clone()), "ok");
        assert_eq!(code(erase(&vault, &at)), "requests.decided_otherwise", "{decision:?}");
        assert_eq!(read(&vault, &at).state().decision(), Some(&decision));
    }
    assert_eq!(wait(vault.outline(subject)).unwrap().len(), 4, "three rows and a file");
    // Decided anew, it is carried out.
    assert_eq!(decide(&vault, &at, Decision::Granted(None)), "ok");
    let done = erase(&vault, &at).unwrap();
    assert_eq!(read(&vault, &at).state().decision(), Some(&done.decision));
}

#[test]
fn what_a_law_keeps_is_a_refusal_of_that_part() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let at = mine(&vault, subject, Right::Erasure);
    let done = erase(&vault, &at).unwrap();
    let Decision::PartlyRefused(part) = &done.decision else { panic!("{done:?}") };
    let [refusal] = part.grounds() else { panic!("{part:?}") };
    let what = (refusal.class.as_ref().unwrap().as_str(), refusal.item.as_ref().unwrap().as_str());
    assert_eq!(what, ("billing", "address"), "the country goes");
    assert_eq!(refusal.ground, requests::Ground::LegalObligation);
    let reason = "Code de commerce, art. L123-22 al. 2, until 2036-12-31";
    assert_eq!(refusal.reason.as_text(), reason);
    let file = read(&vault, &at);
    assert_eq!(file.state().decision(), Some(&done.decision));
    let noted = file.entries().last().unwrap();
    let Event::Remarked(note) = &noted.event else { panic!("{noted:?}") };
    let index = done.erasure.receipt.position.index;
    let expected = format!("Erased. The receipt is entry {index} of epoch 1 of the log.");
    assert_eq!(note.as_text(), expected);
    assert_eq!(wait(requests::held(&vault, subject)).unwrap(), Held::Something);
    assert_eq!(answer(&vault, &at, false), "requests.remedies_missing");
    assert_eq!(answer(&vault, &at, true), "ok");

    // Asked again, what is archived already is refused by the same law.
    let letter = mine(&vault, subject, Right::Erasure);
    let again = erase(&vault, &letter);
    let decided = read(&vault, &letter).state().decision().cloned();
    assert_eq!(decided.as_ref(), Some(&done.decision), "{again:?}");
    wait(vault.audit()).unwrap();
}

#[test]
fn what_no_law_keeps_goes_and_the_answer_can_be_sent() {
    let world = World::default();
    let vault = world.open();
    let items = [("email", "eve@example.org"), ("card_last4", "4242")];
    let eve = request(&vault, &items, false);
    let subject = wait(vault.register(eve, &staff("support"))).unwrap().subject();
    let at = mine(&vault, subject, Right::Erasure);
    assert_eq!(erase(&vault, &at).unwrap().decision, Decision::Granted(None));
    assert_eq!(wait(requests::held(&vault, subject)).unwrap(), Held::ErasedOn(date("2026-06-01")));
    assert_eq!(code(erase(&vault, &at)), "vault.not_found", "nothing is left");
    let stranger = Actor::subject(ada(&vault));
    let told = code(wait(requests::erase(&vault, &utc(), &at.key, &stranger)));
    assert_eq!(told, "requests.not_the_subject", "that nothing is left is not told to others");
    assert_eq!(answer(&vault, &at, false), "ok");
}

#[test]
fn nothing_goes_by_a_request_that_does_not_ask_for_it() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let access = mine(&vault, subject, Right::Access);
    assert_eq!(code(erase(&vault, &access)), "requests.no_erasure");
    let (part, me) = from_account(&vault, subject, Right::Erasure);
    let classes = [tacenda_core::Name::fixed("payment")].into();
    let part = Arrival { scope: Scope { classes, ..Scope::ALL }, ..part };
    let part = wait(requests::receive(&vault, &utc(), part, &me)).unwrap();
    assert_eq!(code(erase(&vault, &part)), "requests.part_of_all");
    let letter = arrival(&vault, Whom::Known(subject), Right::Erasure);
    let letter = wait(requests::receive(&vault, &utc(), letter, &staff("support"))).unwrap();
    assert_eq!(code(erase(&vault, &letter)), "requests.identity_open");
    let own = wait(requests::erase(&vault, &utc(), &letter.key, &me));
    assert_eq!(code(own), "requests.not_the_subject", "the controller decides");
    assert_eq!(wait(vault.outline(subject)).unwrap().len(), 6, "three rows and three files");
    assert!(wait(vault.login("ada@example.org", "correct horse")).is_ok());
}
