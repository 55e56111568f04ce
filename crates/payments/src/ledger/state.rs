//! The states of a debit, and what leads from one to the next.

use tacenda_core::clock::Timestamp;
use tacenda_core::error::Result;
use tacenda_core::rng::Rng;

use super::{LEDGER_MISMATCH, LEDGER_ORDER, Order, is_known};
use crate::events::{Dispute, DisputeState, What};
use crate::provider::{Debit, DeclineCode, Failure, IdempotencyKey, Money, Progress, Reference};

/// One debit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What is to be debited.
    pub order: Order,
    /// Where it stands.
    pub state: State,
    /// Rises by one with every change.
    pub version: u64,
}

/// Where a debit stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// Written down. The provider may have been called with this key, or not; another call with it is
    /// the same call.
    Written {
        /// The key.
        key: IdempotencyKey,
        /// Since when, for the provider forgets keys.
        since: Timestamp,
    },
    /// Under way at the provider.
    Processing {
        /// The provider's reference.
        debit: Reference,
    },
    /// The customer has to be asked.
    NeedsAuthentication {
        /// The provider's reference, if it made one.
        debit: Option<Reference>,
    },
    /// The money arrived.
    Succeeded {
        /// The provider's reference.
        debit: Reference,
        /// How much of it went back.
        refunded: Option<Money>,
    },
    /// Declined, or given back by the debtor's bank before it was there; nothing was taken.
    Declined {
        /// The provider's reference, if it made one.
        debit: Option<Reference>,
        /// Why, if the policy declares it.
        code: Option<DeclineCode>,
    },
    /// Somebody wants the money back.
    Disputed {
        /// The provider's reference.
        debit: Reference,
        /// Where that stands.
        dispute: DisputeState,
        /// How much went back before.
        refunded: Option<Money>,
    },
    /// The money was there and is gone.
    ChargedBack {
        /// The provider's reference.
        debit: Reference,
    },
    /// Nothing was taken, as far as the provider showed, and nothing will be asked for.
    GivenUp,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Call the provider with the key of the entry.
    Call,
    /// Look for the debit by its reference first: the provider may have forgotten the key.
    Look,
    /// Nothing: the provider, the customer or a person has the next word.
    Wait,
}

impl Entry {
    /// A new entry under a new key, to be written down before the provider is called.
    #[must_use]
    pub fn write(order: Order, rng: &dyn Rng, now: Timestamp) -> Self {
        let state = State::Written { key: IdempotencyKey::generate(rng), since: now };
        Self { order, state, version: 1 }
    }

    /// What comes next.
    #[must_use]
    pub fn next(&self, now: Timestamp) -> Next {
        match &self.state {
            State::Written { since, .. } if is_known(*since, now) => Next::Call,
            State::Written { .. } => Next::Look,
            _ => Next::Wait,
        }
    }

    /// Tries a debit again that took nothing, under a new key.
    ///
    /// # Errors
    /// [`LEDGER_ORDER`] unless it was declined or waits for the customer without a debit: anything else
    /// may have taken money, or still may.
    pub fn again(self, rng: &dyn Rng, now: Timestamp) -> Result<Self> {
        match self.state {
            State::Declined { .. } | State::NeedsAuthentication { debit: None } => {
                let key = IdempotencyKey::generate(rng);
                Ok(self.into(State::Written { key, since: now }))
            }
            _ => LEDGER_ORDER.err(),
        }
    }

    /// Gives up a debit that took nothing.
    ///
    /// # Errors
    /// [`LEDGER_ORDER`] as for [`again`](Self::again).
    pub fn give_up(self) -> Result<Self> {
        match self.state {
            State::Declined { .. } | State::NeedsAuthentication { debit: None } => {
                Ok(self.into(State::GivenUp))
            }
            _ => LEDGER_ORDER.err(),
        }
    }

    /// Gives up a debit that the provider will not make. What it answers to one call says nothing of those
    /// before it, so that it is given up only by what the provider shows: one that took money, or may,
    /// is this one.
    ///
    /// # Errors
    /// [`LEDGER_ORDER`] unless the entry is written and nothing more, and the provider said that it does not know
    /// what was asked for, or refuses it; [`LEDGER_MISMATCH`] if it shows another amount.
    pub fn abandon(self, failure: &Failure, found: &[Debit]) -> Result<Self> {
        match (&self.state, failure) {
            (State::Written { .. }, Failure::NotFound | Failure::Refused) => {
                match found.iter().find(|debit| took(debit)) {
                    Some(debit) => self.answered(&Ok(debit.clone())),
                    None => Ok(self.into(State::GivenUp)),
                }
            }
            _ => LEDGER_ORDER.err(),
        }
    }

    /// What the provider answered to the call under the key of the entry. A failure that does not settle
    /// it leaves the entry as it is.
    ///
    /// # Errors
    /// [`LEDGER_ORDER`] unless the entry is written and nothing more; [`LEDGER_MISMATCH`] if the answer
    /// is about another amount.
    pub fn answered(self, answer: &Result<Debit, Failure>) -> Result<Self> {
        if !matches!(self.state, State::Written { .. }) {
            return LEDGER_ORDER.err();
        }
        let state = match answer {
            Ok(debit) if debit.money != self.order.money => return LEDGER_MISMATCH.err(),
            Ok(debit) => of(debit),
            Err(Failure::Declined { debit, code }) => {
                State::Declined { debit: debit.clone(), code: code.clone() }
            }
            Err(Failure::NeedsAuthentication { debit }) => {
                State::NeedsAuthentication { debit: debit.clone() }
            }
            Err(_) => return Ok(self),
        };
        Ok(self.into(state))
    }

    /// What a look at the provider's debits with our reference found: one that took money, or may, is
    /// this one. If there is none, the call is made under the same key, of which the time begins anew.
    ///
    /// # Errors
    /// As [`answered`](Self::answered).
    pub fn looked(self, found: &[Debit], now: Timestamp) -> Result<Self> {
        let State::Written { key, .. } = &self.state else { return LEDGER_ORDER.err() };
        match found.iter().find(|debit| took(debit)) {
            Some(debit) => self.answered(&Ok(debit.clone())),
            None => {
                let state = State::Written { key: key.clone(), since: now };
                Ok(self.into(state))
            }
        }
    }

    /// What the provider shows of a debit that was under way, or waited for the customer. One that it does
    /// not show stays as it is.
    ///
    /// # Errors
    /// [`LEDGER_MISMATCH`] if it shows another amount.
    pub fn shown(self, found: &[Debit]) -> Result<Self> {
        let (State::Processing { debit } | State::NeedsAuthentication { debit: Some(debit) }) =
            &self.state
        else {
            return Ok(self);
        };
        match found.iter().find(|one| one.debit == *debit) {
            None => Ok(self),
            Some(one) if one.money != self.order.money => LEDGER_MISMATCH.err(),
            Some(one) => {
                let state = of(one);
                Ok(if state == self.state { self } else { self.into(state) })
            }
        }
    }

    /// The provider's reference, once it is known.
    #[must_use]
    pub fn debit(&self) -> Option<&Reference> {
        match &self.state {
            State::Processing { debit }
            | State::Succeeded { debit, .. }
            | State::Disputed { debit, .. }
            | State::ChargedBack { debit } => Some(debit),
            State::NeedsAuthentication { debit } | State::Declined { debit, .. } => debit.as_ref(),
            State::Written { .. } | State::GivenUp => None,
        }
    }

    /// Takes in an event about this debit. Events come late, twice and out of order: one that says
    /// nothing new, or is about something else, leaves the entry as it is.
    ///
    /// # Errors
    /// [`LEDGER_MISMATCH`] if the provider took another amount than was ordered.
    pub fn heard(self, what: &What) -> Result<Self> {
        let Some(ours) = self.debit().cloned() else { return Ok(self) };
        let state = match (what, &self.state) {
            (What::PaymentSucceeded { debit, money }, state) if *debit == ours => {
                if *money != self.order.money {
                    return LEDGER_MISMATCH.err();
                }
                match state {
                    State::Processing { .. }
                    | State::NeedsAuthentication { .. }
                    | State::Declined { .. } => State::Succeeded { debit: ours, refunded: None },
                    _ => return Ok(self),
                }
            }
            (What::PaymentFailed(failed), state) if failed.debit == ours => match state {
                State::Processing { .. } | State::NeedsAuthentication { .. } => {
                    State::Declined { debit: Some(ours), code: failed.decline.clone() }
                }
                // An account may bounce after the provider believed it.
                State::Succeeded { .. } => State::ChargedBack { debit: ours },
                _ => return Ok(self),
            },
            (What::Refunded { debit, money }, State::Succeeded { refunded, .. })
                if *debit == ours =>
            {
                let known = refunded.map_or(0, Money::minor);
                if money.currency() != self.order.money.currency()
                    || money.minor() > self.order.money.minor()
                {
                    return LEDGER_MISMATCH.err();
                }
                if money.minor() <= known {
                    return Ok(self);
                }
                State::Succeeded { debit: ours, refunded: Some(*money) }
            }
            (What::Dispute(dispute), state) if dispute.debit.as_ref() == Some(&ours) => {
                match disputed(dispute, state, ours) {
                    Some(state) => state,
                    None => return Ok(self),
                }
            }
            _ => return Ok(self),
        };
        Ok(if state == self.state { self } else { self.into(state) })
    }

    fn into(self, state: State) -> Self {
        Self { order: self.order, state, version: self.version.saturating_add(1) }
    }
}

/// Whether a debit took money, or may.
const fn took(debit: &Debit) -> bool {
    !matches!(debit.progress, Progress::Declined { .. } | Progress::Cancelled)
}

fn of(debit: &Debit) -> State {
    let id = debit.debit.clone();
    match &debit.progress {
        Progress::Succeeded => State::Succeeded { debit: id, refunded: None },
        Progress::Processing => State::Processing { debit: id },
        Progress::NeedsAuthentication => State::NeedsAuthentication { debit: Some(id) },
        Progress::Declined { code } => State::Declined { debit: Some(id), code: code.clone() },
        Progress::Cancelled => State::Declined { debit: Some(id), code: None },
    }
}

/// Where a dispute leads; `None` if it says nothing new.
fn disputed(dispute: &Dispute, state: &State, debit: Reference) -> Option<State> {
    if matches!(state, State::ChargedBack { .. }) && dispute.state != DisputeState::Won {
        return None;
    }
    let refunded = match state {
        State::Succeeded { refunded, .. } | State::Disputed { refunded, .. } => *refunded,
        _ => None,
    };
    match dispute.state {
        DisputeState::Lost => Some(State::ChargedBack { debit }),
        DisputeState::Won | DisputeState::Closed => match state {
            State::Disputed { .. } | State::ChargedBack { .. } => {
                Some(State::Succeeded { debit, refunded })
            }
            _ => None,
        },
        open => Some(State::Disputed { debit, dispute: open, refunded }),
    }
}
