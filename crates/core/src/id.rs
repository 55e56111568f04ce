//! Opaque identifiers. None is derived from data, none is ever used twice.

use std::fmt;

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::error::{Code, Kind, Result};
use crate::rng::Rng;

/// Text that is not an identifier.
pub static BAD_ID: Code =
    Code::new("id.malformed", Kind::Input, "an identifier is a UUID in its hyphenated form");

macro_rules! id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// From its 16 bytes, as they are stored.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// Its 16 bytes, as they are stored.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// As a UUID.
            #[must_use]
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }

            /// From its hyphenated text.
            ///
            /// # Errors
            /// [`BAD_ID`] for anything else.
            pub fn parse(text: &str) -> Result<Self> {
                Uuid::try_parse(text).map(Self).map_err(|_| BAD_ID.error())
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl serde::Serialize for $name {
            /// As its hyphenated text.
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

id!(
    /// An account and the person behind it (Art. 4(1) GDPR: data subject).
    ///
    /// A UUIDv7 whose time is rounded down to the day in UTC (RFC 9562 section 6.1 allows an
    /// implementation to alter it): neighbours in time are neighbours in an index, and the id tells
    /// nothing finer than the day. Never reused, never derived from data.
    SubjectId
);
id!(
    /// One row among those of a subject and kind. Nil where a subject has one row of its kind and class.
    RowId
);
id!(
    /// Who acts: a staff member, a service or the data subject. Opaque; who it is stands elsewhere.
    ActorId
);

impl SubjectId {
    /// Subject 0: the controller, to whom rows and leaves belong that are about nobody.
    pub const CONTROLLER: Self = Self(Uuid::nil());

    /// A new subject's id.
    #[must_use]
    pub fn generate(now: Timestamp, rng: &dyn Rng) -> Self {
        const DAY_MS: i64 = 86_400_000;
        let day = (now.as_millis().max(0) / DAY_MS * DAY_MS).to_be_bytes();
        let mut bytes = [0u8; 16];
        rng.fill(&mut bytes);
        for (to, from) in bytes.iter_mut().zip(day.iter().skip(2)) {
            *to = *from;
        }
        Self(
            uuid::Builder::from_bytes(bytes)
                .with_version(uuid::Version::SortRand)
                .with_variant(uuid::Variant::RFC4122)
                .into_uuid(),
        )
    }

    /// The first instant of the day in UTC on which the id was made; the epoch for the controller.
    #[must_use]
    pub fn day(self) -> Timestamp {
        let mut millis = [0u8; 8];
        for (to, from) in millis.iter_mut().skip(2).zip(self.0.as_bytes()) {
            *to = *from;
        }
        Timestamp::from_micros(i64::from_be_bytes(millis).saturating_mul(1000))
    }
}

impl RowId {
    /// The id of the only row of its kind.
    pub const ONLY: Self = Self(Uuid::nil());

    /// A new row's id: 122 random bits.
    #[must_use]
    pub fn generate(rng: &dyn Rng) -> Self {
        let mut bytes = [0u8; 16];
        rng.fill(&mut bytes);
        Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }
}

impl RowId {
    /// The id of a row that is told from others of its kind by the number of its key: the number
    /// plus 1, so that it is never [`RowId::ONLY`].
    #[must_use]
    pub fn of_key(number: u16) -> Self {
        Self(Uuid::from_u128(u128::from(number).saturating_add(1)))
    }
}

impl ActorId {
    /// The SDK itself: sweeps, resumed jobs, policy evolution.
    pub const SYSTEM: Self = Self(Uuid::nil());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::tests::SeededRng;

    #[test]
    fn a_subject_id_tells_the_day_and_no_more() {
        let rng = SeededRng::new(7);
        let morning = Timestamp::parse_rfc3339("2026-03-01T00:00:00Z").unwrap();
        let night = Timestamp::parse_rfc3339("2026-03-01T23:59:59Z").unwrap();
        let (a, b) = (SubjectId::generate(morning, &rng), SubjectId::generate(night, &rng));
        assert_eq!(a.as_bytes()[..6], b.as_bytes()[..6]);
        assert_ne!(a, b);
        assert_eq!(a.as_uuid().get_version_num(), 7);
        let next = Timestamp::parse_rfc3339("2026-03-02T00:00:00Z").unwrap();
        assert!(SubjectId::generate(next, &rng) > a.max(b));
        assert_eq!(SubjectId::parse(&a.to_string()).unwrap(), a);
        assert_eq!((a.day(), b.day()), (morning, morning));
        assert_eq!(SubjectId::CONTROLLER.day(), Timestamp::from_micros(0));
        assert_eq!(SubjectId::from_bytes([0xff; 16]).day().as_millis(), 0xffff_ffff_ffff);
    }
}
