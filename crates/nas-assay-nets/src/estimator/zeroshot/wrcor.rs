//! How different the images of a batch are in the inputs of ReLUs, and in the gradients by these inputs.
//!
//! # Formula
//! `ln |det K|`, with `K = Σ_r 2^i (|C_r| + |D_r|)` over all executed ReLUs `r`.
//! - `C_r` is the matrix of Pearson's correlations between images, for the inputs of the `ReLU`.
//! - `D_r` is the same for the gradients of the loss by these inputs.
//! - `|C|` has the absolute value of every entry.
//! - `i` is the index of the cell that the `ReLU` is in.
//!
//! # Shapes
//! One labelled batch of `n` images. `K`, `C_r` and `D_r` are `[n, n]`. They correlate rows: a row has all numbers of
//! an image, `[channels · height · width]`. The loss is the mean cross-entropy. Its scale does not matter.
//!
//! # Source
//! Jing et al., Zero-Shot Neural Architecture Search with Weighted Response Correlation, 2025; code
//! kunjing96/ZSNAS-WRCor.
//!
//! # Known traps
//! The score grows with the number of cells: each further cell doubles all weights `2^i`, which alone adds `n ln 2`. It
//! also depends on the number of images, so scores of different numbers cannot be compared.
//!
//! Cells count from the input. Each cell, each block, and each reduction of NAS-Bench-201 has the next number. A stem
//! with a `ReLU` is number 0, and the first cell is number 1. This is so in NAS-Bench-101 and in the design spaces.
//! Elsewhere the first cell is number 0. ReLUs after the last cell have the next number. The source counts like this in
//! NAS-Bench-201. In its network of NAS-Bench-101, pools between stacks have numbers too. Here they have none, which is
//! a choice of this project. The source has none of the other spaces.
//!
//! Every layer that begins with a `ReLU` has one of its own, as in the source. So several with the same input each
//! count. The gradient of each is the part that comes through its own layer.
//!
//! If a row has no variance, its correlation matrix is left out. This happens where nothing passes a `ReLU`. The detail
//! `left_out` counts these matrices. If all are left out, `K` is 0 and the score is −∞.
//!
//! `|C|` can have negative eigenvalues, so the determinant can be below zero. Its sign is dropped, as in the source. If
//! an eigenvalue is no more than rounding, as with two equal images, the score has the status `rounding`.
//!
//! The source can split the batch and multiply the scores of the parts. Here the batch is whole. In the paper, the
//! score also votes with `synflow` and `jacob_cov`.

use std::cell::RefCell;
use std::collections::HashMap;

use candle_core::{DType, Tensor, TensorId, Var};
use nalgebra::DMatrix;

use super::correlation::correlation_by;
use crate::estimator::{Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ToleranceClass};
use crate::net::{Engine, host_f64};
use nas_assay_criteria::Direction;

/// Log-determinant of the weighted correlations between responses to images.
pub struct Wrcor;

const META: Meta<'static> = Meta {
    id: "wrcor",
    version: 1,
    direction: Direction::Higher,
    kind: EstimatorKind::ZeroShot,
    needs: &[Need::OwnPasses],
    tolerance: ToleranceClass::Numeric,
    summary: "Log-determinant of correlations between images, of ReLU inputs and of gradients, later cells weighing more.",
    formula: "ln |det K|, K = sum over ReLUs of 2^cell (|corrcoef(inputs)| + |corrcoef(gradients by inputs)|)",
    source: "Jing et al., WRCor, 2025 (code kunjing96/ZSNAS-WRCor)",
};

impl Estimator for Wrcor {
    fn meta(&self) -> Meta<'_> {
        META
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        let images = &probe.batch()?.images;
        let step = match images.dtype() {
            DType::F64 => f64::EPSILON,
            _ => f64::from(f32::EPSILON),
        };
        let mut sum = Correlations::new(probe.engine(), images.dim(0)?);
        for response in responses(probe)? {
            sum.add(&response?)?;
        }
        Ok(sum.reading(step))
    }
}

/// What one `ReLU` that one layer reads shows of the images.
struct Response {
    /// Its input, `[n, ...]`.
    input: Tensor,
    /// The gradient of the loss by its input, as far as it comes by this layer; `None` if there is none.
    gradient: Option<Vec<f64>>,
    /// The number of its cell.
    cell: u32,
}

/// The responses of all executed ReLUs, in the order of execution. They are made one after another: in double precision all together would
/// be larger than what a pass keeps.
fn responses(probe: &Probe<'_>) -> Result<impl Iterator<Item = candle_core::Result<Response>> + use<>, EstimatorError> {
    let (network, batch, engine) = (probe.network()?, probe.batch()?, probe.engine());
    // The number of the cell that is next to end, and for each ReLU its input, a zero that is added to its output, and its cell.
    let found = RefCell::new((0_u32, Vec::<(Tensor, Var, u32)>::new()));
    let mut cut = |input: &Tensor, output: Tensor| {
        let (cell, relus) = &mut *found.borrow_mut();
        let zeros = Var::zeros(output.shape(), output.dtype(), output.device())?;
        let read = engine.add(&output, zeros.as_tensor())?;
        relus.push((input.clone(), zeros, *cell));
        Ok(read)
    };
    let mut end = |name: &str, _: &Tensor| {
        let (cell, relus) = &mut *found.borrow_mut();
        match name {
            "features" | "pooled" => {}
            "stem" => *cell += u32::from(!relus.is_empty()),
            _ => *cell += 1,
        }
        Ok(())
    };
    let mut pass = probe.own_pass().untracked().with_relu_cut(&mut cut).with_feature_observer(&mut end);
    let logits = network.forward(probe.architecture(), &batch.images, &mut pass)?;
    drop(pass);
    let (_, relus) = found.into_inner();
    let zeros: Vec<Var> = relus.iter().map(|(_, zeros, _)| zeros.clone()).collect();
    let mut gradients = engine.backward_to(&engine.cross_entropy(&logits, &batch.labels)?, &zeros)?;
    let response = move |(input, zeros, cell): (Tensor, Var, u32)| {
        let gradient = gradients.remove(&zeros).map(|by_output| passed(&input, &by_output)).transpose()?;
        Ok(Response { input, gradient, cell })
    };
    Ok(relus.into_iter().map(response))
}

/// The gradient by the input of a `ReLU` from that by its output: 0 where the input is not above zero.
fn passed(input: &Tensor, by_output: &Tensor) -> candle_core::Result<Vec<f64>> {
    let inputs = host_f64(input)?;
    let gradient = host_f64(by_output)?;
    Ok(inputs.into_iter().zip(gradient).map(|(x, g)| if x > 0.0 { g } else { 0.0 }).collect())
}

/// The sum `K`.
struct Correlations {
    engine: Engine,
    sum: DMatrix<f64>,
    /// Absolute correlations of inputs that were met before.
    known: HashMap<TensorId, Option<DMatrix<f64>>>,
    relus: usize,
    left_out: usize,
}

impl Correlations {
    fn new(engine: Engine, images: usize) -> Self {
        Self { engine, sum: DMatrix::zeros(images, images), known: HashMap::new(), relus: 0, left_out: 0 }
    }

    fn add(&mut self, response: &Response) -> candle_core::Result<()> {
        let Response { input, gradient, cell } = response;
        let known = if let Some(known) = self.known.get(&input.id()) {
            known.clone()
        } else {
            let found = absolute(self.engine, &host_f64(input)?, self.sum.nrows())?;
            self.known.insert(input.id(), found.clone());
            found
        };
        let by_gradient = match gradient {
            Some(gradient) => absolute(self.engine, gradient, self.sum.nrows())?,
            None => None,
        };
        self.relus += 1;
        for matrix in [known, by_gradient] {
            match matrix {
                Some(matrix) => self.sum += matrix * libm::exp2(f64::from(*cell)),
                None => self.left_out += 1,
            }
        }
        Ok(())
    }

    /// The score, if the responses were computed with a floating-point type of this step.
    fn reading(self, step: f64) -> Reading {
        let (relus, left_out) = (self.relus as f64, self.left_out as f64);
        log_determinant(&self.sum, step).with("relus", relus).with("left_out", left_out)
    }
}

/// The absolute correlations between so many rows; `None` if one of them has no variance.
fn absolute(engine: Engine, values: &[f64], rows: usize) -> candle_core::Result<Option<DMatrix<f64>>> {
    let rows: Vec<&[f64]> = values.chunks((values.len() / rows.max(1)).max(1)).collect();
    Ok(correlation_by(engine, &rows)?.map(|found| found.abs()))
}

/// `ln |det K|` of a symmetric matrix, by its eigenvalues.
fn log_determinant(matrix: &DMatrix<f64>, step: f64) -> Reading {
    if matrix.iter().any(|entry| !entry.is_finite()) {
        return Reading::plain(f64::NAN);
    }
    let mut sizes: Vec<f64> = matrix.symmetric_eigenvalues().iter().map(|eigenvalue| eigenvalue.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    match (sizes.first(), sizes.last()) {
        (Some(least), Some(greatest)) if *greatest > 0.0 && *least <= sizes.len() as f64 * step * greatest => {
            Reading::rounding()
        }
        _ => Reading::plain(sizes.iter().map(|size| libm::log(*size)).sum()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::newer_reference::Reference;
    use crate::estimator::tests::{batch, network, probe};
    use crate::estimator::{Reason, Score};
    use crate::images::Batch;
    use crate::net::{Init, NetConfig, Network};
    use candle_core::Device;
    use nas_assay_base::seed::Seed;
    use nas_assay_spaces::{Architecture, SpaceId};
    use proptest::prelude::*;

    fn response(rows: &[Vec<f64>], gradient: &[Vec<f64>], cell: u32) -> Response {
        let input = Tensor::from_vec(rows.concat(), (rows.len(), rows[0].len()), &Device::Cpu).unwrap();
        Response { input, gradient: Some(gradient.concat()), cell }
    }

    fn reading(images: usize, responses: &[Response]) -> Reading {
        let mut sum = Correlations::new(Engine::Kernels, images);
        for response in responses {
            sum.add(response).unwrap();
        }
        sum.reading(f64::EPSILON)
    }

    /// Rows of length four and mean zero: the second has the correlation 0.6 with the first, the third −0.8.
    const A: [f64; 4] = [1.0, -1.0, 0.0, 0.0];
    const B: [f64; 4] = [0.6, -0.6, 0.8, -0.8];
    const C: [f64; 4] = [-0.8, 0.8, 0.6, -0.6];

    fn rows(rows: &[[f64; 4]]) -> Vec<Vec<f64>> {
        rows.iter().map(|row| row.to_vec()).collect()
    }

    fn near(reading: &Reading, expected: f64) {
        let found = reading.score.value();
        assert!((found - expected).abs() < 1e-12 * expected.abs().max(1.0), "{found}, not {expected}");
    }

    #[test]
    fn sums_of_correlations_by_hand() {
        // |C| has 0.6 and |D| has 0.8 beside the diagonal: K = (2, 1.4; 1.4, 2).
        let one = || response(&rows(&[A, B]), &rows(&[A, C]), 0);
        near(&reading(2, &[one()]), libm::log(4.0 - 1.96));
        // The same three cells later has eight times the weight.
        near(&reading(2, &[response(&rows(&[A, B]), &rows(&[A, C]), 3)]), libm::log((4.0 - 1.96) * 64.0));
        // A second one, in the next cell, whose inputs are not correlated and whose gradients are: K = (6, 3; 3, 6).
        let other = response(&rows(&[A, [0.0, 0.0, 1.0, -1.0]]), &rows(&[B, A]), 1);
        near(&reading(2, &[one(), other]), libm::log(36.0 - (1.4 + 2.0 * 0.6_f64).powi(2)));
    }

    #[test]
    fn what_has_no_variance_is_left_out() {
        let flat = response(&rows(&[A, [2.0; 4]]), &rows(&[A, B]), 0);
        let found = reading(2, &[flat]);
        near(&found, libm::log(1.0 - 0.36));
        assert_eq!(found.details[1].1, Score::Finite(1.0));
        let none = Response { gradient: None, ..response(&rows(&[[1.0; 4], A]), &[], 0) };
        let found = reading(2, &[none]);
        assert_eq!(found.score, Score::NonFinite(Reason::NegativeInfinity));
        assert_eq!(found.details[1].1, Score::Finite(2.0));
    }

    #[test]
    fn signs_of_determinants_are_dropped_and_singular_ones_are_rounding() {
        let of = |entries: [f64; 4], step| log_determinant(&DMatrix::from_row_slice(2, 2, &entries), step).score;
        assert!((of([2.0, 1.0, 1.0, 2.0], f64::EPSILON).value() - libm::log(3.0)).abs() < 1e-15);
        assert!((of([1.0, 2.0, 2.0, 1.0], f64::EPSILON).value() - libm::log(3.0)).abs() < 1e-15);
        assert_eq!(of([1.0, 1.0, 1.0, 1.0], f64::EPSILON), Score::NonFinite(Reason::Rounding));
        // What single precision cannot tell from 0, double precision can.
        let close = [1.0, 1.0 - 1e-8, 1.0 - 1e-8, 1.0];
        assert_eq!(of(close, f64::from(f32::EPSILON)), Score::NonFinite(Reason::Rounding));
        assert!(of(close, f64::EPSILON).value() < -17.0);
        assert_eq!(of([f64::NAN; 4], f64::EPSILON), Score::NonFinite(Reason::Nan));
    }

    proptest! {
        /// Scales and offsets of each image's inputs change nothing, nor does the order of images. The weights of cells do.
        #[test]
        fn only_correlations_count(
            values in prop::collection::vec(prop::collection::vec(-1.0..1.0_f64, 8), 6),
            scale in 0.1..10.0_f64,
            offset in -1.0..1.0_f64,
        ) {
            let (inputs, gradients) = values.split_at(3);
            let found = reading(3, &[response(inputs, gradients, 1), response(gradients, inputs, 2)]).score.value();
            prop_assume!(found.is_finite() && found > -10.0);
            let moved: Vec<Vec<f64>> = inputs.iter().map(|row| row.iter().map(|x| x * scale + offset).collect()).collect();
            let turned = |rows: &[Vec<f64>]| [rows[2].clone(), rows[0].clone(), rows[1].clone()];
            let (a, b) = (turned(&moved), turned(gradients));
            let other = reading(3, &[response(&a, &b, 1), response(&b, &a, 2)]).score.value();
            prop_assert!((other - found).abs() < 1e-8, "{other} and {found}");
            let later = reading(3, &[response(inputs, gradients, 2), response(gradients, inputs, 3)]).score.value();
            prop_assert!((later - found - 3.0 * libm::log(2.0)).abs() < 1e-9, "{later} and {found}");
        }
    }

    /// In every space there is a response for every executed `ReLU`, and cells are numbered as said above.
    #[test]
    fn cells_are_numbered_from_the_input() {
        let batch = batch(4);
        for (place, space) in SpaceId::ALL.into_iter().enumerate() {
            let (architecture, network) = network(space, 160 + place as u64);
            let probe = probe(architecture, &network, Engine::Kernels, &batch);
            let cells: Vec<u32> = responses(&probe).unwrap().map(|response| response.unwrap().cell).collect();
            assert_eq!(cells.len() as u64, probe.relu_patterns().unwrap().calls(), "{space}");
            assert!(cells.is_sorted(), "{space}: {cells:?}");
            let names = probe.features().unwrap();
            // Without the stem, the features and their means.
            let sections = names.len() as u32 - 3;
            let last = match space {
                // The head follows after three cells and two reductions.
                SpaceId::Nb201 => 5,
                SpaceId::Nb301 => sections - 1,
                _ => sections,
            };
            assert_eq!(cells.last(), Some(&last), "{space}");
            assert_eq!(cells[0], 0, "{space}");
        }
    }

    /// The gradient of each response is that of the loss: a small change of what its layer reads changes the loss so.
    #[test]
    fn gradients_are_those_by_each_reader() {
        let batch = batch(4);
        for (place, space) in SpaceId::ALL.into_iter().enumerate() {
            let (architecture, network) = network(space, 170 + place as u64);
            let probe = probe(architecture, &network, Engine::Kernels, &batch);
            let found: Vec<Response> = responses(&probe).unwrap().map(Result::unwrap).collect();
            for reader in [0, found.len() / 2, found.len() - 1] {
                let Response { input, gradient, .. } = &found[reader];
                let open: Vec<f64> = host_f64(input).unwrap().iter().map(|x| f64::from(u8::from(*x > 0.0))).collect();
                let mut stream = Seed::root(3).stream();
                let along: Vec<f64> = open.iter().map(|open| open * stream.normal()).collect();
                let direction = Tensor::from_vec(along.clone(), input.shape(), &Device::Cpu).unwrap();
                let loss = |step: f64| {
                    let mut call = 0;
                    let mut cut = |_: &Tensor, output: Tensor| {
                        call += 1;
                        if call == reader + 1 { output + (&direction * step)? } else { Ok(output) }
                    };
                    let mut pass = probe.own_pass().untracked().with_relu_cut(&mut cut);
                    let logits = network.forward(architecture, &batch.images, &mut pass).unwrap();
                    host_f64(&Engine::Kernels.cross_entropy(&logits, &batch.labels).unwrap()).unwrap()[0]
                };
                let slope = (loss(1e-6) - loss(-1e-6)) / 2e-6;
                let terms = gradient.as_ref().unwrap().iter().zip(&along).map(|(g, x)| g * x);
                let expected: f64 = terms.sum();
                assert!(
                    (slope - expected).abs() < 1e-5 * expected.abs().max(1e-2),
                    "{space} {reader}: {slope}, {expected}"
                );
            }
        }
    }

    /// Labels count, for the gradients, and two equal images have no score.
    #[test]
    fn labels_count_and_equal_images_are_rounding() {
        let (architecture, network) = network(SpaceId::Nb201, 3);
        let straight = batch(6);
        let read = |batch: &Batch| Wrcor.score(&probe(architecture, &network, Engine::Kernels, batch)).unwrap().score;
        let score = read(&straight);
        assert!(score.value().is_finite());
        let others = Batch { images: straight.images.clone(), labels: (&straight.labels + 1.0).unwrap() };
        assert_ne!(read(&others), score);
        let twin =
            |tensor: &Tensor| Tensor::cat(&[tensor.narrow(0, 0, 5).unwrap(), tensor.narrow(0, 0, 1).unwrap()], 0);
        let twins = Batch { images: twin(&straight.images).unwrap(), labels: twin(&straight.labels).unwrap() };
        assert_eq!(read(&twins), Score::NonFinite(Reason::Rounding));
    }

    /// In every space and form.
    #[test]
    fn the_score_agrees_with_pytorch() {
        let compared = Reference::all().into_iter().filter(|reference| {
            let Reference { architecture, network, images, labels, .. } = reference;
            let batch = Batch { images: images.clone(), labels: labels.clone() };
            let probe = Probe::new(*architecture, network, Engine::Kernels, [Need::OwnPasses]).with_batch(&batch);
            reference.agrees(META.id, Wrcor.score(&probe).unwrap().score.value())
        });
        assert_eq!(compared.count(), 20);
    }

    /// All inputs of ReLUs are 0, and the classifier has no gradient by them.
    #[test]
    fn a_cell_without_a_path_has_no_responses() {
        let text = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|";
        let architecture = Architecture::parse(SpaceId::Nb201, text).unwrap();
        let (_, other) = network(SpaceId::Nb201, 3);
        let config = NetConfig { skeleton: other.skeleton(), dtype: DType::F64, device: Device::Cpu };
        let network = Network::stand_alone(architecture, &config, Init::Seeded(Seed::root(1))).unwrap();
        let batch = batch(4);
        let reading = Wrcor.score(&probe(architecture, &network, Engine::Kernels, &batch)).unwrap();
        assert_eq!(reading.score, Score::NonFinite(Reason::NegativeInfinity), "{reading:?}");
    }
}
