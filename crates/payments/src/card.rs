//! What is kept of a payment card: the provider's token and the last four digits (S4).
//!
//! No type here can hold a whole card number, and none a verification code. The last four are four
//! bytes, which nothing longer is made into:
//!
//! ```compile_fail,E0423
//! let number = tacenda_payments::LastFour(*b"4242424242424242");
//! ```
//!
//! A card has no field for its number:
//!
//! ```compile_fail,E0560
//! # use tacenda_payments::{LastFour, events::Card};
//! # let last_four = LastFour::parse("4242").unwrap();
//! let card = Card { last_four, brand: None, expiry: None, country: None, fingerprint: None,
//!     number: "4242424242424242" };
//! ```
//!
//! and none for its verification code:
//!
//! ```compile_fail,E0609
//! # use tacenda_payments::{LastFour, events::Card};
//! # let last_four = LastFour::parse("4242").unwrap();
//! # let card = Card { last_four, brand: None, expiry: None, country: None, fingerprint: None };
//! let code = card.verification_code;
//! ```
//!
//! Neither does a debit, which names a method by the provider's reference:
//!
//! ```compile_fail,E0308
//! # use tacenda_payments::provider::AttachRequest;
//! # fn attach(request: &mut AttachRequest) {
//! request.method = "4242424242424242";
//! # }
//! ```
//!
//! What does compile is this:
//!
//! ```
//! # use tacenda_payments::{LastFour, Reference, events::Card};
//! let last_four = LastFour::parse("4242").unwrap();
//! let card = Card { last_four, brand: None, expiry: None, country: None, fingerprint: None };
//! assert!(LastFour::parse("4242424242424242").is_err());
//! assert!(Reference::parse("4242424242424242").is_err());
//! assert_eq!(card.last_four.expose(), "4242");
//! ```

use std::fmt;

use chrono::{Datelike, Days, Months, NaiveDate};
use tacenda_core::error::{Code, Kind, Result};
use tacenda_core::name::Name;
use zeroize::Zeroizing;

use crate::holds_card_number;

/// Text that is not the last four digits of a card.
pub static LAST_FOUR: Code =
    Code::new("payments.last_four", Kind::Input, "the last four of a card are exactly four digits");
/// Text that is not a provider's token.
pub static CARD_TOKEN: Code = Code::new(
    "payments.card_token",
    Kind::Input,
    "a card token is 1 to 255 visible ASCII characters and no card number",
);
/// Text that is not an expiry date.
pub static CARD_EXPIRY: Code =
    Code::new("payments.card_expiry", Kind::Input, "a card expires in MM/YY or MM/YYYY");
/// Text that is not a card brand.
pub static CARD_BRAND: Code =
    Code::new("payments.card_brand", Kind::Input, "a card brand is a name and no card number");

/// The last four digits of a card: the only part of its number that a type can hold.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LastFour([u8; 4]);

impl LastFour {
    /// From exactly four ASCII digits.
    ///
    /// # Errors
    /// [`LAST_FOUR`] for anything else, a whole card number among it.
    pub fn parse(text: &str) -> Result<Self> {
        match <[u8; 4]>::try_from(text.as_bytes()) {
            Ok(digits) if digits.iter().all(u8::is_ascii_digit) => Ok(Self(digits)),
            _ => LAST_FOUR.err(),
        }
    }

    /// The four digits.
    #[must_use]
    pub fn expose(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for LastFour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LastFour(..)")
    }
}

/// A payment provider's reference to a card that it holds. Overwritten when dropped, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct CardToken(Zeroizing<String>);

impl CardToken {
    /// From what the provider returned.
    ///
    /// # Errors
    /// [`CARD_TOKEN`] if it is empty, longer than 255 characters, holds anything but visible ASCII,
    /// or holds a card number.
    pub fn parse(text: &str) -> Result<Self> {
        let formed = (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if !formed || holds_card_number(text) {
            return CARD_TOKEN.err();
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// The token, for the provider and for sealing.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CardToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardToken(..)")
    }
}

/// The month in which a card expires, from 2000 to 2099. An expired card is still a card.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Expiry {
    year: u16,
    month: u8,
}

impl Expiry {
    /// From `MM/YY` or `MM/YYYY`, as it stands on the card.
    ///
    /// # Errors
    /// [`CARD_EXPIRY`] for another form, a month that does not exist, or another century.
    pub fn parse(text: &str) -> Result<Self> {
        let read = |part: &str| {
            part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse::<u16>().ok()).flatten()
        };
        let parsed = text.split_once('/').and_then(|(month, year)| {
            let century = match (month.len(), year.len()) {
                (2, 2) => 2000,
                (2, 4) => 0,
                _ => return None,
            };
            let month = u8::try_from(read(month)?).ok()?;
            Some(Self { year: read(year)?.checked_add(century)?, month })
        });
        parsed
            .filter(|e| (1..=12).contains(&e.month) && (2000..=2099).contains(&e.year))
            .ok_or_else(|| CARD_EXPIRY.error())
    }

    /// The year, four digits.
    #[must_use]
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    #[must_use]
    pub const fn month(self) -> u8 {
        self.month
    }

    /// Whether the card no longer works on this day: it works to the end of its month.
    #[must_use]
    pub fn is_past(self, day: NaiveDate) -> bool {
        (i32::from(self.year), u32::from(self.month)) < (day.year(), day.month())
    }
}

impl Expiry {
    /// The last day on which the card works.
    #[must_use]
    pub fn last_day(self) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.year.into(), self.month.into(), 1)
            .and_then(|first| first.checked_add_months(Months::new(1)))
            .and_then(|next| next.checked_sub_days(Days::new(1)))
            .unwrap_or(NaiveDate::MAX)
    }
}

/// A card that stops working soon, or has stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expiring<T> {
    /// The card, by what the caller calls it.
    pub card: T,
    /// The last day on which it works, or worked.
    pub last_day: NaiveDate,
}

/// The cards that no longer work so many months from today, soonest first, in time for their holders to
/// be told. Those that have stopped already come first.
pub fn expiring<T>(
    cards: impl IntoIterator<Item = (T, Expiry)>,
    today: NaiveDate,
    ahead: Months,
) -> Vec<Expiring<T>> {
    let until = today.checked_add_months(ahead).unwrap_or(NaiveDate::MAX);
    let mut found: Vec<_> = cards
        .into_iter()
        .map(|(card, expiry)| Expiring { card, last_day: expiry.last_day() })
        .filter(|card| card.last_day < until)
        .collect();
    found.sort_by_key(|card| card.last_day);
    found
}

impl fmt::Debug for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Expiry(..)")
    }
}

/// The brand of a card, as a provider names it. Kept only where the policy declares it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Brand {
    /// Visa.
    Visa,
    /// Mastercard.
    Mastercard,
    /// American Express.
    AmericanExpress,
    /// Diners Club.
    DinersClub,
    /// Discover.
    Discover,
    /// JCB.
    Jcb,
    /// UnionPay.
    UnionPay,
    /// Cartes Bancaires.
    CartesBancaires,
    /// Any other, by the provider's word for it.
    Other(Name),
}

impl Brand {
    /// From a provider's word, in any case.
    ///
    /// # Errors
    /// [`CARD_BRAND`] if it is no name or holds a card number.
    pub fn parse(text: &str) -> Result<Self> {
        let word = text.to_ascii_lowercase();
        Ok(match word.as_str() {
            "visa" => Self::Visa,
            "mastercard" => Self::Mastercard,
            "amex" | "american_express" => Self::AmericanExpress,
            "diners" | "diners_club" => Self::DinersClub,
            "discover" => Self::Discover,
            "jcb" => Self::Jcb,
            "unionpay" => Self::UnionPay,
            "cartes_bancaires" => Self::CartesBancaires,
            word if holds_card_number(word) => return CARD_BRAND.err(),
            word => Self::Other(Name::parse(word).map_err(|_| CARD_BRAND.error())?),
        })
    }

    /// The brand's word, as Stripe writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Visa => "visa",
            Self::Mastercard => "mastercard",
            Self::AmericanExpress => "amex",
            Self::DinersClub => "diners",
            Self::Discover => "discover",
            Self::Jcb => "jcb",
            Self::UnionPay => "unionpay",
            Self::CartesBancaires => "cartes_bancaires",
            Self::Other(name) => name.as_str(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn last_four_are_four_digits() {
        assert_eq!(LastFour::parse("0042").unwrap().expose(), "0042");
        for bad in ["", "42", "42a2", "42424", "4242424242424242", " 4242", "４２４２", "é42"]
        {
            assert!(LastFour::parse(bad).unwrap_err().is(&LAST_FOUR), "{bad}");
        }
        assert_eq!(size_of::<LastFour>(), 4);
    }

    #[test]
    fn a_token_is_no_card_number() {
        let token = CardToken::parse("pm_1PXyzAbCdEfGhIjKlMnOp02").unwrap();
        assert_eq!(token.expose(), "pm_1PXyzAbCdEfGhIjKlMnOp02");
        let long = "a".repeat(256);
        for bad in [
            "",
            "4000056655665556",
            "tok_4000056655665556",
            "4000-0566-5566-5556",
            "pm 1",
            "pm_é",
            "pm_\n",
            &long,
        ] {
            assert!(CardToken::parse(bad).unwrap_err().is(&CARD_TOKEN), "{bad}");
        }
        assert_eq!(CardToken::parse("4111111111111112").unwrap().expose().len(), 16);
    }

    #[test]
    fn an_expiry_is_a_month_and_may_be_past() {
        let expiry = Expiry::parse("02/20").unwrap();
        assert_eq!(expiry, Expiry::parse("02/2020").unwrap());
        let day = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
        assert!(!expiry.is_past(day(2020, 2, 29)) && expiry.is_past(day(2020, 3, 1)));
        assert!(expiry.is_past(day(2021, 1, 1)));
        assert_eq!((expiry.month(), expiry.year()), (2, 2020));
        for bad in ["", "13/29", "00/29", "2/29", "02/029", "02-29", "+2/29", "02/1999", "02/2100"]
        {
            assert!(Expiry::parse(bad).unwrap_err().is(&CARD_EXPIRY), "{bad}");
        }
    }

    #[test]
    fn expiring_cards_are_listed_ahead() {
        let day = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
        assert_eq!(Expiry::parse("02/28").unwrap().last_day(), day(2028, 2, 29));
        assert_eq!(Expiry::parse("12/2099").unwrap().last_day(), day(2099, 12, 31));
        let cards = ["01/27", "11/26", "10/26", "12/26", "02/27"]
            .map(|text| (text, Expiry::parse(text).unwrap()));
        let listed = |today, months| {
            let found = expiring(cards, today, Months::new(months));
            found.into_iter().map(|card| card.card).collect::<Vec<_>>()
        };
        let today = day(2026, 11, 30);
        assert_eq!(listed(today, 0), ["10/26"]);
        assert_eq!(listed(day(2026, 12, 1), 0), ["10/26", "11/26"]);
        // A month from 30 November is 30 December, and a card of December still works then.
        assert_eq!(listed(today, 1), ["10/26", "11/26"]);
        assert_eq!(listed(today, 2), ["10/26", "11/26", "12/26"]);
        assert_eq!(listed(day(2026, 12, 1), 2), ["10/26", "11/26", "12/26", "01/27"]);
        assert_eq!(listed(NaiveDate::MAX, 1).len(), 5);
    }

    #[test]
    fn a_brand_is_a_word() {
        for word in ["visa", "amex", "diners", "cartes_bancaires", "eftpos_au"] {
            assert_eq!(Brand::parse(word).unwrap().as_str(), word);
        }
        assert_eq!(Brand::parse("Visa").unwrap(), Brand::Visa);
        for bad in ["", "4111111111111111", "v4111111111111111", "!"] {
            assert!(Brand::parse(bad).unwrap_err().is(&CARD_BRAND), "{bad}");
        }
    }

    #[test]
    fn nothing_prints_what_it_holds() {
        let printed = format!(
            "{:?} {:?} {:?}",
            LastFour::parse("4242").unwrap(),
            CardToken::parse("pm_secret").unwrap(),
            Expiry::parse("12/29").unwrap()
        );
        assert_eq!(printed, "LastFour(..) CardToken(..) Expiry(..)");
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,40}", near in "[0-9]{0,3}/[0-9]{0,5}") {
            let _ = (LastFour::parse(&text), CardToken::parse(&text), Brand::parse(&text));
            let _ = (Expiry::parse(&text), Expiry::parse(&near));
        }
    }
}
