//! The privacy policy, `privacy.toml`: one file that is enforced, recorded and published.

mod ask;
mod basis;
pub mod codes;
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
mod validate;
mod words;

pub use crate::calendar::MonthDay;
pub use ask::Refusal;
pub use basis::LawfulBasis;
pub use codes::CODES;
pub use diff::PolicyDiff;
pub use item_type::ItemType;
pub use model::{
    Activity, Anchors, Audience, Backups, Class, Contact, ImportPolicy, Item, Law, LogPolicy,
    Measure, Party, PasswordPolicy, PaymentsPolicy, Policy, Processor, Purpose, RetentionRule,
    Role, SweepPolicy, Texts,
};
pub use period::Period;
pub use problem::{PolicyErrors, Problem};
pub use words::{
    About, Action, ActivityRole, AnchorEvent, Basis, CriminalCondition, EndRule, IbanMode,
    KeyScope, LegacyPasswords, ProcessorRole, SpecialCondition, StartRule, Transfer,
};

#[cfg(test)]
mod tests;
