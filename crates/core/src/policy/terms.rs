//! What a rule of the policy is to the calendar, and what a file calls a law.

use super::catalogue::StatutoryPeriod;
use super::model::{Law, RetentionRule};
use super::words::{EndRule, StartRule};
use crate::calendar::{self, MonthDay};
use crate::name::Name;

impl Law {
    /// How a policy file names it: the key of its entry in the catalogue, or else its name there.
    #[must_use]
    pub fn said(&self, name: &Name) -> String {
        self.catalogue.map_or_else(|| name.to_string(), StatutoryPeriod::key)
    }
}

impl RetentionRule {
    /// The rule as the calendar computes with it.
    #[must_use]
    pub const fn to_calendar(&self, financial_year_end: MonthDay) -> calendar::Rule {
        calendar::Rule {
            keep: self.keep,
            start: match self.start {
                StartRule::Event => calendar::StartRule::Event,
                StartRule::EndOfFinancialYear => {
                    calendar::StartRule::EndOfFinancialYear(financial_year_end)
                }
                StartRule::EndOfCalendarYear => calendar::StartRule::EndOfCalendarYear,
                StartRule::EndOfCalendarYearOfFinancialYear => {
                    calendar::StartRule::EndOfCalendarYearOfFinancialYear(financial_year_end)
                }
            },
            end: match self.end {
                EndRule::SameDay => calendar::EndRule::SameDay,
                EndRule::EndOfCalendarYear => calendar::EndRule::EndOfCalendarYear,
            },
        }
    }
}
