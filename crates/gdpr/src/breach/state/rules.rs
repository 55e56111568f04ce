//! What the law and a promise ask of each step, and what is still owed. Pure.

use std::collections::BTreeSet;

use tacenda_core::policy::{OperatorRole, PromiseChannel, PromiseTrigger, RiskThreshold};
use tacenda_core::{ActorId, Name, Result, Timestamp};

use super::super::clock::{DATA_SUBJECTS, Due};
use super::super::codes::{
    ALREADY_NOTIFIED, CLOCK_WENT_BACK, EXEMPTION_WITHOUT_DUTY, IN_FUTURE, JUDGED_BY_NOBODY,
    KEYS_NOT_OUTSIDE, NOT_NOTIFIED_YET, NOTICE_INCOMPLETE, NOTICE_MISSING, NOTICE_NOT_WITHDRAWN,
    NOTICE_REQUIRED, PROMISE_BINDS, PUBLIC_MISSING, REASONS_FOR_DELAY, SECOND_APPROVER,
    TELLING_MISSING, TELLING_REQUIRED, WRONG_STEP,
};
use super::super::severity::Risk;
use super::letter;
use super::{
    Awareness, Breach, Entry, Event, Exemption, Judgement, Means, Notice, NoticeKind, Notices,
    PeopleAnswer, State, Telling, Unfounded,
};

/// Where a duty stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DutyState {
    /// Nobody has judged the risk yet, so it may be owed; its clock runs all the same.
    Unjudged,
    /// It is owed.
    Owed,
    /// It is done, but the last notice is incomplete.
    Begun,
    /// It is done.
    Done,
    /// It is not owed, or the people were settled by an exemption.
    NotOwed,
}

/// A duty to tell somebody of a breach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duty {
    /// Who is told.
    pub recipient: Name,
    /// By when at the latest; without it, without undue delay.
    pub due: Option<Due>,
    /// Where it stands.
    pub state: DutyState,
    /// Whether it is owed by a promise, whatever the risk.
    pub promised: bool,
}

impl Breach {
    /// What is owed to whom, one line per recipient.
    ///
    /// # Law
    /// Art. 33(1): the authority, unless a risk is unlikely. 33(2): a processor its controllers,
    /// whatever the risk. 34(1): people, if a high risk is likely. A promise stands above these.
    #[must_use]
    pub fn duties(&self) -> Vec<Duty> {
        let mut duties: Vec<Duty> = Vec::new();
        let judged = self.state.judgement().map(|judgement| judgement.risk);
        let unfounded = matches!(self.state, State::Closed(super::Closed::Unfounded { .. }));
        for recipient in self.recipients() {
            let people = recipient == DATA_SUBJECTS;
            let promised = people && self.promise_binds();
            let state = if unfounded {
                DutyState::NotOwed
            } else if people {
                self.people_duty(judged, promised)
            } else {
                self.notice_duty(&recipient, judged)
            };
            duties.push(Duty { due: self.due(&recipient), state, promised, recipient });
        }
        duties
    }

    /// Whether a promise binds now: on suspicion or, if it says so, once the operator is aware.
    #[must_use]
    pub fn promise_binds(&self) -> bool {
        self.promise.as_ref().is_some_and(|promise| match promise.trigger {
            PromiseTrigger::Awareness => self.state.awareness().is_some(),
            _ => true,
        })
    }

    /// The way of telling people that a promise names, while it binds.
    fn channel(&self) -> Option<PromiseChannel> {
        let binds = self.promise_binds();
        self.promise.as_ref().filter(|_| binds).map(|promise| promise.channel)
    }

    /// Whether that people were told rests on e-mails to their accounts.
    pub(in crate::breach) fn told_by_email(&self) -> bool {
        let each = |telling: &&Telling| telling.complete && telling.means != Means::Public;
        let last = self.tellings.iter().rfind(each);
        self.channel() == Some(PromiseChannel::AccountEmail)
            || last.is_some_and(|telling| telling.means == Means::AccountEmail)
    }

    /// Everybody whom a clock, a notice or a promise names.
    fn recipients(&self) -> BTreeSet<Name> {
        let deadlines = self.state.awareness().into_iter().flat_map(|a| &a.deadlines);
        let mut all: BTreeSet<_> = deadlines.map(|deadline| deadline.recipient.clone()).collect();
        all.extend(self.notices.iter().map(|notice| notice.recipient.clone()));
        if self.promise_binds() || self.ordered || !self.tellings.is_empty() {
            all.insert(DATA_SUBJECTS);
        }
        all
    }

    fn due(&self, recipient: &Name) -> Option<Due> {
        let deadlines = self.state.awareness().into_iter().flat_map(|a| &a.deadlines);
        let dues = deadlines.filter(|d| d.recipient == *recipient).filter_map(|d| d.due);
        dues.min_by_key(|due| due.keep)
    }

    fn notice_duty(&self, recipient: &Name, judged: Option<Risk>) -> DutyState {
        match self.standing(recipient).last() {
            Some(last) if last.complete => DutyState::Done,
            Some(_) => DutyState::Begun,
            None => match (judged, self.state.awareness()) {
                (Some(risk), Some(awareness)) if asks(awareness, recipient, risk) => {
                    DutyState::Owed
                }
                (Some(_), _) => DutyState::NotOwed,
                // What every breach asks for needs no judgement.
                (None, Some(awareness)) if asks(awareness, recipient, Risk::Unlikely) => {
                    DutyState::Owed
                }
                (None, _) => DutyState::Unjudged,
            },
        }
    }

    fn people_duty(&self, judged: Option<Risk>, promised: bool) -> DutyState {
        match self.state.people() {
            // A promise may bind since they were settled.
            Some(PeopleAnswer::Told) if !promised => return DutyState::Done,
            Some(PeopleAnswer::Told) | None => {
                if self.told(self.channel()).is_ok() {
                    return DutyState::Done;
                }
                if !self.tellings.is_empty() {
                    return DutyState::Begun;
                }
            }
            Some(_) => return DutyState::NotOwed,
        }
        if promised || self.ordered {
            return DutyState::Owed;
        }
        match (judged, self.state.awareness()) {
            (None, _) => DutyState::Unjudged,
            (Some(risk), Some(awareness)) if asks(awareness, &DATA_SUBJECTS, risk) => {
                DutyState::Owed
            }
            (Some(_), _) => DutyState::NotOwed,
        }
    }

    /// The notices to a recipient since the last that was withdrawn.
    fn standing(&self, recipient: &Name) -> Vec<&Notice> {
        let mut standing = Vec::new();
        for notice in self.notices.iter().filter(|notice| notice.recipient == *recipient) {
            if notice.kind == NoticeKind::Withdrawal {
                standing.clear();
            } else {
                standing.push(notice);
            }
        }
        standing
    }

    /// Whether people have been told, all who can be, and by the way that a promise names.
    fn told(&self, promised: Option<PromiseChannel>) -> Result<()> {
        let each = |telling: &&Telling| telling.complete && telling.means != Means::Public;
        let Some(last) = self.tellings.iter().rfind(each) else { return TELLING_MISSING.err() };
        let by_email = |telling: &Telling| telling.complete && telling.means == Means::AccountEmail;
        if promised == Some(PromiseChannel::AccountEmail) && !self.tellings.iter().any(by_email) {
            return Err(TELLING_MISSING.error().with("means", Means::AccountEmail.as_str()));
        }
        // Who cannot be reached is told in public (Art. 34(3)(c)).
        if last.unreachable > 0 && !self.told_in_public() {
            return Err(PUBLIC_MISSING.error().with("unreachable", last.unreachable));
        }
        Ok(())
    }

    fn told_in_public(&self) -> bool {
        self.tellings.iter().any(|telling| telling.means == Means::Public && telling.complete)
    }
}

/// Whether a clock asks to tell this recipient at this risk.
fn asks(awareness: &Awareness, recipient: &Name, risk: Risk) -> bool {
    let reached = |threshold| match threshold {
        RiskThreshold::Any => true,
        RiskThreshold::Risk => risk >= Risk::Risk,
        _ => risk >= Risk::High,
    };
    let mut theirs = awareness.deadlines.iter().filter(|d| d.recipient == *recipient);
    theirs.any(|deadline| reached(deadline.threshold))
}

/// Whether an entry may be added to a breach as the law and a promise have it.
pub(super) fn check(breach: &Breach, entry: &Entry) -> Result<()> {
    if breach.entries.last().is_some_and(|last| entry.at < last.at) {
        return CLOCK_WENT_BACK.err();
    }
    let past = |at: Timestamp| if at > entry.at { IN_FUTURE.err() } else { Ok(()) };
    match &entry.event {
        Event::BecameAware(awareness) => past(awareness.since),
        Event::Told(telling) => past(telling.began_at),
        Event::Notified(notice) => past(notice.sent_at).and_then(|()| in_order(breach, notice)),
        Event::NoticesSettled(notices) => notices_settled(breach, notices),
        Event::PeopleSettled(people) => match &breach.state {
            State::Notified { awareness, judgement, .. } => {
                people_settled(breach, people, awareness, judgement)
            }
            _ => wrong_step(breach, entry),
        },
        Event::Closed(_) => closing(breach),
        Event::FoundUnfounded(unfounded) => {
            approved(breach, entry, unfounded).and_then(|()| withdrawn(breach))
        }
        Event::PromiseLifted(unfounded) => match &breach.promise {
            Some(promise) if promise.concerns(&breach.facts) => PROMISE_BINDS.err(),
            Some(_) => approved(breach, entry, unfounded),
            None => wrong_step(breach, entry),
        },
        Event::Judged(_) if entry.by == ActorId::SYSTEM => JUDGED_BY_NOBODY.err(),
        _ => letter::check(breach, entry),
    }
}

fn in_order(breach: &Breach, notice: &Notice) -> Result<()> {
    let with = |error: tacenda_core::Error| Err(error.with("recipient", &notice.recipient));
    let standing = breach.standing(&notice.recipient);
    match (notice.kind, standing.is_empty()) {
        (NoticeKind::Initial, false) => return with(ALREADY_NOTIFIED.error()),
        (NoticeKind::Complementary | NoticeKind::Withdrawal, true) => {
            return with(NOT_NOTIFIED_YET.error());
        }
        _ => {}
    }
    let late = breach.due(&notice.recipient).is_some_and(|due| notice.sent_at > due.keep);
    if notice.kind == NoticeKind::Initial && late && notice.delay.is_none() {
        return with(REASONS_FOR_DELAY.error());
    }
    Ok(())
}

/// Who must be notified at the risk that was judged.
fn required(breach: &Breach) -> BTreeSet<Name> {
    let (Some(awareness), Some(judgement)) = (breach.state.awareness(), breach.state.judgement())
    else {
        return BTreeSet::new();
    };
    let recipients = awareness.deadlines.iter().map(|deadline| &deadline.recipient);
    let owed = recipients
        .filter(|recipient| **recipient != DATA_SUBJECTS)
        .filter(|recipient| asks(awareness, recipient, judgement.risk));
    owed.cloned().collect()
}

fn notices_settled(breach: &Breach, notices: &Notices) -> Result<()> {
    let required = required(breach);
    let missing = required.iter().find(|recipient| breach.standing(recipient).is_empty());
    match (notices, required.first(), missing) {
        (Notices::NotRequired(_), Some(first), _) => {
            Err(NOTICE_REQUIRED.error().with("recipient", first))
        }
        (Notices::Made, _, Some(missing)) => Err(NOTICE_MISSING.error().with("recipient", missing)),
        // Made, where nothing was asked for and nothing was made, would say what is not so.
        (Notices::Made, None, _) if breach.notices.is_empty() => NOTICE_MISSING.err(),
        _ => Ok(()),
    }
}

fn people_settled(
    breach: &Breach,
    people: &PeopleAnswer,
    awareness: &Awareness,
    judgement: &Judgement,
) -> Result<()> {
    let ours = breach.facts.roles.contains(&OperatorRole::Controller);
    let high = ours && asks(awareness, &DATA_SUBJECTS, judgement.risk);
    let binds = breach.promise_binds();
    match people {
        PeopleAnswer::Told => breach.told(breach.channel()),
        _ if binds => PROMISE_BINDS.err(),
        _ if breach.ordered => TELLING_REQUIRED.err(),
        PeopleAnswer::NotRequired(_) if high => TELLING_REQUIRED.err(),
        PeopleAnswer::NotRequired(_) => Ok(()),
        PeopleAnswer::Exempt(_) if !high => EXEMPTION_WITHOUT_DUTY.err(),
        PeopleAnswer::Exempt(Exemption::Unintelligible(keys, _)) => match keys.inside() {
            Some(key) => Err(KEYS_NOT_OUTSIDE.error().with("key", key)),
            None => Ok(()),
        },
        PeopleAnswer::Exempt(Exemption::Mitigated(_)) => Ok(()),
        PeopleAnswer::Exempt(Exemption::Disproportionate(_)) => {
            if breach.told_in_public() {
                Ok(())
            } else {
                PUBLIC_MISSING.err()
            }
        }
    }
}

fn closing(breach: &Breach) -> Result<()> {
    // A promise may bind since people were settled, and it names the way in which they are told.
    if breach.promise_binds() {
        breach.told(breach.channel())?;
    }
    // What was settled may have been withdrawn since, or another clock may run for a corrected day.
    let missing = required(breach).into_iter().find(|to| breach.standing(to).is_empty());
    if let Some(missing) = missing {
        return Err(NOTICE_MISSING.error().with("recipient", missing));
    }
    let told: BTreeSet<_> = breach.notices.iter().map(|notice| &notice.recipient).collect();
    for recipient in told {
        let standing = breach.standing(recipient);
        if standing.last().is_some_and(|last| !last.complete) {
            return Err(NOTICE_INCOMPLETE.error().with("recipient", recipient));
        }
        // A corrected awareness can make a notice late after the fact.
        let due = breach.due(recipient);
        let late = |notice: &&Notice| due.is_some_and(|due| notice.sent_at > due.keep);
        let explained = standing.iter().any(|notice| notice.delay.is_some());
        if standing.first().is_some_and(late) && !explained {
            return Err(REASONS_FOR_DELAY.error().with("recipient", recipient));
        }
    }
    Ok(())
}

/// Somebody else than the one who enters it approved it, where a promise is about the breach.
fn approved(breach: &Breach, entry: &Entry, unfounded: &Unfounded) -> Result<()> {
    let other = |by: ActorId| by != entry.by && by != ActorId::SYSTEM;
    let second = unfounded.approved_by.is_some_and(other);
    if breach.promise.is_some() && !second { SECOND_APPROVER.err() } else { Ok(()) }
}

fn withdrawn(breach: &Breach) -> Result<()> {
    let notified = breach.notices.iter().find(|n| !breach.standing(&n.recipient).is_empty());
    match notified {
        Some(notice) => Err(NOTICE_NOT_WITHDRAWN.error().with("recipient", &notice.recipient)),
        None => Ok(()),
    }
}

fn wrong_step(breach: &Breach, entry: &Entry) -> Result<()> {
    let (state, step) = (breach.state.as_str(), entry.event.as_str());
    Err(WRONG_STEP.error().with("state", state).with("step", step))
}
