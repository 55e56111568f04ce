//! Time that moves when a test says so.

use std::sync::atomic::{AtomicI64, Ordering};

use tacenda_core::clock::{Clock, Span, Timestamp};

/// A clock that moves a fixed step with every reading, and anywhere on demand, backwards too.
#[derive(Debug)]
pub struct StepClock {
    micros: AtomicI64,
    step: Span,
}

impl StepClock {
    /// A clock whose first reading is `start`.
    #[must_use]
    pub const fn new(start: Timestamp, step: Span) -> Self {
        Self { micros: AtomicI64::new(start.as_micros()), step }
    }

    /// A clock that stands at `start` until it is set.
    #[must_use]
    pub const fn standing(start: Timestamp) -> Self {
        Self::new(start, Span::micros(0))
    }

    /// Makes `now` the next reading.
    pub fn set(&self, now: Timestamp) {
        self.micros.store(now.as_micros(), Ordering::SeqCst);
    }

    /// Moves by a span, which may be negative.
    pub fn advance(&self, by: Span) {
        self.micros.fetch_add(by.as_micros(), Ordering::SeqCst);
    }
}

impl Clock for StepClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.micros.fetch_add(self.step.as_micros(), Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_and_jumps() {
        let start = Timestamp::from_micros(1_000);
        let clock = StepClock::new(start, Span::micros(5));
        assert_eq!((clock.now(), clock.now()), (start, start.plus(Span::micros(5))));
        clock.advance(Span::micros(-10));
        assert_eq!(clock.now(), start);
        clock.set(Timestamp::MIN);
        assert_eq!(clock.now(), Timestamp::MIN);
    }
}
