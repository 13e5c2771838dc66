//! Parts of tensors: channels, rows, every second pixel, parts of weights.

use candle_core::{DType, Result, bail};

use super::device::Argument;
use super::{Computed, Gpu, Grid, Life, OnGpu, Operand, Output, count};
use crate::cpu::channels::{self, AddAt};
use crate::cpu::even_odd::{EvenOdd, EvenOddGradient};
use crate::cpu::rows;
use crate::cpu::slice::{Gather, Scatter};
use crate::cpu::view::View;

/// `length` elements of each row of `x_row`, from `start` on.
fn take(gpu: &Gpu, x: Operand<'_>, [x_row, start, length]: [usize; 3]) -> Result<Output> {
    let n = x.len()? as usize / x_row.max(1) * length;
    let y = gpu.output(x.dtype, n)?;
    let [n, length, x_row, start] = [count(n)?, count(length)?, count(x_row)?, count(start)?];
    gpu.launch("take", x.dtype, Grid::each(n), &[&x.address, &y.address, &n, &length, &x_row, &start])?;
    Ok(y)
}

/// Rows of `y_row` elements: those of `x`, of `length`, from `start` on, and zeros.
fn place(gpu: &Gpu, x: Operand<'_>, [y_row, start, length]: [usize; 3]) -> Result<Output> {
    let n = x.len()? as usize / length.max(1) * y_row;
    let y = gpu.output(x.dtype, n)?;
    let [n, length, y_row, start] = [count(n)?, count(length)?, count(y_row)?, count(start)?];
    gpu.launch("place", x.dtype, Grid::each(n), &[&x.address, &y.address, &n, &length, &y_row, &start])?;
    Ok(y)
}

/// Each row of `a` followed by the same row of `b`.
fn join(gpu: &Gpu, [a, b]: [Operand<'_>; 2], [a_row, b_row]: [usize; 2]) -> Result<Output> {
    let n = count((a.len()? + b.len()?) as usize)?;
    let y = gpu.output(a.dtype, n as usize)?;
    let [a_row, b_row] = [count(a_row)?, count(b_row)?];
    gpu.launch("join", a.dtype, Grid::each(n), &[&a.address, &b.address, &y.address, &n, &a_row, &b_row])?;
    Ok(y)
}

impl OnGpu<1> for channels::Take {
    fn launch(&self, gpu: &Gpu, [x]: [Operand<'_>; 1]) -> Result<Computed> {
        let (total, size) = channels::rows(x.dims)?;
        channels::expect_inside(&self.channels, total)?;
        let (start, taken) = (self.channels.start * size, self.channels.len());
        let y = take(gpu, x, [total * size, start, taken * size])?;
        Ok((y.memory, channels::with_channels(x.dims, taken)))
    }
}

impl OnGpu<1> for channels::Place {
    fn launch(&self, gpu: &Gpu, [x]: [Operand<'_>; 1]) -> Result<Computed> {
        let (placed, size) = channels::rows(x.dims)?;
        channels::expect_inside(&(self.start..self.start + placed), self.total)?;
        let y = place(gpu, x, [self.total * size, self.start * size, placed * size])?;
        Ok((y.memory, channels::with_channels(x.dims, self.total)))
    }
}

impl OnGpu<2> for channels::Join {
    fn launch(&self, gpu: &Gpu, [a, b]: [Operand<'_>; 2]) -> Result<Computed> {
        let ((first, size), (second, _)) = (channels::rows(a.dims)?, channels::rows(b.dims)?);
        channels::expect_alike(a.dims, b.dims)?;
        let y = join(gpu, [a, b], [first * size, second * size])?;
        Ok((y.memory, channels::with_channels(a.dims, first + second)))
    }
}

impl OnGpu<2> for AddAt {
    fn launch(&self, gpu: &Gpu, [x, y]: [Operand<'_>; 2]) -> Result<Computed> {
        let ((total, size), (added, _)) = (channels::rows(x.dims)?, channels::rows(y.dims)?);
        channels::expect_alike(x.dims, y.dims)?;
        channels::expect_inside(&(self.start..self.start + added), total)?;
        let n = x.len()?;
        let sum = gpu.output(x.dtype, n as usize)?;
        let [length, x_row, start] = [count(added * size)?, count(total * size)?, count(self.start * size)?];
        gpu.launch(
            "add_at",
            x.dtype,
            Grid::each(n),
            &[&x.address, &y.address, &sum.address, &n, &length, &x_row, &start],
        )?;
        Ok((sum.memory, x.dims.into()))
    }
}

impl OnGpu<2> for rows::Join {
    fn launch(&self, gpu: &Gpu, [x, y]: [Operand<'_>; 2]) -> Result<Computed> {
        let ((above, _), (below, _)) = (rows::rows(x.dims)?, rows::rows(y.dims)?);
        if x.dims[1..] != y.dims[1..] {
            bail!("the rows of {:?} and {:?} have different shapes", x.dims, y.dims);
        }
        let joined = join(gpu, [x, y], [x.len()? as usize, y.len()? as usize])?;
        Ok((joined.memory, rows::with_rows(x.dims, above + below)))
    }
}

impl OnGpu<1> for rows::Take {
    fn launch(&self, gpu: &Gpu, [x]: [Operand<'_>; 1]) -> Result<Computed> {
        let (_, size) = rows::rows(x.dims)?;
        let y = take(gpu, x, [x.len()? as usize, self.rows.start * size, self.rows.len() * size])?;
        Ok((y.memory, rows::with_rows(x.dims, self.rows.len())))
    }
}

impl OnGpu<1> for rows::Place {
    fn launch(&self, gpu: &Gpu, [x]: [Operand<'_>; 1]) -> Result<Computed> {
        let (_, size) = rows::rows(x.dims)?;
        let y = place(gpu, x, [self.total * size, self.rows.start * size, x.len()? as usize])?;
        Ok((y.memory, rows::with_rows(x.dims, self.total)))
    }
}

impl OnGpu<1> for EvenOdd {
    fn launch(&self, gpu: &Gpu, [x]: [Operand<'_>; 1]) -> Result<Computed> {
        let [n, c, h, w] = x.image()?;
        let (rows, columns) = (h.div_ceil(2), w.div_ceil(2));
        let total = count(n as usize * 2 * c as usize * rows as usize * columns as usize)?;
        if total == 0 {
            bail!("an image of shape {:?} has no pixels", x.dims);
        }
        let y = gpu.output(x.dtype, total as usize)?;
        let arguments: [&dyn Argument; 8] = [&x.address, &y.address, &total, &c, &h, &w, &rows, &columns];
        gpu.launch("even_odd", x.dtype, Grid::each(total), &arguments)?;
        Ok((y.memory, (n as usize, 2 * c as usize, rows as usize, columns as usize).into()))
    }
}

impl OnGpu<1> for EvenOddGradient {
    fn launch(&self, gpu: &Gpu, [gy]: [Operand<'_>; 1]) -> Result<Computed> {
        let ([n, channels, rows, columns], (h, w)) = (gy.image()?, self.size);
        if (rows as usize, columns as usize) != (h.div_ceil(2), w.div_ceil(2)) || channels % 2 != 0 {
            bail!("a gradient of shape {:?} does not fit an image of {h} x {w} pixels", gy.dims);
        }
        let c = channels / 2;
        let total = count(n as usize * c as usize * h * w)?;
        let gx = gpu.output(gy.dtype, total as usize)?;
        let [height, width] = [count(h)?, count(w)?];
        let arguments: [&dyn Argument; 8] = [&gy.address, &gx.address, &total, &c, &height, &width, &rows, &columns];
        gpu.launch("even_odd_gradient", gy.dtype, Grid::each(total), &arguments)?;
        Ok((gx.memory, (n as usize, c as usize, h, w).into()))
    }
}

/// Copies the elements of a part from the whole weight, or to it.
fn by_view(gpu: &Gpu, name: &'static str, view: &View, from: u64, to: u64, dtype: DType) -> Result<()> {
    let (rows, elements) = view.places();
    let (n, length) = (count(rows.len() * elements.len())?, count(elements.len())?);
    let [rows, elements] =
        [rows, elements].map(|list| list.iter().map(|&place| count(place)).collect::<Result<Vec<_>>>());
    let (rows, elements) = (gpu.list(&rows?)?, gpu.list(&elements?)?);
    let arguments: [&dyn Argument; 6] = [&from, &rows.address, &elements.address, &to, &n, &length];
    gpu.launch(name, dtype, Grid::each(n), &arguments)
}

/// The part of a weight that a view shows, as memory of its own.
pub(super) fn gather(gpu: &Gpu, view: &View, whole: Operand<'_>) -> Result<Output> {
    view.expect_whole(whole.dims)?;
    let part = gpu.output(whole.dtype, view.shape().iter().product())?;
    by_view(gpu, "gather", view, whole.address, part.address, whole.dtype)?;
    Ok(part)
}

/// A whole weight: the part at `address` at its place, zeros elsewhere.
pub(super) fn scatter(gpu: &Gpu, view: &View, part: u64, dtype: DType) -> Result<Output> {
    let whole = gpu.zeros(Life::Long, dtype, view.whole().iter().product())?;
    by_view(gpu, "scatter", view, part, whole.address, dtype)?;
    Ok(whole)
}

impl OnGpu<1> for Gather {
    fn launch(&self, gpu: &Gpu, [w]: [Operand<'_>; 1]) -> Result<Computed> {
        Ok((gather(gpu, &self.view, w)?.memory, self.view.shape().into()))
    }
}

impl OnGpu<1> for Scatter {
    fn launch(&self, gpu: &Gpu, [part]: [Operand<'_>; 1]) -> Result<Computed> {
        if part.dims != self.view.shape() {
            bail!("a gradient of shape {:?} does not fit a slice of shape {:?}", part.dims, self.view.shape());
        }
        Ok((scatter(gpu, &self.view, part.address, part.dtype)?.memory, self.view.whole().into()))
    }
}
