//! Loss and accuracy of an epoch, summed step by step.

use candle_core::{Result, Tensor};
use nas_assay_kernels::gpu::TrainingSteps;

use super::super::{Classification, host_f64};
use crate::images::Batch;

/// Sums over the steps of an epoch. A step counts as the mean over its architectures.
#[derive(Default)]
pub(super) struct Results {
    /// The sum over images of their cross-entropy, nats.
    pub loss: f64,
    /// Images classified correctly.
    pub right: f64,
}

/// One step of them.
pub(super) struct StepResults<'a> {
    results: &'a mut Results,
    batch: &'a Batch,
    architectures: f64,
    loss: f64,
    right: usize,
}

impl Results {
    /// A step on a batch, with so many architectures.
    pub fn step<'a>(&'a mut self, batch: &'a Batch, architectures: usize) -> StepResults<'a> {
        StepResults { results: self, batch, architectures: architectures as f64, loss: 0.0, right: 0 }
    }
}

impl StepResults<'_> {
    /// Adds the results of an architecture; on a GPU to the sums there, so that no step waits for them.
    pub fn add(&mut self, logits: &Tensor, loss: &Tensor, on_gpu: Option<&TrainingSteps>) -> Result<()> {
        if let Some(steps) = on_gpu {
            let images = logits.dim(0)? as f64;
            return steps.tally(logits, &self.batch.labels, loss, [images / self.architectures, self.architectures]);
        }
        self.loss += host_f64(loss)?[0];
        self.right += Classification::of(logits, &self.batch.labels)?.correct;
        Ok(())
    }

    /// Adds the step to the epoch.
    pub fn finish(self) {
        let images = self.batch.labels.elem_count() as f64;
        self.results.loss += self.loss / self.architectures * images;
        self.results.right += self.right as f64 / self.architectures;
    }
}
