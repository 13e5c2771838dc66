//! Charts as SVG text. They have classes and no colours: the style sheet of the page sets the colours for light, dark and print.

mod axis;
mod bars;
mod cost;
mod critical_difference;
mod epoch_axes;
mod epoch_chart;
mod heat_map;
mod histogram;
mod interval;
mod matrix;
mod scatter;
mod tau_summary;
mod training_curve;

pub(super) use axis::SERIES;
pub(super) use bars::{bars, reach};
pub(super) use cost::Costs;
pub(crate) use critical_difference::{AverageRanks, critical_difference};
pub(super) use epoch_chart::{EpochChart, Point, Series};
pub(crate) use heat_map::heat_map;
pub(super) use histogram::histogram;
pub(super) use interval::{interval, interval_axis};
pub(super) use matrix::{MOST_OPERATIONS, matrix};
pub(super) use scatter::scatter;
pub(crate) use scatter::{PLOTS_IN_A_ROW, RankPlot, rank_plots};
pub(crate) use tau_summary::{TauRow, narrow_tau_summary, tau_summary};
pub(super) use training_curve::TrainingCurve;

/// A picture in its own size, which is scrolled where it is wider than the page. `id` is that of the picture.
pub(crate) fn scrolled(id: &str, picture: &str) -> String {
    let size = picture.split('"').nth(1).and_then(|view| view.split(' ').nth(2)).unwrap_or("100%");
    let picture = picture.replacen("<svg ", &format!("<svg class=\"own-size\" width=\"{size}\" "), 1);
    format!("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"{id}-title\">{picture}</div>")
}

#[cfg(test)]
mod value_tests;
