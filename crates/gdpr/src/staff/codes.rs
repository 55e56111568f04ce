//! The codes of the room of grants. Why somebody may not act is told by the vault
//! ([`tacenda_core::vault::codes`]).

use crate::case::codes;

codes! {
    /// A grant for no role.
    NO_ROLES = "staff.no_roles", Input, "a grant is for one role at least";
    /// A grant that ends before it begins.
    ENDS_BEFORE = "staff.ends_before", Input, "the last day of the grant is over already";
    /// A grant for more than a year.
    TOO_LONG = "staff.too_long", Input, "a grant is for one year at most; it can be renewed";
    /// A grant that somebody gives to themselves.
    OWN_GRANT = "staff.own_grant", Refused, "nobody gives or renews a grant of their own";
    /// A second grant beside one that is in force.
    GRANTED_ALREADY = "staff.granted_already", Conflict, "there is a grant in force; it can be renewed or revoked";
    /// A certificate that another grant in force has.
    CERTIFICATE_TAKEN = "staff.certificate_taken", Conflict, "the certificate is that of another grant";
    /// A step that does not follow from how the grant stands.
    WRONG_STEP = "staff.wrong_step", Conflict, "this step does not follow from how the grant stands";
    /// A grant to somebody who was not told what is kept of staff.
    NOT_TOLD = "staff.not_told", Input, "staff are told of the notice of the policy before they are granted a role";
    /// A notice in a language that it is not in.
    UNKNOWN_LANGUAGE = "staff.unknown_language", Input, "the notice is not in this language";
    /// A notice that is said to have been given after it was entered.
    IN_FUTURE = "staff.in_future", Input, "what is entered has not happened yet";
    /// A revocation of nothing.
    NOTHING_GRANTED = "staff.nothing_granted", NotFound, "no grant of this person is open";
    /// A step by the SDK itself that a person answers for.
    BY_NOBODY = "staff.by_nobody", Refused, "a person in a role of the policy takes this step";
}
