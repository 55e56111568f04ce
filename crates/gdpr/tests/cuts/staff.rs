//! Grants, cut at every step: what whoever acts is held against and the record are one change.

use pollster::block_on as wait;
use tacenda_core::leaf::Leaf;
use tacenda_core::policy::records::{GRANTS, REQUESTS};
use tacenda_core::vault::{
    Actor, Amendment, Effects, Entry, Fingerprint, MODEL, NewRecord, OnRestore, RecordItems,
    RecordKey, StanceChange, Standing, Vault,
};
use tacenda_core::{ActorId, Name, Result, SubjectId};
use tacenda_gdpr::erasure;
use tacenda_gdpr::staff::{self, Granted, Ground, Identity, Note, Offer};
use tacenda_testkit::world::{POLICY, World, request};

use super::{Cuttable, between, everywhere};

fn open(world: &World) -> Result<Vault> {
    let policy = format!("{POLICY}\n[staff]\ngrants = \"required\"\nnotice = \"We keep it.\"\n");
    world.try_open(&policy, OnRestore::Refuse).map(|(vault, _)| vault)
}

fn offer(vault: &Vault, cert: u8, until: &str) -> Offer {
    Offer {
        roles: [Name::fixed("support")].into(),
        certificate: Fingerprint::of_der(&[cert]),
        until: until.parse().unwrap(),
        told: Some((vault.now(), "en".into())),
    }
}

fn give(vault: &Vault, person: Option<ActorId>, cert: u8, until: &str) -> Result<Granted> {
    let identity = Identity::parse("Grace Hopper", "grace@example.com").unwrap();
    let offer = offer(vault, cert, until);
    wait(staff::give(vault, person, &identity, &offer, &Actor::system()))
}

fn actor(person: ActorId, cert: u8) -> Actor {
    let certificate = Fingerprint::of_der(&[cert]);
    Actor::staff(person, Name::fixed("support")).with_certificate(certificate)
}

fn person(subject: SubjectId) -> ActorId {
    ActorId::from(subject.as_uuid())
}

/// What a read by somebody with a certificate comes to.
fn read(vault: &Vault, by: SubjectId, cert: u8) -> &'static str {
    let items = [("email", "ada@example.org")];
    // Once she is there, she is found.
    let _ = wait(vault.register(request(vault, &items, false), &Actor::system()));
    let (email, account) = (Name::fixed("email"), Name::fixed("account"));
    let me = actor(person(by), cert);
    let view = wait(vault.read_by(&email, "ada@example.org", &account, &me));
    view.err().map_or("ok", |error| error.code())
}

fn open_grants(vault: &Vault, subject: SubjectId) -> usize {
    let all = wait(vault.records_of(subject, &GRANTS)).unwrap();
    all.iter().filter(|one| matches!(one.standing, Standing::Open { .. })).count()
}

/// Somebody whose grant was given and revoked: with an id, and without a grant.
fn former(world: &Cuttable) -> SubjectId {
    let vault = open(&world.sound).unwrap();
    let granted = give(&vault, None, 1, "2027-06-01").unwrap();
    let reason = Note::parse("They leave.").unwrap();
    let me = actor(granted.person, 1);
    wait(staff::revoke(&vault, granted.person, Ground::Departure, &reason, &me)).unwrap();
    granted.key.subject
}

fn granted(world: &Cuttable) -> SubjectId {
    give(&open(&world.sound).unwrap(), None, 1, "2027-06-01").unwrap().key.subject
}

#[test]
fn a_grant_is_given_whole_or_not_at_all() {
    let operations = everywhere(
        former,
        |world, subject| give(&open(world)?, Some(person(subject)), 2, "2027-06-01").map(|_| ()),
        |world, subject, done| {
            let vault = open(&world.sound).unwrap();
            let may = read(&vault, subject, 2) == "ok";
            assert!(may || !done);
            assert_eq!(
                open_grants(&vault, subject),
                usize::from(may),
                "no access without a record"
            );
            let again = give(&vault, Some(person(subject)), 2, "2027-06-01");
            assert_eq!(again.is_ok(), !may, "and it can be given once");
            assert_eq!(read(&vault, subject, 2), "ok");
            wait(vault.audit()).unwrap();
        },
    );
    assert!(operations > 10, "{operations}");
}

#[test]
fn a_renewal_takes_the_certificate_of_before_with_it() {
    everywhere(
        granted,
        |world, subject| {
            let vault = open(world)?;
            let key = wait(vault.records_of(subject, &GRANTS))?.remove(0).key;
            let offer = offer(&vault, 2, "2027-06-01");
            wait(staff::renew(&vault, &key, &offer, &Actor::system()))
        },
        |world, subject, done| {
            let vault = open(&world.sound).unwrap();
            let may = [1, 2].map(|cert| read(&vault, subject, cert) == "ok");
            assert!(may == [false, true] || !done && may == [true, false], "{may:?}");
            assert_eq!(open_grants(&vault, subject), 1);
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn a_revocation_counts_from_the_next_read_whole_or_not_at_all() {
    let revoke = |vault: &Vault, subject: SubjectId| {
        let reason = Note::parse("They leave.").unwrap();
        let (person, me) = (person(subject), actor(person(subject), 1));
        wait(staff::revoke(vault, person, Ground::Departure, &reason, &me)).map(|_| ())
    };
    everywhere(
        granted,
        |world, subject| revoke(&open(world)?, subject),
        |world, subject, done| {
            let vault = open(&world.sound).unwrap();
            let may = read(&vault, subject, 1) == "ok";
            assert!(!(may && done));
            assert_eq!(open_grants(&vault, subject), usize::from(may));
            if may {
                revoke(&vault, subject).unwrap();
            }
            assert_eq!(read(&vault, subject, 1), "staff.revoked");
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn what_has_run_out_is_noted_whole_or_not_at_all() {
    everywhere(
        |world| {
            let subject =
                give(&open(&world.sound).unwrap(), None, 1, "2026-06-02").unwrap().key.subject;
            world.sound.set_time("2026-06-03T08:00:00Z");
            subject
        },
        |world, _| wait(staff::settle(&open(world)?, None, 9)).map(|_| ()),
        |world, subject, done| {
            let vault = open(&world.sound).unwrap();
            assert_eq!(read(&vault, subject, 1), "staff.expired");
            let left = open_grants(&vault, subject);
            assert!(left == 0 || !done);
            assert_eq!(wait(staff::settle(&vault, None, 9)).unwrap().ended, left);
            assert_eq!(open_grants(&vault, subject), 0);
            assert_eq!(read(&vault, subject, 1), "staff.expired");
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn a_renewal_never_undoes_a_revocation_that_came_first() {
    between(
        granted,
        |world, subject| {
            let vault = open(world).unwrap();
            let key = wait(vault.records_of(subject, &GRANTS)).unwrap().remove(0).key;
            let offer = offer(&vault, 2, "2027-06-01");
            wait(staff::renew(&vault, &key, &offer, &Actor::system())).is_ok()
        },
        |world, subject| {
            let vault = open(world).unwrap();
            let reason = Note::parse("They leave.").unwrap();
            // As whom it is now; the renewal may have been first.
            let revoked = [1, 2].iter().any(|cert| {
                let me = actor(person(subject), *cert);
                let ground = Ground::Departure;
                wait(staff::revoke(&vault, person(subject), ground, &reason, &me)).is_ok()
            });
            assert!(revoked);
        },
        |world, subject, _| {
            let vault = open(&world.sound).unwrap();
            assert_eq!([1, 2].map(|cert| read(&vault, subject, cert)), ["staff.revoked"; 2]);
            assert_eq!(open_grants(&vault, subject), 0);
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn nothing_is_read_behind_a_revocation() {
    between(
        |world| {
            let subject = granted(world);
            assert_eq!(read(&open(&world.sound).unwrap(), subject, 1), "ok");
            subject
        },
        |world, subject| read(&open(world).unwrap(), subject, 1),
        |world, subject| {
            let vault = open(world).unwrap();
            let reason = Note::parse("They leave.").unwrap();
            let me = actor(person(subject), 1);
            wait(staff::revoke(&vault, me.id, Ground::Problem, &reason, &me)).unwrap();
        },
        |world, subject, answer| {
            assert!(["ok", "staff.revoked"].contains(&answer), "{answer}");
            let vault = open(&world.sound).unwrap();
            let store = &vault.ports().store;
            let stored = wait(store.leaves(1, 0, 999)).unwrap();
            let texts = stored.iter().filter_map(|leaf| leaf.bytes.as_deref());
            let told: Vec<_> = texts.map(|text| Leaf::decode(text).unwrap()).collect();
            let last_read = told.iter().rposition(|leaf| leaf.action == *"subject.read");
            let revoked = told.iter().position(|leaf| leaf.action == *"grant.revoked");
            assert!(
                last_read.is_some() && last_read < revoked,
                "the log shows what was first: {answer}"
            );
            assert_eq!(read(&vault, subject, 1), "staff.revoked");
        },
    );
}

/// A file of a customer's, as small as one can be.
fn file_of(subject: SubjectId) -> NewRecord {
    NewRecord {
        subject: Some(subject),
        standing: Standing::Open { state: Name::fixed("received"), due_at: None },
        items: RecordItems::default().with(MODEL, b"access".to_vec()),
        entry: Entry::new("request.opened"),
        effects: Effects::default(),
    }
}

/// A customer, and the first file of theirs.
fn customer(vault: &Vault) -> RecordKey {
    let subject = wait(vault.subjects(None, 1)).unwrap().remove(0);
    wait(vault.records_of(subject, &REQUESTS)).unwrap().remove(0).key
}

/// A step of staff, and the entry of the log that says that it was taken.
type Step = (&'static str, fn(&Vault, &RecordKey, &Actor) -> Result<()>);

const STEPS: [Step; 11] = [
    ("record.read", |vault, key, me| {
        wait(vault.read_record(key, &[MODEL], &Name::fixed("account"), me)).map(drop)
    }),
    ("subject.looked_up", |vault, _, me| {
        let (email, account) = (Name::fixed("email"), Name::fixed("account"));
        wait(vault.find_by(&email, "ada@example.org", &account, me)).map(drop)
    }),
    ("subject.read_refused", |vault, _, me| {
        let (email, account) = (Name::fixed("email"), Name::fixed("account"));
        match wait(vault.read_by(&email, "eve@example.org", &account, me)) {
            Err(error) if error.code() == "vault.not_found" => Ok(()),
            other => other.map(drop),
        }
    }),
    ("record.looked_up", |vault, key, me| {
        let address = || tacenda_core::pii::Sensitive::new("ada@example.org".to_owned());
        wait(vault.find_by_record(key, &[MODEL], me, |_| Ok(vec![address()]))).map(drop)
    }),
    ("stance.read", |vault, key, me| wait(vault.read_stance(key.subject, me)).map(drop)),
    ("stance.changed", |vault, key, me| {
        let purpose = Name::fixed("newsletter");
        let withdrawn = StanceChange::ConsentWithdrawn { purpose, at: vault.now() };
        let entry = Entry::new("stance.changed");
        wait(vault.change_stance(key.subject, None, &[withdrawn], entry, me))
    }),
    ("record.listed", |vault, _, me| wait(vault.note_listing(&REQUESTS, 1, me))),
    ("subject.amended", |vault, key, me| {
        let set = vec![vault.item(&Name::fixed("note"), "rang").unwrap()];
        wait(vault.amend(key.subject, Amendment { set, ..Amendment::default() }, me))
    }),
    ("request.opened", |vault, key, me| {
        wait(vault.add_record(&REQUESTS, file_of(key.subject), me)).map(drop)
    }),
    ("request.opened", |vault, key, me| {
        wait(vault.add_record_once(&REQUESTS, &[7; 16], file_of(key.subject), me)).map(drop)
    }),
    ("erasure.intended", |vault, key, me| wait(erasure::erase(vault, key.subject, me)).map(drop)),
];

#[test]
fn no_step_stands_behind_a_revocation() {
    for (action, step) in STEPS {
        between(
            |world| {
                let vault = open(&world.sound).unwrap();
                let ada = request(&vault, &[("email", "ada@example.org")], false);
                let ada = wait(vault.register(ada, &Actor::system())).unwrap().subject();
                wait(vault.add_record(&REQUESTS, file_of(ada), &Actor::system())).unwrap();
                granted(world)
            },
            |world, subject| {
                let vault = open(world).unwrap();
                step(&vault, &customer(&vault), &actor(person(subject), 1))
            },
            |world, subject| {
                let vault = open(world).unwrap();
                let reason = Note::parse("They leave.").unwrap();
                let me = actor(person(subject), 1);
                wait(staff::revoke(&vault, me.id, Ground::Problem, &reason, &me)).unwrap();
            },
            |world, subject, done| {
                let vault = open(&world.sound).unwrap();
                let stored = wait(vault.ports().store.leaves(1, 0, 999)).unwrap();
                let texts = stored.iter().filter_map(|leaf| leaf.bytes.as_deref());
                let told: Vec<_> = texts.map(|text| Leaf::decode(text).unwrap()).collect();
                let theirs = |leaf: &Leaf| {
                    let refused = leaf.find("code") == Some("staff.revoked");
                    leaf.actor == person(subject) && leaf.action == *action && !refused
                };
                let (taken, revoked) = (
                    told.iter().rposition(theirs),
                    told.iter().position(|leaf| leaf.action == *"grant.revoked"),
                );
                match done {
                    Ok(()) => assert!(taken.is_some() && taken < revoked, "{action}"),
                    Err(error) => assert_eq!(error.code(), "staff.revoked", "{action}"),
                }
                assert!(taken < revoked, "{action}");
                wait(vault.audit()).unwrap();
            },
        );
    }
}

#[test]
fn of_two_grants_that_are_given_to_one_person_at_once_one_wins() {
    between(
        former,
        |world, subject| {
            give(&open(world).unwrap(), Some(person(subject)), 2, "2027-06-01")
                .err()
                .map_or("ok", |error| error.code())
        },
        |world, subject| {
            // It is refused where the first was before.
            let _ = give(&open(world).unwrap(), Some(person(subject)), 3, "2027-06-01");
        },
        |world, subject, first| {
            let vault = open(&world.sound).unwrap();
            assert!(["ok", "staff.granted_already"].contains(&first), "{first}");
            assert_eq!(open_grants(&vault, subject), 1);
            let may = [2, 3].map(|cert| read(&vault, subject, cert) == "ok");
            assert_eq!(may, [first == "ok", first != "ok"], "one of them");
            wait(vault.audit()).unwrap();
        },
    );
}
