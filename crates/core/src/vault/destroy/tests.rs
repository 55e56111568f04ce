use std::collections::BTreeSet;

use super::*;
use crate::id::ActorId;
use crate::leaf::Leaf;
use crate::vectors::{Case, cases};

fn row(body: Vec<u8>) -> Row {
    Row {
        key: RowKey::only(SubjectId::CONTROLLER, JOB),
        class: None,
        state: state::PENDING,
        held: false,
        anchor_at: None,
        due_at: None,
        version: 1,
        tokens: Vec::new(),
        body,
    }
}

fn plans(case: &Case) -> Vec<SubjectPlan> {
    let name = |text: &str| Name::parse(text).unwrap();
    let time = |text: &str| match text {
        "-" => None,
        micros => Some(Timestamp::from_micros(micros.parse().unwrap())),
    };
    let mut plans: Vec<SubjectPlan> = Vec::new();
    for (key, fields) in case.lines() {
        match (key, fields.as_slice()) {
            ("plan", [subject, closed_at]) => plans.push(SubjectPlan {
                subject: SubjectId::from_bytes(crate::vectors::array(subject)),
                erase: Vec::new(),
                archive: Vec::new(),
                reduce: Vec::new(),
                closed_at: time(closed_at),
                seen: Vec::new(),
            }),
            ("erase", [class, reason]) => {
                let (class, reason) = (name(class), name(reason));
                let erased = ErasedClass { class, reason, keys: BTreeSet::new() };
                plans.last_mut().unwrap().erase.push(erased);
            }
            ("key", [key]) => {
                let erased = plans.last_mut().unwrap().erase.last_mut().unwrap();
                erased.keys.insert(key.parse().unwrap());
            }
            ("archive", [class, key]) => {
                plans.last_mut().unwrap().archive.push(ArchivedClass {
                    class: name(class),
                    key: key.parse().unwrap(),
                    items: BTreeSet::new(),
                    laws: Vec::new(),
                });
            }
            ("keep", [item]) => {
                plans.last_mut().unwrap().archive.last_mut().unwrap().items.insert(name(item));
            }
            ("law", [law, until, citation]) => {
                let (law, citation) = (name(law), (*citation).to_owned());
                let kept = plans.last_mut().unwrap().archive.last_mut().unwrap();
                kept.laws.push(KeptUnder { law, citation, until: time(until) });
            }
            ("reduce", [class, key, reason]) => {
                plans.last_mut().unwrap().reduce.push(ReducedClass {
                    class: name(class),
                    key: key.parse().unwrap(),
                    reason: name(reason),
                    items: BTreeSet::new(),
                });
            }
            ("drop", [item]) => {
                plans.last_mut().unwrap().reduce.last_mut().unwrap().items.insert(name(item));
            }
            _ => {}
        }
    }
    plans
}

#[test]
fn the_encoding_of_a_job_is_frozen() {
    let at = vec![LogPosition { epoch: 1, index: 0 }];
    for case in cases("destroy") {
        let bytes = case.hex("bytes");
        let decoded = Job::decode(row(bytes.clone()), at.clone());
        let Some(code) = case.error() else {
            let (actor, plans) = (ActorId::from_bytes(case.array("actor")), plans(&case));
            let job = Job { row: row(Vec::new()), actor, plans, at: at.clone() };
            assert_eq!(job.encode(), bytes, "{}", case.name);
            let decoded = decoded.unwrap_or_else(|error| panic!("{}: {error}", case.name));
            assert_eq!((decoded.actor, decoded.plans), (job.actor, job.plans), "{}", case.name);
            continue;
        };
        let refused = decoded.map(|_| ()).unwrap_err();
        assert_eq!(refused.code(), code, "{}", case.name);
    }
}

#[test]
fn a_class_is_told_once_with_all_of_its_keys() {
    let erased = |class, keys: &[u16]| ErasedClass {
        class: Name::fixed(class),
        reason: Name::fixed("request"),
        keys: keys.iter().copied().collect(),
    };
    let told = |late: &[ErasedClass], erase: Vec<ErasedClass>| -> Vec<String> {
        let subject = SubjectId::from_bytes([7; 16]);
        let plan = SubjectPlan {
            subject,
            erase,
            archive: Vec::new(),
            reduce: Vec::new(),
            closed_at: None,
            seen: Vec::new(),
        };
        let leaf = Leaf {
            at: Timestamp::from_micros(0),
            actor: ActorId::SYSTEM,
            action: Name::fixed("erasure.done"),
            purpose: None,
            subject,
            details: Vec::new(),
            policy: [0; 32],
            salt: [0; 16],
            rows: Vec::new(),
        };
        let leaf = plan.told(leaf, late);
        leaf.details.iter().map(|(key, value)| format!("{key}={value}")).collect()
    };
    let both = vec![erased("account", &[0]), erased("billing", &[0])];
    let (account, billing) = ("erased=account", "erased=billing");
    let reason = "reason=request";
    assert_eq!(told(&[], both.clone()), [account, reason, billing, reason]);
    // The late row of a class that is to go has another key: without its number the first would be
    // taken for told by the second.
    let late = [erased("billing", &[1])];
    assert_eq!(told(&late, both), [billing, reason, "key=0", "key=1", account, reason]);
}
