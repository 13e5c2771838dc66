//! Cross-entropy.

use candle_core::{DType, Result, Shape, Tensor, bail};

use super::element::{Array, Element};
use super::isa::Isa;
use super::kernel::{Computed, Kernel, apply, gradient};
use super::wanted::wanted;

/// The mean over the batch of `-ln softmax(logits)[label]`, in nats, for `logits: [n, classes]` and `labels: [n]` (u32): a scalar.
///
/// For both types it is computed in double precision, with `libm`, and rounded once. A batch has few logits, so that costs little time.
///
/// # Errors
/// If the shapes do not fit each other, the batch is empty, or a label is not a class; on a GPU such a label makes the loss NaN instead.
pub fn cross_entropy(logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
    let (n, classes) = logits.dims2()?;
    if labels.dims() != [n] || labels.dtype() != DType::U32 || n == 0 {
        bail!(
            "cross_entropy: labels of shape {:?} and type {:?} for logits of shape [{n}, {classes}]; labels must be u32, one for \
             each row, and at least one",
            labels.dims(),
            labels.dtype()
        );
    }
    apply(CrossEntropy { labels: Labels::new(labels, classes)? }, [logits])
}

/// The labels of a batch, where the kernel wants them.
#[derive(Clone)]
pub(crate) enum Labels {
    /// On the host.
    Host(std::sync::Arc<[usize]>),
    /// On the device, so that nothing has to be read.
    #[cfg(feature = "cuda")]
    Device(Tensor),
}

impl Labels {
    fn new(labels: &Tensor, classes: usize) -> Result<Self> {
        #[cfg(feature = "cuda")]
        if labels.device().is_cuda() {
            return Ok(Self::Device(labels.detach().contiguous()?));
        }
        let labels: Vec<usize> = labels.to_vec1::<u32>()?.into_iter().map(|label| label as usize).collect();
        if let Some(label) = labels.iter().find(|&&label| label >= classes) {
            bail!(
                "cross_entropy: label {label} is not one of the {classes} classes, 0 to {}",
                classes.saturating_sub(1)
            );
        }
        Ok(Self::Host(labels.into()))
    }

    #[cfg_attr(not(feature = "cuda"), expect(clippy::unnecessary_wraps, reason = "a GPU may hold them"))]
    fn on_host(&self) -> Result<&[usize]> {
        match self {
            Self::Host(labels) => Ok(labels),
            #[cfg(feature = "cuda")]
            Self::Device(_) => bail!("cross_entropy: the labels are on another device than the logits"),
        }
    }

    /// Runs `work` on the labels of a device.
    #[cfg(feature = "cuda")]
    pub fn on_gpu<R>(&self, work: impl FnOnce(&Tensor) -> Result<R>) -> Result<R> {
        match self {
            Self::Device(labels) => work(labels),
            Self::Host(_) => bail!("cross_entropy: the labels are on another device than the logits"),
        }
    }
}

/// `logits -> loss`
pub(crate) struct CrossEntropy {
    pub(crate) labels: Labels,
}

/// `(gy, logits) -> glogits`, the gradient by the logits.
pub(crate) struct CrossEntropyGradient {
    pub(crate) labels: Labels,
}

/// `(v, logits) -> Σ v glogits / gy`: the gradient of `Σ v glogits` by `gy`.
pub(crate) struct GradientVectorProduct {
    pub(crate) labels: Labels,
}

/// `(v, gy, logits) ->` the gradient of `Σ v glogits` by the logits.
pub(crate) struct HessianVectorProduct;

/// The probabilities of one row, and the logarithm of the sum of exponentials.
fn softmax<T: Element>(logits: &[T]) -> (Vec<f64>, f64) {
    let largest = logits.iter().fold(f64::NEG_INFINITY, |largest, logit| largest.max(logit.to_double()));
    let mut probabilities: Vec<f64> = logits.iter().map(|logit| libm::exp(logit.to_double() - largest)).collect();
    let sum: f64 = probabilities.iter().sum();
    for p in &mut probabilities {
        *p /= sum;
    }
    (probabilities, largest + libm::log(sum))
}

/// The rows of the logits, and their number.
fn rows<T: Element>(logits: Array<'_, T>) -> (std::slice::ChunksExact<'_, T>, f64) {
    (logits.data.chunks_exact(logits.dims[1]), logits.dims[0] as f64)
}

impl Kernel<1> for CrossEntropy {
    const NAME: &'static str = "cross_entropy";

    fn forward<T: Element>(&self, _isa: Isa, [logits]: [Array<T>; 1]) -> Result<Computed<T>> {
        let (rows, n) = rows(logits);
        let losses = rows.zip(self.labels.on_host()?).map(|(row, &label)| softmax(row).1 - row[label].to_double());
        Ok((vec![T::from_double(losses.sum::<f64>() / n)], Shape::from(())))
    }

    fn backward(&self, [logits]: [&Tensor; 1], _y: &Tensor, gy: &Tensor) -> Result<[Option<Tensor>; 1]> {
        let kernel = CrossEntropyGradient { labels: self.labels.clone() };
        Ok([wanted(logits, || gradient(kernel, [gy, logits]))?])
    }
}

impl Kernel<2> for CrossEntropyGradient {
    const NAME: &'static str = "cross_entropy gradient";

    fn forward<T: Element>(&self, _isa: Isa, [gy, logits]: [Array<T>; 2]) -> Result<Computed<T>> {
        let (rows, n) = rows(logits);
        let scale = gy.data[0].to_double() / n;
        let mut gradient = Vec::with_capacity(logits.data.len());
        for (row, &label) in rows.zip(self.labels.on_host()?) {
            let (probabilities, _) = softmax(row);
            let targets = (0..row.len()).map(|class| f64::from(u8::from(class == label)));
            gradient.extend(probabilities.iter().zip(targets).map(|(p, target)| T::from_double((p - target) * scale)));
        }
        Ok((gradient, logits.dims.into()))
    }

    fn backward(&self, [gy, logits]: [&Tensor; 2], _g: &Tensor, v: &Tensor) -> Result<[Option<Tensor>; 2]> {
        Ok([
            wanted(gy, || gradient(GradientVectorProduct { labels: self.labels.clone() }, [v, logits]))?,
            wanted(logits, || gradient(HessianVectorProduct, [v, gy, logits]))?,
        ])
    }
}

impl Kernel<2> for GradientVectorProduct {
    const NAME: &'static str = "cross_entropy second gradient";

    fn forward<T: Element>(&self, _isa: Isa, [v, logits]: [Array<T>; 2]) -> Result<Computed<T>> {
        let (rows, n) = rows(logits);
        let mut sum = 0.0;
        for ((row, v), &label) in rows.zip(v.data.chunks_exact(v.dims[1])).zip(self.labels.on_host()?) {
            let (probabilities, _) = softmax(row);
            sum += probabilities.iter().zip(v).fold(-v[label].to_double(), |sum, (p, v)| sum + p * v.to_double());
        }
        Ok((vec![T::from_double(sum / n)], Shape::from(())))
    }

    fn backward(&self, _: [&Tensor; 2], _: &Tensor, _: &Tensor) -> Result<[Option<Tensor>; 2]> {
        no_third_order()
    }
}

impl Kernel<3> for HessianVectorProduct {
    const NAME: &'static str = "cross_entropy second gradient";

    fn forward<T: Element>(&self, _isa: Isa, [v, gy, logits]: [Array<T>; 3]) -> Result<Computed<T>> {
        let (rows, n) = rows(logits);
        let scale = gy.data[0].to_double() / n;
        let mut product = Vec::with_capacity(logits.data.len());
        for (row, v) in rows.zip(v.data.chunks_exact(v.dims[1])) {
            let (probabilities, _) = softmax(row);
            let mean = probabilities.iter().zip(v).fold(0.0, |sum, (p, v)| sum + p * v.to_double());
            product
                .extend(probabilities.iter().zip(v).map(|(p, v)| T::from_double(p * (v.to_double() - mean) * scale)));
        }
        Ok((product, logits.dims.into()))
    }

    fn backward(&self, _: [&Tensor; 3], _: &Tensor, _: &Tensor) -> Result<[Option<Tensor>; 3]> {
        no_third_order()
    }
}

fn no_third_order<R>() -> Result<R> {
    bail!("cross_entropy: the third derivative is not implemented; detach what is constant")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{
        assert_close, beside, check, check_sealed, check_second_order, random, runs_with_kept_graph, values,
    };
    use super::*;
    use candle_core::Device;
    use proptest::prelude::*;

    fn labels(n: usize, classes: usize) -> Tensor {
        let labels: Vec<u32> = (0..n).map(|i| (i * 7 % classes) as u32).collect();
        Tensor::from_vec(labels, n, &Device::Cpu).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]

        #[test]
        fn cross_entropy_is_its_definition(n in 1..20_usize, classes in 1..20_usize) {
            let (logits, labels) = (random("x", &[n, classes]), labels(n, classes));
            let losses = values(&logits).chunks(classes).zip(values(&labels)).map(|(row, label)| {
                let sum: f64 = row.iter().map(|logit| libm::exp(*logit)).sum();
                -libm::log(libm::exp(row[label as usize]) / sum)
            }).sum::<f64>() / n as f64;
            assert_close("loss", &values(&cross_entropy(&logits, &labels).unwrap()), &[losses], 1e-13);
            check(&[logits], |inputs| cross_entropy(&inputs[0], &beside(&labels, &inputs[0])));
        }
    }

    #[test]
    fn large_logits_neither_overflow_nor_vanish() {
        let logits = Tensor::new(&[[1e30_f32, 0.0], [-1e30, 0.0]], &Device::Cpu).unwrap();
        let right = Tensor::new(&[0_u32, 1], &Device::Cpu).unwrap();
        let wrong = Tensor::new(&[1_u32, 0], &Device::Cpu).unwrap();
        assert_eq!(values(&cross_entropy(&logits, &right).unwrap()), [0.0]);
        assert_eq!(values(&cross_entropy(&logits, &wrong).unwrap()), [f64::from(1e30_f32)]);
    }

    #[test]
    fn derivatives_of_derivatives() {
        if runs_with_kept_graph("cpu::loss::tests::derivatives_of_derivatives") {
            let labels = labels(3, 4);
            check_second_order(&[random("x", &[3, 4])], |inputs| {
                cross_entropy(&inputs[0].sqr()?, &beside(&labels, &inputs[0]))?.sqr()
            });
        }
    }

    #[test]
    fn a_second_backward_pass_is_an_error_where_candle_cuts_the_graph() {
        let labels = labels(3, 4);
        check_sealed(&random("x", &[3, 4]), |x| cross_entropy(x, &beside(&labels, x)));
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let logits = random("x", &[3, 4]);
        assert!(cross_entropy(&logits, &labels(2, 4)).unwrap_err().to_string().contains("labels of shape [2]"));
        let beyond = Tensor::new(&[0_u32, 4, 1], &Device::Cpu).unwrap();
        assert!(
            cross_entropy(&logits, &beyond).unwrap_err().to_string().contains("label 4 is not one of the 4 classes")
        );
    }
}
