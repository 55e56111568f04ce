//! Borders of pieces make no difference, nothing is found in what was masked, and masking changes
//! digits and letters only. The first byte says how long the pieces are.
#![no_main]

use std::io::Write;

use libfuzzer_sys::fuzz_target;
use tacenda_core::guard::Reason;
use tacenda_core::guard::stream::{self, Masker, Scanner};

fuzz_target!(|data: &[u8]| {
    let Some((length, text)) = data.split_first() else { return };
    let length = usize::from(*length).max(1);
    let hits = stream::find(text);
    let refused = hits.iter().any(|hit| hit.reason != Reason::AccountNumber);
    assert_eq!(stream::refuse(text).is_err(), refused);
    let mut end = 0;
    for hit in &hits {
        assert!(end <= hit.span.start && hit.span.start < hit.span.end, "in order, no overlap");
        end = hit.span.end;
    }
    assert!(end <= text.len() as u64);

    let masked = stream::mask(text);
    assert!(stream::find(&masked).is_empty());
    assert_eq!(masked == text, hits.is_empty());
    assert_eq!(masked.len(), text.len());
    assert!(masked.iter().zip(text).all(|(to, from)| to == from || *to == b'*'));

    let mut pieces = Vec::new();
    let mut scanner = Scanner::default();
    let mut masker = Masker::new(Vec::new());
    for piece in text.chunks(length) {
        scanner.push(piece, &mut |hit| pieces.push(hit));
        masker.write_all(piece).expect("a vector takes everything");
    }
    scanner.finish(&mut |hit| pieces.push(hit));
    assert_eq!(pieces, hits);
    assert_eq!(masker.finish().expect("a vector takes everything"), *masked);
});
