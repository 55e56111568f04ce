//! The steps that somebody takes. Each checks what the law asks for, and then adds an entry.

use tacenda_core::{Result, Timestamp};

use super::decision::{Answer, Decision};
use super::due::Calendar;
use super::identity::{IdentityAnswer, IdentityQuestion, Proof};
use super::intake::{Intake, RequestId, Scope};
use super::rights::Right;
use super::rules;
use super::state::{Clarification, Correction, Entry, Event, Extension, Request};
use crate::case::{Note, Stamp};

/// What every step can fail with: `requests.clock_went_back` if the last entry is later,
/// `requests.wrong_step` with the `state` and the `step` if it does not follow, and, for what is said
/// to have happened at a time of its own, `requests.in_future` and `requests.before_receipt`.
impl Request {
    /// Opens the file of a request. It may have been received before; its clock runs from there.
    ///
    /// # Errors
    /// `requests.in_future` for a receipt, or a proof of authority, that is still to come;
    /// `requests.seen_by_nobody`.
    pub fn receive(intake: Intake, stamp: Stamp) -> Result<Self> {
        rules::check_intake(&intake, stamp.at)?;
        let event = Event::Received(intake.clone());
        Ok(Self::opened(intake, Entry { at: stamp.at, by: stamp.by, event }))
    }

    /// Records that the requester was told that the request came in.
    ///
    /// # Errors
    /// Those of every step.
    pub fn acknowledge(self, sent_at: Timestamp, stamp: Stamp) -> Result<Self> {
        self.add(Event::Acknowledged(sent_at), stamp)
    }

    /// Links it to an earlier request that it repeats. Nothing else follows: it keeps its own clock,
    /// its own identity check and its own answer. That repetition makes it excessive is a decision
    /// with reasons ([`Ground::Excessive`](super::Ground::Excessive)).
    ///
    /// # Errors
    /// Those of every step; `requests.linked_to_itself`, `requests.already_linked`.
    pub fn link(self, earlier: RequestId, stamp: Stamp) -> Result<Self> {
        self.add(Event::Linked(earlier), stamp)
    }

    /// States anew what it is about, before it is decided. What was logged first stays in the history.
    ///
    /// # Errors
    /// Those of every step.
    pub fn restate(self, right: Right, scope: Scope, reason: Note, stamp: Stamp) -> Result<Self> {
        self.add(Event::Restated(right, scope, reason), stamp)
    }

    /// Corrects how it came in, while it is open. What was logged first stays in the history; if it is
    /// somebody else who asks, it is open again who they are.
    ///
    /// # Errors
    /// Those of every step; `requests.before_receipt` where something was entered that happened before
    /// the new receipt; `requests.judged_by_nobody`; `requests.not_the_subject` for a channel that turns
    /// into a session of the account; `requests.seen_by_nobody`.
    pub fn correct(self, correction: Correction, reason: Note, stamp: Stamp) -> Result<Self> {
        self.add(Event::Corrected(correction, reason), stamp)
    }

    /// Closes a file that should not be there: nobody asked, or it belongs into another file.
    ///
    /// # Errors
    /// Those of every step; `requests.judged_by_nobody`.
    pub fn close_as_error(self, reason: Note, stamp: Stamp) -> Result<Self> {
        self.add(Event::OpenedInError(reason), stamp)
    }

    /// Records the proof of authority of a proxy or heir.
    ///
    /// # Errors
    /// Those of every step; `requests.authority_not_needed`, `requests.seen_by_nobody`.
    pub fn show_authority(self, proof: Proof, stamp: Stamp) -> Result<Self> {
        self.add(Event::AuthorityShown(proof), stamp)
    }

    /// Settles who asks by a signed-in session, seen at this time.
    ///
    /// # Errors
    /// Those of every step.
    pub fn see_session(self, at: Timestamp, stamp: Stamp) -> Result<Self> {
        self.add(Event::SessionSeen(at), stamp)
    }

    /// Asks the requester to show who they are; asked promptly, the clock stands still from there. If it
    /// was confirmed before, that no longer counts, nor does a decision that was not sent yet.
    ///
    /// # Errors
    /// Those of every step; `requests.session_suffices` for a request of the subject from a signed-in
    /// session.
    pub fn ask_identity(self, question: IdentityQuestion, stamp: Stamp) -> Result<Self> {
        self.add(Event::IdentityAsked(question), stamp)
    }

    /// Records what the answer showed. After one that did not remove the doubt, more can be asked.
    ///
    /// # Errors
    /// Those of every step; `requests.answer_without_question`, `requests.answer_before_question`,
    /// `requests.document_not_asked`, `requests.seen_by_nobody`.
    pub fn answer_identity(self, answer: IdentityAnswer, stamp: Stamp) -> Result<Self> {
        self.add(Event::IdentityAnswered(answer), stamp)
    }

    /// Asks what the request is about; asked promptly, the clock stands still from there.
    ///
    /// # Errors
    /// Those of every step.
    pub fn ask_clarification(self, question: Clarification, stamp: Stamp) -> Result<Self> {
        self.add(Event::ClarificationAsked(question), stamp)
    }

    /// Records that the requester answered, and what the request is about now if that changed.
    ///
    /// # Errors
    /// Those of every step; `requests.answer_without_question`, `requests.answer_before_question`.
    pub fn answer_clarification(
        self,
        answered_at: Timestamp,
        scope: Option<Scope>,
        stamp: Stamp,
    ) -> Result<Self> {
        self.add(Event::ClarificationAnswered(answered_at, scope), stamp)
    }

    /// Extends the time to answer to three months from receipt, once the letter with the reasons has
    /// been sent.
    ///
    /// # Errors
    /// Those of every step; `requests.no_extension` with the `right`; `requests.extended_late` with
    /// `sent_at` and `due`, the first instant that is too late; `calendar.beyond_calendar`.
    pub fn extend(
        self,
        extension: Extension,
        calendar: &Calendar<'_>,
        stamp: Stamp,
    ) -> Result<Self> {
        self.add_dated(Event::Extended(extension), calendar, stamp)
    }

    /// Decides it, or decides it anew before the answer is sent.
    ///
    /// # Errors
    /// Those of every step; `requests.identity_open` and `requests.authority_missing` unless nothing is
    /// held, or that is the ground of the refusal, or an absolute right is granted;
    /// `requests.ground_unfit` with the `ground` and the `right`; `requests.absolute_right`;
    /// `requests.judged_by_nobody`.
    pub fn decide(self, decision: Decision, calendar: &Calendar<'_>, stamp: Stamp) -> Result<Self> {
        self.add_dated(Event::Decided(decision), calendar, stamp)
    }

    /// Closes the file, once the answer has been sent.
    ///
    /// # Errors
    /// Those of every step; `requests.remedies_missing`; `requests.sent_too_soon`;
    /// `requests.refusal_late` with `due` for a refusal that was sent too late: decide it anew, with the
    /// reasons for the delay; `calendar.beyond_calendar`.
    pub fn answer(self, answer: Answer, calendar: &Calendar<'_>, stamp: Stamp) -> Result<Self> {
        self.add_dated(Event::Answered(answer), calendar, stamp)
    }

    /// Closes the file because the requester took the request back.
    ///
    /// # Errors
    /// Those of every step.
    pub fn withdraw(self, at: Timestamp, stamp: Stamp) -> Result<Self> {
        self.add(Event::Withdrawn(at), stamp)
    }

    /// Adds a remark; at any time, even when it is closed.
    ///
    /// # Errors
    /// `requests.clock_went_back`.
    pub fn remark(self, remark: Note, stamp: Stamp) -> Result<Self> {
        self.add(Event::Remarked(remark), stamp)
    }

    /// Takes the step that an event stands for: what a room over rows is asked to enter.
    ///
    /// # Errors
    /// Those of that step.
    pub(super) fn step(self, event: Event, calendar: &Calendar<'_>, stamp: Stamp) -> Result<Self> {
        // Whose dates are not reckoned, of those nothing more is asked.
        self.add_dated(event, calendar, stamp)
    }

    /// Records that something beside the file changed: what was heard, or where the answer goes.
    pub(super) fn beside(self, event: Event, stamp: Stamp) -> Result<Self> {
        self.add(event, stamp)
    }

    fn add(self, event: Event, stamp: Stamp) -> Result<Self> {
        let entry = Entry { at: stamp.at, by: stamp.by, event };
        rules::check_order(&self, &entry)?;
        self.follows(&entry.event)?;
        rules::check(&self, &entry)?;
        self.apply(entry)
    }

    /// As `add`, for a step whose dates are reckoned.
    fn add_dated(self, event: Event, calendar: &Calendar<'_>, stamp: Stamp) -> Result<Self> {
        let entry = Entry { at: stamp.at, by: stamp.by, event };
        rules::check_order(&self, &entry)?;
        self.follows(&entry.event)?;
        rules::check(&self, &entry)?;
        rules::check_dates(&self, &entry, calendar)?;
        self.apply(entry)
    }
}
