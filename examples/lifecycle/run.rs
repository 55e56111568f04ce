//! The steps of the run, in the order in which a customer lives them.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use tacenda::gdpr::erasure::Fate;
use tacenda::import::{ImportReport, import_csv};
use tacenda::{
    Actor, ActorId, MasterKeySource, Name, NewPassword, RegisterRequest, SubjectId, SystemRng,
    Tacenda, verify_receipt,
};

use crate::args::Options;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/lifecycle/customers.csv");
const POLICY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/glpi-network-cloud/privacy.toml");
const EMAIL: &str = "lifecycle@tacenda.example";
const PASSWORD: &str = "a long sentence that nobody guesses";

/// Checks a receipt offline.
pub(crate) fn verify(receipt: &Path, keys: &Path, json: bool) -> Outcome {
    let verified = verify_receipt(&fs::read_to_string(receipt)?, &fs::read_to_string(keys)?)?;
    if json {
        println!("{}", serde_json::to_string_pretty(&verified)?);
        return Ok(());
    }
    let leaf = &verified.leaf;
    println!("the receipt is genuine");
    println!("  log        {}", verified.checkpoint.origin);
    println!("  entry      {} of {}", verified.index, verified.checkpoint.size);
    println!("  time       {}", leaf.at);
    println!("  action     {}", leaf.action);
    println!("  subject    {}", leaf.subject);
    for (key, value) in &leaf.details {
        println!("  {key:<10} {value}");
    }
    Ok(())
}

/// The whole run.
pub(crate) async fn run(options: &Options) -> Outcome {
    let temporary = if options.data.is_some() { None } else { Some(tempfile::tempdir()?) };
    let data = match (&options.data, &temporary) {
        (Some(data), _) => data.clone(),
        (None, Some(folder)) => folder.path().to_owned(),
        (None, None) => return Err("no folder for the data".into()),
    };
    fs::create_dir_all(&data)?;
    let t = open(options, &data).await?;
    let me = Actor::staff(ActorId::from_bytes(*b"lifecycle-------"), Name::fixed("billing"));

    let report = import(options, &t, &me).await?;
    let ada = register_and_log_in(&t, &me).await?;
    read(&t, ada, &report, &me).await?;
    sweep(&t, &me).await?;
    let receipt = erase(&t, ada, &me).await?;

    let keys = t.log().verifier_keys().await?;
    fs::write(data.join("log.vkey"), &keys)?;
    if let Some(path) = &options.receipt {
        fs::write(path, &receipt)?;
    }
    let verified = verify_receipt(&receipt, &keys)?;
    ensure(verified.leaf.subject == ada, "the receipt is about somebody else")?;
    heading("The receipt, verified with the log's public key alone");
    print!("{receipt}");
    println!("\n  {}", keys.trim_end());

    let audit = t.log().audit().await?;
    t.close().await?;
    println!("\nAudit: {} rows are the ones that {} log entries state.", audit.rows, audit.leaves);
    if let Some(data) = &options.data {
        println!("Kept in {}.", data.display());
    }
    Ok(())
}

async fn open(options: &Options, data: &Path) -> Outcome<Tacenda> {
    let policy = options.policy.clone().unwrap_or_else(|| PathBuf::from(POLICY));
    let key = MasterKeySource::file_or_new(data.join("master.key"), &SystemRng)?;
    let builder = Tacenda::builder().policy_file(&policy).master_key(key);
    let builder = match (&options.store, &options.keys) {
        (Some(rows), Some(keys)) => {
            builder.postgres(rows.to_string_lossy(), keys.to_string_lossy())
        }
        _ => builder.sqlite(data.join("customers.db"), data.join("keys.db")),
    };
    let t = builder.open().await?;
    println!("Policy: {} (version {})", policy.display(), t.policy().version);
    Ok(t)
}

async fn import(options: &Options, t: &Tacenda, me: &Actor) -> Outcome<ImportReport> {
    let path = options.customers.clone().unwrap_or_else(|| PathBuf::from(SHIPPED));
    let text = fs::read(&path)?;
    let lines = text.iter().filter(|byte| **byte == b'\n').count() as u64;
    let bar = ProgressBar::new(lines.saturating_sub(1));
    let style = ProgressStyle::with_template("importing {bar:30} {pos}/{len} {per_sec}")?;
    bar.set_style(style);
    let report = import_csv(t, text.as_slice(), me, &mut |done| bar.set_position(done)).await?;
    bar.finish_and_clear();
    heading("Import");
    println!(
        "  {} accepted ({} of them known already, nothing written), {} refused",
        report.accepted(),
        report.known(),
        report.refused()
    );
    for verdict in report.verdicts.iter().filter(|verdict| !verdict.is_accepted()).take(10) {
        if let Err((field, code)) = &verdict.outcome {
            println!("  record {:>5}  {field:<18} {code}", verdict.record);
        }
    }
    if report.refused() > 10 {
        println!("  … and {} more", report.refused() - 10);
    }
    if let Some(path) = &options.report {
        report.write_csv(fs::File::create(path)?)?;
    }
    Ok(report)
}

/// The file's digests have no known passwords, so a customer of our own logs in.
async fn register_and_log_in(t: &Tacenda, me: &Actor) -> Outcome<SubjectId> {
    let customers = t.customers();
    let request = RegisterRequest {
        items: vec![
            customers.item("email", EMAIL)?,
            customers.item("first_name", "Ada")?,
            customers.item("last_name", "Kowalska")?,
            customers.item("company", "Łączność sp. z o.o.")?,
            customers.item("address", "ul. Prosta 1")?,
            customers.item("postal_code", "00-001")?,
            customers.item("country", "PL")?,
        ],
        password: Some(NewPassword::plain(PASSWORD)?),
        facts: [Name::fixed("paid offer"), Name::fixed("invoiced")].into(),
        ..RegisterRequest::default()
    };
    let ada = match customers.register(request, me).await {
        Ok(registered) => registered.subject(),
        // A run before this one was stopped between the registration and the erasure.
        Err(error) if error.code() == "vault.not_unique" => {
            customers.read_by_email(EMAIL, "billing", me).await?.subject
        }
        Err(error) => return Err(error.into()),
    };
    let login = customers.login(&EMAIL.to_uppercase(), PASSWORD).await?;
    ensure(login.subject == ada, "somebody else logged in")?;
    heading("Login");
    println!("  right password: accepted");
    for (who, email) in [("wrong password", EMAIL), ("unknown address", "nobody@tacenda.example")] {
        let refused = customers.login(email, "not the password").await;
        let code = refused.err().map(|error| error.code());
        ensure(code == Some("login.refused"), "a wrong login was not refused")?;
        println!("  {who}: refused, and nothing tells the two apart");
    }
    Ok(ada)
}

async fn read(t: &Tacenda, ada: SubjectId, report: &ImportReport, me: &Actor) -> Outcome {
    heading("Reading for a purpose");
    let view = t.customers().read(ada, "billing", me).await?;
    ensure(view.get("address") == Some("ul. Prosta 1"), "billing does not see the address")?;
    ensure(view.get("password").is_none(), "billing sees a password")?;
    let items: Vec<_> = view.items().map(Name::as_str).collect();
    println!("  billing, paid offer:  {}", items.join(", "));
    let refused = t.customers().read(ada, "marketing", me).await;
    let code = refused.err().map(|error| error.code());
    ensure(code == Some("policy.unknown_purpose"), "marketing was not refused")?;
    println!("  marketing:            refused (policy.unknown_purpose)");
    t.customers().set_fact(ada, "paid offer", false, me).await?;
    let refused = t.customers().read(ada, "billing", me).await;
    let code = refused.err().map(|error| error.code());
    ensure(code == Some("policy.condition_not_met"), "billing of a free offer was not refused")?;
    println!("  billing, free offer:  refused (policy.condition_not_met)");
    let imported = report.verdicts.iter().filter_map(|v| v.outcome.as_ref().ok());
    let imported: Vec<_> = imported.map(|registered| registered.subject()).collect();
    let views = t.customers().read_many(&imported, "billing", me).await?;
    let given = views.iter().filter(|view| view.is_ok()).count();
    println!("  billing, the import:  {given} given, {} refused", views.len() - given);
    Ok(())
}

async fn sweep(t: &Tacenda, me: &Actor) -> Outcome {
    heading("Retention");
    let plan = t.retention().plan().await?;
    for line in &plan.lines {
        let rules = line.rules.join(" and ");
        println!("  {:<10} {:<9} {:>7} due, kept {rules}", line.class, line.state, line.due);
    }
    if plan.lines.is_empty() {
        println!("  nothing is due");
    }
    if plan.needs_confirmation() {
        let why = if plan.clock_in_doubt {
            "the clock is further ahead than the policy trusts it"
        } else {
            "the plan is larger than the policy lets a sweep erase alone"
        };
        println!("  {why}: left for a person, who confirms the plan");
        return Ok(());
    }
    let bar = ProgressBar::new(plan.due());
    let swept = t.retention().sweep(None, me, &mut |done| bar.set_position(done)).await?;
    bar.finish_and_clear();
    println!("  swept {} subjects in {} batches", swept.subjects, swept.batches);
    let after = t.retention().plan().await?;
    ensure(after.due() == 0, "something is still due after the sweep")
}

async fn erase(t: &Tacenda, ada: SubjectId, me: &Actor) -> Outcome<String> {
    heading("Erasure on request");
    let erased = t.erasure().erase(ada, me).await?;
    for line in &erased.plan.lines {
        let fate = match &line.fate {
            Fate::Erase => "erased, key destroyed".to_owned(),
            Fate::Archive { laws, until, .. } => {
                let cited: Vec<_> = laws.iter().map(|law| law.citation.as_str()).collect();
                format!("archived until {until} ({})", cited.join("; "))
            }
            Fate::Reduce { .. } => "archived, without what no law asks for any more".to_owned(),
            Fate::Archived => "archived already".to_owned(),
            Fate::Held => "held".to_owned(),
        };
        println!("  {:<10} {fate}", line.class);
    }
    let login = t.customers().login(EMAIL, PASSWORD).await;
    ensure(login.err().is_some_and(|e| e.code() == "login.refused"), "an erased account logs in")?;
    let read = t.customers().read_by_email(EMAIL, "account", me).await;
    ensure(read.is_err(), "an erased account can be read")?;
    println!("  the address is free again, and opens nothing");
    Ok(erased.receipt.text)
}

fn heading(text: &str) {
    println!("\n{text}");
}

fn ensure(holds: bool, otherwise: &str) -> Outcome {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}
