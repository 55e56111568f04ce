//! What every case that people work on has: their texts, who entered a step and when, closed choices,
//! and how these are stored.
//!
//! The register of breaches and the file of a request are made of it. It knows neither.

pub(crate) mod agenda;
mod note;
pub(crate) mod read;
pub(crate) mod settle;
pub(crate) mod watch;
pub(crate) mod who;
pub(crate) mod write;

use tacenda_core::clock::Span;
use tacenda_core::{ActorId, Code, Timestamp};

pub use agenda::Work;
pub use note::{BAD_NOTE, Note};
pub use settle::Settled;
pub use watch::{NO_ROLE, REVIEW_FAR, REVIEW_PAST};

/// The codes of what the rooms share.
pub static CODES: &[&Code] = &[&BAD_NOTE, &NO_ROLE, &REVIEW_PAST, &REVIEW_FAR];

/// How far the clocks of two processes may differ where one thing has to come after another.
pub const SKEW: Span = Span::seconds(300);

/// When a step is entered, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: ActorId,
}

/// Declares an enum whose variants have a word each, which is what is stored.
macro_rules! choice {
    ($($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)? })+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$doc])* $variant),+ }

        impl $name {
            /// Every choice, in the order of the source.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its word, as it is stored.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The choice that a word stands for; `None` for any other text.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    )+};
}

pub(crate) use choice;

/// Declares the codes of a room and its list of them.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $kind:ident, $summary:literal;)+) => {
        $($(#[$doc])* pub static $name: tacenda_core::Code = tacenda_core::Code::new(
            $code, tacenda_core::Kind::$kind, $summary,
        );)+

        /// The codes of this room.
        pub static CODES: &[&tacenda_core::Code] = &[$(&$name),+];
    };
}

pub(crate) use codes;
