//! A model: whatever people say in whatever order, what is read is what they said last.

use std::collections::BTreeMap;

use pollster::block_on as wait;
use proptest::prelude::*;
use tacenda_core::clock::Span;
use tacenda_core::vault::{Actor, RecordKey};
use tacenda_core::{Name, Result, Timestamp};
use tacenda_gdpr::consent::{self, Giving, How};
use tacenda_gdpr::objection::{self, Decision, Overriding, State};
use tacenda_testkit::world::{World, ada, staff};

use crate::support::*;

const PURPOSES: [Name; 3] = [NEWS, OFFERS, ANALYSIS];

/// What a person said, and the controller.
#[derive(Default)]
struct Model {
    consents: bool,
    /// When the consent that stands, or stood last, was given.
    given_at: Option<Timestamp>,
    /// When consent was withdrawn last.
    withdrawn: Option<Timestamp>,
    /// The objection to direct marketing as such.
    stopped: Option<RecordKey>,
    /// Open objections, with whether each was overruled.
    objections: BTreeMap<Name, (RecordKey, Option<bool>)>,
}

impl Model {
    /// What a read for a purpose should come to.
    fn read(&self, purpose: &Name) -> &'static str {
        match purpose {
            _ if self.objections.contains_key(purpose) => "policy.objected",
            purpose if *purpose != ANALYSIS && self.stopped.is_some() => "policy.objected",
            purpose if *purpose == NEWS && !self.consents => "policy.no_consent",
            _ => "ok",
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_read_is_what_was_said_last(
        steps in prop::collection::vec((0u8..12, 0usize..3, 0i64..4, 0i64..6), 1..30),
    ) {
        let world = World::default();
        let vault = world.open();
        let subject = ada(&vault);
        let (me, dpo) = (Actor::subject(subject), staff("support"));
        let mut model = Model::default();
        for (step, which, days, before) in steps {
            pass(&world, days);
            let (purpose, now) = (&PURPOSES[which], vault.now());
            let open = model.objections.get(purpose).cloned();
            let analysis = *purpose == ANALYSIS;
            match step {
                0 | 1 => {
                    let given_at = now.minus(Span::days(before));
                    let giving = Giving { given_at, how: How::Form, ..giving(&vault) };
                    let given = wait(consent::give(&vault, subject, &giving, &dpo));
                    let withdrawn = model.withdrawn.is_some_and(|at| given_at <= at);
                    let expected = match () {
                        () if model.read(&NEWS) == "policy.objected" => "consent.objected",
                        () if !model.consents && withdrawn => "consent.withdrawn_since",
                        () => "ok",
                    };
                    let changed = given.as_ref().is_ok_and(|given| given.changed);
                    prop_assert_eq!(changed, expected == "ok" && !model.consents);
                    prop_assert_eq!(code(given), expected);
                    if changed {
                        model.given_at = Some(given_at);
                    }
                    model.consents |= changed;
                }
                2 => {
                    let at = now.minus(Span::days(before - 1));
                    let when = (at, How::Account);
                    let ended = wait(consent::withdraw(&vault, subject, &NEWS, when, &me)).unwrap();
                    let stood = matches!(ended, consent::Withdrawal::Ended(_));
                    prop_assert_eq!(stood, std::mem::take(&mut model.consents));
                    let given = model.given_at.filter(|_| stood);
                    model.withdrawn = model.withdrawn.max(Some(at.min(now))).max(given);
                }
                3 | 4 => {
                    let made = object(&vault, subject, purpose).unwrap();
                    prop_assert_eq!(made.repeated, open.is_some());
                    let decided = open.and_then(|(_, overruled)| overruled).filter(|over| !over);
                    model.objections.insert(purpose.clone(), (made.key, decided));
                }
                5 | 6 => {
                    let Some((key, decided)) = open else { continue };
                    let decision = if step == 5 {
                        Decision::Upheld(note("So it is."))
                    } else {
                        Decision::Overruled(Overriding::LegalClaims, note("A claim."))
                    };
                    let taken = wait(objection::decide(&vault, &key, decision, &dpo));
                    let may = analysis && decided != Some(false);
                    prop_assert_eq!(taken.is_ok(), may, "{:?}", taken);
                    if may {
                        model.objections.insert(purpose.clone(), (key, Some(step == 6)));
                    }
                }
                7 => {
                    let Some((key, decided)) = open else { continue };
                    let taken: Result<State> =
                        wait(objection::tell(&vault, &key, told(now), &dpo));
                    prop_assert_eq!(taken.is_ok(), !analysis || decided.is_some());
                    if decided == Some(true) {
                        model.objections.remove(purpose);
                    }
                }
                8 => {
                    let when = (now, objection::Way::Automated);
                    let stopped =
                        wait(objection::stop_marketing(&vault, subject, when, &me)).unwrap();
                    prop_assert_eq!(stopped.repeated, model.stopped.is_some());
                    prop_assert!(model.stopped.is_none_or(|key| key == stopped.key));
                    model.stopped = Some(stopped.key);
                }
                9 => {
                    let Some(key) = model.stopped.take() else { continue };
                    wait(objection::withdraw(&vault, &key, now, &me)).unwrap();
                }
                _ => {
                    let Some((key, _)) = open else { continue };
                    wait(objection::withdraw(&vault, &key, now, &me)).unwrap();
                    model.objections.remove(purpose);
                }
            }
            for purpose in &PURPOSES {
                prop_assert_eq!(read(&vault, subject, purpose), model.read(purpose));
            }
        }
        // Each record is open exactly while its word counts, and holds what was entered.
        let consents = wait(consent::consents_of(&vault, subject, &ACCOUNT, &dpo)).unwrap();
        let stand = consents.iter().filter(|one| {
            matches!(one.consent.as_ref().unwrap().state(), consent::State::Stands(_))
        });
        prop_assert_eq!(stand.count(), usize::from(model.consents));
        let listed = wait(objection::objections_of(&vault, subject, &ACCOUNT, &dpo)).unwrap();
        let open = listed.iter().filter(|one| {
            one.objection.as_ref().unwrap().state().open_as().is_some()
        });
        prop_assert_eq!(open.count(), model.objections.len() + model.stopped.iter().count());
        wait(vault.audit()).unwrap();
    }
}
