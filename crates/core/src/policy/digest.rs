//! The canonical encoding of a policy and its digest.
//!
//! Maps and sets are written in the order of their names, lists in the order of the file, words as
//! they stand in the file, so that a new choice changes no digest. Sections that came later stand at
//! the end, each with its name in front, and add no byte where a policy does not have them. See
//! [`crate::codec`].

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::codec::Encoder;
use crate::name::Name;

use super::basis::LawfulBasis;
use super::breach::{BreachClock, BreachPolicy};
use super::consent;
use super::model::{
    Activity, Anchors, Audience, Backups, Class, Contact, ImportPolicy, Item, Law, LogPolicy,
    Measure, Party, PasswordPolicy, PaymentsPolicy, Policy, Processor, Purpose, RetentionRule,
    Role, SweepPolicy, Texts,
};
use super::period::Period;
use super::words::KeepGround;

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
        // Every struct below is taken apart without `..`, so that a new field cannot be forgotten.
        let Self {
            version,
            languages,
            time_zone,
            financial_year_end,
            controller,
            joint_controllers,
            representative,
            dpo,
            audience,
            log,
            facts,
            laws,
            activities,
            items,
            classes,
            purposes,
            consents,
            roles,
            processors,
            backups: copies,
            passwords,
            sweep,
            payments,
            imports,
            measures,
            breach,
            staff,
            records,
            record_purposes,
            identifier: _,
        } = self;
        let mut e = Encoder::new(DOMAIN);
        e.u64(*version);
        list(&mut e, languages, |e, tag| text(e, tag));
        e.text(time_zone).u8(financial_year_end.month()).u8(financial_year_end.day());
        party(&mut e, controller);
        list(&mut e, joint_controllers, party);
        option(&mut e, representative.as_ref(), party);
        contact(&mut e, dpo);
        audience_of(&mut e, audience);
        log_of(&mut e, log);
        map(&mut e, facts, texts);
        map(&mut e, laws, law);
        map(&mut e, activities, activity);
        map(&mut e, items, item);
        map(&mut e, classes, class);
        map(&mut e, purposes, purpose);
        map(&mut e, roles, role);
        map(&mut e, processors, processor);
        option(&mut e, copies.as_ref(), backups);
        passwords_of(&mut e, passwords);
        sweep_of(&mut e, sweep);
        payments_of(&mut e, payments);
        imports_of(&mut e, imports);
        map(&mut e, measures, measure);
        if let Some(breach) = breach {
            e.text("breach");
            breach_of(&mut e, breach);
        }
        if !records.is_empty() {
            e.text("records");
            map(&mut e, records, rule);
        }
        if !record_purposes.is_empty() {
            e.text("record_purposes");
            map(&mut e, record_purposes, names);
        }
        consent::encode(&mut e, consents, purposes);
        // Of laws that are no duty: what they are instead.
        let duty = Some(KeepGround::LegalObligation);
        let others = laws.iter().filter(|(_, law)| law.ground != duty);
        let others: BTreeMap<_, _> = others.map(|(law, of)| (law.clone(), of.ground)).collect();
        if !others.is_empty() {
            e.text("grounds");
            map(&mut e, &others, |e, ground| option(e, ground.map(KeepGround::as_str), text));
        }
        super::staff::encode(&mut e, staff.as_ref());
        super::breach::encode_letters(&mut e, breach.as_ref());
        e.finish()
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
    let Party { name, address, country, email, example } = party;
    e.text(name).text(address).text(country).text(email);
    flag(e, *example);
}

fn contact(e: &mut Encoder, contact: &Contact) {
    let Contact { name, email } = contact;
    e.text(name).text(email);
}

fn audience_of(e: &mut Encoder, audience: &Audience) {
    let Audience { children, minimum_age, example } = audience;
    flag(e, *children);
    option(e, minimum_age.as_ref(), |e, age| {
        e.u8(*age);
    });
    flag(e, *example);
}

fn log_of(e: &mut Encoder, log: &LogPolicy) {
    let LogPolicy { origin, keep, example } = log;
    e.text(origin);
    period(e, keep);
    flag(e, *example);
}

fn law(e: &mut Encoder, law: &Law) {
    // What the catalogue says is in the fields, and in the rules that take their periods from it: a
    // release that says otherwise makes another policy of the same file.
    let Law { citation, country, ground: _, catalogue: _ } = law;
    e.text(citation).text(country);
}

fn activity(e: &mut Encoder, activity: &Activity) {
    let Activity { name: _, role, description } = activity;
    e.text(role.as_str());
    texts(e, description);
}

/// Without the class: the class lists its items.
fn item(e: &mut Encoder, item: &Item) {
    let Item {
        name: _,
        item_type,
        category,
        about,
        class: _,
        required,
        required_with,
        unique,
        example,
    } = item;
    e.text(item_type.as_str()).text(category).text(about.as_str());
    flag(e, *required);
    names(e, required_with);
    flag(e, *unique);
    flag(e, *example);
}

fn class(e: &mut Encoder, class: &Class) {
    let Class { name: _, items, anchors: Anchors { open, closed }, key, rules } = class;
    list(e, items, name);
    for anchor in [open, closed] {
        option(e, anchor.map(|anchor| anchor.as_str()), text);
    }
    e.text(key.as_str());
    list(e, rules, rule);
}

fn rule(e: &mut Encoder, rule: &RetentionRule) {
    let RetentionRule { keep, start, end, law, action, archive, warn_before, example } = rule;
    period(e, keep);
    e.text(start.as_str()).text(end.as_str());
    option(e, law.as_ref(), name);
    e.text(action.as_str());
    flag(e, *archive);
    option(e, warn_before.as_ref(), period);
    flag(e, *example);
}

fn purpose(e: &mut Encoder, purpose: &Purpose) {
    let Purpose {
        name: _,
        activity,
        description,
        basis,
        items,
        condition,
        special,
        criminal,
        archive_of,
        // At the end of the policy.
        marketing: _,
        since: _,
        example,
    } = purpose;
    name(e, activity);
    texts(e, description);
    e.text(basis.kind().as_str());
    match basis {
        LawfulBasis::LegalObligation { law } | LawfulBasis::PublicTask { law } => name(e, law),
        LawfulBasis::LegitimateInterests { interest } => texts(e, interest),
        LawfulBasis::Consent | LawfulBasis::Contract | LawfulBasis::VitalInterests => {}
    }
    names(e, items);
    option(e, condition.as_ref(), name);
    option(e, special.map(|special| special.as_str()), text);
    option(e, criminal.map(|criminal| criminal.as_str()), text);
    names(e, archive_of);
    flag(e, *example);
}

fn role(e: &mut Encoder, role: &Role) {
    let Role { name: _, purposes } = role;
    names(e, purposes);
}

fn processor(e: &mut Encoder, processor: &Processor) {
    let Processor {
        name: _,
        legal_name,
        country,
        locations,
        role,
        service,
        contract,
        transfer,
        discloses,
        returns,
        purposes,
        example,
    } = processor;
    e.text(legal_name).text(country);
    strings(e, locations);
    e.text(role.as_str());
    texts(e, service);
    e.text(contract).text(transfer.as_str());
    names(e, discloses);
    names(e, returns);
    names(e, purposes);
    flag(e, *example);
}

fn backups(e: &mut Encoder, backups: &Backups) {
    let Backups { every, keep, processor, country, condition } = backups;
    period(e, every);
    period(e, keep);
    option(e, processor.as_ref(), name);
    e.text(country);
    option(e, condition.as_ref(), name);
}

fn passwords_of(e: &mut Encoder, passwords: &PasswordPolicy) {
    let PasswordPolicy { memory_kib, passes, lanes, legacy } = passwords;
    e.u32(*memory_kib).u32(*passes).u32(*lanes).text(legacy.as_str());
}

fn sweep_of(e: &mut Encoder, sweep: &SweepPolicy) {
    let SweepPolicy { max_share, min_rows, max_clock_ahead, batch, warn_for, example } = sweep;
    e.u16(*max_share).u64(*min_rows).i64(max_clock_ahead.as_micros()).u32(*batch);
    option(e, warn_for.as_ref(), name);
    flag(e, *example);
}

fn payments_of(e: &mut Encoder, payments: &PaymentsPolicy) {
    let PaymentsPolicy { iban, provider, creditor } = payments;
    e.text(iban.as_str());
    option(e, provider.as_ref(), name);
    option(e, creditor.as_ref(), |e, creditor| text(e, creditor));
}

fn imports_of(e: &mut Encoder, imports: &ImportPolicy) {
    let ImportPolicy { keep_fingerprints, example } = imports;
    period(e, keep_fingerprints);
    flag(e, *example);
}

fn measure(e: &mut Encoder, measure: &Measure) {
    let Measure { name: _, statements, text, tools } = measure;
    strings(e, statements);
    texts(e, text);
    strings(e, tools);
}

fn breach_of(e: &mut Encoder, breach: &BreachPolicy) {
    let BreachPolicy { authority, clocks, promise, letters: _, example } = breach;
    option(e, authority.as_ref(), name);
    list(e, clocks, breach_clock);
    option(e, promise.as_ref(), super::breach::encode_promise);
    flag(e, *example);
}

fn breach_clock(e: &mut Encoder, clock: &BreachClock) {
    let BreachClock {
        name: clock_name,
        role,
        recipient,
        threshold,
        within,
        template,
        source,
        valid_from,
        example,
    } = clock;
    name(e, clock_name);
    e.text(role.as_str()).text(recipient.as_str()).text(threshold.as_str());
    option(e, within.as_ref(), |e, within| {
        e.i64(within.as_micros());
    });
    option(e, template.as_ref(), name);
    e.text(source).text(&valid_from.to_string());
    flag(e, *example);
}
