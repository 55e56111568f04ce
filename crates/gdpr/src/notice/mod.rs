//! Notices (Art. 13 and 14 GDPR): which version each person was told of, and who is to be told.
//!
//! A purpose that came with a later policy (`since`) is unreadable for whoever was not told of it. The
//! account's state says of which notice its person was told last; a leaf says when and how.

mod shown;
mod to_inform;

use crate::case::codes;

pub use shown::{Shown, Way, shown};
pub use to_inform::{ToInform, to_inform};

codes! {
    /// A notice that no policy of this service has stated.
    UNKNOWN_VERSION = "notice.unknown_version", Input, "the policy has not come to this version";
    /// A notice that is said to be shown after it was entered.
    IN_FUTURE = "notice.in_future", Input, "what is entered has not happened yet";
    /// A subject that enters that another was told.
    NOT_THE_SUBJECT = "notice.not_the_subject", Refused, "a subject reads its own notice";
}
