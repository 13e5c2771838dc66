//! The table of a panel, with its caption.

use nas_assay_criteria::{Criterion, Verdict, percent};
use nas_assay_schema::estimator::EstimatorKind;
use nas_assay_schema::store::record::{PanelRecord, Record};

use super::rows::{RowOf, Value, ends, rows};
use super::table::{Best, Cell, Column, Form, Group, NONE, Number, Row, Table, float, interval};
use super::{comment, escape, short_hash};
use crate::beside::Beside;
use crate::checkpoints::latest;
use crate::other_papers;
use crate::panel_summary::PanelSummary;
use crate::summary_tables;
use crate::text_table::TextTable;
use crate::value_text::count;
use crate::worth::{self, KnownCeiling, PanelWorth};

/// The signs of estimators that are not found better than the best baseline, and of those that are found worse.
const SIGNS: [(Verdict, &str); 2] = [(Verdict::Undecided, "\\dagger"), (Verdict::Worse, "\\ddagger")];

const GROUPS: [(EstimatorKind, &str); 5] = [
    (EstimatorKind::Baseline, "Baselines"),
    (EstimatorKind::ZeroShot, "Zero-shot"),
    (EstimatorKind::OneShot, "One-shot"),
    (EstimatorKind::Vote, "Votes"),
    (EstimatorKind::External, "Scores from files"),
];

/// The table of a panel as a `table` environment, after comments with what is no part of it; only a comment if the panel has no truth.
pub(super) fn panel(record: &Record, panel: &PanelRecord, beside: Beside<'_>) -> String {
    let worth = beside.worth_of(&panel.name);
    if panel.truth().is_none() {
        let names = latest(&panel.estimators).into_iter().map(|place| panel.estimators[place].label());
        let names = names.collect::<Vec<String>>().join(", ");
        return comment(&format!("panel {}: no table, since there is no truth to rank by: {names}", panel.name));
    }
    let (rows, best) = rows(panel, worth);
    let with_share = rows.iter().any(|row| row.share.is_some());
    let shown: Vec<usize> =
        (0..ends().count()).filter(|&place| rows.iter().any(|row| row.ends[place].0.is_some())).collect();
    let line = |row: &RowOf| line(row, with_share, &shown);
    let table = Table {
        columns: columns(with_share, &shown),
        above: Vec::new(),
        first: "Estimator".to_owned(),
        groups: GROUPS
            .map(|(kind, title)| Group { title, rows: rows.iter().filter(|row| row.kind == kind).map(line).collect() })
            .into_iter()
            .filter(|group| !group.rows.is_empty())
            .collect(),
    };
    notes(panel, beside)
        + &float(&[table], &caption(record, panel, worth, &rows, best), &format!("{}-{}", record.name, panel.name))
}

/// What an author should know and no table has: published values, those of other papers, and why there is no noise ceiling.
fn notes(panel: &PanelRecord, beside: Beside<'_>) -> String {
    let table = |title: &str, table: &TextTable| {
        let row = |row: &Vec<String>| {
            let named = table.columns().zip(row).map(|((heading, _), cell)| format!("{heading} {cell}"));
            comment(&format!("{title}: {}", named.collect::<Vec<String>>().join(", ")))
        };
        table.rows().iter().map(row).collect::<String>()
    };
    let mut text = table("published", &summary_tables::comparisons(&PanelSummary::new(panel).published));
    text += &table("other papers", &other_papers::verdicts(&beside.summaries_of(&panel.name)));
    if let Some(worth) = beside.worth_of(&panel.name) {
        text.extend(worth::lines(worth).iter().map(|line| comment(line)));
    }
    text
}

/// The columns; `shown` are the places of the ends of the ranking that any row has.
fn columns(with_share: bool, shown: &[usize]) -> Vec<Column> {
    let column = |heading: &str, best| Column { heading: heading.to_owned(), best };
    let mut columns = vec![column("KT ($\\tau_b$)", Some(Best::Highest)), column("95\\,\\% interval", None)];
    columns.extend(with_share.then(|| column("of attainable", None)));
    columns.push(column("SPR ($\\rho$)", Some(Best::Highest)));
    let ends: Vec<Criterion> = ends().collect();
    columns.extend(shown.iter().map(|&place| match ends[place] {
        Criterion::PrecisionTop(part) => column(&format!("P@top{}\\,\\%", percent(part)), Some(Best::Highest)),
        Criterion::PrecisionBottom(part) => column(&format!("P@bot{}\\,\\%", percent(part)), Some(Best::Highest)),
        Criterion::BestRanking(part) => column(&format!("BR@{}\\,\\%", percent(part)), Some(Best::Lowest)),
        other => column(&escape(&other.to_string()), None),
    }));
    columns
}

fn line(row: &RowOf, with_share: bool, shown: &[usize]) -> Row {
    let number = |(value, deviation): Value, criterion, sign| {
        Cell::Number(Number { value, deviation, form: Form::Of(criterion), sign })
    };
    let sign = SIGNS.into_iter().find(|(verdict, _)| row.verdict == Some(*verdict)).map(|(_, sign)| sign);
    let beside = match (row.interval, row.runs) {
        (Some(bounds), _) => interval(bounds),
        (None, 1) => NONE.to_owned(),
        (None, runs) => format!("{{\\scriptsize {} runs}}", count(runs)),
    };
    let typeset = |share: String| escape(&share).replace(' ', "\\,").replace('-', "$-$");
    let share = row.share.map_or(NONE.to_owned(), |share| typeset(worth::share(Some(share))));
    let mut cells = vec![number(row.tau_b, Criterion::TauB, sign), Cell::Text(beside)];
    cells.extend(with_share.then_some(Cell::Text(share)));
    cells.push(number(row.spearman, Criterion::Spearman, None));
    let ends: Vec<Criterion> = ends().collect();
    cells.extend(shown.iter().map(|&place| number(row.ends[place], ends[place], None)));
    Row { name: escape(&row.name), cells }
}

/// The caption: what is ranked and by what, what the numbers and the signs are, and the hash of the spec.
fn caption(
    record: &Record,
    panel: &PanelRecord,
    worth: Option<&PanelWorth>,
    rows: &[RowOf],
    best: Option<String>,
) -> String {
    let truth = record.truth.as_ref().map(|truth| truth.source.as_str()).unwrap_or_default();
    let mut text = format!(
        "How well estimators rank {} architectures of {} (panel {}). Truth: {}. KT is Kendall's $\\tau_b$ with its 95\\,\\% bootstrap \
         interval over architectures, SPR is Spearman's $\\rho$. P@top and P@bot, in percent, are the shares of the best (worst) by \
         score that are among the truly best (worst). BR is the best true rank among the best by score, in percent of all ranks; less \
         is better. The best number of a column is bold, and the second is underlined where one alone is best, baselines included; \
         numbers that print alike are marked alike.",
        count(panel.architectures.len()),
        escape(&record.space),
        escape(&panel.name),
        escape(truth.trim_end_matches('.')),
    );
    if rows.iter().any(|row| row.runs > 1) {
        text += " Of several runs, $\\pm$ is the sample standard deviation.";
    }
    if latest(&panel.estimators).len() < panel.estimators.len() {
        text += " Supernets are at their last checkpoint.";
    }
    if let Some(best) = best {
        let has = |verdict| rows.iter().any(|row| row.verdict == Some(verdict));
        let said = [(Verdict::Undecided, "is not found better than"), (Verdict::Worse, "is found worse than")];
        let signs = SIGNS.into_iter().zip(said).filter(|((verdict, _), _)| has(*verdict));
        let signs: Vec<String> =
            signs.map(|((_, sign), (_, said))| format!("${sign}$: {said} {}", escape(&best))).collect();
        if !signs.is_empty() {
            text += &format!(
                " {}, the baseline with the highest $\\tau_b$, by a paired bootstrap test of $\\tau_b$ at 95\\,\\%{}.",
                signs.join(", "),
                if rows.iter().any(|row| row.runs > 1) { "; several runs are better or worse if all are" } else { "" }
            );
        }
        let untested = rows
            .iter()
            .any(|row| row.kind != EstimatorKind::Baseline && row.verdict.is_none() && row.tau_b.0.is_some());
        if untested {
            text += " Some rows have no paired test with it, and no sign.";
        }
    }
    if let Some(worth) = worth.filter(|worth| matches!(worth.ceiling, KnownCeiling::Known { .. })) {
        text += &format!(" {}", escape(&worth::ceiling_line(worth)));
    }
    let all = PanelSummary::new(panel).estimators;
    let shown: Vec<_> = latest(&panel.estimators).into_iter().map(|place| all[place].clone()).collect();
    for reason in summary_tables::reasons(&shown) {
        text += &format!(" {}", escape(&reason));
    }
    text + &format!(" Spec {}.", short_hash(&record.spec_hash))
}
