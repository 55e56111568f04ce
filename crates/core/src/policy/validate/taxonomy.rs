//! What the law says of countries and data categories, as the validation asks for it.

use crate::pii::Country;
pub(super) use crate::pii::category::{Special, may_be_special, special};

/// Whether a country is in the European Economic Area: data that stays there is not transferred
/// (Art. 44 GDPR).
pub(super) fn is_eea(country: &str) -> bool {
    Country::parse(country).is_ok_and(Country::is_eea)
}
