//! Average and maximum pooling.

use candle_core::cuda_backend::cudarc::driver::DeviceRepr;
use candle_core::{DType, Result, bail};

use super::{Computed, Gpu, Grid, OnGpu, Operand, count};
use crate::cpu::pool::{AtMaximum, Average, AverageGradient, Maximum, MaximumGradient, Pool};

/// `Pool` of the kernels' source.
#[repr(C)]
#[derive(Clone, Copy)]
struct Shape {
    h: u32,
    w: u32,
    rows: u32,
    columns: u32,
    kernel: u32,
    stride: u32,
    padding: u32,
}
// SAFETY: plain numbers, laid out as in C.
unsafe impl DeviceRepr for Shape {}

impl Shape {
    fn new(pool: Pool, h: usize, w: usize) -> Result<Self> {
        Ok(Self {
            h: count(h)?,
            w: count(w)?,
            rows: count(pool.outputs(h)?)?,
            columns: count(pool.outputs(w)?)?,
            kernel: count(pool.kernel)?,
            stride: count(pool.stride)?,
            padding: count(pool.padding)?,
        })
    }
}

/// Runs a kernel `(inputs, result, elements, shape)`: for every window, or for every pixel of `planes` images.
fn run(
    gpu: &Gpu,
    name: &'static str,
    inputs: &[u64],
    dtype: DType,
    (n, c): (u32, u32),
    shape: Shape,
    each_window: bool,
) -> Result<Computed> {
    let (rows, columns) = if each_window { (shape.rows, shape.columns) } else { (shape.h, shape.w) };
    let dims = [n, c, rows, columns].map(|extent| extent as usize);
    let total = count(dims.iter().product())?;
    let y = gpu.output(dtype, total as usize)?;
    let mut arguments: Vec<&dyn super::device::Argument> = Vec::with_capacity(5);
    for input in inputs {
        arguments.push(input);
    }
    arguments.push(&y.address);
    arguments.push(&total);
    arguments.push(&shape);
    gpu.launch(name, dtype, Grid::each(total), &arguments)?;
    Ok((y.memory, dims.to_vec().into()))
}

impl OnGpu<1> for Average {
    fn launch(&self, gpu: &Gpu, [x]: [Operand<'_>; 1]) -> Result<Computed> {
        let [n, c, h, w] = x.image()?;
        let shape = Shape::new(self.pool, h as usize, w as usize)?;
        run(gpu, "average", &[x.address], x.dtype, (n, c), shape, true)
    }
}

impl OnGpu<1> for AverageGradient {
    fn launch(&self, gpu: &Gpu, [gy]: [Operand<'_>; 1]) -> Result<Computed> {
        let [n, c, rows, columns] = gy.image()?;
        let shape = Shape::new(self.pool, self.size.0, self.size.1)?;
        if (rows, columns) != (shape.rows, shape.columns) {
            bail!("a gradient of shape {:?} does not fit {:?} over {:?} pixels", gy.dims, self.pool, self.size);
        }
        run(gpu, "average_gradient", &[gy.address], gy.dtype, (n, c), shape, false)
    }
}

impl OnGpu<1> for Maximum {
    fn launch(&self, gpu: &Gpu, [x]: [Operand<'_>; 1]) -> Result<Computed> {
        let [n, c, h, w] = x.image()?;
        let shape = Shape::new(self.pool, h as usize, w as usize)?;
        run(gpu, "maximum", &[x.address], x.dtype, (n, c), shape, true)
    }
}

impl OnGpu<2> for MaximumGradient {
    fn launch(&self, gpu: &Gpu, [gy, x]: [Operand<'_>; 2]) -> Result<Computed> {
        let [n, c, h, w] = x.image()?;
        let shape = Shape::new(self.pool, h as usize, w as usize)?;
        if gy.image()? != [n, c, shape.rows, shape.columns] {
            bail!("a gradient of shape {:?} does not fit {:?} over {:?}", gy.dims, self.pool, x.dims);
        }
        let windows = gy.len()?;
        // The places take the room of as many numbers of single precision.
        let scratch = gpu.scratch((windows as usize).div_ceil(2))?;
        let places = scratch.address();
        gpu.launch("maximum_places", x.dtype, Grid::each(windows), &[&x.address, &places, &windows, &shape])?;
        run(gpu, "maximum_gradient", &[gy.address, places], x.dtype, (n, c), shape, false)
    }
}

impl OnGpu<2> for AtMaximum {
    fn launch(&self, gpu: &Gpu, [v, x]: [Operand<'_>; 2]) -> Result<Computed> {
        let [n, c, h, w] = x.image()?;
        let shape = Shape::new(self.pool, h as usize, w as usize)?;
        run(gpu, "at_maximum", &[v.address, x.address], x.dtype, (n, c), shape, true)
    }
}
