//! Records that are work: claimed under a lease by one of many workers, opened, and ended in batches.

use super::{Draft, OpenedRecord, RecordChange, RecordKey, Vault};
use crate::clock::{Span, Timestamp};
use crate::error::{Kind, Result};
use crate::name::Name;
use crate::policy::records::RecordKind;
use crate::ports::store::CONFLICT;
use crate::ports::{Expect, RowWrite};
use crate::row::{Row, RowKey};
use crate::seal::{Body, DataKey, Place};
use crate::vault::codes::{NO_SUCH_RECORD, RECORD_WITHOUT_MODEL};
use crate::vault::journal::{hex, next_version};
use crate::vault::{Actor, MODEL};

/// The index of [`ClaimedRecord::mark`]. No item of a policy can have this name.
const MARKS: Name = Name::fixed("tacenda.marks");

/// A record that one worker has, until its lease ends.
#[derive(Clone)]
pub struct ClaimedRecord {
    /// Which one.
    pub key: RecordKey,
    /// Until when it is this worker's.
    pub until: Timestamp,
    /// What tells it from every other record, the same at each claim and without a meaning to whoever
    /// lacks the index key: it may go outside.
    pub mark: [u8; 16],
    row: Row,
}

/// The lease of a claimed record, without what the record holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    place: RowKey,
    until: Timestamp,
}

impl ClaimedRecord {
    /// Its lease, for whoever only gives it back.
    #[must_use]
    pub fn lease(&self) -> Lease {
        Lease { place: self.row.key.clone(), until: self.until }
    }
}

/// A claimed record with its place in the batch, and how it ends.
type Ended = (usize, ClaimedRecord, RecordChange, RowWrite);

impl std::fmt::Debug for ClaimedRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClaimedRecord").field("key", &self.key).finish_non_exhaustive()
    }
}

/// What a look at a claimed record finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClaimedLook {
    /// Whether it is as it was when it was claimed.
    pub stands: bool,
    /// The version of its subject's account, if there is one: with each objection, withdrawal,
    /// restriction and amendment it is another.
    pub account: Option<u64>,
}

impl Vault {
    /// Claims open records of a kind and state that are due and that no other worker has, the earliest
    /// first, for as long as the lease. A claim is no change: a worker that dies leaves them to others
    /// when its lease is over.
    ///
    /// # Errors
    /// The codes of the ports.
    pub async fn claim_records(
        &self,
        kind: &'static RecordKind,
        state: &Name,
        lease: Span,
        limit: usize,
    ) -> Result<Vec<ClaimedRecord>> {
        let index = self.index_key().await?;
        let now = self.now();
        let until = now.plus(lease);
        let rows = self.ports.store.claim(&kind.kind, state, now, until, limit).await?;
        let claimed = rows.into_iter().map(|row| {
            let (subject, id) = (row.key.subject, row.key.id);
            let place = [kind.class.as_str(), &hex(subject.as_bytes()), &hex(id.as_bytes())];
            let mark = index.token(&MARKS, &place.join("/"));
            ClaimedRecord { key: RecordKey { subject, kind, id }, until, mark, row }
        });
        Ok(claimed.collect())
    }

    /// Opens what a room needs of claimed records to decide what is to be done, each with its own
    /// result. What is opened is for the decision alone, as in [`Vault::change_record`].
    ///
    /// # Errors
    /// The codes of the ports. Of one record: the integrity codes; `vault.no_such_record` if it went;
    /// `store.conflict` if it was written since it was claimed; `keys.destroyed` if it is being erased.
    pub async fn open_claimed(
        &self,
        claimed: &[ClaimedRecord],
        needed: &[Name],
    ) -> Result<Vec<Result<OpenedRecord>>> {
        let rows: Vec<_> = claimed.iter().map(|one| one.row.clone()).collect();
        let states = self.wrapped_keys(&rows).await?;
        let mut opened = Vec::with_capacity(claimed.len());
        for one in claimed {
            let row = std::slice::from_ref(&one.row);
            let result = match self.is_as_claimed(one).await {
                Ok(()) => match self.open_row_keys(row, &states).await {
                    Ok(keys) => super::super::account::one(keys)
                        .and_then(|data| self.open_record(&one.key, &one.row, &data, needed)),
                    Err(error) => Err(error),
                },
                Err(error) => Err(error),
            };
            match result {
                Err(error) if error.kind() == Kind::Unavailable => return Err(error),
                result => opened.push(result),
            }
        }
        Ok(opened)
    }

    /// Ends leases before their time: the records are free. One that is another's by now stays so, and
    /// one that fails keeps no other.
    ///
    /// # Errors
    /// The codes of the store: the first that it answered with.
    pub async fn end_leases(&self, leases: &[Lease]) -> Result<()> {
        let mut ended = Ok(());
        for Lease { place, until } in leases {
            let one = self.ports.store.renew(place, *until, self.now()).await;
            ended = ended.and(one.map(drop));
        }
        ended
    }

    async fn is_as_claimed(&self, claimed: &ClaimedRecord) -> Result<()> {
        let row = self.record_row(&claimed.key).await?;
        if row == claimed.row { Ok(()) } else { CONFLICT.err() }
    }

    /// What the store has of claimed records and of the accounts of their subjects now, compared with
    /// nothing, in one look: for whoever is about to act by what was decided before.
    ///
    /// # Errors
    /// The codes of the store.
    pub async fn look_at_claimed(&self, claimed: &[&ClaimedRecord]) -> Result<Vec<ClaimedLook>> {
        let primary = self.policy.primary_class();
        let places = claimed
            .iter()
            .flat_map(|one| [one.row.key.clone(), self.profile_key(one.key.subject, primary)]);
        let rows = self.ports.store.rows(&places.collect::<Vec<_>>()).await?;
        let version = |row: &Option<Row>| row.as_ref().map(|row| row.version);
        let looks = claimed.iter().zip(rows.chunks(2)).map(|(one, found)| ClaimedLook {
            stands: found.first().and_then(version) == Some(one.row.version),
            account: found.get(1).and_then(version),
        });
        Ok(looks.collect())
    }

    /// Changes claimed records as decided, all of them in one change with a leaf each, and gives them
    /// back. One that was taken over or written since has its own result, and keeps no other; where a hold
    /// was placed or ended and nothing else, it is changed all the same.
    ///
    /// No grant is asked for: what was done with them was done, whatever was revoked since.
    ///
    /// # Errors
    /// The codes of the ports: then none was changed, or, after `store.unknown_outcome`, all may be. Of
    /// one record: `store.conflict` if it is no longer this worker's; `vault.record_state`,
    /// `vault.record_without_model`, `vault.in_future`; `keys.destroyed` if it is being erased.
    pub async fn end_claimed(
        &self,
        ended: Vec<(ClaimedRecord, RecordChange)>,
        actor: &Actor,
    ) -> Result<Vec<Result<()>>> {
        let rows: Vec<_> = ended.iter().map(|(one, _)| one.row.clone()).collect();
        let states = self.wrapped_keys(&rows).await?;
        let mut results = Vec::with_capacity(ended.len());
        let mut writes = Vec::with_capacity(ended.len());
        for (at, (claimed, change)) in ended.into_iter().enumerate() {
            let row = std::slice::from_ref(&claimed.row);
            let keys = self.open_row_keys(row, &states).await;
            match keys
                .and_then(super::super::account::one)
                .and_then(|data| self.end_row(&claimed, &change, &data))
            {
                Ok(write) => {
                    writes.push((at, claimed, change, write));
                    results.push(Ok(()));
                }
                Err(error) if error.kind() == Kind::Unavailable => return Err(error),
                Err(error) => results.push(Err(error)),
            }
        }
        match self.commit_ended(&writes, actor).await {
            Err(error) if error.is(&CONFLICT) => {}
            other => return other.map(|()| results),
        }
        // One of them is somebody else's by now: the others are not kept by it.
        for one in &writes {
            match self.commit_one(one, actor).await {
                Ok(()) => {}
                Err(error) if error.is(&CONFLICT) => {
                    if let Some(result) = results.get_mut(one.0) {
                        *result = Err(error);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(results)
    }

    /// One of them; again, if a hold of everything or its release was all that came first.
    async fn commit_one(&self, one: &Ended, actor: &Actor) -> Result<()> {
        match self.commit_ended(std::slice::from_ref(one), actor).await {
            Err(error) if error.is(&CONFLICT) => match self.marked_since(one).await? {
                Some(again) => self.commit_ended(&[again], actor).await,
                None => Err(error),
            },
            done => done,
        }
    }

    /// How a record ends that was claimed, and of which a hold alone was written since: with it went the
    /// lease, and not what its worker did.
    async fn marked_since(&self, (at, claimed, change, write): &Ended) -> Result<Option<Ended>> {
        let now = match self.record_row(&claimed.key).await {
            Ok(row) => row,
            Err(error) if error.kind() == Kind::Unavailable => return Err(error),
            Err(_) => return Ok(None),
        };
        let (held, version) = (now.held, now.version);
        let was = Row { held: claimed.row.held, version: claimed.row.version, ..now };
        if was != claimed.row || version == was.version || claimed.until <= self.now() {
            return Ok(None);
        }
        let write = next_version(Row { held, version, ..write.row.clone() });
        Ok(Some((*at, claimed.clone(), change.clone(), write)))
    }

    async fn commit_ended(&self, ended: &[Ended], actor: &Actor) -> Result<()> {
        if ended.is_empty() {
            return Ok(());
        }
        let (now, mut draft) = (self.now(), Draft::new(0));
        for (_, claimed, change, write) in ended {
            let leaf = self.leaf(now, actor, change.entry.action(), claimed.key.subject);
            if write.expect == Expect::Version(claimed.row.version) {
                draft.change().leased.push((claimed.row.key.clone(), claimed.until));
            }
            draft.record(change.entry.clone().told(leaf), vec![write.clone()], &[]);
        }
        self.commit(draft).await.map(|_| ())
    }

    /// Changes records as decided, whoever has a lease of them, in one change with a leaf each, while
    /// `under` stands: a row of the job that this is a part of. Answers with how many, and with how many
    /// could not be opened.
    ///
    /// # Errors
    /// `store.conflict` if one of them, or that row, was written meanwhile; the codes of the ports.
    pub(in crate::vault) async fn end_unclaimed(
        &self,
        kind: &'static RecordKind,
        rows: Vec<Row>,
        needed: &[Name],
        under: &(RowKey, Expect),
        decide: impl Fn(&OpenedRecord) -> Result<RecordChange> + Send + Sync,
    ) -> Result<(u64, u64)> {
        let each = rows.into_iter().map(|row| ClaimedRecord {
            key: RecordKey { subject: row.key.subject, kind, id: row.key.id },
            until: Timestamp::MIN,
            mark: [0; 16],
            row,
        });
        let each: Vec<_> = each.collect();
        let opened = self.open_claimed(&each, needed).await?;
        let rows: Vec<_> = each.iter().map(|one| one.row.clone()).collect();
        let states = self.wrapped_keys(&rows).await?;
        let (mut draft, mut ended, mut unread) = (Draft::new(0), 0u64, 0u64);
        for (one, opened) in each.iter().zip(opened) {
            let data = self.open_row_keys(std::slice::from_ref(&one.row), &states).await;
            let write = opened.and_then(|opened| decide(&opened)).and_then(|change| {
                let data = super::super::account::one(data?)?;
                Ok((self.end_row(one, &change, &data)?, change.entry))
            });
            match write {
                Ok((write, entry)) => {
                    let leaf =
                        self.leaf(self.now(), &Actor::system(), entry.action(), one.key.subject);
                    draft.record(entry.told(leaf), vec![write], &[]);
                    ended = ended.saturating_add(1);
                }
                Err(error) if error.kind() == Kind::Unavailable || error.is(&CONFLICT) => {
                    return Err(error);
                }
                Err(error) if error.kind() == Kind::Integrity => unread = unread.saturating_add(1),
                // It is about to go.
                Err(_) => {}
            }
        }
        if !draft.is_empty() {
            draft.require(under.0.clone(), under.1);
            self.commit(draft).await?;
        }
        Ok((ended, unread))
    }

    /// The row of a claimed record as it is to be.
    fn end_row(
        &self,
        claimed: &ClaimedRecord,
        change: &RecordChange,
        data: &DataKey,
    ) -> Result<RowWrite> {
        change.standing.check(self.now())?;
        if change.remove.contains(&MODEL) {
            return RECORD_WITHOUT_MODEL.err();
        }
        let (row, class) = (&claimed.row, &claimed.key.kind.class);
        if row.class.as_ref() != Some(class) {
            return Err(NO_SUCH_RECORD.error().with("subject", row.key.subject));
        }
        let mut body = Body::decode(&row.body)?;
        for item in &change.remove {
            body.remove(item);
        }
        let place = Place { row: &row.key, class };
        for (item, value) in &change.set.0 {
            // EXPOSE: the value is sealed.
            body.seal(place, item, value, &data.cipher(), self.ports.rng.as_ref());
        }
        let row = change.standing.clone().put(Row { body: body.encode(), ..row.clone() });
        Ok(next_version(row))
    }
}
