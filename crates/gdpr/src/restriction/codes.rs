//! The codes of the room of restriction.

use crate::case::codes;

codes! {
    /// A restriction of nothing; context: `subject`.
    NOTHING = "restriction.nothing", NotFound, "nothing is in use that could be restricted";
    /// A step that does not follow from where the restriction is.
    WRONG_STEP = "restriction.wrong_step", Conflict,
        "this step does not follow from the state of the restriction";
    /// The lifting of a restriction before the person was told (Art. 18(3) GDPR).
    NOT_TOLD = "restriction.not_told", Refused, "the person is told before a restriction is lifted";
    /// A letter from the future, or from before the restriction.
    BAD_TIME = "restriction.bad_time", Input,
        "what is entered happened between the placing of the restriction and now";
}
