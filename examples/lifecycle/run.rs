//! The steps of the run, in the order in which a customer lives them.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use tacenda::gdpr::erasure::Fate;
use tacenda::import::ImportReport;
use tacenda::{
    Actor, ActorId, MasterKeySource, Name, NewPassword, RegisterRequest, SubjectId, Tacenda,
    verify_receipt,
};

use crate::args::Options;
use crate::intake::{import, passwords};
use crate::{breach, hold, objection, payment, request, warning};

/// Prints a line. Whoever reads may have gone, which is no reason to panic: the run ends with it.
macro_rules! say {
    ($($part:tt)*) => {{
        use std::io::Write as _;
        writeln!(std::io::stdout().lock(), $($part)*)
    }};
}
pub(crate) use say;

pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// The brake holds a sweep until a person confirms its plan. All else was done.
#[derive(Debug)]
pub(crate) struct Waits {
    digest: String,
}

impl std::fmt::Display for Waits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "nothing was swept: confirm the plan today with --confirm {}", self.digest)
    }
}

impl Error for Waits {}

const POLICY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/glpi-network-cloud/privacy.toml");
/// How many customers are read at once.
const PAGE: usize = 1000;
const EMAIL: &str = "lifecycle@tacenda.example";
const PASSWORD: &str = "a long sentence that nobody guesses";

/// Checks a receipt offline.
pub(crate) fn verify(receipt: &Path, keys: &Path, json: bool) -> Outcome {
    let text = fs::read_to_string(receipt).map_err(|error| named("RECEIPT", &error))?;
    let keys = fs::read_to_string(keys).map_err(|error| named("VKEY", &error))?;
    let verified = verify_receipt(&text, &keys)?;
    if json {
        say!("{}", serde_json::to_string_pretty(&verified)?)?;
        return Ok(());
    }
    let leaf = &verified.leaf;
    say!("the receipt is genuine")?;
    say!("  log        {}", verified.checkpoint.origin)?;
    say!("  entry      {} of {}", verified.index, verified.checkpoint.size)?;
    say!("  time       {}", leaf.at)?;
    say!("  action     {}", leaf.action)?;
    say!("  subject    {}", leaf.subject)?;
    for (key, value) in &leaf.details {
        say!("  {key:<10} {value}")?;
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

    let imported = import(options, &t, &me).await?;
    passwords(&t).await?;
    let ada = register_and_log_in(&t, &me).await?;
    let paid = payment::pay(&t, ada, &me).await?;
    read(&t, ada, &imported, &me).await?;
    let held = hold::place(&t, &me).await?;
    let swept = sweep(options, &t, &me).await?;
    if swept.is_ok() {
        hold::release(&t, &held, &me).await?;
    }
    breach::live(&t, &me).await?;
    payment::plan(&t, &paid, ada).await?;
    let receipt = erase(&t, ada, &me).await?;
    payment::leave(&t, &paid, ada, &me).await?;

    let keys = t.log().verifier_keys().await?;
    fs::write(data.join("log.vkey"), &keys)?;
    if let Some(path) = &options.receipt {
        fs::write(path, &receipt).map_err(|error| named("--receipt", &error))?;
    }
    let verified = verify_receipt(&receipt, &keys)?;
    ensure(verified.leaf.subject == ada, "the receipt is about somebody else")?;
    heading("The receipt, verified with the log's public key alone")?;
    say!("{}", receipt.trim_end())?;
    say!("\n  {}", keys.trim_end())?;

    let audit = t.log().audit().await?;
    t.close().await?;
    say!("\nAudit: {} rows are the ones that {} log entries state.", audit.rows, audit.leaves)?;
    if let Some(data) = &options.data {
        say!("Kept in {}.", data.display())?;
    }
    swept.map_err(Into::into)
}

async fn open(options: &Options, data: &Path) -> Outcome<Tacenda> {
    let policy = options.policy.clone().unwrap_or_else(|| PathBuf::from(POLICY));
    let key = MasterKeySource::FileOrNew(data.join("master.key"));
    let builder = Tacenda::builder().policy_file(&policy).master_key(key);
    let builder = match (&options.store, &options.keys) {
        (Some(rows), Some(keys)) => {
            builder.postgres(rows.to_string_lossy(), keys.to_string_lossy())
        }
        _ => builder.sqlite(data.join("customers.db"), data.join("keys.db")),
    };
    let t = builder.open().await?;
    say!("Policy: {} (version {})", policy.display(), t.policy().version)?;
    for warning in t.policy().warnings() {
        say!("  think about {}: {}", warning.path, warning.message)?;
    }
    Ok(t)
}

/// The file's digests have no known passwords, so a customer of our own logs in.
async fn register_and_log_in(t: &Tacenda, me: &Actor) -> Outcome<SubjectId> {
    let customers = t.customers();
    let ada = match customers.register(paying(t)?, me).await {
        // A run before this one was stopped between the registration and the erasure.
        Err(error) if error.code() == "vault.not_unique" => {
            let service = Actor::staff(me.id, Name::fixed("service"));
            let left = customers.read_by_email(EMAIL, "account", &service).await?.subject;
            t.erasure().erase(left, me).await?;
            customers.register(paying(t)?, me).await?.subject()
        }
        registered => registered?.subject(),
    };
    let login = customers.login(&EMAIL.to_uppercase(), PASSWORD).await?;
    ensure(login.subject == ada, "somebody else logged in")?;
    heading("Login")?;
    say!("  right password: accepted")?;
    for (who, email) in [("wrong password", EMAIL), ("unknown address", "nobody@tacenda.example")] {
        let refused = customers.login(email, "not the password").await;
        let code = refused.err().map(|error| error.code());
        ensure(code == Some("login.refused"), "a wrong login was not refused")?;
        say!("  {who}: refused, and nothing tells the two apart")?;
    }
    Ok(ada)
}

/// A customer who pays, and has been invoiced.
fn paying(t: &Tacenda) -> Outcome<RegisterRequest> {
    let customers = t.customers();
    Ok(RegisterRequest {
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
    })
}

async fn read(t: &Tacenda, ada: SubjectId, imported: &ImportReport, me: &Actor) -> Outcome {
    heading("Reading for a purpose")?;
    let view = t.customers().read(ada, "billing", me).await?;
    ensure(view.get("address") == Some("ul. Prosta 1"), "billing does not see the address")?;
    ensure(view.get("password").is_none(), "billing sees a password")?;
    let items: Vec<_> = view.items().map(Name::as_str).collect();
    say!("  billing, paid offer:  {}", items.join(", "))?;
    let refused = t.customers().read(ada, "marketing", me).await;
    let code = refused.err().map(|error| error.code());
    ensure(code == Some("policy.unknown_purpose"), "marketing was not refused")?;
    say!("  marketing:            refused (policy.unknown_purpose)")?;
    t.customers().set_fact(ada, "paid offer", false, me).await?;
    let refused = t.customers().read(ada, "billing", me).await;
    let code = refused.err().map(|error| error.code());
    ensure(code == Some("policy.condition_not_met"), "billing of a free offer was not refused")?;
    say!("  billing, free offer:  refused (policy.condition_not_met)")?;
    let (mut given, mut refused, mut last) = (0u64, 0u64, None);
    loop {
        let page = t.customers().page(last, PAGE).await?;
        last = page.last().copied();
        if last.is_none() {
            break;
        }
        let others: Vec<_> = page.into_iter().filter(|subject| *subject != ada).collect();
        for view in t.customers().read_many(&others, "billing", me).await? {
            *(if view.is_ok() { &mut given } else { &mut refused }) += 1;
        }
    }
    say!("  billing, all others:  {given} given, {refused} refused")?;
    let new = imported.accepted() - imported.known();
    ensure(given + refused >= new, "a customer is missing")
}

/// Sweeps what is due, or says that the plan waits to be confirmed.
async fn sweep(options: &Options, t: &Tacenda, me: &Actor) -> Outcome<Result<(), Waits>> {
    heading("Retention")?;
    let plan = t.retention().plan().await?;
    for line in &plan.lines {
        let rules = line.rules.join(" and ");
        say!("  {:<10} {:<9} {:>7} due, kept {rules}", line.class, line.state, line.due)?;
    }
    if plan.lines.is_empty() && plan.waiting == 0 {
        say!("  nothing is due")?;
    }
    if plan.waiting > 0 {
        say!("  {} rows stay until whom they are about was warned a month before", plan.waiting)?;
    }
    if plan.needs_confirmation() && options.confirm != Some(plan.digest) {
        let why = if plan.clock_in_doubt {
            "the clock is further ahead than the policy trusts it"
        } else {
            "the plan is larger than the policy lets a sweep erase alone"
        };
        say!("  {why}: left for a person, who confirms the plan")?;
        let digest = plan.digest.iter().map(|byte| format!("{byte:02x}")).collect();
        return Ok(Err(Waits { digest }));
    }
    let bar = ProgressBar::new(plan.due());
    let swept =
        t.retention().sweep(options.confirm, me, &mut |done| bar.set_position(done)).await?;
    bar.finish_and_clear();
    say!("  swept {} subjects in {} batches", swept.subjects, swept.batches)?;
    warning::post(t, swept.warned, me).await?;
    let after = t.retention().plan().await?;
    ensure(after.due() == 0, "something is still due after the sweep")?;
    Ok(Ok(()))
}

async fn erase(t: &Tacenda, ada: SubjectId, me: &Actor) -> Outcome<String> {
    heading("Objection")?;
    objection::object(t, ada).await?;
    heading("Erasure on request")?;
    let asked = request::receive(t, ada).await?;
    let dpo = Actor::staff(me.id, Name::fixed("dpo"));
    let erased = request::decide(t, &asked, &dpo).await?;
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
            Fate::Restricted => "restricted".to_owned(),
            Fate::Kept => "a record, kept for its own period".to_owned(),
        };
        say!("  {:<10} {fate}", line.class)?;
    }
    request::answer(t, &asked, &dpo).await?;
    let login = t.customers().login(EMAIL, PASSWORD).await;
    ensure(login.err().is_some_and(|e| e.code() == "login.refused"), "an erased account logs in")?;
    say!("  the address and password log nobody in")?;
    let another = RegisterRequest { facts: [].into(), ..paying(t)? };
    let another = t.customers().register(another, me).await?.subject();
    ensure(another != ada, "an erased account came back")?;
    t.erasure().erase(another, me).await?;
    say!("  the address is free again: somebody else registered with it, and was erased as well")?;
    Ok(erased.receipt.text)
}

/// What is wrong with the file that an argument names.
pub(crate) fn named(argument: &str, error: &std::io::Error) -> String {
    format!("the file of {argument}: {error}")
}

pub(crate) fn heading(text: &str) -> Outcome {
    say!("\n{text}")?;
    Ok(())
}

pub(crate) fn ensure(holds: bool, otherwise: &str) -> Outcome {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}
