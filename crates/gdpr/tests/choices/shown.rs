//! What a person sees of what they chose, and what the log says of that.

use pollster::block_on as wait;
use tacenda_core::SubjectId;
use tacenda_core::vault::Actor;
use tacenda_gdpr::choices::{self, Choice};
use tacenda_gdpr::notice::{self, Shown, Way};
use tacenda_gdpr::objection;
use tacenda_testkit::world::{World, ada, staff};

use crate::support::*;

#[test]
fn a_person_sees_what_they_chose_and_the_log_says_so() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let me = Actor::subject(subject);
    let see = |actor: &Actor| wait(choices::of(&vault, subject, actor));
    let nothing = see(&me).unwrap();
    let names: Vec<_> = nothing.purposes.iter().map(|one| one.purpose.as_str()).collect();
    assert_eq!(
        names,
        ["analysis", "newsletter", "offers"],
        "what is not theirs to say is not here"
    );
    let said = |one: &Choice| one.consent.is_some() || one.withdrawn_at.is_some() || one.objects;
    assert!(nothing.purposes.iter().all(|one| !said(one) && one.told));
    assert!(!nothing.no_marketing && nothing.told.is_none());
    let leaf = wait(vault.history(subject, 1)).unwrap().remove(0);
    assert_eq!((leaf.action.as_str(), leaf.actor), ("stance.read", me.id));

    let key = give(&vault, subject).unwrap().key;
    object(&vault, subject, &ANALYSIS).unwrap();
    let shown = Shown { version: 1, at: vault.now(), way: Way::Account };
    wait(notice::shown(&vault, subject, shown, &me)).unwrap();
    let seen = see(&me).unwrap();
    let [analysis, news, offers] = &seen.purposes[..] else { panic!("{seen:?}") };
    assert!(analysis.objects && analysis.may_object && !analysis.needs_consent);
    assert_eq!(news.consent.as_ref().map(|given| (given.version, given.record)), Some((3, key.id)));
    assert!(news.needs_consent && news.may_object && !news.objects);
    assert!(offers.may_object && !offers.objects);
    assert_eq!(seen.told.map(|told| told.version), Some(1));

    withdraw(&vault, subject).unwrap();
    let when = (vault.now(), objection::Way::Account);
    wait(objection::stop_marketing(&vault, subject, when, &me)).unwrap();
    let seen = see(&me).unwrap();
    assert!(seen.no_marketing);
    let news = &seen.purposes[1];
    assert_eq!((&news.consent, news.withdrawn_at), (&None, Some(vault.now())));
    assert!(news.objects && seen.purposes[2].objects, "with marketing as such");
    wait(vault.audit()).unwrap();
}

#[test]
fn nobody_else_sees_it_but_who_works_on_it() {
    let vault = World::default().open();
    let subject = ada(&vault);
    let see = |of: SubjectId, actor: &Actor| code(wait(choices::of(&vault, of, actor)));
    let stranger = SubjectId::generate(vault.now(), vault.ports().rng.as_ref());
    assert_eq!(see(subject, &Actor::subject(stranger)), "objection.not_the_subject");
    assert_eq!(see(subject, &staff("ghost")), "policy.unknown_role");
    assert_eq!(see(subject, &staff("support")), "ok");
    let before = wait(vault.history(stranger, 9)).unwrap().len();
    assert_eq!(see(stranger, &Actor::subject(stranger)), "vault.not_found");
    assert_eq!(wait(vault.history(stranger, 9)).unwrap().len(), before, "of nobody");
}
