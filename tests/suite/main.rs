//! Tests of several crates together: the program as users run it, specs and their hashes, pages in a browser, and goldens.
//!
//! Tests that need data or programs that not every machine has are ignored, with the reason. They run with
//! `NAS_ASSAY_DATA=DIR cargo test -- --include-ignored`.

#![allow(clippy::unwrap_used, reason = "a test may panic anywhere")]

mod advice;
mod aliases;
mod book;
mod browser;
mod by_hand;
mod claims;
mod cli;
mod common;
mod data;
mod doctor;
mod documents;
mod examples;
mod export;
mod external;
mod findings;
mod fingerprint;
mod freerea;
mod golden;
mod image_sets;
mod init;
mod json;
mod leaderboard;
mod lint;
mod manners;
mod merging;
mod named;
mod newcomer;
mod other_papers;
mod paper;
mod pytorch;
mod quantity;
mod readme;
mod run;
mod score;
mod shards;
mod spec;
mod spec_names;
mod table_only;
mod verify;
