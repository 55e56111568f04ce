//! The vocabulary of Tacenda and the one door to personal data.
//!
//! This crate has no sockets, files, SQL, threads or system time: what the outside must provide is
//! a trait in [`ports`]. A new kind of data item goes into [`pii`] and the policy's catalogue of
//! types; a new database goes into `tacenda-store` and implements [`ports::Store`].
#![forbid(unsafe_code)]

pub mod calendar;
pub mod clock;
pub mod codec;
pub mod error;
pub mod guard;
pub mod id;
pub mod leaf;
pub mod log;
pub mod memory;
pub mod name;
pub mod outbox;
pub mod password;
pub mod pii;
pub mod policy;
pub mod ports;
pub mod rng;
pub mod row;
pub mod seal;
pub mod vault;
#[cfg(test)]
mod vectors;

pub use clock::{Clock, Timestamp};
pub use error::{Code, Error, Kind, Result, Retry};
pub use id::{ActorId, RowId, SubjectId};
pub use name::Name;
pub use rng::Rng;
