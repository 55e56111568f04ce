//! Reads lines `kind TAB text` and answers each with `ok` or the code of the error; for `iban`,
//! `creditor`, `vat`, and `national` (`true`, `false` or `none`). For comparison with other
//! implementations: `cargo xtask test --only identifiers`.
#![expect(clippy::print_stdout, reason = "the answers are what it is for")]

use std::io::BufRead;

use tacenda_core::error::Result;
use tacenda_core::pii::VatNumber;
use tacenda_payments::{CreditorId, Iban};

fn main() -> std::io::Result<()> {
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (kind, text) = line.split_once('\t').unwrap_or_default();
        let verdict = match kind {
            "iban" => code(Iban::parse(text)),
            "creditor" => code(CreditorId::parse(text)),
            "vat" => code(VatNumber::check(text)),
            "national" => match Iban::parse(text).map(|iban| iban.national_check()) {
                Ok(Some(true)) => "true",
                Ok(Some(false)) => "false",
                _ => "none",
            },
            _ => "unknown kind",
        };
        println!("{verdict}");
    }
    Ok(())
}

fn code<T>(result: Result<T>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "ok")
}
