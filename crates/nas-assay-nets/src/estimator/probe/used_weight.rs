//! The weights that an architecture uses in a network, which may be a supernet.

use candle_core::backprop::GradStore;
use candle_core::{Tensor, Var};
use nas_assay_kernels::composed;
use nas_assay_spaces::Architecture;

use super::WeightGradient;
use crate::estimator::EstimatorError;
use crate::net::{Network, Param, Slice, host_f64};

/// A convolution or linear weight, and the part of it that an architecture uses; `None` for all of it.
pub(super) struct UsedWeight<'a> {
    pub param: &'a Param,
    pub slice: Option<Slice>,
}

impl UsedWeight<'_> {
    /// The numbers of the part that is used, from a tensor of the shape of the whole weight: its values or its gradient.
    pub fn part_of(&self, whole: &Tensor) -> candle_core::Result<Vec<f64>> {
        match &self.slice {
            Some(slice) => host_f64(&composed::slice(&whole.detach(), slice)?),
            None => host_f64(whole),
        }
    }

    /// The gradient by the part that is used, or zeros if there is none.
    pub fn gradient(&self, gradients: &GradStore) -> candle_core::Result<Vec<f64>> {
        let found = gradients.get(&self.param.var);
        found.map_or_else(|| self.part_of(&self.param.var).map(|part| vec![0.0; part.len()]), |g| self.part_of(g))
    }
}

/// The convolution and linear weights that an architecture uses in a network.
pub(super) fn weights_of(network: &Network, architecture: Architecture) -> Result<Vec<UsedWeight<'_>>, EstimatorError> {
    let parts = network.parts(architecture)?.into_iter();
    Ok(parts.filter(|(param, _)| param.role.is_weight()).map(|(param, slice)| UsedWeight { param, slice }).collect())
}

/// Their variables, each whole.
pub(super) fn variables(weights: &[UsedWeight<'_>]) -> Vec<Var> {
    weights.iter().map(|weight| weight.param.var.clone()).collect()
}

/// Each weight with its gradient.
pub(super) fn weight_gradients(
    weights: &[UsedWeight<'_>],
    gradients: &GradStore,
) -> Result<Vec<WeightGradient>, EstimatorError> {
    let with_gradient = |used: &UsedWeight<'_>| {
        let Param { name, role, var } = used.param;
        let weight = used.part_of(var)?;
        Ok(WeightGradient { name: name.clone(), role: *role, weight, gradient: used.gradient(gradients)? })
    };
    weights.iter().map(with_gradient).collect()
}
