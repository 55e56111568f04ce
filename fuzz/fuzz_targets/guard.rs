//! Nothing is found in what is masked, masking changes digits only, and all three functions agree.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tacenda_core::guard;

fuzz_target!(|text: &str| {
    let hits = guard::find(text);
    assert_eq!(guard::refuse(text).is_err(), !hits.is_empty());
    let mut end = 0;
    for hit in &hits {
        assert!(end <= hit.span.start && hit.span.start < hit.span.end, "in order, no overlap");
        assert!(text.get(hit.span.clone()).is_some(), "between characters");
        end = hit.span.end;
    }
    let masked = guard::mask(text);
    assert!(guard::find(&masked).is_empty());
    assert_eq!(masked == text, hits.is_empty());
    assert_eq!(guard::mask(&masked), masked);
    assert_eq!(masked.chars().count(), text.chars().count());
    assert!(masked.chars().zip(text.chars()).all(|(to, from)| to == from || to == '*'));
});
