//! The job row of a repair: it outlives the process that began it, and says what is to be repaired.

use super::super::Vault;
use super::super::journal::{next_version, own_row};
use super::REPAIR;
use crate::clock::Timestamp;
use crate::codec::{Decoder, Encoder};
use crate::error::Result;
use crate::ports::{Expect, RowWrite};
use crate::row::Row;

const DOMAIN: &str = "tacenda/repair/2";

/// A repair under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Repair {
    /// The epoch of the log in which it goes on.
    pub(super) epoch: u32,
    /// Where the log of restored rows ended, if rows were restored and not the safe alone.
    pub(super) rows: Option<Timestamp>,
}

impl Repair {
    fn encode(self) -> Vec<u8> {
        let mut e = Encoder::new(DOMAIN);
        e.u32(self.epoch).time_opt(self.rows);
        e.finish()
    }

    fn decode(bytes: &[u8]) -> Result<Self> {
        let mut d = Decoder::new(bytes, DOMAIN)?;
        let repair = Self { epoch: d.u32()?, rows: d.time_opt()? };
        d.end()?;
        Ok(repair)
    }
}

impl Vault {
    /// The repair under way, with its row.
    pub(super) async fn repair(&self) -> Result<Option<(Row, Repair)>> {
        let Some(row) = self.ports.store.rows(&[REPAIR]).await?.pop().flatten() else {
            return Ok(None);
        };
        let repair = Repair::decode(&row.body)?;
        Ok(Some((row, repair)))
    }

    /// The write of the job row of a repair; `None` if it is there.
    pub(super) async fn repair_job(&self, repair: Repair) -> Result<Option<RowWrite>> {
        Ok(match self.repair().await? {
            // The backup was made in the middle of another repair: what that was to do is not done.
            Some((row, before)) => {
                let ended = before.rows.into_iter().chain(repair.rows).min();
                let body = Repair { rows: ended, ..repair }.encode();
                (row.body != body).then(|| next_version(Row { body, ..row }))
            }
            None => {
                let body = repair.encode();
                let row = Row { due_at: Some(self.now()), body, ..own_row(REPAIR) };
                Some(RowWrite { row, expect: Expect::Absent })
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_of_a_repair_is_frozen() {
        let rows = Some(Timestamp::from_micros(7));
        let head = [&[0, 0, 0, 16][..], b"tacenda/repair/2"].concat();
        let bytes = Repair { epoch: 3, rows }.encode();
        assert_eq!(bytes.strip_prefix(&head[..]).unwrap(), [0, 0, 0, 3, 1, 0, 0, 0, 0, 0, 0, 0, 7]);
        let none = Repair { epoch: 3, rows: None };
        assert_eq!(none.encode().strip_prefix(&head[..]).unwrap(), [0, 0, 0, 3, 0]);
        assert_eq!(Repair::decode(&none.encode()).unwrap(), none);
        assert_eq!(Repair::decode(&bytes).unwrap(), Repair { epoch: 3, rows });
        for cut in 0..bytes.len() {
            assert!(Repair::decode(&bytes[..cut]).is_err());
        }
    }
}
