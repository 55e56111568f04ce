//! How a person stands to the purposes of the policy: what they consent to, what they object to, and
//! which notice they were told of.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::id::RowId;
use crate::name::Name;

use super::basis::LawfulBasis;
use super::model::{Policy, Purpose};
use super::words::SpecialCondition;

/// How a person stands to purposes. It is a part of the account's sealed state, so that the next read
/// is decided by it; the proof of each step is a record of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stance {
    /// The purposes to which the person consents.
    pub consents: BTreeMap<Name, Consented>,
    /// When the consent to a purpose was withdrawn last: what was given until then counts no more,
    /// whenever it is entered.
    pub withdrawn: BTreeMap<Name, Timestamp>,
    /// The purposes to which the person objects, with the record that says so.
    pub objections: BTreeMap<Name, RowId>,
    /// The record that says that the person objects to direct marketing as such, whatever purposes
    /// of it the policy has or will have (Art. 21(2) GDPR).
    pub marketing: Option<RowId>,
    /// The newest notice that the person was told of.
    pub told: Option<Told>,
}

/// What an objection is to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Against {
    /// One purpose.
    Purpose(Name),
    /// Direct marketing as such, also for purposes that come later.
    Marketing,
}

/// A consent that was given and not withdrawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consented {
    /// The text that was agreed to.
    pub text: Name,
    /// Its version.
    pub version: u64,
    /// The record that proves it (Art. 7(1) GDPR).
    pub record: RowId,
}

/// A notice that a person was told of (Art. 13 and 14 GDPR).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The version of the policy that the notice states.
    pub version: u64,
    /// When.
    pub at: Timestamp,
    /// By which way, a word of whoever tells.
    pub how: Name,
}

impl Stance {
    /// Whether nothing was decided or told.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the person objects to a purpose, or to direct marketing if it is one of it.
    ///
    /// # Law
    /// Art. 21(1) to (3) GDPR.
    #[must_use]
    pub fn objects_to(&self, purpose: &Purpose) -> bool {
        self.objections.contains_key(&purpose.name) || purpose.marketing && self.marketing.is_some()
    }

    /// The record of an objection that stands.
    #[must_use]
    pub fn objection(&self, against: &Against) -> Option<RowId> {
        match against {
            Against::Purpose(purpose) => self.objections.get(purpose).copied(),
            Against::Marketing => self.marketing,
        }
    }

    /// The records of all objections that stand.
    pub fn objection_records(&self) -> impl Iterator<Item = RowId> {
        self.objections.values().copied().chain(self.marketing)
    }

    /// Whether a consent to a purpose that was given at this time was withdrawn since.
    ///
    /// # Law
    /// Art. 7(3) GDPR.
    #[must_use]
    pub fn is_withdrawn_since(&self, purpose: &Name, given_at: Timestamp) -> bool {
        self.withdrawn.get(purpose).is_some_and(|at| given_at <= *at)
    }
}

impl Purpose {
    /// Whether nothing is read for it without consent.
    ///
    /// # Law
    /// Art. 6(1)(a) and 9(2)(a) GDPR.
    #[must_use]
    pub fn needs_consent(&self) -> bool {
        self.basis == LawfulBasis::Consent
            || self.special == Some(SpecialCondition::ExplicitConsent)
    }

    /// Whether a person may object to it on grounds of their situation.
    ///
    /// # Law
    /// Art. 21(1) GDPR: where it rests on Art. 6(1)(e) or (f).
    #[must_use]
    pub const fn may_be_objected_to(&self) -> bool {
        matches!(
            self.basis,
            LawfulBasis::PublicTask { .. } | LawfulBasis::LegitimateInterests { .. }
        )
    }

    /// Whether a person can end by a word that they are read for it: it needs their consent, or they may
    /// object.
    #[must_use]
    pub fn is_up_to_the_person(&self) -> bool {
        self.marketing || self.needs_consent() || self.may_be_objected_to()
    }
}

impl Policy {
    /// Whether a person's consent to a purpose stands: it was given to a text that the policy still
    /// has for this purpose, in a version that still counts.
    #[must_use]
    pub fn consent_stands(&self, purpose: &Name, stance: &Stance) -> bool {
        let Some(given) = stance.consents.get(purpose) else { return false };
        let text = self.consents.get(&given.text).filter(|text| text.purpose == *purpose);
        text.is_some_and(|text| given.version >= text.oldest_valid)
    }

    /// Whether a person was told of a purpose: it is as old as the policy, or the notice that they
    /// were told of is as new as the purpose.
    ///
    /// # Law
    /// Art. 13(3) and 14(4) GDPR.
    #[must_use]
    pub fn is_told(&self, purpose: &Purpose, stance: &Stance) -> bool {
        let told = stance.told.as_ref().map_or(0, |told| told.version);
        purpose.since.is_none_or(|since| told >= since)
    }
}
