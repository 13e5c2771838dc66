//! Accuracy and loss of logits.

use candle_core::Tensor;

use super::host_f64;

/// How well the logits of a batch of images agree with the labels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Classification {
    /// Images of the batch.
    pub images: usize,
    /// Images whose greatest logit is that of their label. Of equal logits the first counts as the greatest.
    pub correct: usize,
    /// Mean cross-entropy, in nats.
    pub loss: f64,
}

impl Classification {
    /// Compares logits `[n, classes]` with labels `[n]`, in double precision.
    ///
    /// An image with a logit that is NaN is wrong, and makes the loss NaN.
    ///
    /// # Errors
    /// If the tensors cannot be read.
    pub fn of(logits: &Tensor, labels: &Tensor) -> candle_core::Result<Self> {
        let classes = logits.dim(1)?;
        let (logits, labels) = (host_f64(logits)?, labels.to_vec1::<u32>()?);
        let (mut correct, mut loss) = (0, 0.0);
        for (row, &label) in logits.chunks(classes).zip(&labels) {
            let label = label as usize;
            let greatest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let defined = row.iter().all(|logit| !logit.is_nan());
            correct += usize::from(defined && row.iter().position(|&logit| logit >= greatest) == Some(label));
            let total: f64 = row.iter().map(|logit| libm::exp(logit - greatest)).sum();
            loss += row.get(label).map_or(f64::NAN, |own| libm::log(total) - (own - greatest));
        }
        Ok(Self { images: labels.len(), correct, loss: loss / labels.len() as f64 })
    }

    /// The fraction of images that are correct.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.images as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    fn classified<const N: usize>(logits: &[[f64; 2]; N], labels: &[u32; N]) -> Classification {
        let (logits, labels) = (Tensor::new(logits, &Device::Cpu).unwrap(), Tensor::new(labels, &Device::Cpu).unwrap());
        Classification::of(&logits, &labels).unwrap()
    }

    #[test]
    fn accuracy_and_loss_are_those_by_hand() {
        let found = classified(&[[0.0, libm::log(3.0)], [5.0, 5.0], [-1000.0, 1000.0]], &[1, 1, 0]);
        assert_eq!((found.images, found.correct), (3, 1), "right, wrong by a tie, wrong");
        assert_eq!(found.accuracy(), 1.0 / 3.0);
        let by_hand = (libm::log(4.0 / 3.0) + libm::log(2.0) + 2000.0) / 3.0;
        assert!((found.loss - by_hand).abs() < 1e-12 * by_hand, "{} and {by_hand}", found.loss);
    }

    #[test]
    fn undefined_logits_are_never_right() {
        let found = classified(&[[f64::NAN, 1.0], [1.0, f64::NAN]], &[0, 0]);
        assert_eq!(found.correct, 0);
        assert!(found.loss.is_nan());
    }
}
