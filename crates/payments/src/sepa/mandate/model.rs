//! The states of a mandate and the steps between them. Pure: days are arguments.

use chrono::{Months, NaiveDate};
use tacenda_core::error::{Code, Kind, Result};

use super::MandateReference;
use crate::sepa::creditor::{CreditorId, MandateKey};
use crate::sepa::dates::disputable_until;
use crate::sepa::{Frequency, IbanTail, Scheme, Sequence};

/// A step on a mandate that has come to its end.
pub static MANDATE_ENDED: Code = Code::new(
    "payments.mandate_ended",
    Kind::Conflict,
    "the mandate is cancelled, used up or dormant; a new one has to be signed",
);
/// A step on a day before one that it must follow.
pub static MANDATE_ORDER: Code = Code::new(
    "payments.mandate_order",
    Kind::Input,
    "the step lies before the signature or the last change of the mandate",
);

/// After so many months without a collection a mandate must not be used any more.
const DORMANT_AFTER: Months = Months::new(36);

/// What was signed. The account is a tail, the provider or the sealed item holds the rest (S3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Its reference.
    pub reference: MandateReference,
    /// Who collects.
    pub creditor: CreditorId,
    /// Country and last four characters of the account.
    pub account: IbanTail,
    /// Under which scheme.
    pub scheme: Scheme,
    /// How often.
    pub frequency: Frequency,
    /// The day on which the debtor signed it.
    pub signed_on: NaiveDate,
}

/// A mandate: what was signed and amended, and its state.
///
/// # Law
/// EPC016-06 (Core) and EPC222-07 (B2B): section 4.7.2 (36 months without a collection), AT-M and
/// AT-T (amendments carry what was there before).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mandate {
    terms: Terms,
    state: MandateState,
}

/// Where a mandate stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MandateState {
    /// Signed, and never used.
    Signed {
        /// The day of the last amendment, else of the signature.
        changed_on: NaiveDate,
        /// What the next collection has to tell.
        amended: Originals,
    },
    /// In use.
    Active {
        /// The due date of the latest collection, even if it was rejected, returned or refunded.
        last_collection: NaiveDate,
        /// The day of the last amendment, else of the signature.
        changed_on: NaiveDate,
        /// What the next collection has to tell.
        amended: Originals,
    },
    /// The only collection of a one-off mandate, or the last one of a recurrent, was presented.
    UsedUp {
        /// Its due date.
        last_collection: NaiveDate,
    },
    /// Withdrawn by the debtor or given up by the creditor.
    Cancelled {
        /// The day.
        on: NaiveDate,
        /// The due date of the latest collection.
        last_collection: Option<NaiveDate>,
    },
    /// Not used for 36 months.
    Dormant {
        /// The first day on which it must not be used.
        since: NaiveDate,
        /// The due date of the latest collection.
        last_collection: Option<NaiveDate>,
    },
}

/// What stood in the mandate before it was amended, as far as no collection has told it yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Originals {
    /// The reference before.
    pub reference: Option<MandateReference>,
    /// The creditor before.
    pub creditor: Option<CreditorId>,
    /// The account before.
    pub account: Option<IbanTail>,
}

/// A change of a mandate that leaves it the same mandate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Amendment {
    /// The creditor gives it another reference.
    Reference(MandateReference),
    /// The creditor has another identifier, or another creditor took over.
    Creditor(CreditorId),
    /// The debtor has another account.
    Account(IbanTail),
}

/// What a collection says of its mandate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    /// Its place in the sequence.
    pub sequence: Sequence,
    /// What stood in the mandate before, if it was amended since the last collection.
    pub amended: Originals,
}

impl Mandate {
    /// A mandate that has just been signed.
    #[must_use]
    pub fn sign(terms: Terms) -> Self {
        let state =
            MandateState::Signed { changed_on: terms.signed_on, amended: Originals::default() };
        Self { terms, state }
    }

    /// A mandate as it was stored. The caller answers for its having been one.
    #[must_use]
    pub const fn restore(terms: Terms, state: MandateState) -> Self {
        Self { terms, state }
    }

    /// What it says today.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Where it stands, as of the last step.
    #[must_use]
    pub const fn state(&self) -> &MandateState {
        &self.state
    }

    /// What makes it one of a kind.
    #[must_use]
    pub fn key(&self) -> MandateKey {
        let Terms { creditor, reference, .. } = &self.terms;
        MandateKey { creditor: creditor.clone(), reference: reference.clone() }
    }

    /// The first day on which it is dormant if nothing is collected before: 36 months after the latest
    /// collection, or after the signature. None once it has ended, and beyond the calendar.
    ///
    /// The rulebooks count from the latest collection and say nothing of a mandate that was never used;
    /// it is taken to grow old from its signature.
    #[must_use]
    pub fn dormant_on(&self) -> Option<NaiveDate> {
        let last = match &self.state {
            MandateState::Signed { .. } => self.terms.signed_on,
            MandateState::Active { last_collection, .. } => *last_collection,
            _ => return None,
        };
        last.checked_add_months(DORMANT_AFTER)?.succ_opt()
    }

    /// The mandate as it is on this day: dormant, if it was not used for 36 months.
    #[must_use]
    pub fn on(self, today: NaiveDate) -> Self {
        match self.dormant_on() {
            Some(since) if since <= today => {
                let last_collection = self.state.last_collection();
                Self { state: MandateState::Dormant { since, last_collection }, ..self }
            }
            _ => self,
        }
    }

    /// Whether a collection that is due on this day may be presented.
    #[must_use]
    pub fn is_usable_on(&self, due: NaiveDate) -> bool {
        let ended =
            !matches!(self.state, MandateState::Signed { .. } | MandateState::Active { .. });
        !ended && due >= self.terms.signed_on && self.dormant_on().is_none_or(|day| due < day)
    }

    /// Presents a collection that is due on this day. `is_last` ends a recurrent mandate; a one-off
    /// ends by itself.
    ///
    /// # Errors
    /// [`MANDATE_ENDED`], dormancy on the day included; [`MANDATE_ORDER`] before the signature.
    pub fn collect(self, due: NaiveDate, is_last: bool) -> Result<(Self, Collection)> {
        if due < self.terms.signed_on {
            return MANDATE_ORDER.err();
        }
        let Self { terms, state } = self.on(due);
        let (before, changed_on, amended) = match state {
            MandateState::Signed { changed_on, amended } => (None, changed_on, amended),
            MandateState::Active { last_collection, changed_on, amended } => {
                (Some(last_collection), changed_on, amended)
            }
            _ => return MANDATE_ENDED.err(),
        };
        let sequence = match (terms.frequency, is_last, before) {
            (Frequency::OneOff, ..) => Sequence::OneOff,
            (Frequency::Recurrent, true, _) => Sequence::Final,
            (Frequency::Recurrent, false, None) => Sequence::First,
            (Frequency::Recurrent, false, Some(_)) => Sequence::Recurrent,
        };
        // One that is due earlier than the latest may be presented later, after a return.
        let last_collection = before.map_or(due, |before| before.max(due));
        let state = match sequence {
            Sequence::OneOff | Sequence::Final => MandateState::UsedUp { last_collection },
            Sequence::First | Sequence::Recurrent => {
                MandateState::Active { last_collection, changed_on, amended: Originals::default() }
            }
        };
        Ok((Self { terms, state }, Collection { sequence, amended }))
    }

    /// Changes the mandate; what was there before is told with the next collection. A value that is
    /// the same as before changes nothing.
    ///
    /// # Errors
    /// [`MANDATE_ENDED`], dormancy on the day included; [`MANDATE_ORDER`] before the signature or the
    /// last amendment.
    pub fn amend(self, amendment: Amendment, on: NaiveDate) -> Result<Self> {
        let Self { mut terms, mut state } = self.on(on);
        let (MandateState::Signed { changed_on, amended }
        | MandateState::Active { changed_on, amended, .. }) = &mut state
        else {
            return MANDATE_ENDED.err();
        };
        if on < *changed_on {
            return MANDATE_ORDER.err();
        }
        *changed_on = on;
        match amendment {
            Amendment::Reference(new) => replace(&mut terms.reference, new, &mut amended.reference),
            Amendment::Creditor(new) => replace(&mut terms.creditor, new, &mut amended.creditor),
            Amendment::Account(new) => replace(&mut terms.account, new, &mut amended.account),
        }
        Ok(Self { terms, state })
    }

    /// Ends the mandate.
    ///
    /// # Errors
    /// [`MANDATE_ENDED`] if it has ended before, dormancy on the day included; [`MANDATE_ORDER`] before
    /// the signature.
    pub fn cancel(self, on: NaiveDate) -> Result<Self> {
        if on < self.terms.signed_on {
            return MANDATE_ORDER.err();
        }
        let Self { terms, state } = self.on(on);
        match state {
            MandateState::Signed { .. } | MandateState::Active { .. } => {
                let last_collection = state.last_collection();
                Ok(Self { terms, state: MandateState::Cancelled { on, last_collection } })
            }
            _ => MANDATE_ENDED.err(),
        }
    }

    /// The last day on which the creditor has to be able to show the mandate: until its latest
    /// collection can no longer be called unauthorised, 13 months, and no earlier than its end. None
    /// while it can be used.
    #[must_use]
    pub fn kept_until(&self) -> Option<NaiveDate> {
        let ended = match &self.state {
            MandateState::Signed { .. } | MandateState::Active { .. } => return None,
            MandateState::UsedUp { last_collection } => *last_collection,
            MandateState::Cancelled { on, .. } => *on,
            MandateState::Dormant { since, .. } => *since,
        };
        let disputable = self.state.last_collection().and_then(disputable_until);
        Some(disputable.map_or(ended, |day| day.max(ended)))
    }
}

impl MandateState {
    /// The due date of the latest collection.
    #[must_use]
    pub const fn last_collection(&self) -> Option<NaiveDate> {
        match self {
            Self::Signed { .. } => None,
            Self::Active { last_collection, .. } | Self::UsedUp { last_collection } => {
                Some(*last_collection)
            }
            Self::Cancelled { last_collection, .. } | Self::Dormant { last_collection, .. } => {
                *last_collection
            }
        }
    }
}

/// Puts a new value in, and keeps the first of the old ones unless it is back again.
fn replace<T: PartialEq>(value: &mut T, new: T, original: &mut Option<T>) {
    if *value != new {
        let old = std::mem::replace(value, new);
        original.get_or_insert(old);
        if original.as_ref() == Some(value) {
            *original = None;
        }
    }
}
