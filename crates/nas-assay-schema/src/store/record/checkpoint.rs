//! The supernet weights of a one-shot score.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The weights of a supernet after an epoch. They can be a mean over several epochs, and the scores can be a mean over several supernets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// The seed of the supernet, a `u64` in decimal; or the name of the column of a score file, with 0 as the epoch. For an ensemble, the
    /// first seed.
    pub seed: String,
    /// Number of trained epochs. For averaged weights, that of the last checkpoint.
    pub epoch: u32,
    /// The epochs whose weights were averaged, ascending. Empty if the weights are not averaged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub averaged: Vec<u32>,
    /// The seeds of the supernets whose scores were averaged. Empty if the scores are of one supernet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ensemble: Vec<String>,
}

impl Checkpoint {
    /// The weights of one supernet after one epoch.
    pub fn single(seed: impl Into<String>, epoch: u32) -> Self {
        Self { seed: seed.into(), epoch, averaged: Vec::new(), ensemble: Vec::new() }
    }

    /// Whether neither weights nor scores are averaged.
    pub fn is_single(&self) -> bool {
        self.averaged.is_empty() && self.ensemble.is_empty()
    }

    /// The seeds of the supernets.
    pub fn seeds(&self) -> Vec<String> {
        if self.ensemble.is_empty() { vec![self.seed.clone()] } else { self.ensemble.clone() }
    }

    /// Whether it is a column of a score file, and no supernet.
    pub fn is_column(&self) -> bool {
        self.epoch == 0 && !self.seed.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// The epochs of the weights.
    pub fn epochs(&self) -> Vec<u32> {
        if self.averaged.is_empty() { vec![self.epoch] } else { self.averaged.clone() }
    }
}

/// `seed 20, epoch 40`, or with averages `mean over seeds 20 and 2020, mean weights of epochs 20, 30 and 40`.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_column() {
            return match &self.ensemble[..] {
                [] => write!(f, "column {}", self.seed),
                several => write!(f, "mean of columns {}", listed(several)),
            };
        }
        if self.ensemble.is_empty() {
            write!(f, "seed {}", self.seed)?;
        } else {
            write!(f, "mean over seeds {}", listed(&self.ensemble))?;
        }
        if self.averaged.is_empty() {
            write!(f, ", epoch {}", self.epoch)
        } else {
            write!(f, ", mean weights of epochs {}", listed(&self.averaged))
        }
    }
}

/// `a`, `a and b`, `a, b and c`.
fn listed<T: fmt::Display>(items: &[T]) -> String {
    let texts: Vec<String> = items.iter().map(T::to_string).collect();
    match texts.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_says_what_it_is_a_mean_of() {
        let single = Checkpoint::single("20", 40);
        let averaged = Checkpoint { averaged: vec![20, 30, 40], ..single.clone() };
        let ensemble = Checkpoint { ensemble: ["20", "2020"].map(str::to_owned).to_vec(), ..single.clone() };
        let both = Checkpoint { averaged: vec![30, 40], ..ensemble.clone() };
        assert_eq!(single.to_string(), "seed 20, epoch 40");
        assert_eq!(averaged.to_string(), "seed 20, mean weights of epochs 20, 30 and 40");
        assert_eq!(ensemble.to_string(), "mean over seeds 20 and 2020, epoch 40");
        assert_eq!(both.to_string(), "mean over seeds 20 and 2020, mean weights of epochs 30 and 40");
        assert!(single.is_single() && !averaged.is_single() && !ensemble.is_single());
        assert_eq!((both.seeds().len(), both.epochs()), (2, vec![30, 40]));
        let column = Checkpoint::single("score_s1", 0);
        let mean = Checkpoint { ensemble: ["score_s1", "score_s2"].map(str::to_owned).to_vec(), ..column.clone() };
        assert_eq!(
            (column.to_string(), mean.to_string()),
            ("column score_s1".to_owned(), "mean of columns score_s1 and score_s2".to_owned())
        );
        assert!(!Checkpoint::single("1", 0).is_column() && !Checkpoint::single("s1", 2).is_column());
    }

    #[test]
    fn a_single_checkpoint_is_written_as_it_always_was() {
        let text = r#"{"seed":"20","epoch":40}"#;
        assert_eq!(serde_json::to_string(&Checkpoint::single("20", 40)).unwrap(), text);
        assert_eq!(serde_json::from_str::<Checkpoint>(text).unwrap(), Checkpoint::single("20", 40));
    }
}
