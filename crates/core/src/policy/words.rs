//! The fixed words of the policy: every closed choice that `privacy.toml` offers.

/// Declares an enum whose variants are words in the policy file, with their text in one place.
macro_rules! words {
    ($($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)? })+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum $name { $($(#[$doc])* $variant),+ }

        impl $name {
            /// Every choice, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The words of [`Self::ALL`], as the policy file has them.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// The word in the policy file.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The choice that a word stands for; `None` for any other text.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    )+};
}

words! {
    /// Whom a data item is about: a request can blank the person and leave the company's account.
    ///
    /// # Law
    /// Recital 14 GDPR: data on legal persons is outside the Regulation. A sole trader's company
    /// name or VAT number is personal data (Art. 4(1)); when in doubt, say `person`.
    About {
        /// A natural person.
        Person = "person",
        /// An organisation.
        Organisation = "organisation",
    }

    /// The event that sets the clock of a class.
    AnchorEvent {
        /// The registration of the subject.
        Registered = "registered",
        /// The last login; the registration for an account that has never logged in.
        LastLogin = "last login",
        /// The closing of the account.
        Closed = "closed",
        /// The creation of the row itself.
        Created = "created",
    }

    /// How far one data key reaches.
    KeyScope {
        /// One key per subject and class.
        Subject = "subject",
        /// One key per subject, class and year of creation; destroyed with the year's last row.
        Year = "year",
    }

    /// Where a retention period starts, once the anchor is known.
    StartRule {
        /// At the anchor itself.
        Event = "event",
        /// At the end of the financial year in which the anchor lies.
        EndOfFinancialYear = "end of financial year",
        /// At the end of the calendar year in which the anchor lies.
        EndOfCalendarYear = "end of calendar year",
        /// At the end of the calendar year in which the financial year of the anchor ends.
        EndOfCalendarYearOfFinancialYear = "end of calendar year of financial year",
    }

    /// On which day a retention period ends.
    EndRule {
        /// On the day that the period gives.
        SameDay = "same day",
        /// On 31 December of the year that the period gives.
        EndOfCalendarYear = "end of calendar year",
    }

    /// On which exception a law rests that keeps data against a request to erase.
    ///
    /// # Law
    /// Art. 17(3) GDPR.
    KeepGround {
        /// (b): the controller is obliged to keep it.
        LegalObligation = "legal obligation",
        /// (e): legal claims are established, exercised or defended with it, as long as they are not
        /// barred.
        LegalClaims = "legal claims",
    }

    /// What happens when a retention period has ended.
    Action {
        /// The rows go and their key is destroyed.
        Erase = "erase",
    }

    /// In which role the operator processes data in one of its activities.
    ///
    /// # Law
    /// Art. 4(7) and (8), Art. 26 GDPR.
    ActivityRole {
        /// It determines purposes and means.
        Controller = "controller",
        /// It determines them together with others, who are listed.
        JointController = "joint controller",
        /// It processes on behalf of its customers, on their instructions.
        Processor = "processor",
    }

    /// In which role somebody else receives data.
    ProcessorRole {
        /// On our instructions (Art. 28 GDPR).
        Processor = "processor",
        /// For purposes of its own as well; a recipient (Art. 4(9) GDPR).
        Controller = "controller",
    }

    /// On what a transfer to a third country rests.
    ///
    /// # Law
    /// Art. 44 to 49 GDPR.
    Transfer {
        /// There is none: the data stays in the European Economic Area.
        None = "none",
        /// An adequacy decision (Art. 45).
        Adequacy = "adequacy decision",
        /// Standard data protection clauses (Art. 46(2)(c), (d)).
        StandardClauses = "standard contractual clauses",
        /// Binding corporate rules (Art. 47).
        BindingRules = "binding corporate rules",
        /// A code of conduct (Art. 46(2)(e)).
        CodeOfConduct = "code of conduct",
        /// A certification (Art. 46(2)(f)).
        Certification = "certification",
        /// A derogation for specific situations (Art. 49(1)).
        Derogation = "derogation",
    }

    /// Why data of a special category may be processed.
    ///
    /// # Law
    /// Art. 9(2) GDPR, letters (a) to (j).
    SpecialCondition {
        /// (a) explicit consent.
        ExplicitConsent = "explicit consent",
        /// (b) employment, social security and social protection law.
        EmploymentLaw = "employment law",
        /// (c) vital interests of one who cannot consent.
        VitalInterests = "vital interests",
        /// (d) a foundation, association or other not-for-profit body, about its members.
        NotForProfit = "not-for-profit body",
        /// (e) the data subject has manifestly made the data public.
        MadePublic = "made public",
        /// (f) legal claims.
        LegalClaims = "legal claims",
        /// (g) substantial public interest.
        PublicInterest = "substantial public interest",
        /// (h) preventive or occupational medicine, care, treatment.
        HealthCare = "health care",
        /// (i) public health.
        PublicHealth = "public health",
        /// (j) archiving, research, statistics.
        Research = "archiving and research",
    }

    /// Why data on criminal convictions and offences may be processed.
    ///
    /// # Law
    /// Art. 10 GDPR.
    CriminalCondition {
        /// Under the control of official authority.
        OfficialAuthority = "official authority",
        /// Authorised by Union or Member State law with safeguards.
        AuthorisedByLaw = "authorised by law",
    }

    /// Who holds the full IBAN of a customer who pays by direct debit.
    IbanMode {
        /// The payment provider; here only country and last four are kept.
        Provider = "provider",
        /// The controller, sealed, because it collects by its own bank.
        Sealed = "sealed",
    }

    /// In which role of the operator a clock of a breach runs.
    ///
    /// # Law
    /// Art. 33(1) GDPR for the controller, 33(2) for the processor.
    OperatorRole {
        /// It determines purposes and means, alone or with others.
        Controller = "controller",
        /// It processes on behalf of controllers.
        Processor = "processor",
    }

    /// From which risk to the rights and freedoms of people on somebody is told of a breach.
    RiskThreshold {
        /// Of every breach.
        Any = "any",
        /// Unless a risk is unlikely (Art. 33(1) GDPR).
        Risk = "risk",
        /// If a high risk is likely (Art. 34(1)).
        High = "high risk",
    }

    /// From which step of a breach on a promise to customers binds.
    PromiseTrigger {
        /// As soon as a breach is suspected.
        Suspicion = "suspicion",
        /// Once the operator is aware of it.
        Awareness = "awareness",
    }

    /// Which breaches a promise to customers is about.
    PromiseNature {
        /// Data taken by somebody.
        Theft = "theft",
        /// Data seen by somebody who should not, taken or not.
        Disclosure = "disclosure",
        /// Any breach of security.
        Any = "any breach",
    }

    /// By which way a promise says that customers are told.
    PromiseChannel {
        /// By e-mail at the address of the account.
        AccountEmail = "account e-mail",
    }

    /// Whether staff act under a grant.
    StaffGrants {
        /// Under one that is in force, for their role and with their certificate, or not at all.
        Required = "required",
        /// By the word of whoever calls.
        NotRequired = "not required",
    }

    /// Which digests of another system may be imported in place of passwords.
    LegacyPasswords {
        /// None.
        None = "none",
        /// Unsalted SHA-256 of the password: sealed at once, wrapped in Argon2id by a job, replaced at
        /// the next login.
        Sha256 = "sha256",
    }

    /// The kind of a lawful basis: the letters of Art. 6(1) GDPR.
    Basis {
        /// Art. 6(1)(a).
        Consent = "consent",
        /// Art. 6(1)(b).
        Contract = "contract",
        /// Art. 6(1)(c).
        LegalObligation = "legal obligation",
        /// Art. 6(1)(d).
        VitalInterests = "vital interests",
        /// Art. 6(1)(e).
        PublicTask = "public task",
        /// Art. 6(1)(f).
        LegitimateInterests = "legitimate interests",
    }
}
