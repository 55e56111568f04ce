//! Moves a customer store from SQLite to PostgreSQL and compares both, row by row.
//!
//! `cargo run --release -p tacenda-store --example move_to_postgres -- ROWS.db KEYS.db URL KEYS_URL`
//!
//! Stop every process that uses the files first, and put them away afterwards.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is for a person at a terminal")]

use std::process::ExitCode;
use std::sync::Arc;

use pollster::block_on;
use tacenda_store::postgres::{Adopted, Origin, PostgresOptions, adopt};
use tacenda_store::sqlite::{SqliteKeyring, SqliteOptions, SqliteStore};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [rows, keys, url, keys_url] = arguments.as_slice() else {
        eprintln!("usage: move_to_postgres ROWS.db KEYS.db URL KEYS_URL");
        return ExitCode::FAILURE;
    };
    let is_there = |path: &str| std::fs::metadata(path).is_ok_and(|file| file.len() > 0);
    if let Some(missing) = [rows, keys].into_iter().find(|path| !is_there(path)) {
        eprintln!("{missing} is not there, or empty");
        return ExitCode::FAILURE;
    }
    if url == keys_url {
        eprintln!("the keys need a database of their own: backups of the rows must not have them");
        return ExitCode::FAILURE;
    }
    match move_all(rows, keys, url, keys_url) {
        Ok(adopted) => {
            tell(&adopted, rows, keys);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn tell(adopted: &Adopted, rows: &str, keys: &str) {
    let Adopted { rows: count, lookups, leaves, keys: wrapped, tombstones, fingerprints } = adopted;
    println!("the same in both: {count} rows, {lookups} look-ups, {leaves} log entries,");
    println!("  {wrapped} keys, {tombstones} tombstones, {fingerprints} fingerprints");
    println!("Go on there with the same policy and master key, and audit the log once. Put away");
    println!("{rows} and, as carefully as the master key, {keys}: whoever opens them again");
    println!("has a second log under the same name.");
}

fn move_all(rows: &str, keys: &str, url: &str, keys_url: &str) -> tacenda_core::Result<Adopted> {
    let origin = Origin {
        store: Arc::new(SqliteStore::open(rows, SqliteOptions::default())?),
        keyring: Arc::new(SqliteKeyring::open(keys, SqliteOptions::default())?),
    };
    let told = |now: Adopted| {
        let Adopted { keys, rows, leaves, .. } = now;
        println!("{keys} keys, {rows} rows, {leaves} log entries");
    };
    block_on(adopt(origin, url, keys_url, PostgresOptions::default(), told))
}
