//! The 18 cases of EDPB Guidelines 01/2021: inputs of the method fixed from the facts of each case
//! first, and the Board's verdict beside them.

use tacenda_gdpr::breach::severity::{
    Availability, Confidentiality, DataClass, DataScore, Factor, Identification, Inputs, Integrity,
    Risk, Severity,
};

/// One case.
pub(crate) struct CaseStudy {
    pub(crate) number: u8,
    pub(crate) title: &'static str,
    /// From the facts of the case, in words.
    pub(crate) facts: &'static str,
    data: &'static [(DataClass, u8, &'static [Factor])],
    identification: Identification,
    circumstances: (Confidentiality, Integrity, Availability, bool),
    flags: (bool, bool),
    /// The verdict of the Board, as a risk.
    pub(crate) verdict: Risk,
    /// Why a person decides otherwise than the method suggests; `None` where it agrees.
    pub(crate) because: Option<&'static str>,
}

impl CaseStudy {
    pub(crate) fn severity(&self) -> Severity {
        let (confidentiality, integrity, availability, malicious) = self.circumstances;
        let score = |(class, points, factors): &(DataClass, u8, &[Factor])| {
            let factors: std::collections::BTreeSet<_> = factors.iter().copied().collect();
            DataScore::new(*class, *points, factors).unwrap()
        };
        let data = self.data.iter().map(score).collect();
        let (over_hundred, unintelligible) = self.flags;
        let inputs = Inputs {
            data,
            identification: self.identification,
            confidentiality,
            integrity,
            availability,
            malicious,
            over_hundred,
            unintelligible,
        };
        Severity::assess(inputs).unwrap()
    }
}

use Availability::{EasilyRestored as Restored, Full, Temporary};
use Confidentiality::{
    KnownRecipients as Known, NoMisuseSeen as Unseen, UnknownRecipients as Unknown,
};
use DataClass::{Financial, Sensitive, Simple};
use Identification::{Maximum, Negligible};
use Integrity::{NoMisuseSeen as Intact, Recoverable};

const NONE: &[Factor] = &[];

/// All of them, in their order.
pub(crate) const CASES: &[CaseStudy] = &[
    CaseStudy {
        number: 1,
        title: "Ransomware, backup, no exfiltration",
        facts: "encrypted at rest with the key safe, nothing flowed out, restored within hours",
        data: &[(Simple, 1, NONE)],
        identification: Negligible,
        circumstances: (Unseen, Intact, Restored, true),
        flags: (false, true),
        verdict: Risk::Unlikely,
        because: None,
    },
    CaseStudy {
        number: 2,
        title: "Ransomware, no proper backup",
        facts: "names and contacts of some dozens; entered again from paper in five working days",
        data: &[(Simple, 1, NONE)],
        identification: Maximum,
        circumstances: (Unseen, Intact, Temporary, true),
        flags: (false, false),
        verdict: Risk::Risk,
        because: Some("days without the data delayed what people had ordered"),
    },
    CaseStudy {
        number: 3,
        title: "Ransomware in a hospital, backup",
        facts: "health data; restored in two days, operations were postponed",
        data: &[(Sensitive, 4, NONE)],
        identification: Maximum,
        circumstances: (Unseen, Intact, Temporary, true),
        flags: (true, false),
        verdict: Risk::High,
        because: None,
    },
    CaseStudy {
        number: 4,
        title: "Ransomware, no backup, exfiltration",
        facts: "identity documents and card data of thousands were taken, and are lost",
        data: &[(Simple, 1, NONE), (Financial, 3, NONE)],
        identification: Maximum,
        circumstances: (Unknown, Intact, Full, true),
        flags: (true, false),
        verdict: Risk::High,
        because: None,
    },
    CaseStudy {
        number: 5,
        title: "Job applications taken from a website",
        facts: "213 forms with careers and contacts: enough of each person for a profile",
        data: &[(Simple, 2, &[Factor::Volume])],
        identification: Maximum,
        circumstances: (Unknown, Intact, Restored, true),
        flags: (true, false),
        verdict: Risk::High,
        because: None,
    },
    CaseStudy {
        number: 6,
        title: "Hashed passwords taken from a website",
        facts: "about 1,200 strong salted hashes and invented user names of a cooking site",
        data: &[(Simple, 1, NONE)],
        identification: Negligible,
        circumstances: (Unknown, Intact, Restored, true),
        flags: (true, true),
        verdict: Risk::Unlikely,
        because: None,
    },
    CaseStudy {
        number: 7,
        title: "Credential stuffing at a bank",
        facts: "about 2,000 accounts of a bank were entered",
        data: &[(Financial, 3, NONE)],
        identification: Maximum,
        circumstances: (Unknown, Intact, Restored, true),
        flags: (true, false),
        verdict: Risk::High,
        because: None,
    },
    CaseStudy {
        number: 8,
        title: "Business contacts taken by a former employee",
        facts: "contact data of clients, in the hands of one known person who meant it",
        data: &[(Simple, 1, NONE)],
        identification: Maximum,
        circumstances: (Known, Intact, Restored, true),
        flags: (false, false),
        verdict: Risk::Risk,
        because: Some("who took it means to use it, and what further use will be is not known"),
    },
    CaseStudy {
        number: 9,
        title: "Sent by mistake to a trusted third party",
        facts: "about two dozen clients, to an agent bound to secrecy who confirmed deletion",
        data: &[(Simple, 1, NONE)],
        identification: Maximum,
        circumstances: (Known, Intact, Restored, false),
        flags: (false, false),
        verdict: Risk::Unlikely,
        because: None,
    },
    CaseStudy {
        number: 10,
        title: "Stolen tablets, encrypted",
        facts: "data of children on devices that were encrypted, off, wiped, and backed up",
        data: &[(Simple, 4, &[Factor::Vulnerable])],
        identification: Negligible,
        circumstances: (Unseen, Intact, Restored, true),
        flags: (false, true),
        verdict: Risk::Unlikely,
        because: None,
    },
    CaseStudy {
        number: 11,
        title: "Stolen notebook, not encrypted",
        facts: "names, addresses and birth dates of more than 100,000 customers, no password",
        data: &[(Simple, 1, NONE)],
        identification: Maximum,
        circumstances: (Unknown, Intact, Restored, true),
        flags: (true, false),
        verdict: Risk::High,
        because: Some(
            "birth dates of so many allow identity theft; the method does not score how many",
        ),
    },
    CaseStudy {
        number: 12,
        title: "Stolen paper files of a rehabilitation centre",
        facts: "health data on paper, without a copy",
        data: &[(Sensitive, 4, NONE)],
        identification: Maximum,
        circumstances: (Unknown, Intact, Full, true),
        flags: (true, false),
        verdict: Risk::High,
        because: None,
    },
    CaseStudy {
        number: 13,
        title: "Two parcels mixed up",
        facts: "two orders of shoes with their bills went to each other's buyer",
        data: &[(Simple, 1, NONE)],
        identification: Maximum,
        circumstances: (Known, Intact, Restored, false),
        flags: (false, false),
        verdict: Risk::Unlikely,
        because: None,
    },
    CaseStudy {
        number: 14,
        title: "Data of job seekers mailed by mistake",
        facts: "60,000 people with social security numbers; that they seek work tells their status",
        data: &[(Simple, 2, &[Factor::Controller])],
        identification: Maximum,
        circumstances: (Known, Intact, Restored, false),
        flags: (true, false),
        verdict: Risk::High,
        because: Some(
            "social security numbers of 60,000 cannot be called back from so many mailboxes",
        ),
    },
    CaseStudy {
        number: 15,
        title: "List of participants mailed by mistake",
        facts: "15 former participants got a list of names; of two it told what they do not eat",
        data: &[(Simple, 1, NONE), (Sensitive, 2, &[Factor::Nature])],
        identification: Maximum,
        circumstances: (Known, Intact, Restored, false),
        flags: (false, false),
        verdict: Risk::Unlikely,
        because: Some("what two people do not eat allows no guess that would harm them"),
    },
    CaseStudy {
        number: 16,
        title: "Insurance letter to the wrong client",
        facts: "another client's contributions, birth date and vehicle in the same envelope",
        data: &[(Financial, 2, &[Factor::Nature])],
        identification: Maximum,
        circumstances: (Known, Intact, Restored, false),
        flags: (false, false),
        verdict: Risk::Risk,
        because: None,
    },
    CaseStudy {
        number: 17,
        title: "Identity theft at a call centre",
        facts: "a caller had the billing address of a telephone customer changed to his own",
        data: &[(Financial, 3, NONE)],
        identification: Maximum,
        circumstances: (Unknown, Recoverable, Restored, true),
        flags: (false, false),
        verdict: Risk::High,
        because: None,
    },
    CaseStudy {
        number: 18,
        title: "Mail carried off by forwarding rules",
        facts: "invoices, and the wages of 89 employees",
        data: &[(Financial, 3, NONE)],
        identification: Maximum,
        circumstances: (Unknown, Intact, Restored, true),
        flags: (false, false),
        verdict: Risk::High,
        because: None,
    },
];
