//! The stored form of a restriction, `tacenda/restriction/1`: its entries, of which everything else
//! follows.
//!
//! See `docs/decisions/0002-bytes.md`. A row seals the bytes.

use tacenda_core::Result;
use tacenda_core::codec::{Decoder, Encoder, MALFORMED};

use super::state::{Announcement, Asked, Entry, Event, Placing, Restriction};
use crate::case::{read, write};
use crate::requests::{Channel, RequestId, RestrictionGround};

const DOMAIN: &str = "tacenda/restriction/1";

impl Restriction {
    /// Its encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut e = Encoder::new(DOMAIN);
        e.list(self.entries().len());
        for Entry { at, by, event } in self.entries() {
            write::time(&mut e, *at);
            e.raw(by.as_bytes()).text(event.as_str());
            match event {
                Event::Placed(placing) => write_placing(&mut e, placing),
                Event::Reviewed(on, reason) => {
                    write::day(&mut e, *on);
                    write::note(&mut e, reason);
                }
                Event::Announced(Announcement { sent_at, by, reason }) => {
                    write::time(&mut e, *sent_at);
                    e.text(by.as_str());
                    write::note(&mut e, reason);
                }
                Event::Kept(reason) => write::note(&mut e, reason),
                Event::Lifted => {}
            }
        }
        e.finish()
    }

    /// Reads an encoding. What it accepts, it writes again byte by byte.
    ///
    /// # Errors
    /// `codec.malformed`, also for a history that no steps can have made, such as one in which it was
    /// lifted unannounced. What else was asked of a step is not asked again.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut d = Decoder::new(bytes, DOMAIN)?;
        let mut restriction: Option<Self> = None;
        for _ in 0..d.list(28)? {
            let (at, by) = (read::time(&mut d)?, read::actor(&mut d)?);
            let event = event(&mut d)?;
            restriction = Some(match (restriction, event) {
                (None, Event::Placed(placing)) => Self::opened(at, by, placing),
                (Some(so_far), event) => {
                    so_far.apply(Entry { at, by, event }).map_err(|_| MALFORMED.error())?
                }
                (None, _) => return MALFORMED.err(),
            });
        }
        d.end()?;
        restriction.ok_or_else(|| MALFORMED.error())
    }
}

fn write_placing(e: &mut Encoder, placing: &Placing) {
    let Placing { ground, reason, asked, classes, review_on } = placing;
    e.text(ground.as_str());
    write::note(e, reason);
    e.text(asked.as_str());
    match asked {
        Asked::Request(id) => drop(e.raw(id.as_bytes())),
        Asked::Person(at) | Asked::Authority(at) => write::time(e, *at),
    }
    e.names(classes);
    write::day(e, *review_on);
}

fn event(d: &mut Decoder<'_>) -> Result<Event> {
    Ok(match d.text()? {
        "placed" => Event::Placed(placing(d)?),
        "reviewed" => Event::Reviewed(read::day(d)?, read::note(d)?),
        "announced" => Event::Announced(Announcement {
            sent_at: read::time(d)?,
            by: read::word(d, Channel::parse)?,
            reason: read::note(d)?,
        }),
        "kept" => Event::Kept(read::note(d)?),
        "lifted" => Event::Lifted,
        _ => return MALFORMED.err(),
    })
}

fn placing(d: &mut Decoder<'_>) -> Result<Placing> {
    let ground = read::word(d, RestrictionGround::parse)?;
    let reason = read::note(d)?;
    let asked = match d.text()? {
        "request" => Asked::Request(RequestId::from_bytes(d.raw()?)),
        "person" => Asked::Person(read::time(d)?),
        "authority" => Asked::Authority(read::time(d)?),
        _ => return MALFORMED.err(),
    };
    let classes = d.names()?;
    if classes.is_empty() {
        return MALFORMED.err();
    }
    Ok(Placing { ground, reason, asked, classes, review_on: read::day(d)? })
}
