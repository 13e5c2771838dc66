//! Truth against cost, with the best architectures of an estimator marked.

use std::fmt::Write;

use super::axis::{Axis, MOST_DOTS};
use crate::html::svg::{escape, picture};
use crate::true_values::TrueValues;
use crate::value_text;

/// The edges of the plot inside the picture: left, top, right, bottom.
const SQUARE: [f64; 4] = [34.0, 6.0, 214.0, 136.0];

/// Cells along the two sides of the grid that is drawn for many architectures.
const CELLS: [usize; 2] = [60, 42];

/// The architectures of a panel by cost and truth. They are drawn once, and every picture refers to them.
pub(crate) struct Costs {
    cloud: String,
    places: Vec<(f64, f64)>,
    axes: String,
    clipped: bool,
}

impl Costs {
    /// The plot of multiply-accumulates, on a logarithmic axis, and truth. If the worst 5 % of the architectures would take more than half
    /// of the axis of truth, they are drawn on the lower edge; see [`is_clipped`](Self::is_clipped).
    ///
    /// Better truth is drawn higher. `values` says what it is.
    pub fn new(cloud: String, flops: &[u64], truth: &[f64], values: TrueValues<'_>) -> Self {
        let truth = values.goodness(truth);
        let [left, top, right, bottom] = SQUARE;
        let costs: Vec<f64> = flops.iter().map(|&flops| libm::log10(flops.max(1) as f64)).collect();
        let range = |values: &[f64]| {
            let least = values.iter().copied().fold(f64::INFINITY, f64::min);
            [least, values.iter().copied().fold(f64::NEG_INFINITY, f64::max)]
        };
        let [mut lowest, highest] = range(&truth);
        let mut sorted = truth.clone();
        sorted.sort_by(f64::total_cmp);
        let twentieth = sorted.get(sorted.len() / 20).copied().unwrap_or(lowest);
        let clipped = twentieth - lowest > 0.5 * (highest - lowest);
        if clipped {
            lowest = twentieth;
        }
        let [cheapest, dearest] = range(&costs);
        let (across, up) = (
            Axis::new([cheapest, dearest], [left + 3.0, right - 3.0]),
            Axis::new([lowest, highest], [bottom - 3.0, top + 3.0]),
        );
        let places =
            costs.iter().zip(&truth).map(|(&cost, &truth)| (across.at(cost), up.at(truth.max(lowest)))).collect();
        let tick = |goodness: f64| escape(&values.tick(values.of_goodness(goodness)));
        // Two significant digits, and no decimals from ten million on.
        let mega = |cost: f64| value_text::fixed(libm::pow(10.0, cost) / 1e6, (7.0 - cost.floor()).max(0.0) as usize);
        let axes = format!(
            "<text class=\"end\" x=\"31\" y=\"{:.1}\">{}</text><text class=\"end\" x=\"31\" y=\"{:.1}\">{}</text>\
             <text x=\"{left}\" y=\"150\">{}</text><text class=\"middle\" x=\"124\" y=\"150\">MFLOPs, log</text>\
             <text class=\"end\" x=\"{right}\" y=\"150\">{}</text>\
             <text class=\"middle\" transform=\"translate(10 71) rotate(-90)\">{}</text>",
            top + 10.0,
            tick(highest),
            bottom,
            tick(lowest),
            mega(cheapest),
            mega(dearest),
            escape(&values.axis())
        );
        Self { cloud, places, axes, clipped }
    }

    /// Whether the worst 5 % are drawn on the lower edge.
    pub fn is_clipped(&self) -> bool {
        self.clipped
    }

    /// The markup that all pictures refer to; it belongs into the page once.
    pub fn definition(&self) -> String {
        let [left, top, right, bottom] = SQUARE;
        let mut body = format!(
            "<rect class=\"cloud-frame\" x=\"{left}\" y=\"{top}\" width=\"{}\" height=\"{}\"/>",
            right - left,
            bottom - top
        );
        let mut path = String::new();
        if self.places.len() > MOST_DOTS {
            let size = [(right - left) / CELLS[0] as f64, (bottom - top) / CELLS[1] as f64];
            let mut filled = vec![false; CELLS[0] * CELLS[1]];
            for (x, y) in &self.places {
                // No architecture is drawn on the edge, so none is beyond the last cell.
                let cell = |distance: f64, axis: usize| (distance / size[axis]) as usize;
                filled[cell(y - top, 1) * CELLS[0] + cell(x - left, 0)] = true;
            }
            for index in (0..filled.len()).filter(|&index| filled[index]) {
                let (x, y) = (left + size[0] * (index % CELLS[0]) as f64, top + size[1] * (index / CELLS[0]) as f64);
                let _ = write!(path, "M{x:.1} {y:.1}h{:.1}v{:.1}h-{:.1}z", size[0], size[1], size[0]);
            }
            let _ = write!(body, "<path class=\"cloud\" d=\"{path}\"/>");
        } else {
            for (x, y) in &self.places {
                let _ = write!(path, "M{x:.1} {y:.1}h0");
            }
            let _ = write!(body, "<path class=\"cloud-dots\" d=\"{path}\"/>");
        }
        format!(
            "<svg class=\"defined\" width=\"0\" height=\"0\" aria-hidden=\"true\"><defs><g id=\"{}\">{body}</g></defs></svg>",
            self.cloud
        )
    }

    /// The architectures, with the rows `top` that an estimator ranks best marked as diamonds. The picture is 220 by 156.
    pub fn draw(&self, id: &str, estimator: &str, top: &[usize]) -> String {
        let mut body = format!("<use href=\"#{}\"/>{}", escape(&self.cloud), self.axes);
        for &(x, y) in top.iter().filter_map(|&row| self.places.get(row)) {
            let _ = write!(body, "<path class=\"chosen\" d=\"M{x:.1} {:.1}l4.5 4.5l-4.5 4.5l-4.5 -4.5z\"/>", y - 4.5);
        }
        let description = format!(
            "Truth against multiply-accumulates of {} architectures, with the {} best-ranked marked.",
            self.places.len(),
            top.len()
        );
        picture(id, [220, 156], &format!("Cost and quality, {estimator}"), &description, &body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_are_marked_where_they_are() {
        let costs = Costs::new(
            "cloud".to_owned(),
            &[1_000_000, 10_000_000, 100_000_000],
            &[0.5, 0.75, 1.0],
            TrueValues::ACCURACIES,
        );
        let svg = costs.draw("c", "x", &[1]);
        // The middle of both axes.
        assert!(svg.contains("class=\"chosen\" d=\"M124.0 66.5l"), "{svg}");
        assert_eq!(svg.matches("chosen").count(), 1);
        assert!(costs.definition().contains("M37.0 133.0h0M124.0 71.0h0M211.0 9.0h0"), "{}", costs.definition());
        assert!(!costs.is_clipped());
    }

    #[test]
    fn small_and_large_costs_keep_significant_digits() {
        let axis = |flops: [u64; 2]| {
            let svg = Costs::new("cloud".to_owned(), &flops, &[0.5, 1.0], TrueValues::ACCURACIES).draw("c", "x", &[]);
            let texts = svg.split("y=\"150\">").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned());
            texts.filter(|text| !text.contains("FLOPs")).collect::<Vec<_>>()
        };
        assert_eq!(axis([11_400, 640_000]), ["0.011", "0.64"]);
        assert_eq!(axis([1_440_000, 153_200_000]), ["1.4", "153"]);
    }

    #[test]
    fn a_few_failures_do_not_hide_the_others() {
        let truth: Vec<f64> = (0..40).map(|row| if row < 2 { 0.1 } else { 0.9 + 0.001 * f64::from(row) }).collect();
        let costs = Costs::new("cloud".to_owned(), &vec![5; 40], &truth, TrueValues::ACCURACIES);
        assert!(costs.is_clipped());
        assert!(costs.draw("c", "x", &[]).contains(">90.2<"));
    }
}
