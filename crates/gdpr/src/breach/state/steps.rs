//! The steps that somebody takes. Each checks what the law and a promise ask for, and then adds an
//! entry.

use tacenda_core::calendar::Zone;
use tacenda_core::policy::Policy;
use tacenda_core::{Result, Timestamp};

use super::super::clock::deadlines;
use super::super::codes::{NO_LETTER, NO_ROLE};
use super::rules;
use super::{
    Approval, Awareness, Breach, Draft, Entry, Event, Facts, Judgement, Notice, Notices,
    PeopleAnswer, Promise, Remedy, State, Telling, Unfounded,
};
use crate::case::{Note, Stamp};

impl Breach {
    /// Opens a breach with a suspicion. A promise may bind from here on.
    ///
    /// # Errors
    /// [`NO_ROLE`].
    pub fn suspect(facts: Facts, policy: &Policy, stamp: Stamp) -> Result<Self> {
        has_role(&facts)?;
        let promise = promise(&facts, policy);
        let entry = Entry {
            at: stamp.at,
            by: stamp.by,
            event: Event::Suspected { facts: facts.clone(), promise: promise.clone() },
        };
        Ok(Self {
            entries: vec![entry],
            state: State::Suspected,
            facts,
            promise,
            ordered: false,
            notices: Vec::new(),
            tellings: Vec::new(),
            letter: None,
        })
    }

    /// States anew what is known. The earlier facts stay in the history. In other roles, other clocks
    /// run, and what was settled is open again.
    ///
    /// # Errors
    /// [`NO_ROLE`], and the codes of every step: `breach.wrong_step` if it is closed,
    /// `breach.clock_went_back` if the last entry is later.
    pub fn correct(
        self,
        facts: Facts,
        policy: &Policy,
        zone: &dyn Zone,
        stamp: Stamp,
    ) -> Result<Self> {
        has_role(&facts)?;
        let promise = promise(&facts, policy);
        let since = self.state.awareness().map(|awareness| awareness.since);
        let running = since.map(|since| deadlines(policy, &facts.roles, since, zone));
        let deadlines = running.unwrap_or_default();
        self.add(Event::FactsCorrected { facts, promise, deadlines }, stamp)
    }

    /// States since when the operator is aware: the clocks of its roles run from there. Stated again,
    /// it corrects the time.
    ///
    /// # Errors
    /// Those of every step; `breach.in_future` if it is later than the entry.
    pub fn become_aware(
        self,
        since: Timestamp,
        grounds: Note,
        policy: &Policy,
        zone: &dyn Zone,
        stamp: Stamp,
    ) -> Result<Self> {
        let deadlines = deadlines(policy, &self.facts.roles, since, zone);
        self.add(Event::BecameAware(Awareness { since, grounds, deadlines }), stamp)
    }

    /// Records the risk as a person judges it. Judged again, notices and people are to be settled
    /// again.
    ///
    /// # Errors
    /// Those of every step; `breach.wrong_step` before the operator is aware;
    /// `breach.judged_by_nobody` if the SDK itself enters it.
    pub fn judge(self, judgement: Judgement, stamp: Stamp) -> Result<Self> {
        self.add(Event::Judged(judgement), stamp)
    }

    /// Records a notice. The first to a recipient may go before the risk is judged.
    ///
    /// # Errors
    /// Those of every step; `breach.in_future`; `breach.already_notified` and
    /// `breach.not_notified_yet` for a kind out of order; `breach.reasons_for_delay` for a late one
    /// without them.
    pub fn notify(self, notice: Notice, stamp: Stamp) -> Result<Self> {
        self.add(Event::Notified(notice), stamp)
    }

    /// Settles the notices, once the risk is judged.
    ///
    /// # Errors
    /// Those of every step; `breach.notice_required` for reasons not to notify where risk or role ask
    /// for it; `breach.notice_missing` with the `recipient`.
    pub fn settle_notices(self, notices: Notices, stamp: Stamp) -> Result<Self> {
        self.add(Event::NoticesSettled(notices), stamp)
    }

    /// Records what people were told, at any time from the suspicion on.
    ///
    /// # Errors
    /// Those of every step; `breach.in_future`.
    pub fn tell(self, telling: Telling, stamp: Stamp) -> Result<Self> {
        self.add(Event::Told(telling), stamp)
    }

    /// Records that the authority demands that people are told (Art. 34(4) GDPR). From then on
    /// neither reasons nor an exemption take its place; people who were settled otherwise are open
    /// again.
    ///
    /// # Errors
    /// Those of every step.
    pub fn order_telling(self, order: Note, stamp: Stamp) -> Result<Self> {
        self.add(Event::TellingOrdered(order), stamp)
    }

    /// Lifts a promise from a breach that goes on, once the facts say that it is not about the
    /// promised classes or nature: the suspicion that bound it was unfounded.
    ///
    /// # Errors
    /// Those of every step; `breach.promise_binds` while the facts are what the promise is about;
    /// `breach.second_approver`.
    pub fn lift_promise(self, unfounded: Unfounded, stamp: Stamp) -> Result<Self> {
        self.add(Event::PromiseLifted(unfounded), stamp)
    }

    /// Settles the people whose data it is, once notices are settled.
    ///
    /// # Errors
    /// Those of every step; `breach.promise_binds` for anything but having told them where a promise
    /// binds; `breach.telling_required`, `breach.telling_missing`, `breach.public_missing`,
    /// `breach.keys_not_outside` with the `key`, `breach.exemption_without_duty`.
    pub fn settle_people(self, people: PeopleAnswer, stamp: Stamp) -> Result<Self> {
        self.add(Event::PeopleSettled(people), stamp)
    }

    /// Adds a remark; at any time, even when it is closed.
    ///
    /// # Errors
    /// `breach.clock_went_back`.
    pub fn remark(self, remark: Note, stamp: Stamp) -> Result<Self> {
        self.add(Event::Remarked(remark), stamp)
    }

    /// Closes it, once everything is settled.
    ///
    /// # Errors
    /// Those of every step; `breach.notice_missing`, `breach.notice_incomplete` and
    /// `breach.reasons_for_delay` with the `recipient`.
    pub fn close(self, remedy: Remedy, stamp: Stamp) -> Result<Self> {
        self.add(Event::Closed(remedy), stamp)
    }

    /// Closes it because there was no breach: the one way past a promise.
    ///
    /// # Errors
    /// Those of every step; `breach.second_approver` unless somebody else approved it where a promise
    /// is about it; `breach.notice_not_withdrawn` with the `recipient`.
    pub fn find_unfounded(self, unfounded: Unfounded, stamp: Stamp) -> Result<Self> {
        self.add(Event::FoundUnfounded(unfounded), stamp)
    }

    /// Takes up a closed breach again: it is suspected, or aware if it was.
    ///
    /// # Errors
    /// Those of every step.
    pub fn reopen(self, reason: Note, stamp: Stamp) -> Result<Self> {
        self.add(Event::Reopened(reason), stamp)
    }

    /// Writes the letter to the people, in each language. What was tested and approved before is of the
    /// letter before.
    ///
    /// # Errors
    /// Those of every step; `breach.letter_incomplete` without any language; `breach.judged_by_nobody`.
    pub fn write(self, draft: Draft, stamp: Stamp) -> Result<Self> {
        self.add(Event::Drafted(draft), stamp)
    }

    /// Records that a test of the letter is on its way.
    ///
    /// # Errors
    /// Those of every step; `breach.no_letter`.
    pub fn test(self, stamp: Stamp) -> Result<Self> {
        self.add(Event::Tested, stamp)
    }

    /// Approves the letter, or that the suspicion was unfounded.
    ///
    /// # Errors
    /// Those of every step; `breach.judged_by_nobody`; of the letter `breach.no_letter`,
    /// `breach.untested`, and `breach.second_approver` for who wrote it.
    pub fn approve(self, what: Approval, reason: Note, stamp: Stamp) -> Result<Self> {
        self.add(Event::Approved(what, reason), stamp)
    }

    /// Records that the letter goes to people from now on.
    ///
    /// # Errors
    /// Those of every step; `breach.no_letter`; as [`Letter::check`](super::Letter::check).
    pub fn begin_sending(self, policy: &Policy, stamp: Stamp) -> Result<Self> {
        self.letter.as_ref().map_or_else(|| NO_LETTER.err(), |letter| letter.check(policy))?;
        self.add(Event::SendingBegan, stamp)
    }

    fn add(self, event: Event, stamp: Stamp) -> Result<Self> {
        let entry = Entry { at: stamp.at, by: stamp.by, event };
        rules::check(&self, &entry)?;
        self.apply(entry)
    }
}

fn has_role(facts: &Facts) -> Result<()> {
    if facts.roles.is_empty() { NO_ROLE.err() } else { Ok(()) }
}

fn promise(facts: &Facts, policy: &Policy) -> Option<Promise> {
    Promise::about(facts, policy.breach.as_ref().and_then(|breach| breach.promise.as_ref()))
}
