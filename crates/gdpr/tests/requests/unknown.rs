//! Files of whoever is not known, or not yet: what is kept of whom was named, and what is told of them;
//! second tries; who may do what.

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::pii::Email;
use tacenda_core::policy::records::REQUESTS;
use tacenda_core::vault::{Actor, Effects, Entry, MODEL, NewRecord, RecordItems, Standing, Vault};
use tacenda_core::{Name, SubjectId};
use tacenda_gdpr::requests::{
    self, Arrival, Channel, Decision, Event, Received, ReplyTo, RequestId, Requester, Right, Whom,
    step,
};
use tacenda_testkit::world::{World, ada, request, staff};

use crate::support::*;

fn by_email(email: &str, purpose: &'static str) -> Whom {
    Whom::HasEmail(Email::parse(email).unwrap(), Name::fixed(purpose))
}

fn receive(vault: &Vault, arrival: Arrival, actor: &Actor) -> Received {
    wait(requests::receive(vault, &utc(), arrival, actor)).unwrap()
}

fn take(vault: &Vault, at: &Received, event: Event, actor: &Actor) -> &'static str {
    code(wait(step(vault, &utc(), &at.key, event, actor)))
}

fn about(vault: &Vault, at: &Received) -> Option<String> {
    let about = wait(requests::read_about(vault, &at.key, &ACCOUNT, &staff("support"))).unwrap();
    about.map(|email| email.as_typed().to_owned())
}

fn nothing() -> Event {
    Event::Decided(Decision::NothingHeld)
}

fn leaves(vault: &Vault, subject: SubjectId, action: &str) -> usize {
    let leaves = wait(vault.history(subject, 99)).unwrap();
    leaves.iter().filter(|leaf| leaf.action == *action).count()
}

#[test]
fn the_address_that_was_named_is_kept_until_the_file_is_closed() {
    let world = World::default();
    let vault = world.open();
    let (subject, support) = (ada(&vault), staff("support"));
    let phone = |email: &str, purpose| Arrival {
        channel: Channel::Phone,
        reply_to: None,
        ..arrival(&vault, by_email(email, purpose), Right::Access)
    };
    // Whoever may not read for the purpose is told of nobody.
    let hidden = receive(&vault, phone("Ada@example.org", "billing"), &support);
    assert_ne!(hidden.key.subject, subject);
    assert_eq!(about(&vault, &hidden).as_deref(), Some("Ada@example.org"));
    // A person looks again before anybody is told that nothing is held.
    assert_eq!(take(&vault, &hidden, nothing(), &Actor::system()), "requests.not_so");
    assert_eq!(take(&vault, &hidden, nothing(), &support), "requests.not_so");
    assert_eq!(leaves(&vault, subject, "subject.looked_up"), 2, "and that is in the log");
    assert_eq!(take(&vault, &hidden, Event::OpenedInError(note("Ada's.")), &support), "ok");
    assert_eq!(about(&vault, &hidden), None, "it goes as the reply address does");

    let eve = receive(&vault, phone("eve@example.org", "account"), &support);
    assert_eq!(take(&vault, &eve, nothing(), &Actor::system()), "requests.judged_by_nobody");
    assert_eq!(take(&vault, &eve, nothing(), &support), "ok");
    // Of whoever is found nothing is kept beside the account.
    let found = receive(&vault, phone("ada@EXAMPLE.org", "account"), &support);
    assert_eq!(found.key.subject, subject);
    assert_eq!(about(&vault, &found), None);
}

#[test]
fn somebody_unknown_may_be_known_by_the_address_they_ask_from() {
    let world = World::default();
    let vault = world.open();
    let (_, support) = (ada(&vault), staff("support"));
    let from = |requester| Arrival {
        requester,
        reply_to: Some(ReplyTo::email("ada@example.org").unwrap()),
        ..arrival(&vault, Whom::Unknown, Right::Access)
    };
    let letter = receive(&vault, from(Requester::Subject), &support);
    assert_eq!(take(&vault, &letter, nothing(), &support), "requests.not_so");
    // A lawyer who has an account asks for somebody who has none.
    let lawyer = receive(&vault, from(Requester::Proxy(None)), &support);
    assert_eq!(take(&vault, &lawyer, nothing(), &support), "ok");
    let post = ReplyTo::post("Ada\n1 Street").unwrap();
    wait(requests::readdress(&vault, &letter.key, &post, &support)).unwrap();
    assert_eq!(take(&vault, &letter, nothing(), &support), "ok");
}

#[test]
fn who_is_restricted_or_meets_no_condition_is_known_all_the_same() {
    let world = World::default();
    let vault = world.open();
    let items = [("email", "eve@example.org")];
    let eve = request(&vault, &items, false);
    let subject = wait(vault.register(eve, &staff("support"))).unwrap().subject();
    let whom = || by_email("eve@example.org", "billing");
    let letter = || arrival(&vault, whom(), Right::Access);
    // She has no paid offer, so that nobody reads anything of her for billing.
    assert_eq!(receive(&vault, letter(), &staff("billing")).key.subject, subject);
    let effects =
        Effects { restricted: [(Name::fixed("account"), true)].into(), ..Effects::default() };
    let new = NewRecord {
        subject: Some(subject),
        standing: Standing::Open { state: Name::fixed("received"), due_at: None },
        items: RecordItems::default().with(MODEL, vec![1]),
        entry: Entry::new("request.opened"),
        effects,
    };
    wait(vault.add_record(&REQUESTS, new, &staff("support"))).unwrap();
    assert_eq!(receive(&vault, letter(), &staff("billing")).key.subject, subject);
    assert_eq!(leaves(&vault, subject, "subject.read"), 0, "nothing of her was opened");
    assert_eq!(leaves(&vault, subject, "subject.looked_up"), 2);
}

#[test]
fn a_second_try_makes_no_second_file() {
    let world = World::default();
    let vault = world.open();
    let (subject, support) = (ada(&vault), staff("support"));
    let id = Some(RequestId::from_bytes([3; 16]));
    for whom in [Whom::Unknown, Whom::Known(subject), by_email("eve@example.org", "account")] {
        let id = Some(RequestId::generate(world.rng.as_ref()));
        let letter = || Arrival { id, ..arrival(&vault, whom.clone(), Right::Access) };
        let first = receive(&vault, letter(), &support);
        assert!(first.is_new);
        let before = wait(world.store.status()).unwrap().unwrap().head.size;
        let again = receive(&vault, letter(), &support);
        assert_eq!(again, Received { is_new: false, ..first });
        let looked = u64::from(matches!(whom, Whom::HasEmail(..)));
        let after = wait(world.store.status()).unwrap().unwrap().head.size;
        assert_eq!(after, before + looked);
    }
    let (mine, me) = from_account(&vault, subject, Right::Access);
    let first = receive(&vault, Arrival { id, ..mine }, &me);
    // The number is that of something else.
    let refused = |arrival: Arrival, actor: &Actor| {
        code(wait(requests::receive(&vault, &utc(), Arrival { id, ..arrival }, actor)))
    };
    let (other, _) = from_account(&vault, subject, Right::Erasure);
    assert_eq!(refused(other, &me), "requests.number_taken");
    let stranger = {
        let eve = request(&vault, &[("email", "eve@example.org")], false);
        wait(vault.register(eve, &support)).unwrap().subject()
    };
    let (theirs, them) = from_account(&vault, stranger, Right::Access);
    assert_eq!(refused(theirs, &them), "requests.number_taken");

    // It is found by its number, whoever asks for it by a letter that names it.
    let find = |id, actor: &Actor| wait(requests::find(&vault, id, actor));
    assert_eq!(find(first.id, &support).unwrap().as_ref(), Some(&first.key));
    assert_eq!(find(first.id, &me).unwrap().as_ref(), Some(&first.key));
    assert_eq!(code(find(first.id, &them)), "requests.not_the_subject");
    assert_eq!(find(RequestId::from_bytes([4; 16]), &support).unwrap(), None);
    assert_eq!(code(find(RequestId::from_bytes([4; 16]), &me)), "requests.not_the_subject");
    let files = |actor: &Actor| wait(requests::files(&vault, subject, actor));
    assert_eq!(files(&support).unwrap().len(), 2);
    assert_eq!(files(&me).unwrap().len(), 2);
    assert_eq!(code(files(&them)), "requests.not_the_subject");
    wait(vault.audit()).unwrap();
}

#[test]
fn who_has_no_purpose_for_requests_logs_them_and_no_more() {
    let world = World::default();
    let policy = tacenda_testkit::world::POLICY
        .replace("purposes = [\"account\"] }", "purposes = [\"accounting\"] }");
    let (vault, _) = world.try_open(&policy, tacenda_core::vault::OnRestore::Refuse).unwrap();
    let (subject, support) = (ada(&vault), staff("support"));
    let letter = || arrival(&vault, Whom::Known(subject), Right::Erasure);
    let at = receive(&vault, letter(), &support);
    let none = "policy.role_without_records";
    assert_eq!(take(&vault, &at, Event::Acknowledged(vault.now()), &support), none);
    assert_eq!(code(wait(requests::erase(&vault, &utc(), &at.key, &support))), none);
    assert_eq!(code(wait(requests::held(&vault, subject, &support))), none);
    assert_eq!(code(wait(requests::files(&vault, subject, &support))), none);
    assert_eq!(code(wait(requests::find(&vault, at.id, &support))), none);
    assert_eq!(code(wait(requests::agenda(&vault, &utc(), at.due, &support))), none);
    let more = requests::Words::new("More.");
    assert_eq!(code(wait(requests::hear(&vault, &at.key, &more, &support))), none);
    let read = |purpose: &'static str, role| {
        let purpose = Name::fixed(purpose);
        code(wait(requests::read_words(&vault, &at.key, &purpose, &staff(role))))
    };
    assert_eq!(read("account", "support"), "policy.not_for_records");
    assert_eq!(read("billing", "billing"), "policy.not_for_records");
    assert_eq!(read("accounting", "billing"), "ok");
    let billing = staff("billing");
    assert_eq!(take(&vault, &at, Event::Acknowledged(vault.now()), &billing), "ok");
    let intern = staff("intern");
    assert_eq!(take(&vault, &at, nothing(), &intern), "policy.unknown_role");
    let refused = wait(requests::receive(&vault, &utc(), letter(), &intern));
    assert_eq!(code(refused), "policy.unknown_role");
}

#[test]
fn a_clock_that_was_ahead_stops_nobody() {
    let world = World::default();
    let vault = world.open();
    let (subject, support) = (ada(&vault), staff("support"));
    let at = receive(&vault, arrival(&vault, Whom::Known(subject), Right::Access), &support);
    let today = vault.now();
    world.clock.advance(Span::days(1));
    assert_eq!(take(&vault, &at, Event::Remarked(note("Tomorrow.")), &support), "ok");
    world.clock.set(today);
    assert_eq!(take(&vault, &at, Event::Acknowledged(today), &support), "ok");
    assert_eq!(take(&vault, &at, Event::Withdrawn(today), &support), "ok");
    let standing = wait(vault.record(&at.key)).unwrap().standing;
    assert_eq!(standing, Standing::Closed { at: today });
}

#[test]
fn what_is_heard_and_where_the_answer_goes_is_in_the_history() {
    let world = World::default();
    let vault = world.open();
    let support = staff("support");
    let at = receive(&vault, arrival(&vault, Whom::Unknown, Right::Access), &support);
    let more = requests::Words::new("More.");
    wait(requests::hear(&vault, &at.key, &more, &support)).unwrap();
    wait(requests::readdress(&vault, &at.key, &ReplyTo::Account, &support)).unwrap();
    let file = wait(requests::read(&vault, &at.key, &ACCOUNT, &support)).unwrap();
    let events: Vec<_> = file.entries().iter().map(|entry| entry.event.as_str()).collect();
    assert_eq!(events, ["received", "heard", "readdressed"]);
    assert_eq!(file.entries()[2].by, support.id);
    // They are entered with what they speak of, and not without.
    for event in [Event::Heard, Event::Readdressed] {
        assert_eq!(take(&vault, &at, event, &support), "requests.wrong_step");
    }
}
