//! Zero-shot estimators: formulas on an untrained network, one file each.

pub mod az_nas;
mod correlation;
pub mod dextr;
pub mod epe_nas;
pub mod epsinas;
pub mod fisher;
pub mod grad_norm;
pub mod gradsign;
pub mod grasp;
pub mod jacob_cov;
pub mod l2_norm;
pub mod linear_regions;
pub mod lnwot;
pub mod logsynflow;
pub mod meco;
pub mod near;
pub mod ntk_cond;
pub mod plain;
pub mod relu_logdet;
pub mod snip;
pub mod snr_synflow;
pub mod swap;
pub mod synflow;
pub mod synflow_bn;
pub mod tcet;
pub mod vkdnw;
pub mod wrcor;
pub mod zen;
pub mod zico;

use crate::estimator::probe::WeightGradient;

/// `Σ f(g, w)` over all elements of all weights, in network and row-major order.
pub(super) fn sum_over_elements(gradients: &[WeightGradient], f: impl Fn(f64, f64) -> f64) -> f64 {
    gradients.iter().flat_map(|layer| layer.gradient.iter().zip(&layer.weight)).map(|(&g, &w)| f(g, w)).sum()
}

/// The standard deviation of weights in Kaiming's normal initialisation, from the number of inputs of an output.
fn kaiming(fan_in: usize) -> f64 {
    (2.0 / fan_in as f64).sqrt()
}

/// The Euclidean norm.
fn norm(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

#[cfg(test)]
pub(super) mod by_hand {
    use super::WeightGradient;
    use crate::net::Role;

    /// Two layers whose scores can be computed by hand.
    pub(crate) fn layers() -> Vec<WeightGradient> {
        let layer = |name: &str, role, weight: &[f64], gradient: &[f64]| WeightGradient {
            name: name.into(),
            role,
            weight: weight.to_vec(),
            gradient: gradient.to_vec(),
        };
        vec![
            layer("stem.conv.weight", Role::ConvWeight, &[1.0, -2.0], &[3.0, 4.0]),
            layer("classifier.weight", Role::LinearWeight, &[0.5, 0.5, 2.0], &[2.0, 1.0, -2.0]),
        ]
    }
}
