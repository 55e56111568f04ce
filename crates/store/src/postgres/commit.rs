//! Making a change happen, and finding out whether it did.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Client;
use futures_util::future::{join, join3, join4};
use tacenda_core::error::{Error, Result};
use tacenda_core::ports::store::{CONFLICT, UNKNOWN_OUTCOME};
use tacenda_core::ports::{Committed, LeafId};
use tokio::time::timeout;

use super::change::{Lookup, Prepared, lookups, read_tokens};
use super::database::{ATTEMPTS, Database, give_up, pause};
use super::fault::Fault;
use super::judge::{Seen, head_refusal, refusal};
use super::{epoch, lease, lone, write};

/// How often the outcome of a lost commit is asked for.
const QUESTIONS: u32 = 8;

/// Why a change did not happen, or may not have.
enum Failure {
    /// It may not happen.
    Refused(Error),
    /// A key is taken; which one takes another attempt to say.
    Taken,
    /// Nothing was written.
    Before(Fault),
    /// The answer was lost. These are the leaves that may have been written; `None` if that is a lone
    /// leaf, whose number nobody has heard.
    Unknown(Option<Committed>, Fault),
}

/// Commits a change; tries again what another transaction or a restart was in the way of.
pub(super) async fn commit(database: Arc<Database>, change: Prepared) -> Result<Committed> {
    let (mut attempt, mut careful) = (0, false);
    loop {
        let fault = match attempt_on(&database, &change, careful).await {
            Ok(committed) => return Ok(committed),
            Err(Failure::Refused(error)) => return Err(error),
            Err(Failure::Taken) if !careful => {
                careful = true;
                continue;
            }
            Err(Failure::Taken) => Fault::LOST,
            Err(Failure::Before(fault)) => fault,
            Err(Failure::Unknown(written, fault)) => {
                match settle(&database, &change, written.as_ref()).await {
                    Some(Some(committed)) => return Ok(committed),
                    Some(None) => fault,
                    None => return UNKNOWN_OUTCOME.err(),
                }
            }
        };
        if !fault.is_transient() || attempt == ATTEMPTS {
            return Err(fault.error());
        }
        attempt += 1;
        pause(attempt).await;
    }
}

async fn attempt_on(
    database: &Database,
    change: &Prepared,
    careful: bool,
) -> Result<Committed, Failure> {
    let client = database.client().await.map_err(Failure::Before)?;
    let patience = database.patience();
    if let Some(leaf) = lone::lone(change) {
        match timeout(patience, lone::commit(&client, change, leaf)).await {
            Ok(Ok(Some(committed))) => return Ok(committed),
            // The way of all others tells why.
            Ok(Ok(None)) => {}
            Ok(Err(fault)) if !fault.is_unclear() => return Err(Failure::Before(fault)),
            lost => {
                give_up(client);
                let fault =
                    lost.map_or_else(|_| Fault::LOST, |lost| lost.err().unwrap_or(Fault::LOST));
                return Err(Failure::Unknown(None, fault));
            }
        }
    }
    let committed = match timeout(patience, write_all(&client, change, careful)).await {
        Ok(Ok(committed)) => committed,
        Ok(Err(failure)) => {
            database.roll_back(client).await;
            return Err(failure);
        }
        Err(_) => {
            give_up(client);
            return Err(Failure::Before(Fault::unheard()));
        }
    };
    match timeout(patience, client.batch_execute("COMMIT"))
        .await
        .map(|done| done.map_err(Fault::from))
    {
        Ok(Ok(())) => Ok(committed),
        Ok(Err(fault)) if fault.says_rolled_back() => Err(Failure::Before(fault)),
        _ => {
            give_up(client);
            Err(Failure::Unknown(Some(committed), Fault::LOST))
        }
    }
}

/// Everything up to COMMIT. Statements are sent without waiting for the answers to those before.
async fn write_all(
    client: &Client,
    change: &Prepared,
    careful: bool,
) -> Result<Committed, Failure> {
    let before = Failure::Before;
    let sql = write::Statements::prepare(client, change, careful).await.map_err(before)?;
    if !change.leased.is_empty()
        && let Some(key) = lease::begin(client, change).await.map_err(before)?
    {
        let lost = CONFLICT.error().with("subject", key.subject).with("kind", &key.kind);
        return Err(Failure::Refused(lost));
    }
    let begin = async {
        match change.leased.is_empty() {
            true => client.batch_execute("BEGIN").await.map_err(Fault::from),
            false => Ok(()),
        }
    };
    let first = join4(
        begin,
        write::insert(client, &sql, change),
        write::update(client, &sql, change),
        write::delete(client, &sql, change),
    );
    let mut taken: Vec<Lookup> = change.inserts.iter().flat_map(|put| put.lookups()).collect();
    let mut seen = Seen::default();
    let heads;
    if change.updates.is_empty() && change.deletes.is_empty() {
        let (_, lost) = (tidy(&mut Vec::new()), tidy(&mut taken));
        let second = join(
            write::take_lookups(client, &sql, &taken),
            write::move_heads(client, &sql, change),
        );
        let ((begun, inserted, _, _), (took, moved)) = join(first, second).await;
        ready(&[begun.as_ref().err(), inserted.as_ref().err(), took.as_ref().err()], careful)?;
        begun.map_err(before)?;
        (seen.inserted, seen.took) = (inserted.map_err(before)?, took.map_err(before)?);
        (seen.lost, heads) = (lost, moved.map_err(before)?);
    } else {
        let (begun, inserted, updated, deleted) = first.await;
        ready(&[begun.as_ref().err(), inserted.as_ref().err()], careful)?;
        begun.map_err(before)?;
        (seen.inserted, seen.updated, seen.deleted) =
            (inserted.map_err(before)?, updated.map_err(before)?, deleted.map_err(before)?);
        let mut freed = Vec::new();
        exchange(change, &seen, &mut freed, &mut taken).map_err(|e| before(e.into()))?;
        tidy(&mut freed);
        seen.lost = tidy(&mut taken);
        let (gave, took, moved) = join3(
            write::free_lookups(client, &sql, &freed),
            write::take_lookups(client, &sql, &taken),
            write::move_heads(client, &sql, change),
        )
        .await;
        ready(&[gave.as_ref().err(), took.as_ref().err()], careful)?;
        gave.map_err(before)?;
        (seen.took, heads) = (took.map_err(before)?, moved.map_err(before)?);
    }
    seen.heads = heads;
    if let Some(error) = head_refusal(client, change, &seen.heads).await.map_err(before)? {
        return Err(Failure::Refused(error));
    }
    let numbers = seen.numbers(change);
    let (required, appended) =
        join(write::required(client, &sql, change), write::append(client, &sql, change, &numbers))
            .await;
    seen.required = required.map_err(before)?;
    if let Some(error) = refusal(change, &seen, &taken) {
        return Err(Failure::Refused(error));
    }
    appended.map_err(before)?;
    if let Some(epoch) = change.new_epoch {
        epoch::begin(client, change, epoch, &numbers).await.map_err(before)?;
    }
    Ok(Committed { leaves: numbers })
}

/// The first failure, unless it is a key that is taken.
fn ready(faults: &[Option<&Fault>], careful: bool) -> Result<(), Failure> {
    match faults.iter().flatten().find(|fault| !fault.is_aborted()) {
        Some(fault) if fault.may_be_taken() && !careful => Err(Failure::Taken),
        _ => Ok(()),
    }
}

/// Sorts look-ups in the order of their key. Of those with one key the first in the change stays;
/// answers with the places of the rows that lose theirs.
fn tidy(lookups: &mut Vec<Lookup>) -> Vec<usize> {
    lookups.sort_unstable();
    let mut lost = Vec::new();
    lookups.dedup_by(|later, first| {
        let same = later.bucket == first.bucket
            && later.token.index == first.token.index
            && later.token.value == first.token.value
            && later.owner == first.owner;
        if same {
            lost.push(later.order.max(first.order));
        }
        same
    });
    lost
}

/// The tokens that rewritten rows give up and take, and those of rows that go.
fn exchange(
    change: &Prepared,
    seen: &Seen,
    freed: &mut Vec<Lookup>,
    taken: &mut Vec<Lookup>,
) -> Result<()> {
    for (n, (put, _)) in change.updates.iter().enumerate() {
        let Some(was) = seen.updated.get(&n).filter(|was| **was != put.tokens) else { continue };
        let was: Vec<_> = lookups(&put.row.key, &read_tokens(was)?, put.order).collect();
        let is: Vec<_> = put.lookups().collect();
        freed.extend(was.iter().filter(|lookup| !is.contains(lookup)).cloned());
        taken.extend(is.into_iter().filter(|lookup| !was.contains(lookup)));
    }
    for (n, (_, delete)) in change.deletes.iter().enumerate() {
        let Some(was) = seen.deleted.get(&n) else { continue };
        freed.extend(lookups(&delete.key, &read_tokens(was)?, 0));
    }
    Ok(())
}

/// What a change whose answer was lost wrote, if it happened: its first leaf is there, or it is not and
/// never will be. `None` if nobody can tell.
async fn settle(
    database: &Database,
    change: &Prepared,
    written: Option<&Committed>,
) -> Option<Option<Committed>> {
    let id = written.and_then(|written| written.leaves.first());
    if change.leaves.is_empty() {
        // Marks alone; they may be set twice.
        return Some(None);
    }
    for question in 0..QUESTIONS {
        match asked(database, change, id).await {
            Ok(None) => return Some(None),
            Ok(found) => return Some(written.cloned().or(found)),
            Err(_) => tokio::time::sleep(Duration::from_millis(50 << question)).await,
        }
    }
    None
}

async fn asked(
    database: &Database,
    change: &Prepared,
    id: Option<&LeafId>,
) -> Result<Option<Committed>, Fault> {
    let client = database.client().await?;
    let Some(leaf) = change.leaves.first() else { return Ok(None) };
    match timeout(database.patience(), lone::find(&client, leaf, id)).await {
        Ok(answer) => answer,
        Err(_) => {
            give_up(client);
            Err(Fault::unheard())
        }
    }
}
