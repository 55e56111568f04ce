//! The system's clock and randomness: the only places that read them.

use rand::Rng as _;
use tacenda_core::{Clock, Rng, Timestamp};

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one clock that reads the system")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        // A system clock before 1970 stands at the epoch: far behind any log, so the brake holds.
        let micros = since.map_or(0, |elapsed| elapsed.as_micros());
        Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
    }
}

/// The system's randomness, through a generator per thread that is seeded and reseeded from it
/// (ChaCha in the `rand` crate).
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRng;

impl Rng for SystemRng {
    #[expect(clippy::disallowed_methods, reason = "this is the one source that asks the system")]
    fn fill(&self, out: &mut [u8]) {
        rand::rng().fill_bytes(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_moves_and_the_bytes_differ() {
        let then = Timestamp::parse_rfc3339("2025-01-01T00:00:00Z").unwrap();
        assert!(SystemClock.now() > then);
        let (mut a, mut b) = ([0; 32], [0; 32]);
        SystemRng.fill(&mut a);
        SystemRng.fill(&mut b);
        assert_ne!(a, b);
    }
}
