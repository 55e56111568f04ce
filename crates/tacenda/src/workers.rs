//! Threads for Argon2id: a login keeps a core busy for tens of milliseconds.

use std::fmt;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use async_trait::async_trait;
use futures_channel::oneshot;
use tacenda_core::password::{Job, PasswordWorker, Workspace};

type Queued = (Job, oneshot::Sender<()>);

/// A fixed number of threads, each with a memory block of its own that it uses again and again.
///
/// At the policy's memory cost of 19 MiB, four threads bound what logins can take at 76 MiB,
/// however many come at once; the others wait in a queue. The threads end with the value.
pub struct PasswordThreads {
    queue: Mutex<Sender<Queued>>,
    threads: usize,
}

impl PasswordThreads {
    /// As many threads as asked for, one at least. A thread that the system refuses is missing; if
    /// it refuses all, jobs answer `password.worker_stopped`.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        let (queue, jobs) = channel::<Queued>();
        let jobs = Arc::new(Mutex::new(jobs));
        let started = (0..threads.max(1))
            .filter(|number| {
                let jobs = Arc::clone(&jobs);
                let builder = thread::Builder::new().name(format!("tacenda-password-{number}"));
                builder.spawn(move || work(&jobs)).is_ok()
            })
            .count();
        Self { queue: Mutex::new(queue), threads: started }
    }

    /// A thread per core.
    #[must_use]
    pub fn per_core() -> Self {
        Self::new(thread::available_parallelism().map_or(1, usize::from))
    }
}

fn work(jobs: &Mutex<Receiver<Queued>>) {
    let mut workspace = Workspace::new();
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((job, done)) = next else { return };
        job(&mut workspace);
        // Whoever asked may have gone; then nobody waits for the answer.
        let _ = done.send(());
    }
}

impl fmt::Debug for PasswordThreads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PasswordThreads({})", self.threads)
    }
}

#[async_trait]
impl PasswordWorker for PasswordThreads {
    async fn run(&self, job: Job) {
        let (done, waits) = oneshot::channel();
        let sent = {
            let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue.send((job, done)).is_ok()
        };
        if sent {
            let _ = waits.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use tacenda_core::password::perform;

    use super::*;

    #[test]
    fn runs_jobs_and_brings_their_outcome_back() {
        let threads = PasswordThreads::new(2);
        let answers: Vec<_> = (0..10)
            .map(|n| pollster::block_on(perform(&threads, move |_| Ok(n * 2))).unwrap())
            .collect();
        assert_eq!(answers, (0..10).map(|n| n * 2).collect::<Vec<_>>());
    }
}
