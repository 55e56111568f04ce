//! What a payment provider must offer, in words that no provider owns.

pub mod money;
pub mod words;

pub use money::{Currency, Money};
pub use words::{ClientSecret, DeclineCode, IdempotencyKey, Reference};
