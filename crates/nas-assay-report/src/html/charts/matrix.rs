//! Bias by operation as a matrix: the row is the operation that is replaced, the column the one that replaces it.

use std::fmt::Write;

use nas_assay_criteria::ChangeBias;

use crate::html::svg::{escape, picture};
use crate::value_text;

/// With more operations than this a matrix can't be read.
pub(crate) const MOST_OPERATIONS: usize = 8;

/// By how many percentage points the score increases more often than the truth, for every ordered pair of operations. Exchanges with fewer
/// than `fewest` pairs of architectures have a dot. `short` shortens the name of an operation. The picture is 220 wide.
pub(crate) fn matrix(
    id: &str,
    estimator: &str,
    changes: &[ChangeBias<String>],
    fewest: usize,
    short: fn(&str) -> String,
) -> String {
    let mut names: Vec<&str> = changes.iter().flat_map(|change| [change.from.as_str(), change.to.as_str()]).collect();
    names.sort_unstable();
    names.dedup();
    let [left, top] = [54.0, 54.0];
    let side = (164.0 / names.len().max(1) as f64).min(32.0);
    let middle = |place: usize| side * (place as f64 + 0.5);
    let mut body = String::new();
    for (place, name) in names.iter().enumerate() {
        let (name, at) = (escape(&short(name)), middle(place));
        let _ = write!(
            body,
            "<text class=\"end\" x=\"50\" y=\"{:.1}\">{name}</text><text transform=\"translate({:.1} 50) rotate(-90)\">{name}</text>",
            top + at + 4.0,
            left + at + 4.0
        );
    }
    for change in changes {
        let place = |name: &String| names.iter().position(|known| known == name).unwrap_or(0);
        let (row, column) = (place(&change.from), place(&change.to));
        let points = 100.0 * change.overestimate();
        let class = if points > 0.0 { "over" } else { "under" };
        let text = if change.pairs < fewest {
            "·".to_owned()
        } else {
            let _ = write!(
                body,
                "<rect class=\"shade {class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill-opacity=\"{:.2}\"/>",
                left + side * column as f64 + 0.5,
                top + side * row as f64 + 0.5,
                side - 1.0,
                side - 1.0,
                0.6 * (points.abs() / 60.0).min(1.0)
            );
            value_text::signed(points, 0).replace('-', "−")
        };
        let _ = write!(
            body,
            "<text class=\"middle ink\" x=\"{:.1}\" y=\"{:.1}\">{text}</text>",
            left + middle(column),
            top + middle(row) + 4.0
        );
    }
    let size = side * names.len() as f64;
    let _ = write!(body, "<rect class=\"outline\" x=\"{left}\" y=\"{top}\" width=\"{size:.1}\" height=\"{size:.1}\"/>");
    let description = format!(
        "By how many percentage points the score increases more often than the truth when the operation of a row is replaced by \
         that of a column, for {} ordered pairs. The table below holds the numbers.",
        changes.len()
    );
    let height = (top + size + 4.0).ceil() as u32;
    picture(id, [220, height], &format!("Bias of {estimator} by operation"), &description, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_in_the_row_of_what_is_replaced() {
        let change = |from: &str, to: &str, pairs, score_increases| ChangeBias {
            from: from.to_owned(),
            to: to.to_owned(),
            pairs,
            truth_increases: 0.25,
            score_increases,
            truth_histogram: Vec::new(),
            score_histogram: Vec::new(),
        };
        let svg = matrix("m", "x", &[change("a", "b", 10, 0.75), change("b", "a", 9, 0.125)], 10, str::to_owned);
        // Sides of 32: row 0, column 1.
        assert!(svg.contains("<rect class=\"shade over\" x=\"86.5\" y=\"54.5\" width=\"31.0\""), "{svg}");
        assert!(svg.contains("class=\"middle ink\" x=\"102.0\" y=\"74.0\">+50<"), "{svg}");
        assert!(svg.contains("class=\"middle ink\" x=\"70.0\" y=\"106.0\">·<"), "{svg}");
        assert_eq!(svg.matches("shade").count(), 1, "ten pairs are enough, nine are not");
    }
}
