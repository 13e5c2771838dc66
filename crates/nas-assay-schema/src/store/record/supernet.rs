//! The training of a supernet.

use serde::{Deserialize, Serialize};

use super::finite;

/// The training of a supernet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupernetRecord {
    /// The seed, a `u64` in decimal.
    pub seed: String,
    /// The variant of the spec; `None` for the spec's own settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// The epochs, in order.
    pub epochs: Vec<EpochRecord>,
    /// The pruning, if there was any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pruning: Option<PruningRecord>,
    /// The epochs with watched architectures, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub watched: Vec<WatchRecord>,
}

/// One epoch of the training of a supernet.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochRecord {
    /// The epoch, from 1.
    pub epoch: u32,
    /// Mean training loss, nats.
    #[serde(serialize_with = "finite")]
    pub loss: f64,
    /// Mean training accuracy, a fraction.
    #[serde(serialize_with = "finite")]
    pub accuracy: f64,
    /// The learning rate of the epoch.
    #[serde(serialize_with = "finite")]
    pub learning_rate: f64,
}

/// The pruning of a supernet: it continued its training with some architectures only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PruningRecord {
    /// The epoch after which the other architectures were dropped, from 1.
    pub epoch: u32,
    /// The estimator that ranked the architectures.
    pub by: String,
    /// Number of ranked architectures.
    pub ranked: usize,
    /// The kept architectures, in the order of the pool.
    pub kept: Vec<String>,
}

/// The watched architectures of an epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatchRecord {
    /// The epoch, from 1.
    pub epoch: u32,
    /// The architectures, in the order of their steps.
    pub architectures: Vec<Watched>,
}

/// An architecture that was watched during an epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watched {
    /// The architecture.
    pub architecture: String,
    /// Its step in the epoch, from 1.
    pub step: u32,
    /// Its one-shot accuracy right after that step, a fraction.
    #[serde(serialize_with = "finite")]
    pub after_step: f64,
    /// Its one-shot accuracy at the end of the epoch, a fraction.
    #[serde(serialize_with = "finite")]
    pub after_epoch: f64,
}

impl WatchRecord {
    /// The mean forgetting value of the epoch: the accuracy at its end minus the accuracy right after the architecture's own step (Ning et
    /// al. 2021). A negative value means that architectures forget. `None` if no architecture was watched.
    pub fn forgetting_value(&self) -> Option<f64> {
        let sum: f64 = self.architectures.iter().map(|watched| watched.after_epoch - watched.after_step).sum();
        (!self.architectures.is_empty()).then(|| sum / self.architectures.len() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forgetting_value_is_negative_where_accuracy_falls() {
        let watched =
            |after_step, after_epoch| Watched { architecture: "a".to_owned(), step: 1, after_step, after_epoch };
        let record = WatchRecord { epoch: 1, architectures: vec![watched(0.5, 0.25), watched(0.5, 0.625)] };
        assert_eq!(record.forgetting_value(), Some(-0.0625));
        assert_eq!(WatchRecord { epoch: 1, architectures: Vec::new() }.forgetting_value(), None);
    }

    #[test]
    fn a_plain_training_is_written_as_it_always_was() {
        let plain = SupernetRecord { seed: "20".to_owned(), ..SupernetRecord::default() };
        assert_eq!(serde_json::to_string(&plain).unwrap(), r#"{"seed":"20","epochs":[]}"#);
    }
}
