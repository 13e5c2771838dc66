//! The check whether another implementation of an estimator is that estimator, space by space.

use nas_assay_criteria::{GATE_ROWS, Gate};
use serde::Serialize;

use crate::text_table::TextTable;
use crate::value_text::{self, NONE};
use crate::wrap::wrap;

/// The check on one search space.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GateCheck {
    /// The search space, as in `nb201`.
    pub space: String,
    /// The name of the scores.
    pub scores: String,
    /// The estimator whose scores they should be.
    pub estimator: String,
    /// Whether both looked at the same weights and images.
    pub same_weights: bool,
    /// The comparison.
    #[serde(flatten)]
    pub gate: Gate,
}

/// The checks as a table, at most `width` characters wide.
pub fn terminal(rows: &[GateCheck], width: u16) -> String {
    let columns = [
        ("space", false),
        ("rows", true),
        ("rho", true),
        ("needed", true),
        ("over seeds", true),
        ("difference", true),
        ("largest", true),
        ("verdict", false),
    ];
    let number = |value: Option<f64>| value.map_or(NONE.to_owned(), |value| format!("{value:.4}"));
    let small = |value: Option<f64>| value.map_or(NONE.to_owned(), |value| format!("{value:.1e}"));
    let line = |GateCheck { space, gate, .. }: &GateCheck| {
        vec![
            space.clone(),
            value_text::count(gate.rows),
            number(gate.spearman),
            number(Some(gate.needed)),
            number(gate.self_correlation),
            small(gate.median_difference),
            small(gate.largest_difference),
            gate.verdict.as_str().to_owned(),
        ]
    };
    let Some(first) = rows.first() else { return String::new() };
    let mut text = format!("{} beside {}\n\n", first.scores, first.estimator);
    text += &TextTable::new(&columns, rows.iter().map(line).collect()).terminal(width);
    let bound = if first.same_weights {
        format!(
            "both see the same weights and images in double precision, so that .99 is needed, on at least {GATE_ROWS} architectures"
        )
    } else {
        format!(
            "over seeds: of {} with itself; needed: .99, or .98 of that, whichever is lower, on at least {GATE_ROWS} architectures; weights \
             and images need not be the same, so that differences say less than rho",
            first.estimator
        )
    };
    let about = "rho: Spearman's correlation of the two; difference: the median of |a - b| / max(|a|, |b|)";
    text += &wrap(&format!("{about}; {bound}"), width);
    for row in rows.iter().filter(|row| row.gate.failed_once > 0) {
        let text_of =
            format!("{}: {} architectures have a finite score of one of the two only", row.space, row.gate.failed_once);
        text += &wrap(&text_of, width);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_fits_80_columns_and_says_what_it_shows() {
        let ours: Vec<f64> = (0..200).map(f64::from).collect();
        let theirs: Vec<f64> = ours.iter().map(|score| if *score == 3.0 { f64::NAN } else { score * 1.5 }).collect();
        let check = |space: &str| GateCheck {
            space: space.to_owned(),
            scores: "mine".to_owned(),
            estimator: "synflow".to_owned(),
            same_weights: true,
            gate: Gate::new(&theirs, &ours, &[ours.clone(), ours.clone()]),
        };
        let text = terminal(&[check("nb201"), check("nds_resnext_a")], 80);
        assert!(text.starts_with("mine beside synflow\n"), "{text}");
        for part in ["0.9800", "the same estimator", "3.3e-1", "1 architectures have a finite score", "same weights"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert_eq!(terminal(&[], 80), "");
        let json = serde_json::to_value(check("nb201")).unwrap();
        assert_eq!((&json["verdict"], &json["rows"]), (&"same".into(), &200.into()));
    }
}
