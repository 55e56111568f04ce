//! The steps alone, against a table of what follows from what; and the stored forms.

use proptest::prelude::*;
use tacenda_core::clock::Span;
use tacenda_core::{ActorId, Name, Timestamp};
use tacenda_gdpr::holds::{Covered, Ground, GroupId, Hold, Placing, Scope, Stage, Stamp};
use tacenda_gdpr::requests::{Channel, RestrictionGround};
use tacenda_gdpr::restriction::{self, Announcement, Asked, Restriction};

use crate::support::*;

fn stamp(days: i64) -> Stamp {
    let at = Timestamp::parse_rfc3339("2026-03-05T08:00:00Z").unwrap().plus(Span::days(days));
    Stamp { at, by: OWNER }
}

fn placing(scope: Scope) -> Placing {
    Placing {
        ground: Ground::Audit,
        reason: note("The tax office looks at 2025."),
        owner: OWNER,
        review_on: day("2026-09-05"),
        scope,
        covered: Covered { classes: names(&["billing"]), items: names(&["address"]) },
        group: Some(GroupId::from_bytes([4; 16])),
    }
}

fn scopes() -> [Scope; 3] {
    [Scope::Subject, classes(&["billing"]), Scope::Items(names(&["address"]))]
}

fn hold(scope: Scope) -> Hold {
    Hold::place(placing(scope), day("2026-03-05"), stamp(0)).unwrap()
}

fn restriction(asked: Asked) -> Restriction {
    let placing = restriction::Placing {
        ground: RestrictionGround::Accuracy,
        reason: note("The address is contested."),
        asked,
        classes: names(&["billing", "account"]),
        review_on: day("2026-04-05"),
    };
    Restriction::place(placing, day("2026-03-05"), stamp(0)).unwrap()
}

#[test]
fn every_word_is_read_again_and_every_ground_has_its_law() {
    for ground in Ground::ALL {
        assert_eq!(Ground::parse(ground.as_str()), Some(*ground));
        assert!(ground.law().starts_with("GDPR Art. "));
    }
    for stage in Stage::ALL {
        assert_eq!(Stage::parse(stage.as_str()), Some(*stage));
    }
    let group = GroupId::from_bytes([0xab; 16]);
    assert_eq!((group.as_bytes(), group.to_string().len()), (&[0xab; 16], 36));
    assert_eq!(format!("{:?}", hold(Scope::Subject).placing().reason), "Note(..)");
}

#[test]
fn what_is_stored_is_frozen() {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let held = hold(Scope::Items(names(&["address"])));
    // Domain, one entry: its time, its actor, and then the fields in the order of the page.
    let text = |text: &str| format!("{:08x}{}", text.len(), hex(text.as_bytes()));
    let at = format!("{:016x}", stamp(0).at.as_micros());
    let expected = [
        text("tacenda/hold/1"),
        "00000001".into(),
        at.clone(),
        "09".repeat(16),
        text("placed"),
        text("audit"),
        text("The tax office looks at 2025."),
        "09".repeat(16),
        text("2026-09-05"),
        text("items"),
        format!("00000001{}", text("address")),
        format!("00000001{}", text("billing")),
        format!("00000001{}", text("address")),
        format!("01{}", "04".repeat(16)),
    ];
    assert_eq!(hex(&held.encode()), expected.concat());
    let restricted = restriction(Asked::Person(stamp(-1).at));
    let expected = [
        text("tacenda/restriction/1"),
        "00000001".into(),
        at,
        "09".repeat(16),
        text("placed"),
        text("accuracy"),
        text("The address is contested."),
        text("person"),
        format!("{:016x}", stamp(-1).at.as_micros()),
        format!("00000002{}{}", text("account"), text("billing")),
        text("2026-04-05"),
    ];
    assert_eq!(hex(&restricted.encode()), expected.concat());
}

#[test]
fn a_history_that_no_steps_can_have_made_is_refused() {
    let bytes = hold(Scope::Subject).encode();
    for at in 0..bytes.len() {
        assert!(Hold::decode(&bytes[..at]).is_err());
    }
    let again = |bytes: &[u8], from: &str, to: &str| {
        assert_eq!(from.len(), to.len());
        let at = bytes.windows(from.len()).position(|w| w == from.as_bytes()).unwrap();
        let mut bytes = bytes.to_vec();
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        bytes
    };
    assert!(Hold::decode(&again(&bytes, "subject", "sabject")).is_err());
    assert!(Hold::decode(&again(&bytes, "2026-09-05", "2026-09-5 ")).is_err());
    assert!(Hold::decode(&again(&bytes, "audit", "adult")).is_err());
    let told = restriction(Asked::Authority(stamp(0).at));
    let letter = Announcement { sent_at: stamp(1).at, by: Channel::Email, reason: note("Over.") };
    let lifted = told.announce(letter, stamp(1)).unwrap().lift(stamp(2)).unwrap().encode();
    assert!(Restriction::decode(&lifted).is_ok());
    // Lifted without a word: the letter is a review of no day.
    let place = lifted.windows(9).position(|w| w == b"announced").unwrap();
    let silent = [&lifted[..place - 28], &lifted[lifted.len() - 34..]].concat();
    assert!(Restriction::decode(&silent).is_err());
}

/// The model of a hold: in force, released or settled.
#[derive(Debug, Clone, Copy, PartialEq)]
enum At {
    Force,
    Released,
    Settled,
}

proptest! {
    #[test]
    fn a_hold_is_where_its_steps_lead(
        scope in 0usize..3,
        steps in prop::collection::vec((0u8..4, -200i64..400), 0..12),
    ) {
        let scope = scopes()[scope].clone();
        let mut one = hold(scope.clone());
        let (mut at, mut entries, mut on, mut last) = (At::Force, 1, day("2026-09-05"), stamp(0).at);
        for (what, days) in steps {
            let stamp = stamp(days);
            let today = tacenda_core::calendar::day_of(&tacenda_core::calendar::Utc, stamp.at);
            let next = day("2026-12-31");
            let reason = note("As before.");
            let new = ActorId::from_bytes([u8::try_from(entries).unwrap(); 16]);
            let (done, to) = match what {
                0 => (one.clone().review(next, reason, today, stamp), At::Force),
                1 => (one.clone().hand_over(new, reason, stamp), At::Force),
                2 => (one.clone().release(reason, stamp), At::Released),
                _ => (one.clone().settle(stamp), At::Settled),
            };
            let follows = matches!(
                (at, to),
                (At::Force, At::Force | At::Released) | (At::Released, At::Settled)
            );
            let latest = today.checked_add_months(chrono::Months::new(6)).unwrap();
            let expected = match what {
                0 if next < today => "case.review_past",
                0 if next > latest => "case.review_far",
                _ if !follows => "holds.wrong_step",
                _ => "ok",
            };
            prop_assert_eq!(done.as_ref().map_or_else(|error| error.code(), |_| "ok"), expected);
            let Ok(done) = done else { continue };
            (at, entries, last) = (to, entries + 1, last.max(stamp.at));
            if what == 0 {
                on = next;
            }
            if what == 2 {
                prop_assert_eq!(done.released_at(), Some(last));
            }
            one = done;
            prop_assert_eq!(one.review_on(), on);
        }
        prop_assert_eq!(one.entries().len(), entries);
        prop_assert!(one.entries().is_sorted_by_key(|entry| entry.at));
        let stage = match at {
            At::Force if scope == Scope::Subject => Stage::Whole,
            At::Force => Stage::Part,
            At::Released => Stage::Released,
            At::Settled => Stage::Settled,
        };
        prop_assert_eq!(one.stage(), stage);
        prop_assert_eq!(Hold::decode(&one.encode()).unwrap(), one);
    }

    #[test]
    fn a_restriction_ends_after_its_letter_alone(
        steps in prop::collection::vec((0u8..4, 0i64..20, -3i64..3), 0..12),
    ) {
        let mut one = restriction(Asked::Person(stamp(0).at));
        let (mut told, mut lifted, mut entries, mut now) = (false, false, 1, stamp(0).at);
        let mut kept = None;
        for (what, days, ago) in steps {
            let stamp = Stamp { at: now.plus(Span::days(days)), by: OWNER };
            let sent_at = stamp.at.minus(Span::days(ago));
            let letter = Announcement { sent_at, by: Channel::Letter, reason: note("Over.") };
            let today = tacenda_core::calendar::day_of(&tacenda_core::calendar::Utc, stamp.at);
            let done = match what {
                0 => one.clone().review(today, note("So far."), today, stamp),
                1 => one.clone().announce(letter, stamp),
                2 => one.clone().keep(note("Not yet."), stamp),
                _ => one.clone().lift(stamp),
            };
            // Younger than the word that it goes on, but for what clocks may differ.
            let since = kept.map_or(one.placed_at(), |at: Timestamp| at.minus(Span::seconds(300)));
            let since = since.max(one.placed_at());
            let timely = sent_at >= since && sent_at <= stamp.at;
            let expected = match what {
                1 if !timely => "restriction.bad_time",
                _ if lifted => "restriction.wrong_step",
                0 | 1 if told => "restriction.wrong_step",
                2 if !told => "restriction.wrong_step",
                3 if !told => "restriction.not_told",
                _ => "ok",
            };
            match done {
                Err(error) => prop_assert_eq!(error.code(), expected),
                Ok(done) => {
                    prop_assert_eq!(expected, "ok");
                    (told, lifted) = (what == 1 || (told && what == 3), what == 3);
                    kept = if what == 2 { Some(stamp.at) } else { kept };
                    (one, entries, now) = (done, entries + 1, stamp.at);
                }
            }
        }
        prop_assert_eq!(one.entries().len(), entries);
        prop_assert_eq!(one.lifted_at().is_some(), lifted);
        prop_assert_eq!(one.restricts(&Name::fixed("billing")), !lifted);
        prop_assert_eq!(Restriction::decode(&one.encode()).unwrap(), one);
    }

    #[test]
    fn decoding_never_panics_and_writes_again_what_it_reads(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        scope in 0usize..3,
    ) {
        let _ = (Hold::decode(&bytes), Restriction::decode(&bytes));
        let hold = hold(scopes()[scope].clone()).release(note("Over."), stamp(1)).unwrap().encode();
        let asked = restriction(Asked::Authority(stamp(0).at)).encode();
        let flip = |frame: Vec<u8>| {
            let skip = 30 + bytes.len() % 60;
            let mut frame = frame;
            for (to, from) in frame.iter_mut().skip(skip).zip(&bytes) {
                *to ^= from & 3;
            }
            frame
        };
        let (hold, asked) = (flip(hold), flip(asked));
        if let Ok(read) = Hold::decode(&hold) {
            prop_assert_eq!(read.encode(), hold);
        }
        if let Ok(read) = Restriction::decode(&asked) {
            prop_assert_eq!(read.encode(), asked);
        }
    }
}
