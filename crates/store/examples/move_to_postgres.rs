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
    if let Some(missing) =
        [rows, keys].into_iter().find(|path| !std::path::Path::new(path).exists())
    {
        eprintln!("{missing} is not there");
        return ExitCode::FAILURE;
    }
    match move_all(rows, keys, url, keys_url) {
        Ok(adopted) => {
            println!("the same in both: {adopted:?}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
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
