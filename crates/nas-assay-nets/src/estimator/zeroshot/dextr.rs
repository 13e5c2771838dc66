//! How evenly the feature maps of one image use their channels, and how much the logits bend along a curve of inputs.
//!
//! # Formula
//! `v k / (v + k)`.
//! - `v = ln(1 + Σ_t σ_min(F_t) / σ_max(F_t))`, over tensors `t`. `F_t` is the matrix `[channels, pixels]` of the
//!   tensor for one image. `σ_min` and `σ_max` are its smallest and its largest singular value.
//! - `k = ln(1 + κ)`, where `κ = √(|ż|² |z̈|² − (ż · z̈)²) / |ż|³` is the extrinsic curvature of a curve `z(θ)` at
//!   `θ = 0`. `z(θ)` are the logits for the input `cos θ · a + sin θ · b`. `a` and `b` are drawn. They have length 1
//!   and are orthogonal.
//!
//! The tensors are the outputs of convolutions, batch-norms, ReLUs, pools and linear layers, and the feature maps, as
//! for [`meco`](super::meco). The means before the classifier are added. Each tensor counts once, as there.
//!
//! # Shapes
//! Only the first image of the batch is used; labels are not. `a` and `b` are `[1, 3, 64, 64]`, the same for all
//! architectures. If there are more than 10 logits, 10 of them are drawn. Batch-norm uses the statistics of the single
//! input. All numbers are computed in f64.
//!
//! # Source
//! Asthana et al., Dextr, 2025; code rohanasthana/Dextr.
//!
//! # Known traps
//! The source sums over all modules of its model, also over those that contain other modules. So a tensor counts once
//! for each module whose output it is. A vector has one singular value, so the classifier and the means before it add 1
//! each. If a channel of a tensor is 0, the tensor adds 0, unless it has more channels than pixels. Outputs of ReLUs
//! often have such channels. A tensor that is 0 but for rounding adds any number up to 1: the 3×3 average pool of
//! batch-norm on a map of 2×2 pixels is one.
//!
//! The source asks for a circle of one point, which is `θ = 0`. It draws 10 of the logits with replacement, so some of
//! them count twice. Here they are drawn without replacement.
//!
//! Derivatives show only the smooth pieces of `z`. Where a `ReLU` begins to pass, `z` has a corner, which no derivative
//! shows. The derivatives are exact. For each logit, they need a second backward pass, which goes through the first
//! one.
//!
//! If the logits do not move along the curve, there is no curvature. Then the score is `v`, as in the source if `κ` is
//! not a number. This happens in cells without a path, and in networks whose classifier averages outputs of batch-norm.
//! The supernets of NAS-Bench-101 and NAS-Bench-301 are such networks. With a single image, the mean of a batch-norm's
//! output over the pixels is 0.
//!
//! Logits that should not move still move by rounding. So a speed below 1e-9 of the largest logit counts as none. In
//! that case the detail `curvature` is not finite.
//!
//! The published correlations are over the first 1,000 architectures, in the order of their numbers. These are not a
//! random sample.

use std::cell::RefCell;
use std::collections::HashSet;

use candle_core::{DType, Device, Tensor, TensorId, Var};
use nalgebra::DMatrix;

use crate::estimator::{Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ToleranceClass};
use crate::net::{Engine, ForwardPass, Layer, Network, host_f64};
use nas_assay_base::seed::Stream;
use nas_assay_criteria::Direction;
use nas_assay_spaces::Architecture;

/// Singular values of feature maps, and curvature of the logits.
pub struct Dextr;

const META: Meta<'static> = Meta {
    id: "dextr",
    version: 2,
    direction: Direction::Higher,
    kind: EstimatorKind::ZeroShot,
    needs: &[Need::OwnPasses],
    tolerance: ToleranceClass::Numeric,
    summary: "Evenness of the singular values of one image's feature maps, with the curvature of the logits along a circle.",
    formula: "v k/(v + k), v = ln(1 + sum of smallest/largest singular value of outputs), k = ln(1 + curvature of logits)",
    source: "Asthana et al., Dextr, 2025 (code rohanasthana/Dextr)",
};

/// Height and width of the inputs on the curve.
const SIDE: usize = 64;

/// So many logits at most.
const LOGITS: usize = 10;

/// A speed below this part of the largest logit is rounding.
const STILL: f64 = 1e-9;

impl Estimator for Dextr {
    fn meta(&self) -> Meta<'_> {
        META
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        let network = probe.with_weights(DType::F64, |param| Ok(param.var.as_detached_tensor()))?;
        let image = probe.batch()?.images.narrow(0, 0, 1)?.contiguous()?.to_dtype(DType::F64)?;
        let (sum, tensors) = evenness(&network, probe.architecture(), probe.engine(), &image)?;
        let circle = Circle::drawn(&mut probe.shared_stream(META.id, "circle"), &image);
        let mut logits = probe.shared_stream(META.id, "logits");
        let motion = circle.motion(&network, probe.architecture(), probe.engine(), 0.0, &mut logits)?;
        let curvature = motion.curvature();
        let reading = Reading::plain(combined(sum, curvature));
        Ok(reading.with("singular_ratios", sum).with("tensors", tensors as f64).with("curvature", curvature))
    }
}

/// The score of a sum of ratios and a curvature, which can be no number.
fn combined(sum: f64, curvature: f64) -> f64 {
    let evenness = libm::log1p(sum);
    let bend = libm::log1p(curvature);
    if !curvature.is_finite() {
        evenness
    } else if bend == 0.0 {
        0.0
    } else {
        evenness * bend / (evenness + bend)
    }
}

/// `Σ σ_min / σ_max` over the tensors of a pass over an image `[1, 3, h, w]`, and their number.
fn evenness(
    network: &Network,
    architecture: Architecture,
    engine: Engine,
    image: &Tensor,
) -> Result<(f64, usize), EstimatorError> {
    let found = RefCell::new((HashSet::<TensorId>::new(), 0.0));
    let add = |x: &Tensor| {
        let (seen, sum) = &mut *found.borrow_mut();
        if seen.insert(x.id()) {
            *sum += ratio(&host_f64(x)?, x.dim(1)?);
        }
        Ok(())
    };
    let layer = |_: Layer, y: &Tensor| add(y);
    let mut feature = |_: &str, x: &Tensor| add(x);
    let mut pass = ForwardPass::new(engine).untracked().with_layer_observer(&layer).with_feature_observer(&mut feature);
    network.forward(architecture, image, &mut pass)?;
    drop(pass);
    let (seen, sum) = found.into_inner();
    Ok((sum, seen.len()))
}

/// The smallest singular value of a matrix with so many rows over the largest; 0 if all are 0, and NaN if an element is not finite.
fn ratio(values: &[f64], rows: usize) -> f64 {
    if values.iter().any(|value| !value.is_finite()) {
        return f64::NAN;
    }
    let found = DMatrix::from_row_slice(rows, values.len() / rows.max(1), values).singular_values();
    let largest = found.iter().copied().fold(0.0, f64::max);
    let smallest = found.iter().copied().fold(f64::INFINITY, f64::min);
    if largest == 0.0 { 0.0 } else { smallest / largest }
}

/// A circle of inputs of length 1.
struct Circle {
    /// Two orthogonal inputs of length 1.
    axes: [Vec<f64>; 2],
    device: Device,
}

/// How the logits move at one point of a curve.
#[derive(Debug)]
struct Motion {
    /// The largest absolute logit.
    size: f64,
    /// The first derivatives of some logits by the angle.
    velocity: Vec<f64>,
    /// The second derivatives.
    acceleration: Vec<f64>,
}

impl Circle {
    /// A circle in a drawn plane, on the device of an image.
    fn drawn(stream: &mut Stream, image: &Tensor) -> Self {
        let mut draw = || -> Vec<f64> { (0..3 * SIDE * SIDE).map(|_| stream.normal()).collect() };
        let (a, b) = (unit(&draw()), draw());
        let along = dot(&a, &b);
        let across: Vec<f64> = b.iter().zip(&a).map(|(b, a)| b - along * a).collect();
        let b = unit(&across);
        Self { axes: [a, b], device: image.device().clone() }
    }

    /// The input at an angle, or with an angle of π/2 more the direction in which it moves.
    fn at(&self, angle: f64) -> candle_core::Result<Tensor> {
        let (cos, sin) = (libm::cos(angle), libm::sin(angle));
        let [a, b] = &self.axes;
        let values: Vec<f64> = a.iter().zip(b).map(|(a, b)| cos * a + sin * b).collect();
        Tensor::from_vec(values, (1, 3, SIDE, SIDE), &Device::Cpu)?.to_device(&self.device)
    }

    /// How the logits of a network in double precision move where the input has this angle.
    fn motion(
        &self,
        network: &Network,
        architecture: Architecture,
        engine: Engine,
        angle: f64,
        stream: &mut Stream,
    ) -> Result<Motion, EstimatorError> {
        let (point, tangent) = (Var::from_tensor(&self.at(angle)?)?, self.at(angle + std::f64::consts::FRAC_PI_2)?);
        let by = [host_f64(&point)?, host_f64(&tangent)?];
        let logits = network.forward(architecture, point.as_tensor(), &mut ForwardPass::new(engine).untracked())?;
        let values = host_f64(&logits)?;
        let mut chosen: Vec<usize> = (0..values.len()).collect();
        if values.len() > LOGITS {
            chosen = stream.choose(values.len(), LOGITS);
        }
        let size = values.iter().fold(0.0_f64, |size, logit| size.max(logit.abs()));
        let mut motion = Motion { size, velocity: Vec::new(), acceleration: Vec::new() };
        let variables = std::slice::from_ref(&point);
        for logit in chosen {
            let mut one = vec![0.0; values.len()];
            one[logit] = 1.0;
            let one = Tensor::from_vec(one, logits.shape(), &Device::Cpu)?.to_device(&self.device)?;
            let number = engine.sum_all(&engine.times_constant(&logits, &one)?)?;
            let gradients = engine.differentiable_backward(&number, variables)?;
            let (mut velocity, mut acceleration) = (0.0, 0.0);
            if let Some(gradient) = gradients.get(&point) {
                let first = host_f64(gradient)?;
                velocity = dot(&first, &by[1]);
                // The second derivative along the tangent, and the first along the second derivative of the circle, which is −point.
                acceleration = -dot(&first, &by[0]);
                let along = engine.sum_all(&engine.times_constant(gradient, &tangent)?)?;
                if let Some(product) = engine.backward_to(&along, variables)?.get(&point) {
                    acceleration += dot(&host_f64(product)?, &by[1]);
                }
            }
            motion.velocity.push(velocity);
            motion.acceleration.push(acceleration);
        }
        Ok(motion)
    }
}

impl Motion {
    /// The curvature; NaN if nothing moves, or a number is not finite.
    fn curvature(&self) -> f64 {
        let Self { size, velocity, acceleration } = self;
        let speed = dot(velocity, velocity).sqrt();
        if speed <= STILL * size {
            return f64::NAN;
        }
        // What is left of the acceleration across the velocity.
        let along = dot(velocity, acceleration) / (speed * speed);
        let across: Vec<f64> = acceleration.iter().zip(velocity).map(|(a, v)| a - along * v).collect();
        dot(&across, &across).sqrt() / (speed * speed)
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn unit(values: &[f64]) -> Vec<f64> {
    let length = dot(values, values).sqrt();
    values.iter().map(|value| value / length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::tests::{batch, network, probe};
    use crate::images::Batch;
    use crate::net::{Init, NetConfig};
    use nas_assay_base::seed::Seed;
    use nas_assay_schema::spec;
    use nas_assay_spaces::{Form, SpaceId};
    use proptest::prelude::*;

    fn curvature(velocity: &[f64], acceleration: &[f64]) -> f64 {
        Motion { size: 1.0, velocity: velocity.to_vec(), acceleration: acceleration.to_vec() }.curvature()
    }

    #[test]
    fn curvatures_by_hand() {
        // A circle of radius 4 at speed 12: velocity (0, 12), acceleration (−36, 0).
        assert_eq!(curvature(&[0.0, 12.0], &[-36.0, 0.0]), 0.25);
        // The same while it gets faster, in another plane.
        assert!((curvature(&[0.0, 0.0, 12.0], &[-36.0, 0.0, 5.0]) - 0.25).abs() < 1e-15);
        // A straight line.
        assert!(curvature(&[1.0, 2.0], &[3.0, 6.0]).abs() < 1e-15);
        // Nothing moves, but for rounding.
        assert!(curvature(&[0.0, 0.0], &[0.0, 0.0]).is_nan());
        assert!(curvature(&[1e-12, 0.0], &[0.0, 1e-12]).is_nan());
    }

    #[test]
    fn ratios_by_hand() {
        assert!((ratio(&[3.0, 0.0, 0.0, -1.0], 2) - 1.0 / 3.0).abs() < 1e-15);
        // Rows of 3 numbers at a right angle, of lengths 5 and 2.
        assert!((ratio(&[3.0, 4.0, 0.0, 0.0, 0.0, 2.0], 2) - 0.4).abs() < 1e-15);
        // A row that is twice another, one of zeros, and all zeros.
        assert!(ratio(&[1.0, 2.0, 3.0, 2.0, 4.0, 6.0], 2) < 1e-15);
        assert_eq!(ratio(&[1.0, 2.0, 0.0, 0.0], 2), 0.0);
        assert_eq!(ratio(&[0.0; 4], 2), 0.0);
        assert!((ratio(&[1.0, -2.0, 5.0], 3) - 1.0).abs() < 1e-15);
        assert!(ratio(&[1.0, f64::NAN], 2).is_nan());
    }

    #[test]
    fn both_parts_make_the_score() {
        // v = ln 4 and k = ln 16 = 2 v: v k / (v + k) = 2 v / 3.
        assert!((combined(3.0, 15.0) - libm::log(4.0) * 2.0 / 3.0).abs() < 1e-15);
        assert_eq!(combined(3.0, f64::NAN), libm::log(4.0));
        assert_eq!(combined(3.0, 0.0), 0.0);
        assert!(combined(0.0, 15.0).abs() < 1e-15);
    }

    proptest! {
        /// Neither the speed nor a change of it bends a curve; the size of the curve does.
        #[test]
        fn only_the_shape_of_a_curve_bends_it(
            values in prop::collection::vec((-1.0..1.0_f64, -1.0..1.0_f64), 4),
            speed in 0.1..10.0_f64,
            change in -5.0..5.0_f64,
            size in 0.1..10.0_f64,
        ) {
            let (v, a): (Vec<f64>, Vec<f64>) = values.into_iter().unzip();
            prop_assume!(dot(&v, &v) > 1e-3);
            let found = curvature(&v, &a);
            let faster: Vec<f64> = v.iter().map(|v| v * speed).collect();
            let pushed: Vec<f64> = a.iter().zip(&v).map(|(a, v)| a * speed * speed + change * v).collect();
            prop_assert!((curvature(&faster, &pushed) - found).abs() < 1e-9 * found.max(1.0));
            let scaled = |of: &[f64]| of.iter().map(|x| x * size).collect::<Vec<_>>();
            prop_assert!((curvature(&scaled(&v), &scaled(&a)) * size - found).abs() < 1e-9 * found.max(1.0));
        }
    }

    fn circle() -> Circle {
        let image = Tensor::zeros((1, 3, 8, 8), DType::F64, &Device::Cpu).unwrap();
        Circle::drawn(&mut Seed::root(2).stream(), &image)
    }

    #[test]
    fn the_circle_is_round() {
        let [a, b] = circle().axes;
        assert!((dot(&a, &a) - 1.0).abs() < 1e-13 && (dot(&b, &b) - 1.0).abs() < 1e-13 && dot(&a, &b).abs() < 1e-13);
    }

    /// In every space, velocities are differences of logits along the circle, and accelerations differences of velocities.
    #[test]
    fn derivatives_are_differences() {
        let circle = circle();
        for (place, space) in SpaceId::ALL.into_iter().enumerate() {
            let (architecture, network) = network(space, 180 + place as u64);
            let motion = |angle: f64| {
                let mut stream = Seed::root(1).stream();
                circle.motion(&network, architecture, Engine::Kernels, angle, &mut stream).unwrap()
            };
            let logits = |angle: f64| {
                let mut pass = ForwardPass::new(Engine::Kernels).untracked();
                host_f64(&network.forward(architecture, &circle.at(angle).unwrap(), &mut pass).unwrap()).unwrap()
            };
            let close = |ahead: &[f64], behind: &[f64], step: f64, expected: &[f64], what: &str| {
                let size = expected.iter().fold(0.0_f64, |size, x| size.max(x.abs()));
                assert!(size > 0.0 && expected.len() == 10, "{space} {what}");
                for ((ahead, behind), expected) in ahead.iter().zip(behind).zip(expected) {
                    let slope = (ahead - behind) / (2.0 * step);
                    assert!(
                        (slope - expected).abs() < 1e-3 * size,
                        "{space} {what}: {slope}, not {expected} of {size}"
                    );
                }
            };
            // So near that hardly any ReLU begins or ends to pass between.
            let (here, step) = (motion(0.7), 1e-8);
            close(&logits(0.7 + step), &logits(0.7 - step), step, &here.velocity, "velocity");
            let (ahead, behind) = (motion(0.7 + step), motion(0.7 - step));
            close(&ahead.velocity, &behind.velocity, step, &here.acceleration, "acceleration");
        }
    }

    /// In every space: the first image counts and no other, labels do not, and the seed does.
    #[test]
    fn one_image_counts() {
        for (place, space) in SpaceId::ALL.into_iter().enumerate() {
            let (architecture, network) = network(space, 190 + place as u64);
            let straight = batch(3);
            let read = |batch: &Batch, seed: u64| {
                Dextr.score(&probe(architecture, &network, Engine::Kernels, batch).with_seed(Seed::root(seed))).unwrap()
            };
            let reading = read(&straight, 1);
            assert!(reading.score.value() > 0.0, "{space}: {reading:?}");
            let order = Tensor::new(&[0_u32, 2], &Device::Cpu).unwrap();
            let images = straight.images.index_select(&order, 0).unwrap();
            let fewer = Batch { images, labels: Tensor::new(&[5_u32, 5], &Device::Cpu).unwrap() };
            assert_eq!(read(&fewer, 1), reading, "{space}");
            let turned = Batch { images: straight.images.flip(&[0]).unwrap(), labels: straight.labels.clone() };
            assert_ne!(read(&turned, 1).details[0], reading.details[0], "{space}");
            let other = read(&straight, 2);
            assert_eq!(other.details[0], reading.details[0], "{space}");
            if reading.details[2].1.value().is_finite() {
                assert_ne!(other.details[2], reading.details[2], "{space}");
            }
        }
    }

    /// Logits that do not depend on the input have no curvature, even if rounding moves them.
    #[test]
    fn without_a_motion_the_singular_values_are_the_score() {
        let of = |space: SpaceId, architecture: Architecture, sizes: &spec::Network, form: Form| {
            let config = NetConfig { skeleton: sizes.skeleton(space, form, 8), dtype: DType::F32, device: Device::Cpu };
            let network = Network::stand_alone(architecture, &config, Init::Seeded(Seed::root(1))).unwrap();
            let mut batch = batch(2);
            batch.images = batch.images.to_dtype(DType::F32).unwrap();
            Dextr.score(&probe(architecture, &network, Engine::Kernels, &batch)).unwrap()
        };
        let small = spec::Network { channels: Some(4), cells: Some(1), ..spec::Network::default() };
        let layers = spec::Network { channels: Some(4), layers: Some(3), ..spec::Network::default() };
        let text = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|";
        let still = Architecture::parse(SpaceId::Nb201, text).unwrap();
        let drawn = |space: SpaceId| space.sample(&mut Seed::root(4).stream());
        for (space, architecture, sizes, form) in [
            (SpaceId::Nb201, still, &small, Form::StandAlone),
            (SpaceId::Nb101, drawn(SpaceId::Nb101), &small, Form::Supernet),
            (SpaceId::Nb301, drawn(SpaceId::Nb301), &layers, Form::Supernet),
        ] {
            let reading = of(space, architecture, sizes, form);
            let [ratios, _, (_, curvature)] = &reading.details[..] else { panic!("{reading:?}") };
            assert!(!curvature.value().is_finite(), "{space}: {reading:?}");
            assert_eq!(reading.score.value(), libm::log1p(ratios.1.value()), "{space}");
            assert!(ratios.1.value() >= 2.0, "{space}: the classifier and the means before it count");
        }
    }
}
