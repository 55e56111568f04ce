//! Forms of breaches at several steps, with the answers that only a person can give.

use tacenda_core::pii::Country;
use tacenda_core::policy::OperatorRole::Controller;
use tacenda_core::policy::Policy;
use tacenda_gdpr::breach::Breach;
use tacenda_gdpr::breach::form::{Field, FieldKind, Form, Need, Stage, Value, Why};
use tacenda_gdpr::breach::severity::Risk;
use tacenda_gdpr::breach::state::{Means, Nature, NoticeKind, Notices, PeopleAnswer};

use crate::support::*;

pub(crate) fn filled(policy: &Policy, breach: &Breach, stage: Stage, hours: i64) -> Form {
    Form::fill(policy, breach, stage, hour(hours), &paris()).unwrap()
}

pub(crate) fn text(words: &str) -> Value {
    Value::Text(note(words))
}

/// A breach that was handled: theft from accounts in two countries, everybody told.
pub(crate) fn handled(policy: &Policy) -> Breach {
    let mut facts = facts(Controller);
    facts.nature = Nature::new(true, true, false, true).unwrap();
    facts.countries = [("FR", 700), ("PL", 500)]
        .into_iter()
        .map(|(code, n)| (Country::parse(code).unwrap(), n))
        .collect();
    let breach = Breach::suspect(facts, policy, stamp(0)).unwrap();
    let breach = breach.become_aware(hour(0), note("It is ours."), policy, &paris(), stamp(1));
    let breach = breach.unwrap().judge(judgement(Risk::High), stamp(2)).unwrap();
    let breach = breach.notify(notice("authority", NoticeKind::Initial, 3), stamp(3)).unwrap();
    let breach = breach.settle_notices(Notices::Made, stamp(3)).unwrap();
    let breach = breach.tell(telling(Means::AccountEmail, 4), stamp(4)).unwrap();
    let breach = breach.settle_people(PeopleAnswer::Told, stamp(5)).unwrap();
    breach.close(remedy(), stamp(6)).unwrap()
}

/// Answers whatever is still missing, until nothing is: with the first option of a choice.
pub(crate) fn answered(mut form: Form) -> Form {
    for _ in 0..10 {
        let missing: Vec<_> =
            form.problems().into_iter().filter(|problem| problem.why == Why::Missing).collect();
        for problem in &missing {
            let field = Field::find(problem.field).unwrap();
            assert_ne!(field.need, Need::Free);
            let value = match field.kind {
                FieldKind::Text => text("An answer."),
                FieldKind::Flag => Value::Flag(true),
                FieldKind::Number => Value::Number(7),
                FieldKind::Day => Value::Day("2026-11-24".parse().unwrap()),
                FieldKind::Time => Value::Time(hour(0)),
                FieldKind::Choice(_) => Value::Letter('a'),
            };
            form.set(problem.field, value).unwrap();
        }
        if missing.is_empty() {
            break;
        }
    }
    form
}
