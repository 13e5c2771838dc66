//! Loss and accuracy of an epoch, summed step by step.

use candle_core::{Device, Result, Tensor};
use nas_assay_kernels::gpu::Tally;

use super::super::{Classification, Engine, host_f64};
use crate::images::Batch;

/// Sums over the steps of an epoch. A step counts as the mean over its architectures.
pub(super) struct Results {
    /// The sum over images of their cross-entropy, nats.
    loss: f64,
    /// Images classified correctly.
    right: f64,
    /// Both, where a GPU sums: so that no step waits for it.
    on_gpu: Option<Tally>,
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
    /// Sums of nothing.
    pub fn new(engine: Engine, device: &Device) -> Result<Self> {
        let on_gpu = if engine == Engine::Kernels { Tally::on(device)? } else { None };
        Ok(Self { loss: 0.0, right: 0.0, on_gpu })
    }

    /// A step on a batch, with so many architectures.
    pub fn step<'a>(&'a mut self, batch: &'a Batch, architectures: usize) -> StepResults<'a> {
        StepResults { results: self, batch, architectures: architectures as f64, loss: 0.0, right: 0 }
    }

    /// The sum of the cross-entropies, and the number of correct images.
    pub fn read(&self) -> Result<(f64, f64)> {
        match &self.on_gpu {
            Some(tally) => tally.read().map(|[loss, right]| (loss, right)),
            None => Ok((self.loss, self.right)),
        }
    }
}

impl StepResults<'_> {
    /// Adds the results of an architecture.
    pub fn add(&mut self, logits: &Tensor, loss: &Tensor) -> Result<()> {
        if let Some(tally) = &mut self.results.on_gpu {
            let images = logits.dim(0)? as f64;
            return tally.add(logits, &self.batch.labels, loss, [images / self.architectures, self.architectures]);
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
