//! A quantity over epochs: one line per series, with intervals if there are any.

use std::fmt::Write;

use super::axis::{Axis, SERIES, label, ticks};
use super::epoch_axes::{SIZE, UP, epoch_labels, value_lines};
use crate::html::svg::picture;

/// A value at an epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    /// The epoch.
    pub epoch: u32,
    /// The value.
    pub value: f64,
    /// The bounds of its interval.
    pub bounds: Option<[f64; 2]>,
}

/// A line. Its place in the legend decides how it is drawn.
pub(crate) struct Series {
    /// The place in the legend.
    pub place: usize,
    /// The points, by epoch.
    pub points: Vec<Point>,
}

/// A chart of several series.
pub(crate) struct EpochChart<'a> {
    /// Unique in the page.
    pub id: &'a str,
    /// What is shown.
    pub title: &'a str,
    /// The lines.
    pub series: &'a [Series],
}

impl EpochChart<'_> {
    /// The picture. The axis of values holds zero and every value and bound; it ends at multiples of 0.2.
    pub fn draw(&self) -> String {
        let points = || self.series.iter().flat_map(|series| &series.points);
        let held = || points().flat_map(|point| point.bounds.into_iter().flatten().chain([point.value]));
        let fifth = |value: f64, away: fn(f64) -> f64| away(value * 5.0) / 5.0;
        let top = fifth(held().fold(0.2, f64::max), f64::ceil);
        let bottom = fifth(held().fold(0.0, f64::min), f64::floor);
        let last = f64::from(points().map(|point| point.epoch).max().unwrap_or(1)).max(2.0);
        let (across, up) = (Axis::new([0.0, last], [44.0, 402.0]), Axis::new([bottom, top], UP));
        let mut body = value_lines(up, ticks(bottom, top, 0.2), |value| label(value, 1)) + &epoch_labels(across);
        for (place, series) in self.series.iter().enumerate() {
            // Intervals of several series are drawn side by side.
            let aside = 3.0 * (place as f64 - 0.5 * (self.series.len() as f64 - 1.0));
            let (mut line, mut spans) = (String::new(), String::new());
            for point in &series.points {
                let command = if line.is_empty() { 'M' } else { 'L' };
                let x = across.at(f64::from(point.epoch)) + aside;
                let _ = write!(line, "{command}{x:.1} {:.1}", up.at(point.value));
                if let Some([lower, upper]) = point.bounds {
                    let _ = write!(spans, "M{x:.1} {:.1}V{:.1}", up.at(lower), up.at(upper));
                }
            }
            let class = series.place % SERIES;
            if !spans.is_empty() {
                let _ = write!(body, "<path class=\"whisker colour-{class}\" d=\"{spans}\"/>");
            }
            let _ = write!(body, "<path class=\"curve series-{class}\" d=\"{line}h0\"/>");
        }
        let description = format!("{} by epoch, {} lines.", self.title, self.series.len());
        picture(self.id, SIZE, self.title, &description, &body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_and_every_interval_is_drawn() {
        let point = |epoch, value, bounds| Point { epoch, value, bounds };
        let series = [
            Series { place: 0, points: vec![point(5, 0.2, Some([-0.1, 0.3])), point(10, 0.4, None)] },
            Series { place: 7, points: vec![point(10, 0.1, None)] },
        ];
        let svg = EpochChart { id: "c", title: "tau", series: &series }.draw();
        // From −0.2 to 0.4 over 186: a tenth is 31. Epoch 10 is at 402, one and a half to the left of it.
        assert!(svg.contains("class=\"whisker colour-0\" d=\"M221.5 165.0V41.0\""), "{svg}");
        assert!(svg.contains("class=\"curve series-0\" d=\"M221.5 72.0L400.5 10.0h0\""), "{svg}");
        assert!(svg.contains("class=\"curve series-1\" d=\"M403.5 103.0h0\""), "{svg}");
        assert_eq!(svg.matches("whisker").count(), 1);
    }
}
