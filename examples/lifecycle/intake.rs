//! What comes in from another system: records with a verdict each, and their passwords.

use std::fs;
use std::io::Read;

use indicatif::{ProgressBar, ProgressStyle};
use tacenda::core::leaf::Leaf;
use tacenda::core::ports::LogPosition;
use tacenda::import::{ImportReport, Mapping, Verdict, VerdictWriter, import_csv_with};
use tacenda::{Actor, Log, Name, Tacenda, Timestamp};

use crate::args::Options;
use crate::dated::dated;
use crate::run::{Outcome, heading, named, say};

const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/lifecycle/customers.csv");
/// How many refused records are listed; the report has all of them.
const SHOWN: usize = 10;
/// How many digests are wrapped here; one takes as long as a login, and a real service leaves them to
/// a job that runs by the side.
const WRAPPED: u64 = 200;
/// How many rows are looked at for digests at once.
const PAGE: usize = 20;

/// Imports the records, lists what was refused, writes the report.
pub(crate) async fn import(options: &Options, t: &Tacenda, me: &Actor) -> Outcome<ImportReport> {
    let (source, length): (Box<dyn Read + Send>, u64) = match &options.customers {
        Some(path) => {
            let file = fs::File::open(path).map_err(|error| named("--customers", &error))?;
            let length = file.metadata()?.len();
            (Box::new(file), length)
        }
        None => {
            let text = dated(&fs::read_to_string(SHIPPED)?, began(t).await?);
            let length = text.len() as u64;
            (Box::new(std::io::Cursor::new(text)), length)
        }
    };
    let bar = ProgressBar::new(length);
    bar.set_style(ProgressStyle::with_template("importing {bar:30} {percent}% {msg}")?);
    let report = options.report.as_ref().map(fs::File::create).transpose();
    let report = report.map_err(|error| named("--report", &error))?;
    let mut report = report.map(VerdictWriter::new).transpose()?;
    let (mut done, mut shown) = (0, Vec::new());
    let mut told = |page: &[Verdict]| {
        done += page.len();
        bar.set_message(format!("{done} records"));
        let refused = page.iter().filter(|verdict| !verdict.is_accepted());
        shown.extend(refused.take(SHOWN.saturating_sub(shown.len())).cloned());
        report.as_mut().map_or(Ok(()), |report| report.write(page))
    };
    // This service invoices in advance: whoever pays has an invoice. Another may know better, and
    // give its file a column `invoiced`.
    let mapping = Mapping::paid_means(["paid offer", "invoiced"].map(Name::fixed));
    let counts = import_csv_with(t, bar.wrap_read(source), &mapping, me, &mut told).await?;
    report.map_or(Ok(()), VerdictWriter::finish)?;
    bar.finish_and_clear();
    heading("Import")?;
    say!(
        "  {} accepted ({} of them known already and not written again), {} refused",
        counts.accepted(),
        counts.known(),
        counts.refused()
    )?;
    for verdict in &shown {
        if let Err((field, code)) = &verdict.outcome {
            say!("  record {:>5}  {field:<18} {code}", verdict.record)?;
        }
    }
    if counts.refused() > SHOWN as u64 {
        say!("  … and {} more", counts.refused() - SHOWN as u64)?;
    }
    Ok(counts)
}

/// Digests of the old system are sealed with everything else; here the job wraps some of them.
pub(crate) async fn passwords(t: &Tacenda) -> Outcome {
    heading("Passwords")?;
    let bare = t.customers().bare_passwords().await?;
    let bar = ProgressBar::new(bare.min(WRAPPED));
    bar.set_style(ProgressStyle::with_template("wrapping {bar:30} {pos} of {len}")?);
    let (mut wrapped, mut after) = (0, None);
    while wrapped < WRAPPED {
        let (some, next) = t.customers().wrap_legacy_page(after, PAGE).await?;
        wrapped += some;
        bar.set_position(wrapped);
        after = next;
        if after.is_none() {
            break;
        }
    }
    bar.finish_and_clear();
    say!("  {bare} bare SHA-256 digests, sealed; {wrapped} of them wrapped in Argon2id now")?;
    let counts = t.customers().count_passwords().await?;
    say!(
        "  {} bare, {} wrapped until the next login, {} current, {} unreadable",
        counts.bare,
        counts.wrapped,
        counts.current,
        counts.unreadable
    )?;
    Ok(())
}

/// When the log began: the time of its first entry.
async fn began(t: &Tacenda) -> Outcome<Timestamp> {
    let LogPosition { epoch, index } = Log::begins();
    let store = &t.vault().ports().store;
    // Some stores give an entry its place a moment after its commit.
    store.settle().await?;
    let first = store.leaves(epoch, index, index + 1).await?;
    let bytes = first.into_iter().find_map(|leaf| leaf.bytes).ok_or("the log has no beginning")?;
    Ok(Leaf::decode(&bytes)?.at)
}
