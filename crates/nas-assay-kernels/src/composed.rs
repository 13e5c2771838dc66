//! Layers composed of Candle operations whose values and gradients are correct on every device.
//!
//! The operations are padding, narrowing, permutation, matrix product, elementwise arithmetic, sums and comparisons. All of them can be
//! differentiated twice. Three of Candle's layers are avoided: the gradients of its pools are wrong, its grouped convolution is a loop
//! over groups, and its ReLU has derivative 1 at zero, where `PyTorch` has 0.
//!
//! Every function takes tensors of one float type, images as `[batch, channel, height, width]`. Values and gradients agree with the
//! function of the same name in [`cpu`](crate::cpu).

use crate::cpu::{Moments, Window};
use crate::slice::{Channels, Slice};
use candle_core::{D, Result, Tensor, bail};
use std::ops::Range;

/// What each tap of the window reads of an image `[n, c, h, w]`: one tensor `[n, c, out_height, out_width]` for each tap, row by row.
///
/// The image is padded with zeros.
fn taps(x: &Tensor, kernel: (usize, usize), window: Window) -> Result<Vec<Tensor>> {
    let Window { stride, padding, dilation, .. } = window;
    let (_, _, height, width) = x.dims4()?;
    let (out_height, out_width) = (out_extent(height, kernel.0, window)?, out_extent(width, kernel.1, window)?);
    // So much padding that the `out * stride` elements of every tap exist and can be reshaped to `[out, stride]`.
    let after = |extent: usize, out: usize, kernel: usize| {
        (out * stride + (kernel - 1) * dilation).saturating_sub(extent + padding).max(padding)
    };
    let padded = x.pad_with_zeros(2, padding, after(height, out_height, kernel.0))?.pad_with_zeros(
        3,
        padding,
        after(width, out_width, kernel.1),
    )?;
    let mut taps = Vec::with_capacity(kernel.0 * kernel.1);
    for row in 0..kernel.0 {
        let rows = strided(&padded, 2, row * dilation, out_height, stride)?;
        for column in 0..kernel.1 {
            taps.push(strided(&rows, 3, column * dilation, out_width, stride)?);
        }
    }
    Ok(taps)
}

/// `count` elements of one dimension: `start`, `start + stride`, and so on.
fn strided(x: &Tensor, dim: usize, start: usize, count: usize, stride: usize) -> Result<Tensor> {
    let cut = x.narrow(dim, start, count * stride)?;
    if stride == 1 {
        return Ok(cut);
    }
    let mut folded = cut.dims().to_vec();
    folded[dim] = count;
    folded.insert(dim + 1, stride);
    cut.reshape(folded)?.narrow(dim + 1, 0, 1)?.squeeze(dim + 1)
}

/// The number of windows along one dimension of `extent` pixels.
fn out_extent(extent: usize, kernel: usize, window: Window) -> Result<usize> {
    let (padded, span) = (extent + 2 * window.padding, (kernel - 1) * window.dilation + 1);
    if padded < span {
        bail!("a window of {span} does not fit into {extent} with padding {}", window.padding);
    }
    Ok((padded - span) / window.stride + 1)
}

/// Convolution of `x` `[n, c, h, w]` with `w` `[o, c / groups, kh, kw]`, without bias.
pub fn conv2d(x: &Tensor, w: &Tensor, window: Window) -> Result<Tensor> {
    let (n, c, height, width) = x.dims4()?;
    let (o, c_group, kh, kw) = w.dims4()?;
    let groups = window.groups;
    if groups == 0 || c_group * groups != c || o % groups != 0 {
        bail!("a weight of shape {:?} in {groups} groups does not fit an image of {c} channels", w.dims());
    }
    let (oh, ow) = (out_extent(height, kh, window)?, out_extent(width, kw, window)?);
    // One large matrix product for each group: [o / groups, c / groups * taps] x [c / groups * taps, n * oh * ow].
    let channels_first = |tap: Tensor| tap.transpose(0, 1);
    let patches = taps(x, (kh, kw), window)?.into_iter().map(channels_first).collect::<Result<Vec<_>>>()?;
    let patches = if let [patch] = patches.as_slice() { patch.unsqueeze(1)? } else { Tensor::stack(&patches, 1)? };
    let patches = patches.reshape((groups, c_group * kh * kw, n * oh * ow))?;
    let weight = w.reshape((groups, o / groups, c_group * kh * kw))?;
    weight.matmul(&patches)?.reshape((o, n, oh, ow))?.transpose(0, 1)?.contiguous()
}

/// Convolution of `x` with the `part` of `w`; the number of groups is that of `part`.
pub fn conv2d_slice(x: &Tensor, w: &Tensor, part: &Slice, window: Window) -> Result<Tensor> {
    conv2d(x, &slice(w, part)?, Window { groups: part.groups, ..window })
}

/// The part `slice` of `w`.
pub fn slice(w: &Tensor, slice: &Slice) -> Result<Tensor> {
    if slice.is_whole(w.dims()) {
        return Ok(w.clone());
    }
    let runs = slice.runs(w.dims())?;
    let outputs = select(w, 0, &slice.outputs)?;
    if w.rank() == 1 {
        return Ok(outputs);
    }
    if slice.groups == 1 {
        return select(&outputs, 1, &slice.inputs)?.contiguous();
    }
    let blocks = runs.into_iter().map(|run| {
        let rows = outputs.narrow(0, run.places.start, run.places.len())?;
        rows.narrow(1, run.first_input, slice.inputs_each())
    });
    Tensor::cat(&blocks.collect::<Result<Vec<_>>>()?, 0)
}

/// The given channels along one dimension.
fn select(w: &Tensor, dim: usize, channels: &Channels) -> Result<Tensor> {
    match channels {
        Channels::First(count) => w.narrow(dim, 0, *count),
        Channels::Picked(picked) => w.index_select(&Tensor::new(&picked[..], w.device())?, dim),
    }
}

/// Rectified linear unit, with derivative zero at zero.
pub fn relu(x: &Tensor) -> Result<Tensor> {
    // Chosen, not multiplied by 0 or 1: infinity times zero is NaN.
    x.detach().le(0.0)?.where_cond(&x.zeros_like()?, x)
}

/// Average over `kernel` x `kernel` windows. Pixels of the padding are not counted.
pub fn avg_pool2d(x: &Tensor, kernel: usize, stride: usize, padding: usize) -> Result<Tensor> {
    let window = Window { stride, padding, dilation: 1, groups: 1 };
    let (_, _, height, width) = x.dims4()?;
    let total = add_all(&taps(x, (kernel, kernel), window)?.iter().collect::<Vec<_>>())?;
    let reciprocal = Tensor::new(reciprocal_counts(height, width, kernel, window)?, x.device())?;
    let shape = (1, 1, total.dim(2)?, total.dim(3)?);
    total.broadcast_mul(&reciprocal.reshape(shape)?.to_dtype(x.dtype())?)
}

/// One over the number of image pixels in each window, row by row.
fn reciprocal_counts(height: usize, width: usize, kernel: usize, window: Window) -> Result<Vec<f64>> {
    let counts = |extent: usize| -> Result<Vec<usize>> {
        let inside = |out: usize| {
            let start = out * window.stride;
            (start..start + kernel).filter(|&at| (window.padding..window.padding + extent).contains(&at)).count()
        };
        Ok((0..out_extent(extent, kernel, window)?).map(inside).collect())
    };
    let (rows, columns) = (counts(height)?, counts(width)?);
    Ok(rows.iter().flat_map(|row| columns.iter().map(move |column| 1.0 / (row * column) as f64)).collect())
}

/// The largest pixel of `kernel` x `kernel` windows. NaN counts as the largest; of equal pixels the first, row by row, gets the gradient.
pub fn max_pool2d(x: &Tensor, kernel: usize, stride: usize, padding: usize) -> Result<Tensor> {
    let window = Window { stride, padding, dilation: 1, groups: 1 };
    let pixels = taps(x, (kernel, kernel), window)?;
    let inside = taps(&Tensor::ones((1, 1, x.dim(2)?, x.dim(3)?), x.dtype(), x.device())?, (kernel, kernel), window)?;
    let mut largest: Option<Tensor> = None;
    for (pixel, inside) in pixels.iter().zip(&inside) {
        let least = Tensor::full(f64::NEG_INFINITY, pixel.dims(), x.device())?.to_dtype(x.dtype())?;
        let pixel = inside.gt(0.0)?.broadcast_as(pixel.dims())?.where_cond(pixel, &least)?;
        largest = Some(match largest {
            None => pixel,
            Some(largest) => {
                let value = pixel.detach();
                let better = value.gt(&largest.detach())?.maximum(&value.ne(&value)?)?;
                better.where_cond(&pixel, &largest)?
            }
        });
    }
    largest.ok_or_else(|| candle_core::Error::Msg("a window of a pool must have at least one pixel".to_owned()))
}

/// The largest pixel of each 2x2 block. Where a side is odd, the last row or column is repeated, which does not change a maximum.
pub fn halving_max_pool2d(x: &Tensor) -> Result<Tensor> {
    let odd = |dim| Ok::<_, candle_core::Error>(x.dim(dim)? % 2);
    max_pool2d(&x.pad_with_same(2, 0, odd(2)?)?.pad_with_same(3, 0, odd(3)?)?, 2, 2, 0)
}

/// Twice as many channels: first the pixels in even rows and even columns, then those in odd rows and odd columns. Pixels beyond the edge
/// are zero.
pub fn even_and_odd_pixels(x: &Tensor) -> Result<Tensor> {
    let (_, _, height, width) = x.dims4()?;
    let (rows, columns) = (height.div_ceil(2), width.div_ceil(2));
    let padded = x.pad_with_zeros(2, 0, 2 * rows - height + 1)?.pad_with_zeros(3, 0, 2 * columns - width + 1)?;
    let phase = |first| strided(&strided(&padded, 2, first, rows, 2)?, 3, first, columns, 2);
    Tensor::cat(&[phase(0)?, phase(1)?], 1)
}

/// The rows of `x`, followed by the rows of `y`.
pub fn join_rows(x: &Tensor, y: &Tensor) -> Result<Tensor> {
    Tensor::cat(&[x, y], 0)
}

/// Batch normalisation by the statistics of `x`. Also returns these statistics, detached, with the biased variance.
pub fn batch_norm(x: &Tensor, affine: Option<(&Tensor, &Tensor)>, eps: f64) -> Result<(Tensor, Moments)> {
    let (n, c, height, width) = x.dims4()?;
    if n * height * width < 2 {
        bail!("batch_norm: a variance needs two values, but a channel of {:?} has fewer", x.dims());
    }
    let rows = x.transpose(0, 1)?.reshape((c, n * height * width))?;
    let mean = rows.mean_keepdim(1)?;
    let centred = rows.broadcast_sub(&mean)?;
    let var = centred.sqr()?.mean_keepdim(1)?;
    let normed = centred.broadcast_div(&(&var + eps)?.sqrt()?)?;
    let y = normed.reshape((c, n, height, width))?.transpose(0, 1)?.contiguous()?;
    let moments = Moments { mean: mean.detach().squeeze(1)?, var: var.detach().squeeze(1)? };
    Ok((scale_shift(&y, affine)?, moments))
}

/// Batch normalisation by the given statistics, `mean` and `var`, `[c]` each.
pub fn batch_norm_fixed(
    x: &Tensor,
    mean: &Tensor,
    var: &Tensor,
    affine: Option<(&Tensor, &Tensor)>,
    eps: f64,
) -> Result<Tensor> {
    let deviation = channels(&(var + eps)?.sqrt()?)?;
    scale_shift(&x.broadcast_sub(&channels(mean)?)?.broadcast_div(&deviation)?, affine)
}

/// `x * scale + shift`, with scale and shift `[c]`.
fn scale_shift(x: &Tensor, affine: Option<(&Tensor, &Tensor)>) -> Result<Tensor> {
    match affine {
        None => Ok(x.clone()),
        Some((scale, shift)) => x.broadcast_mul(&channels(scale)?)?.broadcast_add(&channels(shift)?),
    }
}

/// A tensor `[c]` in the shape `[1, c, 1, 1]`.
fn channels(x: &Tensor) -> Result<Tensor> {
    x.reshape((1, (), 1, 1))
}

/// The mean over the pixels: `[n, c, h, w]` to `[n, c]`.
pub fn global_avg_pool(x: &Tensor) -> Result<Tensor> {
    x.flatten_from(2)?.mean(D::Minus1)
}

/// The product of `x` `[n, i]` and the transpose of `w` `[o, i]`, plus `b` `[o]`: `[n, o]`.
pub fn linear(x: &Tensor, w: &Tensor, b: Option<&Tensor>) -> Result<Tensor> {
    let y = x.matmul(&w.t()?)?;
    match b {
        None => Ok(y),
        Some(b) => y.broadcast_add(b),
    }
}

/// The mean cross-entropy of `logits` `[n, k]` and `labels` `[n]` (u32), in nats: a scalar.
pub fn cross_entropy(logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
    let (n, k) = logits.dims2()?;
    let shifted = logits.broadcast_sub(&logits.detach().max_keepdim(1)?)?;
    let normaliser = shifted.exp()?.sum(1)?.log()?;
    let classes = Tensor::arange(0u32, k as u32, logits.device())?.broadcast_as((n, k))?;
    let one_hot = labels.unsqueeze(1)?.broadcast_as((n, k))?.eq(&classes)?.to_dtype(logits.dtype())?;
    normaliser.sub(&shifted.mul(&one_hot)?.sum(1)?)?.mean_all()
}

/// The sum of all elements: a scalar.
pub fn sum_all(x: &Tensor) -> Result<Tensor> {
    x.sum_all()
}

/// `y` times `ones`, one number for each image and channel; see [`times_ones`](crate::cpu::times_ones()).
pub fn times_ones(y: &Tensor, ones: &Tensor) -> Result<Tensor> {
    let mut dims = ones.dims().to_vec();
    dims.resize(y.rank(), 1);
    y.broadcast_mul(&ones.reshape(dims)?)
}

/// The elementwise sum of two tensors of the same shape.
pub fn add(x: &Tensor, y: &Tensor) -> Result<Tensor> {
    x.add(y)
}

/// The elementwise sum of one or more tensors of the same shape, added from the first to the last.
pub fn add_all(terms: &[&Tensor]) -> Result<Tensor> {
    let Some((first, rest)) = terms.split_first() else { bail!("a sum needs at least one tensor") };
    rest.iter().try_fold((*first).clone(), |sum, term| sum.add(term))
}

/// The channels `channels` of `x` `[n, c, ...]`.
pub fn take_channels(x: &Tensor, channels: Range<usize>) -> Result<Tensor> {
    x.narrow(1, channels.start, channels.len())?.contiguous()
}

/// A tensor of `total` channels: `x` from channel `start` on, zeros in the others.
pub fn place_channels(x: &Tensor, start: usize, total: usize) -> Result<Tensor> {
    let Some(after) = total.checked_sub(start + x.dim(1)?) else {
        bail!("the channels of {:?} from {start} on do not fit into {total}", x.dims())
    };
    x.pad_with_zeros(1, start, after)
}

/// The channels of `x`, followed by the channels of `y`.
pub fn join_channels(x: &Tensor, y: &Tensor) -> Result<Tensor> {
    Tensor::cat(&[x, y], 1)
}

/// `x` with `y` added to its channels from `start` on.
pub fn add_channels(x: &Tensor, y: &Tensor, start: usize) -> Result<Tensor> {
    x.add(&place_channels(y, start, x.dim(1)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::testing::{beside, check_second_order, runs_with_kept_graph};
    use crate::host_f64;
    use crate::on_each_device;
    use candle_core::{DType, Device, Shape, Var};
    use nas_assay_base::seed::{Seed, Stream};
    use proptest::prelude::*;

    on_each_device!(
        convolutions_are_their_definition,
        convolutions_have_the_right_gradients,
        a_window_or_weight_that_does_not_fit_is_an_error,
        pools_by_hand,
        pools_have_the_right_gradients,
        at_kinks_the_gradient_is_that_of_pytorch,
        norms_have_the_right_values_and_gradients,
        heads_have_the_right_values_and_gradients,
    );

    fn random(stream: &mut Stream, shape: &[usize], device: &Device) -> Tensor {
        let values: Vec<f64> = (0..shape.iter().product()).map(|_| stream.normal()).collect();
        Tensor::from_vec(values, Shape::from(shape), device).unwrap()
    }

    fn stream(label: &str) -> Stream {
        Seed::root(5).child(label).stream()
    }

    /// Compares the gradient of a random projection of `f` by `x` with central differences.
    fn check_gradient(label: &str, x: &Tensor, f: impl Fn(&Tensor) -> Result<Tensor>) {
        let projection = random(&mut stream(label), f(x).unwrap().dims(), x.device());
        let value = |x: &Tensor| -> f64 {
            let y = f(x).unwrap().mul(&projection).unwrap();
            host_f64(&y).unwrap().iter().sum()
        };
        let var = Var::from_tensor(x).unwrap();
        let scalar = f(&var).unwrap().mul(&projection).unwrap().sum_all().unwrap();
        let gradient = host_f64(scalar.backward().unwrap().get(&var).unwrap()).unwrap();
        let (at, step) = (host_f64(x).unwrap(), 1e-6);
        for (index, gradient) in gradient.iter().enumerate() {
            let moved = |by: f64| {
                let mut values = at.clone();
                values[index] += by;
                value(&Tensor::from_vec(values, x.shape(), x.device()).unwrap())
            };
            let numeric = (moved(step) - moved(-step)) / (2.0 * step);
            let off = (gradient - numeric).abs();
            assert!(off < 1e-7 * (1.0 + numeric.abs()), "{label}, element {index}: {gradient}, numerically {numeric}");
        }
    }

    /// The convolution, by its definition.
    fn naive_conv2d(x: &Tensor, w: &Tensor, window: Window) -> Vec<f64> {
        let ((n, c, h, width), (o, cg, kh, kw)) = (x.dims4().unwrap(), w.dims4().unwrap());
        let (xs, ws) = (host_f64(x).unwrap(), host_f64(w).unwrap());
        let Window { stride, padding, dilation, groups } = window;
        let (oh, ow) = (out_extent(h, kh, window).unwrap(), out_extent(width, kw, window).unwrap());
        let pixel = |image: usize, channel: usize, row: usize, column: usize| {
            let inside = (padding..padding + h).contains(&row) && (padding..padding + width).contains(&column);
            if inside { xs[((image * c + channel) * h + row - padding) * width + column - padding] } else { 0.0 }
        };
        let mut out = Vec::new();
        for (image, filter, row, column) in (0..n * o * oh * ow)
            .map(|index| (index / (o * oh * ow), index / (oh * ow) % o, index / ow % oh, index % ow))
        {
            let first = filter / (o / groups) * cg;
            let taps = (0..cg * kh * kw).map(|tap| (tap / (kh * kw), tap / kw % kh, tap % kw));
            out.push(
                taps.map(|(channel, i, j)| {
                    let (row, column) = (row * stride + i * dilation, column * stride + j * dilation);
                    pixel(image, first + channel, row, column) * ws[((filter * cg + channel) * kh + i) * kw + j]
                })
                .sum(),
            );
        }
        out
    }

    fn convolutions_are_their_definition(device: &Device) {
        let cases = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) };
        proptest!(cases, |(
            seed in any::<u64>(), n in 1usize..3, groups in 1usize..4, cg in 1usize..3, og in 1usize..3,
            kernel in 1usize..4, stride in 1usize..4, padding in 0usize..3, dilation in 1usize..3,
            height in 5usize..9, width in 5usize..9,
        )| {
            let window = Window { stride, padding, dilation, groups };
            let mut stream = Seed::root(seed).stream();
            let x = random(&mut stream, &[n, groups * cg, height, width], device);
            let w = random(&mut stream, &[groups * og, cg, kernel, kernel], device);
            let ours = host_f64(&conv2d(&x, &w, window).unwrap()).unwrap();
            let naive = naive_conv2d(&x, &w, window);
            prop_assert_eq!(ours.len(), naive.len());
            for (a, b) in ours.iter().zip(&naive) {
                prop_assert!((a - b).abs() < 1e-12, "{} and {}", a, b);
            }
        });
    }

    fn convolutions_have_the_right_gradients(device: &Device) {
        for (label, [c, o, k], stride, padding, dilation, groups) in [
            ("dense", [2, 3, 3], 1, 1, 1, 1),
            ("stride", [2, 2, 3], 2, 1, 1, 1),
            ("dilated", [2, 2, 3], 1, 2, 2, 1),
            ("grouped", [4, 2, 1], 1, 0, 1, 2),
            ("depthwise", [3, 3, 3], 2, 1, 1, 3),
        ] {
            let window = Window { stride, padding, dilation, groups };
            let mut stream = stream(label);
            let (x, w) =
                (random(&mut stream, &[2, c, 5, 6], device), random(&mut stream, &[o, c / groups, k, k], device));
            check_gradient(&format!("{label} by image"), &x, |x| conv2d(x, &w, window));
            check_gradient(&format!("{label} by weight"), &w, |w| conv2d(&x, w, window));
        }
    }

    fn a_window_or_weight_that_does_not_fit_is_an_error(device: &Device) {
        let mut stream = stream("misfit");
        let (x, w) = (random(&mut stream, &[1, 2, 4, 4], device), random(&mut stream, &[3, 2, 5, 5], device));
        assert!(conv2d(&x, &w, Window { stride: 1, padding: 0, dilation: 1, groups: 1 }).is_err());
        assert!(conv2d(&x, &w, Window { stride: 1, padding: 2, dilation: 1, groups: 2 }).is_err());
        assert!(avg_pool2d(&x, 5, 1, 0).is_err());
    }

    fn pools_by_hand(device: &Device) {
        let x = Tensor::arange(1f64, 10.0, device).unwrap().reshape((1, 1, 3, 3)).unwrap();
        let padded = host_f64(&avg_pool2d(&x, 3, 1, 1).unwrap()).unwrap();
        let by_hand = [3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5, 7.0];
        assert!(padded.iter().zip(&by_hand).all(|(a, b)| (a - b).abs() < 1e-14), "{padded:?}");
        let halved = host_f64(&avg_pool2d(&x, 2, 2, 0).unwrap()).unwrap();
        assert!(halved.len() == 1 && (halved[0] - 3.0).abs() < 1e-15, "{halved:?}");
        let negative = max_pool2d(&x.neg().unwrap(), 3, 2, 1).unwrap();
        assert_eq!(format!("{:?}", host_f64(&negative).unwrap()), "[-1.0, -2.0, -4.0, -5.0]");
    }

    fn pools_have_the_right_gradients(device: &Device) {
        let x = random(&mut stream("pool"), &[2, 2, 5, 6], device);
        for (kernel, stride, padding) in [(3, 1, 1), (2, 2, 0), (3, 2, 1)] {
            check_gradient("average", &x, |x| avg_pool2d(x, kernel, stride, padding));
            check_gradient("maximum", &x, |x| max_pool2d(x, kernel, stride, padding));
        }
        check_gradient("global", &x, global_avg_pool);
    }

    fn gradient_of_sum(x: &Tensor, f: impl Fn(&Tensor) -> Result<Tensor>) -> String {
        let var = Var::from_tensor(x).unwrap();
        let gradients = f(&var).unwrap().sum_all().unwrap().backward().unwrap();
        format!("{:?}", host_f64(gradients.get(&var).unwrap()).unwrap())
    }

    fn at_kinks_the_gradient_is_that_of_pytorch(device: &Device) {
        let x = Tensor::new(&[-1f64, 0.0, -0.0, 2.0], device).unwrap();
        assert_eq!(gradient_of_sum(&x, relu), "[0.0, 0.0, 0.0, 1.0]");
        let tied = Tensor::new(&[[[[1f64, 3.0], [3.0, 3.0]]]], device).unwrap();
        assert_eq!(gradient_of_sum(&tied, |x| max_pool2d(x, 2, 2, 0)), "[0.0, 1.0, 0.0, 0.0]");
    }

    fn norms_have_the_right_values_and_gradients(device: &Device) {
        let mut stream = stream("norm");
        let x = random(&mut stream, &[3, 2, 2, 3], device);
        let (scale, shift) = (random(&mut stream, &[2], device), random(&mut stream, &[2], device));
        let affine = Some((&scale, &shift));
        check_gradient("batch", &x, |x| Ok(batch_norm(x, affine, 1e-5)?.0));
        check_gradient("scale", &scale, |scale| Ok(batch_norm(&x, Some((scale, &shift)), 1e-5)?.0));
        check_gradient("shift", &shift, |shift| Ok(batch_norm(&x, Some((&scale, shift)), 1e-5)?.0));
        let (y, moments) = batch_norm(&x, affine, 1e-5).unwrap();
        let fixed = batch_norm_fixed(&x, &moments.mean, &moments.var, affine, 1e-5).unwrap();
        check_gradient("fixed", &x, |x| batch_norm_fixed(x, &moments.mean, &moments.var, affine, 1e-5));
        for (a, b) in host_f64(&y).unwrap().iter().zip(host_f64(&fixed).unwrap()) {
            assert!((a - b).abs() < 1e-13, "{a} by batch, {b} by the same numbers given");
        }
        let (plain, _) = batch_norm(&x, None, 0.0).unwrap();
        let (_, of_plain) = batch_norm(&plain, None, 0.0).unwrap();
        for (mean, var) in host_f64(&of_plain.mean).unwrap().iter().zip(host_f64(&of_plain.var).unwrap()) {
            assert!(mean.abs() < 1e-14 && (var - 1.0).abs() < 1e-13, "mean {mean}, variance {var}");
        }
    }

    fn heads_have_the_right_values_and_gradients(device: &Device) {
        let mut stream = stream("head");
        let (x, w, b) = (
            random(&mut stream, &[3, 4], device),
            random(&mut stream, &[5, 4], device),
            random(&mut stream, &[5], device),
        );
        check_gradient("linear by input", &x, |x| linear(x, &w, Some(&b)));
        check_gradient("linear by weight", &w, |w| linear(&x, w, Some(&b)));
        check_gradient("linear by bias", &b, |b| linear(&x, &w, Some(b)));
        let labels = Tensor::new(&[4u32, 0, 2], device).unwrap();
        let logits = linear(&x, &w, Some(&b)).unwrap();
        check_gradient("cross-entropy", &logits, |logits| cross_entropy(logits, &labels));
        let even = Tensor::zeros((2, 4), DType::F64, device).unwrap();
        let loss = cross_entropy(&even, &Tensor::new(&[1u32, 3], device).unwrap()).unwrap();
        assert!((loss.to_scalar::<f64>().unwrap() - libm::log(4.0)).abs() < 1e-15);
        let far = Tensor::new(&[[1e4f64, -1e4]], device).unwrap();
        let loss = cross_entropy(&far, &Tensor::new(&[1u32], device).unwrap()).unwrap();
        assert!((loss.to_scalar::<f64>().unwrap() - 2e4).abs() < 1e-9);
    }

    /// The test shows that every layer is composed of operations with correct second derivatives.
    #[test]
    fn derivatives_of_derivatives() {
        if !runs_with_kept_graph("composed::tests::derivatives_of_derivatives") {
            return;
        }
        let draw = |label: &str, dims: &[usize]| random(&mut stream(label), dims, &Device::Cpu);
        let (x, w) = (draw("x", &[2, 4, 5, 6]), draw("w", &[4, 2, 3, 3]));
        let window = Window { stride: 2, padding: 1, dilation: 1, groups: 2 };
        check_second_order(&[x.clone(), w], |t| conv2d(&t[0], &t[1], window));
        let dense = draw("dense", &[6, 8, 3, 3]);
        let picked = Channels::Picked([0, 2, 3, 5].into());
        let part = Slice { outputs: picked.clone(), inputs: Channels::First(4), groups: 2 };
        check_second_order(&[x.clone(), dense.clone()], |t| conv2d_slice(&t[0], &t[1], &part, window));
        let part = Slice::new(Channels::First(3), picked);
        check_second_order(&[x.clone(), dense], |t| conv2d_slice(&t[0], &t[1], &part, window));
        let image = std::slice::from_ref(&x);
        check_second_order(image, |t| relu(&t[0]));
        check_second_order(image, |t| avg_pool2d(&t[0], 3, 1, 1));
        check_second_order(image, |t| max_pool2d(&t[0], 3, 2, 1));
        check_second_order(image, |t| even_and_odd_pixels(&t[0]));
        check_second_order(image, |t| global_avg_pool(&t[0]));
        let (scale, shift) = (draw("scale", &[4]), draw("shift", &[4]));
        check_second_order(&[x.clone(), scale, shift], |t| Ok(batch_norm(&t[0], Some((&t[1], &t[2])), 1e-5)?.0));
        let (mean, var) = (draw("mean", &[4]), draw("var", &[4]).sqr().unwrap());
        check_second_order(image, |t| batch_norm_fixed(&t[0], &beside(&mean, &t[0]), &beside(&var, &t[0]), None, 1e-5));
        let (rows, matrix, bias) = (draw("rows", &[3, 4]), draw("matrix", &[5, 4]), draw("bias", &[5]));
        check_second_order(&[rows.clone(), matrix, bias], |t| linear(&t[0], &t[1], Some(&t[2])));
        let labels = Tensor::new(&[3u32, 0, 2], &Device::Cpu).unwrap();
        check_second_order(&[rows], |t| cross_entropy(&t[0], &beside(&labels, &t[0])));
    }
}
