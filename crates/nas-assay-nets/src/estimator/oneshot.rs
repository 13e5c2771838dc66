//! One-shot estimators: accuracy and loss of an architecture with the shared weights of a supernet.
//!
//! # Formula
//! - Accuracy: in each batch, the fraction of images whose label has the greatest logit; then the mean over batches.
//! - Loss: in each batch, the mean cross-entropy in nats; then the mean over batches.
//!
//! Both means are unweighted, so a smaller last batch counts as much as the others. The published accuracies of Ning et
//! al. are means of this kind. Those of NAS-Bench-101 and NAS-Bench-301 are multiples of 1/(40 · 256), for 40 batches
//! of at most 256 images.
//!
//! # Shapes
//! Any number of batches of images `[n, 3, h, w]` and labels `[n]`. The scores depend on the size of the batches, and
//! on which images are in the same batch.
//!
//! # Source
//! Bender et al., ICML 2018; Guo et al., ECCV 2020; protocol of Ning et al., NeurIPS 2021.
//!
//! # Known traps
//! Batch-norm uses the statistics of each evaluation batch. Running statistics would mix all sub-networks. Dropout is
//! off.
//!
//! The accuracy has few different values and many ties; the loss has not. In the release of Ning et al., the loss ranks
//! better on NAS-Bench-301, and the accuracy ranks better on NAS-Bench-201.

use super::{Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ToleranceClass};
use crate::images::Batch;
use crate::net::{Classification, Engine, ForwardPass, NetError, Network};
use nas_assay_criteria::Direction;
use nas_assay_spaces::Architecture;

/// Accuracy and loss of an architecture on labelled images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// Unweighted mean over batches of the fraction classified correctly.
    pub accuracy: f64,
    /// Unweighted mean over batches of the mean cross-entropy, in nats.
    pub loss: f64,
}

/// Accuracy and loss of `architecture` with the weights of `network`, with batch statistics and without dropout.
///
/// # Errors
/// If the network does not contain the architecture, or an operation fails.
pub fn evaluate(
    network: &Network,
    architecture: Architecture,
    batches: &[Batch],
    engine: Engine,
) -> Result<Evaluation, NetError> {
    let (mut accuracy, mut loss) = (0.0, 0.0);
    for batch in batches {
        let logits = network.forward(architecture, &batch.images, &mut ForwardPass::new(engine).untracked())?;
        let found = Classification::of(&logits, &batch.labels)?;
        accuracy += found.accuracy();
        loss += found.loss;
    }
    let count = batches.len() as f64;
    Ok(Evaluation { accuracy: accuracy / count, loss: loss / count })
}

/// One-shot accuracy.
pub struct Accuracy;

/// One-shot loss.
pub struct Loss;

const SOURCE: &str = "Ning et al., NeurIPS 2021 (arXiv 2008.03064), one-shot estimators";

const ACCURACY: Meta<'static> = Meta {
    id: "oneshot_accuracy",
    version: 1,
    direction: Direction::Higher,
    kind: EstimatorKind::OneShot,
    needs: &[Need::Evaluation],
    tolerance: ToleranceClass::Statistical,
    summary: "Accuracy of the architecture with a supernet's shared weights.",
    formula: "mean over batches of the fraction of images with argmax(logits) = label",
    source: SOURCE,
};

const LOSS: Meta<'static> = Meta {
    id: "oneshot_loss",
    version: 1,
    direction: Direction::Lower,
    kind: EstimatorKind::OneShot,
    needs: &[Need::Evaluation],
    tolerance: ToleranceClass::Statistical,
    summary: "Cross-entropy of the architecture with a supernet's shared weights.",
    formula: "mean over batches of mean(log sum exp(logits) - logits[label])",
    source: SOURCE,
};

impl Estimator for Accuracy {
    fn meta(&self) -> Meta<'_> {
        ACCURACY
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        Ok(Reading::plain(probe.evaluation()?.accuracy))
    }
}

impl Estimator for Loss {
    fn meta(&self) -> Meta<'_> {
        LOSS
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        Ok(Reading::plain(probe.evaluation()?.loss))
    }
}
