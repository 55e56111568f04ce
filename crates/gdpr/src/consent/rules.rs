//! Who may consent at which age.

use tacenda_core::Result;
use tacenda_core::policy::Audience;
use tacenda_core::policy::catalogue::AgeOfConsent;

use super::codes::{AGE_UNKNOWN, CHILD_NEEDED, PARENT_NEEDED, PARENT_NOT_NEEDED};
use super::state::Giver;

/// Whether this giver may consent for somebody of this age, in years, where children consent alone
/// from an age on.
///
/// Where the service is not offered to children, or to none below that age, nobody is asked how old
/// they are.
///
/// # Law
/// Art. 8(1) GDPR. It is about services that are offered to a child; what age a contract needs is
/// another law's.
///
/// # Errors
/// `consent.age_unknown`, `consent.parent_needed`, `consent.parent_not_needed`; `consent.child_needed`
/// where the country wants the child and the parent.
pub(super) fn check_age(
    audience: &Audience,
    limit: &AgeOfConsent,
    age: Option<u8>,
    by: Giver,
) -> Result<()> {
    let youngest = audience.minimum_age.unwrap_or(0);
    let alone = match age {
        Some(age) => age >= limit.years,
        None if !audience.children || youngest >= limit.years => true,
        // A parent says by acting that it is a child.
        None if by != Giver::Person => false,
        None => return Err(AGE_UNKNOWN.error().with("age", limit.years)),
    };
    match (by, alone) {
        (Giver::Parent(_), false) if limit.together => {
            Err(CHILD_NEEDED.error().with("age", limit.years))
        }
        (Giver::Person, true) | (Giver::Parent(_) | Giver::Together(_), false) => Ok(()),
        (Giver::Person, false) => Err(PARENT_NEEDED.error().with("age", limit.years)),
        (Giver::Parent(_) | Giver::Together(_), true) => {
            Err(PARENT_NOT_NEEDED.error().with("age", limit.years))
        }
    }
}
