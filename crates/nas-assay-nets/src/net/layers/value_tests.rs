//! Layers against sums over pixels that are written out here.

use super::*;
use crate::net::{Builder, Dropout, Engine, Init, NormMode, Params, host_f64};
use candle_core::{DType, Device};
use nas_assay_base::seed::Seed;

const ENGINES: [Engine; 2] = [Engine::Kernels, Engine::Composed];

/// One image: its planes, each of `side` rows of `side` pixels.
#[derive(Clone, Debug)]
struct Planes {
    side: usize,
    planes: Vec<Vec<f64>>,
}

impl Planes {
    fn drawn(channels: usize, side: usize) -> Self {
        let mut stream = Seed::root(8).stream();
        let planes = (0..channels).map(|_| (0..side * side).map(|_| stream.normal()).collect()).collect();
        Self { side, planes }
    }

    fn tensor(&self) -> Tensor {
        let shape = (1, self.planes.len(), self.side, self.side);
        Tensor::from_vec(self.planes.concat(), shape, &Device::Cpu).unwrap()
    }

    fn relu(&self) -> Self {
        let plane = |plane: &Vec<f64>| plane.iter().map(|&pixel| if pixel > 0.0 { pixel } else { 0.0 }).collect();
        Self { side: self.side, planes: self.planes.iter().map(plane).collect() }
    }

    /// A pixel, zero outside of the image.
    fn at(&self, channel: usize, y: i64, x: i64) -> f64 {
        let inside = |place: i64| (0..self.side as i64).contains(&place);
        if inside(y) && inside(x) { self.planes[channel][y as usize * self.side + x as usize] } else { 0.0 }
    }

    /// Every channel by its own kernel, whose middle lies on every `stride`-th pixel and whose elements lie `dilation` pixels apart.
    fn depthwise(&self, weight: &[f64], kernel: usize, stride: usize, dilation: usize) -> Self {
        let side = self.side.div_ceil(stride);
        let half = (kernel / 2) as i64;
        let output = |channel: usize, y: usize, x: usize| -> f64 {
            let places = (0..kernel).flat_map(|i| (0..kernel).map(move |j| (i, j)));
            let term = |(i, j): (usize, usize)| {
                let from = |place: usize, tap: usize| (place * stride) as i64 + dilation as i64 * (tap as i64 - half);
                weight[(channel * kernel + i) * kernel + j] * self.at(channel, from(y, i), from(x, j))
            };
            places.map(term).sum()
        };
        let plane = |channel| (0..side * side).map(|place| output(channel, place / side, place % side)).collect();
        Self { side, planes: (0..self.planes.len()).map(plane).collect() }
    }

    /// Every output channel is a sum of the channels of the same pixel.
    fn pointwise(&self, weight: &[f64], outputs: usize) -> Self {
        let inputs = self.planes.len();
        let output =
            |of: usize, place: usize| (0..inputs).map(|c| weight[of * inputs + c] * self.planes[c][place]).sum();
        let plane = |of| (0..self.side * self.side).map(|place| output(of, place)).collect();
        Self { side: self.side, planes: (0..outputs).map(plane).collect() }
    }
}

fn weight(params: &Params, name: &str) -> Vec<f64> {
    host_f64(&params.get(name).unwrap().var).unwrap()
}

fn assert_same(what: &str, found: &Tensor, expected: &Planes) {
    assert_eq!(found.dims(), [1, expected.planes.len(), expected.side, expected.side], "{what}");
    for (place, (found, expected)) in host_f64(found).unwrap().iter().zip(expected.planes.concat()).enumerate() {
        assert!((found - expected).abs() < 1e-12, "{what} at {place}: {found}, not {expected}");
    }
}

fn builder() -> Builder {
    Builder::new(Init::Seeded(Seed::root(4)), DType::F64, &Device::Cpu)
}

/// A dilated convolution reads every second pixel; a separable one reads neighbours, twice, and has its stride in the first half.
#[test]
fn the_convolutions_of_darts_are_sums_by_hand() {
    for (kernel, stride, side) in [(3, 1, 7), (3, 2, 7), (5, 1, 9), (5, 2, 8)] {
        let image = Planes::drawn(2, side);
        let shape = SeparableShape { channels: 2, kernel, stride, affine: false };
        let (mut of_dilated, mut of_separable) = (builder(), builder());
        let dilated = DilConv::new(&mut of_dilated, "a", shape).unwrap();
        let separable = SepConv::new(&mut of_separable, "a", shape).unwrap();
        let (of_dilated, of_separable) = (of_dilated.finish().0, of_separable.finish().0);
        let spread = image.relu().depthwise(&weight(&of_dilated, "a.depthwise.weight"), kernel, stride, 2);
        let by_dilated = spread.pointwise(&weight(&of_dilated, "a.pointwise.weight"), 2);
        let mut by_separable = image.clone();
        for (half, stride) in [("1", stride), ("2", 1)] {
            let part = |part: &str| weight(&of_separable, &format!("a.{part}{half}.weight"));
            let spread = by_separable.relu().depthwise(&part("depthwise"), kernel, stride, 1);
            by_separable = spread.pointwise(&part("pointwise"), 2);
        }
        for engine in ENGINES {
            let mut pass = ForwardPass::new(engine).with_norm(NormMode::Identity);
            let what = format!("{engine:?}, {kernel}x{kernel}, stride {stride}");
            let y = dilated.forward(&mut CachedRelu::new(image.tensor()), &mut pass).unwrap();
            assert_same(&format!("dilated, {what}"), &y, &by_dilated);
            let y = separable.forward(&mut CachedRelu::new(image.tensor()), &mut pass).unwrap();
            assert_same(&format!("separable, {what}"), &y, &by_separable);
        }
    }
}

/// The weights called even read pixels in even rows and columns and make the first channels; the others make the last.
#[test]
fn the_two_convolutions_of_a_factorised_reduction_have_their_own_pixels_and_channels() {
    for side in [6, 7] {
        let image = Planes::drawn(3, side);
        let mut builder = builder();
        let layer = FactorisedReduction::new(&mut builder, "a", 3, 4, false).unwrap();
        let params = builder.finish().0;
        let half = side.div_ceil(2);
        let pixels = |offset: i64| Planes {
            side: half,
            planes: (0..3)
                .map(|channel| {
                    let places = (0..half as i64).flat_map(|y| (0..half as i64).map(move |x| (y, x)));
                    places.map(|(y, x)| image.relu().at(channel, 2 * y + offset, 2 * x + offset)).collect()
                })
                .collect(),
        };
        let even = pixels(0).pointwise(&weight(&params, "a.conv_even.weight"), 2);
        let odd = pixels(1).pointwise(&weight(&params, "a.conv_odd.weight"), 2);
        let expected = Planes { side: half, planes: [even.planes, odd.planes].concat() };
        for engine in ENGINES {
            let mut pass = ForwardPass::new(engine).with_norm(NormMode::Identity);
            let y = layer.forward(&mut CachedRelu::new(image.tensor()), &mut pass).unwrap();
            assert_same(&format!("{engine:?}, {side} pixels"), &y, &expected);
        }
    }
}

/// Logits that are the features themselves, all ones: what comes out is the mask. Of 4,000 features 1,000 are expected to be zero, with a
/// deviation of 27.
#[test]
fn dropout_zeroes_a_share_and_scales_the_rest_to_the_same_mean() {
    let mut builder = builder();
    let classifier = Classifier::new(&mut builder, 8, 8).unwrap();
    let params = builder.finish().0;
    let set = |name: &str, value: &Tensor| params.get(name).unwrap().var.set(value).unwrap();
    set("classifier.weight", &Tensor::eye(8, DType::F64, &Device::Cpu).unwrap());
    set("classifier.bias", &Tensor::zeros(8, DType::F64, &Device::Cpu).unwrap());
    let ones = Tensor::ones((500, 8, 2, 2), DType::F64, &Device::Cpu).unwrap();
    for engine in ENGINES {
        let dropout = Dropout { rate: 0.25, stream: Seed::root(2).stream() };
        let mut pass = ForwardPass::new(engine).with_dropout(dropout);
        let features = host_f64(&classifier.forward(&ones, &mut pass).unwrap()).unwrap();
        let zeros = features.iter().filter(|&&feature| feature == 0.0).count();
        assert!(zeros.abs_diff(1_000) < 110, "{zeros} of 4000 are zero");
        let rest = features.iter().filter(|&&feature| feature != 0.0);
        assert!(rest.clone().all(|feature| (feature - 4.0 / 3.0).abs() < 1e-15), "{:?}", rest.clone().next());
    }
}
