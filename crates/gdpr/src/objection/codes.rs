//! The codes of the room of objections.

use crate::case::codes;

codes! {
    /// An objection to a purpose that rests on neither a task nor an interest, and is no marketing.
    OTHER_BASIS = "objection.other_basis", Refused,
        "an objection is to a public task, a legitimate interest or direct marketing";
    /// Something that is said to have happened after it was entered.
    IN_FUTURE = "objection.in_future", Input, "what is entered has not happened yet";
    /// Something that is older than the objection.
    BEFORE_RECEIPT = "objection.before_receipt", Input, "what is entered is older than the objection";
    /// A letter from before the decision that it is said to tell of.
    BEFORE_DECISION = "objection.before_decision", Input,
        "the letter is older than the decision that it tells of";
    /// A step that does not follow from how the objection stands.
    WRONG_STEP = "objection.wrong_step", Conflict,
        "this step does not follow from how the objection stands";
    /// A decision on an objection to direct marketing (Art. 21(3) GDPR).
    MARKETING_FINAL = "objection.marketing_final", Refused,
        "an objection to direct marketing is not weighed";
    /// A subject that objects for another, or decides.
    NOT_THE_SUBJECT = "objection.not_the_subject", Refused, "a subject objects for itself alone";
    /// A decision of the SDK itself, or of the subject.
    DECIDED_BY_NOBODY = "objection.decided_by_nobody", Refused, "somebody of the controller decides";
    /// A letter on an objection that is overruled, without the ways to complain (Art. 12(4) GDPR).
    REMEDIES_MISSING = "objection.remedies_missing", Refused,
        "who is overruled is told of the complaint to an authority and of the way to a court";
}
