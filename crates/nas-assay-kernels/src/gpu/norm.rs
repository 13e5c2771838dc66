//! Batch normalisation.

use std::sync::Arc;

use candle_core::{DType, Result, Tensor, Var, bail};

use super::device::Argument;
use super::memory::Buffer;
use super::reduce::parts;
use super::{Computed, Gpu, Grid, Life, List, OnGpu, Operand, Output, count, tensor, with_operands};
use crate::Moments;
use crate::cpu::norm::second::ImageGradient;
use crate::cpu::norm::{Norm, NormStatistics};
use crate::slice::Channels;

/// The mean and the biased variance of each channel on the device: first all means, then all variances.
#[derive(Clone, Debug)]
pub(crate) struct GpuStatistics {
    buffer: Arc<Buffer>,
    channels: usize,
}

impl GpuStatistics {
    fn new(gpu: &Gpu, channels: usize) -> Result<Self> {
        Ok(Self { buffer: Arc::new(gpu.buffer(2 * channels)?), channels })
    }

    fn address(&self) -> Result<u64> {
        self.buffer.address()
    }

    /// As tensors.
    pub fn moments(&self, gpu: &Gpu) -> Result<Moments> {
        let (n, address) = (2 * self.channels, self.address()?);
        let copy = gpu.output(DType::F64, n)?;
        gpu.launch("copy", DType::F64, Grid::each(count(n)?), &[&address, &copy.address, &count(n)?])?;
        let both = tensor((copy.memory, (2, self.channels).into()))?;
        Ok(Moments { mean: both.get(0)?, var: both.get(1)? })
    }
}

/// Running statistics that a forward pass moves towards those of its batch: `running += momentum (batch - running)`, with the unbiased
/// variance.
#[derive(Clone, Debug)]
pub(crate) struct Tracked {
    pub mean: Var,
    pub var: Var,
    /// Which of the layer's channels the batch has.
    pub channels: Channels,
    pub momentum: f64,
}

impl Tracked {
    /// The addresses of mean and variance, and the list of channels if they are picked one by one.
    fn places(&self, gpu: &Gpu, channels: u32, dtype: DType) -> Result<([u64; 2], Option<List>)> {
        let (mean, var) = (self.mean.as_tensor(), self.var.as_tensor());
        let total = mean.elem_count();
        if self.channels.len() != channels as usize || self.channels.iter().last().is_some_and(|last| last >= total) {
            bail!("batch_norm: running statistics of {:?} of {total} channels for {channels}", self.channels);
        }
        if var.dims() != mean.dims() || [mean, var].iter().any(|t| t.dtype() != dtype || !t.is_contiguous()) {
            bail!(
                "batch_norm: running statistics {:?} {:?} and {:?} {:?}",
                mean.dims(),
                mean.dtype(),
                var.dims(),
                var.dtype()
            );
        }
        let list = match &self.channels {
            Channels::First(_) => None,
            Channels::Picked(places) => Some(gpu.list(places)?),
        };
        Ok((with_operands([mean, var], |[mean, var]| Ok([mean.address, var.address]))?, list))
    }
}

/// Blocks of an element-wise pass over each channel: each block takes about as many elements.
const ELEMENTS: usize = 2048;

/// The sizes of an image tensor, and how a channel is cut.
struct Sizes {
    images: u32,
    channels: u32,
    plane: u32,
    /// Blocks of a channel in kernels that sum.
    parts: u32,
}

impl Sizes {
    fn new(x: Operand<'_>) -> Result<Self> {
        let [images, channels, h, w] = x.image()?;
        let plane = h * w;
        if x.len()? == 0 {
            bail!("a tensor of shape {:?} has no elements to normalise", x.dims);
        }
        Ok(Self { images, channels, plane, parts: parts(images as usize * plane as usize) })
    }

    fn sums(&self) -> Grid {
        Grid::columns(self.parts, self.channels)
    }

    fn elements(&self) -> Grid {
        Grid::columns((self.images as usize * self.plane as usize).div_ceil(ELEMENTS).max(1) as u32, self.channels)
    }

    fn expect_affine(&self, affine: Option<(Operand<'_>, Operand<'_>)>) -> Result<()> {
        let channels = self.channels as usize;
        match affine {
            Some((scale, shift)) if scale.dims != [channels] || shift.dims != [channels] => {
                bail!("{:?} scales and {:?} shifts for {channels} channels", scale.dims, shift.dims)
            }
            _ => Ok(()),
        }
    }
}

/// Statistics that were given, as the kernels take them.
pub(crate) fn given(mean: &Tensor, variance: &Tensor) -> Result<GpuStatistics> {
    let Some(gpu) = super::of_tensor(mean)? else { bail!("the statistics are not on the GPU") };
    if variance.dims() != mean.dims() || variance.dtype() != mean.dtype() {
        bail!("batch_norm: means {:?} and variances {:?} of different shape or type", mean.dims(), variance.dims());
    }
    with_operands([mean, variance], |[mean, variance]| {
        let channels = mean.len()?;
        let stats = GpuStatistics::new(&gpu, channels as usize)?;
        let arguments: [&dyn Argument; 4] = [&mean.address, &variance.address, &stats.address()?, &channels];
        gpu.launch("norm_given", mean.dtype, Grid::each(channels), &arguments)?;
        Ok(stats)
    })
}

/// The normalised image, and the statistics if they were taken from it.
fn normalise(norm: &Norm, gpu: &Gpu, x: Operand<'_>, affine: Option<(Operand<'_>, Operand<'_>)>) -> Result<Computed> {
    let (sizes, rectified) = (Sizes::new(x)?, u32::from(norm.rectified));
    sizes.expect_affine(affine)?;
    let Sizes { images, channels, plane, parts } = sizes;
    let statistics = match &norm.given {
        Some(NormStatistics::Gpu(given)) => given.clone(),
        Some(NormStatistics::Host { .. }) => bail!("the statistics are not on the GPU"),
        None => {
            let stats = GpuStatistics::new(gpu, channels as usize)?;
            let scratch = gpu.scratch(2 * (parts * channels) as usize)?;
            let (memory, counters) = (scratch.address(), gpu.counters(channels)?);
            let (running, momentum) = match &norm.track {
                Some(track) => (Some(track.places(gpu, channels, x.dtype)?), track.momentum),
                None => (None, 0.0),
            };
            // The list lives until the kernel is launched.
            let ([mean, variance], list) = running.unwrap_or_default();
            let places = list.as_ref().map_or(0, |list| list.address);
            let arguments: [&dyn Argument; 11] = [
                &x.address,
                &memory,
                &counters,
                &stats.address()?,
                &mean,
                &variance,
                &places,
                &momentum,
                &images,
                &channels,
                &plane,
            ];
            gpu.launch("norm_statistics", x.dtype, sizes.sums(), &arguments)?;
            stats
        }
    };
    let stats = statistics.address()?;
    let y = gpu.output(x.dtype, x.len()? as usize)?;
    let (scale, shift) = affine.map_or((0, 0), |(scale, shift)| (scale.address, shift.address));
    let arguments: [&dyn Argument; 10] =
        [&x.address, &stats, &scale, &shift, &y.address, &images, &channels, &plane, &norm.eps, &rectified];
    gpu.launch("norm_apply", x.dtype, sizes.elements(), &arguments)?;
    // A kernel runs forward once. A second run would compute the same numbers.
    let _ = norm.used.set(NormStatistics::Gpu(statistics));
    Ok((y.memory, x.dims.into()))
}

impl OnGpu<1> for Norm {
    fn launch(&self, gpu: &Gpu, [x]: [Operand<'_>; 1]) -> Result<Computed> {
        normalise(self, gpu, x, None)
    }
}

impl OnGpu<3> for Norm {
    fn launch(&self, gpu: &Gpu, [x, scale, shift]: [Operand<'_>; 3]) -> Result<Computed> {
        normalise(self, gpu, x, Some((scale, shift)))
    }
}

impl Norm {
    /// The statistics that the forward pass used.
    fn on_gpu(&self) -> Result<&GpuStatistics> {
        match self.statistics()? {
            NormStatistics::Gpu(statistics) => Ok(statistics),
            NormStatistics::Host { .. } => bail!("the statistics are not on the GPU"),
        }
    }
}

/// The gradients by image, scale and shift: that by the image only if it is wanted, the others only with a scale. Where there is a `mask`, the
/// gradient passes the ReLU of it first.
pub(crate) fn differentiate(
    norm: &Norm,
    gpu: &Gpu,
    [x, gy]: [Operand<'_>; 2],
    (scale, mask): (Option<Operand<'_>>, Option<Operand<'_>>),
    image_wanted: bool,
) -> Result<[Option<Computed>; 3]> {
    let mask = mask.map_or(0, |mask| mask.address);
    let sizes = Sizes::new(x)?;
    let Sizes { images, channels, plane, parts } = sizes;
    let stats = norm.on_gpu()?.address()?;
    let vector = || scale.map(|_| gpu.output_for(Life::Long, x.dtype, channels as usize)).transpose();
    let (of_scale, of_shift) = (vector()?, vector()?);
    let is_given = norm.given.is_some();
    let scratch = gpu.scratch(2 * channels as usize + 2 * (parts * channels) as usize)?;
    let sums = scratch.address();
    if !is_given || scale.is_some() {
        let (memory, counters) = (sums + 16 * u64::from(channels), gpu.counters(channels)?);
        let at = |output: &Option<Output>| output.as_ref().map_or(0, |output| output.address);
        let (scale, shift) = (at(&of_scale), at(&of_shift));
        let arguments: [&dyn Argument; 13] = [
            &x.address,
            &gy.address,
            &mask,
            &stats,
            &memory,
            &counters,
            &sums,
            &scale,
            &shift,
            &images,
            &channels,
            &plane,
            &norm.eps,
        ];
        gpu.launch("norm_sums", x.dtype, sizes.sums(), &arguments)?;
    }
    let gx = if image_wanted {
        let gx = gpu.output(x.dtype, x.len()? as usize)?;
        let (scale, sums) = (scale.map_or(0, |scale| scale.address), if is_given { 0 } else { sums });
        let arguments: [&dyn Argument; 11] =
            [&x.address, &gy.address, &mask, &stats, &sums, &scale, &gx.address, &images, &channels, &plane, &norm.eps];
        gpu.launch("norm_gradient", x.dtype, sizes.elements(), &arguments)?;
        Some((gx.memory, x.dims.into()))
    } else {
        None
    };
    let vector = |output: Option<Output>| output.map(|output| (output.memory, (channels as usize).into()));
    Ok([gx, vector(of_scale), vector(of_shift)])
}

/// The gradients of `Σ v gx` by image and scale.
pub(crate) fn differentiate_again(
    norm: &Norm,
    gpu: &Gpu,
    [x, gy, v]: [Operand<'_>; 3],
    scale: Option<Operand<'_>>,
) -> Result<[Computed; 2]> {
    let sizes = Sizes::new(x)?;
    let Sizes { images, channels, plane, parts } = sizes;
    let (stats, given) = (norm.on_gpu()?.address()?, u32::from(norm.given.is_some()));
    let of_scale = gpu.output(x.dtype, channels as usize)?;
    let scratch = gpu.scratch(5 * (channels + parts * channels) as usize)?;
    let sums = scratch.address();
    let (memory, counters) = (sums + 40 * u64::from(channels), gpu.counters(channels)?);
    let arguments: [&dyn Argument; 13] = [
        &x.address,
        &gy.address,
        &v.address,
        &stats,
        &memory,
        &counters,
        &sums,
        &of_scale.address,
        &images,
        &channels,
        &plane,
        &norm.eps,
        &given,
    ];
    gpu.launch("norm_second_sums", x.dtype, sizes.sums(), &arguments)?;
    let of_x = if norm.given.is_some() {
        gpu.zeros(Life::Short, x.dtype, x.len()? as usize)?
    } else {
        let of_x = gpu.output(x.dtype, x.len()? as usize)?;
        let scale = scale.map_or(0, |scale| scale.address);
        let arguments: [&dyn Argument; 11] = [
            &x.address,
            &gy.address,
            &v.address,
            &stats,
            &sums,
            &scale,
            &of_x.address,
            &images,
            &channels,
            &plane,
            &norm.eps,
        ];
        gpu.launch("norm_second", x.dtype, sizes.elements(), &arguments)?;
        of_x
    };
    Ok([(of_x.memory, x.dims.into()), (of_scale.memory, (channels as usize).into())])
}

fn image_gradient(norm: &Norm, gpu: &Gpu, inputs: [Operand<'_>; 2], scale: Option<Operand<'_>>) -> Result<Computed> {
    let [gx, ..] = differentiate(norm, gpu, inputs, (scale, None), true)?;
    gx.ok_or_else(|| candle_core::Error::Msg("batch_norm: the gradient by the image is missing".into()))
}

impl OnGpu<2> for ImageGradient {
    fn launch(&self, gpu: &Gpu, inputs: [Operand<'_>; 2]) -> Result<Computed> {
        image_gradient(&self.0, gpu, inputs, None)
    }
}

impl OnGpu<3> for ImageGradient {
    fn launch(&self, gpu: &Gpu, [x, gy, scale]: [Operand<'_>; 3]) -> Result<Computed> {
        image_gradient(&self.0, gpu, [x, gy], Some(scale))
    }
}
