//! The codes of the room of requests.

use crate::case::codes;

codes! {
    /// An address for the answer that is none.
    BAD_REPLY_TO = "requests.bad_reply_to", Input, "no answer can go to this address";

    /// A step that does not follow from where the request is.
    WRONG_STEP = "requests.wrong_step", Conflict, "this step does not follow from the state of the request";
    /// An entry older than the last one.
    CLOCK_WENT_BACK = "requests.clock_went_back", Conflict, "an entry is older than the last one";
    /// Something that is said to have happened after it was entered.
    IN_FUTURE = "requests.in_future", Input, "what is entered has not happened yet";
    /// Something that is said to have happened before the request was received.
    BEFORE_RECEIPT = "requests.before_receipt", Input, "what is entered is older than the request";

    /// An answer to a question that nobody asked.
    ANSWER_WITHOUT_QUESTION = "requests.answer_without_question", Conflict,
        "no question waits for this answer";
    /// An answer that came before its question.
    ANSWER_BEFORE_QUESTION = "requests.answer_before_question", Input,
        "a question was answered before it was asked";
    /// A question to somebody who asks from a signed-in session.
    SESSION_SUFFICES = "requests.session_suffices", Refused,
        "a signed-in session leaves no reasonable doubt";
    /// A document that nobody gave a reason to ask for.
    DOCUMENT_NOT_ASKED = "requests.document_not_asked", Refused,
        "a document counts only where one was asked for, with a reason";
    /// A document or a proof that the SDK itself is said to have seen.
    SEEN_BY_NOBODY = "requests.seen_by_nobody", Refused, "a person sees a document";
    /// A proof of authority from the subject, who needs none.
    AUTHORITY_NOT_NEEDED = "requests.authority_not_needed", Input,
        "the subject needs no proof of authority";
    /// A decision for a proxy or heir who has not shown their authority.
    AUTHORITY_MISSING = "requests.authority_missing", Refused,
        "a proxy or heir shows their authority first";
    /// A decision before it is settled who asks.
    IDENTITY_OPEN = "requests.identity_open", Refused, "the identity of the requester is settled first";

    /// A step from a session of the account by somebody who is not its subject, or by a subject in
    /// the controller's place.
    NOT_THE_SUBJECT = "requests.not_the_subject", Refused,
        "a session is the subject's own, and a subject speaks for itself alone";
    /// An answer that nothing is held, or was erased, where rows and log say otherwise.
    NOT_SO = "requests.not_so", Conflict, "rows and log say otherwise of what is held";
    /// An erasure by a request for something else.
    NO_ERASURE = "requests.no_erasure", Refused, "the request asks for no erasure";
    /// An erasure of everything by a request for a part.
    PART_OF_ALL = "requests.part_of_all", Refused,
        "the request is about a part, and everything would be erased";
    /// An erasure of what a person decided otherwise about.
    DECIDED_OTHERWISE = "requests.decided_otherwise", Refused,
        "it was decided otherwise; what is erased now is decided anew first";
    /// Words or an address for a request that is closed.
    FILE_CLOSED = "requests.file_closed", Conflict, "the file of the request is closed";

    /// A request that is said to repeat itself.
    LINKED_TO_ITSELF = "requests.linked_to_itself", Input, "a request does not repeat itself";
    /// A link that is there already.
    ALREADY_LINKED = "requests.already_linked", Conflict, "the requests are linked already";

    /// An extension of which the letter was not sent before the first due date (Art. 12(3) GDPR).
    EXTENDED_LATE = "requests.extended_late", Refused,
        "the letter with the reasons was not sent before the first due date";
    /// An extension for a right that knows none.
    NO_EXTENSION = "requests.no_extension", Refused, "this right knows no extension";

    /// A refusal that refuses nothing.
    NO_REASONS = "requests.no_reasons", Input, "a refusal has at least one ground with its reason";
    /// A refusal of a part that does not say which.
    PART_WITHOUT_CLASS = "requests.part_without_class", Input,
        "a refusal of a part names its class";
    /// A ground that the law does not give against this right, or not in this state.
    GROUND_UNFIT = "requests.ground_unfit", Refused, "this ground does not refuse this request";
    /// A refusal or a fee where the right is absolute.
    ABSOLUTE_RIGHT = "requests.absolute_right", Refused, "this right is absolute";
    /// What the SDK itself enters and a person has to: a balance, a reproach, that nothing is held, that
    /// something was logged wrongly.
    JUDGED_BY_NOBODY = "requests.judged_by_nobody", Refused, "a person decides this";
    /// A refusal after the first due date without a word on why (Art. 12(4) GDPR).
    REFUSAL_LATE = "requests.refusal_late", Refused,
        "no extension holds for a refusal, and a late one states the reasons for the delay";
    /// A refusal that does not tell of complaint and court (Art. 12(4) GDPR).
    REMEDIES_MISSING = "requests.remedies_missing", Refused,
        "a refusal tells of the complaint to an authority and of the way to a court";
    /// An answer that is said to have been sent before it was shown who asks.
    SENT_TOO_SOON = "requests.sent_too_soon", Input,
        "the answer is older than what showed who asks";
    /// A link to a request that there is not.
    NO_SUCH_REQUEST = "requests.no_such_request", NotFound, "there is no request with this number";
    /// A number that is that of another request.
    NUMBER_TAKEN = "requests.number_taken", Conflict, "another request has this number";
    /// A due date that no calendar feed can hold.
    NOT_IN_FEED = "requests.not_in_feed", Input, "a calendar feed holds the years 0 to 9999";
}
