//! Randomness as an argument.

/// A source of cryptographic randomness. The facade's `SystemRng` draws from the system; a test
/// seeds its own, so that a run can be repeated byte by byte.
pub trait Rng: Send + Sync {
    /// Fills the buffer with random bytes.
    ///
    /// An implementation that cannot get randomness must not return: keys and nonces made from
    /// anything else would be worse than a stop.
    fn fill(&self, out: &mut [u8]);
}

/// Random bytes as an array.
#[must_use]
pub fn generate<const N: usize>(rng: &dyn Rng) -> [u8; N] {
    let mut bytes = [0u8; N];
    rng.fill(&mut bytes);
    bytes
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Mutex;

    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::{Rng as _, SeedableRng};

    pub(crate) struct SeededRng(Mutex<ChaCha20Rng>);

    impl SeededRng {
        pub(crate) fn new(seed: u64) -> Self {
            Self(Mutex::new(ChaCha20Rng::seed_from_u64(seed)))
        }
    }

    impl super::Rng for SeededRng {
        fn fill(&self, out: &mut [u8]) {
            self.0.lock().unwrap().fill_bytes(out);
        }
    }
}
