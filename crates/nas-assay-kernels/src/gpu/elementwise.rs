//! ReLU, sums of tensors, and products with constants.

use candle_core::{Result, bail};

use super::device::Argument;
use super::{Computed, Gpu, Grid, OnGpu, Operand};
use crate::cpu::elementwise::{Add, Relu, ReluGradient, TimesConstant};

/// Runs a kernel `(inputs, result, elements)` on tensors of the same shape.
fn each<const N: usize>(gpu: &Gpu, name: &'static str, inputs: [Operand<'_>; N]) -> Result<Computed> {
    let [first, ..] = inputs.as_slice() else { bail!("{name}: no input") };
    if let Some(other) = inputs.iter().find(|input| input.dims != first.dims) {
        bail!("the shapes {:?} and {:?} should be the same", first.dims, other.dims);
    }
    let n = first.len()?;
    let y = gpu.output(first.dtype, n as usize)?;
    let mut arguments: Vec<&dyn Argument> = Vec::with_capacity(N + 2);
    arguments.extend(inputs.iter().map(|input| &input.address as &dyn Argument));
    arguments.extend([&y.address as &dyn Argument, &n]);
    gpu.launch(name, first.dtype, Grid::each(n), &arguments)?;
    Ok((y.memory, first.dims.into()))
}

/// A copy.
pub(super) fn copy(gpu: &Gpu, x: Operand<'_>) -> Result<Computed> {
    each(gpu, "copy", [x])
}

impl OnGpu<1> for Relu {
    fn launch(&self, gpu: &Gpu, inputs: [Operand<'_>; 1]) -> Result<Computed> {
        each(gpu, "relu", inputs)
    }
}

impl OnGpu<2> for ReluGradient {
    fn launch(&self, gpu: &Gpu, inputs: [Operand<'_>; 2]) -> Result<Computed> {
        each(gpu, "relu_gradient", inputs)
    }
}

impl OnGpu<2> for TimesConstant {
    fn launch(&self, gpu: &Gpu, inputs: [Operand<'_>; 2]) -> Result<Computed> {
        each(gpu, "times", inputs)
    }
}

impl OnGpu<2> for Add {
    fn launch(&self, gpu: &Gpu, inputs: [Operand<'_>; 2]) -> Result<Computed> {
        each(gpu, "add_two", inputs)
    }
}

impl OnGpu<3> for Add {
    fn launch(&self, gpu: &Gpu, inputs: [Operand<'_>; 3]) -> Result<Computed> {
        each(gpu, "add_three", inputs)
    }
}
