//! Who is in SEPA, as of 2026. The structures of account numbers are core's (`guard::iban_structure`).

/// Whether a country takes part in SEPA. Territories of France and Finland use the codes FR and FI.
pub(super) fn is_sepa(country: &str) -> bool {
    SEPA.split(' ').any(|code| code == country)
}

/// By decisions of the European Payments Council: the Union, the EEA, and AD AL CH GB GI MC MD ME MK
/// RS SM VA.
const SEPA: &str = "AD AL AT BE BG CH CY CZ DE DK EE ES FI FR GB GI GR HR HU IE \
    IS IT LI LT LU LV MC MD ME MK MT NL NO PL PT RO RS SE SI SK SM VA";

#[cfg(test)]
mod tests {
    use super::*;
    use tacenda_core::guard;

    #[test]
    fn the_members_are_in_the_registry() {
        assert_eq!(SEPA.split(' ').count(), 42);
        assert!(SEPA.split(' ').all(|country| guard::iban_length(country).is_some()));
        assert!(is_sepa("RS") && is_sepa("MD") && !is_sepa("TR") && !is_sepa("") && !is_sepa(" "));
    }
}
