//! What crosses crates: the program as a user meets it, specs and their hashes, reports in a browser, and the goldens.
//!
//! Tests that need something which not every machine has are ignored, with the reason, and run with
//! `NAS_ASSAY_DATA=DIR cargo test -- --include-ignored`.

#![allow(clippy::unwrap_used, reason = "a test may stop anywhere")]

mod browser;
mod claims;
mod cli;
mod common;
mod findings;
mod golden;
mod readme;
mod run;
mod score;
mod spec;
mod verify;
