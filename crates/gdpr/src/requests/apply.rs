//! What an entry does to a request. What it must look like first, the rules say.

use tacenda_core::{Error, Result};

use super::codes::WRONG_STEP;
use super::decision::Decision;
use super::identity::{Evidence, Identity, IdentityOutcome};
use super::intake::{Intake, Requester};
use super::state::{Closed, Entry, Event, Request, Stage, State};

impl Request {
    /// A request of one entry.
    pub(super) fn opened(intake: Intake, entry: Entry) -> Self {
        Self { entries: vec![entry], state: State::Received, intake, links: Vec::new() }
    }

    /// Whether an event follows from the state.
    ///
    /// # Errors
    /// [`WRONG_STEP`] with the `state` and the `step`.
    pub(super) fn follows(&self, event: &Event) -> Result<()> {
        match next(self.state.clone(), event) {
            Some(_) => Ok(()),
            None => Err(wrong_step(self.state.stage(), event)),
        }
    }

    /// The request with one entry more.
    ///
    /// This asks only that the step follows from the state; a history that was written under other
    /// rules than today's can still be read.
    ///
    /// # Errors
    /// [`WRONG_STEP`] with the `state` and the `step`.
    pub(super) fn apply(mut self, entry: Entry) -> Result<Self> {
        let from = self.state.stage();
        let state = next(self.state, &entry.event).ok_or_else(|| wrong_step(from, &entry.event))?;
        match &entry.event {
            Event::Linked(earlier) => self.links.push(*earlier),
            Event::Restated(right, scope, _) => {
                self.intake.right = *right;
                self.intake.scope = scope.clone();
            }
            Event::ClarificationAnswered(_, Some(scope)) => self.intake.scope = scope.clone(),
            Event::AuthorityShown(shown) => match &mut self.intake.requester {
                Requester::Subject => {}
                Requester::Proxy(proof) | Requester::Heir(proof) => *proof = Some(shown.clone()),
            },
            _ => {}
        }
        self.state = state;
        self.entries.push(entry);
        Ok(self)
    }
}

fn wrong_step(from: Stage, event: &Event) -> Error {
    WRONG_STEP.error().with("state", from.as_str()).with("step", event.as_str())
}

/// The state after an event; `None` if the event does not follow from the state.
fn next(state: State, event: &Event) -> Option<State> {
    match event {
        Event::Received(_) => None,
        Event::Remarked(_) => Some(state),
        Event::Reopened(_) => reopened(state),
        _ if matches!(state, State::Closed(_)) => None,
        Event::Acknowledged(_) | Event::Linked(_) | Event::AuthorityShown(_) => Some(state),
        Event::Restated(..) => (!matches!(state, State::Decided { .. })).then_some(state),
        Event::Withdrawn(at) => Some(State::Closed(Closed::Withdrawn(*at))),
        Event::IdentityAsked(question) => match state {
            State::Received | State::NotConfirmed(_) => {
                Some(State::IdentityAsked(question.clone()))
            }
            _ => None,
        },
        Event::IdentityAnswered(answer) => match (state, &answer.outcome) {
            (State::IdentityAsked(_), IdentityOutcome::Confirmed(identity)) => {
                Some(State::InWork { identity: identity.clone() })
            }
            (State::IdentityAsked(_), IdentityOutcome::NotConfirmed(reason)) => {
                Some(State::NotConfirmed(reason.clone()))
            }
            _ => None,
        },
        Event::SessionSeen(_) => match state {
            State::Received | State::IdentityAsked(_) | State::NotConfirmed(_) => {
                Some(State::InWork { identity: Evidence::Session })
            }
            _ => None,
        },
        Event::ClarificationAsked(question) => {
            let question = question.clone();
            match state {
                State::InWork { identity } => {
                    Some(State::ClarificationAsked { identity, extension: None, question })
                }
                State::Extended { identity, extension } => Some(State::ClarificationAsked {
                    identity,
                    extension: Some(extension),
                    question,
                }),
                _ => None,
            }
        }
        Event::ClarificationAnswered(..) => match state {
            State::ClarificationAsked { identity, extension: None, .. } => {
                Some(State::InWork { identity })
            }
            State::ClarificationAsked { identity, extension: Some(extension), .. } => {
                Some(State::Extended { identity, extension })
            }
            _ => None,
        },
        Event::Extended(extension) => match state {
            State::InWork { identity } => {
                Some(State::Extended { identity, extension: extension.clone() })
            }
            State::ClarificationAsked { identity, extension: None, question } => {
                let extension = Some(extension.clone());
                Some(State::ClarificationAsked { identity, extension, question })
            }
            _ => None,
        },
        Event::Decided(decision) => decided(state, decision),
        Event::Answered(answer) => match state {
            State::Decided { identity, decision, .. } => {
                Some(State::Closed(Closed::Answered { identity, decision, answer: *answer }))
            }
            _ => None,
        },
    }
}

/// In work again, if it is settled who asked.
fn reopened(state: State) -> Option<State> {
    match state {
        State::Closed(Closed::Answered { identity: Identity::Confirmed(identity), .. }) => {
            Some(State::InWork { identity })
        }
        _ => None,
    }
}

/// Decided, or decided anew before the answer was sent.
fn decided(state: State, decision: &Decision) -> Option<State> {
    let identity = state.identity();
    let extension = match state {
        State::Extended { extension, .. } => Some(extension),
        State::ClarificationAsked { extension, .. } | State::Decided { extension, .. } => extension,
        State::Received
        | State::IdentityAsked(_)
        | State::NotConfirmed(_)
        | State::InWork { .. } => None,
        State::Closed(_) => return None,
    };
    let may = matches!(decision, Decision::NothingHeld | Decision::Refused(..));
    let known = matches!(identity, Identity::Confirmed(_));
    // INVARIANT: what is decided about somebody of whom it is not settled who they are is that
    // nothing is held, or no.
    (may || known).then(|| State::Decided { identity, extension, decision: decision.clone() })
}
