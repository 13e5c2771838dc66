//! The comparison for a terminal.

use std::collections::BTreeSet;

use nas_assay_criteria::Criterion;

use super::compare::{Diff, Only, PanelDiff, Side};
use super::numbers::EstimatorDiff;
use crate::panel_summary::ENDS;
use crate::text_table::TextTable;
use crate::tolerance::Tolerance;
use crate::value_text::{self, NONE, count, fixed};
use crate::wrap::{NARROWEST, wrap, wrap_indented};

impl Diff {
    /// The comparison in plain text, at most `width` characters wide. Longer words are not broken.
    ///
    /// ```
    /// # let record = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/record.rs"));
    /// use nas_assay_report::Diff;
    ///
    /// let text = Diff::new(&record, &record).text(80);
    /// assert!(text.contains("The specs are the same."));
    /// assert!(text.ends_with("No number moved beyond its class.\n"));
    /// ```
    pub fn text(&self, width: u16) -> String {
        text(self, width)
    }
}

fn text(diff: &Diff, width: u16) -> String {
    let width = width.max(NARROWEST);
    let mut text = wrap(&format!("left: {}", side(&diff.left)), width);
    text += &wrap(&format!("right: {}", side(&diff.right)), width);
    text += &spec(diff, width);
    only(&mut text, "panels", &diff.panels_only, width);
    for panel in &diff.panels {
        text += &panel_text(panel, width);
    }
    let classes: BTreeSet<Tolerance> = diff.panels.iter().flat_map(classes).collect();
    if !classes.is_empty() {
        text.push('\n');
    }
    for class in classes {
        text += &wrap(&format!("{}: {}", class.as_str(), class.meaning()), width);
    }
    text + "\n" + &wrap(&verdict(diff), width)
}

fn side(side: &Side) -> String {
    let Side { name, spec_hash, device_class } = side;
    format!("{name} {}@{device_class}", spec_hash.get(..12).unwrap_or(spec_hash))
}

fn verdict(diff: &Diff) -> String {
    match diff.beyond {
        0 => "No number moved beyond its class.".to_owned(),
        1 => "1 number moved beyond its class.".to_owned(),
        several => format!("{} numbers moved beyond their class.", count(several)),
    }
}

fn spec(diff: &Diff, width: u16) -> String {
    if diff.spec.is_empty() {
        return "\nThe specs are the same.\n".to_owned();
    }
    let mut text = format!("\nSpec: {} differences\n\n", count(diff.spec.len()));
    if diff.spec.len() == 1 {
        text = text.replace("differences", "difference");
    }
    for change in &diff.spec {
        text += &wrap(&change.path, width);
        for (side, value) in change.sides() {
            text += &wrap_indented(&format!("{side}: {value}"), width);
        }
    }
    text
}

fn only(text: &mut String, what: &str, only: &Only, width: u16) {
    for (side, names) in [("left", &only.left), ("right", &only.right)] {
        if !names.is_empty() {
            *text += &wrap(&format!("only {side}, {what}: {}", names.join(", ")), width);
        }
    }
}

fn panel_text(panel: &PanelDiff, width: u16) -> String {
    let mut text = format!("\n{}: {} architectures in both", panel.panel, count(panel.architectures));
    let Only { left, right } = &panel.architectures_only;
    if !(left.is_empty() && right.is_empty()) {
        text += &format!(", {} only left, {} only right", count(left.len()), count(right.len()));
    }
    text.push('\n');
    if panel.truth.moved > 0 {
        let at = panel.truth.at.as_deref().unwrap_or_default();
        let moved = count(panel.truth.moved);
        let unit = panel.truth.unit.as_ref().map_or(String::new(), |unit| format!(" {unit}"));
        let line = format!("truth: {moved} values moved, the most by {:.1e}{unit}, for {at}", panel.truth.largest);
        text += &wrap(&line, width);
    }
    only(&mut text, "estimators", &panel.estimators_only, width);
    if panel.estimators.is_empty() {
        return text;
    }
    text.push('\n');
    text += &estimators(&panel.estimators).terminal(width);
    let (shown, hidden) = criteria(&panel.estimators);
    if let Some(shown) = shown {
        text += &format!("\n{}", shown.terminal(width));
    }
    if hidden > 0 {
        text += &wrap(&format!("and {} more criteria beyond their class: see --json", count(hidden)), width);
    }
    text
}

fn estimators(estimators: &[EstimatorDiff]) -> TextTable {
    let columns = [
        ("estimator", false),
        ("class", false),
        ("scores moved", true),
        ("beyond", true),
        ("most", true),
        ("tau", true),
        ("criteria moved", true),
        ("beyond", true),
    ];
    let rows = estimators.iter().map(|estimator| {
        let scores = &estimator.scores;
        let lost = if scores.order_lost { "!" } else { "" };
        vec![
            estimator.estimator.clone(),
            scores.class.as_str().to_owned(),
            count(scores.moved),
            count(scores.beyond),
            if scores.at.is_some() { format!("{:.0e}", scores.largest) } else { NONE.to_owned() },
            scores.tau.map_or(NONE.to_owned(), |tau| fixed(tau, 4)) + lost,
            count(estimator.criteria.len()),
            count(estimator.criteria_beyond().count()),
        ]
    });
    TextTable::new(&columns, rows.collect())
}

/// A table of the main criteria that moved beyond their class, and how many other criteria did.
fn criteria(estimators: &[EstimatorDiff]) -> (Option<TextTable>, usize) {
    let headline: Vec<Criterion> =
        [Criterion::TauB, Criterion::Spearman, Criterion::Pearson].into_iter().chain(ENDS).collect();
    let (mut rows, mut hidden) = (Vec::new(), 0);
    for estimator in estimators {
        for moved in estimator.criteria_beyond() {
            let Some(criterion) = headline.iter().find(|criterion| criterion.to_string() == moved.criterion) else {
                hidden += 1;
                continue;
            };
            let value = |value: Option<f64>| value.map_or(NONE.to_owned(), |value| fixed(value, 4));
            let difference = moved.left.zip(moved.right).map_or(NONE.to_owned(), |(left, right)| step(right - left));
            rows.push(vec![
                estimator.estimator.clone(),
                value_text::heading(*criterion),
                value(moved.left),
                value(moved.right),
                difference,
            ]);
        }
    }
    let columns = [("estimator", false), ("criterion", false), ("left", true), ("right", true), ("difference", true)];
    ((!rows.is_empty()).then(|| TextTable::new(&columns, rows)), hidden)
}

/// A difference with its sign: four decimals, or a power of ten if that would show only zeros.
fn step(difference: f64) -> String {
    if difference.abs() < 1e-4 { format!("{difference:+.0e}") } else { format!("{difference:+.4}") }
}

fn classes(panel: &PanelDiff) -> impl Iterator<Item = Tolerance> + '_ {
    let of = |estimator: &EstimatorDiff| {
        let criteria: Vec<Tolerance> = estimator.criteria.iter().map(|criterion| criterion.class).collect();
        std::iter::once(estimator.scores.class).chain(criteria)
    };
    panel.estimators.iter().flat_map(of)
}
