//! Estimated rank against true rank: dots for few architectures, a shaded grid for many.

use std::fmt::Write;

use nas_assay_criteria::rank::average_ranks;

use super::axis::{Axis, MOST_DOTS};
use crate::html::svg::{escape, picture, shortened};

/// The edges of the plot inside the picture of 220 by 220: left, top, right, bottom.
const SQUARE: [f64; 4] = [20.0, 4.0, 216.0, 200.0];

/// The grid that stands for dots: how many cells are along a side, and how many architectures a cell of each shade holds at least.
struct Grid {
    cells: usize,
    steps: [u32; 4],
}

/// The grid of a page: 1, 2 to 4, 5 to 16, and more.
const FINE: Grid = Grid { cells: 49, steps: [1, 2, 5, 17] };

impl Grid {
    /// The grid of a picture of many plots, whose shades depend on how many architectures there are: up to 0.4, to 1.5 and to 6 times as many
    /// as if they were spread evenly, and more.
    fn coarse(rows: usize) -> Self {
        let cells = 28;
        let even = rows as f64 / (cells * cells) as f64;
        let after = |times: f64| (times * even) as u32 + 1;
        let second = after(0.4).max(2);
        let third = after(1.5).max(second + 1);
        Self { cells, steps: [1, second, third, after(6.0).max(third + 1)] }
    }
}

/// A plot of [`rank_plots`]: the name of the estimator, its tau-b, and its scores, higher is better.
pub(crate) struct RankPlot {
    pub name: String,
    pub tau: String,
    pub scores: Vec<f64>,
}

/// So many plots stand in a row of [`rank_plots`].
pub(crate) const PLOTS_IN_A_ROW: usize = 3;

/// With more characters than this a name is cut.
const LONGEST: usize = 36;

/// The plots of [`scatter`] beside and below each other, each under its name, for a file of its own.
pub(crate) fn rank_plots(id: &str, title: &str, truth: &[f64], plots: &[RankPlot]) -> String {
    let (step, tile) = (236, 262);
    let mut body = String::new();
    for (place, plot) in plots.iter().enumerate() {
        let [x, y] = [step * (place % PLOTS_IN_A_ROW), tile * (place / PLOTS_IN_A_ROW)];
        let name = escape(&shortened(&plot.name, LONGEST));
        let _ = write!(
            body,
            "<g transform=\"translate({x} {y})\"><text class=\"label\" x=\"20\" y=\"14\">{name}</text>\
             <text x=\"20\" y=\"28\">tau-b {}</text><g transform=\"translate(0 32)\">{}</g></g>",
            escape(&plot.tau),
            plotted(truth, &plot.scores, &Grid::coarse(truth.len()))
        );
    }
    let columns = plots.len().clamp(1, PLOTS_IN_A_ROW);
    let extent = [step * columns - 16, tile * plots.len().div_ceil(PLOTS_IN_A_ROW).max(1) - 10].map(|size| size as u32);
    let names: Vec<&str> = plots.iter().map(|plot| plot.name.as_str()).collect();
    let of = if truth.len() > MOST_DOTS { "The stronger the colour of a cell, the more of them it holds." } else { "" };
    let description = format!(
        "Estimated rank against true rank of {} architectures, the best at the top right, by {}. The small square holds the best 5 % of \
         both rankings. {of}",
        truth.len(),
        names.join(", ")
    );
    picture(id, extent, title, description.trim_end(), &body)
}

/// Estimated rank against true rank, the best at the top right; ties share their average rank.
///
/// Higher is better in `truth` and in `scores`. Scores that are not finite are dots of another colour; in a grid they are counted like all
/// others.
pub(crate) fn scatter(id: &str, estimator: &str, truth: &[f64], scores: &[f64]) -> String {
    let description =
        format!("Estimated rank against true rank of {} architectures, the best at the top right.", truth.len());
    picture(id, [220, 220], &format!("Ranks by {estimator}"), &description, &plotted(truth, scores, &FINE))
}

/// The inside of a plot of 220 by 220.
fn plotted(truth: &[f64], scores: &[f64], grid: &Grid) -> String {
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
        density(&mut body, &places, grid);
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
    body
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

/// Cells shaded by how many architectures they hold, in four steps.
fn density(body: &mut String, places: &[(f64, f64, bool)], grid: &Grid) {
    let [left, top, right, _] = SQUARE;
    let Grid { cells, steps } = *grid;
    let size = (right - left) / cells as f64;
    let mut counts = vec![0u32; cells * cells];
    // The places of ranks begin and end half a rank inside the square.
    let cell = |distance: f64| (distance / size) as usize;
    for (x, y, _) in places {
        counts[cell(y - top) * cells + cell(x - left)] += 1;
    }
    for (step, &fewest) in steps.iter().enumerate() {
        let most = steps.get(step + 1).map_or(u32::MAX, |next| next - 1);
        let mut path = String::new();
        for (index, _) in counts.iter().enumerate().filter(|(_, count)| (fewest..=most).contains(*count)) {
            let x = left + size * (index % cells) as f64;
            let y = top + size * (index / cells) as f64;
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

    /// Some numbers that are spread over their range, each of them once.
    fn spread(rows: u32, factor: u32) -> Vec<f64> {
        (0..rows).map(|row| f64::from((row * factor) % rows)).collect()
    }

    #[test]
    fn plots_for_a_file_stand_in_rows_of_three_and_stay_small() {
        let truth = spread(15_625, 1);
        let plots: Vec<RankPlot> = [6_931, 4_409, 1_013, 2, 7, 11, 13, 17, 19]
            .map(|factor| RankPlot {
                name: format!("by <{factor}>"),
                tau: "0.1".to_owned(),
                scores: spread(15_625, factor),
            })
            .into_iter()
            .collect();
        let svg = rank_plots("r", "Ranks", &truth, &plots);
        assert!(svg.starts_with("<svg viewBox=\"0 0 692 776\""), "{svg:.100}");
        assert!(svg.len() < 200_000 && svg.contains("by &lt;19&gt;</text>"), "{}", svg.len());
        assert_eq!(svg.matches("<g transform=\"translate(472 524)\">").count(), 1);
        assert!(rank_plots("r", "Ranks", &truth[..40], &[]).starts_with("<svg viewBox=\"0 0 220 252\""));
        let few = RankPlot { scores: spread(40, 3), name: "x".to_owned(), tau: "0.1".to_owned() };
        let few = rank_plots("r", "Ranks", &truth[..40], &[few]);
        assert!(few.contains("class=\"dots\"") && few.matches("h0").count() == 40, "{few}");
    }

    #[test]
    fn shades_of_a_coarse_grid_follow_the_number_of_architectures() {
        assert_eq!(Grid::coarse(1_201).steps, [1, 2, 3, 10]);
        assert_eq!(Grid::coarse(15_625).steps, [1, 8, 30, 120]);
        assert_eq!(Grid::coarse(0).steps, [1, 2, 3, 4]);
    }

    #[test]
    fn many_architectures_become_shades() {
        let truth: Vec<f64> = (0..2401).map(f64::from).collect();
        let svg = scatter("s", "x", &truth, &truth);
        assert!(
            svg.contains("cell-3") && !svg.contains("class=\"dots"),
            "49 architectures fall into each diagonal cell"
        );
        assert_eq!(svg.matches("h4v4h-4z").count(), FINE.cells);
    }
}
