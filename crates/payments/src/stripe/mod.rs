//! Stripe: what it sends to us, and its API over HTTP.
//!
//! [`webhook`] says whether a message comes from Stripe, [`event`] reads what it says.

pub mod event;
pub mod webhook;

pub use webhook::{EndpointSecret, SeenEvents, Webhook};
