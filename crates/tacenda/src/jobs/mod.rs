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
use tacenda_core::ports::store::LONGEST_LEASE;
use tacenda_core::vault::codes::{JOB_LOST, JOB_OVERDUE};
use tacenda_core::vault::{Actor, JobState, Turn};
use tacenda_core::{Name, Result, Timestamp};

use crate::Tacenda;
use heartbeat::Heartbeat;
use standard::Standard;

/// How long a worker that says nothing more keeps its job, unless told otherwise.
const LEASE: Span = Span::seconds(60);
/// What may be told: well below [`LONGEST_LEASE`].
const LEASES: (Span, Span) = (Span::seconds(1), Span::hours(1));
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

    /// Does it; answers with how many things it did, and how many it had to leave. It is dropped if its
    /// turn is lost.
    ///
    /// # Errors
    /// Its own; it is tried again a minute later, and then after twice as long each time.
    async fn run(&self, tacenda: &Tacenda, actor: &Actor) -> Result<JobReport>;
}

/// What a job did, and what it left for the next time: none of that is a failure, and whoever runs the
/// job is told, because what is left each time is never done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JobReport {
    /// How many things it did.
    pub done: u64,
    /// How many it left because others were at them at every try.
    pub busy: u64,
    /// How many it left because they are not what the log states.
    pub refused: u64,
    /// How many are due and stay, because whom they are about was not warned long enough ago.
    pub waiting: u64,
    /// How many messages have been due for so long that nobody can be at them: nobody sends them, or
    /// somebody hides them.
    pub overdue: u64,
}

impl From<u64> for JobReport {
    fn from(done: u64) -> Self {
        Self { done, ..Self::default() }
    }
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
    /// What it did, or why it did not begin or end well; `jobs.taken_over` if its lease was over before it
    /// ended, `jobs.overdue` if it has been due for longer than [`LONGEST_LEASE`] and another worker
    /// has it: leases are in no digest, and one that is rewritten for ever looks like a worker who is at
    /// it for that long.
    pub outcome: Result<JobReport>,
}

/// What a call of [`Jobs::run_due`] did.
#[derive(Debug, Default)]
pub struct JobsRun {
    /// The jobs that were run here, or could not be, in order.
    pub ran: Vec<Ran>,
    /// Jobs that are due, and that another worker has.
    pub elsewhere: Vec<Name>,
    /// When the next job is due that nobody has; `None` if there is none. One that could not begin, or
    /// whose end could not be written, is not counted: it is due, and tried by the next call.
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
    /// least, an hour at most. It should be well above the difference of the workers' clocks.
    pub fn lease(mut self, lease: Span) -> Self {
        self.lease = lease.clamp(LEASES.0, LEASES.1);
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
    /// As [`Jobs::run_due`]; that of the first job whose row cannot be read, with the `job`.
    pub async fn states(&self, actor: &Actor) -> Result<Vec<JobState>> {
        self.tacenda.vault.check_grant(actor).await?;
        let names: Vec<_> = self.jobs.keys().cloned().collect();
        self.tacenda.vault.plan_jobs(&names, actor).await?.into_iter().collect()
    }

    /// Runs each job that is due and that no other worker has, one after the other. A job that fails,
    /// or whose row somebody altered, stops no other: its outcome says why. A process under an older
    /// policy than the one in force runs none, and each outcome says so.
    ///
    /// Jobs are the embedding program's, and it runs them as [`Actor::system`]. Who runs them in a role is
    /// held against its grant before each, where the policy asks for grants: a job begins under none that
    /// is over.
    ///
    /// # Errors
    /// `staff.no_grant` and its like, before any job is planned;
    /// `name.malformed` for a job whose name is too long; the codes of the store if it cannot even say
    /// which jobs are due.
    pub async fn run_due(&self, actor: &Actor) -> Result<JobsRun> {
        self.tacenda.vault.check_grant(actor).await?;
        let mut run = JobsRun::default();
        let mut due = Vec::new();
        let names: Vec<_> = self.jobs.keys().cloned().collect();
        let states = self.tacenda.vault.plan_jobs(&names, actor).await?;
        for (name, state) in names.into_iter().zip(states) {
            match state {
                Ok(job) if job.due_at <= self.tacenda.vault.now() => due.push(job),
                Ok(job) => match self.is_explained(&job).await {
                    Ok(()) => run.next(job.due_at),
                    Err(error) => run.ran.push(Ran { job: name, outcome: Err(error) }),
                },
                Err(error) => run.ran.push(Ran { job: name, outcome: Err(error) }),
            }
        }
        due.sort_by_key(|job| job.due_at);
        for JobState { name, due_at, .. } in due {
            let Some(job) = self.jobs.get(&name) else { continue };
            if self.stop.load(Ordering::Acquire) {
                run.next(due_at);
                continue;
            }
            let begun = match self.tacenda.vault.check_grant(actor).await {
                Ok(()) => self.tacenda.vault.begin_job(&name, self.lease).await,
                Err(error) => Err(error),
            };
            let outcome = match begun {
                Ok(Some(turn)) => {
                    let (outcome, due_at) = self.run_one(job.as_ref(), turn, actor).await;
                    due_at.into_iter().for_each(|at| run.next(at));
                    outcome
                }
                Ok(None) => match self.still_due(&name, actor).await {
                    Ok(Some(at)) => {
                        run.next(at);
                        continue;
                    }
                    Ok(None) => {
                        run.elsewhere.push(name);
                        continue;
                    }
                    Err(error) => Err(error),
                },
                Err(error) => Err(error),
            };
            run.ran.push(Ran { job: name, outcome });
        }
        Ok(run)
    }

    /// Whether a job that is not due yet need not be: one that is due later than its interval tells is
    /// compared with the log.
    async fn is_explained(&self, job: &JobState) -> Result<()> {
        let every = self.jobs.get(&job.name).map(|known| self.interval(known.as_ref()));
        let vault = &self.tacenda.vault;
        match every {
            Some(every) if job.due_at > vault.now().plus(every) => vault.check_job(&job.name).await,
            _ => Ok(()),
        }
    }

    /// When a job is due that nobody could take; `None` if it is now, and another worker has it. That
    /// it is free to be taken is no more than its row says, so this is compared with the log.
    async fn still_due(&self, name: &Name, actor: &Actor) -> Result<Option<Timestamp>> {
        let names = std::slice::from_ref(name);
        let (now, vault) = (self.tacenda.vault.now(), &self.tacenda.vault);
        let Some(job) = vault.plan_jobs(names, actor).await?.pop().transpose()? else {
            return Ok(None);
        };
        if job.due_at > now {
            return Ok(Some(job.due_at));
        }
        vault.check_job(name).await?;
        // By its row, which every process reads: one that comes only now and then would never know.
        if job.due_at.plus(LONGEST_LEASE) < now {
            return Err(JOB_OVERDUE.error().with("job", name));
        }
        Ok(None)
    }

    /// How long after its end a job is due again.
    fn interval(&self, job: &dyn Job) -> Span {
        self.every.get(&job.name()).copied().unwrap_or_else(|| job.every())
    }

    /// Runs a job to its end, or until its turn is lost, and says when it is due again.
    async fn run_one(
        &self,
        job: &dyn Job,
        turn: Turn,
        actor: &Actor,
    ) -> (Result<JobReport>, Option<Timestamp>) {
        let vault = &self.tacenda.vault;
        let failures = turn.state().failures;
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
            return (Err(lost()), None);
        };
        let every = self.interval(job);
        let (after, failed) = match &outcome {
            Ok(_) => (every, None),
            Err(error) => (retry_after(failures).min(every), Some(error.code())),
        };
        match vault.end_job(turn.clone(), vault.now().plus(after), failed, actor).await {
            Ok(ended) => (outcome, Some(ended.due_at)),
            Err(error) if error.is(&JOB_LOST) => (Err(error), None),
            Err(error) => {
                // Nobody waits for the end of its lease. If this fails too, they do.
                let _ = vault.release_job(turn).await;
                (outcome.and(Err(error)), None)
            }
        }
    }
}

impl JobsRun {
    /// A job is due then that nobody has.
    fn next(&mut self, at: Timestamp) {
        self.next_due = Some(self.next_due.map_or(at, |next| next.min(at)));
    }
}

/// How long to wait after so many failures before the last one.
fn retry_after(failures: u32) -> Span {
    Span::micros(RETRY.as_micros().saturating_mul(1 << failures.min(20)))
}
