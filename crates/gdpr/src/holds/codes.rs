//! The codes of the room of holds.

use crate::case::codes;

codes! {
    /// A hold on nothing; context: `subject`.
    NOTHING = "holds.nothing", NotFound, "nothing is kept that this hold could hold";
    /// A hold of no class or no item in particular.
    NO_SCOPE = "holds.no_scope", Input, "a hold names at least one class or item";
    /// A step that does not follow from where the hold is.
    WRONG_STEP = "holds.wrong_step", Conflict, "this step does not follow from the state of the hold";
    /// A second hold of one group on one subject.
    OF_GROUP = "holds.of_group", Conflict, "the group holds this subject already";
    /// A hold that is none of the group.
    NOT_OF_GROUP = "holds.not_of_group", Conflict, "the hold is none of this group";
}
