//! What is left of trails when leaves are pruned.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, ToSql};
use tacenda_core::error::Result;
use tacenda_core::id::SubjectId;

use super::super::fault::fault;
use super::follow::{LEAF, read_step};
use super::{End, NOT_GONE, NUMBER, State, latest, number_of};

/// The trails of leaves that are pruned.
#[derive(Default)]
pub(in crate::sqlite) struct CutTrails(BTreeSet<SubjectId>);

impl CutTrails {
    /// Before a leaf is pruned: what is left of its place in a trail. That is the next leaf back that
    /// is not pruned, so that those that stay are still found; older ones are pruned before it.
    pub(in crate::sqlite) fn cut(
        &mut self,
        connection: &Connection,
        place: i64,
    ) -> Result<Option<i64>> {
        let mut statement = connection.prepare_cached(LEAF).map_err(fault)?;
        let mut read =
            |place: i64| statement.query_row([place], read_step).optional().map_err(fault);
        let Some(mut step) = read(place)? else { return Ok(None) };
        if let Some(subject) = step.subject.filter(|_| step.writes) {
            self.0.insert(SubjectId::from_bytes(subject));
        }
        let mut bound = place;
        while let Some(earlier) = step.earlier.filter(|earlier| (1..bound).contains(earlier)) {
            match read(earlier)? {
                Some(pruned) if pruned.subject.is_none() => (step, bound) = (pruned, earlier),
                _ => return Ok(Some(earlier)),
            }
        }
        Ok(None)
    }

    /// After they are: nothing says any more that there were subjects that have neither rows nor
    /// leaves.
    pub(in crate::sqlite) fn forget(self, connection: &Connection) -> Result<()> {
        self.0.into_iter().try_for_each(|subject| forget(connection, subject))
    }
}

/// Forgets a subject that has neither rows nor a trail to leaves that wrote some. Leaves that its
/// trail does not lead to are found without it, and are not looked for here: the log is long.
pub(super) fn forget(connection: &Connection, subject: SubjectId) -> Result<()> {
    let mut numbers = connection.prepare_cached(NUMBER).map_err(fault)?;
    let Some((number, State::Gone)) = number_of(&mut numbers, subject)? else { return Ok(()) };
    let run = |sql, value: &dyn ToSql| {
        let mut statement = connection.prepare_cached(sql).map_err(fault)?;
        statement.execute([value]).map_err(fault)
    };
    if leads_to(connection, number, subject)? {
        return Ok(());
    }
    match End::of(connection, number, subject)? {
        End::At(_) | End::Lost => run("DELETE FROM trails WHERE number = ?1", &number)?,
        End::NotTheirs => 0,
    };
    run(NOT_GONE, subject.as_bytes())?;
    Ok(())
}

/// Whether the first leaf on a trail that is not pruned is the subject's.
fn leads_to(connection: &Connection, number: Option<i64>, subject: SubjectId) -> Result<bool> {
    let mut statement = connection.prepare_cached(LEAF).map_err(fault)?;
    let mut read = |place: i64| statement.query_row([place], read_step).optional().map_err(fault);
    let latest = number.map(|number| latest(connection, number)).transpose()?;
    let (mut next, mut bound) = (latest.flatten(), i64::MAX);
    while let Some(place) = next.filter(|place| *place < bound) {
        let Some(step) = read(place)? else { return Ok(false) };
        if let Some(is_theirs) = step.is_of(subject) {
            return Ok(is_theirs);
        }
        (next, bound) = (step.earlier, place);
    }
    Ok(false)
}
