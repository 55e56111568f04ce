//! A policy file is read, or refused with places that are in it; what is read is read the same
//! again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tacenda_core::policy::Policy;

fuzz_target!(|text: &str| match Policy::parse(text) {
    Ok(policy) => {
        let again = Policy::parse(text).expect("what is read once is read again");
        assert_eq!(again.digest(), policy.digest());
        assert!(policy.diff(&again).is_empty());
        // Comments and white space are no part of a policy.
        let commented = format!("# comment\n\n{text}\n# comment");
        let commented = Policy::parse(&commented).expect("comments change nothing");
        assert_eq!(commented.digest(), policy.digest());
    }
    Err(errors) => {
        assert!(!errors.problems().is_empty());
        assert!(!errors.to_string().is_empty());
        let lines = text.split('\n').count().max(1);
        for problem in errors.problems() {
            assert!(
                (1..=lines).contains(&(problem.line as usize)),
                "line {} of {lines}",
                problem.line
            );
        }
    }
});
