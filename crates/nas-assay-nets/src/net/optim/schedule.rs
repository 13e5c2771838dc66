//! Learning rates from epoch to epoch.

use nas_assay_schema::spec::{Plateau, Schedule, Warmup};

/// The smallest reduction that a plateau still makes: the `eps` of PyTorch's `ReduceLROnPlateau`.
const SMALLEST_REDUCTION: f64 = 1e-8;

/// The learning rate of a training that follows a [`Schedule`].
///
/// The rate depends on the losses of the epochs so far and on nothing else. To continue from a checkpoint, give
/// [`Scheduler::step`] the stored losses again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scheduler {
    schedule: Schedule,
    initial: f64,
    epochs: usize,
    done: usize,
    rate: f64,
    best: f64,
    stale: usize,
}

impl Scheduler {
    /// The state before the first of `epochs` epochs.
    pub fn new(schedule: Schedule, initial: f64, epochs: usize) -> Self {
        let new = Self { schedule, initial, epochs, done: 0, rate: initial, best: f64::INFINITY, stale: 0 };
        Self { rate: new.timed_rate().unwrap_or(initial), ..new }
    }

    /// The rate of the coming epoch, if that depends on the number of epochs alone.
    fn timed_rate(&self) -> Option<f64> {
        let warmup = match self.schedule {
            Schedule::Cosine => 0,
            Schedule::WarmCosine(Warmup { warmup }) => warmup,
            Schedule::Constant | Schedule::Plateau(_) => return None,
        };
        if self.done < warmup {
            return Some(self.initial * ((self.done + 1) as f64 / (warmup + 1) as f64));
        }
        let part = (self.done.min(self.epochs) - warmup.min(self.epochs)) as f64
            / self.epochs.saturating_sub(warmup).max(1) as f64;
        Some(self.initial * (1.0 + libm::cos(std::f64::consts::PI * part)) / 2.0)
    }

    /// The learning rate of the coming epoch.
    pub fn learning_rate(&self) -> f64 {
        self.rate
    }

    /// Ends an epoch whose mean training loss was `loss`.
    ///
    /// A cosine (Loshchilov and Hutter 2017, without restarts) reaches zero with the last epoch and stays there. A plateau follows
    /// PyTorch's `ReduceLROnPlateau` in mode `min` with a relative threshold: it lowers the rate at the epoch after `patience`
    /// epochs without improvement, then starts to count again. A loss of NaN is no improvement.
    pub fn step(&mut self, loss: f64) {
        self.done += 1;
        if let Schedule::Plateau(plateau) = self.schedule {
            self.watch(loss, plateau);
        } else if let Some(rate) = self.timed_rate() {
            self.rate = rate;
        }
    }

    fn watch(&mut self, loss: f64, Plateau { factor, patience, threshold }: Plateau) {
        if loss < self.best * (1.0 - threshold) {
            self.best = loss;
            self.stale = 0;
        } else {
            self.stale += 1;
        }
        if self.stale > patience {
            self.stale = 0;
            let reduced = self.rate * factor;
            if self.rate - reduced > SMALLEST_REDUCTION {
                self.rate = reduced;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plateau(factor: f64, patience: usize, threshold: f64) -> Schedule {
        Schedule::Plateau(Plateau { factor, patience, threshold })
    }

    /// The rate after each of the epochs with these losses.
    fn rates(schedule: Schedule, initial: f64, losses: &[f64]) -> Vec<f64> {
        let mut scheduler = Scheduler::new(schedule, initial, losses.len());
        let step = |&loss: &f64| {
            scheduler.step(loss);
            scheduler.learning_rate()
        };
        losses.iter().map(step).collect()
    }

    #[test]
    fn a_rate_rises_and_then_falls() {
        let warm = |warmup| Scheduler::new(Schedule::WarmCosine(Warmup { warmup }), 0.9, 6);
        assert_eq!(warm(2).learning_rate(), 0.9 / 3.0);
        let found = rates(Schedule::WarmCosine(Warmup { warmup: 2 }), 0.9, &[1.0; 6]);
        let cosine = rates(Schedule::Cosine, 0.9, &[1.0; 4]);
        assert!((found[0] - 0.6).abs() < 1e-15 && found[1] == 0.9, "{found:?}");
        assert_eq!(found[2..], cosine);
        assert_eq!(rates(Schedule::WarmCosine(Warmup { warmup: 0 }), 0.9, &[1.0; 4]), cosine);
        assert!(warm(9).learning_rate() < 0.1, "a rise that no epoch is left for is no error");
    }

    /// PyTorch 2.15, with `patience=2, threshold=1e-4` and then `patience=0, threshold=0`:
    ///
    /// ```python
    /// o = SGD([Parameter(zeros(1))], lr=0.05)
    /// s = ReduceLROnPlateau(o, mode="min", factor=0.5, patience=patience, threshold=threshold)
    /// for loss in losses:
    ///     s.step(loss); print(o.param_groups[0]["lr"])
    /// ```
    #[test]
    fn plateaus_are_pytorchs() {
        let losses = [2.0, 1.0, 1.0, 0.99995, 0.9999, 0.99985, 1.0, f64::NAN, 1.0, 0.5, 0.5, 0.5, 0.5, 0.5];
        let (a, b, c, d) = (0.05, 0.025, 0.0125, 0.00625);
        assert_eq!(rates(plateau(0.5, 2, 1e-4), a, &losses), [a, a, a, a, b, b, b, b, c, c, c, c, d, d]);
        let impatient = [a, a, b, b, b, b, c, d, 0.003125, 0.003125, 0.0015625, 0.00078125, 0.000390625, 0.0001953125];
        assert_eq!(rates(plateau(0.5, 0, 0.0), a, &losses), impatient);
    }

    /// By hand: with a threshold of a tenth, 10 is beaten below 9, 0.02 below 0.018 and 0.017 below 0.0153.
    #[test]
    fn the_threshold_is_a_share_of_the_best_loss() {
        let (a, b, c, d) = (0.08, 0.04, 0.02, 0.01);
        let losses = [10.0, 9.5, 8.9, 0.02, 0.0185, 0.017, 0.0154, 0.0152];
        assert_eq!(rates(plateau(0.5, 0, 0.1), a, &losses), [a, b, b, b, c, c, d, d]);
    }

    /// PyTorch 2.15 with a constant loss and `patience=30`: the rate falls at epochs 31, 62 and 93 (counted from 0).
    #[test]
    fn patience_is_exceeded_before_the_rate_falls() {
        let rates = rates(plateau(0.5, 30, 1e-4), 0.05, &[1.0; 100]);
        let falls: Vec<usize> = (1..100).filter(|&epoch| rates[epoch] < rates[epoch - 1]).collect();
        assert_eq!(falls, [31, 62, 93]);
        assert_eq!(rates[99], 0.00625);
    }

    #[test]
    fn a_rate_too_small_to_reduce_stays() {
        assert_eq!(rates(plateau(0.5, 0, 1e-4), 1.5e-8, &[1.0; 4]), [1.5e-8; 4]);
    }

    /// PyTorch 2.15: `CosineAnnealingLR(SGD(..., lr=0.05), 5)`.
    #[test]
    fn cosine_is_pytorchs() {
        let expected = [0.04522542485937369, 0.032725424859373686, 0.017274575140626316, 0.004774575140626317, 0.0];
        for (rate, expected) in rates(Schedule::Cosine, 0.05, &[1.0; 5]).iter().zip(expected) {
            assert!((rate - expected).abs() <= 1e-17, "{rate} is not {expected}");
        }
    }

    #[test]
    fn a_schedule_outlives_its_epochs() {
        let mut scheduler = Scheduler::new(Schedule::Cosine, 0.05, 2);
        let mut step = || {
            scheduler.step(1.0);
            scheduler.learning_rate()
        };
        assert_eq!([step(), step(), step()], [0.025, 0.0, 0.0]);
    }

    proptest! {
        #[test]
        fn a_rate_never_rises_and_a_falling_loss_keeps_it(losses in prop::collection::vec(0.0..3.0f64, 1..60), patience in 0usize..4) {
            for schedule in [plateau(0.5, patience, 1e-4), Schedule::Cosine, Schedule::Constant] {
                let rates = rates(schedule, 0.05, &losses);
                prop_assert!(rates.windows(2).all(|pair| pair[1] <= pair[0]), "{:?}", rates);
            }
            let mut falling = losses;
            falling.sort_by(|a, b| b.total_cmp(a));
            falling.dedup_by(|next, last| *next >= *last * 0.999);
            let kept = rates(plateau(0.5, patience, 1e-4), 0.05, &falling);
            prop_assert!(kept.iter().all(|&rate| rate == 0.05), "{:?} for {:?}", kept, falling);
        }
    }
}
