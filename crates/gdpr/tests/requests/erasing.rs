//! A request for erasure, from its receipt over the erasure to its answer.

use pollster::block_on as wait;
use tacenda_core::SubjectId;
use tacenda_core::vault::{Actor, Vault};
use tacenda_gdpr::requests::{
    self, Answer, Arrival, Carried, Channel, Decision, Event, Ground, Held, Hints, PartialRefusal,
    Received, Right, Scope, Whom, step,
};
use tacenda_testkit::world::{POLICY, World, ada, request, staff, two_laws};

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
fn a_letter_tells_the_days_that_the_plan_keeps_to() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    // Nobody logged in for two years: the law counts from the end of the account all the same.
    world.set_time("2028-06-02T09:00:00Z");
    let at = mine(&vault, subject, Right::Erasure);
    let plan = wait(tacenda_gdpr::erasure::plan(&vault, subject)).unwrap();
    let until = plan.lines.iter().find_map(|line| match &line.fate {
        tacenda_gdpr::erasure::Fate::Archive { until, .. } => Some(until.to_string()),
        _ => None,
    });
    assert_eq!(until.as_deref(), Some("2039-01-01T00:00:00Z"));
    let done = erase(&vault, &at).unwrap();
    let Decision::PartlyRefused(part) = &done.decision else { panic!("{done:?}") };
    let reason = "Code de commerce, art. L123-22 al. 2, until 2038-12-31";
    assert_eq!(part.grounds()[0].reason.as_text(), reason);
}

#[test]
fn a_clock_older_than_the_law_refuses_what_the_plan_archives() {
    let world = World::default();
    let registered = POLICY.replace("open = \"last login\"", "open = \"registered\"");
    let refuse = tacenda_core::vault::OnRestore::Refuse;
    let vault = world.try_open(&registered, refuse).unwrap().0;
    let subject = ada(&vault);
    // The ten years since the registration are over; those since the end of the account begin.
    world.set_time("2038-01-10T09:00:00Z");
    let at = mine(&vault, subject, Right::Erasure);
    let done = erase(&vault, &at).unwrap();
    let Decision::PartlyRefused(part) = &done.decision else { panic!("{done:?}") };
    let reason = "Code de commerce, art. L123-22 al. 2, until 2048-12-31";
    assert_eq!(part.grounds()[0].reason.as_text(), reason);
    let left = wait(vault.outline(subject)).unwrap();
    assert!(left.iter().any(|row| row.state == tacenda_core::row::state::ARCHIVED));
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
    let index = done.receipt().unwrap().position.index;
    let expected = format!("Erased. The receipt is entry {index} of epoch 1 of the log.");
    assert_eq!(note.as_text(), expected);
    assert_eq!(wait(requests::held(&vault, subject, &staff("support"))).unwrap(), Held::Something);
    assert_eq!(answer(&vault, &at, false), "requests.remedies_missing");
    assert_eq!(answer(&vault, &at, true), "ok");

    // Asked again, what is archived already is refused by the same law.
    let letter = mine(&vault, subject, Right::Erasure);
    let leaves = || wait(vault.history(subject, 99)).unwrap();
    let gone = || leaves().iter().filter(|leaf| leaf.action == *"erasure.done").count();
    let again = erase(&vault, &letter).unwrap();
    assert!(matches!(again.carried, Carried::Nothing(_)), "{again:?}");
    assert_eq!((again.decision, gone()), (done.decision, 1), "nothing goes, and no leaf says so");
    let noted = |at: &Received| match &read(&vault, at).entries().last().unwrap().event {
        Event::Remarked(note) => note.as_text().to_owned(),
        other => panic!("{other:?}"),
    };
    assert_eq!(noted(&letter), "Nothing was erased: laws keep all that is held.");
    assert_eq!(answer(&vault, &letter, true), "ok");
    // Its law has ended and no sweep has run: it goes.
    world.set_time("2037-02-01T00:00:00Z");
    let last = mine(&vault, subject, Right::Erasure);
    let done = erase(&vault, &last).unwrap();
    assert!(matches!(done.carried, Carried::Out(_)), "{done:?}");
    assert_eq!((done.decision, gone()), (Decision::Granted(None), 2));
    assert_ne!(wait(requests::held(&vault, subject, &staff("support"))).unwrap(), Held::Something);
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
    assert_eq!(
        wait(requests::held(&vault, subject, &staff("support"))).unwrap(),
        Held::ErasedOn(date("2026-06-01"))
    );
    // Whoever was stopped behind it calls it again, and gets the same receipt.
    let entries = || read(&vault, &at).entries().len();
    let before = entries();
    let again = erase(&vault, &at).unwrap();
    assert!(matches!(again.carried, Carried::Before(_)), "{again:?}");
    assert_eq!((again.decision, entries()), (Decision::Granted(None), before), "noted once");
    // That it is gone is no erasure by a request that nobody decided.
    let letter = mine(&vault, subject, Right::Erasure);
    assert_eq!(code(erase(&vault, &letter)), "vault.not_found");
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
    let classes = ["account", "payment"].map(tacenda_core::Name::fixed).into();
    let part = Arrival { scope: Scope { classes, ..Scope::ALL }, ..part };
    let part = wait(requests::receive(&vault, &utc(), part, &me)).unwrap();
    assert_eq!(code(erase(&vault, &part)), "requests.part_of_all", "with the account all goes");
    let letter = arrival(&vault, Whom::Known(subject), Right::Erasure);
    let letter = wait(requests::receive(&vault, &utc(), letter, &staff("support"))).unwrap();
    assert_eq!(code(erase(&vault, &letter)), "requests.identity_open");
    let own = wait(requests::erase(&vault, &utc(), &letter.key, &me));
    assert_eq!(code(own), "requests.not_the_subject", "the controller decides");
    assert_eq!(wait(vault.outline(subject)).unwrap().len(), 6, "three rows and three files");
    assert!(wait(vault.login("ada@example.org", "correct horse")).is_ok());
}

#[test]
fn a_part_that_is_asked_for_goes_alone() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let ask = |of: &[&'static str]| {
        let (part, me) = from_account(&vault, subject, Right::Erasure);
        let classes = of.iter().copied().map(tacenda_core::Name::fixed).collect();
        let part = Arrival { scope: Scope { classes, ..Scope::ALL }, ..part };
        wait(requests::receive(&vault, &utc(), part, &me)).unwrap()
    };
    let at = ask(&["payment", "voucher"]);
    let done = erase(&vault, &at).unwrap();
    assert_eq!(done.decision, Decision::Granted(None));
    let receipt = done.receipt().unwrap();
    assert_eq!(receipt.leaf.find("erased"), Some("payment"));
    let left = || wait(vault.outline(subject)).unwrap().into_iter().filter(|row| !row.is_record());
    let classes: Vec<_> = left().map(|row| row.class.to_string()).collect();
    assert_eq!(classes, ["account", "billing"]);
    assert!(wait(vault.login("ada@example.org", "correct horse")).is_ok());
    assert_eq!(answer(&vault, &at, false), "ok");
    assert_eq!(code(erase(&vault, &ask(&["payment"]))), "vault.not_found", "of that class");
    // What a law keeps of a part is refused of it.
    let bills = ask(&["billing"]);
    let done = erase(&vault, &bills).unwrap();
    let grounds = done.decision.grounds();
    assert_eq!((grounds.len(), grounds[0].ground), (1, Ground::LegalObligation));
    assert_eq!(answer(&vault, &bills, true), "ok");
    // All that is there is everything.
    assert!(erase(&vault, &ask(&["account", "billing"])).is_ok());
    assert_eq!(left().count(), 1);
    wait(vault.audit()).unwrap();
}

#[test]
fn each_item_is_told_its_own_laws_and_their_days() {
    let world = World::default();
    let (vault, _) = world.try_open(&two_laws(), tacenda_core::vault::OnRestore::Refuse).unwrap();
    let subject = ada(&vault);
    let at = mine(&vault, subject, Right::Erasure);
    let told = |erased: &requests::Erased| -> Vec<_> {
        let grounds = erased.decision.grounds().iter();
        grounds
            .map(|one| (one.item.as_ref().unwrap().to_string(), one.reason.as_text().to_owned()))
            .collect()
    };
    let expected = [
        (
            "address".to_owned(),
            "Code de commerce, art. L123-22 al. 2, until 2036-12-31; \
             Livre des procedures fiscales, art. L102 B, until 2032-06-01"
                .to_owned(),
        ),
        (
            "country".to_owned(),
            "Livre des procedures fiscales, art. L102 B, until 2032-06-01".to_owned(),
        ),
    ];
    assert_eq!(told(&erase(&vault, &at).unwrap()), expected);
    // What has ended by then goes, and the rest is told as it is.
    world.set_time("2033-01-01T00:00:00Z");
    let later = mine(&vault, subject, Right::Erasure);
    let done = erase(&vault, &later).unwrap();
    assert!(matches!(done.carried, Carried::Out(_)), "{done:?}");
    let alone = "Code de commerce, art. L123-22 al. 2, until 2036-12-31".to_owned();
    assert_eq!(told(&done), [("address".to_owned(), alone)]);
}

#[test]
fn who_asks_about_the_person_asks_about_everything_where_nothing_else_is_held() {
    let of_company =
        "type = \"country\"\ncategory = \"user.contact.address.country\"\nabout = \"person\"";
    let company = POLICY.replace(of_company, &of_company.replace("person", "organisation"));
    assert_ne!(company, POLICY);
    for (policy, expected) in [(POLICY, "ok"), (company.as_str(), "requests.part_of_all")] {
        let world = World::default();
        let (vault, _) = world.try_open(policy, tacenda_core::vault::OnRestore::Refuse).unwrap();
        let subject = ada(&vault);
        let (part, me) = from_account(&vault, subject, Right::Erasure);
        let scope = Scope { items: requests::Items::Person, ..Scope::ALL };
        let part = Arrival { scope, ..part };
        let part = wait(requests::receive(&vault, &utc(), part, &me)).unwrap();
        assert_eq!(code(erase(&vault, &part)), expected);
        // Nobody is told by hand that it went, either, while what is about the person is there.
        assert_eq!(decide(&vault, &part, Decision::Granted(None)), "ok");
        let still = if expected == "ok" { "ok" } else { "requests.not_so" };
        assert_eq!(answer(&vault, &part, true), still);
    }
}
