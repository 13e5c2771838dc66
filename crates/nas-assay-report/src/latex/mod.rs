//! The report in LaTeX: what goes into a paper. One file to be read by `\input`, with a `table` for each panel.
//!
//! [`table`] lays a table out, [`panel`] and [`rows`] say what stands in that of a panel, [`escape`](mod@escape) makes text of names.

mod escape;
mod panel;
mod rows;
pub(crate) mod table;
#[cfg(test)]
mod tests;

use nas_assay_schema::store::record::Record;

use crate::beside::Beside;
use crate::coverage;
use crate::printable::printable;
use crate::record_text;

pub(crate) use escape::{comment, escape};
#[cfg(test)]
pub(crate) use tests::read;

/// The report in LaTeX: for each panel with a truth a table in the style of booktabs, with its caption. There is no preamble: a comment at the
/// top names the packages that the paper has to load.
///
/// Rows are of one estimator each, at the last checkpoint. If it has several runs, such as seeds of a supernet, their mean and sample
/// standard deviation stand there. The best number of a column is bold, and the second is underlined where one alone is best, baselines
/// included: a baseline that ranks best is seen. A sign tells which estimators the paired test does not find better than the best baseline.
///
/// ```
/// # let record = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/record.rs"));
/// let report = nas_assay_report::latex(&record, None);
/// assert!(report.contains("\\toprule"));
/// assert!(report.contains("params & $\\mathbf{1.000}$"));
/// ```
pub fn latex<'a>(record: &Record, beside: impl Into<Beside<'a>>) -> String {
    let (record, beside) = (&*printable(record), beside.into().printable());
    let beside = beside.get();
    let mut text = head(&record.title, &record_text::again(record));
    text += &comment(&format!("spec hash: {}", record.spec_hash));
    text.extend(coverage::lines(record).iter().map(|line| comment(line)));
    let facts = beside.provenance.map(record_text::provenance).unwrap_or_default();
    // Sources of papers are public, and a command has paths of its author's machine.
    for fact in facts.iter().filter(|fact| fact.name != "command") {
        text += &comment(&format!("{}: {}", fact.name, fact.value));
    }
    for panel in &record.panels {
        text += "\n";
        text += &panel::panel(record, panel, beside);
    }
    text
}

/// The comments at the top of a file: what it has, the command that makes it again, and the packages that it needs.
pub(crate) fn head(title: &str, command: &str) -> String {
    comment(title)
        + &comment(&format!("made by: {command} --format latex"))
        + "% to be read by \\input; the paper loads \\usepackage[T1]{fontenc} and \\usepackage{booktabs}\n"
}

/// The hash as a caption has it.
pub(crate) fn short_hash(hash: &str) -> String {
    format!("\\texttt{{{}}}", escape(hash.get(..12).unwrap_or(hash)))
}
