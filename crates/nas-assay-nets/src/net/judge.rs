//! How logits do against labels.

use candle_core::Tensor;

use super::host_f64;

/// How a batch of logits did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    /// Images judged.
    pub images: usize,
    /// Images whose greatest logit, the first of equals, is their label's.
    pub correct: usize,
    /// Mean cross-entropy, in nats.
    pub loss: f64,
}

impl Judgement {
    /// The fraction of images that are correct.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.images as f64
    }
}

/// Judges logits `[n, classes]` by labels `[n]` in double precision.
///
/// An image with a logit that is NaN is wrong, and makes the loss NaN.
///
/// # Errors
/// If the tensors can't be read.
pub fn judge(logits: &Tensor, labels: &Tensor) -> candle_core::Result<Judgement> {
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
    Ok(Judgement { images: labels.len(), correct, loss: loss / labels.len() as f64 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    fn judged<const N: usize>(logits: &[[f64; 2]; N], labels: &[u32; N]) -> Judgement {
        judge(&Tensor::new(logits, &Device::Cpu).unwrap(), &Tensor::new(labels, &Device::Cpu).unwrap()).unwrap()
    }

    #[test]
    fn a_batch_is_judged_by_hand() {
        let judged = judged(&[[0.0, libm::log(3.0)], [5.0, 5.0], [-1000.0, 1000.0]], &[1, 1, 0]);
        assert_eq!((judged.images, judged.correct), (3, 1), "right, wrong by a tie, wrong");
        assert_eq!(judged.accuracy(), 1.0 / 3.0);
        let by_hand = (libm::log(4.0 / 3.0) + libm::log(2.0) + 2000.0) / 3.0;
        assert!((judged.loss - by_hand).abs() < 1e-12 * by_hand, "{} and {by_hand}", judged.loss);
    }

    #[test]
    fn undefined_logits_are_never_right() {
        let judged = judged(&[[f64::NAN, 1.0], [1.0, f64::NAN]], &[0, 0]);
        assert_eq!(judged.correct, 0);
        assert!(judged.loss.is_nan());
    }
}
