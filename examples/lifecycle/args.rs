//! The command line.

use std::path::PathBuf;

/// How the example is used.
pub(crate) const USAGE: &str = "\
lifecycle: a customer store from the first registration to a proven erasure

usage:
  lifecycle [--customers FILE.csv] [--policy FILE.toml] [--data DIR]
            [--store URL --keys URL] [--report FILE.csv] [--receipt FILE]
            [--confirm DIGEST]
  lifecycle verify RECEIPT VKEY [--json]

  --customers FILE   records to import (default: the 200 that ship with the example, dated as of
                     the day on which the store was made)
  --policy FILE      the privacy policy (default: examples/glpi-network-cloud/privacy.toml)
  --data DIR         keep customers.db, keys.db, log.vkey and master.key here
                     (default: a folder that is removed at the end)
  --store URL        keep rows and log in this database: postgresql://…
  --keys URL         keep the keys in this one, which must be another
  --report FILE      write a verdict per record: record,verdict,field,code
  --receipt FILE     write the receipt of the erasure
  --confirm DIGEST   sweep, although the plan with this digest is larger than the policy allows
  verify             check a receipt with the log's public keys, offline

It exits with 0 if all was done and is true, with 3 if all was done but the sweep, which waits to be
confirmed, with 1 if something failed, and with 2 if it was called wrongly.";

/// What to do.
#[derive(Debug)]
pub(crate) enum Command {
    /// The whole life of a customer store.
    Run(Options),
    /// Check a receipt.
    Verify { receipt: PathBuf, keys: PathBuf, json: bool },
    /// Say how it is used.
    Help,
}

/// The options of a run.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) customers: Option<PathBuf>,
    pub(crate) policy: Option<PathBuf>,
    pub(crate) data: Option<PathBuf>,
    pub(crate) store: Option<PathBuf>,
    pub(crate) keys: Option<PathBuf>,
    pub(crate) report: Option<PathBuf>,
    pub(crate) receipt: Option<PathBuf>,
    pub(crate) confirm: Option<[u8; 32]>,
}

/// Reads the command line.
pub(crate) fn parse(args: impl IntoIterator<Item = String>) -> Result<Command, String> {
    let mut args = args.into_iter();
    let mut options = Options::default();
    let mut first = true;
    while let Some(arg) = args.next() {
        if first && arg == "verify" {
            let (receipt, keys, form) = (args.next(), args.next(), args.next());
            let json = form.as_deref() == Some("--json");
            return match (receipt, keys, json || form.is_none(), args.next()) {
                (Some(receipt), Some(keys), true, None) => {
                    Ok(Command::Verify { receipt: receipt.into(), keys: keys.into(), json })
                }
                _ => Err("verify takes a receipt and a file of verifier keys".to_owned()),
            };
        }
        first = false;
        if arg == "--confirm" {
            let digest = args.next().and_then(|text| digest(&text));
            options.confirm = Some(digest.ok_or("`--confirm` takes the digest of a plan")?);
            continue;
        }
        let place = match arg.as_str() {
            "--help" | "-h" => return Ok(Command::Help),
            "--customers" => &mut options.customers,
            "--policy" => &mut options.policy,
            "--data" => &mut options.data,
            "--store" => &mut options.store,
            "--keys" => &mut options.keys,
            "--report" => &mut options.report,
            "--receipt" => &mut options.receipt,
            other => return Err(format!("unknown argument `{other}`")),
        };
        let value = args.next().ok_or_else(|| format!("`{arg}` takes a value"))?;
        *place = Some(PathBuf::from(value));
    }
    if options.store.is_some() != options.keys.is_some() {
        return Err("`--store` and `--keys` go together".to_owned());
    }
    Ok(Command::Run(options))
}

/// A digest from its 64 hexadecimal digits.
fn digest(text: &str) -> Option<[u8; 32]> {
    let bytes = text.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    });
    bytes.collect::<Option<Vec<u8>>>()?.try_into().ok()
}
