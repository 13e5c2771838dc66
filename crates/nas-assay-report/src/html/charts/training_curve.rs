//! Loss or accuracy of supernet training over epochs.

use std::fmt::Write;

use nas_assay_schema::store::record::{EpochRecord, SupernetRecord};

use super::axis::{Axis, SERIES, tick_step, ticks};
use super::epoch_axes::{SIZE, UP, epoch_labels, value_lines};
use crate::html::svg::picture;

/// One quantity of supernet training over epochs, with one line per supernet.
pub(crate) struct TrainingCurve<'a> {
    /// Unique in the page.
    pub id: &'a str,
    /// What the picture is called.
    pub title: &'a str,
    /// The quantity of an epoch.
    pub of: fn(&EpochRecord) -> f64,
    /// The top of the axis; `None` if it follows the data.
    pub top: Option<f64>,
    /// The label of a value.
    pub tick: fn(f64) -> String,
}

impl TrainingCurve<'_> {
    /// The picture.
    pub fn draw(&self, supernets: &[SupernetRecord]) -> String {
        let epochs = || supernets.iter().flat_map(|supernet| &supernet.epochs);
        let last = f64::from(epochs().map(|epoch| epoch.epoch).max().unwrap_or(1)).max(2.0);
        let highest = self.top.unwrap_or_else(|| epochs().map(self.of).fold(0.0, f64::max));
        let step = tick_step(highest);
        let top = if step > 0.0 { (highest / step).ceil() * step } else { 1.0 };
        let (across, up) = (Axis::new([1.0, last], [44.0, 412.0]), Axis::new([0.0, top], UP));
        let mut body = value_lines(up, ticks(0.0, top, step), self.tick) + &epoch_labels(across);
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
        picture(self.id, SIZE, self.title, &description, &body)
    }
}
