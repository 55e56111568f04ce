//! Letters to a mail server that hands them on (RFC 5321), over connections that are kept.
//!
//! A [`Relay`] says where it is, how the connection is kept from others, who we are to it and how long it
//! is waited for; a [`SmtpTransport`] delivers to it from threads of its own, so that no runtime is needed.

mod codes;
mod connection;
mod mail;
mod pool;
mod relay;
mod reply;
mod stream;

pub use codes::{
    CODES, LATER, LOST, NO_LOGIN, NO_THREADS, NO_TLS, NOT_SMTP, REFUSED, RELAY, UNREACHABLE,
    UNWILLING,
};
pub use pool::SmtpTransport;
pub use relay::{Login, Patience, Relay, Security};
