//! Convolution and its gradients by image and weights.
//!
//! The gradient by the image is a convolution of the gradient, so one kernel does both. How work is cut depends on shapes alone.

use candle_core::cuda_backend::cudarc::driver::DeviceRepr;
use candle_core::{DType, Result, bail};

use super::device::Scratch;
use super::{BLOCK, Computed, Gpu, Grid, Life, OnGpu, Operand, Output, copies, count};
use crate::Window;
use crate::cpu::conv::rectified::{RectifiedConvolution, RectifiedImageGradient, RectifiedWeightGradient};
use crate::cpu::conv::{Convolution, ImageGradient, WeightGradient};
use crate::cpu::view::View;

/// Bytes of shared memory that a block may use; every GPU has 48 KiB.
const SHARED: u32 = 40 * 1024;

/// Columns of a tile at most: a warp reads whole rows.
const TILE_COLUMNS: u32 = 32;

/// Output and input channels whose weights a block differentiates at most, where a thread has one pair of them.
const PAIR_SIDE: u32 = 16;

/// Blocks that keep any GPU busy.
const BLOCKS: u32 = 256;

/// `Convolve` of the kernels' source.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
struct Convolve {
    n: u32,
    groups: u32,
    inputs: u32,
    outputs: u32,
    h: u32,
    w: u32,
    rows: u32,
    columns: u32,
    kh: u32,
    kw: u32,
    stride: u32,
    dilation: u32,
    spread: u32,
    padding_y: i32,
    padding_x: i32,
    group_step: u32,
    output_step: u32,
    input_step: u32,
    reversed: u32,
    rectified: u32,
    images: u32,
    tile_rows: u32,
    tile_columns: u32,
    at_once: u32,
    sides: u32,
    patch_rows: u32,
    patch_columns: u32,
}
// SAFETY: plain numbers, laid out as in C.
unsafe impl DeviceRepr for Convolve {}

/// `Correlate` of the kernels' source.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
struct Correlate {
    n: u32,
    groups: u32,
    inputs: u32,
    outputs: u32,
    h: u32,
    w: u32,
    rows: u32,
    columns: u32,
    kh: u32,
    kw: u32,
    stride: u32,
    dilation: u32,
    padding: u32,
    rectified: u32,
    tile_outputs: u32,
    tile_inputs: u32,
    tile_rows: u32,
    tile_columns: u32,
    patch_rows: u32,
    patch_columns: u32,
    patch: u32,
}
// SAFETY: plain numbers, laid out as in C.
unsafe impl DeviceRepr for Correlate {}

/// Equal pieces of `extent`, none longer than `most`.
fn pieces(extent: u32, most: u32) -> u32 {
    extent.div_ceil(extent.div_ceil(most.max(1)).max(1))
}

/// The sizes of a convolution.
#[derive(Clone, Copy)]
struct Sizes {
    n: u32,
    /// Channels of the image and of the output, of one group.
    inputs: u32,
    outputs: u32,
    image: (u32, u32),
    output: (u32, u32),
    kernel: (u32, u32),
    window: Window,
}

impl Sizes {
    /// # Errors
    /// If the kernel does not fit the image.
    fn new([n, channels, h, w]: [u32; 4], [outputs, inputs, kh, kw]: [usize; 4], window: Window) -> Result<Self> {
        let dims = [n, channels, h, w].map(|extent| extent as usize);
        let geometry = crate::cpu::conv::geometry::Geometry::new(dims, [outputs, inputs, kh, kw], window)?;
        Ok(Self {
            n,
            inputs: count(inputs)?,
            outputs: count(outputs / window.groups)?,
            image: (h, w),
            output: (count(geometry.ho)?, count(geometry.wo)?),
            kernel: (count(kh)?, count(kw)?),
            window,
        })
    }

    fn taps(&self) -> u32 {
        self.kernel.0 * self.kernel.1
    }

    /// The convolution of an image, with weights that lie `row` apart for every output.
    fn forward(&self, row: u32) -> Result<Convolve> {
        let Window { stride, padding, dilation, groups } = self.window;
        let padding = i32::try_from(padding).map_err(candle_core::Error::wrap)?;
        Ok(Convolve {
            inputs: self.inputs,
            outputs: self.outputs,
            h: self.image.0,
            w: self.image.1,
            rows: self.output.0,
            columns: self.output.1,
            stride: count(stride)?,
            spread: 1,
            padding_y: padding,
            padding_x: padding,
            group_step: self.outputs * row,
            output_step: row,
            input_step: self.taps(),
            reversed: 0,
            ..self.common(count(dilation)?, count(groups)?)
        })
    }

    /// The gradient by the image, as a convolution of the gradient by the output.
    fn backward(&self, row: u32) -> Result<Convolve> {
        let Window { stride, padding, dilation, groups } = self.window;
        let padding = |kernel: u32| -> Result<i32> {
            let span = i32::try_from(dilation * (kernel as usize - 1)).map_err(candle_core::Error::wrap)?;
            Ok(span - i32::try_from(padding).map_err(candle_core::Error::wrap)?)
        };
        Ok(Convolve {
            inputs: self.outputs,
            outputs: self.inputs,
            h: self.output.0,
            w: self.output.1,
            rows: self.image.0,
            columns: self.image.1,
            stride: 1,
            spread: count(stride)?,
            padding_y: padding(self.kernel.0)?,
            padding_x: padding(self.kernel.1)?,
            group_step: self.outputs * row,
            output_step: self.taps(),
            input_step: row,
            reversed: 1,
            ..self.common(count(dilation)?, count(groups)?)
        })
    }

    fn common(&self, dilation: u32, groups: u32) -> Convolve {
        Convolve {
            n: self.n,
            groups,
            inputs: 0,
            outputs: 0,
            h: 0,
            w: 0,
            rows: 0,
            columns: 0,
            kh: self.kernel.0,
            kw: self.kernel.1,
            stride: 1,
            dilation,
            spread: 1,
            padding_y: 0,
            padding_x: 0,
            group_step: 0,
            output_step: 0,
            input_step: 0,
            reversed: 0,
            rectified: 0,
            images: 1,
            tile_rows: 1,
            tile_columns: 1,
            at_once: 1,
            sides: 1,
            patch_rows: 1,
            patch_columns: 1,
        }
    }
}

impl Convolve {
    /// Cuts the work into tiles and runs it. Where `mask` is not null, outputs at which it is not positive are zero.
    fn run(mut self, gpu: &Gpu, dtype: DType, [x, weights, mask]: [u64; 3]) -> Result<Output> {
        let elements = [self.n, self.groups, self.outputs, self.rows, self.columns].map(|extent| extent as usize);
        let y = gpu.output(dtype, count(elements.iter().product())? as usize)?;
        // Outputs and pixels of a thread: the more of them, the less often a pixel is read.
        let (name, each, pixels) = match self.outputs {
            1 => ("convolve_1", 1, 4),
            2..33 => ("convolve_4", 4, 4),
            _ => ("convolve_8", 8, 8),
        };
        self.sides = self.outputs.div_ceil(each).next_power_of_two().min(8);
        let pixels = BLOCK / self.sides * pixels;
        let tile_outputs = self.sides * each;
        self.tile_columns = pieces(self.columns, TILE_COLUMNS);
        self.tile_rows = pieces(self.rows, pixels / self.tile_columns);
        self.images = (pixels / (self.tile_rows * self.tile_columns)).clamp(1, self.n);
        let most = SHARED / dtype.size_in_bytes() as u32;
        // Numbers of shared memory for one input.
        let of_input = loop {
            self.patch_rows = (self.tile_rows - 1) * self.stride + (self.kh - 1) * self.dilation + 1;
            self.patch_columns = (self.tile_columns - 1) * self.stride + (self.kw - 1) * self.dilation + 1;
            let needed = self.images * self.patch_rows * self.patch_columns + self.kh * self.kw * tile_outputs;
            if needed <= most {
                break needed;
            }
            match (self.images, self.tile_rows, self.tile_columns) {
                (2.., _, _) => self.images /= 2,
                (_, 2.., _) => self.tile_rows = self.tile_rows.div_ceil(2),
                (_, _, 2..) => self.tile_columns = self.tile_columns.div_ceil(2),
                _ => bail!("a kernel of {} x {} pixels is too large for the GPU's convolution", self.kh, self.kw),
            }
        };
        self.at_once = (most / of_input).clamp(1, self.inputs);
        let tiles = self.rows.div_ceil(self.tile_rows) * self.columns.div_ceil(self.tile_columns);
        let columns = self.groups * self.outputs.div_ceil(tile_outputs);
        let grid = Grid {
            blocks: (tiles * self.n.div_ceil(self.images), columns, 1),
            threads: BLOCK,
            shared: self.at_once * of_input * dtype.size_in_bytes() as u32,
        };
        gpu.launch(name, dtype, grid, &[&x, &weights, &mask, &y.address, &self])?;
        Ok(y)
    }
}

/// The weights of a view as a convolution reads them: their address, the distance from one output to the next, and memory that must live
/// until the kernel is launched.
fn weights(gpu: &Gpu, view: &View, w: Operand<'_>) -> Result<(u64, u32, Option<Output>)> {
    view.expect_whole(w.dims)?;
    if let Some(row) = view.row_step() {
        return Ok((w.address, count(row)?, None));
    }
    let part = copies::gather(gpu, view, w)?;
    Ok((part.address, count(view.shape()[1..].iter().product())?, Some(part)))
}

/// The convolution of an image, or of its ReLU.
fn convolve(gpu: &Gpu, (window, view): (Window, &View), [x, w]: [Operand<'_>; 2], rectified: bool) -> Result<Computed> {
    let sizes = Sizes::new(x.image()?, view.kernel_of(w.dims)?, window)?;
    let (address, row, _part) = weights(gpu, view, w)?;
    let convolve = Convolve { rectified: u32::from(rectified), ..sizes.forward(row)? };
    let y = convolve.run(gpu, x.dtype, [x.address, address, 0])?;
    let channels = sizes.outputs as usize * window.groups;
    Ok((y.memory, (sizes.n as usize, channels, sizes.output.0 as usize, sizes.output.1 as usize).into()))
}

/// The gradient by an image of the given size, or by one whose ReLU was convolved: the `mask`.
fn image_gradient(
    gpu: &Gpu,
    (window, view, size): (Window, &View, (usize, usize)),
    [gy, w]: [Operand<'_>; 2],
    mask: Option<Operand<'_>>,
) -> Result<Computed> {
    let ([n, ..], kernel) = (gy.image()?, view.kernel_of(w.dims)?);
    let channels = kernel[1] * window.groups;
    let sizes = Sizes::new([n, count(channels)?, count(size.0)?, count(size.1)?], kernel, window)?;
    sizes.expect_output(gy)?;
    let (address, row, _part) = weights(gpu, view, w)?;
    let mask = mask.map_or(0, |mask| mask.address);
    let gx = sizes.backward(row)?.run(gpu, gy.dtype, [gy.address, address, mask])?;
    Ok((gx.memory, (n as usize, channels, size.0, size.1).into()))
}

impl OnGpu<2> for Convolution {
    fn launch(&self, gpu: &Gpu, inputs: [Operand<'_>; 2]) -> Result<Computed> {
        convolve(gpu, (self.window, &self.view), inputs, false)
    }
}

impl OnGpu<2> for RectifiedConvolution {
    fn launch(&self, gpu: &Gpu, inputs: [Operand<'_>; 2]) -> Result<Computed> {
        convolve(gpu, (self.0.window, &self.0.view), inputs, true)
    }
}

impl OnGpu<2> for ImageGradient {
    fn launch(&self, gpu: &Gpu, inputs: [Operand<'_>; 2]) -> Result<Computed> {
        image_gradient(gpu, (self.window, &self.view, self.size), inputs, None)
    }
}

impl OnGpu<3> for RectifiedImageGradient {
    fn launch(&self, gpu: &Gpu, [gy, w, x]: [Operand<'_>; 3]) -> Result<Computed> {
        let [_, _, h, w_] = x.image()?;
        image_gradient(gpu, (self.0.window, &self.0.view, (h as usize, w_ as usize)), [gy, w], Some(x))
    }
}

impl Sizes {
    /// An error unless `gy` has the shape of the output.
    fn expect_output(&self, gy: Operand<'_>) -> Result<()> {
        let expected = [self.n, self.outputs * count(self.window.groups)?, self.output.0, self.output.1];
        if gy.image()? != expected {
            bail!("a gradient of shape {:?}, but the output has the shape {expected:?}", gy.dims);
        }
        Ok(())
    }

    /// The gradient by the weights: parts of it in scratch memory, and how many.
    fn correlate<'a>(&self, gpu: &'a Gpu, [x, gy]: [Operand<'_>; 2], rectified: bool) -> Result<(Scratch<'a>, u32)> {
        let Window { stride, padding, dilation, groups } = self.window;
        let (groups, size) = (count(groups)?, x.dtype.size_in_bytes() as u32);
        // With many channels a thread has two of each side, so that every pixel is read half as often.
        let is_wide = self.outputs > PAIR_SIDE && self.inputs > PAIR_SIDE;
        let side = if is_wide { 2 } else { 1 };
        let tile_outputs = self.outputs.next_power_of_two().min(side * PAIR_SIDE);
        let tile_inputs = self.inputs.next_power_of_two().min(side * PAIR_SIDE);
        let lanes = BLOCK / (tile_outputs * tile_inputs / (side * side));
        let mut s = Correlate {
            n: self.n,
            groups,
            inputs: self.inputs,
            outputs: self.outputs,
            h: self.image.0,
            w: self.image.1,
            rows: self.output.0,
            columns: self.output.1,
            kh: self.kernel.0,
            kw: self.kernel.1,
            stride: count(stride)?,
            dilation: count(dilation)?,
            padding: count(padding)?,
            rectified: u32::from(rectified),
            tile_outputs,
            tile_inputs,
            tile_rows: 1,
            tile_columns: 1,
            patch_rows: 1,
            patch_columns: 1,
            patch: 1,
        };
        let mut area = (64 * lanes).min(1024);
        let numbers = loop {
            s.tile_columns = pieces(s.columns, TILE_COLUMNS.min(area));
            s.tile_rows = pieces(s.rows, area / s.tile_columns);
            s.patch_rows = (s.tile_rows - 1) * s.stride + (s.kh - 1) * s.dilation + 1;
            s.patch_columns = (s.tile_columns - 1) * s.stride + (s.kw - 1) * s.dilation + 1;
            s.patch = (s.patch_rows * s.patch_columns) | 1;
            let numbers = tile_outputs * (s.tile_rows * s.tile_columns + 1) + tile_inputs * s.patch;
            if numbers * size <= SHARED {
                break numbers.max(BLOCK);
            }
            if area == 1 {
                bail!("a kernel of {} x {} pixels is too large for the GPU's convolution", s.kh, s.kw);
            }
            area /= 2;
        };
        let (name, together) = match (self.taps() == 1, is_wide) {
            (true, false) => ("correlate_1", 1),
            (true, true) => ("correlate_1_wide", 1),
            (false, false) => ("correlate_9", 9),
            (false, true) => ("correlate_9_wide", 9),
        };
        let columns = groups * self.outputs.div_ceil(tile_outputs) * self.inputs.div_ceil(tile_inputs);
        let rounds = self.taps().div_ceil(together);
        let each = self.n.div_ceil((BLOCKS / (columns * rounds)).clamp(1, self.n));
        let parts = self.n.div_ceil(each);
        let weights = (groups * self.outputs * self.inputs * self.taps()) as usize;
        let scratch = gpu.scratch((parts as usize * weights * size as usize).div_ceil(8))?;
        let memory = scratch.address();
        let grid = Grid { blocks: (parts, columns, rounds), threads: BLOCK, shared: numbers * size };
        gpu.launch(name, x.dtype, grid, &[&x.address, &gy.address, &memory, &s])?;
        Ok((scratch, parts))
    }
}

impl OnGpu<2> for WeightGradient {
    fn launch(&self, gpu: &Gpu, inputs: [Operand<'_>; 2]) -> Result<Computed> {
        self.on_gpu(gpu, inputs, false)
    }
}

impl OnGpu<2> for RectifiedWeightGradient {
    fn launch(&self, gpu: &Gpu, inputs: [Operand<'_>; 2]) -> Result<Computed> {
        self.0.on_gpu(gpu, inputs, true)
    }
}

impl WeightGradient {
    fn on_gpu(&self, gpu: &Gpu, [x, gy]: [Operand<'_>; 2], rectified: bool) -> Result<Computed> {
        let view = &self.view;
        let sizes = Sizes::new(x.image()?, view.kernel_of(view.whole())?, self.window)?;
        sizes.expect_output(gy)?;
        let (parts, number) = sizes.correlate(gpu, [x, gy], rectified)?;
        let (length, whole) = (view.shape()[1..].iter().product::<usize>(), view.whole().iter().product::<usize>());
        let n = count(view.shape().iter().product())?;
        let add = |to: u64, step: usize| {
            let (memory, length, step) = (parts.address(), count(length)?, count(step)?);
            gpu.launch("add_parts", x.dtype, Grid::each(n), &[&memory, &to, &n, &number, &length, &step])
        };
        let gw = match view.row_step() {
            Some(step) if n as usize == whole => {
                let gw = gpu.output_for(Life::Long, x.dtype, whole)?;
                add(gw.address, step)?;
                gw
            }
            Some(step) => {
                let gw = gpu.zeros(Life::Long, x.dtype, whole)?;
                add(gw.address, step)?;
                gw
            }
            None => {
                let part = gpu.output(x.dtype, n as usize)?;
                add(part.address, length)?;
                copies::scatter(gpu, view, part.address, x.dtype)?
            }
        };
        Ok((gw.memory, view.whole().into()))
    }
}
