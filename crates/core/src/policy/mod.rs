//! The privacy policy, `privacy.toml`: one file that is enforced, recorded and published.
//!
//! [`Policy::parse`] reads it in two steps: every value by itself, and then what the values add up
//! to. All problems are reported, with line, column and what would be right. What is parsed is
//! plain data that answers ([`Policy::ask`]), is compared ([`Policy::diff`]) and is digested
//! ([`Policy::digest`]).
//!
//! A law is stated by the policy or taken from the [`catalogue`] by its key.
//!
//! A new key is a field in `model`, a line in `parse` (with the list of keys that its table may
//! have) and in `digest`, which does not compile without it. A new contradiction is a code in
//! [`codes`], a check in `validate` and a case in `tests/cases`, which fails without it.

mod archive;
mod ask;
mod basis;
mod breach;
pub mod catalogue;
pub mod codes;
mod consent;
mod diff;
mod digest;
mod fields;
mod item_type;
mod lists;
mod model;
mod parse;
mod period;
mod problem;
mod reader;
pub mod records;
mod staff;
mod stance;
mod terms;
mod validate;
mod warnings;
mod words;

pub use crate::calendar::MonthDay;
pub use ask::Refusal;
pub use basis::LawfulBasis;
pub use breach::{BreachClock, BreachLetters, BreachPolicy, BreachPromise};
pub use codes::CODES;
pub use consent::ConsentText;
pub use diff::PolicyDiff;
pub use item_type::ItemType;
pub use model::{
    Activity, Anchors, Audience, Backups, Class, Contact, ImportPolicy, Item, Law, LogPolicy,
    Measure, Party, PasswordPolicy, PaymentsPolicy, Policy, Processor, Purpose, RetentionRule,
    Role, SweepPolicy, Texts,
};
pub use period::Period;
pub use problem::{PolicyErrors, Problem};
pub use staff::StaffPolicy;
pub use stance::{Against, Consented, Stance, Told};
pub use warnings::Warning;
pub use words::{
    About, Action, ActivityRole, AnchorEvent, Basis, CriminalCondition, EndRule, IbanMode,
    KeepGround, KeyScope, LegacyPasswords, OperatorRole, ProcessorRole, PromiseChannel,
    PromiseNature, PromiseTrigger, RiskThreshold, SpecialCondition, StaffGrants, StartRule,
    Transfer,
};

#[cfg(test)]
mod tests;
