//! A model of the steps: what is tried in whatever order is allowed, or refused with the code that a
//! second and plainer statement of the rules predicts.

use chrono::{Days, NaiveDate};
use proptest::prelude::*;
use tacenda_core::{ActorId, Result};
use tacenda_gdpr::requests::{
    Channel, Charge, ChargeGround, Closed, Decision, Evidence, Ground, IdentityAsk, Intake,
    Request, RequestId, Requester, Right, Scope, Stage, Stamp, State,
};

use crate::support::*;

/// What is tried: which step, three numbers to vary it, and how many days ago it happened.
type Step = (u8, u8, u8, u8, i64);

const OTHER: RequestId = RequestId::from_bytes([5; 16]);
const IDS: [RequestId; 3] = [ID, EARLIER, OTHER];

fn decision(how: u8) -> Decision {
    let fee = Charge { ground: ChargeGround::Excessive, reason: note("Again.") };
    match how % 12 {
        0 | 1 => Decision::Granted(None),
        2 => Decision::Granted(Some(fee)),
        3 => Decision::NothingHeld,
        4 => Decision::ErasedBefore(date("2025-12-01")),
        5 => partly(Ground::LegalObligation),
        6 => refused(Ground::LegalClaims),
        7 => refused_late(Ground::LegalClaims),
        8 => refused(Ground::NotIdentified),
        9 => refused(Ground::NotEntitled),
        10 => refused(Ground::Excessive),
        _ => refused(Ground::OtherController),
    }
}

fn evidence(how: u8, person: bool) -> Evidence {
    let by = if person { DPO } else { ActorId::SYSTEM };
    match how % 4 {
        0 => Evidence::EmailRoundTrip,
        1 => Evidence::AccountFacts,
        2 => Evidence::Session,
        _ => passport(by, date("2026-03-05")),
    }
}

fn attempt(request: Request, (what, how, more, by, ago): Step, at: i64) -> Result<Request> {
    let stamp = if by % 4 == 0 { system(at) } else { stamp(at) };
    let (on, then) = (day(at - ago), at - ago);
    let france = france();
    match what {
        0 => request.acknowledge(on, stamp),
        1 => request.link(IDS[usize::from(how % 3)], stamp),
        2 => {
            let right = Right::ALL[usize::from(how) % Right::ALL.len()];
            request.restate(right, Scope::ALL, note("It is."), stamp)
        }
        3 => {
            let mut proof = power_of_attorney();
            proof.seen_by = if more % 4 == 0 { ActorId::SYSTEM } else { DPO };
            request.show_authority(proof, stamp)
        }
        4 => request.see_session(on, stamp),
        5 => {
            let document = IdentityAsk::Document(note("Nothing else is left."));
            let asks = [IdentityAsk::EmailRoundTrip, IdentityAsk::AccountFacts, document];
            request.ask_identity(ask(then, asks[usize::from(how % 3)].clone()), stamp)
        }
        6 if more % 3 == 0 => request.answer_identity(doubtful(then), stamp),
        6 => {
            let shown = evidence(how, more % 3 == 1);
            request.answer_identity(confirmed(then, shown), stamp)
        }
        7 => request.ask_clarification(crate::support::what(then), stamp),
        8 => request.answer_clarification(on, (how % 2 == 0).then_some(Scope::ALL), stamp),
        9 => request.extend(letter(then), &france, stamp),
        10 => request.decide(decision(how), &france, stamp),
        11 => request.answer(answer(then, more % 2 == 0), &france, stamp),
        12 => request.withdraw(on, stamp),
        _ => request.remark(note("A remark."), stamp),
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Who {
    Open,
    Asked { document: bool },
    Doubted,
    Sure,
}

/// The plainer statement: days are counted from the day of receipt.
#[derive(Debug, Clone)]
struct Model {
    stage: Stage,
    who: Who,
    right: Right,
    subject: bool,
    entitled: bool,
    signed_in: bool,
    extended: bool,
    decided: u8,
    links: Vec<u8>,
    last: i64,
    /// The question that waits: about who asks or not, and since when.
    open: Option<(bool, i64)>,
    waited: Vec<(bool, i64, i64)>,
}

impl Model {
    fn rolled(nominal: i64) -> i64 {
        let date = |n: i64| date("2026-03-05") + Days::new(u64::try_from(n).unwrap());
        let working = |n: &i64| france().working.is_working_day(date(*n));
        (nominal..).find(working).unwrap()
    }

    /// The last day, from receipt, of a period whose nominal end is so many days after it.
    fn last_day(&self, nominal: i64, now: i64) -> i64 {
        let (mut nominal, mut counted, mut heard) = (nominal, 0, 0);
        let mut waited = self.waited.clone();
        waited.extend(self.open.map(|(who, from)| (who, from, now.max(from))));
        let mut pauses = Vec::new();
        for (who, from, to) in waited {
            let none = self.right == Right::ConsentWithdrawal;
            let pauses_not = none || who && self.right == Right::HumanReview;
            if !pauses_not && from <= heard + 7 {
                pauses.push((from, to));
                heard = heard.max(to);
            }
        }
        pauses.sort_unstable();
        for (from, to) in pauses {
            if from <= Self::rolled(nominal) {
                nominal += (to - from.max(counted)).max(0);
                counted = counted.max(to);
            }
        }
        Self::rolled(nominal)
    }

    fn refusable(&self, decision: u8) -> bool {
        match decision % 12 {
            5 => self.right == Right::Erasure,
            6 | 7 => matches!(self.right, Right::Erasure | Right::Objection),
            2 | 10 => !self.absolute(),
            _ => true,
        }
    }

    fn absolute(&self) -> bool {
        matches!(self.right, Right::MarketingObjection | Right::ConsentWithdrawal)
    }

    fn answered(&mut self, at: i64) {
        if let Some((who, from)) = self.open.take() {
            self.waited.push((who, from, at.max(from)));
        }
    }

    fn decide(&mut self, how: u8, system: bool, at: i64) -> Result<(), &'static str> {
        let kind = how % 12;
        let about_who = kind == 8 || kind == 9;
        if kind != 3 && !about_who {
            if self.who != Who::Sure {
                return Err("identity_open");
            }
            if !self.entitled {
                return Err("authority_missing");
            }
        }
        if !self.refusable(how) {
            return Err(if self.absolute() { "absolute_right" } else { "ground_unfit" });
        }
        if kind == 8 && matches!(self.who, Who::Open | Who::Sure) || kind == 9 && self.entitled {
            return Err("ground_unfit");
        }
        if system && (kind == 2 || kind == 10) {
            return Err("judged_by_nobody");
        }
        if matches!(kind, 6 | 8..=11) && at > self.last_day(31, at) {
            return Err("refusal_late");
        }
        self.answered(at);
        (self.stage, self.decided) = (Stage::Decided, kind);
        Ok(())
    }

    /// Does it, or says which code refuses it.
    fn step(&mut self, (what, how, more, by, ago): Step, at: i64) -> Result<(), &'static str> {
        use Stage as S;
        let (system, on) = (by % 4 == 0, at - ago);
        if at < self.last {
            return Err("clock_went_back");
        }
        if what != 13 && !self.stage.is_open() {
            return Err("wrong_step");
        }
        let from: &[Stage] = match what {
            2 => &[
                S::Received,
                S::IdentityAsked,
                S::NotConfirmed,
                S::InWork,
                S::Extended,
                S::ClarificationAsked,
            ],
            4 => &[S::Received, S::IdentityAsked, S::NotConfirmed],
            5 => &[S::Received, S::NotConfirmed],
            6 => &[S::IdentityAsked],
            7 => &[S::InWork, S::Extended],
            8 => &[S::ClarificationAsked],
            9 if self.extended => &[],
            9 => &[S::InWork, S::ClarificationAsked],
            11 => &[S::Decided],
            _ => Stage::ALL,
        };
        if !from.contains(&self.stage) {
            let unasked = what == 6 || what == 8;
            return Err(if unasked { "answer_without_question" } else { "wrong_step" });
        }
        if !matches!(what, 1 | 2 | 3 | 10 | 13) {
            if ago < 0 {
                return Err("in_future");
            }
            if on < 0 {
                return Err("before_receipt");
            }
        }
        let asked = self.open.map_or(0, |(_, from)| from);
        match what {
            1 if how % 3 == 0 => return Err("linked_to_itself"),
            1 if self.links.contains(&(how % 3)) => return Err("already_linked"),
            1 => self.links.push(how % 3),
            2 => self.right = Right::ALL[usize::from(how) % Right::ALL.len()],
            3 if self.subject => return Err("authority_not_needed"),
            3 if more % 4 == 0 => return Err("seen_by_nobody"),
            3 => self.entitled = true,
            4 => (self.stage, self.who) = (S::InWork, Who::Sure),
            5 if self.signed_in => return Err("session_suffices"),
            5 => {
                self.who = Who::Asked { document: how % 3 == 2 };
                (self.stage, self.open) = (S::IdentityAsked, Some((true, on)));
            }
            6 | 8 if on < asked => return Err("answer_before_question"),
            6 if more % 3 == 0 => (self.stage, self.who) = (S::NotConfirmed, Who::Doubted),
            6 => {
                if how % 4 == 3 {
                    if self.who != (Who::Asked { document: true }) {
                        return Err("document_not_asked");
                    }
                    if more % 3 != 1 {
                        return Err("seen_by_nobody");
                    }
                }
                (self.stage, self.who) = (S::InWork, Who::Sure);
            }
            7 => (self.stage, self.open) = (S::ClarificationAsked, Some((false, on))),
            8 => self.stage = if self.extended { S::Extended } else { S::InWork },
            9 if self.right == Right::ConsentWithdrawal => return Err("no_extension"),
            9 if on > self.last_day(31, on) => return Err("extended_late"),
            9 => {
                self.extended = true;
                if self.stage == S::InWork {
                    self.stage = S::Extended;
                }
            }
            10 => self.decide(how, system, at)?,
            11 => {
                let refusal = matches!(self.decided, 6..=11);
                if (refusal || self.decided == 5) && more % 2 != 0 {
                    return Err("remedies_missing");
                }
                if refusal && self.decided != 7 && on > self.last_day(31, on) {
                    return Err("refusal_late");
                }
                self.stage = S::Answered;
            }
            12 => self.stage = S::Withdrawn,
            _ => {}
        }
        if matches!(what, 4 | 6 | 8 | 12) {
            self.answered(on);
        }
        self.last = at;
        Ok(())
    }
}

/// What must hold of every request that steps can make.
fn holds(request: &Request, model: &Model, now: i64) {
    assert_eq!(request.state().stage(), model.stage);
    assert!(request.entries().windows(2).all(|pair| pair[0].at <= pair[1].at));
    assert_eq!(request.needs_reply_to(), model.stage.is_open());
    if let State::Closed(Closed::Answered { identity, decision, .. }) = request.state() {
        let no = decision.is_refusal()
            && decision
                .grounds()
                .iter()
                .all(|one| matches!(one.ground, Ground::NotIdentified | Ground::NotEntitled));
        assert!(identity.is_confirmed() || no || *decision == Decision::NothingHeld);
        assert!(model.entitled || no || *decision == Decision::NothingHeld);
    }
    let due = request.due(&france(), day(now)).unwrap();
    assert!(due.last_day() >= due.unpaused_day());
    let from = |days: i64| date("2026-03-05") + Days::new(u64::try_from(days).unwrap());
    let expected: NaiveDate = from(model.last_day(31, now));
    assert_eq!(due.first.due.last_day(), expected, "{due:?}");
    let extended = model.extended && model.right != Right::ConsentWithdrawal;
    assert_eq!(due.extended.is_some(), extended);
    if let Some(extended) = &due.extended {
        assert_eq!(extended.due.last_day(), from(model.last_day(92, now)));
        let sent = request.extension().unwrap().sent_at;
        assert!(sent <= request.entries().last().unwrap().at);
    }
    let later = request.due(&france(), day(now + 5)).unwrap();
    assert!(later.last_day() >= due.last_day(), "time alone never brings it nearer");
}

fn opened(subject: bool, account: bool) -> (Request, Model) {
    let requester = if subject { Requester::Subject } else { Requester::Proxy(None) };
    let channel = if account { Channel::Account } else { Channel::Letter };
    let request =
        Request::receive(Intake { requester, channel, ..intake(Right::Erasure) }, stamp(2));
    let model = Model {
        stage: Stage::Received,
        who: Who::Open,
        right: Right::Erasure,
        subject,
        entitled: subject,
        signed_in: subject && account,
        extended: false,
        decided: 0,
        links: vec![],
        last: 2,
        open: None,
        waited: vec![],
    };
    (request.unwrap(), model)
}

/// The step that leads on from a state.
fn onward(stage: Stage, step: Step) -> Step {
    let third = step.1 % 3;
    let what = match stage {
        Stage::Received | Stage::NotConfirmed => [4, 5, 5][usize::from(third)],
        Stage::IdentityAsked => 6,
        Stage::InWork => [7, 9, 10][usize::from(third)],
        Stage::Extended => [7, 10, 10][usize::from(third)],
        Stage::ClarificationAsked => [8, 9, 10][usize::from(third)],
        Stage::Decided => 11,
        Stage::Answered | Stage::Withdrawn => 13,
    };
    (what, step.1, step.2, step.3, step.4.max(0))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_is_tried_follows_the_model(
        subject: bool,
        account: bool,
        steps in prop::collection::vec(
            ((0u8..14, any::<u8>(), any::<u8>(), any::<u8>(), -1i64..4), any::<bool>(), 0i64..6),
            1..40,
        ),
    ) {
        let (mut request, mut model) = opened(subject, account);
        let mut at = 2;
        for (step, guided, wait) in steps {
            let step = if guided { onward(model.stage, step) } else { step };
            // Now and then a clock goes back.
            let then = if step.1 == 0 { at - 1 } else { at + wait };
            let mut after = model.clone();
            let expected = after.step(step, then).map_err(|why| format!("requests.{why}"));
            match (attempt(request.clone(), step, then), expected) {
                (Ok(next), Ok(())) => {
                    prop_assert_eq!(&next.entries()[..request.entries().len()], request.entries());
                    prop_assert_eq!(next.entries().len(), request.entries().len() + 1);
                    (request, model, at) = (next, after, then);
                }
                (Err(error), Err(code)) => prop_assert_eq!(error.code(), code),
                (found, expected) => prop_assert!(
                    false, "{step:?} at {then}: {found:?}, expected {expected:?}"
                ),
            }
            holds(&request, &model, at);
            let bytes = request.encode();
            let read = Request::decode(&bytes).unwrap();
            prop_assert_eq!(&read, &request);
            prop_assert_eq!(read.encode(), bytes);
        }
    }

    #[test]
    fn reading_never_panics(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        at in any::<prop::sample::Index>(),
        byte: u8,
    ) {
        let _ = Request::decode(&bytes);
        let request = in_work(Right::Access).ask_clarification(what(1), stamp(1)).unwrap();
        let request = request.decide(partly(Ground::Excessive), &france(), stamp(2)).unwrap();
        let mut good = request.answer(answer(3, true), &france(), stamp(3)).unwrap().encode();
        let at = at.index(good.len());
        good[at] = byte;
        if let Ok(read) = Request::decode(&good) {
            prop_assert_eq!(read.encode(), good);
            let stamp = Stamp { at: day(9), by: DPO };
            let _ = read.due(&france(), stamp.at);
        }
    }
}
