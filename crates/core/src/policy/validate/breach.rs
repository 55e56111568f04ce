//! Clocks of a breach that are told apart, and an authority of the controller's own country.

use std::collections::BTreeSet;

use super::taxonomy::is_eea;
use crate::policy::breach::BreachPolicy;
use crate::policy::codes;
use crate::policy::model::Policy;
use crate::policy::reader::{NO_HELP, Reader};

/// One version of a clock per day; an authority only where the controller has one.
pub(super) fn breach(r: &mut Reader<'_>, policy: &Policy) {
    let Some(breach) = policy.breach.as_ref().filter(|_| r.clean("breach")) else { return };
    let mut seen = BTreeSet::new();
    for (i, clock) in breach.clocks.iter().enumerate() {
        if !seen.insert((&clock.name, clock.valid_from)) {
            let message =
                format!("clock `{}` has two versions from {}", clock.name, clock.valid_from);
            let path = format!("breach.clocks[{i}]");
            r.add(&codes::DUPLICATE, &path, message, NO_HELP);
        }
    }
    letters(r, policy, breach);
    let country = policy.controller.country.as_str();
    let Some(authority) = breach.authority.as_ref().filter(|_| r.clean("controller")) else {
        return;
    };
    if !is_eea(country) {
        let message =
            format!("the controller is established in `{country}`, and has no lead authority");
        let help = "every authority where affected people live is told (Art. 55 GDPR)";
        r.add(&codes::BAD_AUTHORITY, "breach.authority", message, help.into());
    } else if !authority.as_str().starts_with(&format!("{}-", country.to_lowercase())) {
        let message = format!("`{authority}` is no authority of `{country}`");
        let help = format!("its name begins with `{}-`", country.to_lowercase());
        r.add(&codes::BAD_AUTHORITY, "breach.authority", message, help.into());
    }
}

/// A promise is kept by letters, and letters have an address.
fn letters(r: &mut Reader<'_>, policy: &Policy, breach: &BreachPolicy) {
    let Some(letters) = &breach.letters else {
        if breach.promise.is_some() {
            let message = "`breach` promises letters and lacks the key `letters`".to_owned();
            let help = "`letters = { purpose = \"…\" }` says for which purpose people are told";
            r.add(&codes::MISSING_KEY, "breach", message, help.into());
        }
        return;
    };
    let stated = policy.purposes.get(&letters.purpose).filter(|purpose| !purpose.items.is_empty());
    // Without one identifier there is no address to speak of.
    let known = policy.items.values().filter(|item| item.unique && item.required).count() == 1;
    let clean = known && r.clean("purposes") && r.clean("items");
    let Some(purpose) = stated.filter(|_| clean) else { return };
    let address = &policy.identifier().name;
    if !purpose.items.contains(address) {
        let message = format!("`{}` does not give `{address}`", purpose.name);
        let help = "people are told of a breach for a purpose that gives the address";
        r.add(&codes::BREACH_UNSENT, "breach.letters.purpose", message, help.into());
    }
}
