//! How severe a breach is by ENISA's method of 2013: SE = DPC × EI + CB.
//!
//! DPC (data processing context, from 1 to 4) says what the data is, EI (ease of identification, from
//! 0.25 to 1) how easily people are recognised by it, CB (circumstances of the breach, from 0 to 2)
//! what happened to it. Everything is counted in quarters, so that no rounding comes in.
//!
//! The result only suggests. Whether people are at no risk, at a risk or at a high risk is judged by
//! a person (Art. 33(1), 34(1) GDPR), and the duties follow from that judgement.
//!
//! Source: ENISA, *Recommendations for a methodology of the assessment of severity of personal data
//! breaches*, version 1.0, December 2013. Formula, base scores, EI values, the steps of CB and the
//! lowest band are ENISA's own; the words of the sixteen cells of DPC are ours.

mod suggest;
mod tables;

use std::collections::BTreeSet;
use std::fmt;

use tacenda_core::Result;

use super::codes::{BAD_SCORE, NO_DATA, SCORE_WITHOUT_REASON};
use crate::case::choice;

pub use suggest::{Hint, Suggestion, suggest};
pub use tables::{Availability, Confidentiality, DataClass, Factor, Identification, Integrity};

choice! {
    /// The risk of a breach to the rights and freedoms of people, as a person judges it.
    ///
    /// # Law
    /// Art. 33(1) and 34(1) GDPR.
    Risk {
        /// A risk is unlikely.
        Unlikely = "no risk",
        /// A risk, not a high one.
        Risk = "risk",
        /// A high risk is likely.
        High = "high risk",
    }

    /// The band of a severity. The lowest is ENISA's own words; the others are common use.
    Band {
        /// Below 2.
        Low = "low",
        /// From 2.
        Medium = "medium",
        /// From 3.
        High = "high",
        /// From 4.
        VeryHigh = "very_high",
    }
}

impl Band {
    /// The risk that a band points to; an indication, not the law.
    #[must_use]
    pub const fn indicates(self) -> Risk {
        match self {
            Self::Low => Risk::Unlikely,
            Self::Medium => Risk::Risk,
            Self::High | Self::VeryHigh => Risk::High,
        }
    }
}

/// The score of one class of data, and what moved it from its base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataScore {
    class: DataClass,
    points: u8,
    factors: BTreeSet<Factor>,
}

impl DataScore {
    /// A score of 1 to 4.
    ///
    /// # Errors
    /// [`BAD_SCORE`] outside 1 to 4; [`SCORE_WITHOUT_REASON`] if it is above its base without a
    /// factor that raises it, or below without one that lowers it.
    pub fn new(class: DataClass, points: u8, factors: impl Into<BTreeSet<Factor>>) -> Result<Self> {
        let factors = factors.into();
        if !(1..=4).contains(&points) {
            return BAD_SCORE.err();
        }
        let moved = |raises: bool| factors.iter().any(|factor| factor.raises() == raises);
        let unfounded =
            (points > class.base() && !moved(true)) || (points < class.base() && !moved(false));
        if unfounded { SCORE_WITHOUT_REASON.err() } else { Ok(Self { class, points, factors }) }
    }

    /// The class at its base.
    #[must_use]
    pub const fn base(class: DataClass) -> Self {
        Self { class, points: class.base(), factors: BTreeSet::new() }
    }

    /// The class of data.
    #[must_use]
    pub const fn class(&self) -> DataClass {
        self.class
    }

    /// Its score, 1 to 4.
    #[must_use]
    pub const fn points(&self) -> u8 {
        self.points
    }

    /// What moved it from its base.
    #[must_use]
    pub const fn factors(&self) -> &BTreeSet<Factor> {
        &self.factors
    }

    /// What the score means for this class.
    #[must_use]
    pub fn meaning(&self) -> &'static str {
        self.class.meaning(self.points)
    }
}

/// What a severity is computed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs {
    /// Each class of data concerned; the highest counts.
    pub data: Vec<DataScore>,
    /// How easily people are recognised.
    pub identification: Identification,
    /// What became of confidentiality.
    pub confidentiality: Confidentiality,
    /// What became of integrity.
    pub integrity: Integrity,
    /// What became of availability.
    pub availability: Availability,
    /// Whether somebody meant harm.
    pub malicious: bool,
    /// Flag, not scored: more than 100 people.
    pub over_hundred: bool,
    /// Flag, not scored: the data is unintelligible to whoever has it.
    pub unintelligible: bool,
}

/// A severity with what it was computed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Severity {
    inputs: Inputs,
    quarters: u8,
}

impl Severity {
    /// Computes SE = DPC × EI + CB.
    ///
    /// # Errors
    /// [`NO_DATA`] if no class of data is given.
    ///
    /// # Properties
    /// From 0.25 to 6.0. No input that grows makes it smaller.
    pub fn assess(inputs: Inputs) -> Result<Self> {
        let Some(points) = inputs.data.iter().map(|score| score.points).max() else {
            return NO_DATA.err();
        };
        let circumstances = inputs.confidentiality.quarters()
            + inputs.integrity.quarters()
            + inputs.availability.quarters()
            + if inputs.malicious { 2 } else { 0 };
        let quarters = points * inputs.identification.quarters() + circumstances;
        Ok(Self { inputs, quarters })
    }

    /// What it was computed from.
    #[must_use]
    pub const fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// The severity in quarters: 1 to 24.
    #[must_use]
    pub const fn quarters(&self) -> u8 {
        self.quarters
    }

    /// Its band; the lower bound belongs to it.
    #[must_use]
    pub const fn band(&self) -> Band {
        match self.quarters {
            0..8 => Band::Low,
            8..12 => Band::Medium,
            12..16 => Band::High,
            _ => Band::VeryHigh,
        }
    }
}

impl fmt::Display for Severity {
    /// As a number with two decimals, `1.75`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.quarters / 4, self.quarters % 4 * 25)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn inputs(score: DataScore, identification: Identification) -> Inputs {
        Inputs {
            data: vec![score],
            identification,
            confidentiality: Confidentiality::NoMisuseSeen,
            integrity: Integrity::NoMisuseSeen,
            availability: Availability::EasilyRestored,
            malicious: false,
            over_hundred: false,
            unintelligible: false,
        }
    }

    fn worked(score: DataScore, identification: Identification, rest: fn(&mut Inputs)) -> String {
        let mut inputs = inputs(score, identification);
        rest(&mut inputs);
        let severity = Severity::assess(inputs).unwrap();
        format!("{severity} {}", severity.band().as_str())
    }

    #[test]
    fn worked_examples() {
        let customers = || DataScore::base(DataClass::Simple);
        let web = |i: &mut Inputs| i.confidentiality = Confidentiality::UnknownRecipients;
        assert_eq!(worked(customers(), Identification::Maximum, web), "1.50 low");
        let hacked: fn(&mut Inputs) = |i| {
            i.confidentiality = Confidentiality::UnknownRecipients;
            i.malicious = true;
        };
        assert_eq!(worked(customers(), Identification::Maximum, hacked), "2.00 medium");
        let cards = DataScore::new(DataClass::Financial, 4, [Factor::Volume]).unwrap();
        assert_eq!(worked(cards, Identification::Maximum, hacked), "5.00 very_high");
        let ibans = DataScore::new(DataClass::Financial, 2, [Factor::Nature]).unwrap();
        let client = |i: &mut Inputs| i.confidentiality = Confidentiality::KnownRecipients;
        assert_eq!(worked(ibans, Identification::Significant, client), "1.75 low");
    }

    #[test]
    fn a_score_moves_only_for_a_reason() {
        let new = |points, factors: &[Factor]| {
            let factors: BTreeSet<_> = factors.iter().copied().collect();
            DataScore::new(DataClass::Behavioural, points, factors).map_err(|e| e.code())
        };
        assert!(new(2, &[]).is_ok() && new(3, &[Factor::Volume]).is_ok());
        assert!(new(1, &[Factor::Public]).is_ok());
        assert_eq!(new(3, &[Factor::Public]).unwrap_err(), "breach.score_without_reason");
        assert_eq!(new(1, &[Factor::Vulnerable]).unwrap_err(), "breach.score_without_reason");
        assert_eq!(new(0, &[]).unwrap_err(), "breach.bad_score");
        assert_eq!(new(5, &[Factor::Volume]).unwrap_err(), "breach.bad_score");
        let mut nothing = inputs(DataScore::base(DataClass::Simple), Identification::Limited);
        nothing.data.clear();
        assert!(Severity::assess(nothing).unwrap_err().is(&NO_DATA));
    }

    proptest! {
        #[test]
        fn the_highest_class_counts_and_nothing_lowers_it(
            first in 1u8..=4, second in 1u8..=4, ei in 0usize..4, confidentiality in 0usize..3,
            integrity in 0usize..3, availability in 0usize..3, malicious: bool,
        ) {
            let all = [Factor::Volume, Factor::Public];
            let score = |points| DataScore::new(DataClass::Behavioural, points, all).unwrap();
            let mut inputs = Inputs {
                confidentiality: Confidentiality::ALL[confidentiality],
                integrity: Integrity::ALL[integrity],
                availability: Availability::ALL[availability],
                malicious,
                ..inputs(score(first), Identification::ALL[ei])
            };
            let before = Severity::assess(inputs.clone()).unwrap().quarters();
            inputs.data.push(score(second));
            let after = Severity::assess(inputs.clone()).unwrap().quarters();
            prop_assert_eq!(after > before, second > first);
            inputs.malicious = true;
            inputs.identification = Identification::Maximum;
            prop_assert!(Severity::assess(inputs).unwrap().quarters() >= after);
            prop_assert!((1..=24).contains(&after));
        }
    }
}
