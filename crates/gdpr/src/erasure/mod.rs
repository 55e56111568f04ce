//! Erasing data (Art. 17, 5(1)(e) GDPR): what goes, what a law keeps, and the sweep.
//!
//! A request and a sweep take the same path: a plan per subject and class, then
//! [`tacenda_core::vault::Vault::destroy`].

mod pages;
mod plan;
mod request;
mod sweep;

pub(crate) use plan::plan_now;
pub use plan::{ErasurePlan, Fate, Line, plan};
pub use request::{Erasure, erase};
pub(crate) use request::{carry_out, suppress_leaving};
pub use sweep::{Swept, sweep};

use tacenda_core::{Code, Kind};

/// A legal hold keeps all that there was to erase.
pub static HELD: Code = Code::new(
    "erasure.held",
    Kind::Refused,
    "a legal hold keeps what there is to erase, and it goes once that is released",
);
/// All that there was to erase is restricted.
pub static RESTRICTED: Code = Code::new(
    "erasure.restricted",
    Kind::Refused,
    "what there is to erase is restricted, and is not erased before that is lifted",
);
/// The plan must be confirmed by its digest: it is large, or the clock is in doubt.
pub static NOT_CONFIRMED: Code = Code::new(
    "sweep.not_confirmed",
    Kind::Refused,
    "the plan exceeds what the policy lets a sweep erase, or the clock is in doubt; confirm its digest",
);

/// Every code of this room.
pub static CODES: &[&Code] = &[&HELD, &RESTRICTED, &NOT_CONFIRMED];
