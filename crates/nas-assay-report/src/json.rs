//! The report as JSON, for programs.

use nas_assay_base::text::plain_json;
use nas_assay_schema::store::record::{Provenance, Record};
use serde::Serialize;

use crate::error::ReportError;
use crate::panel_summary::PanelSummary;

/// The report as indented JSON: the summaries that the other formats show, the whole record, and the provenance.
///
/// # Errors
/// If the record holds a number that JSON can't write.
///
/// ```
/// # let record = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/record.rs"));
/// let report = nas_assay_report::json(&record, None)?;
/// let report: serde_json::Value = serde_json::from_str(&report).unwrap();
/// assert_eq!(report["summary"][0]["estimators"][0]["tau_b"], 1.0);
/// assert_eq!(report["record"]["name"], "nb201-example");
/// # Ok::<(), nas_assay_report::ReportError>(())
/// ```
pub fn json(record: &Record, provenance: Option<&Provenance>) -> Result<String, ReportError> {
    let report = Report { summary: record.panels.iter().map(PanelSummary::new).collect(), record, provenance };
    let mut text = serde_json::to_string_pretty(&report).map_err(ReportError::Json)?;
    text.push('\n');
    Ok(plain_json(text))
}

#[derive(Serialize)]
struct Report<'a> {
    summary: Vec<PanelSummary>,
    record: &'a Record,
    provenance: Option<&'a Provenance>,
}
