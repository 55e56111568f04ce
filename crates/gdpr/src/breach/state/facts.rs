//! What is known of a breach: its nature, when it was, how it was found, how many it concerns.

use std::collections::{BTreeMap, BTreeSet};

use tacenda_core::pii::Country;
use tacenda_core::policy::{OperatorRole, PromiseNature};
use tacenda_core::{Name, Result, Timestamp};

use super::super::codes::{BAD_NATURE, BAD_PERIOD};
use crate::case::{Note, choice};

/// What became of the data (Art. 4(12) GDPR).
///
/// # Properties
/// At least one of the three; a theft is one of confidentiality.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nature {
    pub(super) confidentiality: bool,
    pub(super) integrity: bool,
    pub(super) availability: bool,
    pub(super) theft: bool,
}

impl Nature {
    /// Data taken by somebody who should not have it.
    pub const THEFT: Self =
        Self { confidentiality: true, integrity: false, availability: false, theft: true };

    /// From what was lost, and whether somebody took the data.
    ///
    /// # Errors
    /// [`BAD_NATURE`] if nothing was lost, or if data was taken and confidentiality was not lost.
    pub fn new(
        confidentiality: bool,
        integrity: bool,
        availability: bool,
        theft: bool,
    ) -> Result<Self> {
        let nature = Self { confidentiality, integrity, availability, theft };
        let nothing = !(confidentiality || integrity || availability);
        if nothing || (theft && !confidentiality) { BAD_NATURE.err() } else { Ok(nature) }
    }

    /// Whether confidentiality was lost: disclosed, or accessed without right.
    #[must_use]
    pub const fn confidentiality(self) -> bool {
        self.confidentiality
    }

    /// Whether integrity was lost: altered.
    #[must_use]
    pub const fn integrity(self) -> bool {
        self.integrity
    }

    /// Whether availability was lost: out of reach, or destroyed.
    #[must_use]
    pub const fn availability(self) -> bool {
        self.availability
    }

    /// Whether somebody took the data.
    #[must_use]
    pub const fn theft(self) -> bool {
        self.theft
    }

    /// Whether a promise about such breaches is about this one.
    #[must_use]
    pub const fn matches(self, promise: PromiseNature) -> bool {
        match promise {
            PromiseNature::Theft => self.theft,
            PromiseNature::Disclosure => self.confidentiality,
            _ => true,
        }
    }
}

/// When it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occurrence {
    /// At one time.
    At(Timestamp),
    /// From one time to another; see [`Occurrence::between`].
    Between(Timestamp, Timestamp),
    /// Since a time, and still.
    Since(Timestamp),
    /// It cannot be found out.
    Unknowable,
    /// Not known yet.
    Open,
}

impl Occurrence {
    /// From one time to another.
    ///
    /// # Errors
    /// [`BAD_PERIOD`] if it ends before it begins.
    pub fn between(from: Timestamp, to: Timestamp) -> Result<Self> {
        if to < from { BAD_PERIOD.err() } else { Ok(Self::Between(from, to)) }
    }
}

/// How many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Exactly so many.
    Exact(u64),
    /// About so many.
    About(u64),
    /// It cannot be found out.
    Unknowable,
    /// Not known yet.
    Open,
}

impl Count {
    /// The number, if there is one.
    #[must_use]
    pub const fn number(self) -> Option<u64> {
        match self {
            Self::Exact(n) | Self::About(n) => Some(n),
            Self::Unknowable | Self::Open => None,
        }
    }
}

choice! {
    /// How it was discovered; in the order of field 50 of the template.
    Discovery {
        /// By the operator itself.
        Ourselves = "ourselves",
        /// A processor said so.
        Processor = "processor",
        /// Somebody whose data it is said so.
        DataSubject = "data subject",
        /// Somebody else said so.
        Outsider = "outsider",
        /// The press.
        Press = "press",
        /// In another way.
        Other = "other",
    }

    /// Where it came from; in the order of field 61.
    Cause {
        /// From inside, without intent.
        Inside = "inside",
        /// From inside, with intent.
        InsideMalicious = "inside malicious",
        /// From outside, without intent.
        Outside = "outside",
        /// From outside, with intent.
        OutsideMalicious = "outside malicious",
        /// Not known yet.
        Open = "open",
        /// Unknown.
        Unknown = "unknown",
    }

    /// What happened; the 25 types of field 60, in its order.
    Incident {
        /// Somebody with access abused it.
        AbuseOfAccess = "abuse of access",
        /// Ransomware.
        Ransomware = "ransomware",
        /// Hacking or malware.
        Hacking = "hacking",
        /// Phishing or social engineering.
        Phishing = "phishing",
        /// A weakness of software was exploited.
        Vulnerability = "vulnerability",
        /// Access to a system without right.
        UnauthorisedAccess = "unauthorised access",
        /// Data was carried off.
        Exfiltration = "exfiltration",
        /// Records of one person shown as another's.
        MixUp = "mix-up",
        /// A device lost or stolen.
        LostDevice = "lost device",
        /// Data left on a discarded device.
        DiscardedDevice = "discarded device",
        /// Paper thrown away without care.
        DiscardedPaper = "discarded paper",
        /// Post or mail lost, opened or misdelivered.
        LostMail = "lost mail",
        /// A system set up wrongly.
        Misconfiguration = "misconfiguration",
        /// Access granted too widely.
        WrongPermissions = "wrong permissions",
        /// Paper lost, stolen or left lying.
        LostPaper = "lost paper",
        /// Data deleted or destroyed.
        Destroyed = "destroyed",
        /// Data shown to the wrong person.
        WrongDisplay = "wrong display",
        /// Data sent to the wrong person.
        WrongRecipient = "wrong recipient",
        /// A mail that shows its recipients to each other.
        OpenList = "open list",
        /// A technical failure.
        Malfunction = "malfunction",
        /// Data altered without right.
        Altered = "altered",
        /// Data published by mistake.
        Published = "published",
        /// Told by word of mouth.
        Spoken = "spoken",
        /// Not known yet.
        Open = "open",
        /// Something else.
        Other = "other",
    }

    /// Whose data it is; in the order of field 65.
    People {
        /// Customers, former and possible ones too.
        Customers = "customers",
        /// Employees and candidates.
        Employees = "employees",
        /// Military or police.
        Forces = "forces",
        /// Minors.
        Minors = "minors",
        /// Patients.
        Patients = "patients",
        /// Students.
        Students = "students",
        /// Subscribers.
        Subscribers = "subscribers",
        /// Users.
        Users = "users",
        /// People in need of protection.
        Vulnerable = "vulnerable",
        /// Others.
        Others = "others",
        /// Not known yet.
        Open = "open",
    }
}

impl Cause {
    /// Whether somebody meant it.
    #[must_use]
    pub const fn is_malicious(self) -> bool {
        matches!(self, Self::InsideMalicious | Self::OutsideMalicious)
    }
}

/// What is known of a breach. Later facts are added beside the earlier ones.
///
/// # Law
/// Art. 33(3)(a) and 33(5) GDPR.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// What became of the data.
    pub nature: Nature,
    /// In which of the operator's roles it concerns it; at least one.
    pub roles: BTreeSet<OperatorRole>,
    /// The classes concerned; empty while they are not known.
    pub classes: BTreeSet<Name>,
    /// When it happened.
    pub occurred: Occurrence,
    /// How it was discovered.
    pub discovery: Discovery,
    /// What happened.
    pub incident: Incident,
    /// Where it came from.
    pub cause: Cause,
    /// Whose data it is; at least one in a complete notice.
    pub people: BTreeSet<People>,
    /// How many people.
    pub affected: Count,
    /// How many records.
    pub records: Count,
    /// Where the people live, with how many there.
    pub countries: BTreeMap<Country, u64>,
    /// What happened, in words.
    pub description: Note,
}
