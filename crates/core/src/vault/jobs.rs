//! Jobs that several processes share: when each is due, who has it, how it ended.
//!
//! A job's row says when it is due; whoever claims the row has a *turn*, a lease that ends unless
//! it is renewed. The end of a turn is a change that needs the lease: a worker that was taken for
//! dead cannot end what another has begun since. What a job does is not fenced by it, and must be
//! safe to do twice, as every operation of the vault is.

use super::codes::JOB_LOST;
use super::journal::{Draft, next_version, own_row};
use super::{Actor, Vault};
use crate::clock::{Span, Timestamp};
use crate::codec::{Decoder, Encoder};
use crate::error::{Code, Result};
use crate::id::SubjectId;
use crate::name::{BAD_NAME, Name};
use crate::ports::store::CONFLICT;
use crate::ports::{Expect, RowWrite};
use crate::row::{Row, RowKey, state};

const DOMAIN: &str = "tacenda/job/1";
/// How often planning is tried again that another process does too.
const ATTEMPTS: usize = 8;

/// A job as its row holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobState {
    /// Its name.
    pub name: Name,
    /// When it is due next.
    pub due_at: Timestamp,
    /// When it last ended, well or not.
    pub ended_at: Option<Timestamp>,
    /// How often in a row it has failed.
    pub failures: u32,
    /// The code of the last failure, while it fails.
    pub code: Option<String>,
}

/// The right to run a job now. It ends with its lease.
#[derive(Clone, PartialEq, Eq)]
pub struct Turn {
    name: Name,
    row: Row,
    until: Timestamp,
}

impl Turn {
    /// When it ends unless it is renewed.
    #[must_use]
    pub const fn until(&self) -> Timestamp {
        self.until
    }

    /// The job as it was when the turn began.
    ///
    /// # Errors
    /// `codec.malformed` if its row is none of ours.
    pub fn state(&self) -> Result<JobState> {
        JobState::decode(self.name.clone(), &self.row)
    }
}

impl std::fmt::Debug for Turn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Turn({})", self.name.as_str())
    }
}

impl JobState {
    fn encode(&self) -> Vec<u8> {
        let mut e = Encoder::new(DOMAIN);
        e.time_opt(self.ended_at).u32(self.failures);
        e.text(self.code.as_deref().unwrap_or_default());
        e.finish()
    }

    fn decode(name: Name, row: &Row) -> Result<Self> {
        let mut d = Decoder::new(&row.body, DOMAIN)?;
        let (ended_at, failures, code) = (d.time_opt()?, d.u32()?, d.text()?.to_owned());
        d.end()?;
        let code = Some(code).filter(|code| !code.is_empty());
        Ok(Self { name, due_at: row.due_at.unwrap_or(Timestamp::MAX), ended_at, failures, code })
    }
}

impl Vault {
    /// Plans jobs that nobody has planned yet: they are due at once. Answers with all of them, in
    /// order.
    ///
    /// # Errors
    /// `name.malformed` for a name that is too long; the codes of the store.
    pub async fn plan_jobs(&self, names: &[Name], actor: &Actor) -> Result<Vec<JobState>> {
        let keys: Vec<_> = names.iter().map(key).collect::<Result<_>>()?;
        let mut attempts = 1..ATTEMPTS;
        loop {
            let rows = self.ports.store.rows(&keys).await?;
            let now = self.now();
            let (mut writes, mut planned) = (Vec::new(), Vec::with_capacity(names.len()));
            let mut leaf = self.leaf(now, actor, "job.planned", SubjectId::CONTROLLER);
            for ((name, key), row) in names.iter().zip(&keys).zip(rows) {
                if let Some(row) = row {
                    planned.push(JobState::decode(name.clone(), &row)?);
                    continue;
                }
                let job = new_job(name, now);
                writes.push(RowWrite { row: new_row(key, &job), expect: Expect::Absent });
                leaf = leaf.detail("job", name);
                planned.push(job);
            }
            if writes.is_empty() {
                return Ok(planned);
            }
            let mut draft = Draft::new(0);
            draft.record(leaf, writes, &[]);
            match self.commit(draft).await {
                // Another process planned some of them.
                Err(error) if error.is(&CONFLICT) && attempts.next().is_some() => {}
                other => return other.map(|_| planned),
            }
        }
    }

    /// Takes a job that is due and that nobody else has, for as long as the lease.
    ///
    /// # Errors
    /// As [`Vault::plan_jobs`].
    pub async fn begin_job(&self, name: &Name, lease: Span) -> Result<Option<Turn>> {
        let (kind, now) = (key(name)?.kind, self.now());
        let until = now.plus(lease);
        let row = self.ports.store.claim(&kind, &state::PENDING, now, until, 1).await?.pop();
        Ok(row.map(|row| Turn { name: name.clone(), row, until }))
    }

    /// Makes a turn last for another lease from now on; `false` if it is somebody else's by now.
    ///
    /// # Errors
    /// The codes of the store: then it is not known, and may be tried again.
    pub async fn renew_job(&self, turn: &mut Turn, lease: Span) -> Result<bool> {
        let until = self.now().plus(lease);
        if until <= turn.until {
            return Ok(true);
        }
        let renewed = self.ports.store.renew(&turn.row.key, turn.until, until).await?;
        if renewed {
            turn.until = until;
        }
        Ok(renewed)
    }

    /// Gives a turn back before its end: the job stays due, for anybody.
    ///
    /// # Errors
    /// The codes of the store.
    pub async fn release_job(&self, turn: Turn) -> Result<()> {
        self.ports.store.renew(&turn.row.key, turn.until, self.now()).await.map(|_| ())
    }

    /// Ends a turn: the job is due again at `due_at`. `failed` is the code of the error, if there
    /// was one.
    ///
    /// # Errors
    /// [`JOB_LOST`] if somebody else has claimed the job since, however it ended here; the codes of
    /// the store.
    pub async fn end_job(
        &self,
        turn: Turn,
        due_at: Timestamp,
        failed: Option<&'static str>,
        actor: &Actor,
    ) -> Result<JobState> {
        let (now, before) = (self.now(), turn.state()?);
        let failures = failed.map_or(0, |_| before.failures.saturating_add(1));
        let code = failed.map(str::to_owned);
        let job = JobState { due_at, ended_at: Some(now), failures, code, ..before };
        let row = Row { due_at: Some(due_at), body: job.encode(), ..turn.row };
        let mut leaf = self.leaf(now, actor, "job.ended", SubjectId::CONTROLLER);
        leaf = leaf.detail("job", &turn.name);
        if let Some(code) = failed {
            leaf = leaf.detail("code", code);
        }
        let mut draft = Draft::new(0);
        draft.change().leased.push((row.key.clone(), turn.until));
        draft.record(leaf, vec![next_version(row)], &[]);
        match self.commit(draft).await {
            Err(error) if error.is(&CONFLICT) => Err(lost(&turn.name)),
            other => other.map(|_| job),
        }
    }
}

fn lost(name: &Name) -> crate::error::Error {
    let code: &'static Code = &JOB_LOST;
    code.error().with("job", name)
}

/// A kind for each job, so that a process never claims one that it does not know.
fn key(name: &Name) -> Result<RowKey> {
    let kind = Name::parse(&format!("job.{}", name.as_str())).map_err(|_| BAD_NAME.error())?;
    Ok(RowKey::only(SubjectId::CONTROLLER, kind))
}

fn new_job(name: &Name, now: Timestamp) -> JobState {
    JobState { name: name.clone(), due_at: now, ended_at: None, failures: 0, code: None }
}

fn new_row(key: &RowKey, job: &JobState) -> Row {
    Row { due_at: Some(job.due_at), body: job.encode(), ..own_row(key.clone()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn job() -> JobState {
        let ended_at = Some(Timestamp::from_micros(258));
        let code = Some("x.y".to_owned());
        JobState { ended_at, failures: 3, code, ..new_job(&Name::fixed("sweep"), Timestamp::MIN) }
    }

    #[test]
    fn the_body_is_as_documented() {
        let bytes = [
            b"\0\0\0\x0dtacenda/job/1".as_slice(),
            &[1, 0, 0, 0, 0, 0, 0, 1, 2],
            &[0, 0, 0, 3],
            b"\0\0\0\x03x.y",
        ];
        assert_eq!(job().encode(), bytes.concat());
        let row = new_row(&key(&job().name).unwrap(), &job());
        assert_eq!(row.key.kind.as_str(), "job.sweep");
        assert_eq!(JobState::decode(job().name, &row).unwrap(), job());
        assert!(key(&Name::parse(&"a".repeat(61)).unwrap()).unwrap_err().is(&BAD_NAME));
    }

    #[test]
    fn the_encoding_of_a_job_is_frozen() {
        for case in crate::vectors::cases("job") {
            let body = case.hex("bytes");
            let row = Row { body, ..new_row(&key(&job().name).unwrap(), &job()) };
            let decoded = JobState::decode(job().name, &row);
            if let Some(code) = case.error() {
                assert_eq!(decoded.unwrap_err().code(), code, "{}", case.name);
                continue;
            }
            let is = JobState {
                ended_at: case
                    .maybe("ended_at")
                    .map(|at| Timestamp::from_micros(at.parse().unwrap())),
                failures: case.one("failures").parse().unwrap(),
                code: case.maybe("code").map(str::to_owned),
                ..job()
            };
            assert_eq!(is.encode(), row.body, "{}", case.name);
            assert_eq!(decoded.unwrap(), is, "{}", case.name);
        }
    }

    proptest! {
        #[test]
        fn decoding_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let mut row = new_row(&key(&job().name).unwrap(), &job());
            for (to, from) in row.body.iter_mut().skip(17).zip(&bytes) {
                *to ^= from;
            }
            let _ = JobState::decode(job().name, &row);
            row.body = bytes;
            let _ = JobState::decode(job().name, &row);
        }
    }
}
