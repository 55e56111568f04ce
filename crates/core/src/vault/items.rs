//! Values on their way in: parsed by their type, guarded, and bound to a declared item.

use std::fmt;

use super::Vault;
use super::codes::BAD_SHAPE;
use super::codes::{PASSWORD_APART, UNDECLARED};
use crate::error::Result;
use crate::guard;
use crate::name::Name;
use crate::pii::{self, ItemType};
use crate::policy::{Item, Policy};

/// A value that its type accepted and that holds no card number.
pub struct ItemValue {
    pub(super) item: Name,
    pub(super) value: pii::Value,
}

impl ItemValue {
    /// Which item it is for.
    #[must_use]
    pub const fn item(&self) -> &Name {
        &self.item
    }
}

impl fmt::Debug for ItemValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ItemValue({})", self.item)
    }
}

impl Vault {
    /// Parses a value for one of the policy's items.
    ///
    /// # Errors
    /// [`UNDECLARED`], [`PASSWORD_APART`], a `pii.*` code of its type, `guard.card_number` or
    /// `guard.verification_code`; the context names the field.
    pub fn item(&self, item: &Name, text: &str) -> Result<ItemValue> {
        parse(&self.policy, item, text)
    }
}

pub(super) fn parse(policy: &Policy, item: &Name, text: &str) -> Result<ItemValue> {
    let declared = declared(policy, item)?;
    if declared.item_type == ItemType::Password {
        return Err(PASSWORD_APART.error().field_is(item));
    }
    let parsed = pii::parse(declared.item_type, text);
    // Typed fields run their own parser first: an IBAN may hold a Luhn-valid run. Plain text, and
    // whatever a parser refused, is guarded.
    // What the payment types parse is guarded here as well: their rules are in another crate.
    let kind = declared.item_type;
    if kind.is_guarded() || kind.is_payment() || parsed.is_err() {
        guard::refuse(text).map_err(|error| error.field_is(item))?;
    }
    if !has_shape(kind, text.trim()) {
        return Err(BAD_SHAPE.error().field_is(item));
    }
    let value = parsed.map_err(|error| error.field_is(item))?;
    Ok(ItemValue { item: item.clone(), value })
}

/// INVARIANT 2: whoever calls the vault without the payment types cannot keep more of a card or an
/// account than its type is for.
fn has_shape(kind: ItemType, text: &str) -> bool {
    match kind {
        ItemType::LastFour => text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit()),
        ItemType::CardBrand => {
            text.len() <= 32 && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        }
        ItemType::CardExpiry => {
            let month_year = text.split_once('/');
            month_year.is_some_and(|(month, year)| {
                (month.len(), year.len()) == (2, 4)
                    && month.bytes().chain(year.bytes()).all(|b| b.is_ascii_digit())
            })
        }
        ItemType::IbanTail => {
            let (country, last) = (text.get(..2), text.get(2..));
            country.is_some_and(|c| c.bytes().all(|b| b.is_ascii_uppercase()))
                && last
                    .is_some_and(|l| l.len() == 4 && l.bytes().all(|b| b.is_ascii_alphanumeric()))
        }
        _ => true,
    }
}

pub(super) fn declared<'a>(policy: &'a Policy, item: &Name) -> Result<&'a Item> {
    // Not named: what nobody declared, anybody may have typed.
    policy.item(item).ok_or_else(|| UNDECLARED.error())
}
