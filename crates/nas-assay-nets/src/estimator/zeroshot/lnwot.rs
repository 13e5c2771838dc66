//! How different the signs of the outputs of each convolution and linear layer are between images.
//!
//! # Formula
//! `Σ_l ln |det K_l|` over convolution and linear layers `l`. `x` is the binary code of a layer. Its row `i` has a 1
//! for every output of image `i` that is above zero, before batch-norm. `K_l = x xᵀ + (1 − x)(1 − x)ᵀ` counts, for two
//! images, the outputs of the layer in which they agree. If `K_l` is singular, the layer adds 0.
//!
//! # Shapes
//! One batch of `n` images; labels are not used. `K_l` is `[n, n]`. It is exact, because it has integers.
//!
//! # Source
//! Code of T-CET (iViolinSolo/zero-cost-proxies, `naswot.py`), after Mellor et al., ICML 2021.
//!
//! # Known traps
//! The network is in evaluation mode, so batch-norm uses its running statistics. Here they are always those of a
//! network that has seen no images: mean 0 and variance 1. So batch-norm is almost the identity. Those of a trained
//! supernet are not used, because they are mixed from many architectures.
//!
//! If two images have the same code, `K_l` is singular. Then the layer adds 0, which is less than any other layer of
//! the network adds. In [`relu_logdet`](super::relu_logdet), such images make the score −∞. Here a network loses little
//! by such a layer. The detail `singular_layers` counts these layers. The classifier is often one of them, because its
//! bias can decide the signs of all logits.
//!
//! The sum grows with the number of layers.

use crate::estimator::probe::OutputCode;
use crate::estimator::{Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ToleranceClass};
use nas_assay_criteria::Direction;

/// Sum over layers of the log-determinant of the agreement between the codes of their outputs.
pub struct Lnwot;

const META: Meta<'static> = Meta {
    id: "lnwot",
    version: 1,
    direction: Direction::Higher,
    kind: EstimatorKind::ZeroShot,
    needs: &[Need::OutputCodes],
    tolerance: ToleranceClass::Numeric,
    summary: "Sum over layers of the log-determinant of the agreement between the sign codes of their outputs.",
    formula: "sum over layers of ln |det K|, K_ij = number of outputs in which images i and j agree; 0 if singular",
    source: "T-CET (code, iViolinSolo/zero-cost-proxies); Mellor et al., ICML 2021",
};

impl Estimator for Lnwot {
    fn meta(&self) -> Meta<'_> {
        META
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        let codes = probe.output_codes()?;
        let singular = codes.iter().filter(|code| !code.log_determinant.is_finite()).count();
        let sum = codes.iter().map(OutputCode::or_zero).sum();
        Ok(Reading::plain(sum).with("singular_layers", singular as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::tests::{batch, network};
    use crate::net::{Engine, ForwardPass, Layer, Network, NormMode, host_f64};
    use candle_core::Tensor;
    use nalgebra::DMatrix;
    use nas_assay_spaces::{Architecture, SpaceId};
    use std::cell::RefCell;

    const IMAGES: usize = 5;

    fn codes(architecture: Architecture, network: &Network) -> Vec<OutputCode> {
        let batch = batch(IMAGES);
        let probe = Probe::new(architecture, network, Engine::Kernels, META.needs.iter().copied()).with_batch(&batch);
        let codes = probe.output_codes().unwrap().to_vec();
        assert_eq!(Lnwot.score(&probe).unwrap().score.value(), codes.iter().map(OutputCode::or_zero).sum::<f64>());
        codes
    }

    /// `K` from comparisons of single outputs, and its determinant from an LU decomposition.
    #[test]
    fn the_terms_are_determinants_of_counted_agreements() {
        for space in SpaceId::ALL {
            let (architecture, network) = network(space, 5);
            let terms = RefCell::new(Vec::new());
            let observer = |layer: Layer, y: &Tensor| {
                if let Layer::Conv(weight) | Layer::Linear(weight) = layer {
                    let values = host_f64(y)?;
                    let rows: Vec<&[f64]> = values.chunks(values.len() / IMAGES).collect();
                    let agree = |i: usize, j: usize| {
                        rows[i].iter().zip(rows[j]).filter(|(a, b)| (**a > 0.0) == (**b > 0.0)).count() as f64
                    };
                    let determinant = DMatrix::from_fn(IMAGES, IMAGES, agree).determinant();
                    let largest = (values.len() / IMAGES) as f64;
                    // Integer determinants below one are zero.
                    let term = if determinant.abs() < 0.5 { 0.0 } else { libm::log(determinant.abs()) };
                    assert!(term <= IMAGES as f64 * libm::log(largest) + 1e-9);
                    terms.borrow_mut().push((weight, term));
                }
                Ok(())
            };
            let pass = ForwardPass::new(Engine::Kernels).untracked().with_norm(NormMode::Running);
            let images = batch(IMAGES).images;
            network.forward(architecture, &images, &mut pass.with_layer_observer(&observer)).unwrap();
            let terms = terms.into_inner();
            let codes = codes(architecture, &network);
            assert_eq!(terms.len(), codes.len(), "{space}");
            for code in &codes {
                let weight = network.params().get(&code.name).unwrap().var.id();
                let (_, expected) = terms.iter().find(|(id, _)| *id == weight).unwrap();
                assert!((code.or_zero() - expected).abs() < 1e-9, "{space}: {code:?}, not {expected}");
            }
            assert!(codes.iter().filter(|code| code.log_determinant.is_finite()).count() > 2, "{space}: {codes:?}");
        }
    }

    /// Without statistics of the batch, a scale of the first layer goes through the network, up to the bias of the
    /// classifier and the shifts of batch-norm, which are 0 here. With the sign turned, every output of the layer is on
    /// the other side, and the agreements are the same; those of later layers are not.
    #[test]
    fn the_scale_of_the_stem_changes_no_code_and_its_sign_only_those_after_it() {
        for space in SpaceId::ALL {
            let (architecture, network) = network(space, 6);
            let stem = &network.params().iter().next().unwrap().var;
            let original = stem.as_tensor().copy().unwrap();
            let by = |factor: f64| {
                stem.set(&(&original * factor).unwrap()).unwrap();
                let mut codes = codes(architecture, &network);
                assert_eq!(codes.pop().unwrap().name, "classifier.weight");
                codes
            };
            let before = by(1.0);
            assert_eq!(by(4.0), before, "{space}");
            let turned = by(-1.0);
            assert_eq!(turned[0], before[0], "{space}");
            assert_ne!(turned[1..], before[1..], "{space}");
        }
    }
}
