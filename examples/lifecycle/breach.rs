//! A breach: whom a stolen certificate read is found in the log, told on the suspicion, and the register
//! is closed.

use tacenda::core::pii::Email;
use tacenda::core::policy::OperatorRole;
use tacenda::core::vault::RecordKey;
use tacenda::gdpr::breach::Note;
use tacenda::gdpr::breach::form::Stage;
use tacenda::gdpr::breach::people::Selection;
use tacenda::gdpr::breach::register::Step;
use tacenda::gdpr::breach::severity::{
    Availability, Confidentiality, DataClass, DataScore, Identification, Inputs, Integrity, Risk,
    Severity,
};
use tacenda::gdpr::breach::state::{
    Approval, Cause, Count, Discovery, Draft, Facts, Incident, Judgement, Nature, Notice,
    NoticeKind, Notices, Occurrence, People, PeopleAnswer, Remedy, Wording,
};
use tacenda::notify::{Address, Desk, FileTransport, Sender};
use tacenda::{Actor, ActorId, Name, RowId, SystemRng, Tacenda};

use crate::run::{Outcome, ensure, heading, say};

/// How many customers the thief reads before anybody sees it.
const READ: usize = 12;
const PURPOSE: &str = "breach notification";

/// From the suspicion to the closed register.
pub(crate) async fn live(t: &Tacenda, me: &Actor) -> Outcome {
    heading("A breach")?;
    let dpo = Actor::staff(me.id, Name::fixed("dpo"));
    let second = Actor::staff(ActorId::from_bytes(*b"lifecycle-second"), Name::fixed("security"));
    let began = t.vault().now();
    let thief = Actor::staff(
        ActorId::from_bytes(*RowId::generate(&SystemRng).as_bytes()),
        Name::fixed("service"),
    );
    let read = steal(t, &thief).await?;
    let breaches = t.breaches()?;
    let raised = breaches.suspect(None, facts(t)?, &dpo).await?;
    let key = &raised.key;
    let theirs = Selection::ReadBy { actor: thief.id, from: began, until: t.vault().now() };
    let counted = breaches.count(key, &theirs, &dpo).await?;
    ensure(counted.affected == read && counted.refused.is_empty(), "the log missed somebody")?;
    say!("  suspected: a stolen certificate read {read} customers, as the log has it")?;
    let listed = breaches.list(key, &theirs, &dpo, &mut |_| {}).await?;
    ensure(listed.affected == read, "the list is not what was counted")?;
    tell(t, key, &dpo, &second, read).await?;
    assess(t, key, &dpo).await?;
    notify(t, key, &dpo).await?;
    breaches.step(key, Step::SettlePeople(PeopleAnswer::Told), &dpo).await?;
    let remedy = Remedy {
        effects: Note::parse("None that is known.")?,
        taken: Note::parse("The certificate was revoked.")?,
        prevention: Note::parse("Certificates live on tokens.")?,
    };
    let closed = breaches.step(key, Step::Close(remedy), &dpo).await?;
    let done = breaches.follow(key, &dpo).await?;
    ensure(closed.state == "closed" && done.closed == read, "the register is not closed")?;
    say!("  closed:    the register is kept for years, the list of people goes before")?;
    Ok(())
}

/// Somebody reads with a certificate that is not theirs.
async fn steal(t: &Tacenda, thief: &Actor) -> Outcome<u64> {
    let page = t.customers().page(None, READ).await?;
    let views = t.customers().read_many(&page, "account", thief).await?;
    let read = views.iter().filter(|view| view.is_ok()).count() as u64;
    ensure(read > 0, "there is nobody to read")?;
    Ok(read)
}

fn facts(t: &Tacenda) -> Outcome<Facts> {
    Ok(Facts {
        nature: Nature::THEFT,
        roles: [OperatorRole::Controller].into(),
        classes: [Name::fixed("account")].into(),
        occurred: Occurrence::Since(t.vault().now()),
        discovery: Discovery::Ourselves,
        incident: Incident::UnauthorisedAccess,
        cause: Cause::OutsideMalicious,
        people: [People::Customers].into(),
        affected: Count::Open,
        records: Count::Open,
        countries: std::collections::BTreeMap::new(),
        description: Note::parse("A certificate was used from an address that nobody knows.")?,
    })
}

/// A promise binds on the suspicion (S27): everybody has a letter, which two people stand for.
async fn tell(t: &Tacenda, key: &RecordKey, dpo: &Actor, second: &Actor, people: u64) -> Outcome {
    let breaches = t.breaches()?;
    breaches.step(key, Step::Write(letter()?), dpo).await?;
    let early = breaches.send(key, dpo, &mut |_| {}).await;
    ensure(early.is_err_and(|e| e.code() == "breach.untested"), "an untested letter may go")?;
    let to = Email::parse(&t.policy().dpo.email)?;
    breaches.test(key, &to, None, dpo).await?;
    let alone = Step::Approve(Approval::Letter, Note::parse("As I wrote it.")?);
    let alone = breaches.step(key, alone, dpo).await;
    let code = alone.err().map(|error| error.code());
    ensure(code == Some("breach.second_approver"), "one person alone may send a letter")?;
    let approve = Step::Approve(Approval::Letter, Note::parse("Clear and complete.")?);
    breaches.step(key, approve, second).await?;
    let sent = breaches.send(key, dpo, &mut |_| {}).await?;
    ensure(sent.queued == people, "somebody is left out")?;
    let arrived = post(t, dpo).await?;
    ensure(arrived >= people, "a letter did not arrive")?;
    let followed = breaches.follow(key, dpo).await?;
    let telling = breaches.tell(key, dpo).await?;
    ensure(followed.waiting == 0 && telling.complete, "somebody still waits")?;
    ensure(telling.told == people, "somebody was not told")?;
    say!(
        "  told:      {} customers by letter, written by one and approved by another",
        telling.told
    )?;
    Ok(())
}

/// Delivers what is due into a folder of its own; how many letters that were.
async fn post(t: &Tacenda, me: &Actor) -> Outcome<u64> {
    let folder = tempfile::tempdir()?;
    let transport = FileTransport::open(folder.path())?;
    let controller = &t.policy().controller;
    let from = Sender::new(&controller.name, Address::parse(&controller.email)?)?;
    let desk = Desk { from: &from, service: "GLPI Network Cloud", transport: &transport };
    let service = Actor::staff(me.id, Name::fixed("service"));
    Ok(t.outbox().drain(&desk, 256, &service).await?.settled.sent)
}

fn letter() -> Outcome<Draft> {
    let wording = |nature, consequences, measures| -> Outcome<Wording> {
        Ok(Wording {
            nature: Note::parse(nature)?,
            consequences: Note::parse(consequences)?,
            measures: Note::parse(measures)?,
        })
    };
    let english = wording(
        "somebody read your account with a stolen certificate",
        "letters that only seem to be ours",
        "the certificate is revoked; click on no link in a letter that asks for your password",
    )?;
    let polish = wording(
        "ktoś odczytał Twoje konto, używając skradzionego certyfikatu",
        "listy, które tylko wyglądają na nasze",
        "certyfikat unieważniono; nie klikaj linków w listach z prośbą o hasło",
    )?;
    Ok([("en".to_owned(), english), ("pl".to_owned(), polish)].into())
}

/// The clock, the severity that is suggested, and the risk that a person judges.
async fn assess(t: &Tacenda, key: &RecordKey, dpo: &Actor) -> Outcome {
    let breaches = t.breaches()?;
    let aware = Step::BecomeAware(t.vault().now(), Note::parse("Its owner did not use it.")?);
    let entered = breaches.step(key, aware, dpo).await?;
    let clock = entered.duties.iter().find_map(|duty| duty.due).ok_or("no clock runs")?;
    let zone = t.vault().ports().zone.as_ref();
    say!(
        "  aware:     the authority is told by {} (by the hour rule {}; local day {})",
        clock.keep,
        clock.hour_rule,
        zone.local_date(clock.keep)
    )?;
    let suggested = Severity::assess(Inputs {
        data: vec![DataScore::base(DataClass::Simple)],
        identification: Identification::Maximum,
        confidentiality: Confidentiality::UnknownRecipients,
        integrity: Integrity::NoMisuseSeen,
        availability: Availability::EasilyRestored,
        malicious: true,
        over_hundred: false,
        unintelligible: false,
    })?;
    let band = suggested.band();
    let reasons = Note::parse("Names and addresses in the hands of somebody who wanted them.")?;
    let judged = Judgement { risk: Risk::Risk, reasons, suggested };
    breaches.step(key, Step::Judge(judged), dpo).await?;
    say!(
        "  assessed:  ENISA's method suggests {}; judged: {}",
        band.as_str(),
        Risk::Risk.as_str()
    )?;
    Ok(())
}

/// The authority's form, and the notice that it was sent.
async fn notify(t: &Tacenda, key: &RecordKey, dpo: &Actor) -> Outcome {
    let breaches = t.breaches()?;
    let form = breaches.form(key, Stage::Complete, PURPOSE, dpo).await?;
    let filled = form.to_json().as_object().map_or(0, |fields| fields.len());
    say!(
        "  notified:  {filled} fields of the authority's form are filled, {} are for a person",
        form.problems().len()
    )?;
    let notice = Notice {
        recipient: Name::fixed("authority"),
        kind: NoticeKind::Initial,
        complete: true,
        sent_at: t.vault().now(),
        delay: None,
        remark: None,
    };
    breaches.step(key, Step::Notify(notice), dpo).await?;
    breaches.step(key, Step::SettleNotices(Notices::Made), dpo).await?;
    Ok(())
}
