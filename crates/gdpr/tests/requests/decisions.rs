//! Decisions: on which ground, by whom, for whom, and what the answer says.

use tacenda_core::Name;
use tacenda_gdpr::requests::{
    Charge, ChargeGround, Decision, Ground, Hints, IdentityAsk, Intake, PartialRefusal, Refusal,
    Refusals, Request, Requester, Right, Stage,
};

use crate::support::*;

#[test]
fn nothing_held_needs_no_proof_of_identity() {
    let request = received(Right::Access);
    let request = request.decide(Decision::NothingHeld, &france(), stamp(1)).unwrap();
    let request = request.answer(answer(1, false), &france(), stamp(1)).unwrap();
    assert_eq!(request.state().stage(), Stage::Answered);
    // Whoever is unknown to a machine may be known to a person.
    let machine = received(Right::Access).decide(Decision::NothingHeld, &france(), system(1));
    assert_eq!(code(machine), "requests.judged_by_nobody");
    // That somebody was a customer once is told to nobody else.
    let erased = Decision::ErasedBefore(date("2025-12-01"));
    let told = received(Right::Access).decide(erased.clone(), &france(), stamp(1));
    assert_eq!(code(told), "requests.identity_open");
    assert!(in_work(Right::Access).decide(erased, &france(), stamp(1)).is_ok());
    let to_come = Decision::ErasedBefore(date("2026-03-08"));
    let told = in_work(Right::Access).decide(to_come, &france(), stamp(1));
    assert_eq!(code(told), "requests.in_future");
}

#[test]
fn a_proxy_and_an_heir_show_their_authority() {
    for requester in [Requester::Proxy(None), Requester::Heir(None)] {
        let intake = Intake { requester, ..intake(Right::Erasure) };
        let request = Request::receive(intake, stamp(0)).unwrap();
        let early = request.clone().decide(refused(Ground::NotEntitled), &france(), stamp(1));
        assert_eq!(code(early), "ok");
        let request = request.see_session(day(0), stamp(0)).unwrap();
        let grant = |request: Request| request.decide(Decision::Granted(None), &france(), stamp(2));
        assert_eq!(code(grant(request.clone())), "requests.authority_missing");
        let request = request.show_authority(power_of_attorney(), stamp(1)).unwrap();
        assert_eq!(request.requester().proof(), Some(&power_of_attorney()));
        assert_eq!(code(grant(request.clone())), "ok");
        let no = request.decide(refused(Ground::NotEntitled), &france(), stamp(2));
        assert_eq!(code(no), "requests.ground_unfit");
    }
    let subject = received(Right::Erasure).show_authority(power_of_attorney(), stamp(1));
    assert_eq!(code(subject), "requests.authority_not_needed");
    let mut unseen = power_of_attorney();
    unseen.seen_by = tacenda_core::ActorId::SYSTEM;
    let requester = Requester::Heir(Some(unseen));
    let unseen = Request::receive(Intake { requester, ..intake(Right::Access) }, stamp(0));
    assert_eq!(code(unseen), "requests.seen_by_nobody");
}

/// Which grounds the law gives against which right, written out once more.
#[test]
fn a_ground_refuses_the_rights_that_the_law_names() {
    use Ground as G;
    let anybody = [G::OtherController];
    let most = [G::Unfounded, G::Excessive, G::RestrictedByLaw];
    for right in Right::ALL {
        let special: &[Ground] = match right {
            Right::Access => &[G::RightsOfOthers],
            Right::Portability => &[G::RightsOfOthers, G::ConditionsNotMet],
            Right::Erasure => &[
                G::Expression,
                G::LegalObligation,
                G::PublicHealth,
                G::Archiving,
                G::LegalClaims,
                G::Restricted,
                G::ConditionsNotMet,
            ],
            Right::Objection => &[G::LegalClaims, G::CompellingGrounds, G::ConditionsNotMet],
            Right::Rectification | Right::Restriction(_) | Right::HumanReview => {
                &[G::ConditionsNotMet]
            }
            Right::MarketingObjection | Right::ConsentWithdrawal => &[],
        };
        for ground in Ground::ALL {
            let known = anybody.contains(ground)
                || special.contains(ground)
                || (!right.is_absolute() && most.contains(ground));
            let found = code(in_work(*right).decide(refused(*ground), &france(), stamp(1)));
            let expected = match ground {
                _ if known => "ok",
                G::NotIdentified | G::NotEntitled => "requests.ground_unfit",
                _ if right.is_absolute() => "requests.absolute_right",
                _ => "requests.ground_unfit",
            };
            assert_eq!(found, expected, "{right:?} {ground:?}");
        }
    }
}

#[test]
fn a_person_weighs_and_a_machine_does_not() {
    for (right, ground, code_of_system) in [
        (Right::Objection, Ground::CompellingGrounds, "requests.judged_by_nobody"),
        (Right::Access, Ground::Excessive, "requests.judged_by_nobody"),
        (Right::Access, Ground::Unfounded, "requests.judged_by_nobody"),
        (Right::Access, Ground::RightsOfOthers, "requests.judged_by_nobody"),
        (Right::Erasure, Ground::LegalObligation, "ok"),
    ] {
        let by_system = in_work(right).decide(partly(ground), &france(), system(1));
        assert_eq!(code(by_system), code_of_system, "{ground:?}");
        assert_eq!(code(in_work(right).decide(partly(ground), &france(), stamp(1))), "ok");
    }
}

#[test]
fn what_is_absolute_is_granted_to_whoever_asks() {
    for right in [Right::MarketingObjection, Right::ConsentWithdrawal] {
        for requester in [Requester::Subject, Requester::Proxy(None)] {
            let letter = Request::receive(Intake { requester, ..intake(right) }, stamp(0)).unwrap();
            let asked = letter.clone().ask_identity(ask(1, IdentityAsk::EmailRoundTrip), stamp(1));
            for request in [letter, asked.unwrap()] {
                let done = request.decide(Decision::Granted(None), &france(), stamp(2)).unwrap();
                assert_eq!(Request::decode(&done.encode()).unwrap(), done);
                assert_eq!(code(done.answer(answer(2, false), &france(), stamp(2))), "ok");
            }
        }
    }
    let other = received(Right::Objection).decide(Decision::Granted(None), &france(), stamp(2));
    assert_eq!(code(other), "requests.identity_open");
}

#[test]
fn a_fee_has_its_ground_too() {
    let fee = |ground| {
        Decision::Granted(Some(Charge { ground, reason: note("The tenth in this month.") }))
    };
    let decide = |right, ground| in_work(right).decide(fee(ground), &france(), stamp(1));
    assert_eq!(code(decide(Right::Access, ChargeGround::Excessive)), "ok");
    assert_eq!(code(decide(Right::Access, ChargeGround::FurtherCopy)), "ok");
    assert_eq!(code(decide(Right::Erasure, ChargeGround::FurtherCopy)), "requests.ground_unfit");
    for right in [Right::MarketingObjection, Right::ConsentWithdrawal] {
        assert_eq!(code(decide(right, ChargeGround::Excessive)), "requests.absolute_right");
    }
    let by_system =
        in_work(Right::Access).decide(fee(ChargeGround::Unfounded), &france(), system(1));
    assert_eq!(code(by_system), "requests.judged_by_nobody");
}

#[test]
fn a_refusal_has_reasons_and_tells_of_complaint_and_court() {
    assert_eq!(code(Refusals::new(vec![])), "requests.no_reasons");
    assert_eq!(code(PartialRefusal::new(vec![])), "requests.no_reasons");
    let whole = refusal(Ground::LegalObligation, None);
    assert_eq!(code(PartialRefusal::new(vec![whole.clone()])), "requests.part_without_class");
    let item = Refusal { item: Some(Name::fixed("vat number")), ..whole };
    assert_eq!(code(Refusals::new(vec![item])), "requests.part_without_class");

    for decision in [refused(Ground::LegalClaims), partly(Ground::LegalObligation)] {
        let request = in_work(Right::Erasure).decide(decision, &france(), stamp(1)).unwrap();
        for (complaint, court) in [(false, false), (true, false), (false, true)] {
            let mut silent = answer(2, true);
            silent.hints = Hints { complaint, court };
            let sent = request.clone().answer(silent, &france(), stamp(2));
            assert_eq!(code(sent), "requests.remedies_missing");
        }
        assert_eq!(code(request.answer(answer(2, true), &france(), stamp(2))), "ok");
    }
}

#[test]
fn somebody_who_never_showed_who_they_are_is_told_so() {
    let asked = received(Right::Access)
        .ask_identity(ask(1, IdentityAsk::EmailRoundTrip), stamp(1))
        .unwrap();
    let request = asked.decide(refused(Ground::NotIdentified), &france(), stamp(40)).unwrap();
    assert_eq!(code(request.answer(answer(40, true), &france(), stamp(40))), "ok");
    let unasked =
        received(Right::Access).decide(refused(Ground::NotIdentified), &france(), stamp(1));
    assert_eq!(code(unasked), "requests.ground_unfit");
    // It is no ground beside others, and none for a part.
    let mixed = vec![refusal(Ground::NotIdentified, None), refusal(Ground::Excessive, None)];
    let mixed = Decision::Refused(Refusals::new(mixed).unwrap(), None);
    let doubtful = || {
        let asked = ask(1, IdentityAsk::EmailRoundTrip);
        let asked = received(Right::Access).ask_identity(asked, stamp(1)).unwrap();
        asked.answer_identity(doubtful(2), stamp(2)).unwrap()
    };
    assert_eq!(code(doubtful().decide(mixed, &france(), stamp(3))), "requests.identity_open");
    let part = doubtful().decide(partly(Ground::NotIdentified), &france(), stamp(3));
    assert_eq!(code(part), "requests.identity_open");
    let part = in_work(Right::Access).decide(partly(Ground::NotIdentified), &france(), stamp(3));
    assert_eq!(code(part), "requests.ground_unfit");
}

#[test]
fn a_decision_can_be_changed_before_it_is_sent() {
    let request = in_work(Right::Erasure);
    let request = request.decide(Decision::Granted(None), &france(), stamp(1)).unwrap();
    let request = request.decide(partly(Ground::LegalClaims), &france(), stamp(2)).unwrap();
    let sent = request.clone().answer(answer(3, false), &france(), stamp(3));
    assert_eq!(code(sent), "requests.remedies_missing");
    let request = request.answer(answer(3, true), &france(), stamp(3)).unwrap();
    let again = request.decide(Decision::Granted(None), &france(), stamp(4));
    assert_eq!(code(again), "requests.wrong_step");
}
