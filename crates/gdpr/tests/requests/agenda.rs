//! What is due by a day, by the index alone; and read for lists and a feed.

use pollster::block_on as wait;
use proptest::prelude::*;
use tacenda_core::clock::Span;
use tacenda_core::vault::Vault;
use tacenda_gdpr::requests::{
    self, Arrival, Event, IdentityAsk, IdentityQuestion, Received, Right, Stage, Whom, step,
};
use tacenda_testkit::world::{World, staff};

use crate::support::*;

/// A letter that came so many days ago.
fn receive(vault: &Vault, ago: i64) -> Received {
    let received_at = vault.now().minus(Span::days(ago));
    let letter = arrival(vault, Whom::Unknown, Right::Access);
    let letter = Arrival { received_at, ..letter };
    wait(requests::receive(vault, &utc(), letter, &staff("support"))).unwrap()
}

fn take(vault: &Vault, at: &Received, event: Event) {
    wait(step(vault, &utc(), &at.key, event, &staff("support"))).unwrap();
}

fn due(vault: &Vault, until: &str) -> Vec<requests::Work> {
    wait(requests::agenda(vault, &utc(), date(until), &staff("support"))).unwrap()
}

#[test]
fn an_agenda_has_what_is_due_by_the_day_and_opens_nothing() {
    let world = World::default();
    let vault = world.open();
    let all: Vec<_> = [0, 40, 20, 5].map(|ago| receive(&vault, ago)).into();
    assert_eq!(all[2].due, date("2026-06-12"));
    let question = IdentityQuestion { asked_at: vault.now(), ask: IdentityAsk::EmailRoundTrip };
    take(&vault, &all[3], Event::IdentityAsked(question));
    let leaves = wait(world.store.status()).unwrap().unwrap().head.size;
    let found = due(&vault, "2026-06-30");
    let expected = [&all[1], &all[2], &all[3]].map(|one| (one.key.clone(), one.due));
    let seen: Vec<_> = found.iter().map(|one| (one.key.clone(), one.due)).collect();
    assert_eq!(seen, expected);
    assert_eq!(found[2].stage, Stage::IdentityAsked);
    assert_eq!(due(&vault, "2026-06-12").len(), 2, "the last day counts");
    assert_eq!(due(&vault, "2026-06-11").len(), 1);
    assert_eq!(due(&vault, "2026-07-01").len(), 4);
    let size = wait(world.store.status()).unwrap().unwrap().head.size;
    assert_eq!(size, leaves + 4, "a leaf for each list");
    let refused = |actor| code(wait(requests::agenda(&vault, &utc(), date("2026-06-30"), &actor)));
    assert_eq!(refused(staff("intern")), "policy.unknown_role");
    let one = tacenda_core::vault::Actor::subject(all[0].key.subject);
    assert_eq!(refused(one), "requests.not_the_subject");
    take(&vault, &all[1], Event::Withdrawn(vault.now()));
    assert_eq!(due(&vault, "2026-06-12").len(), 1);

    // As of now: the question has waited for four days.
    world.clock.advance(Span::days(4));
    let read = |works: &[requests::Work], role| {
        wait(requests::lines(&vault, &utc(), works, &ACCOUNT, &staff(role)))
    };
    let listing = read(&found, "support").unwrap();
    assert!(listing.unread.is_empty());
    assert_eq!(listing.lines.len(), 3);
    assert_eq!(listing.lines[0].stage, Stage::Withdrawn, "it was closed since");
    assert!(listing.lines[2].due > found[2].due);
    let lists = requests::lists(&listing.lines, date("2026-06-13"), 30);
    assert_eq!((lists.overdue.len(), lists.due.len()), (1, 1));
    let feed = requests::feed("Requests", &listing.lines, vault.now()).unwrap();
    assert_eq!(feed.matches("BEGIN:VEVENT").count(), 2);
    assert!(feed.contains(&all[2].id.to_string()));
    let subject = all[2].key.subject.to_string();
    assert!(!feed.contains(&subject), "nothing that tells whose it is");
    assert_eq!(code(read(&found, "intern")), "policy.unknown_role");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn every_open_request_is_on_the_agenda_of_its_last_day(
        letters in prop::collection::vec((0i64..60, 0u8..4), 1..12),
        day in -40i64..40,
    ) {
        let world = World::default();
        let vault = world.open();
        let mut open = Vec::new();
        for (ago, then) in letters {
            let at = receive(&vault, ago);
            match then {
                0 => take(&vault, &at, Event::Withdrawn(vault.now())),
                1 => {
                    take(&vault, &at, Event::Acknowledged(vault.now()));
                    open.push(at);
                }
                _ => open.push(at),
            }
        }
        let until = date("2026-06-20") + chrono::TimeDelta::days(day);
        let found = wait(requests::agenda(&vault, &utc(), until, &staff("support"))).unwrap();
        let mut expected: Vec<_> = open.iter().filter(|one| one.due <= until).collect();
        expected.sort_by_key(|one| (one.due, one.key.subject));
        let keys = found.iter().map(|one| (one.due, &one.key)).collect::<Vec<_>>();
        prop_assert_eq!(keys, expected.iter().map(|one| (one.due, &one.key)).collect::<Vec<_>>());
    }
}
