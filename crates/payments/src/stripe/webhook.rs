//! Whether a webhook comes from Stripe: the signature over the raw body, its age, and only once.

use std::fmt;

use async_trait::async_trait;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use tacenda_core::clock::{Span, Timestamp};
use tacenda_core::error::{Code, Kind, Result, Retry};
use zeroize::Zeroizing;

use super::event;
use crate::events::{Event, EventId, Kept};

/// Text that is not the secret of an endpoint, or none at all.
pub static WEBHOOK_SECRET: Code = Code::new(
    "payments.webhook_secret",
    Kind::Configuration,
    "a webhook has one to eight secrets, each of 16 to 255 visible ASCII characters",
);
/// A body that is larger than any event.
pub static WEBHOOK_TOO_LARGE: Code = Code::new(
    "payments.webhook_too_large",
    Kind::Input,
    "the webhook is larger than this endpoint takes",
);
/// A header that is no signature.
pub static WEBHOOK_HEADER: Code = Code::new(
    "payments.webhook_header",
    Kind::Input,
    "the signature header has a time and one to sixteen signatures of the scheme v1",
);
/// No signature is of the body.
pub static WEBHOOK_SIGNATURE: Code = Code::new(
    "payments.webhook_signature",
    Kind::Refused,
    "no signature of the webhook was made with a secret of this endpoint",
);
/// Signed too long ago, or in the future.
pub static WEBHOOK_TIME: Code = Code::new(
    "payments.webhook_time",
    Kind::Refused,
    "the webhook was signed too long ago or in the future",
);
/// An event that came before.
pub static WEBHOOK_REPLAYED: Code =
    Code::new("payments.webhook_replayed", Kind::Conflict, "the event was received before");
/// The memory of what came before does not answer.
pub static WEBHOOK_MEMORY: Code = Code::new(
    "payments.webhook_memory",
    Kind::Unavailable,
    "the store of received events does not answer",
)
.retry(Retry::Safe);

/// How large a body may be unless something else is asked for, in bytes.
pub const MAX_BODY: usize = 1 << 20;
/// How old a signature may be, and how far in the future, unless something else is asked for.
pub const TOLERANCE: Span = Span::seconds(300);
/// For how long Stripe sends an event again that was not taken.
const REDELIVERY: Span = Span::days(4);
const MAX_HEADER: usize = 4096;
const MAX_SIGNATURES: usize = 16;
const MAX_SECRETS: usize = 8;

type Signature = Hmac<Sha256>;

/// The secret that Stripe gave an endpoint (`whsec_…`). Overwritten when dropped, never printed.
pub struct EndpointSecret(Zeroizing<String>);

impl EndpointSecret {
    /// From Stripe's dashboard or command line, prefix included.
    ///
    /// # Errors
    /// [`WEBHOOK_SECRET`] unless it is 16 to 255 visible ASCII characters.
    pub fn parse(text: &str) -> Result<Self> {
        if !(16..=255).contains(&text.len()) || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return WEBHOOK_SECRET.err();
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }
}

impl fmt::Debug for EndpointSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EndpointSecret(..)")
    }
}

/// The events that came before; the caller's store keeps their ids.
#[async_trait]
pub trait SeenEvents: Send + Sync {
    /// Keeps the id until that point in time, and says whether it is new. Of two calls with one id at
    /// the same time, one gets `true`.
    ///
    /// # Errors
    /// [`WEBHOOK_MEMORY`] if that is not known.
    async fn remember(&self, id: &EventId, until: Timestamp) -> Result<bool>;

    /// Forgets an id whose effect did not come about, so that Stripe's next delivery is taken.
    ///
    /// # Errors
    /// [`WEBHOOK_MEMORY`].
    async fn forget(&self, id: &EventId) -> Result<()>;
}

/// Checks what comes to one endpoint.
///
/// The signature is HMAC-SHA-256 over the time, a full stop and the raw body, under the secret of the
/// endpoint; the header is `t=…,v1=…` with a `v1` for each secret that is in force. Other schemes are
/// passed over: `v0` is that of test events and proves nothing.
///
/// # Properties
/// Signatures are compared in constant time, each with each secret. A body that is too large is refused
/// before a byte of it is hashed. Nothing of body or header stands in an error.
pub struct Webhook {
    keys: Vec<Signature>,
    tolerance: Option<Span>,
    max_body: usize,
}

impl Webhook {
    /// With the secrets in force: while one is replaced by another there are two.
    ///
    /// # Errors
    /// [`WEBHOOK_SECRET`] if there is none, or more than eight.
    pub fn new(secrets: impl IntoIterator<Item = EndpointSecret>) -> Result<Self> {
        let keys = secrets.into_iter().map(|secret| keyed(&secret)).collect::<Result<Vec<_>>>()?;
        if keys.is_empty() || keys.len() > MAX_SECRETS {
            return WEBHOOK_SECRET.err();
        }
        Ok(Self { keys, tolerance: Some(TOLERANCE), max_body: MAX_BODY })
    }

    /// How old a signature may be, and how far in the future; the end itself still passes.
    #[must_use]
    pub fn tolerance(mut self, tolerance: Span) -> Self {
        self.tolerance = Some(tolerance);
        self
    }

    /// Takes signatures of any age, to work through what was kept. What comes from outside is then
    /// protected from replay by the ids of the events alone, which must be kept for ever.
    #[must_use]
    pub fn any_age(mut self) -> Self {
        self.tolerance = None;
        self
    }

    /// How large a body may be, in bytes.
    #[must_use]
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// Whether Stripe signed this body, and when. `header` is `Stripe-Signature`, `body` is what came,
    /// byte by byte, before anything decoded it.
    ///
    /// # Errors
    /// [`WEBHOOK_TOO_LARGE`], [`WEBHOOK_HEADER`], [`WEBHOOK_TIME`], [`WEBHOOK_SIGNATURE`].
    pub fn verify(&self, header: &str, body: &[u8], now: Timestamp) -> Result<Timestamp> {
        if body.len() > self.max_body {
            return WEBHOOK_TOO_LARGE.err();
        }
        let header = Header::parse(header)?;
        if let Some(tolerance) = self.tolerance {
            let apart = now.as_micros().div_euclid(1_000_000).abs_diff(header.seconds);
            let limit = u64::try_from(tolerance.as_micros() / 1_000_000).unwrap_or(0);
            if apart > limit {
                return WEBHOOK_TIME.err();
            }
        }
        let mut found = subtle::Choice::from(0);
        for key in &self.keys {
            let mut mac = key.clone();
            mac.update(header.time.as_bytes());
            mac.update(b".");
            mac.update(body);
            let ours = mac.finalize().into_bytes();
            for theirs in &header.signatures {
                found |= ours.as_slice().ct_eq(theirs);
            }
        }
        if !bool::from(found) {
            return WEBHOOK_SIGNATURE.err();
        }
        Ok(Timestamp::from_micros(header.seconds.saturating_mul(1_000_000)))
    }

    /// Verifies a webhook, reads its event, and takes it once.
    ///
    /// The id is kept before the caller acts on the event. Whose action fails calls
    /// [`SeenEvents::forget`]; whoever can be killed in between keeps the id in the transaction of the
    /// action itself instead, by [`verify`](Self::verify), [`event::read`] and [`Event::id`].
    ///
    /// # Errors
    /// Those of [`verify`](Self::verify) and [`event::read`], [`WEBHOOK_REPLAYED`] if the event came
    /// before, [`WEBHOOK_MEMORY`] if that is not known.
    pub async fn accept(
        &self,
        header: &str,
        body: &[u8],
        kept: Kept,
        now: Timestamp,
        seen: &dyn SeenEvents,
    ) -> Result<Event> {
        self.verify(header, body, now)?;
        let event = event::read(body, kept)?;
        if !seen.remember(&event.id, self.remembered_until(now)).await? {
            return WEBHOOK_REPLAYED.err();
        }
        Ok(event)
    }

    /// Until when the id of an event that came now has to be known: as long as its signature passes,
    /// and as long as Stripe delivers it again.
    #[must_use]
    pub fn remembered_until(&self, now: Timestamp) -> Timestamp {
        match self.tolerance {
            None => Timestamp::MAX,
            Some(tolerance) => now.plus(tolerance).plus(tolerance).max(now.plus(REDELIVERY)),
        }
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("secrets", &self.keys.len())
            .field("tolerance", &self.tolerance)
            .field("max_body", &self.max_body)
            .finish()
    }
}

/// What the header says: the time as it is signed, and the signatures of the scheme `v1`.
struct Header<'a> {
    time: &'a str,
    seconds: i64,
    signatures: Vec<[u8; 32]>,
}

impl<'a> Header<'a> {
    fn parse(text: &'a str) -> Result<Self> {
        if text.len() > MAX_HEADER {
            return WEBHOOK_HEADER.err();
        }
        let (mut time, mut count, mut signatures) = (None, 0, Vec::new());
        for part in text.split(',') {
            match part.split_once('=') {
                Some(("t", value)) if time.is_none() => time = Some(value),
                Some(("t", _)) => return WEBHOOK_HEADER.err(),
                Some(("v1", value)) => {
                    count += 1;
                    signatures.extend(digest(value));
                }
                _ => {}
            }
        }
        let time = time.ok_or_else(|| WEBHOOK_HEADER.error())?;
        let seconds = seconds(time).ok_or_else(|| WEBHOOK_HEADER.error())?;
        if count == 0 || count > MAX_SIGNATURES {
            return WEBHOOK_HEADER.err();
        }
        Ok(Self { time, seconds, signatures })
    }
}

/// Seconds since 1970 as Stripe writes them: digits alone.
fn seconds(text: &str) -> Option<i64> {
    let formed = (1..=12).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    formed.then(|| text.parse().ok()).flatten()
}

/// 32 bytes in hexadecimal.
fn digest(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0u8; 32];
    if text.len() != 64 {
        return None;
    }
    for (to, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let mut value = 0;
        for digit in pair {
            value = value * 16 + char::from(*digit).to_digit(16)?;
        }
        *to = u8::try_from(value).ok()?;
    }
    Some(bytes)
}

/// A MAC that has taken in its key, so that no message pays for that again.
fn keyed(secret: &EndpointSecret) -> Result<Signature> {
    // EXPOSE: the key of the MAC is the secret itself, as Stripe lays it down.
    Signature::new_from_slice(secret.0.as_bytes()).map_err(|_| WEBHOOK_SECRET.error())
}

#[cfg(test)]
mod tests;
