//! The stored form of a debit, `tacenda/debit/1`, and how its record stands.
//!
//! See `docs/decisions/0002-bytes.md`. A row seals the bytes.

use tacenda_core::clock::{Span, Timestamp};
use tacenda_core::codec::{Decoder, Encoder, MALFORMED};
use tacenda_core::vault::{FoundBy, MODEL, OpenedRecord, Standing};
use tacenda_core::{Name, Result};

use super::codec as c;
use super::{DECLINE, LAST_FOUR, number};
use crate::events::{Kept, Means};
use crate::ledger::{Entry, Order, State};
use crate::provider::Reference;

const DOMAIN: &str = "tacenda/debit/1";
/// After how long a debit is taken up that whoever wrote it down did not settle.
const TAKEN_UP: Span = Span::seconds(600);
/// How often is asked what became of a debit that takes days.
const LOOKED_AT: Span = Span::days(1);

/// The state of a debit that may have been asked for or not.
pub(super) const WRITTEN: Name = Name::fixed("written");
/// The state of a debit that is under way at the provider.
pub(super) const PROCESSING: Name = Name::fixed("processing");

/// A debit as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    /// What was to be debited, and how it stands.
    pub entry: Entry,
    /// With what: the last four, and what the policy declares.
    pub means: Means,
}

impl Stored {
    pub(super) fn of(opened: &OpenedRecord) -> Result<Self> {
        Self::decode(opened.items.get(&MODEL).unwrap_or_default())
    }

    /// Without what the policy does not declare.
    pub(super) fn only(mut self, kept: Kept) -> Self {
        if let Means::Card(card) = self.means {
            self.means = Means::Card(kept.card(card));
        }
        if let State::Declined { code, .. } = &mut self.entry.state {
            *code = kept.decline(code.take());
        }
        self
    }

    /// Open while something is left to be done about it.
    pub(super) fn standing(&self, now: Timestamp) -> Standing {
        match &self.entry.state {
            State::Written { .. } => {
                Standing::Open { state: WRITTEN, due_at: Some(now.plus(TAKEN_UP)) }
            }
            State::Processing { .. } => {
                Standing::Open { state: PROCESSING, due_at: Some(now.plus(LOOKED_AT)) }
            }
            _ => Standing::Closed { at: now },
        }
    }

    /// By our reference and the provider's; while it is a problem, by the last four and the decline
    /// code too (S14).
    pub(super) fn found_by(&self) -> FoundBy {
        let mut found = FoundBy::default().number(ours(&self.entry.order.reference));
        if let Some(debit) = self.entry.debit() {
            found = found.number(theirs(debit));
        }
        let problem = matches!(
            self.entry.state,
            State::Declined { .. }
                | State::NeedsAuthentication { .. }
                | State::Disputed { .. }
                | State::ChargedBack { .. }
        );
        if let Some(last_four) = self.means.last_four().filter(|_| problem) {
            found = found.value(LAST_FOUR, last_four);
        }
        if let State::Declined { code: Some(code), .. } = &self.entry.state {
            found = found.value(DECLINE, code.expose());
        }
        found
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let Self { entry: Entry { order, state, version }, means } = self;
        let Order { reference, purpose, customer, method, setting, money, off_session } = order;
        let mut e = Encoder::new(DOMAIN);
        c::reference(&mut e, reference);
        e.text(purpose.as_str());
        c::reference(&mut e, customer);
        c::reference(&mut e, method);
        c::setting(&mut e, *setting);
        c::money(&mut e, money);
        c::flag(&mut e, *off_session);
        c::means(&mut e, means);
        e.u64(*version).text(word(state));
        write_state(&mut e, state);
        e.finish()
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self> {
        let mut d = Decoder::new(bytes, DOMAIN)?;
        let order = Order {
            reference: c::read_reference(&mut d)?,
            purpose: d.name()?,
            customer: c::read_reference(&mut d)?,
            method: c::read_reference(&mut d)?,
            setting: c::read_setting(&mut d)?,
            money: c::read_money(&mut d)?,
            off_session: d.flag()?,
        };
        let (means, version) = (c::read_means(&mut d)?, d.u64()?);
        let state = read_state(&mut d)?;
        d.end()?;
        Ok(Self { entry: Entry { order, state, version }, means })
    }
}

/// The number of a debit by our reference.
pub(super) fn ours(reference: &Reference) -> [u8; 16] {
    number("debit", reference.expose().as_bytes())
}

/// The number of a debit by the provider's reference.
pub(super) fn theirs(debit: &Reference) -> [u8; 16] {
    number("debit at the provider", debit.expose().as_bytes())
}

/// The word of a state, for the log too.
pub(super) const fn word(state: &State) -> &'static str {
    match state {
        State::Written { .. } => "written",
        State::Processing { .. } => "processing",
        State::NeedsAuthentication { .. } => "needs_authentication",
        State::Succeeded { .. } => "succeeded",
        State::Declined { .. } => "declined",
        State::Disputed { .. } => "disputed",
        State::ChargedBack { .. } => "charged_back",
        State::GivenUp => "given_up",
    }
}

fn write_state(e: &mut Encoder, state: &State) {
    match state {
        State::Written { key, since } => {
            c::key(e, key);
            c::time(e, *since);
        }
        State::Processing { debit } | State::ChargedBack { debit } => c::reference(e, debit),
        State::NeedsAuthentication { debit } => c::option(e, debit.as_ref(), c::reference),
        State::Succeeded { debit, refunded } => {
            c::reference(e, debit);
            c::option(e, refunded.as_ref(), c::money);
        }
        State::Declined { debit, code } => {
            c::option(e, debit.as_ref(), c::reference);
            c::option(e, code.as_ref(), c::decline);
        }
        State::Disputed { debit, dispute, refunded } => {
            c::reference(e, debit);
            c::dispute(e, *dispute);
            c::option(e, refunded.as_ref(), c::money);
        }
        State::GivenUp => {}
    }
}

fn read_state(d: &mut Decoder<'_>) -> Result<State> {
    Ok(match d.text()? {
        "written" => State::Written { key: c::read_key(d)?, since: c::read_time(d)? },
        "processing" => State::Processing { debit: c::read_reference(d)? },
        "needs_authentication" => {
            State::NeedsAuthentication { debit: c::read_option(d, c::read_reference)? }
        }
        "succeeded" => State::Succeeded {
            debit: c::read_reference(d)?,
            refunded: c::read_option(d, c::read_money)?,
        },
        "declined" => State::Declined {
            debit: c::read_option(d, c::read_reference)?,
            code: c::read_option(d, c::read_decline)?,
        },
        "disputed" => State::Disputed {
            debit: c::read_reference(d)?,
            dispute: c::read_dispute(d)?,
            refunded: c::read_option(d, c::read_money)?,
        },
        "charged_back" => State::ChargedBack { debit: c::read_reference(d)? },
        "given_up" => State::GivenUp,
        _ => return MALFORMED.err(),
    })
}
