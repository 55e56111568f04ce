//! A runtime of the store's own, so that its futures work under any executor, or none.

use std::future::Future;
use std::thread;

use futures_channel::oneshot;
use tacenda_core::error::Result;
use tacenda_core::ports::store::UNAVAILABLE;
use tokio::runtime::{Builder, Handle};

/// One thread that drives the connections and all work on them.
pub(super) struct Worker {
    handle: Handle,
    /// Dropped with the worker, which ends the thread and whatever still runs on it.
    _stop: oneshot::Sender<()>,
}

impl Worker {
    pub(super) fn start() -> Result<Self> {
        let unavailable = |error| UNAVAILABLE.error().caused_by(error);
        let runtime = Builder::new_current_thread().enable_all().build().map_err(unavailable)?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let run = move || {
            // It never receives anything: it ends when the sender is dropped.
            let _ = runtime.block_on(stopped);
        };
        thread::Builder::new()
            .name("tacenda-postgres".to_owned())
            .spawn(run)
            .map_err(unavailable)?;
        Ok(Self { handle, _stop: stop })
    }

    /// Runs work to its end, whether or not anybody waits for the answer. There is none if the
    /// runtime ended first.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let (answer, answered) = oneshot::channel();
        self.handle.spawn(async move {
            let _ = answer.send(work.await);
        });
        answered
    }
}
