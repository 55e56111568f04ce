//! What a message is: what it says, to whom, and how far it got.

use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

use super::TOO_LONG;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::guard;
use crate::name::Name;
use crate::pii::Sensitive;

const MOST_VALUES: usize = 64;
const LONGEST_VALUE: usize = 100_000;
/// RFC 5321 section 4.5.3.1: 64 octets, `@`, 255 octets.
const LONGEST_ADDRESS: usize = 320;

/// The values that stand in a text. They wipe themselves and do not print.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Values(pub(super) BTreeMap<Name, Zeroizing<String>>);

impl Values {
    /// With a value. Card numbers and verification codes in it are masked (INVARIANT 2).
    #[must_use]
    pub fn with(mut self, name: Name, text: &str) -> Self {
        self.0.insert(name, Zeroizing::new(guard::mask(text).to_string()));
        self
    }

    /// A value, if it is among them.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(of, _)| of.as_str() == name).map(|(_, text)| text)
    }

    /// All of them, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &str)> {
        self.0.iter().map(|(name, text)| (name, text.as_str()))
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// To whom a message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// To the address of the subject's account, as it is when the message is sent. It goes with the
    /// account.
    Account,
    /// To an address of its own, sealed in the message until it is sent: for somebody unknown, or to
    /// tell of an erasure.
    Address(Sensitive<String>),
}

/// A message to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What it says: a text of whoever drains the outbox, such as `account_expiring`.
    pub says: Name,
    /// The purpose of the policy for which the person is written to.
    pub purpose: Name,
    /// To whom.
    pub to: Recipient,
    /// In which language (BCP 47); `None` for the first of the policy's.
    pub language: Option<String>,
    /// What stands in the text.
    pub values: Values,
    /// When it is to be sent; `None` for at once.
    pub send_at: Option<Timestamp>,
    /// From when on it is not sent any more.
    pub expires_at: Option<Timestamp>,
}

impl Message {
    /// A message to the address of an account, at once, without values.
    #[must_use]
    pub const fn to_account(says: Name, purpose: Name) -> Self {
        Self {
            says,
            purpose,
            to: Recipient::Account,
            language: None,
            values: Values(BTreeMap::new()),
            send_at: None,
            expires_at: None,
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        let long = |text: &str| text.len() > LONGEST_VALUE;
        // EXPOSE: its length is looked at.
        let address = match &self.to {
            Recipient::Account => 0,
            Recipient::Address(address) => address.expose().len(),
        };
        let language = self.language.as_ref().map_or(0, String::len);
        let many = self.values.0.len() > MOST_VALUES || self.values.iter().any(|(_, v)| long(v));
        if many || address > LONGEST_ADDRESS || language > 35 { TOO_LONG.err() } else { Ok(()) }
    }
}

/// Why a message was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Failure {
    /// Nobody took it: a server that is down, refuses the login or says "later".
    Unreachable,
    /// Whoever was to take it says that it cannot be delivered, for good.
    Refused,
    /// Its text cannot be written: a value or a language is missing.
    Unwritable,
    /// The address does not open, or is none.
    Unopened,
    /// The policy does not let the person be written to for this purpose, or the data is restricted.
    NotAllowed,
    /// The account is gone.
    Gone,
    /// It was too late.
    Expired,
    /// Somebody took it back.
    Cancelled,
    /// It waited in rows that were restored: it may have gone since they were copied.
    Restored,
}

impl Failure {
    /// Every class.
    pub const ALL: [Self; 9] = [
        Self::Unreachable,
        Self::Refused,
        Self::Unwritable,
        Self::Unopened,
        Self::NotAllowed,
        Self::Gone,
        Self::Expired,
        Self::Cancelled,
        Self::Restored,
    ];

    /// Its word, as it is stored and as the log has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::Unwritable => "unwritable",
            Self::Unopened => "unopened",
            Self::NotAllowed => "not allowed",
            Self::Gone => "gone",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Restored => "restored",
        }
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// How far a message got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It is to be sent.
    Queued {
        /// Why the last try failed, if there was one.
        last: Option<Failure>,
    },
    /// It was sent: somebody else is answerable for it.
    Sent {
        /// When.
        at: Timestamp,
    },
    /// It is not sent any more.
    GivenUp {
        /// Why.
        failure: Failure,
        /// Since when.
        at: Timestamp,
    },
}

/// What is kept of a message: all but its values and an address of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// What it says.
    pub says: Name,
    /// For which purpose.
    pub purpose: Name,
    /// Whether it has an address of its own.
    pub own_address: bool,
    /// In which language, if one was asked for.
    pub language: Option<String>,
    /// When it was put into the outbox.
    pub enqueued_at: Timestamp,
    /// From when on it is not sent any more.
    pub expires_at: Option<Timestamp>,
    /// How often it was tried.
    pub tries: u32,
    /// How far it got.
    pub progress: Progress,
}

impl Letter {
    pub(super) fn of(message: &Message, now: Timestamp) -> Self {
        Self {
            says: message.says.clone(),
            purpose: message.purpose.clone(),
            own_address: matches!(message.to, Recipient::Address(_)),
            language: message.language.clone(),
            enqueued_at: now,
            expires_at: message.expires_at,
            tries: 0,
            progress: Progress::Queued { last: None },
        }
    }

    /// The letter after a try, or an end.
    ///
    /// # Errors
    /// [`ENDED`](super::ENDED).
    pub(super) fn with(self, progress: Progress, tried: bool) -> Result<Self> {
        match self.progress {
            Progress::Queued { .. } => {
                let tries = self.tries.saturating_add(u32::from(tried));
                Ok(Self { tries, progress, ..self })
            }
            _ => super::ENDED.err(),
        }
    }
}
