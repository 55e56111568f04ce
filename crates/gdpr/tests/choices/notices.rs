//! Notices: what is read of whom, once the policy has a purpose more.

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::vault::{Actor, OnRestore, RegisterRequest};
use tacenda_core::{Name, SubjectId};
use tacenda_gdpr::notice::{self, Shown, Way};
use tacenda_testkit::world::{POLICY, World, ada, request, staff};

use crate::support::*;

const SURVEY: Name = Name::fixed("survey");

/// The policy with a purpose that came with version 2.
const LATER: &[(&str, &str)] = &[
    (
        "[roles.support]",
        "[purposes.survey]\nactivity = \"accounts\"\ndescription = \"Asking how it is.\"\n\
         basis = \"contract\"\nitems = [\"email\"]\nsince = 2\n\n[roles.support]",
    ),
    ("\"offers\", \"analysis\"]", "\"offers\", \"analysis\", \"survey\"]"),
];

#[test]
fn a_later_purpose_is_read_of_those_who_were_told() {
    let world = World::default();
    let subject = ada(&world.open());
    let vault = later(&world, 2, LATER);
    let code_of_read = || read(&vault, subject, &SURVEY);
    assert_eq!(code_of_read(), "policy.not_informed");
    assert_eq!(read(&vault, subject, &ANALYSIS), "ok", "which they know");
    let tell = |version, actor: &Actor| {
        let shown = Shown { version, at: vault.now(), way: Way::Email };
        wait(notice::shown(&vault, subject, shown, actor))
    };
    let me = staff("support");
    assert_eq!(code(tell(3, &me)), "notice.unknown_version");
    assert_eq!(code(tell(0, &me)), "notice.unknown_version");
    assert!(tell(1, &me).unwrap());
    assert_eq!(code_of_read(), "policy.not_informed", "of the one before");
    let stranger = Actor::subject(SubjectId::generate(vault.now(), vault.ports().rng.as_ref()));
    assert_eq!(code(tell(2, &stranger)), "notice.not_the_subject");
    let tomorrow = Shown { version: 2, at: vault.now().plus(Span::days(1)), way: Way::Email };
    assert_eq!(code(wait(notice::shown(&vault, subject, tomorrow, &me))), "notice.in_future");
    assert!(tell(2, &Actor::subject(subject)).unwrap());
    assert_eq!(code_of_read(), "ok");
    let leaf = wait(vault.history(subject, 2)).unwrap().remove(1);
    assert_eq!((leaf.action.as_str(), leaf.find("version")), ("notice.shown", Some("2")));
    assert!(!tell(2, &me).unwrap() && !tell(1, &me).unwrap(), "they know that");
    assert_eq!(code_of_read(), "ok");
    wait(vault.audit()).unwrap();
}

#[test]
fn who_is_to_be_told_is_counted_by_pages() {
    let world = World::default();
    let first = world.open();
    let mut all = vec![ada(&first)];
    for n in 0..4 {
        let new = request(&first, &[("email", &format!("b{n}@example.org"))], false);
        all.push(wait(first.register(new, &staff("support"))).unwrap().subject());
    }
    assert!(wait(notice::to_inform(&first, None, 99)).unwrap().subjects.is_empty());
    let vault = later(&world, 2, LATER);
    // Whoever registers now is shown the notice of now.
    let new = request(&vault, &[("email", "new@example.org")], false);
    let new = RegisterRequest { notice: Some(2), ..new };
    let new = wait(vault.register(new, &staff("support"))).unwrap().subject();
    assert_eq!(read(&vault, new, &SURVEY), "ok");
    let shown = Shown { version: 2, at: vault.now(), way: Way::Account };
    wait(notice::shown(&vault, all[2], shown, &Actor::subject(all[2]))).unwrap();
    let (mut after, mut found, mut seen, mut counted) = (None, Vec::new(), 0, 0);
    loop {
        let page = wait(notice::to_inform(&vault, after, 2)).unwrap();
        counted += page.by_purpose.get(&SURVEY).copied().unwrap_or(0);
        assert!(page.by_purpose.keys().all(|purpose| *purpose == SURVEY));
        found.extend(page.subjects);
        seen += page.seen;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    all.remove(2);
    all.sort();
    assert_eq!(counted, found.len());
    assert_eq!((found, seen), (all, 6));
}

#[test]
fn who_is_imported_was_not_told_before_the_notice_was_there() {
    let world = World::default();
    let vault = world.open();
    let new = request(&vault, &[("email", "old@example.org")], false);
    let registered_at = Some(vault.now().minus(Span::days(900)));
    let new = RegisterRequest { notice: Some(1), registered_at, ..new };
    let old = wait(vault.register(new, &staff("support"))).unwrap().subject();
    let told = wait(vault.stance(old)).unwrap().unwrap().told.unwrap();
    assert_eq!((told.version, told.at), (1, vault.now()));
}

#[test]
fn a_registration_names_a_notice_that_there_is() {
    let vault = World::default().open();
    let tried = |notice| {
        let new = request(&vault, &[("email", "new@example.org")], false);
        let new = RegisterRequest { notice: Some(notice), ..new };
        code(wait(vault.register(new, &staff("support"))))
    };
    assert_eq!((tried(0), tried(2)), ("vault.unknown_notice", "vault.unknown_notice"));
    assert_eq!(tried(1), "ok");
}

#[test]
fn a_purpose_that_rests_on_something_else_says_so() {
    let world = World::default();
    drop(world.open());
    let purpose = |basis: &str, since: &str| {
        let roles = "[roles.support]";
        format!(
            "[purposes.tracing]\nactivity = \"accounts\"\ndescription = \"Tracing.\"\n\
             basis = {basis}\nitems = [\"email\"]\n{since}\n{roles}"
        )
    };
    let duty = "\"legal obligation\"\nlaw = \"vouchers\"";
    let interest = "\"legitimate interests\"\ninterest = \"Ours.\"";
    let come = |version: u64, purpose: &str| {
        let policy = POLICY
            .replacen("version = 1\n", &format!("version = {version}\n"), 1)
            .replacen("[roles.support]", purpose, 1)
            .replacen("\"offers\", \"analysis\"]", "\"offers\", \"analysis\", \"tracing\"]", 1);
        let opened = world.try_open(&policy, OnRestore::Refuse);
        opened.map(|(vault, _)| vault)
    };
    let vault = come(2, &purpose(duty, "")).unwrap();
    let subject = ada(&vault);
    // The law is not made to wait; what comes instead of it is.
    let silent = come(3, &purpose(interest, "")).map(drop);
    assert_eq!(code(silent), "vault.purpose_since");
    let old = come(3, &purpose(interest, "since = 2\n")).map(drop);
    assert_eq!(code(old), "vault.purpose_since");
    let vault = come(3, &purpose(interest, "since = 3\n")).unwrap();
    assert_eq!(read(&vault, subject, &Name::fixed("tracing")), "policy.not_informed");
    let other = come(4, &purpose("\"contract\"", "since = 3\n")).map(drop);
    assert_eq!(code(other), "vault.purpose_since");
    drop(come(4, &purpose(duty, "since = 3\n")).unwrap());
}

#[test]
fn a_purpose_that_is_new_says_so() {
    let world = World::default();
    drop(world.open());
    let come = |edits: &[(&str, &str)]| {
        let policy = edits.iter().fold(POLICY.to_owned(), |policy, (from, to)| {
            assert!(policy.contains(from), "{from}");
            policy.replacen(from, to, 1)
        });
        world.try_open(&policy, OnRestore::Refuse).map(|_| ())
    };
    let version = ("version = 1\n", "version = 2\n");
    let mut edits = [&[version], LATER].concat();
    let silent = [("since = 2\n", "")];
    let error = come(&[&edits[..], &silent].concat()).unwrap_err();
    assert_eq!(error.code(), "vault.purpose_since");
    assert!(error.to_string().contains("survey"), "{error}");
    come(&edits).unwrap();
    edits[0].1 = "version = 3\n";
    let older = come(&[&edits[..], &silent].concat());
    assert_eq!(code(older), "vault.purpose_since", "what it said before it goes on saying");
    come(&edits).unwrap();
    edits[0].1 = "version = 4\n";
    come(&[&edits[..], &[("since = 2\n", "since = 4\n")]].concat()).unwrap();
}
