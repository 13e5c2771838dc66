//! The golden form of a record: one line per number, with the tolerance class that it is compared by.
//!
//! A golden file has a head, a line `---`, and then the lines of [`pinned`]. A test or a check computes the record again and compares.

use std::collections::BTreeMap;

use nas_assay_schema::estimator::{EstimatorKind, ToleranceClass};
use nas_assay_schema::store::record::{EstimatorRecord, Record};

use crate::tolerance::NUMERIC;

/// The numbers of a record that a golden file pins, one line per number: `class key = value`.
///
/// The architectures of a panel come first, with their numbers: `exact    panel#7 = text`. The score of one of them has the key
/// `panel.estimator#7`.
///
/// A golden file from a GPU holds for the GPU model that made it. One stream and a fixed order of sums let that model repeat its own
/// numbers. How far another model differs has not been measured.
///
/// ```
/// # let record = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/record.rs"));
/// let lines = nas_assay_report::golden::pinned(&record);
/// assert!(lines.contains("exact    truth.rows = 5\n"));
/// assert!(lines.contains("numeric  all.params.tau_b = 1\n"));
/// ```
pub fn pinned(record: &Record) -> String {
    let mut text = String::new();
    let mut line = |class: &str, key: &str, value: &str| text += &format!("{class:<8} {key} = {value}\n");
    line("exact", "spec_hash", &record.spec_hash);
    if let Some(truth) = &record.truth {
        line("exact", "truth.rows", &truth.rows.to_string());
        line("numeric", "truth.minimum", &truth.minimum.to_string());
        line("numeric", "truth.median", &truth.median.to_string());
        line("numeric", "truth.maximum", &truth.maximum.to_string());
        for verified in &truth.verified {
            line("exact", &format!("truth.verified {}", verified.architecture), &verified.found.to_string());
        }
    }
    for supernet in &record.supernets {
        for epoch in &supernet.epochs {
            let variant = supernet.variant.as_ref().map_or(String::new(), |variant| format!("{variant}."));
            let key = format!("supernet.{variant}{}.epoch.{}", supernet.seed, epoch.epoch);
            line("numeric", &format!("{key}.loss"), &epoch.loss.to_string());
            line("numeric", &format!("{key}.accuracy"), &epoch.accuracy.to_string());
        }
    }
    for panel in &record.panels {
        for (place, row) in panel.architectures.iter().enumerate() {
            line("exact", &format!("{}#{}", panel.name, place + 1), &row.architecture);
        }
        for estimator in &panel.estimators {
            let key = format!("{}.{}", panel.name, estimator.label().replace(' ', "_"));
            let criteria = &estimator.criteria;
            line("numeric", &format!("{key}.tau_b"), &number_of(criteria.kendall.tau_b));
            line("numeric", &format!("{key}.spearman"), &number_of(criteria.spearman));
            line("numeric", &format!("{key}.pearson"), &number_of(criteria.pearson.value));
            line("exact", &format!("{key}.not_finite"), &criteria.non_finite.total().to_string());
            for at in &criteria.precision {
                line("numeric", &format!("{key}.P@top{}", at.fraction), &at.top.to_string());
                line("numeric", &format!("{key}.P@bottom{}", at.fraction), &at.bottom.to_string());
            }
            for at in &criteria.top_counts {
                line("numeric", &format!("{key}.tau_b_top{}", at.count), &number_of(at.tau_top));
                line("numeric", &format!("{key}.tau_b_true_top{}", at.count), &number_of(at.tau_true_top));
            }
            for (number, group) in estimator.bias.complexity.iter().enumerate() {
                let key = format!("{key}.flops_group.{}", number + 1);
                line("numeric", &format!("{key}.rank_difference"), &group.rank_difference.to_string());
                line("numeric", &format!("{key}.tau_b"), &number_of(group.tau_b));
            }
            for change in &estimator.bias.operations {
                let key = format!("{key}.{}>{}", change.from.replace(' ', "_"), change.to.replace(' ', "_"));
                line("exact", &format!("{key}.pairs"), &change.pairs.to_string());
                line("numeric", &format!("{key}.truth_increases"), &change.truth_increases.to_string());
                line("numeric", &format!("{key}.score_increases"), &change.score_increases.to_string());
            }
            // Scores of variants and votes are not pinned: the numbers above are computed from them.
            if estimator.variant.is_some() || estimator.kind == EstimatorKind::Vote {
                continue;
            }
            for (place, score) in estimator.scores.iter().enumerate() {
                line(class_of(estimator), &format!("{key}#{}", place + 1), &score.value().to_string());
            }
        }
        let label = |text: &str| text.replace(' ', "_");
        for test in &panel.analyses.comparisons {
            let key = format!("{}.{} against {}", panel.name, label(&test.estimator), label(&test.with));
            line("numeric", &format!("{key}.difference"), &number_of(test.outcome.difference));
            line("exact", &format!("{key}.verdict"), &format!("{:?}", test.outcome.verdict));
        }
        for found in &panel.analyses.agreement {
            let key = format!("{}.{} with {}", panel.name, label(&found.estimator), label(&found.with));
            line("numeric", &format!("{key}.tau_b"), &number_of(found.agreement.tau_b));
            for at in &found.agreement.precision {
                line("numeric", &format!("{key}.P@top{}", at.fraction), &at.top.to_string());
            }
        }
        for found in &panel.analyses.variants {
            let key = format!("{}.{}", panel.name, label(&found.estimator));
            line("numeric", &format!("{key}.agreement"), &number_of(found.agreement));
            if let Some(kept) = &found.kept {
                line("exact", &format!("{key}.kept"), &kept.architectures.to_string());
                for (whose, inside) in [("variant", &kept.variant), ("own", &kept.own)] {
                    line("numeric", &format!("{key}.kept.{whose}.tau_b"), &number_of(inside.tau_b));
                    line("numeric", &format!("{key}.kept.{whose}.mean_score"), &number_of(inside.mean_score));
                }
            }
        }
    }
    text
}

fn number_of(value: Option<f64>) -> String {
    value.map_or("undefined".to_owned(), |value| value.to_string())
}

fn class_of(estimator: &EstimatorRecord) -> &'static str {
    if estimator.tolerance == ToleranceClass::Exact { "exact" } else { "numeric" }
}

/// The lines with a score, by the panel, the estimator and the text of the architecture: numbers of architectures, which another panel gives
/// to others, do not matter.
///
/// ```
/// let lines = "exact    all#1 = 0,0,1\nexact    all#2 = 1,0,1\nnumeric  all.snip.tau_b = 1\nnumeric  all.snip#2 = 0.5";
/// let scores = nas_assay_report::golden::scores(lines);
/// assert_eq!(scores.into_iter().collect::<Vec<_>>(), [("all.snip 1,0,1".to_owned(), "numeric  0.5".to_owned())]);
/// ```
pub fn scores(lines: &str) -> BTreeMap<String, String> {
    let numbered = |line: &str| {
        let (class, rest) = line.split_once(' ')?;
        let (key, value) = rest.trim_start().split_once(" = ")?;
        let (of, number) = key.rsplit_once('#')?;
        Some([class, of, number, value].map(str::to_owned))
    };
    let (scores, names): (Vec<_>, Vec<_>) =
        lines.lines().filter_map(numbered).partition(|[_, of, ..]| of.contains('.'));
    let names: BTreeMap<(String, String), String> =
        names.into_iter().map(|[_, panel, number, text]| ((panel, number), text)).collect();
    let named = |[class, of, number, value]: [String; 4]| {
        let panel = of.split_once('.')?.0.to_owned();
        Some((format!("{of} {}", names.get(&(panel, number))?), format!("{class:<8} {value}")))
    };
    scores.into_iter().filter_map(named).collect()
}

/// The lines of a golden file below its head; the whole text if it has no head.
///
/// ```
/// let file = "---\nsource: tests/golden.rs\n---\nexact    truth.rows = 5\n";
/// assert_eq!(nas_assay_report::golden::body(file), "exact    truth.rows = 5\n");
/// ```
pub fn body(file: &str) -> &str {
    file.split_once("\n---\n").map_or(file, |(_, body)| body)
}

/// The pairs of lines, old and new, that differ by more than their class allows. Lines are compared in order.
///
/// ```
/// use nas_assay_report::golden::differences;
///
/// let reference = "exact    rows = 5\nnumeric  tau_b = 0.6";
/// assert!(differences(reference, "exact    rows = 5\nnumeric  tau_b = 0.6000000000000001").is_empty());
/// let moved = differences(reference, "exact    rows = 6\nnumeric  tau_b = 0.6");
/// assert_eq!(moved, [("exact    rows = 5".to_owned(), "exact    rows = 6".to_owned())]);
/// ```
pub fn differences(reference: &str, test: &str) -> Vec<(String, String)> {
    let (old, new): (Vec<&str>, Vec<&str>) = (reference.trim().lines().collect(), test.trim().lines().collect());
    let length = old.len().max(new.len());
    let at = |lines: &[&str], index: usize| lines.get(index).map_or("nothing", |line| *line).to_owned();
    (0..length).map(|index| (at(&old, index), at(&new, index))).filter(|(old, new)| !agree(old, new)).collect()
}

/// Whether two lines have the same key, and values that agree by the class of the line.
///
/// ```
/// use nas_assay_report::golden::agree;
///
/// assert!(agree("numeric  tau_b = 0.6", "numeric  tau_b = 0.6000000000000001"));
/// assert!(!agree("numeric  tau_b = 0.6", "numeric  tau_b = 0.61"));
/// assert!(!agree("exact    rows = 5", "exact    rows = 6"));
/// ```
pub fn agree(old: &str, new: &str) -> bool {
    if old == new {
        return true;
    }
    let split = |line: &str| line.rsplit_once(" = ").map(|(key, value)| (key.to_owned(), value.parse::<f64>()));
    match (split(old), split(new)) {
        (Some((old_key, Ok(old))), Some((new_key, Ok(new))))
            if old_key == new_key && old_key.starts_with("numeric ") =>
        {
            (old - new).abs() <= NUMERIC * old.abs().max(new.abs())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moved_number_is_a_difference() {
        let old = "exact    a = 3\nnumeric  b = 0.5\nnumeric  c = undefined";
        assert!(differences(old, old).is_empty());
        assert!(differences(old, &old.replace("0.5", "0.5000000000000001")).is_empty());
        for (from, to) in [
            ("= 3", "= 3.0000000000000001e0"),
            ("0.5", "0.50000000001"),
            ("undefined", "0"),
            ("b =", "d ="),
            ("\nnumeric  c = undefined", ""),
        ] {
            assert_eq!(differences(old, &old.replace(from, to)).len(), 1, "{from} -> {to}");
        }
    }
}
