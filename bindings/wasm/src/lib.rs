//! Tacenda for JavaScript: convert, call, convert. There is no rule in this crate.
//!
//! A new function takes and returns plain JavaScript values, throws what `error` makes of an
//! [`Error`], has its type in `TYPES` and a test in `tests/`.

use js_sys::{Object, Reflect, Uint8Array};
use tacenda_core::error::{Error, Retry};
use tacenda_core::log;
use wasm_bindgen::prelude::*;

/// What TypeScript is told.
#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** What a receipt proves, once it has been verified. */
export interface VerifiedReceipt {
    /** The log that holds the leaf: its name, as in the key that signed. */
    readonly origin: string;
    /** How many leaves the log had when it was signed. */
    readonly size: bigint;
    /** The place of the leaf, counted from 0. */
    readonly index: bigint;
    /** The bytes of the leaf. */
    readonly leaf: Uint8Array;
}

/** What is thrown. */
export interface TacendaError extends Error {
    readonly name: "TacendaError";
    /** Stable, for example `log.signature_invalid`; docs/errors.md lists them all. */
    readonly code: string;
    readonly kind: "input" | "refused" | "not_found" | "conflict" | "configuration" | "integrity"
        | "unavailable";
    /** Whether the same call can succeed later. */
    readonly retry: "never" | "safe" | "unknown";
}

/**
 * Verifies a receipt offline.
 *
 * @param receipt the text of the receipt, a C2SP tlog-proof whose extra line is the leaf
 * @param vkeys the text of `log.vkey`: one verifier key a line, one line per epoch of the log
 * @throws {TacendaError} if the receipt does not prove what it says
 */
export function verifyReceipt(receipt: string, vkeys: string): VerifiedReceipt;
"#;

/// Verifies a receipt offline: `verifyReceipt(receipt, vkeys)` in JavaScript.
///
/// Returns `{ origin, size, index, leaf }`; sizes are `bigint`, the leaf is a `Uint8Array`.
///
/// # Errors
/// Throws an `Error` with `name`, `code`, `kind` and `retry` if the receipt or the keys are
/// malformed, or the receipt does not prove what it says.
#[wasm_bindgen(js_name = verifyReceipt, skip_typescript)]
pub fn verify_receipt(receipt: &str, vkeys: &str) -> Result<Object, js_sys::Error> {
    let verified = log::parse_vkeys(vkeys)
        .and_then(|keys| log::verify(receipt, &keys))
        .map_err(|failure| error(&failure))?;
    let view = Object::new();
    set(&view, "origin", &verified.checkpoint.origin.into());
    set(&view, "size", &verified.checkpoint.size.into());
    set(&view, "index", &verified.index.into());
    set(&view, "leaf", &Uint8Array::from(verified.leaf.as_slice()).into());
    Ok(view)
}

/// The error of a call as JavaScript throws it.
fn error(failure: &Error) -> js_sys::Error {
    let thrown = js_sys::Error::new(&failure.to_string());
    thrown.set_name("TacendaError");
    let retry = match failure.retry() {
        Retry::Never => "never",
        Retry::Safe => "safe",
        Retry::Unknown => "unknown",
    };
    set(&thrown, "code", &failure.code().into());
    set(&thrown, "kind", &failure.kind().as_str().into());
    set(&thrown, "retry", &retry.into());
    thrown
}

/// Sets a property of an object made here, which can refuse none.
fn set(object: &Object, key: &str, value: &JsValue) {
    let done = Reflect::set(object, &key.into(), value);
    debug_assert!(done.is_ok(), "a plain object takes every property");
}
