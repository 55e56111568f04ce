//! What the law says of countries and data categories.

/// Whether a data category is a special one, or about criminal offences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sensitivity {
    /// Neither.
    Ordinary,
    /// Art. 9(1) GDPR.
    Special,
    /// Art. 10 GDPR.
    Criminal,
}

/// Categories of fideslang (Ethyca, CC BY 4.0) that Art. 9(1) GDPR names; each with all below it.
const SPECIAL: &[&str] = &[
    "user.authorization.biometric",
    "user.biometric",
    "user.demographic.political_opinion",
    "user.demographic.race_ethnicity",
    "user.demographic.religious_belief",
    "user.demographic.sexual_orientation",
    "user.health_and_medical",
];

/// The category that Art. 10 GDPR names.
const CRIMINAL: &str = "user.criminal_history";

/// How sensitive a data category is.
pub(super) fn sensitivity(category: &str) -> Sensitivity {
    let under = |parent: &str| {
        category.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    if SPECIAL.iter().any(|parent| under(parent)) {
        Sensitivity::Special
    } else if under(CRIMINAL) {
        Sensitivity::Criminal
    } else {
        Sensitivity::Ordinary
    }
}

/// Member states of the European Economic Area, ISO 3166-1 alpha-2: the 27 of the Union, Iceland,
/// Liechtenstein and Norway. Data that stays among them is not transferred (Art. 44 GDPR).
const EEA: &[&str] = &[
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS",
    "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// Whether a country is in the European Economic Area.
pub(super) fn is_eea(country: &str) -> bool {
    EEA.contains(&country)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_of_a_category_are_as_sensitive() {
        assert_eq!(sensitivity("user.biometric"), Sensitivity::Special);
        assert_eq!(sensitivity("user.health_and_medical.genetic"), Sensitivity::Special);
        assert_eq!(sensitivity("user.criminal_history"), Sensitivity::Criminal);
        assert_eq!(sensitivity("user.biometrics"), Sensitivity::Ordinary);
        assert_eq!(sensitivity("user"), Sensitivity::Ordinary);
    }

    #[test]
    fn the_area_has_thirty_members() {
        assert_eq!(EEA.len(), 30);
        assert!(EEA.is_sorted());
        assert!(is_eea("NO") && !is_eea("CH") && !is_eea("GB") && !is_eea("US"));
    }
}
