//! What an entry does to a breach. What it must look like first, the rules say.

use tacenda_core::Result;

use super::super::codes::WRONG_STEP;
use super::{Awareness, Breach, Closed, Entry, Event, PeopleAnswer, State};

impl Breach {
    /// The breach with one entry more.
    ///
    /// This asks only that the step follows from the state; a history that was written under other
    /// rules than today's can still be read.
    ///
    /// # Errors
    /// [`WRONG_STEP`] with the `state` and the `step`.
    pub(super) fn apply(mut self, entry: Entry) -> Result<Self> {
        let mut other_roles = false;
        match &entry.event {
            Event::FactsCorrected { facts, promise, .. } => {
                other_roles = facts.roles != self.facts.roles;
                self.facts = facts.clone();
                // INVARIANT: what was promised once stays promised.
                self.promise = self.promise.take().or_else(|| promise.clone());
            }
            Event::Notified(notice) => self.notices.push(notice.clone()),
            Event::Told(telling) => self.tellings.push(telling.clone()),
            Event::TellingOrdered(_) => self.ordered = true,
            Event::PromiseLifted(_) => self.promise = None,
            _ => {}
        }
        let (from, step) = (self.state.as_str(), entry.event.as_str());
        if !self.write_letter(&entry) {
            return Err(WRONG_STEP.error().with("state", from).with("step", step));
        }
        let bound = self.ordered || self.promise.is_some();
        let Some(state) = next(self.state, &entry.event) else {
            return Err(WRONG_STEP.error().with("state", from).with("step", step));
        };
        self.state = unsettle(state, bound, other_roles);
        self.entries.push(entry);
        Ok(self)
    }
}

/// The state after an event; `None` if the event does not follow from the state.
fn next(mut state: State, event: &Event) -> Option<State> {
    let closed = matches!(state, State::Closed(_));
    match event {
        Event::Suspected { .. } => None,
        Event::Remarked(_) => Some(state),
        Event::Reopened(_) => match state {
            State::Closed(_) => Some(match state.awareness() {
                Some(awareness) => State::Aware { awareness: awareness.clone() },
                None => State::Suspected,
            }),
            _ => None,
        },
        _ if closed => None,
        Event::Told(_) | Event::TellingOrdered(_) | Event::PromiseLifted(_) => Some(state),
        Event::Drafted(_) | Event::Tested | Event::Approved(..) | Event::SendingBegan => {
            Some(state)
        }
        Event::FactsCorrected { deadlines, .. } => {
            if let Some(awareness) = awareness_mut(&mut state) {
                awareness.deadlines.clone_from(deadlines);
            }
            Some(state)
        }
        Event::Notified(_) => (!matches!(state, State::Suspected)).then_some(state),
        Event::BecameAware(awareness) => Some(with_awareness(state, awareness)),
        Event::Judged(judgement) => Some(State::Assessed {
            awareness: state.awareness()?.clone(),
            judgement: judgement.clone(),
        }),
        Event::NoticesSettled(notices) => match state {
            State::Assessed { awareness, judgement } => {
                Some(State::Notified { awareness, judgement, notices: notices.clone() })
            }
            _ => None,
        },
        Event::PeopleSettled(people) => match state {
            State::Notified { awareness, judgement, notices } => {
                Some(State::Told { awareness, judgement, notices, people: people.clone() })
            }
            _ => None,
        },
        Event::Closed(remedy) => match state {
            State::Told { awareness, judgement, notices, people } => {
                let remedy = remedy.clone();
                Some(State::Closed(Closed::Handled {
                    awareness,
                    judgement,
                    notices,
                    people,
                    remedy,
                }))
            }
            _ => None,
        },
        Event::FoundUnfounded(unfounded) => Some(State::Closed(Closed::Unfounded {
            awareness: state.awareness().cloned(),
            unfounded: unfounded.clone(),
        })),
    }
}

/// People who were settled without being told are open again once a promise or an order binds, and
/// everything is once the operator stands in other roles.
fn unsettle(state: State, bound: bool, other_roles: bool) -> State {
    match state {
        State::Notified { awareness, judgement, .. } | State::Told { awareness, judgement, .. }
            if other_roles =>
        {
            State::Assessed { awareness, judgement }
        }
        State::Told { awareness, judgement, notices, people }
            if bound && people != PeopleAnswer::Told =>
        {
            State::Notified { awareness, judgement, notices }
        }
        other => other,
    }
}

/// The same state since another time; a suspicion becomes an awareness.
fn with_awareness(mut state: State, new: &Awareness) -> State {
    match awareness_mut(&mut state) {
        Some(awareness) => awareness.clone_from(new),
        None => state = State::Aware { awareness: new.clone() },
    }
    state
}

const fn awareness_mut(state: &mut State) -> Option<&mut Awareness> {
    match state {
        State::Suspected | State::Closed(_) => None,
        State::Aware { awareness }
        | State::Assessed { awareness, .. }
        | State::Notified { awareness, .. }
        | State::Told { awareness, .. } => Some(awareness),
    }
}
