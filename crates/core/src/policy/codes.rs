//! The codes of the policy room.

use crate::error::{Code, Kind};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $kind:ident, $summary:literal;)+) => {
        $($(#[$doc])* pub static $name: Code = Code::new($code, Kind::$kind, $summary);)+

        /// All codes of this room.
        pub static CODES: &[&Code] = &[$(&$name),+];
    };
}

codes! {
    /// The file has problems; [`super::PolicyErrors`] lists them.
    INVALID = "policy.invalid", Configuration, "the policy file has problems";

    /// The file is longer than 1 MiB, or a line longer than 4,096 bytes.
    TOO_LARGE = "policy.too_large", Configuration, "the policy file is too large";
    /// The file is not TOML.
    SYNTAX = "policy.syntax", Configuration, "the policy file is not TOML";
    /// A key that the policy does not have at this place.
    UNKNOWN_KEY = "policy.unknown_key", Configuration, "no such key at this place";
    /// A key that the policy needs at this place.
    MISSING_KEY = "policy.missing_key", Configuration, "a key is missing";
    /// A value of another type than the key has.
    WRONG_TYPE = "policy.wrong_type", Configuration, "a value has the wrong type";
    /// A value that is none of the allowed ones, or outside its range.
    BAD_VALUE = "policy.bad_value", Configuration, "a value is not allowed";
    /// The same entry twice in one list.
    DUPLICATE = "policy.duplicate", Configuration, "a list names the same thing twice";
    /// A name that stands nowhere in the policy.
    UNDECLARED = "policy.undeclared", Configuration, "a name is used and not declared";

    /// An item that two classes list.
    ITEM_IN_TWO_CLASSES = "policy.item_in_two_classes", Configuration, "an item has two classes";
    /// An item that no class lists.
    ITEM_WITHOUT_CLASS = "policy.item_without_class", Configuration, "an item has no class";
    /// An item that no purpose sees (Art. 5(1)(b) GDPR).
    ITEM_WITHOUT_PURPOSE = "policy.item_without_purpose", Configuration,
        "an item is kept for no purpose";
    /// No item is the unique e-mail address by which an account is found.
    NO_IDENTIFIER = "policy.no_identifier", Configuration, "no item identifies an account";
    /// Two items are.
    TWO_IDENTIFIERS = "policy.two_identifiers", Configuration, "two items identify an account";
    /// The identifier may be missing, or lies in a class whose key lasts a year.
    WEAK_IDENTIFIER = "policy.weak_identifier", Configuration,
        "the identifier is not there for as long as the account";
    /// Two items are passwords.
    TWO_PASSWORDS = "policy.two_passwords", Configuration, "an account has one password";
    /// A password that is unique, or about an organisation.
    BAD_PASSWORD_ITEM = "policy.bad_password_item", Configuration,
        "a password is neither unique nor an organisation's";

    /// A class that lists no items.
    CLASS_WITHOUT_ITEMS = "policy.class_without_items", Configuration, "a class has no items";
    /// A class without a retention rule (Art. 5(1)(e) GDPR).
    CLASS_WITHOUT_RETENTION = "policy.class_without_retention", Configuration,
        "a class has no retention rule";
    /// A class whose clock never starts.
    CLASS_NEVER_DUE = "policy.class_never_due", Configuration, "a class would be kept for ever";
    /// An open account whose clock waits for its closing.
    BAD_ANCHOR = "policy.bad_anchor", Configuration, "an open account has not been closed";
    /// Archiving without the law that asks for it.
    ARCHIVE_WITHOUT_LAW = "policy.archive_without_law", Configuration,
        "archiving needs the law that asks for it";
    /// Archiving under a law that is no exception from erasure (Art. 17(3) GDPR).
    ARCHIVE_WITHOUT_GROUND = "policy.archive_without_ground", Configuration,
        "archiving needs a law that stands against a request to erase";
    /// A rule that ends before the law that it names does.
    SHORTER_THAN_LAW = "policy.shorter_than_law", Configuration,
        "a period is shorter than its law asks for";
    /// A warning: a rule that ends after the upper bound that it names (Art. 5(1)(e) GDPR).
    LONGER_THAN_LAW = "policy.longer_than_law", Configuration,
        "a period is longer than the bound that it names";
    /// A warning: an entry of the catalogue that nobody has checked.
    LAW_UNSURE = "policy.law_unsure", Configuration,
        "a law of the catalogue is from memory, and to be checked";
    /// A warning: an entry of the catalogue that depends on more than its name says.
    LAW_CONDITIONAL = "policy.law_conditional", Configuration,
        "a law of the catalogue depends on more than its name says";
    /// Archived data that no purpose may read.
    ARCHIVE_WITHOUT_PURPOSE = "policy.archive_without_purpose", Configuration,
        "archived data is readable for no purpose";
    /// A purpose that reads an archive which no class keeps.
    ARCHIVE_WITHOUT_CLASS = "policy.archive_without_class", Configuration,
        "a purpose reads an archive that no class keeps";
    /// A warning that would come before the period begins.
    WARNING_TOO_EARLY = "policy.warning_too_early", Configuration,
        "a warning comes before the period begins";

    /// A warning that reaches nobody: without a purpose that gives the address, or forgotten before
    /// the data is erased.
    WARNING_UNSENT = "policy.warning_unsent", Configuration,
        "a warning reaches nobody, or is forgotten before the data is erased";

    /// A breach that people cannot be told of: for a purpose that does not give the address.
    BREACH_UNSENT = "policy.breach_unsent", Configuration,
        "letters on a breach are for a purpose that gives the address";

    /// A class whose people are warned, while its account goes with less.
    ACCOUNT_UNWARNED = "policy.account_unwarned", Configuration,
        "an account takes data with it of which people are warned earlier";

    /// A basis without what it rests on, or with what belongs to another (Art. 6(1) GDPR).
    BAD_BASIS = "policy.bad_basis", Configuration, "a lawful basis lacks what it rests on";
    /// A special category without a condition (Art. 9, 10 GDPR), or the reverse.
    SPECIAL_CATEGORY = "policy.special_category", Configuration,
        "a special category needs a condition of its own";
    /// A purpose of our own in an activity in which we are a processor.
    PURPOSE_OF_PROCESSOR = "policy.purpose_of_processor", Configuration,
        "a processor has no purposes of its own";
    /// Joint controllers without a joint activity, or the reverse (Art. 26 GDPR).
    JOINT_CONTROLLERS = "policy.joint_controllers", Configuration,
        "joint controllers and activities do not agree";
    /// A representative of a controller that is established in the Union (Art. 27 GDPR).
    REPRESENTATIVE = "policy.representative", Configuration,
        "a controller in the Union has no representative";
    /// An audience whose lowest age contradicts it.
    BAD_AUDIENCE = "policy.bad_audience", Configuration, "children and lowest age do not agree";

    /// A third country without a basis for the transfer, or the reverse (Art. 44 GDPR).
    TRANSFER = "policy.transfer", Configuration, "third countries and transfer do not agree";
    /// A disclosure that no purpose covers (Art. 5(1)(b) GDPR).
    DISCLOSURE_WITHOUT_PURPOSE = "policy.disclosure_without_purpose", Configuration,
        "an item is disclosed for no purpose that sees it";
    /// Backups that are gone before the next is made, or lie elsewhere than their processor does.
    BAD_BACKUPS = "policy.bad_backups", Configuration, "the backups contradict themselves";
    /// Argon2id below the floor or above the ceiling.
    PASSWORD_COST = "policy.password_cost", Configuration, "the cost of Argon2id is not allowed";
    /// Payments that contradict the items or the processors.
    BAD_PAYMENTS = "policy.bad_payments", Configuration, "payments and items do not agree";

    /// An authority of another country than the controller's, or of one outside the Union.
    BAD_AUTHORITY = "policy.bad_authority", Configuration,
        "the authority is not the controller's";

    /// A text that asks for consent to a purpose that rests on something else.
    CONSENT_NOT_NEEDED = "policy.consent_not_needed", Configuration,
        "a text asks for consent to a purpose that does not rest on it";
    /// A purpose that needs consent, and no text asks for it.
    CONSENT_WITHOUT_TEXT = "policy.consent_without_text", Configuration,
        "no text asks for the consent that a purpose needs";

    /// A read for a purpose that the policy does not have.
    UNKNOWN_PURPOSE = "policy.unknown_purpose", Refused, "the policy has no such purpose";
    /// An actor in a role that the policy does not have.
    UNKNOWN_ROLE = "policy.unknown_role", Refused, "the policy has no such role";
    /// A purpose that the role does not have.
    ROLE_NOT_ALLOWED = "policy.role_not_allowed", Refused,
        "the role may not read for this purpose";
    /// A purpose for which the policy lets nobody read records of a kind.
    NOT_FOR_RECORDS = "policy.not_for_records", Refused,
        "the policy lets nobody read these records for this purpose";
    /// A role that may read records of a kind for no purpose, and so does not work on them.
    ROLE_WITHOUT_RECORDS = "policy.role_without_records", Refused,
        "the role has no purpose for which these records are read";
    /// A purpose whose condition the account does not meet.
    CONDITION_NOT_MET = "policy.condition_not_met", Refused,
        "the account does not meet the condition of this purpose";
    /// A purpose to which the person objects (Art. 21 GDPR).
    OBJECTED = "policy.objected", Refused, "the person objects to this purpose";
    /// A purpose that needs a consent which was not given, was withdrawn, or is to a text of before.
    NO_CONSENT = "policy.no_consent", Refused, "the person does not consent to this purpose";
    /// A purpose that came later, and of which the person was not told (Art. 13(3) GDPR).
    NOT_INFORMED = "policy.not_informed", Refused, "the person was not told of this purpose";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_and_summaries_are_plain() {
        let names: BTreeSet<_> = CODES.iter().map(|code| code.name).collect();
        assert_eq!(names.len(), CODES.len());
        for code in CODES {
            assert!(code.name.starts_with("policy."));
            assert!(!code.summary.ends_with('.') && !code.summary.starts_with(char::is_uppercase));
        }
    }
}
