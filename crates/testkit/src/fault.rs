//! When to fail: a plan that stores and safes share, so that one count runs over both.

use std::fmt;
use std::future::{Future, poll_fn};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use tacenda_core::error::Result;
use tacenda_core::ports::store::{UNAVAILABLE, UNKNOWN_OUTCOME};

/// On which side of the operation the cut falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The operation does not happen: `store.unavailable`.
    Before,
    /// The operation happens and its answer is lost: `store.unknown_outcome` for one that writes,
    /// `store.unavailable` for a reader.
    After,
}

/// What comes after the cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// Later operations succeed: a hiccup.
    Recovers,
    /// Every later operation answers `store.unavailable`: a killed process, or a lost disk.
    StaysDown,
}

/// A plan of faults and a count of operations, shared by its clones.
///
/// To cut everywhere: run once with [`Faults::none`] and read [`Faults::operations`]; then run again
/// for each of that many operations and both sides.
#[derive(Clone, Default)]
pub struct Faults(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    operations: u64,
    writes: u64,
    plan: Option<(u64, Cut, After)>,
    meanwhile: Option<(u64, Meanwhile)>,
    tripped: bool,
    down: bool,
}

type Meanwhile = Box<dyn FnOnce() + Send>;

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.lock().unwrap();
        let mut shown = f.debug_struct("Faults");
        shown.field("operations", &state.operations).field("plan", &state.plan);
        shown.field("tripped", &state.tripped).field("down", &state.down).finish()
    }
}

impl Faults {
    /// A plan without a fault, to count operations.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// A plan that cuts the operation with this number, counted from 0.
    #[must_use]
    pub fn cut(operation: u64, cut: Cut, after: After) -> Self {
        let plan = Some((operation, cut, after));
        Self(Arc::new(Mutex::new(State { plan, ..State::default() })))
    }

    /// No fault: just before the operation with this number, counted from 0, another process does
    /// something, from beginning to end.
    #[must_use]
    pub fn meanwhile(operation: u64, act: impl FnOnce() + Send + 'static) -> Self {
        let meanwhile = Some((operation, Box::new(act) as Meanwhile));
        Self(Arc::new(Mutex::new(State { meanwhile, ..State::default() })))
    }

    /// How many operations were asked for.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.0.lock().unwrap().operations
    }

    /// How many of them could write.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.0.lock().unwrap().writes
    }

    /// Whether the cut has fallen, or the other process has had its turn.
    #[must_use]
    pub fn tripped(&self) -> bool {
        self.0.lock().unwrap().tripped
    }

    /// Ends the plan: everything works from now on, as after a restart.
    pub fn heal(&self) {
        let mut state = self.0.lock().unwrap();
        (state.plan, state.down) = (None, false);
    }

    /// Runs an operation under the plan; `writes` says whether a lost answer leaves a doubt.
    pub(crate) async fn run<T>(
        &self,
        writes: bool,
        operation: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        give_way().await;
        if let Some(act) = self.other() {
            act();
        }
        self.0.lock().unwrap().writes += u64::from(writes);
        match self.next()? {
            None => operation.await,
            Some(Cut::Before) => UNAVAILABLE.err(),
            Some(Cut::After) => {
                let lost = if writes { &UNKNOWN_OUTCOME } else { &UNAVAILABLE };
                operation.await.and(lost.err())
            }
        }
    }

    /// What another process does now. It may count operations of its own: the lock is free then.
    fn other(&self) -> Option<Meanwhile> {
        let mut state = self.0.lock().unwrap();
        let is_now = state.meanwhile.as_ref().is_some_and(|(at, _)| *at == state.operations);
        let act = if is_now { state.meanwhile.take() } else { None };
        state.tripped |= is_now;
        act.map(|(_, act)| act)
    }

    fn next(&self) -> Result<Option<Cut>> {
        let mut state = self.0.lock().unwrap();
        let number = state.operations;
        state.operations += 1;
        if state.down {
            return UNAVAILABLE.err();
        }
        let cut = state.plan.filter(|(at, ..)| *at == number);
        if let Some((_, _, after)) = cut {
            state.tripped = true;
            state.down = after == After::StaysDown;
        }
        Ok(cut.map(|(_, cut, _)| cut))
    }
}

/// Lets whatever is under way at once go on first, as a store with a thread of its own does.
async fn give_way() {
    let mut given = false;
    poll_fn(|context| {
        if std::mem::replace(&mut given, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
