//! The report as JSON, for programs.

use nas_assay_base::text::plain_json;
use nas_assay_schema::store::record::{PanelRecord, Provenance, Record};
use serde::Serialize;

use crate::beside::{Beside, Summary};
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
    json_beside(record, provenance, &Beside::default())
}

/// The same with what others printed.
pub(crate) fn json_beside(
    record: &Record,
    provenance: Option<&Provenance>,
    beside: &Beside,
) -> Result<String, ReportError> {
    fn verdicts<'a>(panel: &'a PanelRecord, beside: &Beside) -> PanelVerdicts<'a> {
        PanelVerdicts { panel: &panel.name, estimators: beside.summaries(&panel.name) }
    }
    let other_papers = (!beside.figures.is_empty())
        .then(|| OtherPapers { verdicts: record.panels.iter().map(|panel| verdicts(panel, beside)).collect(), beside });
    let summary = record.panels.iter().map(PanelSummary::new).collect();
    let report = Report { summary, other_papers, record, provenance };
    let mut text = serde_json::to_string_pretty(&report).map_err(ReportError::Json)?;
    text.push('\n');
    Ok(plain_json(text))
}

#[derive(Serialize)]
struct Report<'a> {
    summary: Vec<PanelSummary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    other_papers: Option<OtherPapers<'a>>,
    record: &'a Record,
    provenance: Option<&'a Provenance>,
}

/// What others printed: a verdict for each estimator, and all values.
#[derive(Serialize)]
struct OtherPapers<'a> {
    verdicts: Vec<PanelVerdicts<'a>>,
    #[serde(flatten)]
    beside: &'a Beside,
}

#[derive(Serialize)]
struct PanelVerdicts<'a> {
    panel: &'a str,
    estimators: Vec<Summary>,
}
