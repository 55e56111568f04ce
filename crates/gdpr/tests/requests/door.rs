//! Requests over the vault: received, worked on, read, answered; who may what; what is left.

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::pii::Email;
use tacenda_core::policy::records::REQUESTS;
use tacenda_core::vault::{Actor, Standing, Vault};
use tacenda_core::{Name, RowId, SubjectId};
use tacenda_gdpr::erasure;
use tacenda_gdpr::requests::{
    self, Arrival, Channel, Decision, Event, Held, IdentityAsk, IdentityOutcome, ReplyTo,
    Requester, Right, Stage, State, Whom, Words, step,
};
use tacenda_testkit::world::{World, ada, staff};

use crate::support::*;

fn receive(vault: &Vault, whom: Whom, right: Right) -> requests::Received {
    let arrival = arrival(vault, whom, right);
    wait(requests::receive(vault, &utc(), arrival, &staff("support"))).unwrap()
}

fn take(vault: &Vault, at: &requests::Received, event: Event) -> &'static str {
    code(wait(step(vault, &utc(), &at.key, event, &staff("support"))))
}

fn read(vault: &Vault, at: &requests::Received) -> requests::Request {
    wait(requests::read(vault, &at.key, &ACCOUNT, &staff("support"))).unwrap()
}

fn reply_to(vault: &Vault, at: &requests::Received) -> Option<ReplyTo> {
    wait(requests::read_reply_to(vault, &at.key, &ACCOUNT, &staff("support"))).unwrap()
}

fn words(vault: &Vault, at: &requests::Received) -> String {
    let words = wait(requests::read_words(vault, &at.key, &ACCOUNT, &staff("support")));
    words.unwrap().unwrap().as_text().to_owned()
}

fn asked(vault: &Vault) -> Event {
    Event::IdentityAsked(requests::IdentityQuestion {
        asked_at: vault.now(),
        ask: IdentityAsk::EmailRoundTrip,
    })
}

fn shown(vault: &Vault, evidence: requests::Evidence) -> Event {
    let outcome = IdentityOutcome::Confirmed(evidence);
    Event::IdentityAnswered(requests::IdentityAnswer { answered_at: vault.now(), outcome })
}

fn sent(vault: &Vault) -> Event {
    let hints = requests::Hints { complaint: true, court: true };
    Event::Answered(requests::Answer { sent_at: vault.now(), by: Channel::Email, hints })
}

#[test]
fn a_request_lives_from_receipt_to_answer() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let at = receive(&vault, Whom::Known(subject), Right::Access);
    assert_eq!(at.due, date("2026-07-01"), "a month after 1 June");
    assert_eq!((at.key.subject, at.key.id), (subject, RowId::of_key(0)));
    assert_eq!(read(&vault, &at).id(), at.id);
    assert_eq!(words(&vault, &at), "Everything, please. My card is **** **** **** 1111.");
    assert_eq!(reply_to(&vault, &at), Some(ReplyTo::email(ADDRESS).unwrap()));
    let outline = wait(vault.record(&at.key)).unwrap();
    let due_at = Some("2026-07-02T00:00:00Z".parse_at());
    let open = |state, due_at| Standing::Open { state: Name::fixed(state), due_at };
    assert_eq!(outline.standing, open("received", due_at));

    assert_eq!(take(&vault, &at, Event::Acknowledged(vault.now())), "ok");
    assert_eq!(take(&vault, &at, asked(&vault)), "ok");
    world.clock.advance(Span::days(4));
    // Another process, or the same one after it was killed.
    let vault = world.open();
    assert_eq!(take(&vault, &at, shown(&vault, requests::Evidence::EmailRoundTrip)), "ok");
    let due_at = Some("2026-07-07T00:00:00Z".parse_at());
    let outline = wait(vault.record(&at.key)).unwrap();
    assert_eq!(outline.standing, open("in work", due_at), "four days, and then a Sunday");
    assert_eq!(take(&vault, &at, Event::Decided(Decision::Granted(None))), "ok");
    world.clock.advance(Span::days(1));
    let done = wait(step(&vault, &utc(), &at.key, sent(&vault), &staff("support"))).unwrap();
    assert_eq!(done, requests::Entered { stage: Stage::Answered, due: None });
    let outline = wait(vault.record(&at.key)).unwrap();
    assert_eq!(outline.standing, Standing::Closed { at: vault.now() });
    assert_eq!(reply_to(&vault, &at), None, "the address went");
    assert_eq!(words(&vault, &at).len(), WROTE.len());
    assert_eq!(read(&vault, &at).entries().len(), 6);

    let history = wait(vault.history(subject, 99)).unwrap();
    let told: Vec<_> = history.iter().rev().map(|leaf| leaf.action.to_string()).collect();
    let steps: Vec<_> = told.iter().filter_map(|action| action.strip_prefix("request.")).collect();
    let expected =
        ["received", "acknowledged", "identity_asked", "identity_answered", "decided", "answered"];
    assert_eq!(steps, expected);
    let received = history.iter().find(|leaf| leaf.action == *"request.received").unwrap();
    assert_eq!(received.details, [("right".to_owned(), "access".to_owned())], "and no words");
    let decided = history.iter().find(|leaf| leaf.action == *"request.decided").unwrap();
    assert_eq!(decided.find("decision"), Some("granted"));
    wait(vault.audit()).unwrap();
}

trait ParseAt {
    fn parse_at(&self) -> tacenda_core::Timestamp;
}

impl ParseAt for str {
    fn parse_at(&self) -> tacenda_core::Timestamp {
        tacenda_core::Timestamp::parse_rfc3339(self).unwrap()
    }
}

#[test]
fn who_may_not_read_is_not_told_whether_somebody_is_known() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let by = |email: &str, purpose: &'static str, role: &'static str| {
        let whom = Whom::HasEmail(Email::parse(email).unwrap(), Name::fixed(purpose));
        let arrival = arrival(&vault, whom, Right::Access);
        wait(requests::receive(&vault, &utc(), arrival, &staff(role))).unwrap()
    };
    let known = by("ADA@example.org", "account", "support");
    assert_eq!(known.key.subject, subject);
    let others = [
        by("eve@example.org", "account", "support"),
        // The role may not read for this purpose.
        by("ada@example.org", "billing", "support"),
        by("eve@example.org", "billing", "support"),
    ];
    for other in &others {
        assert_ne!(other.key.subject, subject);
        assert_eq!(other.key.id, RowId::of_key(0), "a subject of its own");
        assert_eq!(other.due, known.due);
        assert_eq!(read(&vault, other).right(), Right::Access, "it is recorded all the same");
        assert_eq!(
            wait(requests::held(&vault, other.key.subject, &staff("support"))).unwrap(),
            Held::Nothing
        );
    }
    assert_eq!(wait(vault.records_of(subject, &REQUESTS)).unwrap().len(), 1);
    // A purpose that is none is a slip, and makes nobody unknown.
    for email in ["ada@example.org", "eve@example.org"] {
        let whom = Whom::HasEmail(Email::parse(email).unwrap(), Name::fixed("acount"));
        let letter = arrival(&vault, whom, Right::Access);
        let refused = wait(requests::receive(&vault, &utc(), letter, &staff("support")));
        assert_eq!(code(refused), "policy.unknown_purpose");
    }
}

#[test]
fn a_second_request_for_the_same_is_linked_and_keeps_its_own_clock() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let first = receive(&vault, Whom::Known(subject), Right::Access);
    let other = receive(&vault, Whom::Known(subject), Right::Erasure);
    world.clock.advance(Span::days(10));
    let second = receive(&vault, Whom::Known(subject), Right::Access);
    assert_eq!(read(&vault, &second).links(), [first.id]);
    assert!(read(&vault, &other).links().is_empty());
    assert_eq!((first.due, second.due), (date("2026-07-01"), date("2026-07-13")));
    let leaves = wait(vault.history(subject, 9)).unwrap();
    let leaf = leaves.iter().find(|leaf| leaf.action == *"request.received").unwrap();
    assert_eq!(leaf.find("repeats"), Some("1"));
    // The identity of the first is not that of the second.
    assert_eq!(take(&vault, &first, asked(&vault)), "ok");
    assert_eq!(take(&vault, &first, shown(&vault, requests::Evidence::AccountFacts)), "ok");
    let granted = || Event::Decided(Decision::Granted(None));
    assert_eq!(take(&vault, &second, granted()), "requests.identity_open");
    // It is mostly after an answer that somebody asks again; what was opened in error was not asked.
    assert_eq!(take(&vault, &first, Event::Withdrawn(vault.now())), "ok");
    assert_eq!(take(&vault, &second, Event::OpenedInError(note("A bill."))), "ok");
    let third = receive(&vault, Whom::Known(subject), Right::Access);
    assert_eq!(read(&vault, &third).links(), [first.id]);
    let ground = |ground| Right::Restriction(ground);
    let one = receive(&vault, Whom::Known(subject), ground(requests::RestrictionGround::Claims));
    let two = receive(&vault, Whom::Known(subject), ground(requests::RestrictionGround::Accuracy));
    assert_eq!(read(&vault, &two).links(), [one.id], "on another ground");
    let none = requests::RequestId::from_bytes([9; 16]);
    assert_eq!(take(&vault, &two, Event::Linked(none)), "requests.no_such_request");
    assert_eq!(take(&vault, &two, Event::Linked(other.id)), "ok");
}

#[test]
fn a_session_is_the_subjects_own() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let (arrival, me) = from_account(&vault, subject, Right::Erasure);
    let try_as = |arrival: &Arrival, actor: &Actor| {
        code(wait(requests::receive(&vault, &utc(), arrival.clone(), actor)))
    };
    assert_eq!(try_as(&arrival, &staff("support")), "requests.not_the_subject");
    let stranger = Actor::subject(SubjectId::generate(vault.now(), world.rng.as_ref()));
    assert_eq!(try_as(&arrival, &stranger), "requests.not_the_subject");
    let nobody = Arrival { whom: Whom::Unknown, ..arrival.clone() };
    assert_eq!(try_as(&nobody, &me), "requests.not_the_subject");
    let mine = wait(requests::receive(&vault, &utc(), arrival.clone(), &me)).unwrap();
    assert!(matches!(read(&vault, &mine).state(), State::InWork { .. }));
    let proxy = Arrival { requester: Requester::Proxy(None), ..arrival };
    let by_proxy = wait(requests::receive(&vault, &utc(), proxy, &me)).unwrap();
    assert_eq!(*read(&vault, &by_proxy).state(), State::Received, "who asks is open");
    let by_me = |event: Event| code(wait(step(&vault, &utc(), &by_proxy.key, event, &me)));
    let session = shown(&vault, requests::Evidence::Session);
    assert_eq!(by_me(Event::SessionSeen(vault.now())), "requests.not_the_subject");
    assert_eq!(take(&vault, &by_proxy, asked(&vault)), "ok");
    assert_eq!(by_me(session), "requests.not_the_subject", "nor as an answer");

    let letter = receive(&vault, Whom::Known(subject), Right::Access);
    let seen = || Event::SessionSeen(vault.now());
    let steps =
        |event: Event, actor: &Actor| code(wait(step(&vault, &utc(), &letter.key, event, actor)));
    assert_eq!(steps(seen(), &staff("support")), "requests.not_the_subject");
    assert_eq!(steps(seen(), &stranger), "requests.not_the_subject");
    assert_eq!(steps(asked(&vault), &staff("support")), "ok");
    let session = || shown(&vault, requests::Evidence::Session);
    assert_eq!(steps(session(), &staff("support")), "requests.not_the_subject");
    assert_eq!(steps(session(), &Actor::system()), "requests.not_the_subject");
    assert_eq!(steps(session(), &me), "ok");
    // What is the controller's to say, the subject does not.
    let granted = || Event::Decided(Decision::Granted(None));
    assert_eq!(steps(granted(), &me), "requests.not_the_subject");
    assert_eq!(steps(Event::Withdrawn(vault.now()), &stranger), "requests.not_the_subject");
    assert_eq!(steps(Event::Withdrawn(vault.now()), &me), "ok");
}

#[test]
fn nobody_is_told_that_nothing_is_held_where_something_is() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let nothing = || Event::Decided(Decision::NothingHeld);
    let erased = |day: &str| Event::Decided(Decision::ErasedBefore(date(day)));
    let held = |subject| wait(requests::held(&vault, subject, &staff("support"))).unwrap();
    let unknown = receive(&vault, Whom::Unknown, Right::Access);
    assert_eq!(held(unknown.key.subject).decision(), Some(Decision::NothingHeld));
    assert_eq!(take(&vault, &unknown, erased("2026-06-01")), "requests.not_so");
    assert_eq!(take(&vault, &unknown, nothing()), "ok");

    let letter = receive(&vault, Whom::Known(subject), Right::Access);
    assert_eq!(held(subject), Held::Something);
    assert_eq!(held(subject).decision(), None);
    assert_eq!(take(&vault, &letter, nothing()), "requests.not_so");
    world.clock.advance(Span::days(3));
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    // What a law keeps is held.
    assert_eq!(held(subject), Held::Something);
    assert_eq!(take(&vault, &letter, erased("2026-06-04")), "requests.not_so");
}

#[test]
fn somebody_erased_is_told_the_day() {
    let world = World::default();
    let vault = world.open();
    let items = [("email", "eve@example.org"), ("card_last4", "4242")];
    let eve = tacenda_testkit::world::request(&vault, &items, false);
    let subject = wait(vault.register(eve, &staff("support"))).unwrap().subject();
    let first = receive(&vault, Whom::Known(subject), Right::Erasure);
    world.set_time("2026-06-09T23:30:00Z");
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    let day = date("2026-06-09");
    world.clock.advance(Span::days(300));
    let vault = world.open();
    // Many leaves later, and after a record of its own went.
    for _ in 0..80 {
        wait(requests::read(&vault, &first.key, &ACCOUNT, &staff("support"))).unwrap();
    }
    assert_eq!(
        wait(requests::held(&vault, subject, &staff("support"))).unwrap(),
        Held::ErasedOn(day)
    );
    let later = receive(&vault, Whom::Known(subject), Right::Access);
    assert_eq!(take(&vault, &later, asked(&vault)), "ok");
    assert_eq!(take(&vault, &later, shown(&vault, requests::Evidence::AccountFacts)), "ok");
    let erased = |day| Event::Decided(Decision::ErasedBefore(day));
    assert_eq!(take(&vault, &later, Event::Decided(Decision::NothingHeld)), "requests.not_so");
    assert_eq!(take(&vault, &later, erased(date("2026-06-10"))), "requests.not_so");
    let told =
        wait(requests::held(&vault, subject, &staff("support"))).unwrap().decision().unwrap();
    assert_eq!(told, Decision::ErasedBefore(day));
    assert_eq!(take(&vault, &later, Event::Decided(told)), "ok");
    assert_eq!(take(&vault, &later, sent(&vault)), "ok");
}

#[test]
fn a_file_that_was_swept_is_no_erasure_of_a_person() {
    let world = World::default();
    let vault = world.open();
    let at = receive(&vault, Whom::Unknown, Right::Access);
    assert_eq!(take(&vault, &at, Event::Withdrawn(vault.now())), "ok");
    world.clock.advance(Span::days(1200));
    let digest = wait(tacenda_gdpr::retention::plan(&vault)).unwrap().digest;
    let me = Actor::system();
    wait(erasure::sweep(&vault, Some(digest), &me, &mut |_| {})).unwrap();
    assert_eq!(code(wait(vault.record(&at.key))), "vault.no_such_record");
    assert_eq!(wait(requests::find(&vault, at.id, &staff("support"))).unwrap(), None);
    wait(vault.audit()).unwrap();
    assert_eq!(
        wait(requests::held(&vault, at.key.subject, &staff("support"))).unwrap(),
        Held::Nothing
    );
}

#[test]
fn what_is_said_later_is_added_and_masked_as_one() {
    let world = World::default();
    let vault = world.open();
    let at = receive(&vault, Whom::Unknown, Right::Access);
    let support = staff("support");
    let hear =
        |text: &str| code(wait(requests::hear(&vault, &at.key, &Words::new(text), &support)));
    assert_eq!(hear("And my invoices: 4111 1111"), "ok");
    assert_eq!(hear("1111 1111"), "ok");
    let kept = words(&vault, &at);
    assert!(kept.contains("And my invoices") && kept.starts_with("Everything"));
    assert!(tacenda_core::guard::find(&kept).is_empty(), "{kept}");
    let post = ReplyTo::post("Ada\n1 Street").unwrap();
    wait(requests::readdress(&vault, &at.key, &post, &support)).unwrap();
    assert_eq!(reply_to(&vault, &at), Some(post.clone()));
    assert_eq!(take(&vault, &at, Event::Withdrawn(vault.now())), "ok");
    assert_eq!(hear("Again"), "requests.file_closed");
    let again = wait(requests::readdress(&vault, &at.key, &post, &support));
    assert_eq!(code(again), "requests.file_closed");
    let stranger = Actor::subject(SubjectId::generate(vault.now(), world.rng.as_ref()));
    let heard = wait(requests::hear(&vault, &at.key, &Words::new("a"), &stranger));
    assert_eq!(code(heard), "requests.not_the_subject");
}

#[test]
fn what_no_request_can_be_is_refused_and_nothing_is_written() {
    let world = World::default();
    let vault = world.open();
    let leaves = || wait(world.store.status()).unwrap().unwrap().head.size;
    let before = leaves();
    let support = staff("support");
    let tomorrow = vault.now().plus(Span::days(1));
    let letter = arrival(&vault, Whom::Unknown, Right::Access);
    let future = Arrival { received_at: tomorrow, ..letter.clone() };
    assert_eq!(
        code(wait(requests::receive(&vault, &utc(), future, &support))),
        "requests.in_future"
    );
    let stranger = SubjectId::generate(vault.now(), world.rng.as_ref());
    let known = Arrival { whom: Whom::Known(stranger), ..letter };
    assert_eq!(code(wait(requests::receive(&vault, &utc(), known, &support))), "vault.not_found");
    assert_eq!(leaves(), before);
    let at = receive(&vault, Whom::Unknown, Right::Access);
    let before = leaves();
    let granted = Event::Decided(Decision::Granted(None));
    assert_eq!(take(&vault, &at, granted), "requests.identity_open");
    let session = shown(&vault, requests::Evidence::EmailRoundTrip);
    assert_eq!(take(&vault, &at, session), "requests.answer_without_question");
    let again = read(&vault, &at).entries()[0].event.clone();
    assert_eq!(take(&vault, &at, again), "requests.wrong_step");
    assert_eq!(leaves(), before + 1, "the read alone");
}
