//! Reports: what readers and programs get from a record of an experiment.
//!
//! A report is a pure function of a [`Record`](nas_assay_schema::store::record::Record) and, if it is kept, of its
//! [`Provenance`](nas_assay_schema::store::record::Provenance). The same record gives the same bytes: a report computes no score and no
//! criterion, it only lays out what the record holds, how well every two of its rankings agree, and beside it what its numbers are worth, which
//! [`Worth`] has computed before. Control characters of its texts are escaped in all formats.
//!
//! - One record: [`terminal()`] for people, [`Format::render`] for a file ([`html()`], [`markdown()`], [`json()`], [`csv()`], [`latex()`]),
//!   [`score_table()`] for its scores alone, [`figures()`] for its pictures as files.
//! - Two records: [`Diff`] says which settings and which numbers differ. [`tolerance`] says how far a number may move.
//! - [`Beside`] has all that stands beside a record in its report: its provenance, its [`Worth`], and with [`OtherPapers`] whether what
//!   others printed agrees. [`Leaderboard::beside`] takes one for each record.
//! - A claim about an estimator: [`Lint`](lint::Lint) asks of it what a careful reviewer asks.
//! - Many records: [`Leaderboard`] has all estimators by all search spaces.
//! - Tests: [`golden`] pins the numbers of a record in a text file, [`estimator_check`] compares one estimator with such files, and
//!   [`gate_check`] another implementation with the estimator whose name it bears.
//!
//! ```
//! use nas_assay_report::{Format, terminal};
//! # let record = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/record.rs"));
//!
//! // `record` is a `Record`, as `Record::from_json` reads it from the store.
//! assert!(terminal(&record, None, 80).starts_with("Two baselines on NAS-Bench-201\n"));
//! let page = Format::Html.render(&record, None)?;
//! assert!(page.starts_with("<!DOCTYPE html>"));
//! # Ok::<(), nas_assay_report::ReportError>(())
//! ```

#![allow(clippy::format_push_string)] // A report is written once: clear code matters more than an allocation.

mod agreement_map;
mod analysis_tables;
mod beside;
mod book;
mod brief;
mod checkpoints;
mod coverage;
mod csv;
pub mod diff;
mod error;
pub mod estimator_check;
mod figures;
mod format;
pub mod gate_check;
pub mod golden;
mod html;
mod in_short;
mod json;
mod latex;
pub mod leaderboard;
pub mod lint;
mod markdown;
pub mod other_papers;
mod panel_summary;
mod printable;
mod reading_notes;
mod record_text;
mod score_table;
mod summary_tables;
mod terminal;
mod text_table;
pub mod tolerance;
mod true_values;
mod value_text;
mod without_truth;
#[cfg(test)]
mod without_truth_tests;
mod worth;
mod wrap;

pub use crate::csv::{csv, csv_beside};
pub use beside::Beside;
pub use book::{BOOK, book_links};
pub use brief::brief;
pub use diff::Diff;
pub use error::ReportError;
pub use figures::{Figure, figures};
pub use format::Format;
pub use html::html;
pub use json::json;
pub use latex::latex;
pub use leaderboard::Leaderboard;
pub use markdown::markdown;
pub use other_papers::OtherPapers;
pub use panel_summary::{End, EstimatorSummary, PanelSummary, PublishedComparison};
pub use score_table::score_table;
pub use terminal::terminal;
pub use worth::{Beyond, Dead, Detail, KnownCeiling, NdcgAt, PanelWorth, StructureWorth, Worth, WorthRow};

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod trace_tests;
#[cfg(test)]
mod true_values_tests;
#[cfg(test)]
mod value_tests;
