//! From what payments are made of to bytes, and back.

use tacenda_core::codec::{Decoder, Encoder, MALFORMED};
use tacenda_core::pii::Country;
use tacenda_core::{Result, Timestamp};

use crate::card::{Brand, Expiry, LastFour};
use crate::events::{Card, DisputeState, Means};
use crate::provider::{Currency, DeclineCode, IdempotencyKey, Money, Reference, Setting};
use crate::sepa::IbanTail;

pub(super) fn time(e: &mut Encoder, at: Timestamp) {
    e.i64(at.as_micros());
}

pub(super) fn read_time(d: &mut Decoder<'_>) -> Result<Timestamp> {
    d.i64().map(Timestamp::from_micros)
}

pub(super) fn flag(e: &mut Encoder, flag: bool) {
    e.u8(u8::from(flag));
}

pub(super) fn option<T>(e: &mut Encoder, value: Option<&T>, each: impl FnOnce(&mut Encoder, &T)) {
    flag(e, value.is_some());
    if let Some(value) = value {
        each(e, value);
    }
}

pub(super) fn read_option<'a, T>(
    d: &mut Decoder<'a>,
    each: impl FnOnce(&mut Decoder<'a>) -> Result<T>,
) -> Result<Option<T>> {
    if d.flag()? { each(d).map(Some) } else { Ok(None) }
}

/// A text that its type takes as it stands.
fn parsed<T>(d: &mut Decoder<'_>, parse: impl FnOnce(&str) -> Result<T>) -> Result<T> {
    parse(d.text()?).map_err(|_| MALFORMED.error())
}

pub(super) fn reference(e: &mut Encoder, reference: &Reference) {
    // EXPOSE: the encoding is what a row seals.
    e.text(reference.expose());
}

pub(super) fn read_reference(d: &mut Decoder<'_>) -> Result<Reference> {
    parsed(d, Reference::parse)
}

pub(super) fn references(e: &mut Encoder, all: &[Reference]) {
    e.list(all.len());
    all.iter().for_each(|one| reference(e, one));
}

pub(super) fn read_references(d: &mut Decoder<'_>) -> Result<Vec<Reference>> {
    (0..d.list(5)?).map(|_| read_reference(d)).collect()
}

pub(super) fn key(e: &mut Encoder, key: &IdempotencyKey) {
    e.text(key.as_str());
}

pub(super) fn read_key(d: &mut Decoder<'_>) -> Result<IdempotencyKey> {
    parsed(d, IdempotencyKey::parse)
}

pub(super) fn decline(e: &mut Encoder, code: &DeclineCode) {
    // EXPOSE: the encoding is what a row seals.
    e.text(code.expose());
}

pub(super) fn read_decline(d: &mut Decoder<'_>) -> Result<DeclineCode> {
    parsed(d, DeclineCode::parse)
}

pub(super) fn money(e: &mut Encoder, money: &Money) {
    e.u64(money.minor()).text(money.currency().code());
}

pub(super) fn read_money(d: &mut Decoder<'_>) -> Result<Money> {
    let minor = d.u64()?;
    let code = d.text()?;
    let currency = Currency::parse(code).ok().filter(|currency| currency.code() == code);
    let currency = currency.ok_or_else(|| MALFORMED.error())?;
    Money::new(minor, currency).map_err(|_| MALFORMED.error())
}

pub(super) fn setting(e: &mut Encoder, setting: Setting) {
    e.text(match setting {
        Setting::Card => "card",
        Setting::SepaDebit => "sepa_debit",
    });
}

pub(super) fn read_setting(d: &mut Decoder<'_>) -> Result<Setting> {
    match d.text()? {
        "card" => Ok(Setting::Card),
        "sepa_debit" => Ok(Setting::SepaDebit),
        _ => MALFORMED.err(),
    }
}

pub(super) fn means(e: &mut Encoder, means: &Means) {
    // EXPOSE: the encoding is what a row seals.
    match means {
        Means::Card(one) => card(e.text("card"), one),
        Means::Account(tail) => {
            e.text("account").text(tail.country()).text(tail.last_four());
        }
        Means::Other => {
            e.text("other");
        }
    }
}

pub(super) fn read_means(d: &mut Decoder<'_>) -> Result<Means> {
    Ok(match d.text()? {
        "card" => Means::Card(read_card(d)?),
        "account" => {
            let (country, last_four) = (d.text()?, d.text()?);
            Means::Account(IbanTail::parse(country, last_four).map_err(|_| MALFORMED.error())?)
        }
        "other" => Means::Other,
        _ => return MALFORMED.err(),
    })
}

pub(super) fn card(e: &mut Encoder, card: &Card) {
    // EXPOSE: the encoding is what a row seals.
    let Card { last_four, brand, expiry, country, fingerprint } = card;
    e.text(last_four.expose());
    option(e, brand.as_ref(), |e, brand| {
        e.text(brand.as_str());
    });
    option(e, expiry.as_ref(), |e, expiry| {
        e.u16(expiry.year()).u8(expiry.month());
    });
    option(e, country.as_ref(), |e, country| {
        e.text(country.as_str());
    });
    option(e, fingerprint.as_ref(), reference);
}

pub(super) fn read_card(d: &mut Decoder<'_>) -> Result<Card> {
    Ok(Card {
        last_four: parsed(d, LastFour::parse)?,
        brand: read_option(d, |d| {
            let word = d.text()?;
            let brand = Brand::parse(word).ok().filter(|brand| brand.as_str() == word);
            brand.ok_or_else(|| MALFORMED.error())
        })?,
        expiry: read_option(d, |d| {
            let (year, month) = (d.u16()?, d.u8()?);
            let expiry = Expiry::parse(&format!("{month:02}/{year:04}"));
            expiry.map_err(|_| MALFORMED.error())
        })?,
        country: read_option(d, |d| {
            let code = d.text()?;
            let country = Country::parse(code).ok().filter(|country| country.as_str() == code);
            country.ok_or_else(|| MALFORMED.error())
        })?,
        fingerprint: read_option(d, read_reference)?,
    })
}

pub(super) fn dispute(e: &mut Encoder, state: DisputeState) {
    e.text(match state {
        DisputeState::NeedsResponse { .. } => "needs_response",
        DisputeState::UnderReview => "under_review",
        DisputeState::Won => "won",
        DisputeState::Lost => "lost",
        DisputeState::Closed => "closed",
        DisputeState::Unknown => "unknown",
    });
    if let DisputeState::NeedsResponse { by } = state {
        e.time_opt(by);
    }
}

pub(super) fn read_dispute(d: &mut Decoder<'_>) -> Result<DisputeState> {
    Ok(match d.text()? {
        "needs_response" => DisputeState::NeedsResponse { by: d.time_opt()? },
        "under_review" => DisputeState::UnderReview,
        "won" => DisputeState::Won,
        "lost" => DisputeState::Lost,
        "closed" => DisputeState::Closed,
        "unknown" => DisputeState::Unknown,
        _ => return MALFORMED.err(),
    })
}
