//! The classifier and the loss.

use candle_core::cuda_backend::cudarc::driver::DeviceRepr;
use candle_core::{Result, Shape, Tensor, bail};

use super::{Computed, Gpu, Grid, OnGpu, Operand, count, with_operands};
use crate::cpu::linear::{Affine, Product, Side};
use crate::cpu::loss::{CrossEntropy, CrossEntropyGradient, GradientVectorProduct, HessianVectorProduct, Labels};

/// `Product` of the kernels' source.
#[repr(C)]
#[derive(Clone, Copy)]
struct Matrices {
    rows: u32,
    inner: u32,
    columns: u32,
    left_row: u32,
    left_inner: u32,
    right_inner: u32,
    right_column: u32,
}
// SAFETY: plain numbers, laid out as in C.
unsafe impl DeviceRepr for Matrices {}

fn product(gpu: &Gpu, product: &Product, [a, b]: [Operand<'_>; 2], bias: u64) -> Result<Computed> {
    let size = |side: Side, matrix: Operand<'_>| -> Result<[u32; 4]> {
        match (side, matrix.dims) {
            (Side::AsIs, &[rows, columns]) => Ok([count(rows)?, count(columns)?, count(columns)?, 1]),
            (Side::Transposed, &[columns, rows]) => Ok([count(rows)?, count(columns)?, 1, count(rows)?]),
            _ => bail!("a matrix has two dimensions, but this tensor has the shape {:?}", matrix.dims),
        }
    };
    let [rows, inner, left_row, left_inner] = size(product.left, a)?;
    let [inner_too, columns, right_inner, right_column] = size(product.right, b)?;
    if inner != inner_too || [rows, inner, columns].contains(&0) {
        bail!("matrices of {rows} x {inner} and {inner_too} x {columns} cannot be multiplied");
    }
    let n = count(rows as usize * columns as usize)?;
    let y = gpu.output(a.dtype, n as usize)?;
    let sizes = Matrices { rows, inner, columns, left_row, left_inner, right_inner, right_column };
    gpu.launch("product", a.dtype, Grid::each(n), &[&a.address, &b.address, &bias, &y.address, &sizes])?;
    Ok((y.memory, (rows as usize, columns as usize).into()))
}

impl OnGpu<2> for Product {
    fn launch(&self, gpu: &Gpu, inputs: [Operand<'_>; 2]) -> Result<Computed> {
        product(gpu, self, inputs, 0)
    }
}

impl OnGpu<3> for Affine {
    fn launch(&self, gpu: &Gpu, [x, w, b]: [Operand<'_>; 3]) -> Result<Computed> {
        if w.dims.first() != b.dims.first() || b.dims.len() != 1 {
            bail!("a bias of shape {:?} does not fit weights of shape {:?}", b.dims, w.dims);
        }
        product(gpu, &Product { left: Side::AsIs, right: Side::Transposed }, [x, w], b.address)
    }
}

/// Where the labels lie, and the number of images and classes.
fn rows(labels: &Labels, logits: Operand<'_>) -> Result<(u64, u32, u32)> {
    let address = labels.on_gpu(|labels: &Tensor| with_operands([labels], |[labels]| Ok(labels.address)))?;
    Ok((address, count(logits.dims[0])?, count(logits.dims[1])?))
}

impl OnGpu<1> for CrossEntropy {
    fn launch(&self, gpu: &Gpu, [logits]: [Operand<'_>; 1]) -> Result<Computed> {
        let (labels, n, classes) = rows(&self.labels, logits)?;
        let loss = gpu.output(logits.dtype, 1)?;
        let arguments: [&dyn super::device::Argument; 5] = [&logits.address, &labels, &loss.address, &n, &classes];
        gpu.launch("cross_entropy", logits.dtype, Grid::columns(1, 1), &arguments)?;
        Ok((loss.memory, Shape::from(())))
    }
}

impl OnGpu<2> for CrossEntropyGradient {
    fn launch(&self, gpu: &Gpu, [gy, logits]: [Operand<'_>; 2]) -> Result<Computed> {
        let (labels, n, classes) = rows(&self.labels, logits)?;
        let gradient = gpu.output(logits.dtype, logits.len()? as usize)?;
        let arguments: [&dyn super::device::Argument; 6] =
            [&gy.address, &logits.address, &labels, &gradient.address, &n, &classes];
        gpu.launch("cross_entropy_gradient", logits.dtype, Grid::each(n), &arguments)?;
        Ok((gradient.memory, logits.dims.into()))
    }
}

impl OnGpu<2> for GradientVectorProduct {
    fn launch(&self, gpu: &Gpu, [v, logits]: [Operand<'_>; 2]) -> Result<Computed> {
        let (labels, n, classes) = rows(&self.labels, logits)?;
        let result = gpu.output(logits.dtype, 1)?;
        let arguments: [&dyn super::device::Argument; 6] =
            [&v.address, &logits.address, &labels, &result.address, &n, &classes];
        gpu.launch("cross_entropy_along", logits.dtype, Grid::columns(1, 1), &arguments)?;
        Ok((result.memory, Shape::from(())))
    }
}

impl OnGpu<3> for HessianVectorProduct {
    fn launch(&self, gpu: &Gpu, [v, gy, logits]: [Operand<'_>; 3]) -> Result<Computed> {
        let (n, classes) = (count(logits.dims[0])?, count(logits.dims[1])?);
        let product = gpu.output(logits.dtype, logits.len()? as usize)?;
        let arguments: [&dyn super::device::Argument; 6] =
            [&v.address, &gy.address, &logits.address, &product.address, &n, &classes];
        gpu.launch("cross_entropy_second", logits.dtype, Grid::each(n), &arguments)?;
        Ok((product.memory, logits.dims.into()))
    }
}
