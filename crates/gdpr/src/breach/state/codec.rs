//! The stored form of a breach, `tacenda/breach/1`: its entries, of which everything else follows.
//!
//! See `docs/decisions/0002-bytes.md`. The bytes hold what people wrote, so a row seals them.

mod read;
mod write;

use tacenda_core::Result;
use tacenda_core::codec::{Decoder, Encoder, MALFORMED};

use super::{Breach, Event, State};

const DOMAIN: &str = "tacenda/breach/1";

impl Breach {
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
        let mut breach: Option<Self> = None;
        for _ in 0..d.list(25)? {
            let entry = read::entry(&mut d)?;
            breach = Some(match (breach, &entry.event) {
                (None, Event::Suspected { facts, promise }) => Self {
                    facts: facts.clone(),
                    promise: promise.clone(),
                    entries: vec![entry],
                    state: State::Suspected,
                    ordered: false,
                    notices: Vec::new(),
                    tellings: Vec::new(),
                    letter: None,
                },
                (Some(so_far), _) => so_far.apply(entry).map_err(|_| MALFORMED.error())?,
                (None, _) => return MALFORMED.err(),
            });
        }
        d.end()?;
        breach.ok_or_else(|| MALFORMED.error())
    }
}
