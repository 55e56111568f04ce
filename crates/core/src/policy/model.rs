//! The parsed policy: plain data, made only by the parser, so that what holds of one holds of all.

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::MonthDay;
use crate::clock::Span;
use crate::name::Name;

use super::basis::LawfulBasis;
use super::breach::BreachPolicy;
use super::catalogue::StatutoryPeriod;
use super::item_type::ItemType;
use super::period::Period;
use super::staff::StaffPolicy;
use super::words::{
    About, Action, ActivityRole, AnchorEvent, CriminalCondition, EndRule, IbanMode, KeepGround,
    KeyScope, LegacyPasswords, ProcessorRole, SpecialCondition, StartRule, Transfer,
};

/// Declares plain structs with public fields that only this crate can build.
macro_rules! plain {
    ($($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $field:ident : $type:ty),+ $(,)? })+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $name { $($(#[$doc])* pub $field: $type),+ }
    )+};
}

/// The same words in each language of the policy: BCP 47 tag to text.
pub type Texts = BTreeMap<String, String>;

/// A privacy policy: what may be kept, why, for how long, and who may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// Rises with every change of the content.
    pub version: u64,
    /// Languages of the texts, as BCP 47 tags; the first is the main one.
    pub languages: Vec<String>,
    /// The controller's time zone, an IANA name; periods end at its midnight.
    pub time_zone: String,
    /// The last day of the financial year.
    pub financial_year_end: MonthDay,
    /// Who determines purposes and means (Art. 4(7) GDPR).
    pub controller: Party,
    /// With whom it does so (Art. 26).
    pub joint_controllers: Vec<Party>,
    /// Its representative in the Union, if it is established outside (Art. 27).
    pub representative: Option<Party>,
    /// The data protection officer, or whom to ask (Art. 37, 13(1)(b)).
    pub dpo: Contact,
    /// For whom the service is.
    pub audience: Audience,
    /// The tamper-evident log.
    pub log: LogPolicy,
    /// Conditions that an account can meet, set by a typed call, with what they mean.
    pub facts: BTreeMap<Name, Texts>,
    /// Laws that oblige or allow to keep data: those that the policy states, and those of the
    /// catalogue that it uses, under their [`name`](StatutoryPeriod::name).
    pub laws: BTreeMap<Name, Law>,
    /// What the operator does, and in which role.
    pub activities: BTreeMap<Name, Activity>,
    /// All data items. Nothing else can be kept.
    pub items: BTreeMap<Name, Item>,
    /// All classes.
    pub classes: BTreeMap<Name, Class>,
    /// All purposes. Nothing is read for any other.
    pub purposes: BTreeMap<Name, Purpose>,
    /// The texts by which people are asked for their consent.
    pub consents: BTreeMap<Name, super::consent::ConsentText>,
    /// Roles of staff and services.
    pub roles: BTreeMap<Name, Role>,
    /// Processors and other recipients.
    pub processors: BTreeMap<Name, Processor>,
    /// Dated backups, if there are any.
    pub backups: Option<Backups>,
    /// How passwords are kept.
    pub passwords: PasswordPolicy,
    /// How far a sweep may go.
    pub sweep: SweepPolicy,
    /// What is kept of payments.
    pub payments: PaymentsPolicy,
    /// What is kept of imports.
    pub imports: ImportPolicy,
    /// Technical and organisational measures (Art. 32).
    pub measures: BTreeMap<Name, Measure>,
    /// What is stated about personal data breaches, if anything is.
    pub breach: Option<BreachPolicy>,
    /// What is stated about staff, if anything is.
    pub staff: Option<StaffPolicy>,
    /// How long the SDK's own records are kept, by the key of their kind
    /// ([`records::KINDS`](super::records::KINDS)); never without one of them.
    pub records: BTreeMap<Name, RetentionRule>,
    /// For which purposes records of a kind are read, by its key; where a kind is not named, for every
    /// purpose of a role.
    pub record_purposes: BTreeMap<Name, BTreeSet<Name>>,
    /// A copy of the item by which an account is found; follows from the items.
    pub(super) identifier: Item,
}

plain! {
    /// An organisation with its contact details (Art. 13(1)(a), 30(1)(a) GDPR).
    Party {
        /// Its legal name.
        name: String,
        /// Its postal address.
        address: String,
        /// Its country, ISO 3166-1 alpha-2.
        country: String,
        /// Its e-mail address.
        email: String,
        /// Whether the service itself says so, or an example fills a gap.
        example: bool,
    }

    /// Whom to ask about personal data.
    Contact {
        /// The function or name.
        name: String,
        /// The e-mail address.
        email: String,
    }

    /// For whom the service is.
    ///
    /// # Law
    /// Art. 8 GDPR sets the age of consent to online services at 16, or 13 to 15 where a member
    /// state says so. Children are people under 18 (Convention on the Rights of the Child, Art. 1).
    Audience {
        /// Whether it is offered to children.
        children: bool,
        /// The lowest age of a customer in years.
        minimum_age: Option<u8>,
        /// Whether the service itself says so, or an example fills a gap.
        example: bool,
    }

    /// The tamper-evident log.
    LogPolicy {
        /// Origin of its checkpoints and name of its key (C2SP tlog-checkpoint, signed-note).
        origin: String,
        /// How long the texts of its leaves are kept; their hashes stay.
        keep: Period,
        /// Whether the service itself says so, or an example fills a gap.
        example: bool,
    }

    /// A law that rules, purposes and bases refer to by name.
    Law {
        /// How it is cited.
        citation: String,
        /// Country or union whose law it is: ISO 3166-1 alpha-2, or `EU`; `*` for a rule of the
        /// catalogue that holds anywhere.
        country: String,
        /// The exception by which it keeps data against a request to erase; none for an entry of the
        /// catalogue that bounds or advises.
        ground: Option<KeepGround>,
        /// The entry of the catalogue that it is, unless the policy states it itself.
        catalogue: Option<&'static StatutoryPeriod>,
    }

    /// Something that the operator does with personal data.
    Activity {
        /// Its name in the policy.
        name: Name,
        /// In which role.
        role: ActivityRole,
        /// What it is.
        description: Texts,
    }

    /// A data item: one value per row of its class.
    Item {
        /// Its name in the policy.
        name: Name,
        /// Its type.
        item_type: ItemType,
        /// Its data category, a fideslang key.
        category: String,
        /// Whom it is about.
        about: About,
        /// The class that lists it.
        class: Name,
        /// Whether a subject cannot be registered without it.
        required: bool,
        /// Other items that make it required as soon as one of them is given.
        required_with: BTreeSet<Name>,
        /// Whether no two subjects may have the same one.
        unique: bool,
        /// Whether the service itself says so, or an example fills a gap.
        example: bool,
    }

    /// Data items that share a fate: a key, an anchor per state, and retention rules.
    Class {
        /// Its name in the policy.
        name: Name,
        /// Its items, in the order of the policy.
        items: Vec<Name>,
        /// Which event sets its clock, in each state of the account.
        anchors: Anchors,
        /// How far one key reaches.
        key: KeyScope,
        /// Its retention rules; the latest end wins.
        rules: Vec<RetentionRule>,
    }

    /// Which event sets the clock of a class; `None` means that it has not started.
    Anchors {
        /// While the account is open.
        open: Option<AnchorEvent>,
        /// Once it is closed. Never `None` in a parsed policy: what is never due is kept for ever.
        closed: Option<AnchorEvent>,
    }

    /// How long the rows of a class are kept.
    ///
    /// # Law
    /// Art. 5(1)(e) GDPR.
    RetentionRule {
        /// For how long.
        keep: Period,
        /// From when.
        start: StartRule,
        /// To which day.
        end: EndRule,
        /// Under which law, if one asks for it.
        law: Option<Name>,
        /// What happens then.
        action: Action,
        /// A statutory duty: an erasure request archives instead (Art. 17(3)(b) GDPR).
        archive: bool,
        /// How long before that the subject is warned.
        warn_before: Option<Period>,
        /// Whether the service itself says so, or an example fills a gap.
        example: bool,
    }

    /// Why items are read.
    ///
    /// # Law
    /// Art. 5(1)(b), 13(1)(c) GDPR.
    Purpose {
        /// Its name in the policy.
        name: Name,
        /// The activity that it belongs to.
        activity: Name,
        /// What customers are told.
        description: Texts,
        /// Its lawful basis.
        basis: LawfulBasis,
        /// The items that it may see.
        items: BTreeSet<Name>,
        /// The fact that an account must meet (`if`).
        condition: Option<Name>,
        /// The condition of Art. 9(2), if it sees a special category.
        special: Option<SpecialCondition>,
        /// The condition of Art. 10, if it sees criminal convictions or offences.
        criminal: Option<CriminalCondition>,
        /// Laws under which it may read archived data.
        archive_of: BTreeSet<Name>,
        /// Whether it is direct marketing: an objection ends it for good (Art. 21(2) and (3)).
        marketing: bool,
        /// The version of the policy with which it came, if not the first: people are told (Art. 13(3)).
        since: Option<u64>,
        /// Whether the service itself says so, or an example fills a gap.
        example: bool,
    }

    /// What staff or a service may do.
    Role {
        /// Its name in the policy.
        name: Name,
        /// The purposes for which it may read.
        purposes: BTreeSet<Name>,
    }

    /// Somebody else who is given data, or stores it.
    ///
    /// # Law
    /// Art. 28, 30(1)(d) and (e), 44 to 49 GDPR.
    Processor {
        /// Its name in the policy.
        name: Name,
        /// Its legal name.
        legal_name: String,
        /// Its country, ISO 3166-1 alpha-2.
        country: String,
        /// Countries in which it keeps or sees the data.
        locations: BTreeSet<String>,
        /// In which role.
        role: ProcessorRole,
        /// What it does.
        service: Texts,
        /// The contract (Art. 28(3)), as it is cited.
        contract: String,
        /// On what a transfer rests.
        transfer: Transfer,
        /// Items that it is given; may be empty, never unsaid.
        discloses: BTreeSet<Name>,
        /// Items that come from it (Art. 14(2)(f)).
        returns: BTreeSet<Name>,
        /// Purposes for which it is given them.
        purposes: BTreeSet<Name>,
        /// Whether the service itself says so, or an example fills a gap.
        example: bool,
    }

    /// Dated backups: rows and log, encrypted, without keys.
    Backups {
        /// How often one is made.
        every: Period,
        /// How long each is kept.
        keep: Period,
        /// Whose disks they lie on.
        processor: Option<Name>,
        /// In which country, ISO 3166-1 alpha-2.
        country: String,
        /// The fact that an account must meet to be in them (`if`).
        condition: Option<Name>,
    }

    /// How passwords are kept: Argon2id (RFC 9106), never below the floor.
    PasswordPolicy {
        /// Memory in KiB.
        memory_kib: u32,
        /// Passes over the memory.
        passes: u32,
        /// Lanes.
        lanes: u32,
        /// Which digests of another system may be imported.
        legacy: LegacyPasswords,
    }

    /// How far a sweep may go before a person must confirm its plan.
    SweepPolicy {
        /// The largest share of the rows of a class that one sweep may erase, in parts per thousand.
        max_share: u16,
        /// Up to this number of rows a sweep runs whatever its share.
        min_rows: u64,
        /// How far the clock may be ahead of the last leaf.
        max_clock_ahead: Span,
        /// Rows per transaction.
        batch: u32,
        /// The purpose for which somebody is warned whose data is about to be erased for want of use.
        warn_for: Option<Name>,
        /// Whether the service itself says so, or an example fills a gap.
        example: bool,
    }

    /// What is kept of payments.
    PaymentsPolicy {
        /// Who holds the full IBAN.
        iban: IbanMode,
        /// The payment provider, one of the processors.
        provider: Option<Name>,
        /// The SEPA creditor identifier.
        creditor: Option<String>,
    }

    /// What is kept of imports.
    ImportPolicy {
        /// How long the keyed fingerprints of imported records are kept.
        keep_fingerprints: Period,
        /// Whether the service itself says so, or an example fills a gap.
        example: bool,
    }

    /// A technical or organisational measure (Art. 32, 30(1)(g) GDPR).
    Measure {
        /// Its name in the policy.
        name: Name,
        /// The promises that it keeps, as the operator numbers them.
        statements: BTreeSet<String>,
        /// What customers are told.
        text: Texts,
        /// Tools that keep it.
        tools: BTreeSet<String>,
    }
}
