//! Records: what rooms keep of their own, added, changed, read, found, swept, and what they do to a
//! subject's data.
#![expect(clippy::unwrap_used, reason = "tests")]

mod amended;
mod door;
mod effects;
mod model;
mod retention;
mod support;
