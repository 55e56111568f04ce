//! Amounts in whole minor units of a currency.

use std::fmt;

use tacenda_core::error::{Code, Kind, Result};

/// Text that is no currency we reckon in.
pub static CURRENCY: Code = Code::new(
    "payments.currency",
    Kind::Input,
    "a currency is three letters of ISO 4217, of those that the SDK knows",
);
/// An amount that cannot be debited.
pub static AMOUNT: Code = Code::new(
    "payments.amount",
    Kind::Input,
    "an amount is a whole number of minor units, from 1 to 99999999999",
);

/// ISO 4217, list one of 2026: codes and digits after the point, of those currencies for which providers
/// count in the same minor units. Left out are those which Stripe counts otherwise (ISK, UGX, MGA) and
/// those with three digits, which it rounds.
const CURRENCIES: &[(&str, u8)] = &[
    ("AED", 2),
    ("ALL", 2),
    ("AUD", 2),
    ("BAM", 2),
    ("BRL", 2),
    ("CAD", 2),
    ("CHF", 2),
    ("CNY", 2),
    ("CZK", 2),
    ("DKK", 2),
    ("EUR", 2),
    ("GBP", 2),
    ("GEL", 2),
    ("HKD", 2),
    ("HUF", 2),
    ("ILS", 2),
    ("INR", 2),
    ("JPY", 0),
    ("KRW", 0),
    ("MAD", 2),
    ("MDL", 2),
    ("MKD", 2),
    ("MXN", 2),
    ("NOK", 2),
    ("NZD", 2),
    ("PLN", 2),
    ("RON", 2),
    ("RSD", 2),
    ("SAR", 2),
    ("SEK", 2),
    ("SGD", 2),
    ("THB", 2),
    ("TRY", 2),
    ("UAH", 2),
    ("USD", 2),
    ("XAF", 0),
    ("XOF", 0),
    ("ZAR", 2),
];

/// A currency.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency(&'static str, u8);

impl Currency {
    /// From its three letters, in either case.
    ///
    /// # Errors
    /// [`CURRENCY`] for anything else, and for currencies that are left out because providers count
    /// them otherwise.
    pub fn parse(text: &str) -> Result<Self> {
        CURRENCIES
            .iter()
            .find(|(code, _)| code.eq_ignore_ascii_case(text))
            .map(|(code, digits)| Self(code, *digits))
            .ok_or_else(|| CURRENCY.error())
    }

    /// The three letters, upper case.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.0
    }

    /// How many digits stand after the point: 2 for the euro, 0 for the yen.
    #[must_use]
    pub const fn digits(self) -> u8 {
        self.1
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// An amount: whole minor units (cents), more than nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: u64,
    currency: Currency,
}

impl Money {
    /// The largest amount, in minor units.
    pub const MAX: u64 = 99_999_999_999;

    /// So many minor units of a currency.
    ///
    /// # Errors
    /// [`AMOUNT`] if it is none, or more than [`MAX`](Self::MAX).
    pub fn new(minor: u64, currency: Currency) -> Result<Self> {
        if minor == 0 || minor > Self::MAX {
            return AMOUNT.err();
        }
        Ok(Self { minor, currency })
    }

    /// In minor units.
    #[must_use]
    pub const fn minor(self) -> u64 {
        self.minor
    }

    /// Of which currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Both together.
    ///
    /// # Errors
    /// [`CURRENCY`] if they are of two currencies, [`AMOUNT`] if it is too much.
    pub fn plus(self, other: Self) -> Result<Self> {
        if self.currency != other.currency {
            return CURRENCY.err();
        }
        Self::new(self.minor.checked_add(other.minor).ok_or_else(|| AMOUNT.error())?, self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn currencies_are_of_iso_4217() {
        let eur = Currency::parse("eur").unwrap();
        assert_eq!((eur.code(), eur.digits()), ("EUR", 2));
        assert_eq!(Currency::parse("JPY").unwrap().digits(), 0);
        for bad in ["", "EU", "EURO", "XXX", "€", "BGN", "ISK", "eu\u{0}"] {
            assert!(Currency::parse(bad).unwrap_err().is(&CURRENCY), "{bad}");
        }
        assert!(CURRENCIES.is_sorted());
    }

    #[test]
    fn an_amount_is_more_than_nothing_and_of_one_currency() {
        let [eur, pln] = ["EUR", "PLN"].map(|code| Currency::parse(code).unwrap());
        let one = Money::new(1, eur).unwrap();
        assert_eq!(one.plus(one).unwrap().minor(), 2);
        assert!(Money::new(0, eur).unwrap_err().is(&AMOUNT));
        let most = Money::new(Money::MAX, eur).unwrap();
        assert!(most.plus(one).unwrap_err().is(&AMOUNT));
        assert!(one.plus(Money::new(1, pln).unwrap()).unwrap_err().is(&CURRENCY));
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,6}", minor: u64) {
            let _ = Currency::parse(&text);
            let eur = Currency::parse("EUR").unwrap();
            prop_assert_eq!(Money::new(minor, eur).is_ok(), (1..=Money::MAX).contains(&minor));
        }
    }
}
