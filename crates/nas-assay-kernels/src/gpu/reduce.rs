//! Sums, in a fixed order.

use candle_core::{DType, Result, Shape, Tensor, bail};

use super::device::Argument;
use super::{BLOCK, Computed, Gpu, Grid, OnGpu, Operand, count, elementwise, with_operands};
use crate::cpu::reduce::{Broadcast, Sums};
use crate::cpu::times_ones::{Products, TimesOnes};

/// Elements that a block sums, about.
const ELEMENTS: usize = 4096;

/// Sums that get blocks of their own at most.
const MOST_COLUMNS: u32 = 1 << 14;

/// Blocks that make one sum at most: their parts are added by one thread.
const MOST_PARTS: usize = 64;

/// Blocks that make each of some sums over `elements` elements. It is a part of the order of the sum, so it depends on shapes alone.
pub(super) fn parts(elements: usize) -> u32 {
    elements.div_ceil(ELEMENTS).clamp(1, MOST_PARTS) as u32
}

impl OnGpu<1> for Sums {
    fn launch(&self, gpu: &Gpu, [x]: [Operand<'_>; 1]) -> Result<Computed> {
        let (planes, shape) = self.over.planes(x.dims)?;
        let (n, outputs) = (x.len()? as usize, shape.elem_count());
        let (plane, each) = (n / planes, n / outputs);
        let divisor = if self.mean { each as f64 } else { 1.0 };
        let y = gpu.output(x.dtype, outputs)?;
        let (images, outputs) = (count(planes / outputs)?, count(outputs)?);
        // Many sums have a thread each: there are not so many columns of blocks.
        if images == 1 && outputs > 1 && (plane <= BLOCK as usize || outputs > MOST_COLUMNS) {
            let arguments: [&dyn Argument; 5] = [&x.address, &y.address, &outputs, &count(plane)?, &divisor];
            gpu.launch("sum_rows", x.dtype, Grid::each(outputs), &arguments)?;
            return Ok((y.memory, shape));
        }
        let parts = parts(each);
        let scratch = gpu.scratch(parts as usize * outputs as usize)?;
        let (memory, counters, plane) = (scratch.address(), gpu.counters(outputs)?, count(plane)?);
        gpu.launch(
            "sum",
            x.dtype,
            Grid::columns(parts, outputs),
            &[&x.address, &memory, &counters, &y.address, &images, &outputs, &plane, &divisor],
        )?;
        Ok((y.memory, shape))
    }
}

impl OnGpu<1> for Broadcast {
    fn launch(&self, gpu: &Gpu, [gy]: [Operand<'_>; 1]) -> Result<Computed> {
        let (planes, shape) = self.over.planes(self.shape.dims())?;
        let outputs = gy.len()?;
        if outputs as usize != shape.elem_count() {
            bail!("a gradient of shape {:?}, but it should be {shape:?}", gy.dims);
        }
        let n = count(self.shape.elem_count())?;
        let plane = n / count(planes)?;
        let divisor = if self.mean { f64::from(n / outputs) } else { 1.0 };
        let gx = gpu.output(gy.dtype, n as usize)?;
        let arguments: [&dyn Argument; 6] = [&gy.address, &gx.address, &n, &outputs, &plane, &divisor];
        gpu.launch("broadcast", gy.dtype, Grid::each(n), &arguments)?;
        Ok((gx.memory, self.shape.clone()))
    }
}

impl OnGpu<2> for TimesOnes {
    fn launch(&self, gpu: &Gpu, [y, _]: [Operand<'_>; 2]) -> Result<Computed> {
        elementwise::copy(gpu, y)
    }
}

impl OnGpu<2> for Products {
    fn launch(&self, gpu: &Gpu, [y, gy]: [Operand<'_>; 2]) -> Result<Computed> {
        let (n, c) = (y.dims[0], y.dims[1]);
        if y.dims.contains(&0) {
            bail!("times_ones: a tensor of shape {:?} has no elements", y.dims);
        }
        let rows = count(n * c)?;
        let plane = y.len()? / rows.max(1);
        let sums = gpu.output(y.dtype, n * c)?;
        let grid =
            Grid { blocks: (rows.max(1), 1, 1), threads: plane.next_multiple_of(32).clamp(32, BLOCK), shared: 0 };
        gpu.launch("row_products", y.dtype, grid, &[&y.address, &gy.address, &sums.address, &plane])?;
        Ok((sums.memory, Shape::from((n, c))))
    }
}

/// `Σ x y`, or `Σ |x y|`, in double precision, read from the device.
pub(crate) fn dot(gpu: &Gpu, x: &Tensor, y: &Tensor, absolute: bool) -> Result<f64> {
    with_operands([x, y], |[x, y]| {
        let n = x.len()?;
        let parts = parts(n as usize);
        let result = gpu.output(DType::F64, 1)?;
        let scratch = gpu.scratch(parts as usize)?;
        let (memory, counters, absolute) = (scratch.address(), gpu.counters(1)?, u32::from(absolute));
        gpu.launch(
            "dot",
            x.dtype,
            Grid::columns(parts, 1),
            &[&x.address, &y.address, &memory, &counters, &result.address, &n, &absolute],
        )?;
        drop(scratch);
        super::tensor((result.memory, ().into()))?.to_scalar()
    })
}
