//! Clocks of a breach that are told apart, and an authority of the controller's own country.

use std::collections::BTreeSet;

use super::taxonomy::is_eea;
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
