//! The stored form of an objection, `tacenda/objection/2`: what it is to, and its entries, of which
//! everything else follows. See `docs/decisions/0002-bytes.md`.

use tacenda_core::Result;
use tacenda_core::codec::{Decoder, Encoder, MALFORMED};
use tacenda_core::policy::Against;

use super::state::{Decision, Entry, Event, Ground, Made, Objection, Overriding, Told, Way};
use crate::case::{read, write};

const DOMAIN: &str = "tacenda/objection/2";

impl Objection {
    /// Its encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut e = Encoder::new(DOMAIN);
        let purpose = match self.against() {
            Against::Purpose(purpose) => Some(purpose),
            Against::Marketing => None,
        };
        write::option(&mut e, purpose, write::name);
        write::list(&mut e, &self.entries, |e, Entry { at, by, event }| {
            write::time(e, *at);
            e.raw(by.as_bytes());
            write_event(e, event);
        });
        e.finish()
    }

    /// Reads an encoding. What it accepts, it writes again byte by byte.
    ///
    /// # Errors
    /// `codec.malformed`, also for a history that no steps can have made.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut d = Decoder::new(bytes, DOMAIN)?;
        let purpose = read::option(&mut d, Decoder::name)?;
        let against = purpose.map_or(Against::Marketing, Against::Purpose);
        let mut objection: Option<Self> = None;
        for _ in 0..d.list(29)? {
            let (at, by) = (read::time(&mut d)?, read::actor(&mut d)?);
            let entry = Entry { at, by, event: read_event(&mut d)? };
            objection = Some(match (objection, &entry.event) {
                (None, Event::Made(made)) if made.fits(&against) => {
                    Self::opened(against.clone(), *made, entry)
                }
                (Some(so_far), _) => so_far.apply(entry).map_err(|_| MALFORMED.error())?,
                (None, _) => return MALFORMED.err(),
            });
        }
        d.end()?;
        objection.ok_or_else(|| MALFORMED.error())
    }
}

fn write_event(e: &mut Encoder, event: &Event) {
    match event {
        Event::Made(Made { ground, way, received_at }) => {
            e.text("made").text(ground.as_str()).text(way.as_str());
            write::time(e, *received_at);
        }
        Event::Repeated(Made { ground, way, received_at }) => {
            e.text("repeated").text(ground.as_str()).text(way.as_str());
            write::time(e, *received_at);
        }
        Event::Decided(Decision::Upheld(reasons)) => {
            e.text("upheld");
            write::note(e, reasons);
        }
        Event::Decided(Decision::Overruled(by, reasons)) => {
            e.text("overruled").text(by.as_str());
            write::note(e, reasons);
        }
        Event::Told(Told { sent_at, way, remedies }) => {
            e.text("told");
            write::time(e, *sent_at);
            e.text(way.as_str());
            write::flag(e, *remedies);
        }
        Event::Withdrawn(at) => {
            e.text("withdrawn");
            write::time(e, *at);
        }
        Event::Ended => {
            e.text("ended");
        }
    }
}

fn read_made(d: &mut Decoder<'_>) -> Result<Made> {
    Ok(Made {
        ground: read::word(d, Ground::parse)?,
        way: read::word(d, Way::parse)?,
        received_at: read::time(d)?,
    })
}

fn read_event(d: &mut Decoder<'_>) -> Result<Event> {
    Ok(match d.text()? {
        "made" => Event::Made(read_made(d)?),
        "repeated" => Event::Repeated(read_made(d)?),
        "upheld" => Event::Decided(Decision::Upheld(read::note(d)?)),
        "overruled" => {
            let by = read::word(d, Overriding::parse)?;
            Event::Decided(Decision::Overruled(by, read::note(d)?))
        }
        "told" => Event::Told(Told {
            sent_at: read::time(d)?,
            way: read::word(d, Way::parse)?,
            remedies: d.flag()?,
        }),
        "withdrawn" => Event::Withdrawn(read::time(d)?),
        "ended" => Event::Ended,
        _ => return MALFORMED.err(),
    })
}
