//! The tables of the method: classes of data, ease of identification, circumstances.

use crate::case::choice;

choice! {
    /// What sort of data it is.
    DataClass {
        /// Name, contact, family, education, profession.
        Simple = "simple",
        /// Location, traffic data, preferences and habits.
        Behavioural = "behavioural",
        /// Income, transactions, statements, cards, invoices.
        Financial = "financial",
        /// Health, political opinions, sex life and the like.
        Sensitive = "sensitive",
    }

    /// What moves a score from its base.
    Factor {
        /// Up: much of it for the same person, in time or in content.
        Volume = "volume",
        /// Up: what the controller does tells more than the data.
        Controller = "controller",
        /// Up: minors or others in need of protection.
        Vulnerable = "vulnerable people",
        /// Down: it was public before.
        Public = "public before",
        /// Down: it is invalid or inaccurate.
        Invalid = "invalid or inaccurate",
        /// Down: by its nature it tells little.
        Nature = "nature of the data",
    }

    /// How easily the people are recognised by the data.
    Identification {
        /// 0.25: hardly, as by a common name, a vague picture, an alias that nothing links.
        Negligible = "negligible",
        /// 0.5.
        Limited = "limited",
        /// 0.75: as by the e-mail address that is somebody's main identifier.
        Significant = "significant",
        /// 1: as by a full name with a birth date and an e-mail address.
        Maximum = "maximum",
    }

    /// Loss of confidentiality.
    Confidentiality {
        /// 0: none, or exposed without a sign of misuse.
        NoMisuseSeen = "no misuse seen",
        /// 0.25: to recipients who are known.
        KnownRecipients = "known recipients",
        /// 0.5: to an unknown number of recipients.
        UnknownRecipients = "unknown recipients",
    }

    /// Loss of integrity.
    Integrity {
        /// 0: none, or altered without a sign of misuse.
        NoMisuseSeen = "no misuse seen",
        /// 0.25: altered and possibly misused, and can be mended.
        Recoverable = "recoverable",
        /// 0.5: and cannot be mended.
        Irrecoverable = "irrecoverable",
    }

    /// Loss of availability.
    Availability {
        /// 0: none, or restored without difficulty.
        EasilyRestored = "easily restored",
        /// 0.25: for a time.
        Temporary = "temporary",
        /// 0.5: for good.
        Full = "full",
    }
}

impl DataClass {
    /// Its score without any factor.
    #[must_use]
    pub const fn base(self) -> u8 {
        match self {
            Self::Simple => 1,
            Self::Behavioural => 2,
            Self::Financial => 3,
            Self::Sensitive => 4,
        }
    }

    /// What a score of this class means; the nearest cell for a score outside 1 to 4.
    #[must_use]
    pub const fn meaning(self, points: u8) -> &'static str {
        const BASE: &str = "as it is, no factor known";
        match (self, points) {
            (Self::Simple, 0..=1) | (Self::Behavioural, 2) | (Self::Financial, 3) => BASE,
            (Self::Sensitive, 4..) => BASE,
            (Self::Simple, 2) => "allows a profile, or to guess social or financial status",
            (Self::Simple, 3) => "allows to guess health, sex life, politics or religion",
            (Self::Simple, 4..) => "critical for the safety of vulnerable people or minors",
            (Self::Behavioural, 0..=1) => "tells nothing of substance, or was public",
            (Self::Behavioural, 3) => "a detailed picture of somebody's daily life",
            (Self::Behavioural, 4..) => "a profile on sensitive matters",
            (Self::Financial, 0..=1) => "tells no more than that somebody is a client",
            (Self::Financial, 2) => "some detail without insight, as a bare account number",
            (Self::Financial, 4..) => "all that a fraud needs, or a detailed financial profile",
            (Self::Sensitive, 0..=1) => "tells nothing of substance, or was public",
            (Self::Sensitive, 2) => "allows general guesses only",
            (Self::Sensitive, 3) => "allows to guess sensitive facts",
        }
    }
}

impl Factor {
    /// Whether it raises a score; the others lower it.
    #[must_use]
    pub const fn raises(self) -> bool {
        matches!(self, Self::Volume | Self::Controller | Self::Vulnerable)
    }
}

impl Identification {
    /// In quarters, 1 to 4.
    #[must_use]
    pub const fn quarters(self) -> u8 {
        match self {
            Self::Negligible => 1,
            Self::Limited => 2,
            Self::Significant => 3,
            Self::Maximum => 4,
        }
    }
}

impl Confidentiality {
    /// In quarters, 0 to 2.
    #[must_use]
    pub const fn quarters(self) -> u8 {
        match self {
            Self::NoMisuseSeen => 0,
            Self::KnownRecipients => 1,
            Self::UnknownRecipients => 2,
        }
    }
}

impl Integrity {
    /// In quarters, 0 to 2.
    #[must_use]
    pub const fn quarters(self) -> u8 {
        match self {
            Self::NoMisuseSeen => 0,
            Self::Recoverable => 1,
            Self::Irrecoverable => 2,
        }
    }
}

impl Availability {
    /// In quarters, 0 to 2.
    #[must_use]
    pub const fn quarters(self) -> u8 {
        match self {
            Self::EasilyRestored => 0,
            Self::Temporary => 1,
            Self::Full => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_the_cell_without_a_factor() {
        for class in DataClass::ALL {
            let cells: Vec<_> = (1..=4).map(|points| class.meaning(points)).collect();
            let base = cells.iter().position(|cell| cell.starts_with("as it is"));
            assert_eq!(base, Some(usize::from(class.base() - 1)), "{}", class.as_str());
            assert_eq!(cells.iter().filter(|cell| cell.starts_with("as it is")).count(), 1);
        }
    }
}
