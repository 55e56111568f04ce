//! A hold and a restriction on a canary, from their placing to their end.

use tacenda::gdpr::holds::{Ground, Note, Scope, Selection, Terms};
use tacenda::gdpr::requests::{Channel, RestrictionGround};
use tacenda::gdpr::restriction::{self, Announcement, Asked};
use tacenda::gdpr::staff::{self, Identity, Offer};
use tacenda::{Actor, Fingerprint, Name, RestrictedUse, SubjectId, Tacenda, block_on};
use tacenda_core::calendar::day_of;

use super::super::support::{NOW, shown, time};
use super::HELD;

pub(super) fn held(t: &Tacenda, subject: SubjectId, me: &Actor) {
    let note = |n: usize| Note::parse(HELD[n].1).unwrap();
    // A card number is in no reason.
    println!("{}", shown(&Note::parse("they paid with 5555 5555 5555 4444").unwrap_err()));
    let holds = t.holds().unwrap();
    let review_on = day_of(t.vault().ports().zone.as_ref(), time(NOW));
    let terms = Terms {
        ground: Ground::LegalClaims,
        reason: note(0),
        owner: me.id,
        review_on,
        scope: Scope::Subject,
    };
    println!("{terms:?} {terms:#?}");
    let placed = block_on(holds.place(subject, &terms, me)).unwrap();
    let group = holds.group();
    let these = Selection::Subjects(vec![subject]);
    let many = block_on(holds.place_many(group, &these, &terms, me, &mut |_| {})).unwrap();
    println!("{placed:?} {many:?} {:?}", block_on(holds.agenda(review_on, me)).unwrap());
    block_on(holds.review(&placed.key, review_on, &note(1), me)).unwrap();
    let hold = block_on(holds.read(&placed.key, "requests", me)).unwrap();
    assert_eq!(hold.placing().reason.as_text(), HELD[0].1);
    println!("{hold:?} {hold:#?}");
    println!("{}", shown(&block_on(t.erasure().erase(subject, me)).unwrap_err()));
    println!("{:?}", block_on(holds.release_group(group, &note(1), me)).unwrap());
    println!("{:?}", block_on(holds.release(&placed.key, &note(1), me)).unwrap());

    let restrictions = t.restrictions().unwrap();
    let terms = restriction::Terms {
        ground: RestrictionGround::Accuracy,
        reason: note(2),
        asked: Asked::Person(time(NOW)),
        classes: [].into(),
        review_on,
    };
    println!("{terms:?} {terms:#?}");
    let placed = block_on(restrictions.place(subject, &terms, me)).unwrap();
    let claims = RestrictedUse::Claims;
    let service = Actor::staff(me.id, Name::fixed("service"));
    let read = block_on(restrictions.read_customer(subject, "account", claims, &service));
    println!("{}", shown(&read.unwrap_err()));
    let read = restrictions.read_customer(subject, "requests", claims, me);
    let view = block_on(read).unwrap();
    println!("{placed:?} {view:?}");
    let letter = Announcement { sent_at: time(NOW), by: Channel::Email, reason: note(2) };
    println!("{letter:?}");
    block_on(restrictions.announce(&placed.key, &letter, me)).unwrap();
    let file = block_on(restrictions.read(&placed.key, "requests", me)).unwrap();
    assert_eq!(file.placing().reason.as_text(), HELD[2].1);
    println!("{file:?} {file:#?} {:?}", block_on(restrictions.agenda(review_on, me)).unwrap());
    println!("{:?}", block_on(restrictions.lift(&placed.key, me)).unwrap());
    let unread = block_on(t.vault().read_record(
        &placed.key,
        &[tacenda_core::vault::MODEL],
        &Name::fixed("marketing"),
        me,
    ));
    println!("{}", shown(&unread.unwrap_err()));
    warden(t, me);
}

/// A grant to a member of staff, from its beginning to its end.
fn warden(t: &Tacenda, me: &Actor) {
    let guard = Actor::staff(me.id, Name::fixed("security"));
    println!("{}", shown(&Identity::parse("4111 1111 1111 1111", HELD[4].1).unwrap_err()));
    let identity = Identity::parse(HELD[3].1, HELD[4].1).unwrap();
    let offer = Offer {
        roles: [Name::fixed("support")].into(),
        certificate: Fingerprint::of_der(b"a certificate of canaries"),
        until: day_of(t.vault().ports().zone.as_ref(), time(NOW)),
        told: None,
    };
    let given = block_on(t.staff().give(None, &identity, &offer, &guard)).unwrap();
    println!("{identity:?} {offer:?} {given:?}");
    block_on(t.staff().renew(&given.key, &offer, &guard)).unwrap();
    let reason = Note::parse(HELD[5].1).unwrap();
    let ground = staff::Ground::Departure;
    let revoked = block_on(t.staff().revoke(given.person, ground, &reason, &guard)).unwrap();
    let listed = block_on(t.staff().of(given.person, "security", &guard)).unwrap();
    assert_eq!(listed[0].identity.as_ref().unwrap().0.expose(), HELD[3].1);
    println!("{revoked:?} {listed:?} {:?}", block_on(t.staff().agenda(offer.until, &guard)));
}
