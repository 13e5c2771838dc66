//! Saliency of all paths from the input to the output, without data.
//!
//! # Formula
//! `Σ |∂R/∂|W| ⊙ |W||` over all elements of convolution and linear weights. `R` is the sum of the logits of a changed
//! network. In it, every parameter is replaced by its absolute value, batch-norm by the identity, and the input by
//! ones.
//!
//! # Shapes
//! No batch: one image `[1, 3, resolution, resolution]` of ones.
//!
//! # Source
//! Tanaka et al., Pruning Neural Networks without Any Data, NeurIPS 2020; as an estimator Abdelfattah et al., ICLR
//! 2021.
//!
//! # Known traps
//! The score is computed in f64, because values exceed 1e38 in deep networks. The bias of the classifier is replaced by
//! its absolute value too. The score is the raw number, as in the paper. The detail `log` is its natural logarithm. It
//! gives the same ranks, but other averages and Pearson correlations. In a cell without a path, `R` depends only on the
//! bias of the classifier. Then the score is 0, and its logarithm is -inf.

use crate::estimator::zeroshot::sum_over_elements;
use crate::estimator::{Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ToleranceClass};
use nas_assay_criteria::Direction;

/// Sum of the synaptic saliencies of all weights.
pub struct Synflow;

const META: Meta<'static> = Meta {
    id: "synflow",
    version: 1,
    direction: Direction::Higher,
    kind: EstimatorKind::ZeroShot,
    needs: &[Need::Synflow],
    tolerance: ToleranceClass::Numeric,
    summary: "Saliency of all input-output paths of the linearised network, without data.",
    formula: "sum |dR/d|W| * |W||, R = sum of logits at |W|, without batch-norm, on an image of ones",
    source: "Tanaka et al., NeurIPS 2020; Abdelfattah et al., Zero-Cost Proxies for Lightweight NAS, ICLR 2021",
};

impl Estimator for Synflow {
    fn meta(&self) -> Meta<'_> {
        META
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        let raw = sum_over_elements(probe.synflow()?, |g, w| (g * w).abs());
        Ok(Reading::plain(raw).with("log", libm::log(raw)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::probe::WeightGradient;
    use crate::estimator::{Reason, Score};
    use crate::net::{Engine, Init, NetConfig, Network};
    use candle_core::{DType, Device};
    use nas_assay_base::seed::Seed;
    use nas_assay_spaces::{Architecture, SpaceId, nb201};

    fn examine<T>(architecture: &str, ask: impl Fn(&Probe<'_>) -> T) -> T {
        let architecture = Architecture::parse(SpaceId::Nb201, architecture).unwrap();
        let skeleton = nb201::Skeleton { channels: 4, cells: 1, resolution: 8, ..nb201::Skeleton::default() }.into();
        let config = NetConfig { skeleton, dtype: DType::F32, device: Device::Cpu };
        let network = Network::stand_alone(architecture, &config, Init::Seeded(Seed::root(1))).unwrap();
        ask(&Probe::new(architecture, &network, Engine::for_device(&Device::Cpu), [Need::Synflow]))
    }

    /// Total saliency of the layers whose names start with `prefix`.
    fn saliency(layers: &[WeightGradient], prefix: &str) -> f64 {
        let of_prefix: Vec<_> = layers.iter().filter(|layer| layer.name.starts_with(prefix)).cloned().collect();
        assert!(!of_prefix.is_empty(), "no layer {prefix}");
        sum_over_elements(&of_prefix, |g, w| (g * w).abs())
    }

    #[test]
    fn every_cut_of_the_network_carries_the_same_flow() {
        // The logits without their bias are linear in the weights of every set of layers that each path crosses exactly once.
        let chain = "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|none~1|nor_conv_3x3~2|";
        examine(chain, |probe| {
            let layers = probe.synflow().unwrap();
            let flow = saliency(layers, "classifier.weight");
            assert!(flow > 0.0);
            let cuts: [&[&str]; 5] = [
                &["stem"],
                &["reduction1.conv_a", "reduction1.shortcut"],
                &["reduction1.conv_b", "reduction1.shortcut"],
                &["reduction2.conv_a", "reduction2.shortcut"],
                &["reduction2.conv_b", "reduction2.shortcut"],
            ];
            for cut in cuts {
                let through: f64 = cut.iter().map(|prefix| saliency(layers, prefix)).sum();
                assert!((through - flow).abs() < 1e-12 * flow, "{cut:?} carries {through}, the classifier {flow}");
            }
        });
    }

    #[test]
    fn the_logarithm_stands_beside_the_score() {
        let skips = "|skip_connect~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|";
        let reading = examine(skips, |probe| Synflow.score(probe).unwrap());
        let Score::Finite(raw) = reading.score else { panic!("{reading:?}") };
        assert!(raw > 0.0);
        assert_eq!(reading.details, [("log".into(), Score::Finite(libm::log(raw)))]);
    }

    #[test]
    fn nothing_flows_through_an_empty_cell() {
        let reading = examine("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|", |probe| Synflow.score(probe).unwrap());
        assert_eq!(reading.score, Score::Finite(0.0));
        assert_eq!(reading.details, [("log".into(), Score::NonFinite(Reason::NegativeInfinity))]);
    }
}
