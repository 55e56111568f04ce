//! The port to the safe: wrapped keys, tombstones, the SDK's own secrets, the last checkpoint.
//!
//! The safe is another file or database than the vault store, and is never in a dated backup: its
//! newest copy alone may exist elsewhere. A key destroyed here is gone from every backup of the
//! rows.

use async_trait::async_trait;

use crate::clock::{Span, Timestamp};
use crate::codec::Encoder;
use crate::error::{Code, Kind, Result};
use crate::id::SubjectId;
use crate::name::Name;
use crate::ports::kek::KekId;
use crate::ports::leaf::LogPosition;

/// A key that was destroyed is asked for, or would be made again; context: `subject`, `class`.
pub static DESTROYED: Code =
    Code::new("keys.destroyed", Kind::NotFound, "the key of this data was destroyed");
/// Keys would be moved to where an older copy of them lies.
pub static OLDER_COPY: Code = Code::new(
    "keys.older_copy",
    Kind::Configuration,
    "an older copy of these keys lies there, and with it what was destroyed since: empty that database",
);

/// Which key: a subject's, for a class, and which one of those that the class has had.
///
/// Each row of a class has its own: the row in use the one with the highest number, and what laws
/// keep of the class from before those below. When its data has ended or is archived and the
/// account goes on, what is kept later is sealed under the next number: a destroyed key never comes
/// back, and a customer whose card was forgotten can have another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId {
    /// Whose data it seals.
    pub subject: SubjectId,
    /// Of which class.
    pub class: Name,
    /// 0 for the first key of the class, then 1, 2, …; the year of creation for classes whose rows
    /// end on different days.
    pub number: u16,
}

impl KeyId {
    /// The first key of a subject's class.
    #[must_use]
    pub const fn first(subject: SubjectId, class: Name) -> Self {
        Self { subject, class, number: 0 }
    }
}

/// A data key sealed under a key above it: opaque bytes of [`crate::ports::Kek::wrap`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey {
    /// Under which key it is wrapped.
    pub kek: KekId,
    /// The wrapped bytes.
    pub bytes: Vec<u8>,
}

/// What the safe knows about a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyState {
    /// It never saw it.
    Unknown,
    /// It holds it.
    Live(WrappedKey),
    /// It was destroyed by the erasure whose intent stands there in the log.
    Destroyed(LogPosition),
}

/// What is left of a destroyed key, for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// Which key it was.
    pub key: KeyId,
    /// The intent leaf of the erasure.
    pub position: LogPosition,
    /// When it was destroyed.
    pub at: Timestamp,
}

/// A keyed digest of an imported record, by which a second import of it is known.
pub type Fingerprint = [u8; 16];

/// Keys to be made durable before the rows that they seal.
#[derive(Debug, Clone, Default)]
pub struct NewKeys {
    /// The keys.
    pub keys: Vec<(KeyId, WrappedKey)>,
    /// Fingerprints of the records that the subjects come from, with the day they were imported. A
    /// fingerprint that the safe holds already now names the new subject: the import that made the
    /// first was cut off before its rows were written.
    pub fingerprints: Vec<(Fingerprint, SubjectId, Timestamp)>,
    /// Where the log stood when they were made; the safe keeps the highest.
    pub log: Option<LogPosition>,
}

/// The content of a new safe.
#[derive(Debug, Clone)]
pub struct SafeInit {
    /// The safe's id.
    pub safe: [u8; 16],
    /// The id of the store that belongs to it.
    pub store: [u8; 16],
    /// The key above its keys.
    pub kek: KekId,
    /// The SDK's own secrets, wrapped.
    pub secrets: Vec<(Name, WrappedKey)>,
}

/// What a safe says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SafeStatus {
    /// The safe's id.
    pub safe: [u8; 16],
    /// The id of the store that belongs to it.
    pub store: [u8; 16],
    /// The key above its keys. While a rotation runs, keys under the one before it remain.
    pub kek: KekId,
    /// Whether keys under another key than `kek` remain.
    pub rotating: bool,
    /// Rises with every change of the safe.
    pub sequence: u64,
    /// The furthest place in the log that any call has told the safe.
    pub log: Option<LogPosition>,
    /// The last signed checkpoint of the log, with its epoch.
    pub checkpoint: Option<(u32, String)>,
}

/// Something wrapped in the safe.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WrapId {
    /// One of the SDK's own secrets.
    Secret(Name),
    /// A data key.
    Key(KeyId),
}

impl WrapId {
    /// The associated data under which a [`Kek`](super::kek::Kek) wraps: the domain
    /// `tacenda/secret/1` and the secret's name, or the domain `tacenda/key/1`, the subject (16
    /// bytes), the class and the number. A wrapped key opens for nothing else.
    #[must_use]
    pub fn aad(&self) -> Vec<u8> {
        match self {
            Self::Secret(name) => {
                let mut e = Encoder::new("tacenda/secret/1");
                e.text(name.as_str());
                e.finish()
            }
            Self::Key(key) => {
                let mut e = Encoder::new("tacenda/key/1");
                e.raw(key.subject.as_bytes()).text(key.class.as_str()).u16(key.number);
                e.finish()
            }
        }
    }
}

/// Whether what was removed is gone from the files too: destroyed keys from those of the safe,
/// pruned texts from those of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scrub {
    /// No byte of it is left in the file or its write-ahead log.
    Done,
    /// Somebody still reads a former state and keeps old pages alive; try again.
    Blocked,
}

/// Copies of destroyed keys that a scrub does not reach, because the safe's file system or database
/// keeps former states elsewhere: an archived write-ahead log, a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyCopies {
    /// The safe makes none.
    #[default]
    None,
    /// They are kept for this long, as the operator says.
    KeptFor(Span),
    /// There are some, and nobody has said for how long.
    Unlimited,
}

/// The safe.
///
/// # Properties
/// Every implementation promises, and the suite in `tacenda-testkit` proves:
/// - what a call wrote is durable when it returns `Ok`, and happened whole or not at all;
/// - a destroyed key can be neither fetched nor made again, by any call, ever;
/// - the sequence number rises by 1 with every call that may write and returns `Ok`, from 1 for
///   [`Keyring::initialise`]; [`Keyring::raise_sequence`] alone may raise it further;
/// - nothing new is kept under another key than the safe's own: a process that still works with
///   the master key before a rotation is refused.
///
/// Before it is filled, every call that would write answers
/// [`BAD_REQUEST`](super::check::BAD_REQUEST), and readers find nothing. After
/// [`Keyring::close`] every call answers [`CLOSED`](super::store::CLOSED).
#[async_trait]
pub trait Keyring: Send + Sync {
    /// What the safe says about itself; `None` if it is new.
    ///
    /// # Errors
    /// The `store.*` codes of [`crate::ports::store`], as all calls below.
    async fn status(&self) -> Result<Option<SafeStatus>>;

    /// Fills a new safe.
    ///
    /// # Errors
    /// [`crate::ports::store::CONFLICT`] if it is filled already.
    async fn initialise(&self, init: SafeInit) -> Result<()>;

    /// Makes keys durable; answers with the new sequence number.
    ///
    /// # Errors
    /// [`WRONG_KEY`](super::kek::WRONG_KEY) if one is wrapped under another key than the safe's,
    /// [`DESTROYED`] if one of them was destroyed, [`crate::ports::store::CONFLICT`] if one exists;
    /// nothing was written then.
    async fn create(&self, new: NewKeys) -> Result<u64>;

    /// The state of each key, in order.
    ///
    /// # Errors
    /// As [`Keyring::status`].
    async fn fetch(&self, keys: &[KeyId]) -> Result<Vec<KeyState>>;

    /// All keys and tombstones of a subject.
    ///
    /// # Errors
    /// As [`Keyring::status`].
    async fn keys_of(&self, subject: SubjectId) -> Result<Vec<(KeyId, KeyState)>>;

    /// [`Keyring::keys_of`] for many subjects, in order.
    ///
    /// # Errors
    /// As [`Keyring::status`].
    async fn keys_of_each(&self, subjects: &[SubjectId]) -> Result<Vec<Vec<(KeyId, KeyState)>>> {
        let mut keys = Vec::with_capacity(subjects.len());
        for subject in subjects {
            keys.push(self.keys_of(*subject).await?);
        }
        Ok(keys)
    }

    /// Destroys keys: one update blanks each and leaves its tombstone. A key that never was gets a
    /// tombstone too, so that nobody can make it later; one that was destroyed before keeps its
    /// first. Answers with the new sequence number.
    ///
    /// # Errors
    /// As [`Keyring::status`].
    async fn destroy(&self, keys: &[KeyId], position: LogPosition, at: Timestamp) -> Result<u64>;

    /// Removes every trace of destroyed keys from the safe's files, if nobody reads at the moment.
    /// It does not move the sequence number.
    ///
    /// # Errors
    /// As [`Keyring::status`].
    async fn scrub(&self) -> Result<Scrub>;

    /// Which copies of destroyed keys the safe itself makes and a scrub does not reach. Mirrors and
    /// backups that somebody makes of it are not among them.
    ///
    /// # Errors
    /// As [`Keyring::status`].
    async fn copies(&self) -> Result<KeyCopies> {
        Ok(KeyCopies::None)
    }

    /// Tombstones in the safe's own fixed order, after one; fewer than `limit` are the last.
    ///
    /// # Errors
    /// As [`Keyring::status`].
    async fn tombstones(&self, after: Option<&KeyId>, limit: usize) -> Result<Vec<Tombstone>>;

    /// Live keys in the safe's own fixed order, after one; fewer than `limit` are the last. For
    /// collecting those whose rows were never written.
    ///
    /// # Errors
    /// As [`Keyring::status`].
    async fn live_keys(&self, after: Option<&KeyId>, limit: usize) -> Result<Vec<KeyId>>;

    /// Forgets those of the keys that are live, without leaving a tombstone, and the fingerprints
    /// of their subjects: for keys that never sealed a row.
    ///
    /// # Errors
    /// As [`Keyring::status`].
    async fn forget(&self, keys: &[KeyId]) -> Result<()>;

    /// The subject that each fingerprint was imported as, in order.
    ///
    /// # Errors
    /// As [`Keyring::status`].
    async fn fingerprints(&self, of: &[Fingerprint]) -> Result<Vec<Option<SubjectId>>>;

    /// Fingerprints in the safe's own fixed order, after one, each with its subject and when it was
    /// imported; fewer than `limit` are the last. For moving a safe.
    ///
    /// # Errors
    /// As [`Keyring::status`].
    async fn fingerprints_after(
        &self,
        after: Option<Fingerprint>,
        limit: usize,
    ) -> Result<Vec<(Fingerprint, SubjectId, Timestamp)>>;

    /// Forgets fingerprints of records imported before a time.
    ///
    /// # Errors
    /// As [`Keyring::status`].
    async fn forget_fingerprints(&self, before: Timestamp) -> Result<u64>;

    /// One of the SDK's own secrets.
    ///
    /// # Errors
    /// As [`Keyring::status`].
    async fn secret(&self, name: &Name) -> Result<Option<WrappedKey>>;

    /// All of the SDK's own secrets, by name. For moving a safe.
    ///
    /// # Errors
    /// As [`Keyring::status`].
    async fn secrets(&self) -> Result<Vec<(Name, WrappedKey)>>;

    /// Adds one of the SDK's own secrets.
    ///
    /// # Errors
    /// [`WRONG_KEY`](super::kek::WRONG_KEY) if it is wrapped under another key than the safe's,
    /// [`crate::ports::store::CONFLICT`] if it is there already.
    async fn add_secret(&self, name: &Name, secret: WrappedKey) -> Result<()>;

    /// Raises the sequence number to `sequence` if it is lower, else as any call that writes: after
    /// an older safe was put in the place of the newest, so that it counts as repaired.
    ///
    /// # Errors
    /// As [`Keyring::status`].
    async fn raise_sequence(&self, sequence: u64) -> Result<()>;

    /// Keeps a signed checkpoint, unless a later one is kept already. `head` is the place of the
    /// last leaf that it covers.
    ///
    /// # Errors
    /// As [`Keyring::status`].
    async fn keep_checkpoint(&self, head: LogPosition, checkpoint: &str) -> Result<()>;

    /// Begins a rotation: new keys are to be wrapped under `to` from now on. One that has begun
    /// already is begun again without effect.
    ///
    /// # Errors
    /// [`WRONG_KEY`](super::kek::WRONG_KEY) if the safe's key is neither `from` nor `to`: another
    /// rotation came in between, and this one would turn the safe back; or if it is `from`, and
    /// something lies under another key still: three keys would be needed from then on, and nobody
    /// has more than two. Nothing was written then.
    async fn begin_rotation(&self, from: KekId, to: KekId) -> Result<()>;

    /// Things wrapped under another key than `kek`, in any order; none if that was all.
    ///
    /// # Errors
    /// As [`Keyring::status`].
    async fn wrapped_otherwise(
        &self,
        kek: KekId,
        limit: usize,
    ) -> Result<Vec<(WrapId, WrappedKey)>>;

    /// Replaces wrapped bytes by others of the same key, where they are still the old ones.
    ///
    /// # Errors
    /// [`WRONG_KEY`](super::kek::WRONG_KEY) if new bytes are wrapped under another key than the
    /// safe's; nothing was written then.
    async fn rewrap(&self, changed: Vec<(WrapId, WrappedKey, WrappedKey)>) -> Result<()>;

    /// Ends all work in good order.
    ///
    /// # Errors
    /// As [`Keyring::status`].
    async fn close(&self) -> Result<()>;
}
