//! The stored form of a request, `tacenda/request/1`: its entries, of which everything else follows.
//!
//! See `docs/decisions/0002-bytes.md`. The bytes hold what the controller wrote about the request, so
//! a row seals them.

mod read;
mod write;

use tacenda_core::Result;
use tacenda_core::codec::{Decoder, Encoder, MALFORMED};

use super::state::{Event, Request};

const DOMAIN: &str = "tacenda/request/1";

impl Request {
    /// Its encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut e = Encoder::new(DOMAIN);
        e.list(self.entries.len());
        for entry in &self.entries {
            write::entry(&mut e, entry);
        }
        e.finish()
    }

    /// Reads an encoding. What it accepts, it writes again byte by byte.
    ///
    /// # Errors
    /// `codec.malformed`, also for a history that no steps can have made. What the law asked of a
    /// step is not asked again: it was, when the step was taken.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut d = Decoder::new(bytes, DOMAIN)?;
        let mut request: Option<Self> = None;
        for _ in 0..d.list(28)? {
            let entry = read::entry(&mut d)?;
            request = Some(match (request, &entry.event) {
                (None, Event::Received(intake)) => Self::opened(intake.clone(), entry),
                (Some(so_far), _) => so_far.apply(entry).map_err(|_| MALFORMED.error())?,
                (None, _) => return MALFORMED.err(),
            });
        }
        d.end()?;
        request.ok_or_else(|| MALFORMED.error())
    }
}
