//! Pictures as SVG text. They carry classes and no colours: the page's style sheet gives those, for light, dark and print.

mod bars;
mod chart;
mod cost;
mod histogram;
mod matrix;

pub(super) use bars::{bars, reach};
pub(super) use chart::{Chart, Point, Series};
pub(super) use cost::Costs;
pub(super) use histogram::histogram;
pub(super) use matrix::{MOST_OPERATIONS, matrix};

use std::fmt::Write;

use nas_assay_criteria::rank::average_ranks;
use nas_assay_schema::store::record::SupernetRecord;

/// Text that SVG and HTML take literally.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A picture with a name and a description for those who do not see it. `id` must be unique in the page.
fn picture(id: &str, [width, height]: [u32; 2], title: &str, description: &str, body: &str) -> String {
    let (title, description) = (escape(title), escape(description));
    format!(
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\">\
         <title id=\"{id}-title\">{title}</title><desc id=\"{id}-desc\">{description}</desc>{body}</svg>"
    )
}

/// Maps an interval of values to one of the picture.
#[derive(Clone, Copy)]
pub(super) struct Axis {
    values: [f64; 2],
    places: [f64; 2],
}

impl Axis {
    fn new(values: [f64; 2], places: [f64; 2]) -> Self {
        Self { values, places }
    }

    fn at(&self, value: f64) -> f64 {
        let [from, to] = self.values;
        let share = if (to - from).abs() > 0.0 { (value - from) / (to - from) } else { 0.5 };
        self.places[0] + share * (self.places[1] - self.places[0])
    }
}

/// The axis that the intervals of one panel share: it holds 0, 1 and every bound.
pub(super) fn interval_axis(bounds: impl Iterator<Item = f64>) -> Axis {
    let lowest = bounds.fold(0.0, f64::min);
    // Steps of a quarter, so that the axis of a panel does not hang on one bound.
    Axis::new([(lowest * 4.0).floor() / 4.0, 1.0], [4.0, 136.0])
}

/// Kendall's tau-b as a dot on its interval, zero as a tick, the published value as a hollow diamond. It repeats what the table says.
pub(super) fn interval(axis: Axis, tau: f64, bounds: Option<[f64; 2]>, published: Option<f64>) -> String {
    let [left, right] = axis.places;
    let mut body = format!("<path class=\"rule\" d=\"M{left} 9H{right}M{zero:.1} 4V14\"/>", zero = axis.at(0.0));
    if let Some([lower, upper]) = bounds {
        let _ = write!(body, "<path class=\"span\" d=\"M{:.1} 9H{:.1}\"/>", axis.at(lower), axis.at(upper));
    }
    let _ = write!(body, "<circle class=\"dot\" cx=\"{:.1}\" cy=\"9\" r=\"3.5\"/>", axis.at(tau));
    if let Some(published) = published {
        let _ = write!(body, "<path class=\"published\" d=\"M{:.1} 4l5 5l-5 5l-5 -5z\"/>", axis.at(published));
    }
    format!("<svg class=\"interval\" viewBox=\"0 0 140 18\" aria-hidden=\"true\">{body}</svg>")
}

/// Where the scatter's square lies in its picture of 220 by 220.
const SQUARE: [f64; 4] = [20.0, 4.0, 216.0, 200.0];

/// Above this many architectures a scatter shows how many fall into each cell of a grid.
const MOST_DOTS: usize = 1200;

/// Cells along one side of the grid.
const CELLS: usize = 49;

/// Estimated rank against true rank, the best at the top right; ties share their average rank.
///
/// `truth` and `scores` are higher-is-better; scores that are not finite are dots of another colour, but fall into the cells of a grid like
/// all others.
pub(super) fn scatter(id: &str, estimator: &str, truth: &[f64], scores: &[f64]) -> String {
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

/// Shades by how many architectures fall into a cell: four steps, each of four times the count.
fn density(body: &mut String, places: &[(f64, f64, bool)]) {
    let [left, top, right, _] = SQUARE;
    let size = (right - left) / CELLS as f64;
    let mut counts = vec![0u32; CELLS * CELLS];
    let cell = |distance: f64| ((distance / size) as usize).min(CELLS - 1);
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

/// One quantity of supernet training over epochs, a line a seed.
pub(super) struct Curve<'a> {
    /// Unique in the page.
    pub id: &'a str,
    /// What the picture is called.
    pub title: &'a str,
    /// The quantity of an epoch.
    pub of: fn(&nas_assay_schema::store::record::EpochRecord) -> f64,
    /// The top of the axis, where it is the same for all; else it follows the data.
    pub top: Option<f64>,
    /// A tick's text.
    pub tick: fn(f64) -> String,
}

impl Curve<'_> {
    /// The picture, 420 by 230.
    pub fn draw(&self, supernets: &[SupernetRecord]) -> String {
        let epochs = || supernets.iter().flat_map(|supernet| &supernet.epochs);
        let last = f64::from(epochs().map(|epoch| epoch.epoch).max().unwrap_or(1)).max(2.0);
        let highest = self.top.unwrap_or_else(|| epochs().map(self.of).fold(0.0, f64::max));
        let step = tick_step(highest);
        let top = if step > 0.0 { (highest / step).ceil() * step } else { 1.0 };
        let (across, up) = (Axis::new([1.0, last], [44.0, 412.0]), Axis::new([0.0, top], [196.0, 10.0]));
        let mut body = String::new();
        for (value, y) in ticks(0.0, top, step).map(|value| (value, up.at(value))) {
            let text = (self.tick)(value);
            let _ = write!(
                body,
                "<path class=\"rule\" d=\"M44 {y:.1}H412\"/><text class=\"end\" x=\"38\" y=\"{:.1}\">{text}</text>",
                y + 4.0
            );
        }
        let step = tick_step(last).max(1.0);
        for (value, x) in ticks(step, last, step).map(|value| (value, across.at(value))) {
            let _ = write!(body, "<text class=\"middle\" x=\"{x:.1}\" y=\"213\">{value}</text>");
        }
        body += "<text class=\"middle\" x=\"228\" y=\"228\">epoch</text>";
        for (place, supernet) in supernets.iter().enumerate() {
            let mut path = String::new();
            for epoch in supernet.epochs.iter().filter(|epoch| (self.of)(epoch).is_finite()) {
                let command = if path.is_empty() { 'M' } else { 'L' };
                let (x, y) = (across.at(f64::from(epoch.epoch)), up.at((self.of)(epoch)));
                let _ = write!(path, "{command}{x:.1} {y:.1}");
            }
            let _ = write!(body, "<path class=\"curve series-{}\" d=\"{path}h0\"/>", place % SERIES);
        }
        let description = format!("{} by epoch, one line for each of {} supernets.", self.title, supernets.len());
        picture(self.id, [420, 230], self.title, &description, &body)
    }
}

/// How many series the style sheet tells apart.
pub(super) const SERIES: usize = 6;

/// A step of 1, 2 or 5 times a power of ten that divides `0..=top` into four to ten parts.
fn tick_step(top: f64) -> f64 {
    if !(top > 0.0 && top.is_finite()) {
        return 0.0;
    }
    let power = libm::pow(10.0, libm::floor(libm::log10(top / 4.0)));
    [5.0, 2.0, 1.0].into_iter().map(|step| step * power).find(|step| top / step >= 4.0).unwrap_or(power)
}

/// Multiples of `step` from `first` to `last`.
fn ticks(first: f64, last: f64, step: f64) -> impl Iterator<Item = f64> {
    let count = if step > 0.0 { ((last - first) / step + 1e-9).floor() as usize + 1 } else { 0 };
    (0..count).map(move |index| first + step * index as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        let steps = [2.303, 1.0, 40.0, 1000.0, 0.07].map(tick_step);
        for (step, expected) in steps.into_iter().zip([0.5, 0.2, 10.0, 200.0, 0.01]) {
            assert!((step - expected).abs() < 1e-12, "{steps:?}");
        }
        assert_eq!(ticks(0.0, 1.0, 0.2).count(), 6);
        assert_eq!(ticks(0.0, 1.0, 0.0).count(), 0);
    }

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
