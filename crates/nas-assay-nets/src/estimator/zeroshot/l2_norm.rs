//! Sum over layers of the norm of the weights.
//!
//! # Formula
//! `Σ_l ‖W_l‖₂` over convolution and linear weights `W_l`.
//!
//! # Shapes
//! No batch. In a supernet, `W_l` is the part of the weight that the architecture uses.
//!
//! # Source
//! Code of Abdelfattah et al., ICLR 2021. There it is a simple measure without data, for comparison.
//!
//! # Known traps
//! At initialisation, the norm of a layer is about `√(outputs / 3)`, whatever its number of inputs. So the score is
//! almost a count of layers and channels.

use crate::estimator::{Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ToleranceClass};
use nas_assay_criteria::Direction;

/// Sum over layers of the norm of the weights.
pub struct L2Norm;

const META: Meta<'static> = Meta {
    id: "l2_norm",
    version: 2,
    direction: Direction::Higher,
    kind: EstimatorKind::ZeroShot,
    needs: &[Need::Weights],
    tolerance: ToleranceClass::Numeric,
    summary: "Sum over layers of the L2 norm of the weights.",
    formula: "sum over layers of ||W||_2",
    source: "Abdelfattah et al., Zero-Cost Proxies for Lightweight NAS, ICLR 2021 (code)",
};

impl Estimator for L2Norm {
    fn meta(&self) -> Meta<'_> {
        META
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        Ok(Reading::plain(probe.weights()?.iter().map(|(_, weight)| super::norm(weight)).sum()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Engine, Init, NetConfig, Network};
    use candle_core::{DType, Device};
    use nas_assay_base::seed::Seed;
    use nas_assay_spaces::{Architecture, SpaceId, nb201};

    #[test]
    fn initial_norms_are_those_of_a_uniform_draw() {
        let text = "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|none~1|nor_conv_3x3~2|";
        let architecture = Architecture::parse(SpaceId::Nb201, text).unwrap();
        let config = NetConfig { skeleton: nb201::Skeleton::default().into(), dtype: DType::F32, device: Device::Cpu };
        let network = Network::stand_alone(architecture, &config, Init::Seeded(Seed::root(1))).unwrap();
        let probe = Probe::new(architecture, &network, Engine::Kernels, [Need::Weights]);
        let expected: f64 = probe
            .weights()
            .unwrap()
            .iter()
            .map(|(name, weight)| {
                // Uniform weights between ±1/√fan-in have the mean square 1 / (3 fan-in), so the norm of a layer is √(outputs / 3).
                let outputs = network.params().get(name).unwrap().var.dim(0).unwrap();
                assert!(weight.len() > outputs);
                (outputs as f64 / 3.0).sqrt()
            })
            .sum();
        let score = L2Norm.score(&probe).unwrap().score.value();
        assert!((score / expected - 1.0).abs() < 0.01, "{score}, not about {expected}");
    }
}
