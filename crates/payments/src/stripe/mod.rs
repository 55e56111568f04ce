//! Stripe: what it sends to us, and its API over HTTP.
//!
//! [`webhook`] says whether a message comes from Stripe, [`event`] reads what it says, [`client`] calls
//! Stripe over any [`http::Http`]; with the feature `stripe` there is one, `wire::Wire`.

mod answer;
pub mod client;
pub mod event;
pub mod http;
pub mod webhook;
#[cfg(feature = "stripe")]
pub mod wire;

pub use client::Stripe;
pub use http::{ApiKey, BaseUrl};
pub use webhook::{EndpointSecret, SeenEvents, Webhook};
