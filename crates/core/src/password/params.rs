//! The cost of one Argon2id.

use crate::error::{Code, Kind, Result};

/// A cost that Argon2id cannot have, or that would exhaust the machine.
pub static BAD_PARAMS: Code = Code::new(
    "password.params",
    Kind::Configuration,
    "argon2id takes 8 KiB per lane to 4 GiB of memory, 1 to 64 passes and 1 to 16 lanes",
);

/// A cost below the floor for new verifiers.
pub static BELOW_FLOOR: Code = Code::new(
    "password.below_floor",
    Kind::Configuration,
    "argon2id takes at least 46 MiB and 1 pass, 19 MiB and 2, 12 MiB and 3, 9 MiB and 4 or 7 MiB and 5",
);

/// The cost of one Argon2id, version 0x13 (RFC 9106 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Params {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Params {
    /// Pairs of memory in KiB and passes that cost an attacker alike (OWASP Password Storage Cheat
    /// Sheet). New verifiers take at least one of them.
    pub const FLOORS: [(u32, u32); 5] =
        [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)];

    /// The minimum configuration of the OWASP Password Storage Cheat Sheet: 19 MiB, 2 passes,
    /// 1 lane.
    pub const FLOOR: Self = Self { memory_kib: 19_456, passes: 2, lanes: 1 };

    /// The second recommended option of RFC 9106 section 4: 64 MiB, 3 passes, 4 lanes.
    pub const RECOMMENDED: Self = Self { memory_kib: 65_536, passes: 3, lanes: 4 };

    /// The most memory: 4 GiB.
    pub const MAX_MEMORY_KIB: u32 = 4 * 1024 * 1024;
    /// The most passes.
    pub const MAX_PASSES: u32 = 64;
    /// The most lanes.
    pub const MAX_LANES: u32 = 16;

    /// From memory in KiB, passes over it, and lanes.
    ///
    /// The ceiling keeps a forged verifier from exhausting the machine. The floor is another
    /// matter, because what was stored before it rose must still be read: see
    /// [`Params::at_least_floor`].
    ///
    /// # Errors
    /// [`BAD_PARAMS`] with the number of the first that is out of range.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self> {
        if !(1..=Self::MAX_LANES).contains(&lanes) {
            return Err(BAD_PARAMS.error().field_is("lanes").with("given", lanes));
        }
        if !(8 * lanes..=Self::MAX_MEMORY_KIB).contains(&memory_kib) {
            return Err(BAD_PARAMS.error().field_is("memory_kib").with("given", memory_kib));
        }
        if !(1..=Self::MAX_PASSES).contains(&passes) {
            return Err(BAD_PARAMS.error().field_is("passes").with("given", passes));
        }
        Ok(Self { memory_kib, passes, lanes })
    }

    /// The same, if new verifiers may be made with it: no cheaper than one of the five pairs of
    /// memory and passes in the OWASP Password Storage Cheat Sheet. Lanes do not count, because
    /// they divide the same work.
    ///
    /// # Errors
    /// [`BELOW_FLOOR`].
    pub fn at_least_floor(self) -> Result<Self> {
        let enough = Self::is_at_least_floor(self.memory_kib, self.passes);
        if enough { Ok(self) } else { BELOW_FLOOR.err() }
    }

    /// Whether so much memory in KiB and so many passes are no cheaper than one of [`Params::FLOORS`].
    pub(crate) fn is_at_least_floor(memory_kib: u32, passes: u32) -> bool {
        Self::FLOORS.into_iter().any(|(memory, least)| memory_kib >= memory && passes >= least)
    }

    /// Memory in KiB.
    #[must_use]
    pub const fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// Passes over the memory.
    #[must_use]
    pub const fn passes(self) -> u32 {
        self.passes
    }

    /// Lanes; they are computed one after the other.
    #[must_use]
    pub const fn lanes(self) -> u32 {
        self.lanes
    }

    /// How much memory one Argon2id fills, pass by pass, in KiB: its time goes with that.
    #[must_use]
    pub const fn kib_filled(self) -> u64 {
        self.memory_kib as u64 * self.passes as u64
    }

    /// Whether these take less memory or fewer passes than `current`, so that a verifier made with
    /// them is to be replaced.
    #[must_use]
    pub const fn is_below(self, current: Self) -> bool {
        self.memory_kib < current.memory_kib || self.passes < current.passes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floor_and_ceiling() {
        for (memory, passes) in Params::FLOORS {
            assert!(Params::new(memory, passes, 1).unwrap().at_least_floor().is_ok());
            let less = Params::new(memory - 1, passes, 1).unwrap();
            assert!(less.at_least_floor().unwrap_err().is(&BELOW_FLOOR));
        }
        let less = Params::new(47_104, 1, 1).unwrap();
        assert!(less.at_least_floor().is_ok());
        assert!(Params::new(7_168, 4, 1).unwrap().at_least_floor().is_err());
        assert!(Params::FLOOR.at_least_floor().is_ok());
        assert!(Params::RECOMMENDED.at_least_floor().is_ok());
        for (m, t, p, field) in [
            (0, 1, 1, "memory_kib"),
            (7, 1, 1, "memory_kib"),
            (127, 1, 16, "memory_kib"),
            (4_194_305, 1, 1, "memory_kib"),
            (u32::MAX, 1, 1, "memory_kib"),
            (8, 0, 1, "passes"),
            (8, 65, 1, "passes"),
            (8, 1, 0, "lanes"),
            (1024, 1, 17, "lanes"),
            (1024, 1, u32::MAX, "lanes"),
        ] {
            let error = Params::new(m, t, p).unwrap_err();
            assert!(error.is(&BAD_PARAMS));
            assert_eq!(error.field().as_deref(), Some(field));
        }
        assert!(Params::new(4_194_304, 64, 16).is_ok());
    }

    #[test]
    fn more_is_never_below() {
        let params = |m, t, p| Params::new(m, t, p).unwrap();
        assert!(params(64, 2, 1).is_below(params(65, 2, 1)));
        assert!(params(64, 2, 1).is_below(params(64, 3, 1)));
        assert!(params(128, 2, 1).is_below(params(64, 3, 1)));
        assert!(!params(64, 2, 1).is_below(params(64, 2, 2)));
        assert!(!params(64, 3, 1).is_below(params(64, 2, 1)));
    }
}
