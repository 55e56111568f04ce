use std::io::Write;

use proptest::prelude::*;

use super::*;
use crate::guard;

const VECTORS: &str = include_str!("../../../../../vectors/guard/stream.txt");
const LOOK_ALIKES: &str = include_str!("../../../../../vectors/guard/look_alikes.txt");

/// The text of a line and the hits that are marked in it.
fn read(line: &str) -> (String, Vec<StreamHit>) {
    let line: String = serde_json::from_str(&format!("\"{line}\"")).unwrap();
    let (mut text, mut hits) = (String::new(), Vec::new());
    for c in line.chars() {
        let reason = match c {
            '«' => Reason::CardNumber,
            '‹' => Reason::VerificationCode,
            '⟦' => Reason::AccountNumber,
            '»' | '›' | '⟧' => {
                let hit: &mut StreamHit = hits.last_mut().unwrap();
                hit.span.end = text.len() as u64;
                continue;
            }
            c => {
                text.push(c);
                continue;
            }
        };
        hits.push(StreamHit { span: text.len() as u64..0, reason });
    }
    (text, hits)
}

fn lines(file: &str) -> impl Iterator<Item = &str> {
    file.lines().filter(|line| !line.starts_with("# ") && *line != "#")
}

/// As [`find`], in pieces of these lengths.
fn find_in_pieces(text: &[u8], lengths: &[usize]) -> Vec<StreamHit> {
    let (mut hits, mut rest) = (Vec::new(), text);
    let mut scanner = Scanner::default();
    for length in lengths.iter().cycle() {
        let (piece, tail) = rest.split_at((*length).min(rest.len()));
        scanner.push(piece, &mut |hit| hits.push(hit));
        rest = tail;
        if rest.is_empty() {
            break;
        }
    }
    scanner.finish(&mut |hit| hits.push(hit));
    hits
}

fn mask_in_pieces(text: &[u8], lengths: &[usize]) -> Vec<u8> {
    let mut masker = Masker::new(Vec::new());
    let mut rest = text;
    for length in lengths.iter().cycle() {
        let (piece, tail) = rest.split_at((*length).min(rest.len()));
        masker.write_all(piece).unwrap();
        rest = tail;
        if rest.is_empty() {
            break;
        }
    }
    masker.finish().unwrap()
}

#[test]
fn answers_every_vector_in_any_pieces() {
    let mut wrong = Vec::new();
    let (mut marked, mut clean) = (0, 0);
    for line in lines(VECTORS).chain(lines(LOOK_ALIKES)) {
        let (text, expected) = read(line);
        if expected.is_empty() {
            clean += 1
        } else {
            marked += 1
        }
        let found = find(text.as_bytes());
        if found != expected {
            wrong.push(format!("{line}\n    found {found:?}"));
        }
        let refused = expected.iter().any(|hit| hit.reason != Reason::AccountNumber);
        assert_eq!(refuse(text.as_bytes()).is_err(), refused, "{line}");
        for length in [1, 2, 7] {
            assert_eq!(find_in_pieces(text.as_bytes(), &[length]), found, "{line}");
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(marked >= 100 && clean >= 100, "{marked} marked, {clean} clean");
}

#[test]
fn look_alikes_are_clean_in_the_strict_profile_too() {
    for line in lines(LOOK_ALIKES) {
        let (text, expected) = read(line);
        assert!(guard::find(&text).is_empty(), "{line}");
        let all = guard::find_all(&text);
        let spans: Vec<_> =
            all.iter().map(|hit| hit.span.start as u64..hit.span.end as u64).collect();
        assert!(spans.iter().eq(expected.iter().map(|hit| &hit.span)), "{line}: {all:?}");
        assert!(all.iter().all(|hit| hit.reason == Reason::AccountNumber));
    }
}

#[test]
fn masks_every_vector_and_shows_four_characters_at_most() {
    for line in lines(VECTORS) {
        let (text, hits) = read(line);
        let masked = mask(text.as_bytes());
        assert!(find(&masked).is_empty(), "{line}");
        assert_eq!(masked.len(), text.len());
        assert_eq!(matches!(masked, Cow::Borrowed(_)), hits.is_empty());
        for hit in hits {
            let span = hit.span.start as usize..hit.span.end as usize;
            let shown = masked[span].iter().filter(|b| b.is_ascii_alphanumeric()).count();
            let most = match hit.reason {
                Reason::CardNumber => 4,
                Reason::VerificationCode => 0,
                Reason::AccountNumber => 6,
            };
            assert!(shown <= most, "{line}");
        }
    }
    let masked = mask(b"4111111111111111 12/29 123, DE89 3704 0044 0532 0130 00");
    assert_eq!(&*masked, b"************1111 12/29 ***, DE** **** **** **** **30 00".as_slice());
    // The four that would stay could form a number with what follows, so they go too.
    let masked = mask(b"5555555555554444 11111111111");
    assert_eq!(&*masked, b"**************** 11111111111".as_slice());
}

#[test]
fn a_hit_across_every_border_of_a_large_stream_is_found() {
    let filler = "0123 GET /x?y=1 200 12ms ".repeat(3 * PIECE / 25);
    for near in [PIECE, 2 * PIECE, 3 * PIECE - 400] {
        for back in 0..40 {
            let at = near - back;
            let text = format!("{}, 4111 1111 1111 1111, {}", &filler[..at], &filler[at..]);
            let start = at as u64 + 2;
            let hit = StreamHit { span: start..start + 19, reason: Reason::CardNumber };
            assert_eq!(find_in_pieces(text.as_bytes(), &[PIECE, 999]), [hit]);
        }
    }
}

#[test]
fn memory_is_one_buffer_and_anything_repeated_is_clean() {
    for unit in ["4", "4111111111111111", "1 ", "4111 ", "12-", "card 1.", "DE89", "cvv ", "\u{a0}"]
    {
        let text = unit.repeat((1 << 17) / unit.len());
        let mut scanner = Scanner::default();
        let mut hits = 0;
        for piece in text.as_bytes().chunks(1000) {
            scanner.push(piece, &mut |_| hits += 1);
            assert!(scanner.window.bytes.len() < 3000 && scanner.window.bytes.capacity() < 10_000);
        }
        scanner.finish(&mut |_| hits += 1);
        assert_eq!(hits, 0, "{unit}");
    }
}

#[test]
fn a_flush_passes_on_whole_lines() {
    let mut masker = Masker::new(Vec::new());
    masker.write_all(b"card 4111111111111111\nand 4111 1111 ").unwrap();
    masker.flush().unwrap();
    assert_eq!(masker.get(), b"card ************1111\n");
    masker.write_all(b"1111 1111\n").unwrap();
    masker.flush().unwrap();
    assert_eq!(masker.get(), b"card ************1111\nand **** **** **** 1111\n");
    masker.write_all(b"cvv 123").unwrap();
    assert!(masker.finish().unwrap().ends_with(b"1111\ncvv ***"));
}

/// Takes a few bytes a call, and fails every third call.
#[derive(Default)]
struct Stubborn {
    taken: Vec<u8>,
    calls: usize,
}

impl Write for Stubborn {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.calls += 1;
        match self.calls % 3 {
            0 => Err(std::io::ErrorKind::WouldBlock.into()),
            1 => Err(std::io::ErrorKind::Interrupted.into()),
            _ => {
                let taken = bytes.len().min(50);
                self.taken.extend_from_slice(&bytes[..taken]);
                Ok(taken)
            }
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_writer_that_fails_loses_and_repeats_nothing() {
    let text = "GET /x 4111 1111 1111 1111 DE89370400440532013000\n".repeat(100);
    let mut masker = Masker::new(Stubborn::default());
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        if let Ok(taken) = masker.write(&rest[..rest.len().min(120)]) {
            rest = &rest[taken..];
        }
    }
    while masker.flush().is_err() {}
    assert_eq!(masker.finish().unwrap().taken, &*mask(text.as_bytes()));
}

#[test]
fn debug_says_nothing() {
    let mut scanner = Scanner::default();
    scanner.push(b"4111", &mut |_| ());
    let mut masker = Masker::new(Vec::new());
    masker.write_all(b"4111").unwrap();
    assert_eq!(format!("{scanner:?} {masker:?}"), "Scanner(..) Masker(..)");
}

const WORDS: &str = "[0-9]{1,20}|[ \\-./_,:*]{1,2}|card |visa|cvv[2: =]{0,2}|x|4111 ?1111|1111 1111|\
    5555555555554444|378282246310005|DE89370400440532013000|GB29 NWBK 6016 1331 9268 19|\r\n|\u{a0}|\
    12/29|\\|123|é|62[0-9]{14}";

fn texts() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(WORDS, 0..40).prop_map(|words| words.concat().into_bytes())
}

#[test]
fn a_code_joined_to_its_card_is_one() {
    let text = b"cvv|123_6200000000000000";
    let hits = find(text);
    assert_eq!(hits.iter().map(|hit| hit.span.clone()).collect::<Vec<_>>(), [4..7, 8..24]);
    assert!(find(&mask(text)).is_empty());
    assert!(find(b"cvv|123_456").is_empty(), "a number of its own");
}

proptest! {
    #[test]
    fn borders_of_pieces_make_no_difference(
        text in texts(),
        lengths in proptest::collection::vec(1usize..200, 1..6),
    ) {
        prop_assert_eq!(find_in_pieces(&text, &lengths), find(&text));
        prop_assert_eq!(mask_in_pieces(&text, &lengths), &*mask(&text));
    }

    #[test]
    fn nothing_is_found_in_what_was_masked(text in texts()) {
        let masked = mask(&text);
        prop_assert!(find(&masked).is_empty(), "{}", String::from_utf8_lossy(&text));
        prop_assert_eq!(masked.len(), text.len());
    }

    #[test]
    fn never_panics_on_any_bytes(
        text in proptest::collection::vec(any::<u8>(), 0..600),
        length in 1usize..90,
    ) {
        prop_assert_eq!(mask_in_pieces(&text, &[length]), &*mask(&text));
        let _ = refuse(&text);
    }

    #[test]
    fn a_number_in_a_line_of_a_log_is_found(
        card in proptest::sample::select(&[
            "4242424242424242", "5555555555554444", "6011000990139424", "3566002020360505",
            "2223003122003222",
        ][..]),
        separator in proptest::sample::select(&["", " ", "-", "\u{a0}", "_", "/"][..]),
        (before, after) in ("[a-z]{0,9}[ =:;(\"]", "[ ,;)\"&.]?"),
    ) {
        let number = card.as_bytes().chunks(4).map(|four| std::str::from_utf8(four).unwrap());
        let number = number.collect::<Vec<_>>().join(separator);
        let text = format!("{before}{number}{after}");
        let start = before.len() as u64;
        let hit = StreamHit { span: start..start + number.len() as u64, reason: Reason::CardNumber };
        prop_assert_eq!(find(text.as_bytes()), [hit]);
    }
}
