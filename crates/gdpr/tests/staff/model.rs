//! A model: whatever is granted, renewed and revoked in whatever order, who may read is who holds a
//! grant then.

use chrono::{Days, NaiveDate};
use pollster::block_on as wait;
use proptest::prelude::*;
use tacenda_core::calendar::{Utc, day_of};
use tacenda_core::clock::Span;
use tacenda_core::vault::{Actor, RecordKey};
use tacenda_core::{ActorId, Name};
use tacenda_gdpr::staff::{self, Offer};
use tacenda_testkit::world::World;

use crate::support::*;

const ROLES: [&str; 2] = ["support", "billing"];

/// The person's latest grant.
struct Held {
    key: RecordKey,
    roles: Vec<&'static str>,
    cert: u8,
    until: NaiveDate,
    revoked: bool,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn who_may_read_is_who_holds_a_grant(
        steps in prop::collection::vec((0u8..6, 1u8..4, 0u8..3, 0u64..200), 1..25),
    ) {
        let world = World::default();
        let vault = open(&world);
        let subject = ada(&vault);
        let first = give(&vault, &["billing"], 9, "2026-06-02");
        let person = first.person;
        let mut held = Held {
            key: first.key,
            roles: vec!["billing"],
            cert: 9,
            until: day("2026-06-02"),
            revoked: false,
        };
        let system = Actor::system();
        let boss = Actor::staff(ActorId::from_bytes([3; 16]), Name::fixed("support"));
        for (step, cert, roles, days) in steps {
            let today = day_of(&Utc, vault.now());
            let until = today.checked_add_days(Days::new(days)).unwrap();
            let roles: Vec<_> = ROLES.iter().copied().filter(|role| {
                roles == 2 || *role == ROLES[usize::from(roles)]
            }).collect();
            let offer = Offer {
                roles: roles.iter().copied().map(Name::fixed).collect(),
                certificate: certificate(cert),
                until,
                told: Some((vault.now(), "en".into())),
            };
            let over = held.until < today;
            match step {
                0 => {
                    let given = wait(staff::give(&vault, Some(person), &grace(), &offer, &system));
                    prop_assert_eq!(given.is_ok(), over || held.revoked, "{:?}", given);
                    if let Ok(given) = given {
                        held = Held { key: given.key, roles, cert, until, revoked: false };
                    }
                }
                1 => {
                    let renewed = wait(staff::renew(&vault, &held.key, &offer, &system));
                    prop_assert_eq!(renewed.is_ok(), !over && !held.revoked, "{:?}", renewed);
                    if renewed.is_ok() {
                        held = Held { roles, cert, until, ..held };
                    }
                }
                2 => {
                    // Nobody without a grant revokes.
                    prop_assert!(revoke(&vault, person, &boss).is_err());
                }
                3 => {
                    let other = give(&vault, &["support"], 77, &today.to_string());
                    let other_boss = acting(other.person, "support", 77);
                    let revoked = revoke(&vault, person, &other_boss);
                    held.revoked |= revoked.is_ok();
                    revoke(&vault, other.person, &other_boss).unwrap();
                }
                4 => drop(wait(staff::settle(&vault, None, 9)).unwrap()),
                _ => world.clock.advance(Span::days(i64::try_from(days / 4).unwrap())),
            }
            let today = day_of(&Utc, vault.now());
            for role in ROLES {
                for cert in [1, 2, 3, 9] {
                    let may = !held.revoked
                        && held.until >= today
                        && held.roles.contains(&role)
                        && held.cert == cert;
                    let answer = read(&vault, subject, &acting(person, role, cert));
                    prop_assert_eq!(answer == "ok", may, "{} {} {}", role, cert, answer);
                    prop_assert!(may || answer.starts_with("staff."), "{}", answer);
                }
            }
        }
        wait(vault.audit()).unwrap();
    }
}
