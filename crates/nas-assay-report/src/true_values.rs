//! True values as readers see them: accuracies in percent, other quantities in their unit and with their own sign.

use nas_assay_criteria::Direction;
use nas_assay_schema::spec::Quantity;
use nas_assay_schema::store::record::Record;

use crate::value_text::{fixed, percentage, significant};

/// What the true values of a record are.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct TrueValues<'a>(Option<&'a Quantity>);

impl<'a> TrueValues<'a> {
    /// Accuracies.
    #[cfg(test)]
    pub const ACCURACIES: Self = Self(None);

    /// Those of a record.
    pub fn of(record: &'a Record) -> Self {
        Self(record.quantity())
    }

    /// Numbers of a quantity.
    #[cfg(test)]
    pub fn quantity(quantity: &'a Quantity) -> Self {
        Self(Some(quantity))
    }

    /// Whether they are accuracies, as fractions.
    pub fn is_accuracy(self) -> bool {
        self.0.is_none()
    }

    /// The unit, if they are no accuracies and have one.
    pub fn unit(self) -> Option<&'a str> {
        self.0.and_then(Quantity::unit)
    }

    /// A true value: `93.25 %`, `5.807 ms`, or `0.5731` without a unit.
    pub fn value(self, truth: f64) -> String {
        match self.0 {
            None => percentage(truth),
            Some(quantity) => {
                quantity.unit().map_or_else(|| significant(truth), |unit| format!("{} {unit}", significant(truth)))
            }
        }
    }

    /// A true value beside the axis with this [title](Self::axis).
    pub fn tick(self, truth: f64) -> String {
        if self.0.is_none() { fixed(100.0 * truth, 1) } else { significant(truth) }
    }

    /// The title of an axis of true values.
    pub fn axis(self) -> String {
        match self.0 {
            None => "truth, %".to_owned(),
            Some(quantity) => quantity.unit().map_or_else(|| "truth".to_owned(), |unit| format!("truth, {unit}")),
        }
    }

    /// A name of numbers that stands in a table without their unit: `truth` for accuracies, else `truth [ms]`.
    pub fn named(self, name: &str) -> String {
        self.0.map_or_else(|| name.to_owned(), |quantity| format!("{name} [{}]", quantity.unit))
    }

    /// The name of the best true value among some architectures: `BestAcc@top10`, or `BestTruth@top10 [ms]` if it is no accuracy.
    pub fn best_of(self, count: usize) -> String {
        match self.0 {
            None => format!("BestAcc@top{count}"),
            Some(_) => self.named(&format!("BestTruth@top{count}")),
        }
    }

    /// Whether lower values are better.
    pub fn is_lower_better(self) -> bool {
        self.0.is_some_and(|quantity| quantity.better == Direction::Lower)
    }

    /// The values in the form of criteria, higher is better.
    pub fn goodness(self, truth: &[f64]) -> Vec<f64> {
        truth.iter().map(|&value| self.0.map_or(value, |quantity| quantity.goodness(value))).collect()
    }

    /// The best of some values.
    pub fn best(self, truth: impl Iterator<Item = f64>) -> Option<f64> {
        truth.reduce(if self.is_lower_better() { f64::min } else { f64::max })
    }

    /// The value of this goodness.
    pub fn of_goodness(self, goodness: f64) -> f64 {
        self.0.map_or(goodness, |quantity| quantity.value(goodness))
    }
}
