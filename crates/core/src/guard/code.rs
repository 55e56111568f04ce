//! Card verification codes: three or four digits after a label that says what they are.
//!
//! PCI DSS 4.0.1, requirement 3.3.1.2: the code is never kept after authorisation, not even
//! encrypted. Without a label three digits mean nothing; beside a card number see `chain`.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// How many characters before the digits are read.
const REACH: usize = 80;
/// How many filler words may stand between the label and the digits.
const FILLERS: usize = 4;

/// Labels that mean nothing else, folded. CVE (Elo's word) is left out: it names vulnerabilities.
const CLEAR: &[&str] = &[
    "cvv",
    "cvv2",
    "cvc",
    "cvc2",
    "cvn",
    "cvn2",
    "cvd",
    "cvd2",
    "cav2",
    "cvp2",
    "cvx",
    "cvx2",
    // English
    "card verification code",
    "card verification value",
    "card verification number",
    "card verification",
    "card security code",
    "card code verification",
    // Polish, Czech, Slovak
    "kod weryfikacyjny karty",
    "kod bezpieczenstwa karty",
    "kod zabezpieczajacy karty",
    "bezpecnostni kod karty",
    "bezpecnostny kod karty",
    "overovaci kod karty",
    // German, Dutch, French, Spanish, Portuguese, Italian
    "kartenprufnummer",
    "kartenprufziffer",
    "kartenpruefnummer",
    "kartenpruefziffer",
    "kartensicherheitscode",
    "kaartverificatiecode",
    "cryptogramme",
    "cryptogramme visuel",
    "criptogramma visivo",
];

/// Labels that mean other things too: they count where nothing speaks against it.
const LIKELY: &[&str] = &[
    "cid",
    "csc",
    "security code",
    "security number",
    "kod bezpieczenstwa",
    "kod zabezpieczajacy",
    "bezpecnostni kod",
    "bezpecnostny kod",
    "prufnummer",
    "prufziffer",
    "sicherheitscode",
    "sicherheitsnummer",
    "sicherheitskode",
    "veiligheidscode",
    "beveiligingscode",
    "controlecode",
    "code de securite",
    "code de verification",
    "code verification",
    "codigo de seguridad",
    "codigo de verificacion",
    "codigo de seguranca",
    "codigo de verificacao",
    "codice di sicurezza",
    "codice di verifica",
    "codi de seguretat",
    "sikkerhedskode",
    "sikkerhetskode",
    "kontrolcifre",
    "sakerhetskod",
    "kontrollsiffror",
    "turvakoodi",
    "turvaluku",
    "tarkistusnumero",
    "turvakood",
    "drosibas kods",
    "saugos kodas",
    "biztonsagi kod",
    "cod de securitate",
    "cod de siguranta",
    "sigurnosni kod",
    "varnostna koda",
    "kodi i sigurise",
    "guvenlik kodu",
    "oryggisnumer",
    "cod slandala",
    "kodici tas sigurta",
    "код за сигурност",
    "код безопасности",
    "код безпеки",
    "проверочныи код",
    "сигурносни код",
    "κωδικοσ ασφαλειασ",
    "安全码",
    "安全碼",
    "セキュリティコート",
];

/// Words that may stand between a label and its digits, folded.
const FILLER: &[&str] = &[
    "is",
    "was",
    "code",
    "number",
    "no",
    "nr",
    "num",
    "numer",
    "value",
    "the",
    "my",
    "of",
    "on",
    "for",
    "card",
    "digits",
    "digit",
    "back",
    "3",
    "4",
    "three",
    "four",
    "visa",
    "mastercard",
    "amex",
    "kod",
    "kodu",
    "to",
    "jest",
    "karty",
    "karta",
    "cyfry",
    "trzy",
    "ist",
    "lautet",
    "nummer",
    "der",
    "karte",
    "est",
    "de",
    "la",
    "le",
    "du",
    "carte",
    "visuel",
    "numero",
    "es",
    "tarjeta",
    "e",
    "della",
    "carta",
    "cartao",
    "do",
    "van",
    "kaart",
    "je",
    "ar",
    "kortet",
];

/// Whether the text that ends where three or four digits begin ends with a label for them.
/// `alone` says that the digits are no part of something longer (`123-456`, `123abc`).
pub(super) fn labelled(before: &str, alone: bool) -> bool {
    let tail: String = {
        let mut chars: Vec<char> = before.chars().rev().take(REACH).collect();
        if !chars.iter().any(|c| c.is_alphabetic()) {
            return false;
        }
        chars.reverse();
        chars.into_iter().collect()
    };
    let folded = fold(&tail);
    let joins = folded.chars().rev().take_while(|c| !c.is_alphanumeric());
    let joined_plainly = !joins.clone().any(|c| matches!(c, '-' | '_' | '/' | '#' | '+'));
    if joins.count() > 12 {
        return false;
    }
    let mut words: Vec<&str> =
        folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    for _ in 0..=FILLERS {
        let phrase = format!(" {}", words.join(" "));
        if ends_with(&phrase, CLEAR) || ends_with(&spelled(&words), CLEAR) {
            return true;
        }
        if alone && joined_plainly && ends_with(&phrase, LIKELY) {
            return true;
        }
        match words.pop() {
            Some(word) if FILLER.contains(&word) => {}
            _ => return false,
        }
    }
    false
}

/// Whether the text that ends where a number begins ends with a word for a telephone.
pub(super) fn is_telephone_label(before: &str) -> bool {
    const WORDS: &[&str] = &[
        "tel",
        "phone",
        "fon",
        "mob",
        "mobile",
        "handy",
        "fax",
        "faks",
        "kom",
        "komorka",
        "gsm",
        "whatsapp",
        "telephone",
        "telefon",
        "telefono",
        "telefone",
        "puhelin",
        "τηλ",
    ];
    let mut chars: Vec<char> = before.chars().rev().take(24).collect();
    chars.reverse();
    let folded = fold(&chars.into_iter().collect::<String>());
    let mut words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.next_back().is_some_and(|word| WORDS.contains(&word))
}

/// Whether the last words of a phrase are a label, or its last word ends with a long label, as in
/// compounds and in scripts without spaces (`kreditkartenprufnummer`).
fn ends_with(phrase: &str, labels: &[&str]) -> bool {
    labels.iter().any(|label| {
        phrase
            .strip_suffix(label)
            .is_some_and(|rest| rest.ends_with(' ') || (label.len() >= 9 && !label.contains(' ')))
    })
}

/// The single letters at the end of a phrase as one word: `c v v` is `cvv`.
fn spelled(words: &[&str]) -> String {
    let letters: Vec<&str> =
        words.iter().rev().take(5).take_while(|word| word.len() == 1).copied().collect();
    letters.iter().rev().fold(String::from(" "), |sum, letter| sum + letter)
}

/// Lower case, without accents and invisible characters, compatibility forms resolved.
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        match c {
            'ł' => folded.push('l'),
            'ø' => folded.push('o'),
            'đ' => folded.push('d'),
            'ı' => folded.push('i'),
            'ς' => folded.push('σ'),
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {}
            c => folded.push(c),
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn labels_are_written_folded() {
        for word in CLEAR.iter().chain(LIKELY).chain(FILLER) {
            assert_eq!(fold(word), *word);
        }
    }

    #[test]
    fn reads_labels_in_their_languages_and_cases() {
        for before in [
            "CVV: ",
            "cvc2=",
            "Kod CVV to ",
            "ＣＶＶ　",
            "C.V.V. ",
            "CVV (3 digits): ",
            "cvv",
            "Kartenprüfnummer: ",
            "Die Kreditkartenprüfnummer lautet ",
            "cryptogramme visuel : ",
            "código de seguridad ",
            "CÓDIGO DE SEGURANÇA: ",
            "Код безопасности — ",
            "ΚΩΔΙΚΟΣ ΑΣΦΑΛΕΙΑΣ: ",
            "您的安全码：",
            "セキュリティコード ",
            "c\u{200b}vv ",
        ] {
            assert!(labelled(before, true), "{before}");
        }
        for before in ["acid ", "incident ", "CVE-", "ul. Prosta ", "nr ", "", "CVV. Ulica "] {
            assert!(!labelled(before, true), "{before}");
        }
        assert!(labelled("CID ", true) && !labelled("CID ", false) && !labelled("CID-", true));
        assert!(labelled("CVV-", false));
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,120}", alone: bool) {
            let _ = labelled(&text, alone);
        }
    }
}
