//! The canonical encoding of a policy and its digest.
//!
//! Maps and sets are written in the order of their names, lists in the order of the file, words as
//! they stand in the file, so that a new choice changes no digest. See [`crate::codec`].

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::codec::Encoder;
use crate::name::Name;

use super::basis::LawfulBasis;
use super::model::{
    Activity, Backups, Class, Item, Law, Measure, Party, Policy, Processor, Purpose, RetentionRule,
    Role, Texts,
};
use super::period::Period;

/// The domain of the encoding.
const DOMAIN: &str = "tacenda/policy/1";

impl Policy {
    /// SHA-256 of the canonical encoding.
    ///
    /// # Properties
    /// Does not depend on comments, white space, the order of keys, or on whether a default was
    /// written out; depends on everything else, the version included.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.canonical()).into()
    }

    /// The canonical encoding, of which the digest is taken.
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        let mut e = Encoder::new(DOMAIN);
        e.u64(self.version);
        list(&mut e, &self.languages, |e, tag| text(e, tag));
        e.text(&self.time_zone);
        e.u8(self.financial_year_end.month()).u8(self.financial_year_end.day());
        party(&mut e, &self.controller);
        list(&mut e, &self.joint_controllers, party);
        option(&mut e, self.representative.as_ref(), party);
        e.text(&self.dpo.name).text(&self.dpo.email);
        flag(&mut e, self.audience.children);
        option(&mut e, self.audience.minimum_age.as_ref(), |e, age| {
            e.u8(*age);
        });
        flag(&mut e, self.audience.example);
        e.text(&self.log.origin);
        period(&mut e, &self.log.keep);
        flag(&mut e, self.log.example);
        map(&mut e, &self.facts, texts);
        map(&mut e, &self.laws, law);
        map(&mut e, &self.activities, activity);
        map(&mut e, &self.items, item);
        map(&mut e, &self.classes, class);
        map(&mut e, &self.purposes, purpose);
        map(&mut e, &self.roles, |e: &mut Encoder, role: &Role| names(e, &role.purposes));
        map(&mut e, &self.processors, processor);
        option(&mut e, self.backups.as_ref(), backups);
        self.encode_settings(&mut e);
        map(&mut e, &self.measures, measure);
        e.finish()
    }

    fn encode_settings(&self, e: &mut Encoder) {
        let Self { passwords, sweep, payments, imports, .. } = self;
        e.u32(passwords.memory_kib).u32(passwords.passes).u32(passwords.lanes);
        e.text(passwords.legacy.as_str());
        e.u16(sweep.max_share).u64(sweep.min_rows);
        e.i64(sweep.max_clock_ahead.as_micros()).u32(sweep.batch);
        flag(e, sweep.example);
        e.text(payments.iban.as_str());
        option(e, payments.provider.as_ref(), name);
        option(e, payments.creditor.as_ref(), |e, creditor| text(e, creditor));
        period(e, &imports.keep_fingerprints);
        flag(e, imports.example);
    }
}

fn text(e: &mut Encoder, text: &str) {
    e.text(text);
}

fn name(e: &mut Encoder, name: &Name) {
    e.text(name.as_str());
}

fn flag(e: &mut Encoder, flag: bool) {
    e.u8(u8::from(flag));
}

fn period(e: &mut Encoder, period: &Period) {
    e.text(&period.to_string());
}

fn option<T: ?Sized>(e: &mut Encoder, value: Option<&T>, each: impl FnOnce(&mut Encoder, &T)) {
    flag(e, value.is_some());
    if let Some(value) = value {
        each(e, value);
    }
}

fn list<T>(e: &mut Encoder, values: &[T], each: impl Fn(&mut Encoder, &T)) {
    e.list(values.len());
    values.iter().for_each(|value| each(e, value));
}

fn names(e: &mut Encoder, values: &BTreeSet<Name>) {
    e.list(values.len());
    values.iter().for_each(|value| name(e, value));
}

fn strings(e: &mut Encoder, values: &BTreeSet<String>) {
    e.list(values.len());
    values.iter().for_each(|value| text(e, value));
}

fn map<T>(e: &mut Encoder, values: &BTreeMap<Name, T>, each: impl Fn(&mut Encoder, &T)) {
    e.list(values.len());
    for (key, value) in values {
        name(e, key);
        each(e, value);
    }
}

fn texts(e: &mut Encoder, texts: &Texts) {
    e.list(texts.len());
    for (language, words) in texts {
        e.text(language).text(words);
    }
}

fn party(e: &mut Encoder, party: &Party) {
    e.text(&party.name).text(&party.address).text(&party.country).text(&party.email);
    flag(e, party.example);
}

fn law(e: &mut Encoder, law: &Law) {
    e.text(&law.citation).text(&law.country);
}

fn activity(e: &mut Encoder, activity: &Activity) {
    e.text(activity.role.as_str());
    texts(e, &activity.description);
}

/// Without the class: the class lists its items.
fn item(e: &mut Encoder, item: &Item) {
    e.text(item.item_type.as_str()).text(&item.category).text(item.about.as_str());
    flag(e, item.required);
    names(e, &item.required_with);
    flag(e, item.unique);
    flag(e, item.example);
}

fn class(e: &mut Encoder, class: &Class) {
    list(e, &class.items, name);
    for anchor in [class.anchors.open, class.anchors.closed] {
        option(e, anchor.map(|anchor| anchor.as_str()), text);
    }
    e.text(class.key.as_str());
    list(e, &class.rules, rule);
}

fn rule(e: &mut Encoder, rule: &RetentionRule) {
    period(e, &rule.keep);
    e.text(rule.start.as_str()).text(rule.end.as_str());
    option(e, rule.law.as_ref(), name);
    e.text(rule.action.as_str());
    flag(e, rule.archive);
    option(e, rule.warn_before.as_ref(), period);
    flag(e, rule.example);
}

fn purpose(e: &mut Encoder, purpose: &Purpose) {
    name(e, &purpose.activity);
    texts(e, &purpose.description);
    e.text(purpose.basis.kind().as_str());
    match &purpose.basis {
        LawfulBasis::LegalObligation { law } | LawfulBasis::PublicTask { law } => name(e, law),
        LawfulBasis::LegitimateInterests { interest } => texts(e, interest),
        LawfulBasis::Consent | LawfulBasis::Contract | LawfulBasis::VitalInterests => {}
    }
    names(e, &purpose.items);
    option(e, purpose.condition.as_ref(), name);
    option(e, purpose.special.map(|special| special.as_str()), text);
    option(e, purpose.criminal.map(|criminal| criminal.as_str()), text);
    names(e, &purpose.archive_of);
    flag(e, purpose.example);
}

fn processor(e: &mut Encoder, processor: &Processor) {
    e.text(&processor.legal_name).text(&processor.country);
    strings(e, &processor.locations);
    e.text(processor.role.as_str());
    texts(e, &processor.service);
    e.text(&processor.contract).text(processor.transfer.as_str());
    names(e, &processor.discloses);
    names(e, &processor.returns);
    names(e, &processor.purposes);
    flag(e, processor.example);
}

fn backups(e: &mut Encoder, backups: &Backups) {
    period(e, &backups.every);
    period(e, &backups.keep);
    option(e, backups.processor.as_ref(), name);
    e.text(&backups.country);
    option(e, backups.condition.as_ref(), name);
}

fn measure(e: &mut Encoder, measure: &Measure) {
    strings(e, &measure.statements);
    texts(e, &measure.text);
    strings(e, &measure.tools);
}
