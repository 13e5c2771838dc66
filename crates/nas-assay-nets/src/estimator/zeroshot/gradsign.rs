//! How far the images agree on the direction in which each weight should change.
//!
//! # Formula
//! - `gradsign_sum`: `Σ_w |Σ_i sign(g_iw)|` over all elements `w` of convolution and linear weights;
//! - `gradsign_mean`: the same, divided by the number of elements.
//!
//! `g_i` is the gradient of the cross-entropy of image `i`. It comes from a forward and a backward pass over a batch of
//! this image alone. The sign of 0 is 0.
//!
//! # Shapes
//! One labelled batch of `n` images. The sum is an integer from 0 to `n` times the number of elements.
//!
//! # Source
//! Zhang and Jia, `GradSign`, ICLR 2022, and its code, which has the sum; the ports of AZ-NAS and `VKDNW` have the
//! mean.
//!
//! # Known traps
//! The sum and the mean are two different scores: the sum also depends on the number of weights. Each image is a batch
//! of its own, so batch-norm uses the statistics of this image. The cost is one pass for each image.
//!
//! In some networks, the classifier averages outputs of batch-norm. This is so in the supernets of NAS-Bench-101 and
//! NAS-Bench-301, and in some stand-alone networks of NAS-Bench-301. With a single image, these averages do not depend
//! on the image. So the exact gradients by the layers before are 0. The computed gradients are rounding noise, and
//! their signs would count as if they meant something.
//!
//! Such layers are recognised by comparing single with double precision: the size of their gradient for the first
//! image. They add 0, and the detail `layers_of_rounding` counts them. If no other layer adds anything, the score has
//! the status `rounding`: it is not finite, and ranks worst.
//!
//! Within a layer, exact gradients of single weights can be 0 too. So a gradient counts as 0 if it is at most `64 ε`
//! times the largest one of the layer for the image. `ε` is the machine epsilon of the floating-point type. The
//! reference counts the signs of its rounding errors.

use crate::estimator::probe::SignAgreement;
use crate::estimator::{Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ToleranceClass};
use nas_assay_criteria::Direction;

/// Agreement of the images on the signs of the gradients.
pub struct GradSign {
    meta: Meta<'static>,
    /// Whether the sum is divided by the number of weights.
    mean: bool,
}

/// The properties that both forms share.
const META: Meta<'static> = Meta {
    id: "",
    version: 1,
    direction: Direction::Higher,
    kind: EstimatorKind::ZeroShot,
    needs: &[Need::SignAgreement],
    tolerance: ToleranceClass::Numeric,
    summary: "",
    formula: "",
    source: "Zhang and Jia, GradSign: Model Performance Inference with Theoretical Insights, ICLR 2022",
};

/// The sum over all weights.
pub const SUM: GradSign = GradSign {
    meta: Meta {
        id: "gradsign_sum",
        summary: "Agreement of single images on the signs of the gradients, summed over the weights.",
        formula: "sum over weights of |sum over images of sign(dL_i/dW)|, each image a batch of its own",
        ..META
    },
    mean: false,
};

/// The mean over all weights.
pub const MEAN: GradSign = GradSign {
    meta: Meta {
        id: "gradsign_mean",
        summary: "Agreement of single images on the signs of the gradients, averaged over the weights.",
        formula: "mean over weights of |sum over images of sign(dL_i/dW)|, each image a batch of its own",
        ..META
    },
    mean: true,
};

impl Estimator for GradSign {
    fn meta(&self) -> Meta<'_> {
        self.meta
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        Ok(agreement(probe.sign_agreement()?, self.mean))
    }
}

/// The score from the agreement of each layer.
fn agreement(layers: &[SignAgreement], mean: bool) -> Reading {
    let sum: u64 = layers.iter().filter(|layer| !layer.rounding).map(|layer| layer.agreement).sum();
    let elements: u64 = layers.iter().map(|layer| layer.elements).sum();
    let rounding = layers.iter().filter(|layer| layer.rounding).count();
    let reading = match (sum, rounding) {
        (0, 1..) => Reading::rounding(),
        _ if mean => Reading::plain(sum as f64 / elements as f64),
        _ => Reading::plain(sum as f64),
    };
    reading.with("layers_of_rounding", rounding as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::tests::{batch, network, probe};
    use crate::estimator::{Reason, Score};
    use crate::images::Batch;
    use crate::net::{Engine, ForwardPass, Init, NetConfig, Network, host_f64};
    use candle_core::{DType, Device, Tensor};
    use nas_assay_base::seed::Seed;
    use nas_assay_schema::spec;
    use nas_assay_spaces::{Form, SpaceId};

    fn layer(elements: u64, agreement: u64, rounding: bool) -> SignAgreement {
        SignAgreement { name: String::new(), elements, agreement, rounding }
    }

    #[test]
    fn layers_of_rounding_add_nothing() {
        let score = |layers: &[SignAgreement]| [false, true].map(|mean| agreement(layers, mean).score);
        assert_eq!(score(&[layer(4, 6, false), layer(6, 9, false)]), [15.0.into(), 1.5.into()]);
        assert_eq!(score(&[layer(4, 6, false), layer(6, 9, true)]), [6.0.into(), 0.6.into()]);
        assert_eq!(score(&[layer(4, 0, false), layer(6, 9, true)]), [Score::NonFinite(Reason::Rounding); 2]);
        assert_eq!(score(&[layer(4, 0, false)]), [0.0.into(), 0.0.into()]);
    }

    /// The signs of gradients that Candle's own backward pass gives, image by image.
    #[test]
    fn the_sum_is_that_of_signs_of_single_images() {
        let batch = batch(5);
        let images = 5;
        for (place, space) in SpaceId::ALL.into_iter().enumerate() {
            let (architecture, network) = network(space, 110 + place as u64);
            let probe = probe(architecture, &network, Engine::Kernels, &batch);
            let [sum, mean] = [SUM, MEAN].map(|form| form.score(&probe).unwrap());
            let elements = probe.sign_agreement().unwrap().iter().map(|layer| layer.elements).sum::<u64>();
            assert_eq!(elements, probe.census().unwrap().conv_weights + probe.census().unwrap().linear_weights);
            let (Score::Finite(sum), rounding) = (sum.score, sum.details[0].1) else {
                assert!(matches!(space, SpaceId::Nb101 | SpaceId::Nb301), "{space}: {sum:?}");
                continue;
            };
            assert_eq!(mean.score, Score::Finite(sum / elements as f64), "{space}");
            assert!(sum > 0.0 && sum <= (images * elements) as f64, "{space}");
            if rounding != Score::Finite(0.0) {
                continue;
            }
            let gradients = |image: usize| -> Vec<f64> {
                let [images, labels] = [&batch.images, &batch.labels].map(|all| all.narrow(0, image, 1).unwrap());
                let pass = &mut ForwardPass::new(Engine::Kernels);
                let logits = network.forward(architecture, &images.contiguous().unwrap(), pass).unwrap();
                let found = Engine::Kernels.cross_entropy(&logits, &labels).unwrap().backward().unwrap();
                let weights = network.params().iter().filter(|param| param.role.is_weight());
                let sound = |gradient: Vec<f64>| {
                    let largest = gradient.iter().fold(0.0_f64, |largest, g| largest.max(g.abs()));
                    gradient.into_iter().map(move |g| if g.abs() < 1e-13 * largest { 0.0 } else { g })
                };
                weights.flat_map(|param| sound(host_f64(found.get(&param.var).unwrap()).unwrap())).collect()
            };
            let all: Vec<Vec<f64>> = (0..images as usize).map(gradients).collect();
            let signs = |w: usize| all.iter().filter(|g| g[w] != 0.0).map(|g| g[w].signum()).sum::<f64>().abs();
            assert_eq!((0..all[0].len()).map(signs).sum::<f64>(), sum, "{space}");
        }
    }

    /// With the labels of other images, the gradients are others.
    #[test]
    fn the_order_of_images_does_not_matter_and_labels_do() {
        let (architecture, network) = network(SpaceId::Nb201, 3);
        let straight = batch(4);
        let read = |batch: &Batch| SUM.score(&probe(architecture, &network, Engine::Kernels, batch)).unwrap();
        let order = Tensor::new(&[2_u32, 0, 3, 1], &Device::Cpu).unwrap();
        let turned = |all: &Tensor| all.index_select(&order, 0).unwrap();
        let score = read(&straight);
        assert_eq!(read(&Batch { images: turned(&straight.images), labels: turned(&straight.labels) }), score);
        assert_ne!(read(&Batch { images: straight.images.clone(), labels: turned(&straight.labels) }), score);
    }

    /// In a supernet's network of NAS-Bench-101 and NAS-Bench-301 each map that is averaged is the output of a batch-norm. All gradients of
    /// a single image are 0.
    #[test]
    fn signs_of_rounding_errors_have_no_score() {
        for (space, dtype) in [(SpaceId::Nb101, DType::F64), (SpaceId::Nb301, DType::F64), (SpaceId::Nb301, DType::F32)]
        {
            let sizes = match space {
                SpaceId::Nb301 => spec::Network { channels: Some(4), layers: Some(3), ..spec::Network::default() },
                _ => spec::Network { channels: Some(4), cells: Some(1), ..spec::Network::default() },
            };
            let skeleton = sizes.skeleton(space, Form::Supernet, 16);
            let config = NetConfig { skeleton, dtype, device: Device::Cpu };
            let architecture = space.sample(&mut Seed::root(4).stream());
            let network = Network::stand_alone(architecture, &config, Init::Seeded(Seed::root(1))).unwrap();
            let mut stream = Seed::root(2).stream();
            let pixels: Vec<f64> = (0..3 * 3 * 256).map(|_| stream.normal()).collect();
            let images = Tensor::from_vec(pixels, (3, 3, 16, 16), &Device::Cpu).unwrap().to_dtype(dtype).unwrap();
            let batch = Batch { images, labels: Tensor::new(&[1_u32, 5, 9], &Device::Cpu).unwrap() };
            let score = SUM.score(&probe(architecture, &network, Engine::Kernels, &batch)).unwrap().score;
            assert_eq!(score, Score::NonFinite(Reason::Rounding), "{space} {dtype:?} {architecture}");
        }
    }
}
