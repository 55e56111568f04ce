//! Renewing a lease while its job runs.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::task::Context;
use std::thread;
use std::time::Duration;

use futures_channel::oneshot;
use pollster::block_on;
use tacenda_core::clock::Span;
use tacenda_core::vault::{Turn, Vault};

/// Whoever stops the thread gets the turn back.
type Stop = oneshot::Sender<Turn>;

/// A thread that renews a turn three times per lease. When this is dropped it gives the turn back:
/// the job is due for anybody.
pub(super) struct Heartbeat {
    stop: Sender<Stop>,
    lost: oneshot::Receiver<()>,
    /// Where the system gives no thread, the lease is never renewed.
    alone: Option<Turn>,
}

impl Heartbeat {
    pub(super) fn start(vault: Arc<Vault>, turn: Turn, lease: Span) -> Self {
        let (stop, stopped) = channel();
        let (tell, lost) = oneshot::channel();
        let ours = turn.clone();
        let beat = move || {
            if !renew(&vault, ours, lease, &stopped) {
                // Nobody may wait for it any more.
                let _ = tell.send(());
            }
        };
        let thread = thread::Builder::new().name("tacenda-job".to_owned()).spawn(beat);
        Self { stop, lost, alone: thread.is_err().then_some(turn) }
    }

    /// Whether somebody else has the job now; wakes the task when that becomes known.
    pub(super) fn is_lost(&mut self, context: &mut Context<'_>) -> bool {
        use std::future::Future as _;
        let lost = std::pin::Pin::new(&mut self.lost);
        matches!(lost.poll(context), std::task::Poll::Ready(Ok(())))
    }

    /// Ends it; answers with the turn, unless that was lost.
    pub(super) async fn stop(self) -> Option<Turn> {
        if self.alone.is_some() {
            return self.alone;
        }
        let (ask, answer) = oneshot::channel();
        self.stop.send(ask).ok()?;
        answer.await.ok()
    }
}

/// Renews until it is told to stop; `false` if the turn was lost.
fn renew(vault: &Vault, mut turn: Turn, lease: Span, stopped: &Receiver<Stop>) -> bool {
    let third = Duration::from_micros(lease.as_micros().unsigned_abs() / 3);
    loop {
        match stopped.recv_timeout(third) {
            Ok(ask) => {
                if let Err(turn) = ask.send(turn) {
                    give_back(vault, turn);
                }
                return true;
            }
            Err(RecvTimeoutError::Disconnected) => {
                give_back(vault, turn);
                return true;
            }
            // A store that cannot answer is asked again; the end of the turn will tell.
            Err(RecvTimeoutError::Timeout) => {
                if let Ok(false) = block_on(vault.renew_job(&mut turn, lease)) {
                    return false;
                }
            }
        }
    }
}

/// If the store cannot take it back, the lease ends by itself.
fn give_back(vault: &Vault, turn: Turn) {
    let _ = block_on(vault.release_job(turn));
}
