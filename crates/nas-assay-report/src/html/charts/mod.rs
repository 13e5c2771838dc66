//! Charts as SVG text. They have classes and no colours: the style sheet of the page sets the colours for light, dark and print.

mod axis;
mod bars;
mod cost;
mod epoch_axes;
mod epoch_chart;
mod histogram;
mod interval;
mod matrix;
mod scatter;
mod training_curve;

pub(super) use axis::SERIES;
pub(super) use bars::{bars, reach};
pub(super) use cost::Costs;
pub(super) use epoch_chart::{EpochChart, Point, Series};
pub(super) use histogram::histogram;
pub(super) use interval::{interval, interval_axis};
pub(super) use matrix::{MOST_OPERATIONS, matrix};
pub(super) use scatter::scatter;
pub(super) use training_curve::TrainingCurve;

#[cfg(test)]
mod value_tests;
