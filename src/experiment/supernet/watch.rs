//! Measures how much of the gain from a training step an architecture keeps until the end of the epoch.

use super::super::ExperimentError;
use super::evaluation::Evaluation;
use crate::net::train::Step;
use crate::space::Architecture;
use crate::spec::{OneShotScore, Watch};
use crate::store::record::{WatchRecord, Watched};

/// Watches some architectures during one epoch; it may watch none.
pub(super) struct Watcher<'a> {
    evaluation: &'a Evaluation<'a>,
    epoch: usize,
    /// The steps at which the first architecture is watched, ascending.
    steps: Vec<usize>,
    /// Step, architecture, and accuracy right after the step.
    seen: Vec<(usize, Architecture, f64)>,
}

impl<'a> Watcher<'a> {
    /// A watcher for an epoch with `steps` steps; `epoch` is counted from 1.
    pub(super) fn of(watch: Option<&Watch>, epoch: usize, steps: usize, evaluation: &'a Evaluation<'a>) -> Self {
        let count = watch.filter(|watch| watch.epochs.contains(&epoch)).map_or(0, |watch| watch.architectures);
        Self { evaluation, epoch, steps: spread(count, steps), seen: Vec::new() }
    }

    /// Is called after each step. Measures the accuracy if the step is watched.
    pub(super) fn after_step(&mut self, step: Step<'_>) -> Result<(), ExperimentError> {
        let watched = step.architectures.first().filter(|_| self.steps.contains(&step.index));
        if let Some(&architecture) = watched {
            self.seen.push((step.index, architecture, self.accuracy(architecture)?));
        }
        Ok(())
    }

    /// The record of the epoch, to be made after the last step; `None` if nothing was watched.
    pub(super) fn after_epoch(self) -> Result<Option<WatchRecord>, ExperimentError> {
        let watched = self.seen.iter().map(|&(step, architecture, after_step)| {
            let (architecture, after_epoch) = (architecture.to_string(), self.accuracy(architecture)?);
            Ok(Watched { architecture, step: step as u32 + 1, after_step, after_epoch })
        });
        let architectures = watched.collect::<Result<Vec<_>, ExperimentError>>()?;
        let record = WatchRecord { epoch: self.epoch as u32, architectures };
        Ok(Some(record).filter(|record| !record.architectures.is_empty()))
    }

    fn accuracy(&self, architecture: Architecture) -> Result<f64, ExperimentError> {
        self.evaluation.score(OneShotScore::OneshotAccuracy, architecture)
    }
}

/// `count` positions out of `steps`, evenly spaced, beginning with the first.
fn spread(count: usize, steps: usize) -> Vec<usize> {
    (0..count).map(|place| place * steps / count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_lie_at_even_distances() {
        assert_eq!(spread(3, 9), [0, 3, 6]);
        assert_eq!(spread(4, 4), [0, 1, 2, 3]);
        assert_eq!(spread(2, 5), [0, 2]);
        assert!(spread(0, 5).is_empty());
    }
}
