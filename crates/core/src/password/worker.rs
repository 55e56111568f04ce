//! The port to whoever spends tens of milliseconds on an Argon2id.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::workspace::Workspace;
use crate::error::{Code, Kind, Result, Retry};

/// A worker ended without doing its job.
pub static WORKER_STOPPED: Code =
    Code::new("password.worker_stopped", Kind::Unavailable, "the password worker has stopped")
        .retry(Retry::Safe);

/// Work that needs the memory of Argon2id.
pub type Job = Box<dyn FnOnce(&mut Workspace) + Send>;

/// Runs jobs on a thread that may be kept busy: a port, because the core has no threads.
///
/// An implementation owns one [`Workspace`] per thread. How many threads there are bounds how much
/// memory logins can take at once.
#[async_trait]
pub trait PasswordWorker: Send + Sync {
    /// Runs a job and returns when it is done. A worker that has stopped drops the job unrun.
    async fn run(&self, job: Job);
}

/// Runs work on a worker and brings its outcome back.
///
/// # Errors
/// Those of the work, and [`WORKER_STOPPED`] if it was not done.
pub async fn perform<T: Send + 'static>(
    worker: &dyn PasswordWorker,
    work: impl FnOnce(&mut Workspace) -> Result<T> + Send + 'static,
) -> Result<T> {
    let outcome = Arc::new(Mutex::new(None));
    let place = Arc::clone(&outcome);
    let job: Job = Box::new(move |workspace| {
        let done = work(workspace);
        *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
    });
    worker.run(job).await;
    let done = outcome.lock().unwrap_or_else(PoisonError::into_inner).take();
    done.unwrap_or_else(|| WORKER_STOPPED.err())
}

/// Runs each job at once on the caller's own thread, one at a time: for tests, for programs that do
/// one thing at a time, and for the browser.
#[derive(Default)]
pub struct InlineWorker(Mutex<Workspace>);

impl InlineWorker {
    /// A worker whose workspace has no memory yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Mutex::new(Workspace::new()))
    }

    /// How many Argon2id it has computed.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).calls()
    }
}

impl fmt::Debug for InlineWorker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InlineWorker").field("calls", &self.calls()).finish()
    }
}

#[async_trait]
impl PasswordWorker for InlineWorker {
    async fn run(&self, job: Job) {
        job(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::{BAD_PHC, Params, Password, Verdict, Verifier, hash, verify};

    struct StoppedWorker;

    #[async_trait]
    impl PasswordWorker for StoppedWorker {
        async fn run(&self, _job: Job) {}
    }

    #[test]
    fn brings_outcomes_errors_and_counts_back() {
        let worker = InlineWorker::new();
        let params = Params::new(16, 1, 1).unwrap();
        let password = Password::parse("correct horse").unwrap();
        let same = password.clone();
        let verifier =
            pollster::block_on(perform(&worker, move |w| hash(&password, params, [1; 16], w)));
        let verifier = verifier.unwrap();
        let verdict =
            pollster::block_on(perform(&worker, move |w| verify(&verifier, &same, params, w)));
        assert_eq!(verdict.unwrap(), Verdict::Match { upgrade: false });
        assert_eq!(worker.calls(), 2);
        let refused = pollster::block_on(perform(&worker, |_| Verifier::from_phc("")));
        assert!(refused.unwrap_err().is(&BAD_PHC));
        let stopped = pollster::block_on(perform(&StoppedWorker, |w| Ok(w.calls())));
        assert!(stopped.unwrap_err().is(&WORKER_STOPPED));
    }
}
