//! The codes of the room of consents.

use crate::case::codes;

codes! {
    /// A text of consent that the policy does not have: a consent for no purpose.
    UNKNOWN_TEXT = "consent.unknown_text", Input, "the policy has no such text of consent";
    /// A text in a language that it is not in.
    UNKNOWN_LANGUAGE = "consent.unknown_language", Input, "the text is not in this language";
    /// A withdrawal from a purpose that rests on something else.
    OTHER_BASIS = "consent.other_basis", Refused, "the purpose does not rest on consent";
    /// A consent that is said to have come after it was entered.
    IN_FUTURE = "consent.in_future", Input, "what is entered has not happened yet";
    /// A consent that the person withdrew since it was given, whenever it is entered.
    WITHDRAWN_SINCE = "consent.withdrawn_since", Conflict,
        "the consent was withdrawn after it was given";
    /// A step that does not follow from how the consent stands.
    WRONG_STEP = "consent.wrong_step", Conflict, "this step does not follow from how the consent stands";
    /// A subject that consents or withdraws for another.
    NOT_THE_SUBJECT = "consent.not_the_subject", Refused, "a subject consents for itself alone";
    /// A consent that the SDK itself enters.
    GIVEN_BY_NOBODY = "consent.given_by_nobody", Refused, "a person consents, or enters a consent";
    /// A consent to a purpose to which the person objects.
    OBJECTED = "consent.objected", Conflict, "the person objects to this purpose, and takes that back first";
    /// A consent of somebody who may be a child, and nobody says how old they are.
    AGE_UNKNOWN = "consent.age_unknown", Input,
        "the service is offered to children who may not consent alone, and the age is not said";
    /// A child's own consent, below the age at which it counts (Art. 8(1) GDPR).
    PARENT_NEEDED = "consent.parent_needed", Refused,
        "below this age the holder of parental responsibility consents";
    /// A parent's consent alone, where the country wants the child's with it.
    CHILD_NEEDED = "consent.child_needed", Refused,
        "below this age the child and the holder of parental responsibility consent together";
    /// A parent's consent that the child enters.
    PARENT_ENTERED = "consent.parent_entered", Refused,
        "the consent of a parent is entered by somebody in a role of the policy";
    /// A parent's consent for somebody who consents alone.
    PARENT_NOT_NEEDED = "consent.parent_not_needed", Refused, "at this age people consent for themselves";
}
