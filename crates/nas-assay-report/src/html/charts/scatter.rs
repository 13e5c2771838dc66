//! Estimated rank against true rank: dots for few architectures, a shaded grid for many.

use std::fmt::Write;

use nas_assay_criteria::rank::average_ranks;

use super::axis::{Axis, MOST_DOTS};
use crate::html::svg::picture;

/// The edges of the plot inside the picture of 220 by 220: left, top, right, bottom.
const SQUARE: [f64; 4] = [20.0, 4.0, 216.0, 200.0];

/// Cells along one side of the grid.
const CELLS: usize = 49;

/// Estimated rank against true rank, the best at the top right; ties share their average rank.
///
/// Higher is better in `truth` and in `scores`. Scores that are not finite are dots of another colour; in a grid they are counted like all
/// others.
pub(crate) fn scatter(id: &str, estimator: &str, truth: &[f64], scores: &[f64]) -> String {
    let [left, top, right, bottom] = SQUARE;
    let rows = truth.len() as f64;
    let across = Axis::new([rows + 0.5, 0.5], [left, right]);
    let up = Axis::new([rows + 0.5, 0.5], [bottom, top]);
    let places: Vec<(f64, f64, bool)> = average_ranks(truth)
        .into_iter()
        .zip(average_ranks(scores))
        .zip(scores)
        .map(|((x, y), score)| (across.at(x), up.at(y), score.is_finite()))
        .collect();
    let side = right - left;
    let edge = 0.05 * side;
    let mut body = format!("<rect class=\"frame\" x=\"{left}\" y=\"{top}\" width=\"{side}\" height=\"{side}\"/>");
    if places.len() > MOST_DOTS {
        density(&mut body, &places);
    } else {
        dots(&mut body, &places);
    }
    let _ = write!(
        body,
        "<rect class=\"corner\" x=\"{:.1}\" y=\"{top}\" width=\"{edge:.1}\" height=\"{edge:.1}\"/>\
         <path class=\"diagonal\" d=\"M{left} {bottom}L{right} {top}\"/>\
         <text x=\"{left}\" y=\"214\">worst</text><text class=\"middle\" x=\"{middle}\" y=\"214\">true rank</text>\
         <text class=\"end\" x=\"{right}\" y=\"214\">best</text>\
         <text class=\"middle\" transform=\"translate(12 {height}) rotate(-90)\">estimated rank</text>",
        right - edge,
        middle = f64::midpoint(left, right),
        height = f64::midpoint(top, bottom)
    );
    let description =
        format!("Estimated rank against true rank of {} architectures, the best at the top right.", truth.len());
    picture(id, [220, 220], &format!("Ranks by {estimator}"), &description, &body)
}

fn dots(body: &mut String, places: &[(f64, f64, bool)]) {
    for (class, finite) in [("dots", true), ("dots not-finite", false)] {
        let mut path = String::new();
        for (x, y, _) in places.iter().filter(|place| place.2 == finite) {
            let _ = write!(path, "M{x:.1} {y:.1}h0");
        }
        if !path.is_empty() {
            let _ = write!(body, "<path class=\"{class}\" d=\"{path}\"/>");
        }
    }
}

/// Cells shaded by how many architectures they hold, in four steps: 1, 2 to 4, 5 to 16, and more.
fn density(body: &mut String, places: &[(f64, f64, bool)]) {
    let [left, top, right, _] = SQUARE;
    let size = (right - left) / CELLS as f64;
    let mut counts = vec![0u32; CELLS * CELLS];
    // The places of ranks begin and end half a rank inside the square.
    let cell = |distance: f64| (distance / size) as usize;
    for (x, y, _) in places {
        counts[cell(y - top) * CELLS + cell(x - left)] += 1;
    }
    let steps = [(1, 1), (2, 4), (5, 16), (17, u32::MAX)];
    for (step, (fewest, most)) in steps.into_iter().enumerate() {
        let mut path = String::new();
        for (index, _) in counts.iter().enumerate().filter(|(_, count)| (fewest..=most).contains(*count)) {
            let x = left + size * (index % CELLS) as f64;
            let y = top + size * (index / CELLS) as f64;
            let _ = write!(path, "M{x} {y}h{size}v{size}h-{size}z");
        }
        if !path.is_empty() {
            let _ = write!(body, "<path class=\"cell cell-{step}\" d=\"{path}\"/>");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_of_both_rankings_is_at_the_top_right() {
        let svg = scatter("s", "x", &[1.0, 2.0], &[1.0, f64::NAN]);
        // Two architectures: each rank takes half a side of 196.
        assert!(svg.contains("<path class=\"dots\" d=\"M69.0 53.0h0\"/>"), "{svg}");
        assert!(svg.contains("<path class=\"dots not-finite\" d=\"M167.0 151.0h0\"/>"), "{svg}");
    }

    #[test]
    fn many_architectures_become_shades() {
        let truth: Vec<f64> = (0..2401).map(f64::from).collect();
        let svg = scatter("s", "x", &truth, &truth);
        assert!(
            svg.contains("cell-3") && !svg.contains("class=\"dots"),
            "49 architectures fall into each diagonal cell"
        );
        assert_eq!(svg.matches("h4v4h-4z").count(), CELLS);
    }
}
