//! The row of the job that moves items: which clocks it sets, and who is left.

use std::collections::BTreeSet;

use crate::codec::{Decoder, Encoder, MALFORMED};
use crate::error::Result;
use crate::id::SubjectId;
use crate::name::Name;
use crate::row::{Row, RowKey};

pub(super) const JOB: RowKey = RowKey::only(SubjectId::CONTROLLER, Name::fixed("reseal"));
const DOMAIN: &str = "tacenda/reseal/1";

/// What is to be done, as its row says it.
pub(super) struct Job {
    pub(super) row: Row,
    /// Classes whose clocks are set anew.
    pub(super) clocks: BTreeSet<Name>,
    /// Whose rows are to change: those whom a pass over all rows left over. `None` while there was
    /// none.
    pub(super) left: Option<BTreeSet<SubjectId>>,
}

impl Job {
    pub(super) fn encode(clocks: &BTreeSet<Name>, left: Option<&BTreeSet<SubjectId>>) -> Vec<u8> {
        let mut e = Encoder::new(DOMAIN);
        e.names(clocks);
        if let Some(left) = left {
            e.list(left.len());
            for subject in left {
                e.raw(subject.as_bytes());
            }
        }
        e.finish()
    }

    pub(super) fn decode(row: Row) -> Result<Self> {
        let mut d = Decoder::new(&row.body, DOMAIN)?;
        let clocks = d.names()?;
        let left = if d.is_at_end() { None } else { Some(subjects(&mut d)?) };
        d.end()?;
        Ok(Self { row, clocks, left })
    }
}

/// Some subjects, in ascending order.
fn subjects(d: &mut Decoder<'_>) -> Result<BTreeSet<SubjectId>> {
    let mut subjects = BTreeSet::new();
    for _ in 0..d.list(16)? {
        let subject = SubjectId::from_bytes(d.raw()?);
        if subjects.last().is_some_and(|last| *last >= subject) {
            return MALFORMED.err();
        }
        subjects.insert(subject);
    }
    // A job that has nobody left is over.
    if subjects.is_empty() { MALFORMED.err() } else { Ok(subjects) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::journal::own_row;

    #[test]
    fn the_encoding_of_the_job_is_frozen() {
        for case in crate::vectors::cases("reseal") {
            let bytes = case.hex("bytes");
            let decoded = Job::decode(Row { body: bytes.clone(), ..own_row(JOB) });
            if let Some(code) = case.error() {
                assert_eq!(decoded.err().unwrap().code(), code, "{}", case.name);
                continue;
            }
            let clocks = case.all("clock").iter().map(|c| Name::parse(c).unwrap()).collect();
            let left: BTreeSet<_> =
                case.all("left").iter().map(|id| SubjectId::parse(id).unwrap()).collect();
            let left = Some(left).filter(|left| !left.is_empty());
            let decoded = decoded.unwrap();
            assert_eq!(Job::encode(&clocks, left.as_ref()), bytes, "{}", case.name);
            assert_eq!((decoded.clocks, decoded.left), (clocks, left), "{}", case.name);
        }
    }
}
