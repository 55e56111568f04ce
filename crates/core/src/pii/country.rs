//! Countries by their two-letter code.

use std::fmt;

use crate::error::{Code, Kind, Result};

/// A code that ISO 3166-1 does not assign.
pub static COUNTRY_UNKNOWN: Code = Code::new(
    "pii.country_unknown",
    Kind::Input,
    "a country is one of the 249 two-letter codes of ISO 3166-1",
);

/// The codes of this module.
pub static CODES: &[&Code] = &[&COUNTRY_UNKNOWN];

/// The officially assigned codes of ISO 3166-1 alpha-2, by first letter (state of 2025, 249).
const ASSIGNED: &[&str] = &[
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ",
    "BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ",
    "CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ",
    "DE DJ DK DM DO DZ",
    "EC EE EG EH ER ES ET",
    "FI FJ FK FM FO FR",
    "GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY",
    "HK HM HN HR HT HU",
    "ID IE IL IM IN IO IQ IR IS IT",
    "JE JM JO JP",
    "KE KG KH KI KM KN KP KR KW KY KZ",
    "LA LB LC LI LK LR LS LT LU LV LY",
    "MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ",
    "NA NC NE NF NG NI NL NO NP NR NU NZ",
    "OM",
    "PA PE PF PG PH PK PL PM PN PR PS PT PW PY",
    "QA",
    "RE RO RS RU RW",
    "SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ",
    "TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ",
    "UA UG UM US UY UZ",
    "VA VC VE VG VI VN VU",
    "WF WS",
    "YE YT",
    "ZA ZM ZW",
];

/// The member states of the European Union (Art. 52 TEU, without the United Kingdom since 2020).
const EU: &str = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK";

/// The further states of the European Economic Area, where the GDPR applies as well (Decision
/// 154/2018 of the EEA Joint Committee).
const EFTA_IN_EEA: &str = "IS LI NO";

/// A country or territory of ISO 3166-1, by its alpha-2 code in upper case.
///
/// # Properties
/// Only the 249 officially assigned codes: `UK` is not one of them (ISO says `GB`), and neither is
/// the `EL` with which Greece writes its VAT numbers (ISO says `GR`). A code by itself is not
/// personal, processors have countries too, so it prints; not guarded.
///
/// ```
/// use tacenda_core::pii::Country;
///
/// assert_eq!(Country::parse("pl")?.as_str(), "PL");
/// assert!(Country::parse("IS")?.is_eea());
/// assert!(Country::parse("UK").is_err());
/// # Ok::<(), tacenda_core::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Country(&'static str);

impl Country {
    /// Reads a two-letter code in any case; white space around it is trimmed.
    ///
    /// # Errors
    /// [`COUNTRY_UNKNOWN`].
    pub fn parse(text: &str) -> Result<Self> {
        match *super::normal::trim(text).as_bytes() {
            [a, b] => Self::find([a.to_ascii_uppercase(), b.to_ascii_uppercase()]),
            _ => None,
        }
        .ok_or_else(|| COUNTRY_UNKNOWN.error())
    }

    /// The code in upper case, which is its normal form too.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// Whether it is a member state of the European Union. Territories with a code of their own
    /// (`GP`, `AX`, …) are not counted.
    #[must_use]
    pub fn is_eu(self) -> bool {
        has(EU, self.0)
    }

    /// Whether it is a state of the European Economic Area, so that giving it personal data is no
    /// transfer to a third country.
    ///
    /// # Law
    /// GDPR Art. 44, with Decision 154/2018 of the EEA Joint Committee for Iceland, Liechtenstein
    /// and Norway.
    #[must_use]
    pub fn is_eea(self) -> bool {
        self.is_eu() || has(EFTA_IN_EEA, self.0)
    }

    /// Every country, in the order of the codes.
    pub fn all() -> impl Iterator<Item = Self> {
        ASSIGNED.iter().flat_map(|row| row.split(' ')).map(Self)
    }

    /// The country of a code in upper case.
    pub(crate) fn find(code: [u8; 2]) -> Option<Self> {
        let row = ASSIGNED.iter().find(|row| row.as_bytes().first() == Some(&code[0]))?;
        row.split(' ').find(|known| known.as_bytes() == code).map(Self)
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Country({})", self.0)
    }
}

fn has(list: &str, code: &str) -> bool {
    list.split(' ').any(|known| known == code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn knows_249_countries_in_order() {
        let all: Vec<_> = Country::all().collect();
        assert_eq!(all.len(), 249);
        assert!(all.is_sorted());
        for country in &all {
            assert_eq!(Country::parse(&country.as_str().to_lowercase()).unwrap(), *country);
        }
        assert_eq!(all.iter().filter(|country| country.is_eu()).count(), 27);
        assert_eq!(all.iter().filter(|country| country.is_eea()).count(), 30);
    }

    #[test]
    fn refuses_what_iso_does_not_assign() {
        for bad in ["", "UK", "EL", "XX", "XI", "EU", "AN", "SU", "XK", "P", "POL", "Pł", "P\n"] {
            assert!(Country::parse(bad).unwrap_err().is(&COUNTRY_UNKNOWN), "{bad:?}");
        }
        assert!(!Country::parse("GB").unwrap().is_eea());
        assert!(!Country::parse("CH").unwrap().is_eea());
        assert_eq!(Country::parse(" gr ").unwrap().to_string(), "GR");
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = Country::parse(&text);
        }
    }
}
