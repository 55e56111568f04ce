//! Why somebody in a role may not act.

use crate::error::{Code, Kind};

/// A role of staff for which nothing was granted.
pub static NO_GRANT: Code = Code::new(
    "staff.no_grant",
    Kind::Refused,
    "staff act in this role under a grant, and there is none",
);
/// A role of staff of which the grant has run out.
pub static EXPIRED_GRANT: Code =
    Code::new("staff.expired", Kind::Refused, "the grant of this role has run out");
/// A member of staff whose grant was revoked.
pub static REVOKED_GRANT: Code =
    Code::new("staff.revoked", Kind::Refused, "the grant of this person was revoked");
/// A grant that a restore brought back, and that nobody has confirmed since.
pub static UNCONFIRMED_GRANT: Code = Code::new(
    "staff.unconfirmed",
    Kind::Refused,
    "rows were restored, and nobody has confirmed the grant of this role since",
);
/// A role of staff that is granted with another certificate than the one that came.
pub static OTHER_CERTIFICATE: Code = Code::new(
    "staff.other_certificate",
    Kind::Refused,
    "the grant of this role is for another certificate",
);
