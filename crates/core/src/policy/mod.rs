//! The privacy policy, `privacy.toml`: one file that is enforced, recorded and published.

mod item_type;
mod model;
mod period;
mod words;

pub use item_type::ItemType;
pub use model::{
    Activity, Anchors, Audience, Backups, Class, Contact, ImportPolicy, Item, Law, LawfulBasis,
    LogPolicy, Measure, MonthDay, Party, PasswordPolicy, PaymentsPolicy, Policy, Processor,
    Purpose, RetentionRule, Role, SweepPolicy, Texts,
};
pub use period::Period;
pub use words::{
    About, Action, ActivityRole, AnchorEvent, CriminalCondition, EndRule, IbanMode, KeyScope,
    LegacyPasswords, ProcessorRole, SpecialCondition, StartRule, Transfer,
};
