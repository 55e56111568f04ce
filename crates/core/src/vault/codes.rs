//! Every code that the vault raises.

use crate::error::{Code, Kind, Retry};

mod staff;

pub use super::evolve::CONSENT_VERSION;
pub use staff::{EXPIRED_GRANT, NO_GRANT, OTHER_CERTIFICATE, REVOKED_GRANT, UNCONFIRMED_GRANT};

/// The account is closed already.
pub static CLOSED_ALREADY: Code =
    Code::new("vault.closed_already", Kind::Conflict, "the account is closed already");
/// The log is not the one that the last checkpoint was signed over.
pub static FORKED: Code = Code::new(
    "log.forked",
    Kind::Integrity,
    "the log is not a continuation of the one that was last signed",
);
/// The leaf's text was pruned; its hash is still in the tree.
pub static PRUNED: Code =
    Code::new("log.pruned", Kind::NotFound, "the text of this leaf was pruned");
/// There is no leaf at that place.
pub static NO_SUCH_LEAF: Code =
    Code::new("log.no_such_leaf", Kind::NotFound, "the log has no leaf at this place");
/// Nothing of the plan is there any more.
pub static NOTHING_LEFT: Code =
    Code::new("erasure.nothing_left", Kind::NotFound, "there is nothing left to erase");
/// The erasure is still under way in another process.
pub static UNDER_WAY: Code =
    Code::new("erasure.under_way", Kind::Conflict, "this erasure is under way already")
        .retry(Retry::Safe);
/// Another connection keeps old pages of the safe alive.
pub static BLOCKED: Code = Code::new(
    "erasure.scrub_blocked",
    Kind::Unavailable,
    "the keys are destroyed, and somebody still reads the safe's old pages; the receipt waits",
)
.retry(Retry::Safe);
/// Another connection keeps old pages of the safe alive, with keys under the former master key.
pub static REWRAP_BLOCKED: Code = Code::new(
    "keys.rewrap_blocked",
    Kind::Unavailable,
    "every key is wrapped anew, and somebody still reads the safe's old pages; rotate again",
)
.retry(Retry::Safe);
/// Somebody keeps a former state of the log alive, with the texts in it.
pub static PRUNE_BLOCKED: Code = Code::new(
    "log.prune_blocked",
    Kind::Unavailable,
    "the texts are pruned, and somebody still reads the store's old pages; prune again",
)
.retry(Retry::Safe);
/// An item that the policy does not declare. It is not named: anybody may have typed it.
pub static UNDECLARED: Code =
    Code::new("vault.undeclared_item", Kind::Input, "the policy declares no such item");
/// A required item is missing; context: `field`.
pub static REQUIRED: Code =
    Code::new("vault.required_item", Kind::Input, "the policy requires this item");
/// Somebody else has this value already; context: `field`.
pub static NOT_UNIQUE: Code =
    Code::new("vault.not_unique", Kind::Conflict, "another account has this value already");
/// A date that lies in the future.
pub static IN_FUTURE: Code = Code::new("vault.in_future", Kind::Input, "this has not happened yet");
/// An event before the one that it must follow.
pub static OUT_OF_ORDER: Code =
    Code::new("vault.out_of_order", Kind::Input, "this cannot have happened before the other");
/// A notice of a policy that there was not.
pub static UNKNOWN_NOTICE: Code =
    Code::new("vault.unknown_notice", Kind::Input, "the policy has not come to this version");
/// A purpose that a policy adds, or rests on another basis, and does not say so; context: `purpose`,
/// `version`, the policy before.
pub static PURPOSE_SINCE: Code = Code::new(
    "vault.purpose_since",
    Kind::Configuration,
    "a purpose that is new, or rests on another basis now, says since which version of the policy",
);
/// A fact that the policy does not declare.
pub static UNDECLARED_FACT: Code =
    Code::new("vault.undeclared_fact", Kind::Input, "the policy declares no such fact");
/// The password was given as an ordinary item.
pub static PASSWORD_APART: Code = Code::new(
    "vault.password_apart",
    Kind::Input,
    "a password is given as a password, never as an item's text",
);
/// A legacy digest is given, and the policy does not allow any.
pub static LEGACY_NOT_DECLARED: Code = Code::new(
    "vault.legacy_not_declared",
    Kind::Input,
    "the policy does not allow password digests of another system",
);
/// A row's key is not in the safe, although nothing says that it was destroyed: an older safe was
/// put in the place of the newest. Context: `subject`, `class`.
pub static MISSING_KEY: Code = Code::new(
    "vault.missing_key",
    Kind::Integrity,
    "the safe does not hold the key of this data, and no erasure explains it",
);
/// The login is refused. One code for an unknown address, a wrong password and a closed account:
/// the answer does not tell who is a customer.
pub static REFUSED: Code =
    Code::new("login.refused", Kind::Refused, "the address or the password is wrong");
/// Store and safe do not belong together.
pub static WRONG_PAIR: Code = Code::new(
    "vault.wrong_pair",
    Kind::Configuration,
    "these rows and this safe do not belong together",
);
/// The log ends before a place that the safe has heard of.
pub static ROWS_RESTORED: Code = Code::new(
    "vault.rows_restored",
    Kind::Integrity,
    "the rows are older than the safe: they were restored, and stay closed until what was erased since is erased again",
);
/// The safe is older than a change that the store has seen.
pub static SAFE_RESTORED: Code = Code::new(
    "vault.safe_restored",
    Kind::Integrity,
    "the safe is older than the rows: it was restored, and stays closed until the keys destroyed since are destroyed again",
);
/// The safe is older than the oldest erasure whose text the log still has.
pub static SAFE_TOO_OLD: Code = Code::new(
    "vault.safe_too_old",
    Kind::Integrity,
    "the safe is older than what the log still tells: erasures since then cannot be done again from it",
);
/// The clock is behind the log, or further ahead of it than the policy allows.
pub static CLOCK_IN_DOUBT: Code = Code::new(
    "vault.clock_in_doubt",
    Kind::Refused,
    "the clock is in doubt, and nothing is pruned by it; a sweep that a person confirms settles it",
);
/// The policy changed and its version did not.
pub static SAME_VERSION: Code = Code::new(
    "policy.version_not_raised",
    Kind::Configuration,
    "the policy was changed, and its version was not raised",
);
/// A class that the policy no longer has still has rows; context: `class`.
pub static CLASS_IN_USE: Code = Code::new(
    "policy.class_in_use",
    Kind::Configuration,
    "rows of this class are live, and the policy no longer declares it",
);
/// The identifier is in another class than the accounts; context: `field`.
pub static ITEM_MOVED: Code = Code::new(
    "policy.identifier_moved",
    Kind::Configuration,
    "the identifier cannot move to another class: the accounts themselves are kept in its class",
);
/// An item moves out of a class with archived rows that hold it, and no law of the policy asks for
/// it any more; context: `class`, the former one, and `field`.
pub static ARCHIVED_ITEM_MOVED: Code = Code::new(
    "policy.archived_item_moved",
    Kind::Configuration,
    "a law keeps archived values of the item, and does not move along with it: move it together with \
     its law; or drop the law alone, sweep, and then move it",
);
/// Rows hold an item that the policy no longer declares; context: `field`.
pub static ITEM_IN_USE: Code = Code::new(
    "policy.item_in_use",
    Kind::Configuration,
    "rows still hold an item that the policy no longer declares; blank it under the policy before",
);
/// Rows hold an item that had another type; context: `field`.
pub static TYPE_CHANGED: Code = Code::new(
    "policy.type_changed",
    Kind::Configuration,
    "rows hold values of the type that the item had before; declare another item for the new type",
);
/// Accounts do not hold the item that is to identify them; context: `field`.
pub static IDENTIFIER_MISSING: Code = Code::new(
    "policy.identifier_missing",
    Kind::Configuration,
    "accounts do not hold the item that is to identify them; add it under the policy before",
);
/// An item became unique, and two accounts hold the same value; context: `field`, and `subject`, one
/// of the two.
pub static VALUES_NOT_UNIQUE: Code = Code::new(
    "policy.values_not_unique",
    Kind::Configuration,
    "two accounts hold the same value of an item that is to be unique",
);
/// Rows are not what the log says, and their items stayed where they were; context: `subjects`,
/// how many, and `subject`, the first.
pub static ITEMS_NOT_MOVED: Code = Code::new(
    "policy.items_not_moved",
    Kind::Integrity,
    "items stay in the class before, because their rows are not what the log says; all others moved",
);
/// The clock is behind the last leaf.
pub static CLOCK_BEHIND: Code = Code::new(
    "vault.clock_behind",
    Kind::Configuration,
    "the clock is behind the last entry of the log",
);
/// The zone port is not the policy's zone.
pub static ZONE_UNKNOWN: Code = Code::new(
    "policy.time_zone_unknown",
    Kind::Configuration,
    "the policy's time zone is not the one that the clock rules are for",
);
/// The policy asks for a key per year, which the vault cannot make yet; context: `class`.
pub static KEY_PER_YEAR: Code = Code::new(
    "policy.key_per_year",
    Kind::Configuration,
    "a class asks for a key per year, and no room makes rows that need one yet",
);
/// A class's name is too long to be a kind.
pub static CLASS_NAME_LONG: Code = Code::new(
    "policy.class_name_long",
    Kind::Configuration,
    "a class's name has at most 48 characters",
);
/// The data is archived or restricted, and this purpose may not read it then.
pub static REFUSED_STATE: Code = Code::new(
    "vault.not_live",
    Kind::Refused,
    "this data is archived or restricted, and the purpose may not read it",
);
/// An item that the purpose does not give; context: `purpose`, `field`.
pub static NOT_OF_PURPOSE: Code =
    Code::new("vault.not_of_purpose", Kind::Refused, "the purpose does not give this item");
/// A processor, or an item or a purpose that it is not given; context: `processor` and `field`, as far as
/// the policy declares them.
pub static NOT_DECLARED: Code = Code::new(
    "disclose.not_declared",
    Kind::Refused,
    "the policy does not say that this processor is given this item for this purpose",
);
/// Somebody who was erased on request, and whom only the person brings back; context: `field`.
pub static SUPPRESSED: Code = Code::new(
    "vault.suppressed",
    Kind::Refused,
    "this person was erased on request, and no file or event brings them back",
);
/// There is no such subject; context: `subject`.
pub static NOT_FOUND: Code =
    Code::new("vault.not_found", Kind::NotFound, "nothing is held about this subject");
/// A row is not the one that its last leaf states; context: `subject`, `kind`.
pub static ALTERED_ROW: Code = Code::new(
    "vault.altered_row",
    Kind::Integrity,
    "a row is not the one that the log says was written",
);
/// A look-up and the rows do not agree; context: `index` and `subject` of a row that is not found
/// by its token, or `found` and `carried`, which differ.
pub static ALTERED_LOOKUP: Code = Code::new(
    "vault.altered_lookup",
    Kind::Integrity,
    "a look-up does not point to the row that carries its token",
);
/// A row is gone without a leaf that says so; context: `subject`, `kind`.
pub static MISSING_ROW: Code = Code::new(
    "vault.missing_row",
    Kind::Integrity,
    "a row that the log says was written is not there",
);
/// Others wrote each time the audit had caught up with them.
pub static OVERTAKEN: Code = Code::new(
    "vault.audit_overtaken",
    Kind::Unavailable,
    "others kept writing while the audit compared what they wrote before; audit at a calmer time",
)
.retry(Retry::Safe);

/// A tail that is longer than four characters, or not one at all.
pub static BAD_SHAPE: Code = Code::new(
    "vault.bad_tail",
    Kind::Input,
    "of a card its last four digits are kept, of an account its country and last four characters",
);
/// There is no such record; context: `subject`, `kind`.
pub static NO_SUCH_RECORD: Code =
    Code::new("vault.no_such_record", Kind::NotFound, "there is no such record");
/// A record that is to be written anew is what the log says.
pub static RECORD_IS_SOUND: Code = Code::new(
    "vault.record_is_sound",
    Kind::Conflict,
    "the record is what the log says, and is not written anew",
);
/// The policy was read before this kind of records was known.
pub static UNKNOWN_KIND: Code = Code::new(
    "vault.unknown_kind",
    Kind::Configuration,
    "the policy does not say how long records of this kind are kept",
);
/// A record is open in one of the states of other rows.
pub static RECORD_STATE: Code = Code::new(
    "vault.record_state",
    Kind::Input,
    "the state of an open record is a word of its room, and none of those of other rows",
);
/// A record would be left without what its room knows of it.
pub static RECORD_WITHOUT_MODEL: Code =
    Code::new("vault.record_without_model", Kind::Input, "a record holds the item `model`");
/// A class that the policy does not declare. It is not named: anybody may have typed it.
pub static UNDECLARED_CLASS: Code =
    Code::new("vault.undeclared_class", Kind::Input, "the policy declares no such class");
/// Nothing is there to be held or restricted; context: `class`.
pub static NOTHING_OF_CLASS: Code = Code::new(
    "vault.nothing_of_class",
    Kind::NotFound,
    "nothing of this class is kept that could be held or restricted",
);
/// Somebody else has claimed a job since, because its lease was over; context: `job`.
pub static JOB_LOST: Code =
    Code::new("jobs.taken_over", Kind::Conflict, "another worker has taken this job over")
        .retry(Retry::Safe);
/// A job has been due for longer than a lease may last, and another worker has it; context: `job`.
pub static JOB_OVERDUE: Code = Code::new(
    "jobs.overdue",
    Kind::Unavailable,
    "this job has been due for longer than a lease may last, and is leased: a worker is at it for that \
     long or took it up late, or somebody rewrites its lease",
)
.retry(Retry::Safe);

/// All of them.
pub static CODES: &[&Code] = &[
    &KEY_PER_YEAR,
    &BAD_SHAPE,
    &CLOSED_ALREADY,
    &FORKED,
    &PRUNED,
    &NO_SUCH_LEAF,
    &NOTHING_LEFT,
    &UNDER_WAY,
    &BLOCKED,
    &REWRAP_BLOCKED,
    &PRUNE_BLOCKED,
    &UNDECLARED,
    &REQUIRED,
    &NOT_UNIQUE,
    &IN_FUTURE,
    &OUT_OF_ORDER,
    &UNDECLARED_FACT,
    &UNKNOWN_NOTICE,
    &PURPOSE_SINCE,
    &CONSENT_VERSION,
    &PASSWORD_APART,
    &LEGACY_NOT_DECLARED,
    &MISSING_KEY,
    &REFUSED,
    &WRONG_PAIR,
    &ROWS_RESTORED,
    &SAFE_RESTORED,
    &SAFE_TOO_OLD,
    &CLOCK_IN_DOUBT,
    &ITEM_IN_USE,
    &SAME_VERSION,
    &CLASS_IN_USE,
    &ITEM_MOVED,
    &ARCHIVED_ITEM_MOVED,
    &TYPE_CHANGED,
    &IDENTIFIER_MISSING,
    &VALUES_NOT_UNIQUE,
    &ITEMS_NOT_MOVED,
    &CLOCK_BEHIND,
    &ZONE_UNKNOWN,
    &CLASS_NAME_LONG,
    &REFUSED_STATE,
    &NOT_OF_PURPOSE,
    &NOT_DECLARED,
    &SUPPRESSED,
    &NOT_FOUND,
    &ALTERED_ROW,
    &MISSING_ROW,
    &ALTERED_LOOKUP,
    &OVERTAKEN,
    &NO_SUCH_RECORD,
    &RECORD_IS_SOUND,
    &UNKNOWN_KIND,
    &RECORD_STATE,
    &RECORD_WITHOUT_MODEL,
    &UNDECLARED_CLASS,
    &NOTHING_OF_CLASS,
    &JOB_LOST,
    &JOB_OVERDUE,
    &NO_GRANT,
    &EXPIRED_GRANT,
    &REVOKED_GRANT,
    &UNCONFIRMED_GRANT,
    &OTHER_CERTIFICATE,
];
