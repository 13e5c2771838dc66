//! What a step of training does beside the passes: the optimiser's step, and the results of an epoch. Nothing is read until it is asked for.

use candle_core::cuda_backend::cudarc::driver::DeviceRepr;
use candle_core::{DType, Device, Result, Tensor, Var, bail};

use super::device::Argument;
use super::{Gpu, Grid, Life, count, tensor, with_operands};
use crate::cpu::SgdStep;

/// Tensors of one launch, `TENSORS` of the kernels' source: as many as an argument has room for.
const TENSORS: usize = 96;

/// Blocks that sum the squares of one tensor.
const PARTS: u32 = 16;

/// Numbers of `StepState` of the kernels' source.
const STATE: usize = 3;

/// `Gradients` of the kernels' source.
#[repr(C)]
#[derive(Clone, Copy)]
struct Gradients {
    gradient: [u64; TENSORS],
    length: [u32; TENSORS],
    first: u32,
    _padding: u32,
}
// SAFETY: plain numbers, laid out as in C.
unsafe impl DeviceRepr for Gradients {}

/// `Steps` of the kernels' source.
#[repr(C)]
#[derive(Clone, Copy)]
struct Steps {
    weights: [u64; TENSORS],
    velocity: [u64; TENSORS],
    gradient: [u64; TENSORS],
    length: [u32; TENSORS],
}
// SAFETY: plain numbers, laid out as in C.
unsafe impl DeviceRepr for Steps {}

fn gpu_of(device: &Device) -> Result<Gpu> {
    match device {
        Device::Cuda(device) => Gpu::of(device),
        _ => bail!("the tensors are not on a GPU"),
    }
}

fn address(tensor: &Tensor) -> Result<(u64, u32)> {
    if !tensor.is_contiguous() {
        bail!("a step takes contiguous tensors only");
    }
    with_operands([tensor], |[operand]| Ok((operand.address, operand.len()?)))
}

/// Steps of SGD on a GPU, with clipping by the norm of all gradients, that are made without reading anything from the device.
#[derive(Debug)]
pub struct TrainingSteps {
    /// `StepState` of the kernels' source, and the sums of an epoch: loss and correct images.
    state: Tensor,
    parts: Tensor,
}

/// What an epoch came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpochResults {
    /// The norm of all gradients of the last step.
    pub norm: f64,
    /// The first parameter whose gradient ever was not finite.
    pub diverged: Option<usize>,
    /// The weighted sum of the losses.
    pub loss: f64,
    /// Images classified correctly.
    pub right: f64,
}

impl TrainingSteps {
    /// For `parameters` tensors on a GPU; nothing for the CPU.
    ///
    /// # Errors
    /// If the device is out of memory.
    pub fn on(device: &Device, parameters: usize) -> Result<Option<Self>> {
        if !device.is_cuda() {
            return Ok(None);
        }
        let gpu = gpu_of(device)?;
        let vector = |len: usize| tensor((gpu.zeros(Life::Long, DType::F64, len)?.memory, len.into()));
        Ok(Some(Self { state: vector(STATE + 2)?, parts: vector(parameters.max(1) * PARTS as usize)? }))
    }

    /// One step for all parameters. One without gradient stays as it is if `skip_unused`, else its gradient is zeros.
    /// `step.gradient_scale` is not used: the gradients are scaled down to the norm `clip`.
    ///
    /// If a gradient is not finite, this step and all later ones change nothing, and [`Self::finish`] tells which.
    ///
    /// # Errors
    /// If the tensors do not fit each other.
    pub fn step(
        &mut self,
        parameters: &[Var],
        velocities: &[Var],
        gradients: &[Option<&Tensor>],
        (step, clip, skip_unused): (SgdStep, Option<f64>, bool),
    ) -> Result<()> {
        let Some(first) = parameters.first() else { return Ok(()) };
        if step.nesterov {
            bail!("sgd: Nesterov momentum has no kernel for the GPU");
        }
        let (gpu, dtype) = (gpu_of(first.device())?, first.dtype());
        let mut addresses = Vec::with_capacity(parameters.len());
        for ((parameter, velocity), gradient) in parameters.iter().zip(velocities).zip(gradients) {
            if parameter.dtype() != dtype || velocity.dtype() != dtype || velocity.dims() != parameter.dims() {
                bail!("sgd: the parameters and velocities are not of one type, or of different shapes");
            }
            let (weights, length) = address(parameter)?;
            let gradient = match gradient {
                Some(gradient) if gradient.dims() != parameter.dims() || gradient.dtype() != dtype => bail!(
                    "sgd: a gradient of shape {:?} and type {:?} for weights of shape {:?} and type {dtype:?}",
                    gradient.dims(),
                    gradient.dtype(),
                    parameter.dims()
                ),
                Some(gradient) => address(gradient)?.0,
                None => 0,
            };
            addresses.push((weights, address(velocity)?.0, gradient, length));
        }
        let (state, parts) = (address(&self.state)?.0, address(&self.parts)?.0);
        for (number, some) in addresses.chunks(TENSORS).enumerate() {
            let mut list = Gradients {
                gradient: [0; TENSORS],
                length: [0; TENSORS],
                first: count(number * TENSORS)?,
                _padding: 0,
            };
            for (place, &(_, _, gradient, length)) in some.iter().enumerate() {
                list.gradient[place] = gradient;
                list.length[place] = if gradient == 0 { 0 } else { length };
            }
            gpu.launch("squares", dtype, Grid::columns(PARTS, some.len() as u32), &[&list, &parts])?;
        }
        let (numbers, tensors, clip) = (0_u64, count(parameters.len())?, clip.unwrap_or(0.0));
        let arguments: [&dyn Argument; 6] = [&parts, &numbers, &state, &tensors, &PARTS, &clip];
        gpu.launch_plain("clip_factor", Grid::columns(1, 1), &arguments)?;
        let used: Vec<_> = addresses.into_iter().filter(|&(_, _, gradient, _)| gradient != 0 || !skip_unused).collect();
        for some in used.chunks(TENSORS) {
            let mut list =
                Steps { weights: [0; TENSORS], velocity: [0; TENSORS], gradient: [0; TENSORS], length: [0; TENSORS] };
            for (place, &(weights, velocity, gradient, length)) in some.iter().enumerate() {
                (list.weights[place], list.velocity[place]) = (weights, velocity);
                (list.gradient[place], list.length[place]) = (gradient, length);
            }
            let grid = Grid::columns(PARTS, some.len() as u32);
            let SgdStep { learning_rate, momentum, weight_decay, .. } = step;
            gpu.launch("sgd", dtype, grid, &[&list, &state, &learning_rate, &momentum, &weight_decay])?;
        }
        Ok(())
    }

    /// Adds a step to the sums of the epoch: `weight` times the loss, and the images of `logits: [n, classes]` whose greatest logit is that
    /// of their label, divided by `share`.
    ///
    /// # Errors
    /// If the tensors are not on the GPU.
    pub fn tally(&self, logits: &Tensor, labels: &Tensor, loss: &Tensor, [weight, share]: [f64; 2]) -> Result<()> {
        let gpu = gpu_of(logits.device())?;
        let (n, classes) = logits.dims2()?;
        let (n, classes, results) = (count(n)?, count(classes)?, address(&self.state)?.0 + 8 * STATE as u64);
        with_operands([logits, labels, loss], |[logits, labels, loss]| {
            let arguments: [&dyn Argument; 8] =
                [&logits.address, &labels.address, &loss.address, &results, &n, &classes, &weight, &share];
            gpu.launch("tally", logits.dtype, Grid::columns(1, 1), &arguments)
        })
    }

    /// Forgets all steps so far. Does not wait.
    ///
    /// # Errors
    /// If the device failed.
    pub fn begin(&self) -> Result<()> {
        let (address, n) = address(&self.state)?;
        gpu_of(self.state.device())?.launch("zero", DType::F64, Grid::each(n), &[&address, &n])
    }

    /// What the steps since [`Self::begin`], or the last call, came to. Waits for the device.
    ///
    /// # Errors
    /// If the device failed.
    pub fn finish(&mut self) -> Result<EpochResults> {
        let numbers: Vec<f64> = self.state.to_vec1()?;
        self.begin()?;
        let diverged = (numbers[2] > 0.0).then(|| numbers[2] as usize - 1);
        Ok(EpochResults { norm: numbers[1], diverged, loss: numbers[STATE], right: numbers[STATE + 1] })
    }
}
