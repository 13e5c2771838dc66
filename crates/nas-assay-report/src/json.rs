//! The report as JSON, for programs.

use nas_assay_base::text::{plain_json, printable};
use nas_assay_schema::store::record::{PanelRecord, Provenance, Record};
use serde::Serialize;

use crate::beside::Beside;
use crate::error::ReportError;
use crate::other_papers::{OtherPapers, Summary};
use crate::panel_summary::PanelSummary;
use crate::worth::Worth;

/// The report as indented JSON: the summaries that the other formats show, the whole record, its provenance, what
/// its numbers are worth, and what other papers print.
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
pub fn json<'a>(record: &'a Record, beside: impl Into<Beside<'a>>) -> Result<String, ReportError> {
    let beside = beside.into();
    // Names are without control characters in what others printed.
    let verdicts = |panel: &'a PanelRecord| PanelVerdicts {
        panel: &panel.name,
        estimators: beside.summaries_of(&printable(&panel.name)),
    };
    let papers = beside.other_papers.filter(|others| !others.figures.is_empty());
    let report = Report {
        summary: record
            .panels
            .iter()
            .map(|panel| PanelSummary::with_worth(panel, beside.worth_of(&panel.name)))
            .collect(),
        other_papers: papers
            .map(|others| OtherPapersReport { verdicts: record.panels.iter().map(verdicts).collect(), others }),
        worth: beside.worth,
        record,
        provenance: beside.provenance,
    };
    let mut text = serde_json::to_string_pretty(&report).map_err(ReportError::Json)?;
    text.push('\n');
    Ok(plain_json(text))
}

#[derive(Serialize)]
struct Report<'a> {
    summary: Vec<PanelSummary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    other_papers: Option<OtherPapersReport<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worth: Option<&'a Worth>,
    record: &'a Record,
    provenance: Option<&'a Provenance>,
}

/// What others printed: a verdict for each estimator, and all values.
#[derive(Serialize)]
struct OtherPapersReport<'a> {
    verdicts: Vec<PanelVerdicts<'a>>,
    #[serde(flatten)]
    others: &'a OtherPapers,
}

#[derive(Serialize)]
struct PanelVerdicts<'a> {
    panel: &'a str,
    estimators: Vec<Summary>,
}
