//! Since when this process finds a job leased: a lease says when it ends, and not when it began.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tacenda_core::vault::JobState;
use tacenda_core::{Name, Timestamp};

/// What the process has found, for as long as it runs.
#[derive(Debug, Default)]
pub(crate) struct Leased(Mutex<BTreeMap<Name, Since>>);

/// A job that is due, and was first found leased then.
#[derive(Debug, Clone, Copy)]
struct Since {
    due_at: Timestamp,
    found_at: Timestamp,
}

impl Leased {
    /// Since when a job is found leased, now for the first time or before. One that has ended since,
    /// and is leased again, is due at another time, and counted anew.
    pub(super) fn found(&self, job: &JobState, now: Timestamp) -> Timestamp {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = Since { due_at: job.due_at, found_at: now };
        let since = all.entry(job.name.clone()).or_insert(first);
        // A clock that was ahead then tells nothing.
        if since.due_at != job.due_at || since.found_at > now {
            *since = first;
        }
        since.found_at
    }

    /// Nobody else has a job.
    pub(super) fn is_free(&self, job: &Name) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(job);
    }
}
