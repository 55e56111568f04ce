//! The message that a letter becomes: its words in every language, of which the recipient's is taken.

use tacenda_core::outbox::{Message, Values};
use tacenda_core::policy::Policy;
use tacenda_core::{Name, Result};

use super::super::codes::{LETTER_INCOMPLETE, NO_LETTERS};
use super::super::state::{Letter, Wording};
use crate::case::Note;

/// What a letter on a suspicion says, and one on a breach that is known.
const SAYS: [Name; 2] = [Name::fixed("breach_suspected"), Name::fixed("breach")];

/// The message of a letter to an account. Its values have the language behind their name:
/// `nature.pl`.
pub(super) fn message(policy: &Policy, letter: &Letter) -> Result<Message> {
    let letters = policy.breach.as_ref().and_then(|breach| breach.letters.as_ref());
    let Some(letters) = letters else { return NO_LETTERS.err() };
    let [suspected, known] = SAYS;
    let says = if letter.suspicion { suspected } else { known };
    let mut values = Values::default();
    for (language, Wording { nature, consequences, measures }) in &letter.draft {
        let texts = [("nature", nature), ("consequences", consequences), ("measures", measures)];
        for (name, text) in texts {
            let name = Name::parse(&format!("{name}.{}", language.to_ascii_lowercase()));
            // EXPOSE: the message seals it.
            values = values.with(name.map_err(|_| LETTER_INCOMPLETE.error())?, text.as_text());
        }
    }
    Ok(Message { values, ..Message::to_account(says, letters.purpose.clone()) })
}

/// What was said, for the register: in the first language of the policy.
pub(super) fn content(policy: &Policy, letter: &Letter) -> Option<Note> {
    let mut languages = policy.languages.iter();
    let words = languages.find_map(|tag| letter.draft.get(tag)).or(letter.draft.values().next())?;
    let Wording { nature, consequences, measures } = words;
    let texts = [nature.as_text(), consequences.as_text(), measures.as_text()];
    Some(Note::stored(&texts.join("\n")))
}
