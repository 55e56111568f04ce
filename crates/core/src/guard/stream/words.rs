//! Words beside a number that make it more likely to be a card's.

/// Bytes before a number that are read for a card word.
const BEFORE: usize = 64;
/// Bytes after a number that are read for a card word.
const AFTER: usize = 32;

/// Whole words, in lower case.
const WORDS: &[&str] = &[
    "pan",
    "cc",
    "cb",
    "ccn",
    "visa",
    "amex",
    "jcb",
    "mir",
    "elo",
    "cvv",
    "cvc",
    "diners",
    "maestro",
    "discover",
    "unionpay",
    "mastercard",
    "verve",
    "troy",
    "rupay",
    "hipercard",
    "kort",
    "kartu",
    "debit",
    "credit",
    "kredit",
];

/// Beginnings and ends of words (`cardnumber`, `creditcard`, `Kreditkarte`), in lower case.
const STEMS: &[&str] = &[
    "card",
    "carte",
    "carta",
    "cartao",
    "karte",
    "karta",
    "karty",
    "karte",
    "karten",
    "kaart",
    "tarjeta",
    "targeta",
    "kortti",
    "kartica",
    "kartya",
    "kortnummer",
    "ccnum",
    "ccno",
];

/// Words that end or begin like a card's and are none.
const OTHERS: &[&str] = &[
    "discard",
    "wildcard",
    "postcard",
    "scorecard",
    "flashcard",
    "cardinal",
    "cardinality",
    "cardboard",
    "cardiff",
    "postkarte",
    "landkarte",
    "magnacarta",
    "cartagena",
    "cardiology",
];

/// The word in scripts beyond ASCII, as bytes: Polish `kartę`, Portuguese `cartão`, Hungarian
/// `kártya`, Cyrillic `карт`, Greek `κάρτ`, Japanese and Chinese.
const WIDE: &[&str] =
    &["kart\u{119}", "cart\u{e3}o", "k\u{e1}rtya", "карт", "Карт", "κάρτ", "カード", "卡"];

/// Whether a card word stands near the bytes from `start` to `end`.
pub(super) fn near(text: &[u8], start: usize, end: usize) -> bool {
    let before = text.get(start.saturating_sub(BEFORE)..start).unwrap_or_default();
    let after = text.get(end..text.len().min(end.saturating_add(AFTER))).unwrap_or_default();
    has_word(before) || has_word(after)
}

fn has_word(text: &[u8]) -> bool {
    let wide = |word: &&str| text.windows(word.len()).any(|part| part == word.as_bytes());
    // Digits, and those that were masked.
    let is_digit = |b: &u8| b.is_ascii_digit() || *b == b'*';
    let mut before = false;
    let mut words = text.chunk_by(goes_on).peekable();
    while let Some(word) = words.next() {
        // `cc` and `cb` beside a digit are hexadecimal.
        let after = words.peek().and_then(|next| next.first()).is_some_and(is_digit);
        if is_word(word) && (word.len() > 2 || !(before || after)) {
            return true;
        }
        before = word.last().is_some_and(is_digit);
    }
    !text.is_ascii() && WIDE.iter().any(wide)
}

/// Whether two characters belong to one word: letters, but that a capital after a small letter begins
/// a new one (`cardNumber`).
fn goes_on(a: &u8, b: &u8) -> bool {
    a.is_ascii_alphabetic()
        && b.is_ascii_alphabetic()
        && !(a.is_ascii_lowercase() && b.is_ascii_uppercase())
}

fn is_word(word: &[u8]) -> bool {
    let mut lower = [0; 20];
    let Some(lower) = lower.get_mut(..word.len()) else { return false };
    lower.copy_from_slice(word);
    lower.make_ascii_lowercase();
    let lower = &*lower;
    let is = |words: &[&str]| words.iter().any(|word| word.as_bytes() == lower);
    is(WORDS)
        || (!is(OTHERS)
            && STEMS
                .iter()
                .any(|stem| lower.starts_with(stem.as_bytes()) || lower.ends_with(stem.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_words_for_cards() {
        for text in [
            "card ",
            "cardNumber=",
            "card_no: ",
            "PAN=",
            "Kreditkarte ",
            "numer karty: ",
            "creditCardNumber\":\"",
            "VISA ",
            "CVV2 ",
            "tarjeta: ",
            "kartę ",
            "卡号",
        ] {
            assert!(near(text.as_bytes(), text.len(), text.len()), "{text}");
            let after = format!("4111 {text}");
            assert!(near(after.as_bytes(), 0, 4), "{text}");
        }
        for text in [
            "company ", "discard ", "cc76b5 ", "b7cc ", "cb12", "order ", "expand=", "wildcard",
            "", "japan ", "ref=",
        ] {
            assert!(!near(text.as_bytes(), text.len(), text.len()), "{text}");
        }
        let far = format!("card{}", " ".repeat(BEFORE));
        assert!(!near(far.as_bytes(), far.len(), far.len()));
    }
}
