//! What policy and breach answer of the form by themselves.

use std::collections::{BTreeMap, BTreeSet};

use tacenda_core::calendar::Zone;
use tacenda_core::pii::category::{covers, special};
use tacenda_core::policy::Policy;
use tacenda_core::{Result, Timestamp};

use super::super::clock::AUTHORITY;
use super::super::severity::{Availability, Band, Confidentiality, Integrity, Risk};
use super::super::state::{
    Awareness, Breach, Closed, Count, Discovery, Facts, Ground, Incident, Judgement, Means,
    NoticeKind, Occurrence, People, PeopleAnswer, State, Telling,
};
use super::authority::{Competent, competent};
use super::{Form, Value};
use crate::case::Note;

/// What the notification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It says all that is asked for.
    Complete,
    /// More will follow (Art. 33(4) GDPR).
    Incomplete,
    /// There was no breach after all.
    Withdrawal,
}

impl Form {
    /// Fills the form from a breach, to be sent now.
    ///
    /// # Errors
    /// Those of [`competent`].
    pub fn fill(
        policy: &Policy,
        breach: &Breach,
        stage: Stage,
        now: Timestamp,
        zone: &dyn Zone,
    ) -> Result<Self> {
        let countries = breach.facts().countries.keys().copied().collect();
        let to = competent(policy, &countries)?;
        let aware = breach.state().awareness();
        let late = aware.is_some_and(|aware| {
            aware.deadlines.iter().any(|d| d.recipient == AUTHORITY && d.is_late(now))
        });
        let mut form =
            Self { values: BTreeMap::new(), known: BTreeSet::new(), all: BTreeMap::new(), late };
        form.about_us(policy, breach, stage);
        form.about_time(breach);
        form.about_the_breach(breach.facts());
        form.about_data(policy, breach.facts());
        if let Some(judgement) = breach.state().judgement() {
            form.about_risk(breach.facts(), judgement);
        }
        form.about_remedy(breach);
        form.about_people(breach, zone);
        form.about_borders(policy, breach.facts(), &to);
        form.known = form.values.keys().copied().collect();
        Ok(form)
    }

    fn text(&mut self, number: u16, text: &str) {
        if !text.trim().is_empty() {
            self.values.insert(number, Value::Text(Note::stored(text.trim())));
        }
    }

    fn note(&mut self, number: u16, note: &Note) {
        self.values.insert(number, Value::Text(note.clone()));
    }

    fn pick(&mut self, number: u16, letter: char) {
        self.values.insert(number, Value::Letter(letter));
    }

    /// The first of these in its field; all of them, if there are more, are kept beside it.
    fn pick_all(&mut self, number: u16, letters: Vec<char>) {
        let Some(first) = letters.first() else { return };
        self.pick(number, *first);
        if letters.len() > 1 {
            self.all.insert(number, letters);
        }
    }

    /// The options that apply, in words.
    fn words(&self, number: u16) -> String {
        let field = super::Field::find(number);
        let single = || self.letter_of(number).into_iter().collect();
        let letters: Vec<char> = self.all.get(&number).cloned().unwrap_or_else(single);
        let words = letters.iter().filter_map(|letter| field?.option(*letter));
        words.collect::<Vec<_>>().join(", ")
    }

    fn about_us(&mut self, policy: &Policy, breach: &Breach, stage: Stage) {
        let told = breach.notices().iter().rfind(|notice| notice.recipient == AUTHORITY);
        let follows = told.is_some_and(|notice| notice.kind != NoticeKind::Withdrawal);
        self.pick(3, if follows { 'b' } else { 'a' });
        self.pick(
            4,
            match stage {
                Stage::Complete => 'a',
                Stage::Incomplete => 'b',
                Stage::Withdrawal => 'c',
            },
        );
        let us = &policy.controller;
        self.text(12, &us.name);
        self.text(13, &format!("{}, {}, {}", us.address, us.country, us.email));
        if let Some(party) = &policy.representative {
            self.text(18, &party.name);
            self.text(19, &format!("{}, {}, {}", party.address, party.country, party.email));
        }
        self.text(30, &policy.dpo.name);
        self.text(31, &policy.dpo.email);
        if breach.facts().discovery == Discovery::Processor {
            self.pick(38, 'a');
        }
    }

    fn about_time(&mut self, breach: &Breach) {
        let mut time = |number, at: Timestamp| self.values.insert(number, Value::Time(at));
        let when = match breach.facts().occurred {
            Occurrence::At(at) => {
                time(46, at);
                time(47, at);
                'a'
            }
            Occurrence::Between(from, to) => {
                time(46, from);
                time(47, to);
                'b'
            }
            Occurrence::Since(from) => {
                time(46, from);
                'c'
            }
            Occurrence::Unknowable => 'd',
            Occurrence::Open => 'e',
        };
        self.pick(44, when);
        self.pick(50, letter(Discovery::ALL, &breach.facts().discovery));
        let Some(Awareness { since, grounds, .. }) = breach.state().awareness() else { return };
        self.values.insert(48, Value::Time(*since));
        self.note(51, grounds);
    }

    fn about_the_breach(&mut self, facts: &Facts) {
        let nature = facts.nature;
        let lost = [
            (nature.confidentiality(), 'a'),
            (nature.integrity(), 'b'),
            (nature.availability(), 'c'),
        ];
        self.pick_all(55, lost.iter().filter(|(lost, _)| *lost).map(|(_, l)| *l).collect());
        if nature.theft() {
            self.pick(56, 'a');
        }
        self.pick(60, letter(Incident::ALL, &facts.incident));
        self.pick(61, letter(super::super::state::Cause::ALL, &facts.cause));
        let also = if self.all.contains_key(&55) {
            format!("{}: ", self.words(55))
        } else {
            String::new()
        };
        // EXPOSE: the form is what goes to the authority
        self.text(62, &format!("{also}{}", facts.description.as_text()));
        self.pick_all(65, facts.people.iter().map(|one| letter(People::ALL, one)).collect());
        self.text(66, &self.words(65));
        for (number, count) in [(67, facts.affected), (72, facts.records)] {
            self.pick(
                number,
                match count {
                    Count::Exact(_) => 'a',
                    Count::About(_) => 'b',
                    Count::Unknowable => 'c',
                    Count::Open => 'd',
                },
            );
            if let Some(n) = count.number() {
                self.values.insert(number + 1, Value::Number(n));
            }
        }
    }

    fn about_data(&mut self, policy: &Policy, facts: &Facts) {
        let items: Vec<_> =
            policy.items.values().filter(|item| facts.classes.contains(&item.class)).collect();
        let letters: BTreeSet<char> = items.iter().map(|item| data_type(&item.category)).collect();
        let letters = if facts.classes.is_empty() { [('t')].into() } else { letters };
        self.pick_all(70, letters.into_iter().collect());
        let names: Vec<_> = items.iter().map(|item| item.name.as_str()).collect();
        if !names.is_empty() {
            self.text(71, &format!("{}: {}", self.words(70), names.join(", ")));
        }
        // What the SDK does in any service that embeds it: sealed items, a log, purposes by role.
        let mut measures = vec!['c', 'f', 'g'];
        if policy.backups.is_some() {
            measures.insert(0, 'b');
        }
        self.pick_all(75, measures);
        let named: Vec<_> = policy.measures.keys().map(|name| name.as_str()).collect();
        self.text(76, &format!("{}; {}", self.words(75), named.join(", ")));
    }

    fn about_risk(&mut self, facts: &Facts, judgement: &Judgement) {
        let inputs = judgement.suggested.inputs();
        let nature = facts.nature;
        if nature.confidentiality() {
            if !nature.theft() && inputs.confidentiality != Confidentiality::NoMisuseSeen {
                self.pick(56, 'a');
            }
            self.pick(57, if inputs.unintelligible { 'a' } else { 'c' });
        }
        if nature.integrity() {
            self.pick(58, letter(Integrity::ALL, &inputs.integrity));
        }
        if nature.availability() {
            let good = inputs.availability == Availability::Full;
            self.pick(59, if good { 'b' } else { 'a' });
        }
        self.pick(
            87,
            match judgement.suggested.band() {
                Band::Low => 'a',
                Band::Medium => 'b',
                Band::High | Band::VeryHigh => 'c',
            },
        );
        self.pick(
            89,
            match judgement.risk {
                Risk::High => 'a',
                Risk::Risk => 'b',
                Risk::Unlikely => 'c',
            },
        );
        let (se, band) = (&judgement.suggested, judgement.suggested.band().as_str());
        // EXPOSE: the form is what goes to the authority
        let reasons = judgement.reasons.as_text();
        self.text(90, &format!("{reasons} (ENISA 2013: SE = {se}, {band})"));
    }

    fn about_remedy(&mut self, breach: &Breach) {
        let State::Closed(Closed::Handled { remedy, .. }) = breach.state() else { return };
        self.note(92, &remedy.taken);
        self.note(95, &remedy.prevention);
    }

    fn about_people(&mut self, breach: &Breach, zone: &dyn Zone) {
        let complete: Vec<&Telling> = breach.tellings().iter().filter(|t| t.complete).collect();
        match breach.state().people() {
            Some(PeopleAnswer::NotRequired(_)) => return self.pick(97, 'd'),
            Some(PeopleAnswer::Exempt(exemption)) => {
                self.pick(97, 'e');
                self.pick(100, letter(Ground::ALL, &exemption.ground()));
                return self.note(101, exemption.evidence());
            }
            _ if !complete.is_empty() => self.pick(97, 'a'),
            _ => {
                let owed = breach.duties().iter().any(|duty| {
                    duty.recipient == super::super::clock::DATA_SUBJECTS
                        && duty.state == super::super::state::DutyState::Owed
                });
                return match (owed, breach.state().judgement()) {
                    (true, _) => self.pick(97, 'b'),
                    (false, Some(judgement)) if judgement.risk != Risk::High => self.pick(97, 'd'),
                    _ => self.pick(97, 'c'),
                };
            }
        }
        let (Some(first), Some(last)) =
            (complete.iter().map(|told| told.began_at).min(), complete.last())
        else {
            return;
        };
        self.values.insert(98, Value::Day(zone.local_date(first)));
        let each = complete.iter().rfind(|told| told.means != Means::Public);
        let unreachable = each.map_or(0, |told| told.unreachable);
        self.pick(102, if unreachable == 0 && each.is_some() { 'a' } else { 'b' });
        if unreachable > 0 {
            self.text(103, &format!("{unreachable} cannot be reached; the public was told"));
        }
        self.pick(104, if each.is_some() { 'a' } else { 'b' });
        self.note(106, &each.unwrap_or(last).content);
    }

    fn about_borders(&mut self, policy: &Policy, facts: &Facts, to: &Competent) {
        let home = policy.controller.country.as_str();
        let eea: Vec<_> = facts.countries.iter().filter(|(country, _)| country.is_eea()).collect();
        let total: u64 = eea.iter().fold(0, |sum, (_, n)| sum.saturating_add(**n));
        let listed: Vec<_> = eea.iter().map(|(country, n)| format!("{country}: {n}")).collect();
        let listed = listed.join(", ");
        match to {
            Competent::Establishment(lead) => {
                let abroad = eea.iter().any(|(country, _)| country.as_str() != home);
                self.pick(
                    113,
                    match (facts.countries.is_empty(), abroad) {
                        (true, _) => 'c',
                        (false, true) => 'a',
                        (false, false) => 'b',
                    },
                );
                self.pick(120, 'b');
                if abroad {
                    self.text(114, lead.name);
                    self.text(115, home);
                    self.text(116, &listed);
                    self.values.insert(117, Value::Number(total));
                }
            }
            Competent::Each(each) => {
                self.pick(113, 'b');
                self.pick(120, 'a');
                let names: Vec<_> = each.iter().map(|one| one.name).collect();
                self.text(121, &[listed, names.join("; ")].join("; "));
                self.values.insert(122, Value::Number(total));
            }
        }
    }
}

/// The template's type of data for a category: letters of field 70, the narrower first.
fn data_type(category: &str) -> char {
    const TYPES: [(&str, char); 25] = [
        ("user.biometric.health", 'k'),
        ("user.biometric", 'c'),
        ("user.authorization.biometric", 'c'),
        ("user.criminal_history", 'd'),
        ("user.demographic.political_opinion", 'e'),
        ("user.demographic.race_ethnicity", 'f'),
        ("user.demographic.religious_belief", 'g'),
        ("user.demographic.sexual_orientation", 'h'),
        ("user.health_and_medical.genetic", 'j'),
        ("user.health_and_medical", 'k'),
        ("user.government_id", 'n'),
        ("user.location", 'o'),
        ("user.financial.bank_account", 'q'),
        ("user.financial.credit_card", 'q'),
        ("user.payment", 'q'),
        ("tacenda.mandate_reference", 'q'),
        ("user.financial", 'l'),
        ("user.behavior", 'r'),
        ("user.social", 'r'),
        ("user.authorization", 's'),
        ("user.account.username", 's'),
        ("user.contact", 'b'),
        ("user.name", 'a'),
        ("user.demographic", 'a'),
        ("tacenda.vat_number", 'n'),
    ];
    let known = TYPES.iter().find(|(top, _)| covers(top, category));
    // INVARIANT: no special category is without a line above.
    debug_assert!(
        known.is_some() || special(category).is_none(),
        "a special category without type"
    );
    known.map_or('u', |(_, letter)| *letter)
}

/// A choice by the letter that the authority's template gives it: `a` for the first, and so on.
fn letter<T: PartialEq>(all: &[T], value: &T) -> char {
    ('a'..='z').zip(all).find(|(_, one)| *one == value).map_or('a', |(letter, _)| letter)
}
