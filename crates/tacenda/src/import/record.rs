//! A record as text, and what becomes of it: a request, or the first field that fails.

use tacenda_core::error::Context;
use tacenda_core::pii::{CalendarDate, Sha256Digest};
use tacenda_core::policy::ItemType;
use tacenda_core::vault::{ItemValue, NewPassword, RegisterRequest, Vault};
use tacenda_core::{Error, Name, Result, Timestamp};
use tacenda_payments::card::{Brand, CardToken, Expiry, LastFour};
use tacenda_payments::sepa::{Iban, MandateReference};
use zeroize::Zeroizing;

use super::columns::{Column, Mapping};
use super::{CONTRADICTION, PAYMENT_NEEDS, UNKNOWN_WORD};

/// A record of a customer as text: names of columns with what stands in them, in their order. An
/// empty value counts as none. Wiped when dropped; does not print.
#[derive(Clone, Default)]
pub struct CustomerRecord {
    columns: Vec<(String, Zeroizing<String>)>,
}

impl CustomerRecord {
    /// A record from its columns.
    pub fn from_columns<'a>(columns: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let columns = columns
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Zeroizing::new(value.to_owned())))
            .collect();
        Self { columns }
    }

    /// The record as bytes that are the same whenever the record is.
    fn canonical(&self) -> Zeroizing<Vec<u8>> {
        let mut e = tacenda_core::codec::Encoder::new("tacenda/record/1");
        e.list(self.columns.len());
        for (name, value) in &self.columns {
            // EXPOSE: the record is hashed under the fingerprint key.
            e.text(name).text(value);
        }
        Zeroizing::new(e.finish())
    }
}

impl std::fmt::Debug for CustomerRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CustomerRecord({} columns)", self.columns.len())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Payment {
    None,
    Card,
    Sepa,
}

/// A record whose columns were parsed one by one.
pub(crate) struct Prepared {
    request: RegisterRequest,
    /// What failed, with the place of the column.
    failed: Vec<(usize, Error)>,
}

impl Prepared {
    pub(crate) fn new(vault: &Vault, record: &CustomerRecord, mapping: &Mapping) -> Self {
        let mut reading = Reading {
            vault,
            record,
            mapping,
            denied: Vec::new(),
            request: RegisterRequest::default(),
            failed: Vec::new(),
            payment: Payment::None,
        };
        for (at, (name, text)) in record.columns.iter().enumerate() {
            if let Err(error) = reading.column(name, text.as_str()) {
                reading.fail(at, error);
            }
        }
        reading.payment_is_whole();
        reading.facts_agree();
        if let Err(error) = vault.check_request(&reading.request) {
            let at = error.field().and_then(|field| reading.place_of(&field));
            reading.fail(at.unwrap_or(usize::MAX), error);
        }
        let Reading { mut request, failed, .. } = reading;
        request.source = Some(record.canonical());
        Self { request, failed }
    }

    /// The request, or the error of the first column that failed.
    pub(crate) fn into_request(self) -> Result<RegisterRequest> {
        match self.failed.into_iter().min_by_key(|(at, _)| *at) {
            Some((_, error)) => Err(error),
            None => Ok(self.request),
        }
    }
}

struct Reading<'a> {
    vault: &'a Vault,
    record: &'a CustomerRecord,
    mapping: &'a Mapping,
    /// Facts of which a column says that they do not hold.
    denied: Vec<Name>,
    request: RegisterRequest,
    failed: Vec<(usize, Error)>,
    payment: Payment,
}

impl Reading<'_> {
    /// Keeps an error, unless an earlier check of the same column failed already.
    fn fail(&mut self, at: usize, error: Error) {
        if !self.failed.iter().any(|(place, _)| *place == at) {
            self.failed.push((at, error));
        }
    }

    fn place_of(&self, column: &str) -> Option<usize> {
        self.record.columns.iter().position(|(name, _)| name == column)
    }

    fn given(&self, column: &str) -> bool {
        let found = self.record.columns.iter().find(|(name, _)| name == column);
        found.is_some_and(|(_, value)| !value.trim().is_empty())
    }

    fn column(&mut self, name: &str, text: &str) -> Result<()> {
        let policy = self.vault.policy();
        let column = Column::parse(name, policy)?;
        if text.trim().is_empty() {
            return Ok(());
        }
        match column {
            Column::Item(item) => self.set(&item, text),
            Column::Fact(fact) => {
                if word(text, &[("no", false), ("yes", true)], &fact)? {
                    self.request.facts.insert(fact);
                } else {
                    self.denied.push(fact);
                }
                Ok(())
            }
            Column::PasswordSha256 => {
                let digest =
                    Sha256Digest::parse(text).map_err(|e| e.field_is("password_sha256"))?;
                let digest = Zeroizing::new(*digest.as_bytes());
                self.request.password = Some(NewPassword::LegacySha256(digest));
                Ok(())
            }
            Column::Locale => self.set_if_declared("language", text, "locale"),
            Column::Plan => {
                let paid = word(text, &[("free", false), ("paid", true)], "plan")?;
                if paid {
                    let facts = self.mapping.paid(policy).map_err(|e| e.field_is("plan"))?;
                    self.request.facts.extend(facts.iter().cloned());
                }
                Ok(())
            }
            Column::Payment => {
                let words =
                    [("none", Payment::None), ("card", Payment::Card), ("sepa", Payment::Sepa)];
                self.payment = word(text, &words, "payment")?;
                Ok(())
            }
            Column::CardToken => {
                let token = CardToken::parse(text).map_err(|e| e.field_is("card_token"))?;
                // EXPOSE: the token is sealed as an item.
                self.set_if_declared("card_token", token.expose(), "card_token")
            }
            Column::CardBrand => {
                Brand::parse(text).map_err(|e| e.field_is("card_brand"))?;
                self.set_if_declared("card_brand", text, "card_brand")
            }
            Column::CardLastFour => {
                let last = LastFour::parse(text).map_err(|e| e.field_is("card_last4"))?;
                // EXPOSE: the four digits are sealed as an item.
                self.set_if_declared("card_last4", last.expose(), "card_last4")
            }
            Column::CardExpiry => {
                Expiry::parse(text).map_err(|e| e.field_is("card_expiry"))?;
                self.set_if_declared("card_expiry", text, "card_expiry")
            }
            Column::Iban => self.iban(text),
            Column::MandateReference => {
                MandateReference::parse(text).map_err(|e| e.field_is("mandate_reference"))?;
                self.set_if_declared("mandate_reference", text, "mandate_reference")
            }
            Column::MandateSignedOn => {
                CalendarDate::parse(text).map_err(|e| e.field_is("mandate_signed_on"))?;
                self.set_if_declared("mandate_signed_on", text, "mandate_signed_on")
            }
            Column::RegisteredAt => {
                self.request.registered_at = Some(time(text, "registered_at")?);
                Ok(())
            }
            Column::LastLoginAt => {
                self.request.last_login_at = Some(time(text, "last_login_at")?);
                Ok(())
            }
            Column::ClosedAt => {
                self.request.closed_at = Some(time(text, "closed_at")?);
                Ok(())
            }
        }
    }

    /// Keeps of an IBAN what the policy declares: all of it, or its country and last four.
    fn iban(&mut self, text: &str) -> Result<()> {
        let iban = Iban::parse(text).map_err(|e| e.field_is("iban"))?;
        iban.require_sepa().map_err(|e| e.field_is("iban"))?;
        let policy = self.vault.policy();
        let items: Vec<_> = policy
            .items
            .values()
            .map(|item| (item.name.clone(), item.item_type))
            .filter(|(_, kind)| matches!(kind, ItemType::Iban | ItemType::IbanTail))
            .collect();
        for (item, kind) in items {
            // EXPOSE: the number, or its tail, is sealed as an item.
            let kept = if kind == ItemType::Iban {
                Zeroizing::new(iban.expose().to_owned())
            } else {
                Zeroizing::new([iban.country(), iban.last_four()].concat())
            };
            self.set(&item, &kept).map_err(|e| e.field_is("iban"))?;
        }
        Ok(())
    }

    fn set(&mut self, item: &Name, text: &str) -> Result<()> {
        let value: ItemValue = self.vault.item(item, text)?;
        self.request.items.push(value);
        Ok(())
    }

    fn set_if_declared(
        &mut self,
        item: &'static str,
        text: &str,
        field: &'static str,
    ) -> Result<()> {
        let item = Name::fixed(item);
        if self.vault.policy().item(&item).is_none() {
            // What is not kept must be clean all the same: nothing may pass that holds a card.
            return tacenda_core::guard::refuse(text).map_err(|e| e.field_is(field));
        }
        self.set(&item, text).map_err(|e| e.field_is(field))
    }

    /// What one column denies no other says.
    fn facts_agree(&mut self) {
        for fact in std::mem::take(&mut self.denied) {
            if self.request.facts.contains(&fact) {
                let at = self.place_of(fact.as_str()).unwrap_or(usize::MAX);
                self.fail(at, CONTRADICTION.error().field_is(fact));
            }
        }
    }

    /// Whoever pays by card has a token, whoever pays by SEPA an account and a mandate.
    fn payment_is_whole(&mut self) {
        let needs: &[&'static str] = match self.payment {
            Payment::None => &[],
            Payment::Card => &["card_token", "card_last4"],
            Payment::Sepa => &["iban", "mandate_reference", "mandate_signed_on"],
        };
        for column in needs {
            if !self.given(column) {
                let at = self.place_of(column).unwrap_or(usize::MAX);
                self.fail(at, PAYMENT_NEEDS.error().field_is(*column));
            }
        }
    }
}

fn word<T: Copy>(text: &str, words: &[(&str, T)], field: impl Into<Context>) -> Result<T> {
    let found = words.iter().find(|(known, _)| *known == text.trim());
    found.map(|(_, meant)| *meant).ok_or_else(|| UNKNOWN_WORD.error().field_is(field))
}

fn time(text: &str, field: &'static str) -> Result<Timestamp> {
    Timestamp::parse_rfc3339(text.trim()).map_err(|error| error.field_is(field))
}
