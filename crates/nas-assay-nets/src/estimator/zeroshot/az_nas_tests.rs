use candle_core::Device;
use nas_assay_base::seed::Seed;

use super::*;
use crate::estimator::newer_reference::Reference;
use crate::estimator::tests::{SIDE, batch, network};
use crate::estimator::{Reason, Score};
use crate::net::{Init, NetConfig};
use nas_assay_schema::spec;
use nas_assay_spaces::{Architecture, Form, SpaceId};

fn normal(shape: (usize, usize, usize, usize), seed: u64) -> Tensor {
    let mut stream = Seed::root(seed).stream();
    let count = shape.0 * shape.1 * shape.2 * shape.3;
    Tensor::from_vec((0..count).map(|_| stream.normal()).collect::<Vec<f64>>(), shape, &Device::Cpu).unwrap()
}

fn signs(seed: u64, like: &Tensor) -> Tensor {
    random_signs(&mut Seed::root(seed).stream(), like).unwrap()
}

#[test]
fn white_channels_have_the_largest_entropy_and_equal_ones_have_none() {
    // Four channels, each a wave of its own over the pixels: uncorrelated, and of equal size.
    let waves = [[1.0, 1.0, -1.0, -1.0], [1.0, -1.0, 1.0, -1.0], [1.0, -1.0, -1.0, 1.0]];
    let white = Tensor::new(&waves, &Device::Cpu).unwrap().reshape((1, 3, 2, 2)).unwrap();
    let found = entropy(Engine::Kernels, &white).unwrap();
    assert!((found - libm::log(3.0)).abs() < 1e-7, "{found}");
    let equal = Tensor::cat(&[&white.narrow(1, 0, 1).unwrap(); 3], 1).unwrap();
    let found = entropy(Engine::Kernels, &equal).unwrap();
    assert!(found.abs() < 1e-6, "{found}");
    // A mean does not count, and a factor of all channels does not.
    let moved = ((&white * 7.0).unwrap() + 5.0).unwrap();
    assert!((entropy(Engine::Kernels, &moved).unwrap() - libm::log(3.0)).abs() < 1e-7);
    assert!(entropy(Engine::Kernels, &white.zeros_like().unwrap()).unwrap().is_nan());
}

#[test]
fn entropy_is_that_of_the_covariance_by_hand() {
    let x = normal((3, 5, 4, 2), 1);
    let rows: Vec<Vec<f64>> = by_channel(&x).unwrap().to_vec2().unwrap();
    let pixels = rows[0].len() as f64;
    let centred = rows.iter().map(|row| row.iter().map(|v| v - row.iter().sum::<f64>() / pixels).collect::<Vec<_>>());
    let centred: Vec<Vec<f64>> = centred.collect();
    let covariance =
        DMatrix::from_fn(5, 5, |i, j| centred[i].iter().zip(&centred[j]).map(|(a, b)| a * b).sum::<f64>() / pixels);
    let eigenvalues: Vec<f64> = covariance.symmetric_eigenvalues().iter().copied().collect();
    let (found, expected) = (entropy(Engine::Kernels, &x).unwrap(), entropy_of(&eigenvalues));
    assert!((found - expected).abs() < 1e-12, "{found}, not {expected}");
}

/// An orthogonal map of the channels keeps the size of gradients, and twice this map doubles it.
#[test]
fn the_largest_singular_value_of_a_linear_cell_is_its_factor() {
    let input = Var::from_tensor(&normal((64, 4, 8, 8), 2)).unwrap();
    let turn = DMatrix::from_row_slice(4, 4, &normal((1, 1, 4, 4), 3).flatten_all().unwrap().to_vec1::<f64>().unwrap())
        .qr()
        .q();
    let kernel = Tensor::from_vec(turn.transpose().as_slice().to_vec(), (4, 4, 1, 1), &Device::Cpu).unwrap();
    for factor in [1.0, 2.0] {
        let output = (input.as_tensor().conv2d(&kernel, 0, 1, 1, 1).unwrap() * factor).unwrap();
        let Passes::By(found) = passes(Engine::Kernels, &output, &input, &signs(4, &output)).unwrap() else { panic!() };
        // The correlation of the signs of 4,096 pixels is a few hundredths.
        assert!((found / factor - 1.0).abs() < 0.05, "{found}, not about {factor}");
    }
    let u = signs(5, input.as_tensor());
    assert_eq!(passes(Engine::Kernels, input.as_tensor(), &input, &u).unwrap(), Passes::Identity);
    let twice = (input.as_tensor() * 2.0).unwrap();
    assert!(matches!(passes(Engine::Kernels, &twice, &input, &u).unwrap(), Passes::By(_)));
    let odd = normal((64, 4, 5, 5), 6);
    assert_eq!(passes(Engine::Kernels, &odd, &input, &u).unwrap(), Passes::Unknown);
    let constant = normal((64, 4, 8, 8), 7);
    assert_eq!(passes(Engine::Kernels, &constant, &input, &u).unwrap(), Passes::By(0.0));
}

/// Against the singular value of the matrix made element by element, for a cell that halves its maps.
#[test]
fn smaller_maps_are_compared_with_the_pixels_that_they_stand_for() {
    let input = Var::from_tensor(&normal((3, 2, 4, 4), 8)).unwrap();
    let kernel = normal((3, 2, 2, 2), 9);
    let output = input.as_tensor().conv2d(&kernel, 0, 2, 1, 1).unwrap();
    let u = signs(10, &output);
    let Passes::By(found) = passes(Engine::Kernels, &output, &input, &u).unwrap() else { panic!() };
    // Windows do not overlap: the gradient by the pixel (a, b) of a window is the sum over outputs of u times the kernel there.
    let (u, kernel): (Vec<f64>, Vec<f64>) = (host_f64(&u).unwrap(), host_f64(&kernel).unwrap());
    let at = |image: usize, output: usize, pixel: usize| u[(image * 3 + output) * 4 + pixel];
    let m = DMatrix::from_fn(8, 3, |place, own| {
        let terms = (0..3).flat_map(|image| (0..4).map(move |pixel| (image, pixel))).map(|(image, pixel)| {
            let v: f64 = (0..3).map(|output| at(image, output, pixel) * kernel[output * 8 + place]).sum();
            v * at(image, own, pixel)
        });
        terms.sum::<f64>() / 12.0
    });
    let expected = m.singular_values().max();
    assert!((found - expected).abs() < 1e-12, "{found}, not {expected}");
}

fn scores(architecture: Architecture, network: &Network) -> [Reading; 3] {
    let batch = batch(4);
    let probe = Probe::new(architecture, network, Engine::Kernels, []).with_batch(&batch).with_seed(Seed::root(1));
    [EXPRESSIVITY, PROGRESSIVITY, TRAINABILITY].map(|part| part.score(&probe).unwrap())
}

#[test]
fn every_space_has_scores_in_both_forms() {
    for space in SpaceId::ALL {
        let (architecture, network) = network(space, 1);
        let [e, p, t] = scores(architecture, &network);
        for reading in [&e, &p, &t] {
            assert!(matches!(reading.score, Score::Finite(_)), "{space}: {reading:?}");
        }
        assert!(p.score.value() <= e.score.value() && t.score.value() <= 1e-6, "{space}: {t:?}");
        assert_eq!(t.details, [("cells_left_out".into(), Score::Finite(0.0))], "{space}");
    }
    let sizes = spec::Network { channels: Some(4), cells: Some(1), ..spec::Network::default() };
    let skeleton = sizes.skeleton(SpaceId::Nb101, Form::Supernet, SIDE);
    let (architecture, _) = network(SpaceId::Nb101, 1);
    let config = NetConfig { skeleton, dtype: DType::F64, device: Device::Cpu };
    let network = Network::stand_alone(architecture, &config, Init::Seeded(Seed::root(1))).unwrap();
    let [_, _, t] = scores(architecture, &network);
    assert_eq!(t.details, [("cells_left_out".into(), Score::Finite(2.0))], "two pools make 5 pixels of 8 and 3 of 5");
}

#[test]
fn cells_that_hand_on_or_stop_everything_have_the_published_fates() {
    let of = |text: &str| {
        let architecture = Architecture::parse(SpaceId::Nb201, text).unwrap();
        let sizes = spec::Network { channels: Some(4), cells: Some(1), ..spec::Network::default() };
        let skeleton = sizes.skeleton(SpaceId::Nb201, Form::StandAlone, SIDE);
        let config = NetConfig { skeleton, dtype: DType::F64, device: Device::Cpu };
        let network = Network::stand_alone(architecture, &config, Init::Seeded(Seed::root(1))).unwrap();
        scores(architecture, &network).map(|reading| reading.score)
    };
    let worst = Score::NonFinite(Reason::NegativeInfinity);
    let [e, p, t] = of("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|");
    assert_eq!((e, p), (worst, worst));
    // Cells without a path have 2 − 1e6. So has no reduction, but its input is zeros.
    assert!(t.value() < -5e5, "{t:?}");
    let [e, p, t] = of("|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|");
    assert!(e.value() > 0.0 && p.value() <= 0.0);
    assert_eq!(t, worst);
    let [_, _, t] = of("|skip_connect~0|+|none~0|none~1|+|skip_connect~0|skip_connect~1|none~2|");
    assert!(t.value() < 0.0 && t.value() > -10.0, "two paths double the gradient: {t:?}");
}

/// The score does not depend on the images, the labels or the weights that the network has.
#[test]
fn only_the_shape_of_the_batch_counts() {
    let (architecture, network) = network(SpaceId::Nb201, 2);
    let score = |batch: &crate::images::Batch, seed: u64| {
        let probe =
            Probe::new(architecture, &network, Engine::Kernels, []).with_batch(batch).with_seed(Seed::root(seed));
        EXPRESSIVITY.score(&probe).unwrap().score
    };
    let (own, other) = (batch(4), batch(4));
    let other = crate::images::Batch { images: (other.images * 3.0).unwrap(), labels: other.labels };
    assert_eq!(score(&own, 1), score(&other, 1));
    assert_ne!(score(&own, 1), score(&own, 2));
    assert_ne!(score(&own, 1), score(&batch(3), 1));
}

/// With the network's own weights, its images for noise, and signs that follow from the place of an element.
#[test]
fn parts_agree_with_pytorch() {
    let place = |like: &Tensor| {
        let (images, channels, height, width) = like.dims4()?;
        let mut signs = Vec::with_capacity(like.elem_count());
        for (n, c) in (0..images).flat_map(|n| (0..channels).map(move |c| (n, c))) {
            for (h, w) in (0..height).flat_map(|h| (0..width).map(move |w| (h, w))) {
                signs.push(if (n + c + h + w).is_multiple_of(3) { 1.0 } else { -1.0 });
            }
        }
        Tensor::from_vec(signs, like.shape(), &Device::Cpu)
    };
    let mut compared = [0; 3];
    for reference in Reference::all() {
        let probe = Probe::new(reference.architecture, &reference.network, Engine::Kernels, []);
        let cells = cells(&probe, &reference.network, &reference.images, place).unwrap();
        for (count, AzNas { meta, part }) in compared.iter_mut().zip([EXPRESSIVITY, PROGRESSIVITY, TRAINABILITY]) {
            *count += usize::from(reference.agrees(meta.id, part(&cells).score.value()));
        }
    }
    assert!(compared[0] == 20 && compared[1] == 20 && compared[2] >= 10, "{compared:?}");
}
