//! France, and what holds everywhere.

use super::words::Anchor::{
    Authorisation, Choice, CollectionDue, Connection, ContractEnd, Debit, Document, LastActivity,
    LastCollection, LastContact, LastEntry, LastInstalment, LogEntry, Objection, Performance,
    RelationshipEnd, Transaction, Unset,
};
use super::words::Confidence::{High, Medium};
use super::words::PeriodKind::{
    GuidanceMax, GuidanceMin, LegalMax, LegalMin, Limitation, None, Policy, Scheme, SchemeExpiry,
    SchemeMin,
};
use super::words::Start::{BeforeEvent, EndOfCalendarYear, EndOfFinancialYear, Event};
use super::{Length, StatutoryPeriod, entry, months, years};
use crate::calendar::Period;

const CNIL_COMMERCE: &str = "CNIL, référentiel gestion commerciale (2022)";
const CNIL_LOGS: &str = "CNIL, délibération 2021-122 of 14 October 2021";
const HOSTING: &str = "only for hosting providers within the meaning of the LCEN";

pub(super) static TABLE: &[StatutoryPeriod] = &[
    entry(
        ("FR", "invoice_and_accounting_document"),
        years(10),
        (EndOfFinancialYear, Document),
        LegalMin,
        "Code de commerce L123-22 al. 2",
        High,
    ),
    entry(
        ("FR", "tax_document"),
        years(6),
        (Event, LastEntry),
        LegalMin,
        "Livre des procédures fiscales L102 B",
        High,
    )
    .but("within the ten years of L123-22 for accounting documents"),
    entry(
        ("FR", "commercial_contract_and_correspondence_B2B"),
        years(5),
        (Event, ContractEnd),
        Limitation,
        "Code de commerce L110-4; Code civil 2224",
        High,
    ),
    entry(
        ("FR", "consumer_contract_concluded_online_ge_120_EUR"),
        years(10),
        (Event, Performance),
        LegalMin,
        "Code de la consommation L213-1, D213-1, D213-2",
        Medium,
    )
    .but("contracts with consumers only"),
    entry(
        ("FR", "prospect"),
        years(3),
        (Event, LastContact),
        GuidanceMax,
        "CNIL, référentiel gestion commerciale (2022), norme simplifiée NS-048 before it",
        High,
    ),
    entry(
        ("FR", "customer_for_marketing"),
        years(3),
        (Event, RelationshipEnd),
        GuidanceMax,
        CNIL_COMMERCE,
        High,
    ),
    entry(
        ("FR", "inactive_online_account"),
        years(2),
        (Event, LastActivity),
        GuidanceMax,
        CNIL_COMMERCE,
        High,
    )
    .but("the user is warned before"),
    entry(
        ("FR", "objection_suppression_list"),
        years(3),
        (Event, Objection),
        GuidanceMin,
        CNIL_COMMERCE,
        Medium,
    )
    .but("only what honours the objection; a keyed digest is enough"),
    entry(("FR", "application_log"), months(6), (Event, LogEntry), GuidanceMin, CNIL_LOGS, High),
    entry(
        ("FR", "application_log_extended"),
        months(12),
        (Event, LogEntry),
        GuidanceMax,
        CNIL_LOGS,
        High,
    )
    .but("36 months for documented internal control"),
    entry(
        ("FR", "hosting_user_civil_identity"),
        years(5),
        (Event, ContractEnd),
        LegalMin,
        "Décret 2021-1362 art. 2; LCEN art. 6; CPCE L34-1 II bis",
        High,
    )
    .but(HOSTING),
    entry(
        ("FR", "hosting_user_account_data"),
        years(1),
        (Event, ContractEnd),
        LegalMin,
        "Décret 2021-1362 art. 3",
        High,
    )
    .but(HOSTING),
    entry(
        ("FR", "hosting_user_payment_data"),
        years(1),
        (Event, ContractEnd),
        LegalMin,
        "Décret 2021-1362 art. 4",
        High,
    )
    .but(HOSTING),
    entry(
        ("FR", "hosting_connection_source"),
        years(1),
        (Event, Connection),
        LegalMin,
        "Décret 2021-1362 art. 5",
        High,
    )
    .but(HOSTING),
    entry(
        ("FR", "card_number_single_payment"),
        Length::UntilEvent,
        (Event, Transaction),
        GuidanceMax,
        "CNIL, délibération 2018-303, art. 4.1",
        High,
    )
    .but("the time to withdraw comes on top"),
    entry(
        ("FR", "card_number_subscription"),
        Length::UntilEvent,
        (Event, LastInstalment),
        GuidanceMax,
        "CNIL, délibération 2018-303, art. 4.1",
        High,
    ),
    entry(
        ("FR", "card_number_for_disputes"),
        months(13),
        (Event, Debit),
        GuidanceMax,
        "Code monétaire et financier L133-24; CNIL, délibération 2018-303, art. 4.2",
        High,
    )
    .but("in an intermediate archive"),
    entry(
        ("FR", "card_number_for_disputes_deferred_debit"),
        months(15),
        (Event, Debit),
        GuidanceMax,
        "CNIL, délibération 2018-303, art. 4.2",
        High,
    )
    .but("in an intermediate archive"),
    entry(
        ("FR", "job_applicant_rejected"),
        years(2),
        (Event, LastContact),
        GuidanceMax,
        "CNIL, guide du recrutement (2023, 2025)",
        High,
    ),
    entry(
        ("FR", "cookie_consent_choice"),
        months(6),
        (Event, Choice),
        GuidanceMax,
        "CNIL, lignes directrices cookies (2020)",
        Medium,
    ),
    entry(
        ("*", "card_verification_value"),
        Length::UntilEvent,
        (Event, Authorisation),
        LegalMax,
        "PCI DSS 4.0.1, 3.3.1.2; CNIL, délibération 2018-303, art. 4",
        High,
    ),
    entry(
        ("*", "card_track_and_pin"),
        Length::UntilEvent,
        (Event, Authorisation),
        LegalMax,
        "PCI DSS 4.0.1, 3.3.1.1 and 3.3.1.3",
        High,
    ),
    entry(
        ("EU", "OSS_transaction_record"),
        years(10),
        (EndOfCalendarYear, Transaction),
        LegalMin,
        "Directive 2006/112/EC Art. 369(2), 369k(2); Implementing Regulation 282/2011 Art. 63c",
        Medium,
    )
    .but("electronic services to consumers under the one-stop shop"),
    entry(
        ("EU", "sepa_mandate"),
        months(13),
        (Event, LastCollection),
        SchemeMin,
        "Directive (EU) 2015/2366 (PSD2) Art. 71; EPC016-06, 4.1 and 4.6.4",
        High,
    ),
    entry(
        ("*", "sepa_mandate_dormancy"),
        months(36),
        (Event, LastCollection),
        SchemeExpiry,
        "EPC016-06, 4.1",
        High,
    ),
    entry(
        ("*", "sepa_refund_authorised_core"),
        Length::For(Period::Weeks(8)),
        (Event, Debit),
        Scheme,
        "Directive (EU) 2015/2366 (PSD2) Art. 77(1); EPC016-06",
        High,
    )
    .but("the CORE scheme only"),
    entry(
        ("*", "sepa_prenotification"),
        Length::For(Period::Days(14)),
        (BeforeEvent, CollectionDue),
        Scheme,
        "EPC016-06, 4.3",
        High,
    )
    .but("unless another time was agreed"),
    entry(
        ("*", "breach_register_entry"),
        Length::Unset,
        (Event, Unset),
        None,
        "GDPR Art. 33(5) sets no period",
        High,
    ),
    entry(
        ("*", "dsar_file"),
        Length::Unset,
        (Event, Unset),
        Policy,
        "the GDPR sets no period",
        High,
    )
    .but("usually for the period of limitation, with as little identity as proof needs"),
    entry(
        ("*", "backup_copy"),
        Length::Unset,
        (Event, Unset),
        Policy,
        "the GDPR sets no period; EDPB, coordinated enforcement on erasure (2025)",
        Medium,
    ),
];
