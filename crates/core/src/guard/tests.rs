use super::*;
use proptest::prelude::*;

const VECTORS: &str = include_str!("../../../../vectors/guard/strict.txt");

/// The text of a line and the hits that are marked in it.
fn read(line: &str) -> (String, Vec<Hit>) {
    let line: String = serde_json::from_str(&format!("\"{line}\"")).unwrap();
    let (mut text, mut hits) = (String::new(), Vec::new());
    for c in line.chars() {
        match c {
            '«' => hits.push(Hit { span: text.len()..0, reason: Reason::CardNumber }),
            '‹' => hits.push(Hit { span: text.len()..0, reason: Reason::VerificationCode }),
            '»' | '›' => hits.last_mut().unwrap().span.end = text.len(),
            c => text.push(c),
        }
    }
    (text, hits)
}

fn lines() -> impl Iterator<Item = &'static str> {
    VECTORS.lines().filter(|line| !line.starts_with('#'))
}

#[test]
fn answers_every_vector() {
    let mut wrong = Vec::new();
    let (mut marked, mut clean) = (0, 0);
    for line in lines() {
        let (text, expected) = read(line);
        if expected.is_empty() {
            clean += 1
        } else {
            marked += 1
        }
        let found = find(&text);
        // An invisible character at the end of a hit belongs to neither side.
        let same = found.len() == expected.len()
            && found.iter().zip(&expected).all(|(a, b)| {
                a.reason == b.reason
                    && a.span.start == b.span.start
                    && text[a.span.end.min(b.span.end)..a.span.end.max(b.span.end)]
                        .chars()
                        .all(|c| mark(c) == Mark::Invisible)
            });
        if !same {
            wrong.push(format!("{line}\n    found {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(marked >= 120 && clean >= 100, "{marked} marked, {clean} clean");
}

#[test]
fn masks_every_vector_and_keeps_four_digits_at_most() {
    let digits =
        |text: &str| text.chars().filter(|c| matches!(mark(*c), Mark::Digit { .. })).count();
    for line in lines() {
        let (text, hits) = read(line);
        let masked = mask(&text);
        assert!(find(&masked).is_empty(), "{line}");
        if hits.is_empty() {
            assert!(matches!(masked, Cow::Borrowed(same) if same == text));
            continue;
        }
        let hidden: usize = hits
            .iter()
            .map(|hit| match hit.reason {
                Reason::CardNumber => digits(&text[hit.span.clone()]) - 4,
                _ => digits(&text[hit.span.clone()]),
            })
            .sum();
        assert_eq!(digits(&masked), digits(&text) - hidden, "{line}");
    }
}

#[test]
fn refuses_with_a_code_and_without_the_number() {
    let error = refuse("CVV 123 and 4111 1111 1111 1111").unwrap_err();
    assert!(error.is(&CARD_NUMBER));
    assert!(!format!("{error} {error:?}").contains("1111"));
    assert!(refuse("CVV 123").unwrap_err().is(&VERIFICATION_CODE));
    assert!(refuse("").is_ok());
}

#[test]
fn what_stands_between_other_things_joins_the_groups_of_a_card() {
    let digits: Vec<String> = "5555555555554444".chars().map(String::from).collect();
    for separator in ["%20", ":", "+", ";", "*", ", ", " : ", " + ", "; ", " * "] {
        for text in [
            ["4111", "1111", "1111", "1111"].join(separator),
            ["3782", "822463", "10005"].join(separator),
            digits.join(separator),
        ] {
            let hits = find(&text);
            assert_eq!(hits, [Hit { span: 0..text.len(), reason: Reason::CardNumber }], "{text}");
            assert!(find(&mask(&text)).is_empty(), "{text}");
        }
        // Two signs are two things, and so is a form that no card has.
        for groups in [["4111", "1111", "1111", "1112"], ["411", "11111", "1111", "1111"]] {
            assert!(refuse(&groups.join(separator)).is_ok(), "{separator}");
        }
        let two = format!("4111{separator}1111/1111{separator}1111");
        assert!(refuse(&two).is_ok(), "{two}");
    }
}

#[test]
fn a_masked_text_that_forms_a_new_number_is_masked_again() {
    // What the first number leaves, 1111, is the middle of nothing; the second stands beside it.
    for text in [
        "4111111111111111 4111111111111111",
        "4111111111111111 111111111111",
        "5555555555554444 4242424242424242 12/29 123",
    ] {
        assert!(find(&mask(text)).is_empty(), "{text}");
    }
}

#[test]
fn long_numbers_take_linear_time_and_are_no_card() {
    let long = "4111111111111111".repeat(640 * 1024);
    assert_eq!(long.len(), 10 * 1024 * 1024);
    assert!(find(&long).is_empty());
    for unit in
        ["1:", "4111:", "4111%20", "1, ", "1 ", "4111 ", "41-", "123 ", "1.2.3.4 ", "a 1", "DE89 "]
    {
        let text = unit.repeat(1024 * 1024 / unit.len());
        assert!(find(&text).is_empty(), "{unit}");
    }
}

#[test]
fn a_card_in_a_chain_of_many_groups_is_found_once() {
    for before in [4000, 4060, 4075, 4080, 4090, 4096, 4100, 8200] {
        let text = format!("{}4111 1111 1111 1111{}", "12 ".repeat(before), " 12".repeat(5000));
        let at = before * 3;
        let hit = Hit { span: at..at + 19, reason: Reason::CardNumber };
        assert_eq!(find(&text), [hit], "{before}");
    }
}

#[test]
fn the_clearest_form_comes_first() {
    // 5500 0000 0000 0004 is a card number in the groups of its network; the number around it is one
    // too, and stands out only where its own groups do.
    for (text, span) in [
        ("620 5500 0000 0000 0004", 4..23),
        ("620 5500000000000004", 4..20),
        ("6205 5000 0000 0000 004", 0..23),
        ("6205500000000000004", 0..19),
    ] {
        assert_eq!(find(text), [Hit { span, reason: Reason::CardNumber }], "{text}");
        assert!(find(&mask(text)).is_empty());
    }
}

const SEPARATORS: &[&str] =
    &["", " ", "-", ".", "/", "\u{a0}", "\u{2009}", "\n", "\u{200b}", "  ", " - ", "_", "\u{3000}"];
/// None has another card number inside, which a grouping could show more clearly.
const CARDS: &[&str] = &[
    "4242424242424242",
    "5555555555554444",
    "378282246310005",
    "6011000990139424",
    "3566002020360505",
    "36227206271667",
    "6200098780977890888",
    "2223003122003222",
];
const ZEROS: &[u32] = &[0x30, 0x660, 0x966, 0xff10, 0x1d7ce];

/// The digits of a card in some script, with gaps between them.
fn spread(card: &str, zero: u32, gaps: &[&str]) -> String {
    let mut number = String::new();
    for (i, c) in card.chars().enumerate() {
        if i > 0 {
            number.push_str(gaps[i]);
        }
        number.push(char::from_u32(zero + c.to_digit(10).unwrap()).unwrap());
    }
    number
}

proptest! {
    #[test]
    fn never_panics_and_spans_are_right(text in "[0-9 .,/\\-\n\u{200b}a-cCVv:²٠-٩À-ž]{0,200}") {
        let mut last = 0;
        for hit in find(&text) {
            prop_assert!(hit.span.start >= last && hit.span.start < hit.span.end);
            prop_assert!(text.get(hit.span.clone()).is_some());
            last = hit.span.end;
        }
        prop_assert!(find(&mask(&text)).is_empty());
    }

    #[test]
    fn never_panics_on_any_text(text in "\\PC{0,300}") {
        prop_assert!(find(&mask(&text)).is_empty());
    }

    #[test]
    fn a_number_is_found_in_any_grouping_and_script(
        card in proptest::sample::select(CARDS),
        zero in proptest::sample::select(ZEROS),
        separator in proptest::sample::select(SEPARATORS),
        split in proptest::collection::vec(any::<bool>(), 19),
        (before, after) in ("[a-z :;(]{0,9}", "[a-z :;)]{0,9}"),
    ) {
        let gaps: Vec<&str> = split.iter().map(|s| if *s { separator } else { "" }).collect();
        let number = spread(card, zero, &gaps);
        let hit = Hit {
            span: before.len()..before.len() + number.len(),
            reason: Reason::CardNumber,
        };
        prop_assert_eq!(find(&format!("{before}{number}{after}")), [hit], "{}", number);
    }

    #[test]
    fn a_number_is_found_with_different_separators(
        card in proptest::sample::select(CARDS),
        // Not those of dates and of IP addresses, which may stand in a chain of digits by chance.
        gaps in proptest::collection::vec(
            proptest::sample::select(&["", " ", "\u{a0}", "\n", "\u{200b}", " - ", "_"][..]),
            19,
        ),
    ) {
        let number = spread(card, 0x30, &gaps);
        prop_assert!(refuse(&number).unwrap_err().is(&CARD_NUMBER), "{}", number);
    }

    #[test]
    fn a_run_inside_a_longer_run_is_none(
        card in proptest::sample::select(CARDS),
        before in "[0-9]{1,8}",
        after in "[0-9]{1,8}",
    ) {
        let longer = format!("{before}{card}{after}");
        prop_assume!(longer.len() > 19);
        prop_assert!(find(&longer).is_empty());
    }
}
