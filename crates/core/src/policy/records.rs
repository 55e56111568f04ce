//! The kinds of records that the SDK itself makes, and how long the policy keeps each.
//!
//! A record is a row with personal data that nobody registered: a data subject's request is the
//! first. A new kind is an entry of [`KINDS`]; every policy has to say then how long it is kept.

use crate::name::Name;

use super::ask::Refusal;
use super::model::{Policy, RetentionRule};

/// What the names of the SDK's own classes and sealed items begin with; no policy declares such a
/// name.
pub const RESERVED: &str = "tacenda.";

/// A kind of records.
#[derive(Debug, PartialEq, Eq)]
pub struct RecordKind {
    /// The key of the section `[records]` that says how long they are kept.
    pub key: &'static str,
    /// The kind of their rows.
    pub kind: Name,
    /// The class of their rows, and so of their keys.
    pub class: Name,
    /// What they are, for whoever writes a policy.
    pub what: &'static str,
}

/// Data subjects' requests (Art. 12, 15 to 22 and 7(3) GDPR).
pub static REQUESTS: RecordKind = RecordKind {
    key: "requests",
    kind: Name::fixed("request"),
    class: Name::fixed("tacenda.requests"),
    what: "the files of data subjects' requests, from the day on which each is closed",
};

/// Legal holds (Art. 17(3) GDPR).
pub static HOLDS: RecordKind = RecordKind {
    key: "holds",
    kind: Name::fixed("hold"),
    class: Name::fixed("tacenda.holds"),
    what: "legal holds, from the day on which each is released",
};

/// The state of an open hold of everything about its subject, also of what is added later.
pub const HELD_WHOLE: Name = Name::fixed("whole");

/// What the log says of a hold that keeps nothing any more: each is the action of a leaf.
pub const HOLDS_ENDED: [Name; 4] = [
    Name::fixed("hold.released"),
    Name::fixed("hold.settled"),
    Name::fixed("hold.restated"),
    Name::fixed("hold.freed"),
];

/// Restrictions of processing (Art. 18 GDPR).
pub static RESTRICTIONS: RecordKind = RecordKind {
    key: "restrictions",
    kind: Name::fixed("restriction"),
    class: Name::fixed("tacenda.restrictions"),
    what: "restrictions of processing, from the day on which each is lifted",
};

/// Proofs of consent (Art. 7(1) GDPR).
pub static CONSENTS: RecordKind = RecordKind {
    key: "consents",
    kind: Name::fixed("consent"),
    class: Name::fixed("tacenda.consents"),
    what: "proofs of consent, from the day on which each was withdrawn",
};

/// Objections (Art. 21 GDPR).
pub static OBJECTIONS: RecordKind = RecordKind {
    key: "objections",
    kind: Name::fixed("objection"),
    class: Name::fixed("tacenda.objections"),
    what: "objections and what was decided of them, from the day on which each ended",
};

/// Grants of staff: who may act in which role, with which certificate, until when.
///
/// # Law
/// Art. 29 and 32(4) GDPR.
pub static GRANTS: RecordKind = RecordKind {
    key: "staff",
    kind: Name::fixed("grant"),
    class: Name::fixed("tacenda.staff"),
    what: "grants of staff, from the day on which each was revoked or has run out",
};

/// The state of a grant that was not revoked; it counts until it is due.
pub const GRANTED: Name = Name::fixed("granted");

/// The state of a grant that rows of a backup brought back: it may have been revoked since, and counts
/// once it is confirmed.
pub const UNCONFIRMED: Name = Name::fixed("unconfirmed");

/// Messages to people: on their way, and sent.
pub static OUTBOX: RecordKind = RecordKind {
    key: "outbox",
    kind: Name::fixed("message"),
    class: Name::fixed("tacenda.outbox"),
    what: "messages to people, from the day on which each was sent or given up",
};

/// The register of breaches (Art. 33(5) GDPR).
pub static BREACHES: RecordKind = RecordKind {
    key: "breaches",
    kind: Name::fixed("breach"),
    class: Name::fixed("tacenda.breaches"),
    what: "the register of breaches, from the day on which each is closed",
};

/// Whom each breach affects, and how far they were told.
pub static BREACH_PEOPLE: RecordKind = RecordKind {
    key: "breach_people",
    kind: Name::fixed("breach_person"),
    class: Name::fixed("tacenda.breach_people"),
    what: "the lists of the people whom a breach affects, from the day on which it is closed",
};

/// Whom no import brings back, if the policy has such a list.
pub static SUPPRESSIONS: RecordKind = RecordKind {
    key: "suppressions",
    kind: Name::fixed("suppression"),
    class: Name::fixed("tacenda.suppressions"),
    what: "keyed tokens of people erased on request, whom no import brings back, from that day",
};

/// Who pays how, by the provider's references (S3, S4).
pub static PAYERS: RecordKind = RecordKind {
    key: "payers",
    kind: Name::fixed("payer"),
    class: Name::fixed("tacenda.payers"),
    what: "references to customers at the payment provider, from the day on which each was deleted there",
};

/// Debits: what was asked of the provider, and what became of it (S6).
pub static DEBITS: RecordKind = RecordKind {
    key: "debits",
    kind: Name::fixed("debit"),
    class: Name::fixed("tacenda.debits"),
    what: "debits, from the day on which each was settled; a mandate can be denied for 13 months",
};

/// What the provider told of payments afterwards (S14).
pub static PAYMENT_EVENTS: RecordKind = RecordKind {
    key: "payment_events",
    kind: Name::fixed("payment_event"),
    class: Name::fixed("tacenda.payment_events"),
    what: "events of payments, from the day on which each came",
};

/// Invoices, as long as the law asks for them.
pub static INVOICES: RecordKind = RecordKind {
    key: "invoices",
    kind: Name::fixed("invoice"),
    class: Name::fixed("tacenda.invoices"),
    what: "invoices, from the day on which each was issued; name the law that keeps them",
};

/// All kinds.
pub static KINDS: &[&RecordKind] = &[
    &REQUESTS,
    &HOLDS,
    &RESTRICTIONS,
    &CONSENTS,
    &OBJECTIONS,
    &GRANTS,
    &OUTBOX,
    &BREACHES,
    &BREACH_PEOPLE,
    &SUPPRESSIONS,
    &PAYERS,
    &DEBITS,
    &PAYMENT_EVENTS,
    &INVOICES,
];

impl RecordKind {
    /// The kind whose rows have this class.
    #[must_use]
    pub fn of_class(class: &Name) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.class == *class).copied()
    }

    /// The kind of these rows, if they are records.
    #[must_use]
    pub fn of_rows(kind: &Name) -> Option<&'static Self> {
        KINDS.iter().find(|record| record.kind == *kind).copied()
    }

    /// Whether the name of a class is kept for records, of this release or of another.
    #[must_use]
    pub fn is_reserved(class: &Name) -> bool {
        class.as_str().starts_with(RESERVED)
    }

    /// Whether the policy may do without them: without a line for suppressions nobody is suppressed, and
    /// without one for debits none is written, and so none is made.
    #[must_use]
    pub fn is_optional(&self) -> bool {
        [&SUPPRESSIONS, &PAYERS, &DEBITS, &PAYMENT_EVENTS, &INVOICES]
            .iter()
            .any(|kind| kind.key == self.key)
    }

    /// Whether the policy has to say for which purposes they are read, and so which roles work on
    /// them: words of people or of staff stand in them. A proof of consent holds none, and a message
    /// is opened by whoever delivers it, for the purpose that it names; a suppression is a token.
    #[must_use]
    pub fn names_purposes(&self) -> bool {
        ![CONSENTS.key, OUTBOX.key, SUPPRESSIONS.key].contains(&self.key)
    }
}

impl Policy {
    /// How long records of a kind are kept once they are closed.
    #[must_use]
    pub fn record_rule(&self, kind: &RecordKind) -> Option<&RetentionRule> {
        self.records.get(kind.key)
    }

    /// Whether records of a kind are read for a purpose at all.
    ///
    /// # Errors
    /// [`Refusal::NotForRecords`].
    ///
    /// # Law
    /// Art. 5(1)(b) GDPR.
    pub fn may_read_records(&self, kind: &RecordKind, purpose: &Name) -> Result<(), Refusal> {
        match self.record_purposes.get(kind.key) {
            Some(purposes) if !purposes.contains(purpose) => Err(Refusal::NotForRecords {
                purpose: purpose.clone(),
                records: Name::fixed(kind.key),
            }),
            _ => Ok(()),
        }
    }

    /// Whether a role works on records of a kind: it may read them for some purpose.
    ///
    /// # Errors
    /// [`Refusal::UnknownRole`], [`Refusal::RoleWithoutRecords`].
    pub fn may_work_on(&self, kind: &RecordKind, role: &Name) -> Result<(), Refusal> {
        let Some(declared) = self.roles.get(role) else { return Err(Refusal::UnknownRole) };
        match self.record_purposes.get(kind.key) {
            Some(purposes) if purposes.is_disjoint(&declared.purposes) => {
                Err(Refusal::RoleWithoutRecords {
                    role: role.clone(),
                    records: Name::fixed(kind.key),
                })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn kinds_are_told_apart_and_their_classes_are_reserved() {
        let of = |part: fn(&RecordKind) -> &str| -> BTreeSet<&str> {
            KINDS.iter().map(|kind| part(kind)).collect()
        };
        let all = KINDS.len();
        assert_eq!(of(|kind| kind.key).len(), all);
        assert_eq!(of(|kind| kind.kind.as_str()).len(), all);
        assert_eq!(of(|kind| kind.class.as_str()).len(), all);
        for kind in KINDS {
            assert!(RecordKind::is_reserved(&kind.class));
            assert_eq!(RecordKind::of_class(&kind.class), Some(*kind));
            assert_eq!(RecordKind::of_rows(&kind.kind), Some(*kind));
            // Kinds of profiles and archives begin with these.
            let own = ["profile", "archive", "job"].map(|of| kind.kind.as_str().starts_with(of));
            assert_eq!(own, [false; 3]);
        }
        assert_eq!(RecordKind::of_class(&Name::fixed("account")), None);
        assert_eq!(RecordKind::of_rows(&Name::fixed("profile.account")), None);
    }
}
