//! Reports: pure functions of a record and, where one is kept, of its provenance.
//!
//! The same record gives the same bytes. A report computes nothing that can fail to reproduce: it lays out what the record holds.

#![allow(clippy::format_push_string)] // A report is written once: reading well comes before an allocation.

mod analysis_tables;
mod checkpoints;
mod csv;
pub mod diff;
mod error;
pub mod estimator_check;
mod format;
pub mod golden;
mod html;
mod json;
pub mod leaderboard;
mod markdown;
mod panel_summary;
mod reading_notes;
mod record_text;
mod summary_tables;
mod terminal;
mod text_table;
pub mod tolerance;
mod value_text;
mod wrap;

pub use crate::csv::csv;
pub use diff::Diff;
pub use error::ReportError;
pub use format::Format;
pub use html::html;
pub use json::json;
pub use leaderboard::Leaderboard;
pub use markdown::markdown;
pub use panel_summary::{End, EstimatorSummary, PanelSummary, PublishedComparison};
pub use terminal::terminal;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
