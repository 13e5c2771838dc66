//! Three scores: how varied the feature maps of a network are, how much each cell adds to that, and how well gradients
//! pass through each cell.
//!
//! # Formula
//! Let `f_0` be the output of the stem, and `f_l` the output of cell or block `l`, for `l = 1, …, L`.
//!
//! - Expressivity: `Σ_l e_l` over `l = 0, …, L`. Here `e_l = −Σ p ln(p + 1e-8)` is the entropy of `p = λ / Σ λ`. The
//!   `λ` are the eigenvalues of the covariance of the channels of `f_l`, over all images and pixels.
//! - Progressivity: `min (e_l − e_(l−1))` over `l = 1, …, L`.
//! - Trainability: the mean over `l` of `t_l = −σ − 1/(σ + 1e-6) + 2`. Here `σ` is the largest singular value of
//!   `Vᵀ U / N`. The largest possible `t_l` is near 0, at `σ = 1`.
//!
//! `U` has a random sign for every element of `f_l`, and `V = (∂f_l/∂f_(l−1))ᵀ U`. Both have a row for each of the `N`
//! pixels of `f_l`, over all images. If a cell shrinks its maps by a factor `r`, a row of `V` has the `r²` pixels of
//! `f_(l−1)` that lie at the same place.
//!
//! AZ-NAS has a fourth part, complexity. It is [`flops`](crate::estimator::baseline::FLOPS). AZ-NAS itself is a vote of
//! the four parts with the rule `log-rank`. A vote depends on which architectures are ranked together, so it is not a
//! score of one architecture.
//!
//! # Shapes
//! The input is standard normal noise in the shape of the batch, with one pass over it. The batch's own pixels and
//! labels are not used. The weights are drawn anew: normal with variance `2 / fan_in` (Kaiming), and biases 0.
//! Batch-norms have scale 1 and shift 0, and use the statistics of the noise.
//!
//! # Source
//! Lee and Ham, AZ-NAS: Assembling Zero-Cost Proxies for Network Architecture Search, CVPR 2024, and its code for
//! NAS-Bench-201. Its feature maps there are those of the stem, the 15 cells and the two reductions. The code says
//! nothing about other spaces: cells and blocks are the choice of this project. In NAS-Bench-301 a cell also reads the
//! output of the cell before the last one. The gradient by that output is not used.
//!
//! # Known traps
//! If a cell returns its input unchanged, `V = U` exactly. Then `t_l` and the score are −∞. Two such paths in one cell
//! give `V = 2 U`, and a finite number. A cell without a path from its input has `V = 0`. Then `t_l = 2 − 1e6`, which
//! is finite too.
//!
//! If a feature map is all zeros, it has no entropy. Then expressivity and progressivity are −∞. In the reference,
//! eigenvalues are computed in single precision, and rounding can bring them below zero. Then its score is −∞ by
//! accident. Here they are computed in double precision, and those below zero count as 0.
//!
//! If a cell shrinks its maps by a factor that is not whole, it has no `t_l`, and is left out of the mean. The pools of
//! the supernet of NAS-Bench-101 are such cells: they turn 32 pixels into 17. The detail `cells_left_out` counts them.

use candle_core::{DType, Tensor, Var};
use nalgebra::DMatrix;
use nas_assay_base::seed::Stream;

use super::kaiming;
use crate::estimator::{Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ToleranceClass};
use crate::net::{Engine, Network, host_f64};
use nas_assay_criteria::Direction;

/// One part of AZ-NAS.
pub struct AzNas {
    meta: Meta<'static>,
    part: fn(&[Cell]) -> Reading,
}

/// The sum of the entropies of all feature maps.
pub const EXPRESSIVITY: AzNas = AzNas {
    meta: Meta {
        id: "az_expressivity",
        summary: "Sum over feature maps of the entropy of the spectrum of their channels.",
        formula: "sum_l e_l, e_l = -sum p ln(p + 1e-8), p = normalised eigenvalues of the covariance of the channels of f_l",
        ..COMMON
    },
    part: expressivity,
};

/// The smallest growth of the entropy from one feature map to the next.
pub const PROGRESSIVITY: AzNas = AzNas {
    meta: Meta {
        id: "az_progressivity",
        summary: "Smallest growth of the entropy of the channels from one feature map to the next.",
        formula: "min_l (e_l - e_(l-1))",
        ..COMMON
    },
    part: progressivity,
};

/// How near the largest singular values of the cells are to one.
pub const TRAINABILITY: AzNas = AzNas {
    meta: Meta {
        id: "az_trainability",
        summary: "How near to one cells leave the size of gradients that pass through them.",
        formula: "mean_l (-s - 1/(s + 1e-6) + 2), s = largest singular value of V^T U / N, V = (df_l/df_(l-1))^T U, U random signs",
        ..COMMON
    },
    part: trainability,
};

const COMMON: Meta<'static> = Meta {
    id: "",
    version: 1,
    direction: Direction::Higher,
    kind: EstimatorKind::ZeroShot,
    needs: &[Need::OwnPasses],
    tolerance: ToleranceClass::Numeric,
    summary: "",
    formula: "",
    source: "Lee and Ham, AZ-NAS: Assembling Zero-Cost Proxies for Network Architecture Search, CVPR 2024",
};

impl Estimator for AzNas {
    fn meta(&self) -> Meta<'_> {
        self.meta
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        let cells = probe.shared("az_nas", || {
            let network = probe.with_normal_weights(probe.stream("az_nas", "weights"), kaiming)?;
            let noise = probe.normal_images(probe.stream("az_nas", "noise"))?;
            let mut signs = probe.stream("az_nas", "cotangents");
            cells(probe, &network, &noise, |like| random_signs(&mut signs, like))
        })?;
        Ok((self.part)(&cells))
    }
}

/// What is known of a feature map and of the cell that made it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cell {
    /// The entropy of its channels; NaN if all are zero.
    entropy: f64,
    /// How it passes gradients on.
    passes: Passes,
}

/// How a cell passes gradients on.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Passes {
    /// It is the stem, which no cell comes before.
    Stem,
    /// It hands on what comes in.
    Identity,
    /// Its maps do not shrink by a whole number.
    Unknown,
    /// The largest singular value.
    By(f64),
}

/// The feature maps of a network, from one pass over `images` that is cut at each of them. `signs` draws the cotangent for a feature map.
fn cells(
    probe: &Probe<'_>,
    network: &Network,
    images: &Tensor,
    mut signs: impl FnMut(&Tensor) -> candle_core::Result<Tensor>,
) -> Result<Vec<Cell>, EstimatorError> {
    let engine = probe.engine();
    let (mut found, mut before) = (Vec::<Cell>::new(), None::<Var>);
    let mut cut = |_: &str, x: Tensor| {
        let passes = match &before {
            None => Passes::Stem,
            Some(input) => passes(engine, &x, input, &signs(&x)?)?,
        };
        let read = Var::from_tensor(&x.detach())?;
        found.push(Cell { entropy: entropy(engine, read.as_tensor())?, passes });
        let x = read.as_tensor().clone();
        before = Some(read);
        Ok(x)
    };
    let mut pass = probe.own_pass().untracked().with_feature_cut(&mut cut);
    network.forward(probe.architecture(), images, &mut pass)?;
    Ok(found)
}

/// How the cell with this input and this output passes on the gradient `u` by its output.
fn passes(engine: Engine, output: &Tensor, input: &Var, u: &Tensor) -> candle_core::Result<Passes> {
    let (_, inputs, height, width) = input.dims4()?;
    let (_, _, rows, columns) = output.dims4()?;
    let factor = height / rows;
    if factor == 0 || (rows * factor, columns * factor) != (height, width) {
        return Ok(Passes::Unknown);
    }
    let product = engine.sum_all(&engine.times_constant(output, u)?)?;
    let gradients = engine.backward_to(&product, std::slice::from_ref(input))?;
    let v = match gradients.get(input) {
        Some(gradient) => gradient.detach(),
        None => input.as_detached_tensor().zeros_like()?,
    };
    if v.dims() == u.dims() && host_f64(&v)? == host_f64(u)? {
        return Ok(Passes::Identity);
    }
    let v = if factor == 1 { v } else { to_depth(&v, factor)? };
    let (v, u) = (by_channel(&v)?, by_channel(u)?);
    let pixels = u.dim(1)? as f64;
    let m = matrix(&engine.linear(&v, &u, None)?, inputs * factor * factor)? / pixels;
    if m.iter().any(|value| !value.is_finite()) {
        return Ok(Passes::By(f64::NAN));
    }
    let gram = if m.nrows() < m.ncols() { &m * m.transpose() } else { m.transpose() * &m };
    let largest = gram.symmetric_eigenvalues().iter().copied().fold(0.0, f64::max);
    Ok(Passes::By(largest.sqrt()))
}

/// `[n, c, h r, w r]` to `[n, c r², h, w]`: the pixels of each square side by side, as channels.
fn to_depth(x: &Tensor, factor: usize) -> candle_core::Result<Tensor> {
    let (images, channels, height, width) = x.dims4()?;
    let (rows, columns) = (height / factor, width / factor);
    let split = x.reshape(&[images, channels, rows, factor, columns, factor])?;
    split.permute([0, 1, 3, 5, 2, 4])?.reshape((images, channels * factor * factor, rows, columns))
}

/// `[n, c, h, w]` to `[c, n h w]`, in double precision.
fn by_channel(x: &Tensor) -> candle_core::Result<Tensor> {
    let channels = x.dim(1)?;
    x.to_dtype(DType::F64)?.transpose(0, 1)?.contiguous()?.reshape((channels, x.elem_count() / channels))
}

/// A matrix with this many rows on the host.
fn matrix(x: &Tensor, rows: usize) -> candle_core::Result<DMatrix<f64>> {
    let values = host_f64(x)?;
    Ok(DMatrix::from_row_slice(rows, values.len() / rows, &values))
}

/// The entropy of the normalised eigenvalues of the covariance of the channels of `[n, c, h, w]`.
fn entropy(engine: Engine, x: &Tensor) -> candle_core::Result<f64> {
    let x = by_channel(x)?;
    let centred = x.broadcast_sub(&x.mean_keepdim(1)?)?;
    let covariance = matrix(&engine.linear(&centred, &centred, None)?, x.dim(0)?)? / x.dim(1)? as f64;
    if covariance.iter().any(|value| !value.is_finite()) {
        return Ok(f64::NAN);
    }
    let mut eigenvalues: Vec<f64> = covariance.symmetric_eigenvalues().iter().map(|value| value.max(0.0)).collect();
    eigenvalues.sort_by(f64::total_cmp);
    Ok(entropy_of(&eigenvalues))
}

/// `−Σ p ln(p + 1e-8)` with `p = λ / Σ λ`. NaN if all are zero.
fn entropy_of(eigenvalues: &[f64]) -> f64 {
    let total: f64 = eigenvalues.iter().sum();
    -eigenvalues.iter().map(|value| value / total).map(|p| p * libm::log(p + 1e-8)).sum::<f64>()
}

/// A random sign for each element of a tensor.
fn random_signs(stream: &mut Stream, like: &Tensor) -> candle_core::Result<Tensor> {
    let count = like.elem_count();
    let mut signs = Vec::with_capacity(count + 63);
    while signs.len() < count {
        let bits = stream.next_u64();
        signs.extend((0..64).map(|bit| if bits >> bit & 1 == 0 { -1.0_f32 } else { 1.0 }));
    }
    signs.truncate(count);
    Tensor::from_vec(signs, like.shape(), like.device())?.to_dtype(like.dtype())
}

/// A score whose NaN is −∞.
fn worst_if_undefined(score: f64) -> Reading {
    Reading::plain(if score.is_nan() { f64::NEG_INFINITY } else { score })
}

fn expressivity(cells: &[Cell]) -> Reading {
    worst_if_undefined(cells.iter().map(|cell| cell.entropy).sum())
}

fn progressivity(cells: &[Cell]) -> Reading {
    let growth = cells.windows(2).map(|pair| pair[1].entropy - pair[0].entropy);
    // `f64::min` would leave out a NaN.
    worst_if_undefined(growth.fold(f64::INFINITY, |least, own| if own.is_nan() || own < least { own } else { least }))
}

fn trainability(cells: &[Cell]) -> Reading {
    let term = |cell: &Cell| match cell.passes {
        Passes::Stem | Passes::Unknown => None,
        Passes::Identity => Some(f64::NEG_INFINITY),
        Passes::By(largest) => Some(2.0 - largest - 1.0 / (largest + 1e-6)),
    };
    let terms: Vec<f64> = cells.iter().filter_map(term).collect();
    let left_out = cells.iter().filter(|cell| cell.passes == Passes::Unknown).count();
    worst_if_undefined(terms.iter().sum::<f64>() / terms.len() as f64).with("cells_left_out", left_out as f64)
}

#[cfg(test)]
#[path = "az_nas_tests.rs"]
mod tests;
