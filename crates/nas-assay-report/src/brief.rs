//! The short report for a terminal: what a reader looks at first. All other tables are in [`terminal`](crate::terminal()).

use nas_assay_criteria::{Comparison, Criterion, Undefined};
use nas_assay_schema::estimator::EstimatorKind;
use nas_assay_schema::store::record::{PanelRecord, Record};

use crate::analysis_tables::{self, Titled};
use crate::beside::Beside;
use crate::checkpoints::latest;
use crate::in_short;
use crate::panel_summary::{EstimatorSummary, PanelSummary};
use crate::printable::printable;
use crate::record_text;
use crate::summary_tables;
use crate::terminal::head;
use crate::text_table::TextTable;
use crate::value_text::{self, NONE, count};
use crate::worth;
use crate::wrap::{NARROWEST, wrap};

/// The short report in plain text, at most `width` characters wide: for each panel a few plain sentences, one table with the columns that
/// fit, and the tables that the spec asks for by its variants, seeds and comparisons.
///
/// Of a supernet with several checkpoints it has the last one. Without a truth it has the scores and how well they agree.
///
/// ```
/// # let record = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/record.rs"));
/// let report = nas_assay_report::brief(&record, None, 80);
/// assert!(report.contains("all: 5 architectures\n"));
/// assert!(report.lines().count() < nas_assay_report::terminal(&record, None, 80).lines().count());
/// ```
pub fn brief<'a>(record: &Record, beside: impl Into<Beside<'a>>, width: u16) -> String {
    let (record, beside) = (&*printable(record), beside.into().printable());
    let beside = beside.get();
    let width = width.max(NARROWEST);
    let mut text = head(record, width);
    for whole in &record.panels {
        let worth = beside.worth_of(&whole.name);
        let panel = PanelSummary::with_worth(whole, worth);
        text += &format!("\n{}: {} architectures\n\n", panel.panel, count(panel.architectures));
        text += &wrap(&in_short::sentences(whole, worth).join(" "), width);
        let has_truth = panel.estimators.iter().any(|row| row.undefined != Some(Undefined::NoTruth));
        if has_truth {
            let table = table(whole, &panel);
            let shown = table.fitting(width);
            text += &format!("\n{}", shown.terminal(width));
            let left: Vec<&str> = table.columns().skip(shown.columns().count()).map(|(heading, _)| heading).collect();
            if !left.is_empty() {
                text += &format!("\n{}", wrap(&format!("Too wide for this terminal: {}.", left.join(", ")), width));
            }
        }
        for reason in summary_tables::reasons(&panel.estimators) {
            text += &format!("\n{}", wrap(&reason, width));
        }
        let more = if has_truth { analysis_tables::asked_for(whole) } else { analysis_tables::tables(whole) };
        for Titled { title, table } in more {
            text += &format!("\n{}\n{}", wrap(title, width), table.terminal(width));
        }
    }
    text += "\n";
    text += &wrap(&format!("Truth: {}", record_text::truth(record)), width);
    for verified in record_text::checks(record) {
        text += &wrap(&format!("Truth check: {verified}"), width);
    }
    text
}

/// The table of a panel. The columns that matter most come first, and one without any value is left out.
fn table(panel: &PanelRecord, summary: &PanelSummary) -> TextTable {
    let with = baseline(panel);
    let against = format!("against {}", with.unwrap_or_default());
    let columns = [
        ("estimator", false),
        ("tau-b", true),
        ("95 % interval", true),
        (against.as_str(), true),
        ("published tau-b", true),
        ("P@top 5 %", true),
        ("of attainable", true),
        ("not finite", true),
        ("Spearman", true),
    ];
    let row = |place: usize| {
        let row: &EstimatorSummary = &summary.estimators[place];
        let outcome = with.and_then(|with| compared(panel, &row.estimator, with));
        let top = row.ends.iter().find(|end| end.criterion == Criterion::PrecisionTop(0.05));
        vec![
            row.estimator.clone(),
            value_text::value(Criterion::TauB, row.tau_b),
            row.interval_text(),
            outcome.map_or(NONE.to_owned(), value_text::outcome),
            value_text::value(Criterion::TauB, row.published_tau_b),
            top.map_or(NONE.to_owned(), |end| value_text::value(end.criterion, end.value)),
            worth::share_reached(row.attainable_share),
            value_text::count_or_none(row.non_finite),
            value_text::value(Criterion::Spearman, row.spearman),
        ]
    };
    TextTable::new(&columns, latest(&panel.estimators).into_iter().map(row).collect()).without_empty_columns(2)
}

/// The baseline that every estimator is compared with: #Params, or the first that the panel has.
pub(crate) fn baseline(panel: &PanelRecord) -> Option<&str> {
    let compared = |id: &str| panel.analyses.comparisons.iter().any(|found| found.with == id);
    let counts = panel.estimators.iter().filter(|row| row.kind == EstimatorKind::Baseline).map(|row| row.id.as_str());
    let mut counts: Vec<&str> = counts.filter(|id| compared(id)).collect();
    counts.sort_by_key(|id| *id != "params");
    counts.first().copied()
}

/// The paired test of an estimator against a baseline.
pub(crate) fn compared<'a>(panel: &'a PanelRecord, estimator: &str, with: &str) -> Option<&'a Comparison> {
    let mut tests = panel.analyses.comparisons.iter();
    tests.find(|found| found.with == with && found.estimator == estimator).map(|found| &found.outcome)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn it_has_the_tables_that_the_spec_asks_for_and_no_others() {
        let record = fixture::whole(240);
        let text = brief(&record, None, 80);
        let (asked, all) = (analysis_tables::asked_for(&record.panels[0]), analysis_tables::tables(&record.panels[0]));
        assert!(asked.len() > 2 && all.len() > asked.len());
        for Titled { title, .. } in &all {
            let first = title.split(' ').take(4).collect::<Vec<_>>().join(" ");
            assert_eq!(text.contains(&first), asked.iter().any(|table| table.title == *title), "{title}: {text}");
        }
    }

    /// The lines of the table of the first panel, cut into cells.
    fn cells(text: &str) -> Vec<Vec<String>> {
        let lines = text.lines().skip_while(|line| !line.starts_with("estimator"));
        let lines = lines.take_while(|line| !line.is_empty());
        let cut =
            |line: &str| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect();
        lines.map(cut).collect()
    }

    #[test]
    fn it_keeps_to_the_width_and_shows_the_more_the_wider() {
        let record = fixture::whole(240);
        let mut columns = 0;
        for width in [60, 80, 100, 160] {
            let text = brief(&record, None, width);
            assert!(text.lines().all(|line| line.chars().count() <= usize::from(width)), "{width}:\n{text}");
            let found = cells(&text).iter().map(Vec::len).max().unwrap();
            assert!(found >= columns, "{width}: {found} after {columns}\n{text}");
            columns = found;
        }
        assert!(columns >= 6, "{columns}");
    }

    #[test]
    fn its_values_are_those_of_the_whole_report() {
        let record = fixture::whole(240);
        let (short, long) = (brief(&record, None, 300), crate::terminal(&record, None, 300));
        let long = cells(&long);
        let rows = cells(&short);
        let of = |row: &[String]| row[..3].to_vec();
        let rows: Vec<_> = rows.iter().filter(|row| row.len() > 4 && row[0] != "estimator").collect();
        assert!(rows.len() > 5);
        for row in rows {
            assert!(long.iter().any(|found| found.len() > 3 && of(found) == of(row)), "{row:?} is not in {long:?}");
        }
    }

    #[test]
    fn a_column_without_values_is_left_out() {
        let mut record = fixture::record(60);
        for row in &mut record.panels[0].estimators {
            row.published.clear();
            row.criteria.non_finite = nas_assay_criteria::NonFinite::default();
        }
        let heading = |record: &Record| cells(&brief(record, None, 300)).remove(0).join(" ");
        assert_eq!(heading(&record), "estimator tau-b 95 % interval against params P@top Spearman");
        record.panels[0].analyses.comparisons.clear();
        assert_eq!(heading(&record), "estimator tau-b 95 % interval P@top Spearman");
    }
}
