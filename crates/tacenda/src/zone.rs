//! Time zones by their IANA name, from the tables of chrono-tz.

use std::sync::Arc;

use tacenda_core::calendar::{TimeZoneRules, Zone};
use tacenda_core::vault::codes::ZONE_UNKNOWN;
use tacenda_core::{Error, Result};

/// The zone of an IANA name.
///
/// # Errors
/// `policy.time_zone_unknown` if the tables do not have it.
pub fn zone(name: &str) -> Result<Arc<dyn Zone>> {
    let rules: chrono_tz::Tz = name.parse().map_err(|_| unknown())?;
    Ok(Arc::new(TimeZoneRules::new(name, rules)))
}

fn unknown() -> Error {
    ZONE_UNKNOWN.error()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_zones_of_the_tables_only() {
        assert_eq!(zone("Europe/Paris").unwrap().name(), "Europe/Paris");
        assert!(zone("Europe/Atlantis").is_err());
    }
}
