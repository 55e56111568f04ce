//! What an entry does to a request. What it must look like first, the rules say.

use tacenda_core::{Error, Result};

use super::codes::WRONG_STEP;
use super::decision::Decision;
use super::identity::{Evidence, Identity, IdentityOutcome};
use super::intake::{Intake, Requester};
use super::rights::Right;
use super::state::{Closed, Correction, Entry, Event, Extension, Request, Stage, State};

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
        match self.next(event) {
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
        let state = self.next(&entry.event);
        let state = state.ok_or_else(|| wrong_step(self.state.stage(), &entry.event))?;
        match &entry.event {
            Event::Linked(earlier) => self.links.push(*earlier),
            Event::Restated(right, scope, _) => {
                self.intake.right = *right;
                self.intake.scope = scope.clone();
            }
            Event::Corrected(correction, _) => correct(&mut self.intake, correction),
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

    fn next(&self, event: &Event) -> Option<State> {
        let context = Context {
            extension: self.letter(),
            right: self.intake.right,
            requester: &self.intake.requester,
        };
        next(self.state.clone(), &context, event)
    }
}

/// What a step depends on besides the state.
struct Context<'a> {
    extension: Option<&'a Extension>,
    right: Right,
    requester: &'a Requester,
}

/// A proof that was shown stays, unless it is somebody else who asks.
fn correct(intake: &mut Intake, correction: &Correction) {
    let Correction { received_at, requester, channel } = correction;
    (intake.received_at, intake.channel) = (*received_at, *channel);
    let same = requester.as_str() == intake.requester.as_str();
    if !same || requester.proof().is_some() {
        intake.requester = requester.clone();
    }
}

fn wrong_step(from: Stage, event: &Event) -> Error {
    WRONG_STEP.error().with("state", from.as_str()).with("step", event.as_str())
}

/// The state after an event; `None` if the event does not follow from the state.
fn next(state: State, context: &Context<'_>, event: &Event) -> Option<State> {
    match event {
        Event::Received(_) => None,
        Event::Remarked(_) => Some(state),
        _ if matches!(state, State::Closed(_)) => None,
        Event::Acknowledged(_)
        | Event::Linked(_)
        | Event::AuthorityShown(_)
        | Event::Heard
        | Event::Readdressed => Some(state),
        Event::Corrected(correction, _) => {
            let same = correction.requester.as_str() == context.requester.as_str();
            Some(if same { state } else { State::Received })
        }
        Event::OpenedInError(why) => Some(State::Closed(Closed::OpenedInError(why.clone()))),
        Event::Restated(..) => (!matches!(state, State::Decided { .. })).then_some(state),
        Event::Withdrawn(at) => Some(State::Closed(Closed::Withdrawn(*at))),
        Event::IdentityAsked(question) => match state {
            State::IdentityAsked(_) | State::Closed(_) => None,
            // A confirmation may turn out to be wrong, until the answer was sent.
            _ => Some(State::IdentityAsked(question.clone())),
        },
        Event::IdentityAnswered(answer) => match (state, &answer.outcome) {
            (State::IdentityAsked(_), IdentityOutcome::Confirmed(identity)) => {
                Some(in_work(identity.clone(), context))
            }
            (State::IdentityAsked(_), IdentityOutcome::NotConfirmed(reason)) => {
                Some(State::NotConfirmed(reason.clone()))
            }
            _ => None,
        },
        Event::SessionSeen(_) => match state {
            State::Received | State::IdentityAsked(_) | State::NotConfirmed(_) => {
                Some(in_work(Evidence::Session, context))
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
        Event::Decided(decision) => decided(&state, context, decision),
        Event::Answered(answer) => match state {
            State::Decided { identity, decision, .. } => {
                Some(State::Closed(Closed::Answered { identity, decision, answer: *answer }))
            }
            _ => None,
        },
    }
}

/// In work; for the time of the extension, if the letter was sent before it was asked who asks.
fn in_work(identity: Evidence, context: &Context<'_>) -> State {
    match context.extension {
        Some(extension) => State::Extended { identity, extension: extension.clone() },
        None => State::InWork { identity },
    }
}

/// Decided, or decided anew before the answer was sent.
fn decided(state: &State, context: &Context<'_>, decision: &Decision) -> Option<State> {
    let identity = state.identity();
    let may = match decision {
        Decision::NothingHeld | Decision::Refused(..) => true,
        // It hurts nobody that an absolute right is granted.
        Decision::Granted(None) => context.right.is_absolute(),
        _ => false,
    };
    let known = matches!(identity, Identity::Confirmed(_));
    // INVARIANT: what is decided about somebody of whom it is not settled who they are is that
    // nothing is held, or no, or an absolute right.
    if matches!(state, State::Closed(_)) || !(may || known) {
        return None;
    }
    let extension = context.extension.cloned();
    Some(State::Decided { identity, extension, decision: decision.clone() })
}
