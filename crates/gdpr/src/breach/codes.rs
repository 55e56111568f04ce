//! The codes of the breach room.

use crate::case::codes;

codes! {
    /// A breach that is none: neither confidentiality, integrity nor availability (Art. 4(12) GDPR).
    BAD_NATURE = "breach.bad_nature", Input,
        "a breach is one of confidentiality, integrity or availability, and a theft one of confidentiality";
    /// A breach that ended before it began.
    BAD_PERIOD = "breach.bad_period", Input, "a breach does not end before it begins";
    /// A breach in none of the operator's roles.
    NO_ROLE = "breach.no_role", Input, "a breach concerns the operator as controller or as processor";

    /// A severity without any class of data.
    NO_DATA = "breach.no_data", Input, "a severity needs at least one class of data";
    /// A data score outside 1 to 4.
    BAD_SCORE = "breach.bad_score", Input, "a data score is 1, 2, 3 or 4";
    /// A data score above or below its base without the factor that moves it.
    SCORE_WITHOUT_REASON = "breach.score_without_reason", Input,
        "a data score differs from its base only for a factor that moves it that way";

    /// A step that does not follow from where the breach is.
    WRONG_STEP = "breach.wrong_step", Conflict, "this step does not follow from the state of the breach";
    /// An entry older than the last one.
    CLOCK_WENT_BACK = "breach.clock_went_back", Conflict, "an entry is older than the last one";
    /// Something that is said to have happened after it was entered.
    IN_FUTURE = "breach.in_future", Input, "what is entered has not happened yet";
    /// A judgement that the SDK itself enters.
    JUDGED_BY_NOBODY = "breach.judged_by_nobody", Refused, "a person judges the risk";
    /// A late notice without reasons for the delay (Art. 33(1) GDPR).
    REASONS_FOR_DELAY = "breach.reasons_for_delay", Refused, "a late notice states the reasons for the delay";
    /// A second first notice to the same recipient.
    ALREADY_NOTIFIED = "breach.already_notified", Conflict, "the recipient has an initial notice already";
    /// A complementary notice or a withdrawal without an initial notice.
    NOT_NOTIFIED_YET = "breach.not_notified_yet", Conflict, "the recipient has no initial notice";
    /// Reasons not to notify, where the risk asks for it (Art. 33(1), (2) GDPR).
    NOTICE_REQUIRED = "breach.notice_required", Refused, "the risk or the role asks for a notice";
    /// A recipient who must be notified and was not.
    NOTICE_MISSING = "breach.notice_missing", Refused, "a recipient has not been notified";
    /// A notice in phases of which the last is missing (Art. 33(4) GDPR).
    NOTICE_INCOMPLETE = "breach.notice_incomplete", Refused, "the last notice to a recipient is incomplete";
    /// A notice of what was no breach, not yet withdrawn.
    NOTICE_NOT_WITHDRAWN = "breach.notice_not_withdrawn", Refused,
        "a notice of an unfounded suspicion is withdrawn first";
    /// Reasons not to tell people, where a high risk or the authority asks for it (Art. 34(1), (4)).
    TELLING_REQUIRED = "breach.telling_required", Refused, "people have to be told";
    /// People who are said to have been told, and were not, or not all, or not as promised.
    TELLING_MISSING = "breach.telling_missing", Refused, "people have not been told, or not all of them as it was promised";
    /// People on the list who are said to have been told, and whose letter has not gone or arrived yet.
    PEOPLE_WAITING = "breach.people_waiting", Refused, "people on the list wait for their letter still";
    /// Low severity or Art. 34(3) against a promise to customers.
    PROMISE_BINDS = "breach.promise_binds", Refused, "a promise to customers binds above the law";
    /// Art. 34(3)(a) without the statement that every key lies outside the breach.
    KEYS_NOT_OUTSIDE = "breach.keys_not_outside", Refused,
        "data is unintelligible only if keys, master key, the safe's mirror and live grants lie outside the breach";
    /// Art. 34(3)(c), or people who cannot be reached, without a public communication.
    PUBLIC_MISSING = "breach.public_missing", Refused, "a public communication takes the place of telling each";
    /// Art. 34(3) without a high risk: there is nothing to be exempt from.
    EXEMPTION_WITHOUT_DUTY = "breach.exemption_without_duty", Input,
        "without a high risk there is nothing to be exempt from";
    /// A suspicion that a promise is about, closed as unfounded by one person alone.
    SECOND_APPROVER = "breach.second_approver", Refused, "a second person has to approve";

    /// A letter in no language, or not in one of the policy's.
    LETTER_INCOMPLETE = "breach.letter_incomplete", Input, "a letter is written in every language of the policy";
    /// A step about a letter that nobody has written.
    NO_LETTER = "breach.no_letter", Conflict, "no letter has been written";
    /// Letters on a breach, where the policy does not say for which purpose people are told.
    NO_LETTERS = "breach.no_letters", Configuration, "the policy has no `letters` on breaches";
    /// A letter of which no test has gone to anybody.
    UNTESTED = "breach.untested", Refused, "a test of the letter goes to somebody first";
    /// Mails to accounts that somebody enters as sent.
    TELLING_COUNTED = "breach.telling_counted", Refused,
        "mails to accounts are counted from the outbox, and entered by nobody";
    /// Mails to accounts that are counted before anybody was listed and written to.
    NOBODY_TOLD = "breach.nobody_told", Conflict, "the people whom the breach affects have not been listed and written to";

    /// A field that the template does not have.
    UNKNOWN_FIELD = "breach.unknown_field", Input, "the template has no such field";
    /// A value that the field cannot hold.
    BAD_FIELD = "breach.bad_field", Input, "the field holds another kind of value";
    /// An answer to what the breach itself says.
    FIELD_KNOWN = "breach.field_known", Conflict, "the breach itself answers this field";
    /// An authority that the table does not have.
    UNKNOWN_AUTHORITY = "breach.unknown_authority", Configuration, "there is no such authority";
    /// A country with several authorities, of which the policy names none.
    AUTHORITY_UNCLEAR = "breach.authority_unclear", Configuration,
        "the country has several authorities and the policy names none";
}
