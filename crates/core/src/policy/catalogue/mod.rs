//! What the laws of the member states say on how long something is kept: the catalogue.
//!
//! One entry per country and category, found by its key (`PL:invoice_and_tax_document`). Its
//! [`PeriodKind`] decides what it is good for: only a statutory minimum is a duty to keep against a
//! request to erase. The entries are facts, written from the provisions they cite, with a
//! [`Confidence`] each; they are no legal advice, and an embedder who knows better writes the law
//! into the policy instead. A new entry is a line in one of the two tables beside this file, and one
//! in `docs/law.md` if it is of a new kind.

mod ages;
mod france;
mod states;
mod words;

use super::words::{EndRule, StartRule};
use crate::calendar::{self, MonthDay, Period};
use crate::error::{Code, Kind, Result};
use crate::name::Name;

pub use ages::AgeOfConsent;
pub use words::{Anchor, Confidence, Effect, PeriodKind, Start};

/// A key that the catalogue does not have.
pub static LAW_NOT_IN_CATALOGUE: Code = Code::new(
    "policy.law_not_in_catalogue",
    Kind::Configuration,
    "the catalogue of statutory periods has no such law",
);

/// The codes of this room.
pub static CODES: &[&Code] = &[&LAW_NOT_IN_CATALOGUE];

/// How long a law has something kept, or allows it to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatutoryPeriod {
    /// ISO 3166-1 alpha-2, `EU`, or `*` for all.
    pub country: &'static str,
    /// What it is about.
    pub category: &'static str,
    /// How long.
    pub length: Length,
    /// From which day.
    pub start: Start,
    /// To which day.
    pub end: calendar::EndRule,
    /// Which event the day it starts from is found by.
    pub anchor: Anchor,
    /// What sort of rule it is.
    pub kind: PeriodKind,
    /// Where it stands.
    pub citation: &'static str,
    /// How sure that is.
    pub confidence: Confidence,
    /// What it depends on, where that is more than the category says.
    pub caveat: Option<&'static str>,
}

/// How long something is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// For a period.
    For(Period),
    /// No longer than until the event itself.
    UntilEvent,
    /// The law sets no period: the controller decides, and gives its reasons.
    Unset,
}

impl StatutoryPeriod {
    /// Finds an entry by its key, such as `PL:invoice_and_tax_document`.
    ///
    /// # Errors
    /// [`LAW_NOT_IN_CATALOGUE`].
    ///
    /// ```
    /// use tacenda_core::policy::KeepGround;
    /// use tacenda_core::policy::catalogue::{Effect, StatutoryPeriod};
    ///
    /// let law = StatutoryPeriod::find("PL:invoice_and_tax_document")?;
    /// assert_eq!(law.effect(), Effect::Duty);
    /// assert_eq!(law.effect().ground(), Some(KeepGround::LegalObligation));
    /// assert!(StatutoryPeriod::find("PL:invoices").is_err());
    /// # Ok::<(), tacenda_core::Error>(())
    /// ```
    pub fn find(key: &str) -> Result<&'static Self> {
        key.split_once(':')
            .and_then(|(country, category)| {
                all().find(|entry| entry.country == country && entry.category == category)
            })
            .ok_or_else(|| LAW_NOT_IN_CATALOGUE.error())
    }

    /// The name that it has in a parsed policy, in leaves and in receipts: its key as a [`Name`],
    /// such as `pl.invoice_and_tax_document`, with `any` for all countries.
    #[must_use]
    pub fn name(&self) -> Name {
        let country = if self.country == "*" { "any" } else { self.country };
        let text = format!("{country}.{}", self.category).to_ascii_lowercase();
        // INVARIANT: each key makes a name, and no two the same (`keys_are_found_and_nothing_else_is`).
        Name::parse(&text).unwrap_or(Name::NONE)
    }

    /// Finds an entry by its name.
    #[must_use]
    pub fn named(name: &Name) -> Option<&'static Self> {
        all().find(|entry| entry.name() == *name)
    }

    /// Its period as a retention rule of a policy says it: how long, from when, to which day;
    /// `None` if it sets none that a rule can have.
    ///
    /// A class has the clock of its account, which knows when something was made and not what came of
    /// it. So where the law counts from an event that may follow, this counts from the last day on which
    /// it can: a tax falls due in the calendar year after at the latest, and the period of a tax on
    /// turnover ends within the year. What is kept longer for it is kept for less than a year.
    #[must_use]
    pub const fn period(&self) -> Option<(Period, StartRule, EndRule)> {
        let Length::For(keep) = self.length else { return None };
        let start = match self.start {
            Start::Event => StartRule::Event,
            Start::EndOfFinancialYear => StartRule::EndOfFinancialYear,
            Start::EndOfCalendarYear => StartRule::EndOfCalendarYear,
            Start::EndOfCalendarYearOfFinancialYear => StartRule::EndOfCalendarYearOfFinancialYear,
            Start::BeforeEvent => return None,
        };
        let (keep, start) = match (self.anchor, keep, start) {
            (Anchor::TaxDue, Period::Years(years), StartRule::EndOfCalendarYear) => {
                (Period::Years(years.saturating_add(1)), start)
            }
            (Anchor::TaxPeriodEnd, _, StartRule::Event) => (keep, StartRule::EndOfCalendarYear),
            _ => (keep, start),
        };
        let end = match self.end {
            calendar::EndRule::SameDay => EndRule::SameDay,
            calendar::EndRule::EndOfCalendarYear => EndRule::EndOfCalendarYear,
        };
        Some((keep, start, end))
    }

    /// Its key.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}:{}", self.country, self.category)
    }

    /// What it is good for.
    #[must_use]
    pub const fn effect(&self) -> Effect {
        self.kind.effect()
    }

    /// The rule by which its last day is found from the day of its own event; `None` if the law sets no period, or one that runs
    /// backwards from its event.
    #[must_use]
    pub const fn rule(&self, financial_year_end: MonthDay) -> Option<calendar::Rule> {
        let keep = match self.length {
            Length::For(period) => period,
            Length::UntilEvent => Period::Days(0),
            Length::Unset => return None,
        };
        let start = match self.start {
            Start::Event => calendar::StartRule::Event,
            Start::EndOfFinancialYear => {
                calendar::StartRule::EndOfFinancialYear(financial_year_end)
            }
            Start::EndOfCalendarYear => calendar::StartRule::EndOfCalendarYear,
            Start::EndOfCalendarYearOfFinancialYear => {
                calendar::StartRule::EndOfCalendarYearOfFinancialYear(financial_year_end)
            }
            Start::BeforeEvent => return None,
        };
        Some(calendar::Rule { keep, start, end: self.end })
    }
}

/// All entries, by country as the tables have them.
pub fn all() -> impl Iterator<Item = &'static StatutoryPeriod> {
    france::TABLE.iter().chain(states::TABLE)
}

/// An entry that ends on the day it arrives at; the common case.
const fn entry(
    key: (&'static str, &'static str),
    length: Length,
    from: (Start, Anchor),
    kind: PeriodKind,
    citation: &'static str,
    confidence: Confidence,
) -> StatutoryPeriod {
    let ((country, category), (start, anchor)) = (key, from);
    StatutoryPeriod {
        country,
        category,
        length,
        start,
        end: calendar::EndRule::SameDay,
        anchor,
        kind,
        citation,
        confidence,
        caveat: None,
    }
}

impl StatutoryPeriod {
    const fn to_year_end(mut self) -> Self {
        self.end = calendar::EndRule::EndOfCalendarYear;
        self
    }

    const fn but(mut self, caveat: &'static str) -> Self {
        self.caveat = Some(caveat);
        self
    }
}

const fn years(count: u32) -> Length {
    Length::For(Period::Years(count))
}

const fn months(count: u32) -> Length {
    Length::For(Period::Months(count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{Utc, due};
    use crate::clock::Timestamp;
    use crate::policy::KeepGround;
    use proptest::prelude::*;

    fn last_day(key: &str, anchor: &str, year_end: &str) -> String {
        let law = StatutoryPeriod::find(key).unwrap();
        let rule = law.rule(MonthDay::parse(year_end).unwrap()).unwrap();
        let anchor = Timestamp::parse_rfc3339(&format!("{anchor}T12:00:00Z")).unwrap();
        due(anchor, &[rule], &Utc).to_string()
    }

    #[test]
    fn periods_end_on_the_days_of_the_law() {
        for (key, anchor, year_end, over) in [
            // The tax for December 2025 is due on 25 January 2026: kept to the end of 2031.
            ("PL:invoice_and_tax_document", "2026-01-25", "12-31", "2032-01-01"),
            // A claim due in 2026 is barred at the end of 2029.
            ("PL:b2b_claim_limitation", "2026-03-05", "12-31", "2030-01-01"),
            ("FR:invoice_and_accounting_document", "2026-07-01", "06-30", "2037-07-01"),
            ("DE:invoice_and_voucher", "2025-01-10", "12-31", "2034-01-01"),
            // Seven years from the end of the calendar year in which the financial year ended.
            ("SE:accounting_information", "2026-07-01", "06-30", "2035-01-01"),
            ("SE:accounting_information", "2026-06-30", "06-30", "2034-01-01"),
            ("FR:card_number_for_disputes", "2026-01-31", "12-31", "2027-03-01"),
            ("*:card_verification_value", "2026-01-31", "12-31", "2026-02-01"),
            ("*:sepa_refund_authorised_core", "2026-01-05", "12-31", "2026-03-03"),
        ] {
            assert_eq!(last_day(key, anchor, year_end), format!("{over}T00:00:00Z"), "{key}");
        }
        for without in ["*:sepa_prenotification", "*:breach_register_entry", "*:dsar_file"] {
            let law = StatutoryPeriod::find(without).unwrap();
            assert_eq!(law.rule(MonthDay::DECEMBER_31), None, "{without}");
        }
    }

    #[test]
    fn only_a_statutory_minimum_is_a_duty() {
        for law in all() {
            let ground = match law.kind.as_str() {
                "legal_min" => Some(KeepGround::LegalObligation),
                "limitation" | "scheme_min" | "contract_min" => Some(KeepGround::LegalClaims),
                _ => None,
            };
            assert_eq!(law.effect().ground(), ground, "{}", law.key());
            let is_bound = matches!(law.kind.as_str(), "guidance_max" | "legal_max");
            assert_eq!(law.effect() == Effect::UpperBound, is_bound, "{}", law.key());
        }
    }

    #[test]
    fn keys_are_found_and_nothing_else_is() {
        let keys: std::collections::BTreeSet<_> = all().map(StatutoryPeriod::key).collect();
        assert_eq!(keys.len(), all().count());
        let names: std::collections::BTreeSet<_> = all().map(StatutoryPeriod::name).collect();
        assert_eq!(names.len(), keys.len());
        assert!(!names.contains(&Name::NONE));
        for name in &names {
            assert_eq!(StatutoryPeriod::named(name).unwrap().name(), *name);
        }
        for key in &keys {
            assert_eq!(StatutoryPeriod::find(key).unwrap().key(), *key);
        }
        for bad in ["", ":", "PL", "PL:", ":x", "pl:invoice_and_tax_document", "PL:x:y"] {
            assert!(StatutoryPeriod::find(bad).unwrap_err().is(&LAW_NOT_IN_CATALOGUE), "{bad:?}");
        }
    }

    #[test]
    fn the_catalogue_is_frozen() {
        // A period that a release changes is another promise of every policy that uses it: it needs a
        // line in the changelog, and a `version` that rises.
        let lines: Vec<_> = all()
            .map(|law| {
                let (key, kind) = (law.key(), law.kind.as_str());
                let (length, start, end) = (law.length, law.start, law.end);
                format!("{key} | {kind} | {length:?} | {start:?} | {end:?} | {}\n", law.citation)
            })
            .collect();
        let frozen = include_str!("../../../../../vectors/catalogue.txt");
        let kept: String = frozen.split_inclusive('\n').filter(|l| !l.starts_with('#')).collect();
        assert_eq!(lines.concat(), kept);
    }

    proptest! {
        #[test]
        fn finding_never_panics(key in "(.{0,9}|[A-Z*]{1,2}:[a-z_]{0,30})") {
            let found = StatutoryPeriod::find(&key).ok().map(StatutoryPeriod::key);
            prop_assert!(found.is_none_or(|found| found == key));
        }
    }
}
