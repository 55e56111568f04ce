//! The duties of the General Data Protection Regulation, one room each.
//!
//! A room holds its rules as pure functions, and its operations as one file each. All of them go
//! through [`tacenda_core::vault::Vault`]; none sees a database. A new duty is a new room beside
//! these.
#![forbid(unsafe_code)]

pub mod breach;
pub mod case;
pub mod choices;
pub mod consent;
pub mod erasure;
pub mod holds;
pub mod notice;
pub mod objection;
pub mod requests;
pub mod restriction;
pub mod retention;
pub mod staff;

use tacenda_core::Code;

/// Every code of this crate.
pub static CODES: &[&[&Code]] = &[
    breach::CODES,
    case::CODES,
    consent::CODES,
    erasure::CODES,
    holds::CODES,
    notice::CODES,
    objection::CODES,
    requests::CODES,
    restriction::CODES,
    staff::CODES,
];
