//! From which age a child consents by itself to an online service, country by country.

use super::Confidence;

/// The age from which a child's own consent to an information society service is lawful.
///
/// # Law
/// Art. 8(1) GDPR: 16, unless a member state provides for a lower one, not below 13.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgeOfConsent {
    /// ISO 3166-1 alpha-2.
    pub country: &'static str,
    /// In years.
    pub years: u8,
    /// Where it stands.
    pub citation: &'static str,
    /// How sure that is.
    pub confidence: Confidence,
    /// Whether below it the child and the holder of parental responsibility consent together.
    pub together: bool,
}

/// Where no law of the country sets another.
const BY_REGULATION: &str = "Regulation (EU) 2016/679, Art. 8(1)";

const fn age(
    country: &'static str,
    years: u8,
    citation: &'static str,
    confidence: Confidence,
) -> AgeOfConsent {
    AgeOfConsent { country, years, citation, confidence, together: false }
}

const fn together(age: AgeOfConsent) -> AgeOfConsent {
    AgeOfConsent { together: true, ..age }
}

/// The Union, the European Economic Area and the United Kingdom, as the laws stood in 2025.
static AGES: &[AgeOfConsent] = &[
    age("AT", 14, "Datenschutzgesetz, § 4 Abs. 4", Confidence::Medium),
    age("BE", 13, "Loi du 30 juillet 2018, art. 7", Confidence::Medium),
    age("BG", 14, "Закон за защита на личните данни, чл. 25в", Confidence::Low),
    age("CY", 14, "Law 125(I)/2018, s. 8", Confidence::Low),
    age("CZ", 15, "Zákon č. 110/2019 Sb., § 7", Confidence::Medium),
    age("DE", 16, BY_REGULATION, Confidence::Medium),
    // 13 until the end of 2023.
    age("DK", 15, "Databeskyttelsesloven, § 6, stk. 2", Confidence::Low),
    age("EE", 13, "Isikuandmete kaitse seadus, § 8", Confidence::Low),
    age("ES", 14, "Ley Orgánica 3/2018, art. 7", Confidence::Medium),
    age("FI", 13, "Tietosuojalaki 1050/2018, 5 §", Confidence::Medium),
    together(age("FR", 15, "Loi n° 78-17 du 6 janvier 1978, art. 45", Confidence::Medium)),
    age("GB", 13, "Data Protection Act 2018, s. 9", Confidence::Low),
    age("GR", 15, "Νόμος 4624/2019, άρθρο 21", Confidence::Low),
    age("HR", 16, "Zakon o provedbi Opće uredbe o zaštiti podataka, čl. 19", Confidence::Low),
    age("HU", 16, BY_REGULATION, Confidence::Medium),
    age("IE", 16, "Data Protection Act 2018, s. 31", Confidence::Medium),
    age("IS", 13, "Lög nr. 90/2018, 10. gr.", Confidence::Low),
    age("IT", 14, "D.lgs. 196/2003, art. 2-quinquies", Confidence::Medium),
    age("LI", 16, BY_REGULATION, Confidence::Low),
    age("LT", 14, "Asmens duomenų teisinės apsaugos įstatymas, 6 str.", Confidence::Low),
    age("LU", 16, BY_REGULATION, Confidence::Low),
    age("LV", 13, "Fizisko personu datu apstrādes likums, 33. pants", Confidence::Low),
    age("MT", 13, "Subsidiary Legislation 586.11", Confidence::Low),
    age("NL", 16, "Uitvoeringswet AVG, art. 5", Confidence::Medium),
    age("NO", 13, "Personopplysningsloven, § 5", Confidence::Low),
    age("PL", 16, BY_REGULATION, Confidence::Medium),
    age("PT", 13, "Lei n.º 58/2019, art. 16.º", Confidence::Low),
    age("RO", 16, BY_REGULATION, Confidence::Low),
    age("SE", 13, "Lag (2018:218), 2 kap. 4 §", Confidence::Medium),
    age("SI", 15, "Zakon o varstvu osebnih podatkov (ZVOP-2), 8. člen", Confidence::Low),
    age("SK", 16, "Zákon č. 18/2018 Z. z., § 15", Confidence::Medium),
];

impl AgeOfConsent {
    /// The age in a country; for one that is not listed, that of the Regulation.
    #[must_use]
    pub fn of(country: &str) -> Self {
        let found = AGES.iter().find(|age| age.country == country).copied();
        found.unwrap_or(Self {
            country: "*",
            years: 16,
            citation: BY_REGULATION,
            confidence: Confidence::Medium,
            together: false,
        })
    }

    /// All of them, by country.
    #[must_use]
    pub fn all() -> &'static [Self] {
        AGES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pii::Country;

    #[test]
    fn ages_are_those_that_the_regulation_allows() {
        assert!(AGES.is_sorted_by(|a, b| a.country < b.country));
        for age in AGES {
            assert!((13..=16).contains(&age.years), "{}", age.country);
            let country = Country::parse(age.country).unwrap();
            assert!(country.is_eea() || age.country == "GB");
            assert_eq!(AgeOfConsent::of(age.country), *age);
        }
        assert_eq!(AGES.len(), 27 + 3 + 1);
        assert_eq!(AgeOfConsent::of("CH").years, 16);
        let together = AGES.iter().filter(|age| age.together).map(|age| age.country);
        assert_eq!(together.collect::<Vec<_>>(), ["FR"]);
        let known = [("AT", 14), ("BE", 13), ("ES", 14), ("FR", 15), ("IE", 16), ("PL", 16)];
        for (country, years) in known {
            assert_eq!(AgeOfConsent::of(country).years, years);
        }
    }
}
