//! Mandates: the debtor's permission to collect, from its signature to its end.

mod model;
mod reference;

pub use model::{
    Amendment, Collection, MANDATE_ENDED, MANDATE_ORDER, Mandate, MandateState, Originals, Terms,
};
pub use reference::{MANDATE_REFERENCE, MandateReference};

#[cfg(test)]
mod tests;
