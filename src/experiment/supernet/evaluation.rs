//! One-shot scores of a supernet while it trains. They draw no random numbers and change no weights, so they do not affect the training.

use super::super::{ExperimentError, workers};
use crate::Backend;
use crate::estimator::{Need, Probe};
use crate::images::Batch;
use crate::net::Network;
use crate::space::Architecture;
use crate::spec::OneShotScore;

/// A supernet with its current weights, and the fixed batches for its evaluation.
pub(super) struct Evaluation<'a> {
    pub(super) network: &'a Network,
    pub(super) batches: Vec<Batch>,
    pub(super) backend: Backend,
}

impl Evaluation<'_> {
    /// The score of one architecture, the same as the estimator's score.
    pub(super) fn score(&self, by: OneShotScore, architecture: Architecture) -> Result<f64, ExperimentError> {
        let probe = Probe::new(architecture, self.network, self.backend.engine(), [Need::Evaluation]);
        let found = probe
            .with_evaluation(&self.batches)
            .evaluation()
            .map_err(|source| ExperimentError::Evaluating { architecture: architecture.to_string(), source })?;
        Ok(match by {
            OneShotScore::OneshotAccuracy => found.accuracy,
            OneShotScore::OneshotLoss => found.loss,
        })
    }

    /// The scores of several architectures, in their order.
    pub(super) fn scores(&self, by: OneShotScore, architectures: &[Architecture]) -> Result<Vec<f64>, ExperimentError> {
        // A GPU has one stream here, so that scores are computed one after the other.
        let jobs = usize::from(!self.backend.device().is_cpu());
        workers::map_with(&[()], jobs, architectures, |(), &architecture| self.score(by, architecture))
    }
}
