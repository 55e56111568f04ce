//! How a request comes in: what is asked for, by whom, through which channel, and when.

use std::collections::BTreeSet;
use std::fmt;

use tacenda_core::{Name, Rng, RowId, Timestamp};

use super::identity::Proof;
use super::rights::Right;
use crate::case::choice;

/// The number of a request: random, so that it can stand in letters, lists and calendars without
/// telling whose it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(RowId);

impl RequestId {
    /// A new request's number: 122 random bits.
    #[must_use]
    pub fn generate(rng: &dyn Rng) -> Self {
        Self(RowId::generate(rng))
    }

    /// From its 16 bytes, as they are stored.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(RowId::from_bytes(bytes))
    }

    /// Its 16 bytes, as they are stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestId({})", self.0)
    }
}

choice! {
    /// By which way something came or went. A request counts whatever its channel.
    Channel {
        /// By e-mail.
        Email = "e-mail",
        /// By letter.
        Letter = "letter",
        /// By phone.
        Phone = "phone",
        /// In person.
        InPerson = "in person",
        /// From a signed-in session of the account.
        Account = "account",
        /// By a social network or messenger.
        SocialMedia = "social media",
        /// In another way.
        Other = "other",
    }

    /// About whose items a request is. Data about an organisation alone is no personal data, and a
    /// request may still name it.
    Items {
        /// Those about the person.
        Person = "person",
        /// Those about the organisation.
        Organisation = "organisation",
        /// Both.
        Both = "both",
    }
}

impl Channel {
    /// Whether it is electronic: then so is the answer, unless the requester asks otherwise.
    ///
    /// # Law
    /// Art. 12(3), last sentence, and 15(3) GDPR.
    #[must_use]
    pub const fn is_electronic(self) -> bool {
        matches!(self, Self::Email | Self::Account | Self::SocialMedia)
    }
}

/// What a request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Whose items.
    pub items: Items,
    /// Which classes; all if it is empty.
    pub classes: BTreeSet<Name>,
}

impl Scope {
    /// Everything.
    pub const ALL: Self = Self { items: Items::Both, classes: BTreeSet::new() };
}

/// Who asks. A proof that is not there yet can be shown later; the request counts from receipt.
///
/// # Law
/// The Regulation is not about the dead (recital 27); what heirs may ask for is national law.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requester {
    /// The data subject.
    Subject,
    /// Somebody for them, with the proof of authority as far as it has been shown.
    Proxy(Option<Proof>),
    /// An heir, with the proof as far as it has been shown.
    Heir(Option<Proof>),
}

impl Requester {
    /// Its word.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Proxy(_) => "proxy",
            Self::Heir(_) => "heir",
        }
    }

    /// The proof of authority; `None` if there is none, or none is needed.
    #[must_use]
    pub const fn proof(&self) -> Option<&Proof> {
        match self {
            Self::Subject => None,
            Self::Proxy(proof) | Self::Heir(proof) => proof.as_ref(),
        }
    }

    /// Whether they may ask: the subject always, anybody else with a proof.
    #[must_use]
    pub const fn is_entitled(&self) -> bool {
        matches!(self, Self::Subject | Self::Proxy(Some(_)) | Self::Heir(Some(_)))
    }
}

/// A request as it comes in. Who logs it and when is the [`Stamp`](super::Stamp) of its first entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intake {
    /// Its number.
    pub id: RequestId,
    /// What is asked for.
    pub right: Right,
    /// Who asks.
    pub requester: Requester,
    /// By which way it came.
    pub channel: Channel,
    /// What it is about.
    pub scope: Scope,
    /// When it reached the controller, noticed or not: here its clock starts. It may lie in the past.
    pub received_at: Timestamp,
    /// The purpose that an objection is to, or from which consent is withdrawn, where it names one.
    pub purpose: Option<Name>,
}
