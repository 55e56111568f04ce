//! The other member states.

use super::words::Anchor::{
    ClaimDue, Document, LastEntry, LastSubmission, TaxDue, TaxPeriodEnd, Transaction,
};
use super::words::Confidence::{self, High, Low, Medium};
use super::words::PeriodKind::{ContractMin, KeptByState, LegalMin, Limitation};
use super::words::Start::{
    self, EndOfCalendarYear, EndOfCalendarYearOfFinancialYear, EndOfFinancialYear, Event,
};
use super::words::{Anchor, PeriodKind};
use super::{StatutoryPeriod, entry, months, years};

pub(super) static TABLE: &[StatutoryPeriod] = &[
    // It ends with the limitation of the tax, which can be suspended or interrupted: a hold.
    keep(
        ("PL", "invoice_and_tax_document"),
        5,
        (EndOfCalendarYear, TaxDue),
        "Ordynacja podatkowa art. 70 § 1, art. 86 § 1; Act on VAT art. 112, 112a",
        High,
    )
    .but("longer while the limitation of the tax is suspended or interrupted"),
    keep(
        ("PL", "accounting_record"),
        5,
        (EndOfCalendarYearOfFinancialYear, Document),
        "Accounting Act (ustawa o rachunkowości) art. 74",
        High,
    ),
    other(
        ("PL", "structured_invoice_in_KSeF"),
        10,
        (EndOfCalendarYear, Document),
        KeptByState,
        "Act on VAT art. 112aa",
        Medium,
    )
    .but("the copy of the seller follows its own rule"),
    other(
        ("PL", "b2b_claim_limitation"),
        3,
        (Event, ClaimDue),
        Limitation,
        "Kodeks cywilny art. 118",
        Medium,
    )
    .to_year_end()
    .but("claims of business and periodic ones; six years for others"),
    keep(
        ("DE", "invoice_and_voucher"),
        8,
        (EndOfCalendarYear, Document),
        "AO § 147(1) no. 4, (3), (4); HGB § 257(1) no. 4, (4); UStG § 14b",
        High,
    )
    .but("since 2025; longer while the assessment of the tax is open"),
    keep(
        ("DE", "books_and_annual_accounts"),
        10,
        (EndOfCalendarYear, LastEntry),
        "AO § 147; HGB § 257",
        High,
    ),
    keep(
        ("DE", "business_letter"),
        6,
        (EndOfCalendarYear, Document),
        "AO § 147(3); HGB § 257(4)",
        High,
    ),
    entry(
        ("DE", "sepa_mandate"),
        months(14),
        (Event, LastSubmission),
        ContractMin,
        "banks' conditions for collection, no. 4.4.3",
        High,
    ),
    keep(
        ("AT", "invoice_and_accounting_document"),
        7,
        (EndOfCalendarYear, Document),
        "BAO § 132; UGB § 212",
        High,
    ),
    keep(
        ("BE", "invoice_VAT"),
        10,
        (EndOfCalendarYear, Document),
        "Code TVA art. 60, as in force since 1 January 2023",
        Medium,
    ),
    keep(
        ("NL", "administration_incl_invoices"),
        7,
        (EndOfFinancialYear, Document),
        "AWR art. 52(4)",
        High,
    )
    .but("ten years for immovable property and the one-stop shop"),
    keep(
        ("ES", "commercial_books_and_documents"),
        6,
        (Event, LastEntry),
        "Código de Comercio art. 30",
        High,
    ),
    keep(
        ("IT", "accounting_records_and_invoices"),
        10,
        (Event, LastEntry),
        "Codice civile art. 2220",
        High,
    ),
    keep(
        ("PT", "invoice_and_accounting_document"),
        10,
        (EndOfCalendarYear, Document),
        "CIVA art. 52; CIRC art. 123",
        Medium,
    ),
    keep(
        ("IE", "tax_record"),
        6,
        (Event, Transaction),
        "TCA 1997 s. 886; VATCA 2010 s. 84",
        Medium,
    ),
    keep(
        ("LU", "accounting_document"),
        10,
        (EndOfFinancialYear, Document),
        "Code de commerce art. 16; VAT Act art. 70",
        Medium,
    ),
    keep(
        ("SE", "accounting_information"),
        7,
        (EndOfCalendarYearOfFinancialYear, Document),
        "Bokföringslagen 7:2",
        Medium,
    ),
    keep(
        ("DK", "accounting_material"),
        5,
        (EndOfFinancialYear, Document),
        "Bogføringsloven (2022) § 12",
        Medium,
    ),
    keep(
        ("FI", "voucher"),
        6,
        (EndOfCalendarYearOfFinancialYear, Document),
        "Kirjanpitolaki 2:10",
        Medium,
    )
    .but("ten years for books"),
    keep(("CZ", "tax_document_VAT"), 10, (Event, TaxPeriodEnd), "Act 235/2004 on VAT § 35", Medium),
    keep(
        ("SK", "invoice_VAT"),
        10,
        (EndOfCalendarYear, Document),
        "Act 222/2004 on VAT § 76",
        Medium,
    ),
    keep(
        ("HU", "accounting_document"),
        8,
        (EndOfCalendarYear, Document),
        "Act C of 2000 on accounting s. 169",
        Medium,
    ),
    keep(
        ("RO", "accounting_document"),
        5,
        (EndOfCalendarYearOfFinancialYear, Document),
        "Law 82/1991; OMFP 2634/2015",
        Low,
    )
    .but("ten years for annual accounts"),
    keep(
        ("BG", "accounting_register"),
        10,
        (EndOfCalendarYearOfFinancialYear, Document),
        "Accountancy Act art. 12",
        Medium,
    ),
    keep(
        ("HR", "invoice_and_accounting_document"),
        11,
        (EndOfFinancialYear, Document),
        "Accounting Act (Zakon o računovodstvu)",
        Low,
    ),
    keep(("SI", "invoice_VAT"), 10, (EndOfCalendarYear, Document), "ZDDV-1 art. 86", Medium),
    keep(
        ("EE", "accounting_source_document"),
        7,
        (EndOfFinancialYear, Document),
        "Accounting Act (raamatupidamise seadus) § 12",
        Medium,
    ),
    keep(
        ("LV", "accounting_source_document"),
        5,
        (EndOfFinancialYear, Document),
        "Accounting Act (Grāmatvedības likums)",
        Low,
    ),
    keep(
        ("LT", "invoice"),
        10,
        (EndOfCalendarYear, Document),
        "general index of terms for keeping documents",
        Low,
    ),
    keep(
        ("GR", "accounting_record"),
        5,
        (EndOfFinancialYear, Document),
        "Law 4308/2014 art. 7",
        Medium,
    ),
    keep(
        ("CY", "accounting_record"),
        6,
        (EndOfCalendarYear, Document),
        "Assessment and Collection of Taxes Law",
        Low,
    ),
    keep(("MT", "VAT_record"), 6, (EndOfCalendarYear, Document), "VAT Act, cap. 406", Low)
        .but("ten years for the books of companies"),
];

/// A duty to keep for some years.
const fn keep(
    key: (&'static str, &'static str),
    count: u32,
    from: (Start, Anchor),
    citation: &'static str,
    confidence: Confidence,
) -> StatutoryPeriod {
    entry(key, years(count), from, LegalMin, citation, confidence)
}

/// Another rule of some years.
const fn other(
    key: (&'static str, &'static str),
    count: u32,
    from: (Start, Anchor),
    kind: PeriodKind,
    citation: &'static str,
    confidence: Confidence,
) -> StatutoryPeriod {
    entry(key, years(count), from, kind, citation, confidence)
}
