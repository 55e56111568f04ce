//! The job runner: what has to be done again and again, by whichever process is there.
//!
//! Call [`Jobs::run_due`] in a loop, in as many processes as there are; sleep until
//! [`JobsRun::next_due`], or a minute. Each job is run by one worker at a time, under a lease that a
//! thread of its own renews; the job of a worker that died is taken over when its lease is over.

mod heartbeat;
mod standard;

use std::collections::BTreeMap;
use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use async_trait::async_trait;
use tacenda_core::clock::Span;
use tacenda_core::vault::codes::JOB_LOST;
use tacenda_core::vault::{Actor, JobState, Turn};
use tacenda_core::{Name, Result, Timestamp};

use crate::Tacenda;
use heartbeat::Heartbeat;
use standard::Standard;

/// How long a worker that says nothing more keeps its job, unless told otherwise.
const LEASE: Span = Span::seconds(60);
/// How long after its first failure a job is tried again; twice as long after each further one.
const RETRY: Span = Span::seconds(60);

/// Something that is done again and again.
///
/// Whoever runs it may be killed at any point, or taken for dead by a worker whose clock is far
/// ahead: it must be safe to begin again, and to run twice at once now and then.
#[async_trait]
pub trait Job: Send + Sync {
    /// Its name: unlike any other job's, and the same for ever.
    fn name(&self) -> Name;

    /// How long after its end it is due again.
    fn every(&self) -> Span;

    /// Does it; answers with how many things it did. It is dropped if its turn is lost.
    ///
    /// # Errors
    /// Its own; it is tried again a minute later, and then after twice as long each time.
    async fn run(&self, tacenda: &Tacenda, actor: &Actor) -> Result<u64>;
}

/// The jobs of a [`Tacenda`]: those of the SDK, and what the embedder adds.
#[must_use]
pub struct Jobs<'a> {
    tacenda: &'a Tacenda,
    jobs: BTreeMap<Name, Box<dyn Job>>,
    every: BTreeMap<Name, Span>,
    lease: Span,
    stop: Arc<AtomicBool>,
}

/// A job that was run, and what came of it.
#[derive(Debug)]
pub struct Ran {
    /// Which.
    pub job: Name,
    /// How many things it did, or why it did not end well; `jobs.taken_over` if its lease was over
    /// before it ended.
    pub outcome: Result<u64>,
}

/// What a call of [`Jobs::run_due`] did.
#[derive(Debug, Default)]
pub struct JobsRun {
    /// The jobs that were run here, in order.
    pub ran: Vec<Ran>,
    /// Jobs that are due, and that another worker has.
    pub elsewhere: Vec<Name>,
    /// When the next job is due that nobody has; `None` if there is none.
    pub next_due: Option<Timestamp>,
}

impl fmt::Debug for Jobs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Jobs").field(&self.jobs.keys().collect::<Vec<_>>()).finish()
    }
}

impl<'a> Jobs<'a> {
    pub(crate) fn new(tacenda: &'a Tacenda) -> Self {
        let (jobs, every) = (BTreeMap::new(), BTreeMap::new());
        let none = Self { tacenda, jobs, every, lease: LEASE, stop: Arc::default() };
        Standard::ALL.into_iter().fold(none, Self::with)
    }

    /// Adds a job, in the place of one of the same name.
    pub fn with(mut self, job: impl Job + 'static) -> Self {
        self.jobs.insert(job.name(), Box::new(job));
        self
    }

    /// Leaves a job to other processes.
    pub fn without(mut self, job: &str) -> Self {
        self.jobs.retain(|name, _| name.as_str() != job);
        self
    }

    /// Runs a job at other intervals than its own.
    ///
    /// # Errors
    /// `name.malformed`.
    pub fn every(mut self, job: &str, span: Span) -> Result<Self> {
        self.every.insert(Name::parse(job)?, span);
        Ok(self)
    }

    /// How long a worker that says nothing more keeps its job; a minute unless told, a second at
    /// least. It should be well above the difference of the workers' clocks.
    pub fn lease(mut self, lease: Span) -> Self {
        self.lease = lease.max(Span::seconds(1));
        self
    }

    /// Once this is true no further job begins. The one that runs is finished; to leave it too, drop
    /// the future of [`Jobs::run_due`], which gives the lease back.
    pub fn stop_when(mut self, stop: Arc<AtomicBool>) -> Self {
        self.stop = stop;
        self
    }

    /// Every job as its row holds it. One that nobody has planned yet is planned by this.
    ///
    /// # Errors
    /// As [`Jobs::run_due`].
    pub async fn states(&self, actor: &Actor) -> Result<Vec<JobState>> {
        let names: Vec<_> = self.jobs.keys().cloned().collect();
        self.tacenda.vault.plan_jobs(&names, actor).await
    }

    /// Runs each job that is due and that no other worker has, one after the other. A job that fails
    /// stops no other: its outcome says why.
    ///
    /// # Errors
    /// `name.malformed` for a job whose name is too long; the codes of the store.
    pub async fn run_due(&self, actor: &Actor) -> Result<JobsRun> {
        let mut run = JobsRun::default();
        let mut next =
            |at: Timestamp| run.next_due = run.next_due.map_or(Some(at), |n| Some(n.min(at)));
        let mut due = Vec::new();
        for job in self.states(actor).await? {
            if job.due_at <= self.tacenda.vault.now() { due.push(job) } else { next(job.due_at) }
        }
        due.sort_by_key(|job| job.due_at);
        for state in due {
            if self.stop.load(Ordering::Acquire) {
                next(state.due_at);
                continue;
            }
            let Some(job) = self.jobs.get(&state.name) else { continue };
            let Some(turn) = self.tacenda.vault.begin_job(&state.name, self.lease).await? else {
                match self.still_due(&state.name, actor).await? {
                    Some(at) => next(at),
                    None => run.elsewhere.push(state.name),
                }
                continue;
            };
            let (outcome, due_at) = self.run_one(job.as_ref(), turn, actor).await?;
            due_at.into_iter().for_each(&mut next);
            run.ran.push(Ran { job: state.name, outcome });
        }
        Ok(run)
    }

    /// When a job is due that nobody could take; `None` if it is now, and another worker has it.
    async fn still_due(&self, name: &Name, actor: &Actor) -> Result<Option<Timestamp>> {
        let names = std::slice::from_ref(name);
        let job = self.tacenda.vault.plan_jobs(names, actor).await?.pop();
        Ok(job.map(|job| job.due_at).filter(|at| *at > self.tacenda.vault.now()))
    }

    /// Runs a job to its end, or until its turn is lost, and says when it is due again.
    async fn run_one(
        &self,
        job: &dyn Job,
        turn: Turn,
        actor: &Actor,
    ) -> Result<(Result<u64>, Option<Timestamp>)> {
        let vault = &self.tacenda.vault;
        let failures = turn.state()?.failures;
        let mut heartbeat = Heartbeat::start(vault.clone(), turn, self.lease);
        let mut work = pin!(job.run(self.tacenda, actor));
        let outcome = poll_fn(|context| {
            if heartbeat.is_lost(context) {
                return Poll::Ready(None);
            }
            work.as_mut().poll(context).map(Some)
        })
        .await;
        let lost = || JOB_LOST.error().with("job", job.name());
        let (Some(outcome), Some(turn)) = (outcome, heartbeat.stop().await) else {
            return Ok((Err(lost()), None));
        };
        let every = self.every.get(&job.name()).copied().unwrap_or_else(|| job.every());
        let (after, failed) = match &outcome {
            Ok(_) => (every, None),
            Err(error) => (retry_after(failures).min(every), Some(error.code())),
        };
        match vault.end_job(turn, vault.now().plus(after), failed, actor).await {
            Err(error) if error.is(&JOB_LOST) => Ok((Err(error), None)),
            ended => Ok((outcome, Some(ended?.due_at))),
        }
    }
}

/// How long to wait after so many failures before the last one.
fn retry_after(failures: u32) -> Span {
    Span::micros(RETRY.as_micros().saturating_mul(1 << failures.min(20)))
}
