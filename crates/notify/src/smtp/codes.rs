//! What can go wrong between us and a relay.
//!
//! But for [`REFUSED`] and [`RELAY`] all are `unavailable`: the letter is put off and none is lost.

use tacenda_core::error::Retry;
use tacenda_core::{Code, Kind};

/// Settings that no relay can be reached with, or that would send letters in clear.
pub static RELAY: Code = Code::new(
    "notify.relay",
    Kind::Configuration,
    "a relay has a host and a port, a login in printable text, and goes without TLS on this machine alone",
);

/// No thread to send from.
pub static NO_THREADS: Code = Code::new(
    "notify.no_threads",
    Kind::Unavailable,
    "the threads that send letters cannot be started",
)
.retry(Retry::Safe);

/// The relay cannot be reached, or falls silent before it was given a letter.
pub static UNREACHABLE: Code = Code::new(
    "notify.relay_unreachable",
    Kind::Unavailable,
    "the relay does not answer; it was given no letter",
)
.retry(Retry::Safe);

/// The relay fell silent when it had a letter, or part of one.
pub static LOST: Code = Code::new(
    "notify.relay_lost",
    Kind::Unavailable,
    "the relay was given a letter and did not say whether it took it",
)
.retry(Retry::Unknown);

/// No TLS with whom the relay should be.
pub static NO_TLS: Code = Code::new(
    "notify.relay_tls",
    Kind::Unavailable,
    "the relay offers no TLS, or its certificate is not trusted for its name",
)
.retry(Retry::Safe);

/// The relay does not know us.
pub static NO_LOGIN: Code = Code::new(
    "notify.relay_login",
    Kind::Unavailable,
    "the relay refuses the login, or offers no way to log in that is known here",
)
.retry(Retry::Safe);

/// The relay says "later" (a reply of 400 to 499).
pub static LATER: Code = Code::new(
    "notify.relay_later",
    Kind::Unavailable,
    "the relay does not take the letter for now",
)
.retry(Retry::Safe);

/// The relay says no for good, to us or to what we write, and not to the address.
pub static UNWILLING: Code = Code::new(
    "notify.relay_unwilling",
    Kind::Unavailable,
    "the relay refuses the sender or the letter, which says nothing of the address",
)
.retry(Retry::Safe);

/// The relay says that no letter reaches the address.
pub static REFUSED: Code =
    Code::new("notify.relay_refused", Kind::Refused, "the relay refuses the address for good");

/// What answers is no mail server.
pub static NOT_SMTP: Code = Code::new(
    "notify.relay_protocol",
    Kind::Unavailable,
    "the relay's answer is not that of a mail server",
)
.retry(Retry::Unknown);

/// The codes of this room.
pub static CODES: &[&Code] = &[
    &RELAY,
    &NO_THREADS,
    &UNREACHABLE,
    &LOST,
    &NO_TLS,
    &NO_LOGIN,
    &LATER,
    &UNWILLING,
    &REFUSED,
    &NOT_SMTP,
];
