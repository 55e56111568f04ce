//! Jobs that several processes share: when each is due, who has it, how it ended.
//!
//! A job's row says when it is due; whoever claims the row has a *turn*, a lease that ends unless
//! it is renewed. The end of a turn is a change that needs the lease: a worker that was taken for
//! dead cannot end what another has begun since. What a job does is not fenced by it, and must be
//! safe to do twice, as every operation of the vault is.
//!
//! A row that cannot be read, or is not the one that the log states, keeps its own job from running
//! and no other. What a clock that was ahead has put off is due again once the clock is right.

use super::codes::JOB_LOST;
use super::journal::{Draft, next_version, own_row};
use super::open::SKEW;
use super::{Actor, Vault};
use crate::clock::{Span, Timestamp};
use crate::codec::{Decoder, Encoder};
use crate::error::{Code, Kind, Result};
use crate::id::SubjectId;
use crate::name::{BAD_NAME, Name};
use crate::ports::store::{CONFLICT, OLDER_POLICY};
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
    state: JobState,
    row: Row,
    until: Timestamp,
    /// Until when it was to last by a call whose answer never came.
    asked: Option<Timestamp>,
}

impl Turn {
    /// When it ends unless it is renewed.
    #[must_use]
    pub const fn until(&self) -> Timestamp {
        self.until
    }

    /// The job as it was when the turn began.
    #[must_use]
    pub const fn state(&self) -> &JobState {
        &self.state
    }
}

impl std::fmt::Debug for Turn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Turn({})", self.state.name.as_str())
    }
}

impl JobState {
    fn encode(&self) -> Vec<u8> {
        let mut e = Encoder::new(DOMAIN);
        e.time_opt(self.ended_at).u32(self.failures);
        e.text(self.code.as_deref().unwrap_or_default());
        e.finish()
    }

    /// Whether a clock that was ahead has put it off: it ended, or was planned, after now.
    fn is_put_off(&self, now: Timestamp) -> bool {
        self.due_at > now && self.ended_at.unwrap_or(self.due_at) > now.plus(SKEW)
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
    /// Plans jobs that nobody has planned yet, and those that a clock put off which was ahead: they
    /// are due at once. Answers with all of them, in order; what is wrong with a job's row is its own
    /// result, and names the `job`.
    ///
    /// # Errors
    /// `name.malformed` for a name that is too long; the codes of the store.
    pub async fn plan_jobs(&self, names: &[Name], actor: &Actor) -> Result<Vec<Result<JobState>>> {
        let keys: Vec<_> = names.iter().map(key).collect::<Result<_>>()?;
        let mut attempts = 1..ATTEMPTS;
        loop {
            let rows = self.ports.store.rows(&keys).await?;
            let now = self.now();
            let (mut writes, mut planned) = (Vec::new(), Vec::with_capacity(names.len()));
            let mut leaf = self.leaf(now, actor, "job.planned", SubjectId::CONTROLLER);
            for ((name, key), row) in names.iter().zip(&keys).zip(rows) {
                match self.plan_job(name, key, row).await.map_err(|e| e.with("job", name)) {
                    Ok((job, write)) => {
                        leaf = if write.is_some() { leaf.detail("job", name) } else { leaf };
                        writes.extend(write);
                        planned.push(Ok(job));
                    }
                    Err(error) if error.kind() == Kind::Integrity => planned.push(Err(error)),
                    Err(error) => return Err(error),
                }
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

    /// A job, and what is to be written if it is planned anew.
    async fn plan_job(
        &self,
        name: &Name,
        key: &RowKey,
        row: Option<Row>,
    ) -> Result<(JobState, Option<RowWrite>)> {
        let now = self.now();
        let Some(row) = row else {
            let job = new_job(name, now);
            let row = new_row(key, &job);
            return Ok((job, Some(RowWrite { row, expect: Expect::Absent })));
        };
        let job = JobState::decode(name.clone(), &row)?;
        // Whoever writes a row vouches for all of it.
        if !job.is_put_off(now) || !self.is_stated(&row).await? {
            return Ok((job, None));
        }
        let write = next_version(Row { due_at: Some(now), ..row });
        Ok((JobState { due_at: now, ..job }, Some(write)))
    }

    /// Whether a row is still this one; an error if it is not what the log states.
    async fn is_stated(&self, row: &Row) -> Result<bool> {
        let now = self.checked(row.key.subject, std::slice::from_ref(&row.key)).await?.pop();
        Ok(now.flatten().as_ref() == Some(row))
    }

    /// Compares a job's row with what the log states.
    ///
    /// # Errors
    /// The integrity codes, with the `job`; the codes of the store.
    pub async fn check_job(&self, name: &Name) -> Result<()> {
        let key = [key(name)?];
        let row = self.checked(SubjectId::CONTROLLER, &key).await;
        row.map(|_| ()).map_err(|error| error.with("job", name))
    }

    /// Takes a job that is due and that nobody else has, for as long as the lease.
    ///
    /// # Errors
    /// `policy.older_version` if this process could not end it; the integrity codes, with the `job`,
    /// if its row cannot be read or is not the one that the log states; as [`Vault::plan_jobs`].
    pub async fn begin_job(&self, name: &Name, lease: Span) -> Result<Option<Turn>> {
        let mark = self.ports.store.status().await?.and_then(|status| status.policy);
        if let Some(later) = mark.filter(|mark| mark.version > self.policy.version) {
            return Err(OLDER_POLICY.error().with("in_force", later.version));
        }
        let (kind, now) = (key(name)?.kind, self.now());
        let until = now.plus(lease);
        let row = self.ports.store.claim(&kind, &state::PENDING, now, until, 1).await?.pop();
        let Some(row) = row else { return Ok(None) };
        match self.readable(name, &row).await {
            Ok(state) => Ok(state.map(|state| Turn { state, row, until, asked: None })),
            Err(error) => {
                // If this fails too, the lease ends by itself.
                let _ = self.ports.store.renew(&row.key, until, self.now()).await;
                Err(error.with("job", name))
            }
        }
    }

    /// The job in a row that was claimed; `None` if somebody has written it since.
    async fn readable(&self, name: &Name, row: &Row) -> Result<Option<JobState>> {
        let state = JobState::decode(name.clone(), row)?;
        Ok(self.is_stated(row).await?.then_some(state))
    }

    /// Makes a turn last for another lease from now on; `false` if it is somebody else's by now.
    ///
    /// # Errors
    /// The codes of the store: then it is not known, and may be tried again.
    pub async fn renew_job(&self, turn: &mut Turn, lease: Span) -> Result<bool> {
        if !self.settle_turn(turn).await? {
            return Ok(false);
        }
        let until = self.now().plus(lease);
        // One that a clock gave which was ahead is nobody's, and is taken back to what it should be.
        if until <= turn.until && turn.until <= until.plus(SKEW) {
            return Ok(true);
        }
        turn.asked = Some(until);
        self.settle_turn(turn).await
    }

    /// Finds out what became of a renewal whose answer never came, by asking for the same again;
    /// `false` if the turn is somebody else's by now.
    async fn settle_turn(&self, turn: &mut Turn) -> Result<bool> {
        let Some(until) = turn.asked else { return Ok(true) };
        let renewed = self.ports.store.renew(&turn.row.key, turn.until, until).await?;
        turn.asked = None;
        if renewed {
            turn.until = until;
        }
        Ok(renewed)
    }

    /// Gives a turn back before its end: the job stays due, for anybody.
    ///
    /// # Errors
    /// The codes of the store.
    pub async fn release_job(&self, mut turn: Turn) -> Result<()> {
        if self.settle_turn(&mut turn).await? {
            self.ports.store.renew(&turn.row.key, turn.until, self.now()).await?;
        }
        Ok(())
    }

    /// Ends a turn: the job is due again at `due_at`. `failed` is the code of the error, if there
    /// was one.
    ///
    /// # Errors
    /// [`JOB_LOST`] if somebody else has claimed the job since, however it ended here; the codes of
    /// the store.
    pub async fn end_job(
        &self,
        mut turn: Turn,
        due_at: Timestamp,
        failed: Option<&'static str>,
        actor: &Actor,
    ) -> Result<JobState> {
        if !self.settle_turn(&mut turn).await? {
            return Err(lost(&turn.state.name));
        }
        let (now, before) = (self.now(), turn.state);
        let failures = failed.map_or(0, |_| before.failures.saturating_add(1));
        let code = failed.map(str::to_owned);
        let name = before.name.clone();
        let job = JobState { due_at, ended_at: Some(now), failures, code, ..before };
        let row = Row { due_at: Some(due_at), body: job.encode(), ..turn.row };
        let mut leaf = self.leaf(now, actor, "job.ended", SubjectId::CONTROLLER);
        leaf = leaf.detail("job", &name);
        if let Some(code) = failed {
            leaf = leaf.detail("code", code);
        }
        let mut draft = Draft::new(0);
        draft.change().leased.push((row.key.clone(), turn.until));
        draft.record(leaf, vec![next_version(row)], &[]);
        match self.commit(draft).await {
            Err(error) if error.is(&CONFLICT) => Err(lost(&name)),
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
