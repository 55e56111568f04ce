//! Messages to people: into the outbox, and out of it.

use tacenda_core::outbox::{self, Message, Progress};
use tacenda_core::vault::{Actor, Numbered, RecordKey, Vault};
use tacenda_core::{Result, SubjectId};
#[cfg(feature = "letters")]
use tacenda_notify::{Desk, Drained, drain};

/// The outbox of a [`crate::Tacenda`].
#[derive(Debug, Clone, Copy)]
pub struct Outbox<'a> {
    pub(crate) vault: &'a Vault,
}

impl Outbox<'_> {
    /// Puts a message into the outbox; `None` for somebody unknown, whose address it brings.
    ///
    /// # Errors
    /// As [`outbox::enqueue`].
    pub async fn enqueue(
        &self,
        subject: Option<SubjectId>,
        message: &Message,
        actor: &Actor,
    ) -> Result<RecordKey> {
        outbox::enqueue(self.vault, subject, message, actor).await
    }

    /// [`Outbox::enqueue`] under a number of the caller's: whoever tries again makes no second message.
    ///
    /// # Errors
    /// As [`outbox::enqueue`].
    pub async fn enqueue_once(
        &self,
        number: &[u8; 16],
        subject: Option<SubjectId>,
        message: &Message,
        actor: &Actor,
    ) -> Result<Numbered> {
        outbox::enqueue_once(self.vault, number, subject, message, actor).await
    }

    /// How far a message got.
    ///
    /// # Errors
    /// As [`outbox::progress`].
    pub async fn progress(&self, key: &RecordKey) -> Result<Progress> {
        outbox::progress(self.vault, key).await
    }

    /// How many messages have been due for longer than anybody can be at them, counted up to `limit`.
    ///
    /// # Errors
    /// As [`outbox::overdue`].
    pub async fn overdue(&self, limit: u64) -> Result<u64> {
        outbox::overdue(self.vault, limit).await
    }

    /// Takes a message back that was not sent yet.
    ///
    /// # Errors
    /// As [`outbox::cancel`].
    pub async fn cancel(&self, key: &RecordKey, actor: &Actor) -> Result<()> {
        outbox::cancel(self.vault, key, actor).await
    }

    /// Sends what is due, a batch at a time; for a job that runs now and then, in as many processes as
    /// there are. The actor's role has to have the purposes that the messages name.
    ///
    /// # Errors
    /// As [`drain`].
    #[cfg(feature = "letters")]
    pub async fn drain(&self, desk: &Desk<'_>, batch: usize, actor: &Actor) -> Result<Drained> {
        drain(self.vault, desk, batch, actor).await
    }
}
