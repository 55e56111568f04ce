//! Processors, backups, the cost of passwords, payments.

use std::collections::BTreeSet;

use super::taxonomy::is_eea;
use crate::name::Name;
use crate::password::Params;
use crate::policy::codes;
use crate::policy::item_type::ItemType;
use crate::policy::model::{Policy, Processor};
use crate::policy::period::day_bounds;
use crate::policy::reader::{NO_HELP, Reader, choose, entry};
use crate::policy::words::{IbanMode, Transfer};

/// A basis for each transfer, a purpose for each disclosure.
pub(super) fn processors(r: &mut Reader<'_>, policy: &Policy) {
    for (name, processor) in &policy.processors {
        let path = entry("processors", name);
        if r.clean(&path) {
            transfer(r, processor, &path);
        }
        let covered: BTreeSet<&Name> = processor
            .purposes
            .iter()
            .filter_map(|purpose| policy.purposes.get(purpose))
            .flat_map(|purpose| &purpose.items)
            .collect();
        let bare = processor.discloses.iter().find(|item| !covered.contains(item));
        if let Some(item) = bare.filter(|_| r.clean(&path) && r.clean("purposes")) {
            let message = format!("`{name}` is given `{item}`, which none of its purposes sees");
            let help = "name the purpose in `purposes` of the processor, or do not disclose it";
            let path = format!("{path}.discloses");
            r.add(&codes::DISCLOSURE_WITHOUT_PURPOSE, &path, message, help.into());
        }
    }
}

fn transfer(r: &mut Reader<'_>, processor: &Processor, path: &str) {
    let places = std::iter::once(&processor.country).chain(&processor.locations);
    let outside = places.into_iter().find(|country| !is_eea(country));
    let path = format!("{path}.transfer");
    match (outside, processor.transfer) {
        (Some(country), Transfer::None) => {
            let message = format!("`{country}` is a third country");
            let words = Transfer::WORDS.iter().copied().filter(|word| *word != "none");
            r.add(
                &codes::TRANSFER,
                &path,
                message,
                choose("", words, "a transfer rests on one of"),
            );
        }
        (None, basis) if basis != Transfer::None => {
            let message =
                "data that stays in the European Economic Area is not transferred".to_owned();
            r.add(&codes::TRANSFER, &path, message, "say `none`".into());
        }
        _ => {}
    }
}

/// The next backup before the last is gone, where their processor is.
pub(super) fn backups(r: &mut Reader<'_>, policy: &Policy) {
    let Some(backups) = policy.backups.as_ref().filter(|_| r.clean("backups")) else { return };
    if day_bounds(backups.keep).0 < day_bounds(backups.every).1 {
        let message = format!("kept for {}, made every {}", backups.keep, backups.every);
        let help = "keep a backup at least until the next is made";
        r.add(&codes::BAD_BACKUPS, "backups.keep", message, help.into());
    }
    let Some(processor) = backups.processor.as_ref() else { return };
    let place =
        policy.processors.get(processor).filter(|_| r.clean(&entry("processors", processor)));
    if let Some(known) = place.filter(|p| !p.locations.contains(&backups.country)) {
        let message = format!("`{processor}` keeps nothing in `{}`", backups.country);
        let help = choose("", known.locations.iter().map(String::as_str), "its locations");
        r.add(&codes::BAD_BACKUPS, "backups.country", message, help);
    }
}

/// Argon2id between floor and ceiling (RFC 9106).
pub(super) fn password_cost(r: &mut Reader<'_>, policy: &Policy) {
    if !r.clean("passwords") {
        return;
    }
    let cost = &policy.passwords;
    let (memory, passes, lanes) = (cost.memory_kib, cost.passes, cost.lanes);
    if !Params::is_at_least_floor(memory, passes) {
        let message = format!("Argon2id with {memory} KiB and {passes} passes is too cheap");
        let pairs = Params::FLOORS.map(|(m, t)| format!("{m} KiB with {t}"));
        let help = format!("at least {}", pairs.join(", or "));
        r.add(&codes::PASSWORD_COST, "passwords.memory_kib", message, help.into());
    }
    let (most, longest, widest) = (Params::MAX_MEMORY_KIB, Params::MAX_PASSES, Params::MAX_LANES);
    if memory > most || passes > longest || lanes > widest {
        let message =
            format!("Argon2id with {memory} KiB, {passes} passes and {lanes} lanes is too dear");
        let help = format!("at most {most} KiB, {longest} passes and {widest} lanes");
        r.add(&codes::PASSWORD_COST, "passwords.memory_kib", message, help.into());
    }
}

/// Whole IBANs only where the creditor collects by its own bank, and a provider for all else.
pub(super) fn payments(r: &mut Reader<'_>, policy: &Policy) {
    if !r.clean("payments") || !r.clean("items") {
        return;
    }
    let of_type = |types: &[ItemType]| {
        policy.items.values().find(|item| types.contains(&item.item_type)).map(|item| &item.name)
    };
    let paid = of_type(&[
        ItemType::CardToken,
        ItemType::LastFour,
        ItemType::CardBrand,
        ItemType::CardExpiry,
        ItemType::IbanTail,
        ItemType::Iban,
        ItemType::MandateReference,
    ]);
    let payments = &policy.payments;
    if !r.has("payments") {
        if let Some(item) = paid {
            let message = "the file lacks the key `payments`".to_owned();
            r.add(
                &codes::MISSING_KEY,
                "",
                message,
                format!("item `{item}` is about payments").into(),
            );
        }
        return;
    }
    match (payments.iban, of_type(&[ItemType::Iban])) {
        (IbanMode::Provider, Some(item)) => {
            let message = format!("the provider holds the IBAN, and so does item `{item}`");
            let help = "keep an `IBAN tail`, or say `iban = \"sealed\"`";
            r.add(&codes::BAD_PAYMENTS, &entry("items", item), message, help.into());
        }
        (IbanMode::Sealed, None) => {
            let message = "the creditor holds the IBAN, and no item has this type".to_owned();
            r.add(&codes::BAD_PAYMENTS, "payments.iban", message, NO_HELP);
        }
        (IbanMode::Sealed, Some(_)) if payments.creditor.is_none() => {
            let message = "a creditor that collects by its own bank has an identifier".to_owned();
            r.add(&codes::BAD_PAYMENTS, "payments.iban", message, "add `creditor`".into());
        }
        _ => {}
    }
    if payments.iban == IbanMode::Provider && payments.provider.is_none() {
        let message = "the provider holds the IBAN, and none is named".to_owned();
        let names = policy.processors.keys().map(Name::as_str);
        let help = choose("", names, "add `provider`, one of the processors");
        r.add(&codes::BAD_PAYMENTS, "payments.iban", message, help);
    }
}
