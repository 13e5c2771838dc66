//! What an epoch shows, draws and measures, against computations of these tests. At a learning rate of zero no weight moves, so that the
//! loss of an epoch can be computed from passes that are made one by one.

use super::*;
use crate::images::synthetic;
use crate::net::host_f64;
use crate::net::{Init, NetConfig};
use nas_assay_schema::spec::{Picker, Schedule};
use nas_assay_spaces::{Pool, SpaceId, nb201};

const IMAGES: usize = 40;

const TEXTS: [&str; 2] = [
    "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|none~0|skip_connect~1|avg_pool_3x3~2|",
    "|nor_conv_1x1~0|+|skip_connect~0|none~1|+|nor_conv_3x3~0|none~1|skip_connect~2|",
];

/// Settings that move no weight.
fn still(batch: usize) -> Training {
    Training {
        epochs: 20,
        batch,
        learning_rate: 0.0,
        schedule: Schedule::Constant,
        momentum: 0.9,
        weight_decay: 5e-4,
        clip: Some(1.0),
        dropout: 0.0,
        augment: false,
    }
}

fn supernet(dtype: DType) -> Network {
    let skeleton = nb201::Skeleton { channels: 4, cells: 1, resolution: 8, ..nb201::Skeleton::default() }.into();
    let config = NetConfig { skeleton, dtype, device: Device::Cpu };
    Network::supernet(SpaceId::Nb201, &config, Picker::Ordinal, Init::Seeded(Seed::root(1))).unwrap()
}

fn architecture(place: usize) -> Architecture {
    Architecture::parse(SpaceId::Nb201, TEXTS[place]).unwrap()
}

fn images(count: usize) -> ImageSet {
    synthetic::draw(&Seed::root(3), "train", count, 8).unwrap()
}

/// A step has `count` architectures, all of them the first.
fn only(count: usize) -> Sampler {
    Sampler::Uniform { pool: Pool::Listed(vec![architecture(0)]), count }
}

fn epochs(
    network: &Network,
    images: &ImageSet,
    training: &Training,
    sampler: &Sampler,
    seed: u64,
    count: usize,
) -> Vec<Epoch> {
    let (decay_unsampled, device) = (true, &Device::Cpu);
    let job = Job { network, images, training, decay_unsampled, seed: Seed::root(seed), device };
    let mut trainer = Trainer::new(job).unwrap();
    (0..count).map(|_| trainer.epoch(sampler, |_| Ok::<_, TrainError>(())).unwrap()).collect()
}

/// The sum of the cross-entropies of images and how many are right, both from the logits by hand.
fn measured(logits: &Tensor, labels: &[u32]) -> (f64, usize) {
    let (classes, logits) = (logits.dim(1).unwrap(), host_f64(logits).unwrap());
    let (mut loss, mut right) = (0.0, 0);
    for (row, &label) in logits.chunks(classes).zip(labels) {
        let own = row[label as usize];
        loss += libm::log(row.iter().map(|logit| libm::exp(logit - own)).sum::<f64>());
        right += usize::from(row.iter().all(|&logit| logit <= own));
    }
    (loss, right)
}

/// Sum of losses and number of right images of a pass by batch statistics.
fn shown(
    network: &Network,
    images: &ImageSet,
    rows: &[usize],
    augmenter: Option<(&Augmenter, u64)>,
    pass: &mut ForwardPass<'_>,
    architecture: Architecture,
) -> (f64, usize) {
    let changes = augmenter.map(|(augmenter, epoch)| augmenter.draws(epoch, rows));
    let batch = images.batch(rows, changes.as_deref(), DType::F64, &Device::Cpu).unwrap();
    let logits = network.forward(architecture, &batch.images, pass).unwrap();
    measured(&logits, &batch.labels.to_vec1::<u32>().unwrap())
}

fn plain(network: &Network, images: &ImageSet, rows: &[usize]) -> (f64, usize) {
    shown(network, images, rows, None, &mut ForwardPass::new(Engine::Kernels), architecture(0))
}

#[test]
fn an_epoch_shows_every_image_once() {
    let (network, images) = (supernet(DType::F64), images(IMAGES));
    let each: Vec<_> = (0..IMAGES).map(|image| plain(&network, &images, &[image])).collect();
    let loss = each.iter().map(|(loss, _)| loss).sum::<f64>() / IMAGES as f64;
    let right = each.iter().map(|(_, right)| right).sum::<usize>() as f64;
    for epoch in epochs(&network, &images, &still(1), &only(1), 5, 3) {
        assert!((epoch.loss - loss).abs() < 1e-12, "{} is not {loss}", epoch.loss);
        assert_eq!(epoch.accuracy, right / IMAGES as f64);
    }
}

/// Three images in batches of two: the pair in a batch changes from epoch to epoch, and the single image counts as one of three.
#[test]
fn every_epoch_has_an_order_of_its_own_and_a_short_batch_counts_by_its_images() {
    let (network, images) = (supernet(DType::F64), images(3));
    let split =
        |pair: [usize; 2], single| (plain(&network, &images, &pair).0 + plain(&network, &images, &[single]).0) / 3.0;
    let splits = [split([0, 1], 2), split([0, 2], 1), split([1, 2], 0)];
    let mut seen = [false; 3];
    for epoch in epochs(&network, &images, &still(2), &only(1), 5, 20) {
        let place = splits.iter().position(|loss| (loss - epoch.loss).abs() < 1e-12);
        seen[place.unwrap_or_else(|| panic!("{} is none of {splits:?}", epoch.loss))] = true;
    }
    assert_eq!(seen, [true; 3], "some pair of images was never in a batch");
}

#[test]
fn another_seed_is_another_order() {
    let (network, images) = (supernet(DType::F64), images(IMAGES));
    let losses = |seed| epochs(&network, &images, &still(16), &only(1), seed, 2).iter().map(|e| e.loss).collect();
    let (five, six): (Vec<f64>, Vec<f64>) = (losses(5), losses(6));
    assert_eq!(losses(5), five);
    assert!(five.iter().zip(&six).all(|(a, b)| (a - b).abs() > 1e-6), "{five:?} and {six:?}");
}

/// All images in one batch, so that the order does not matter.
#[test]
fn every_epoch_changes_the_images_anew() {
    let (network, images) = (supernet(DType::F64), images(IMAGES));
    let plain: Vec<f64> =
        epochs(&network, &images, &still(IMAGES), &only(1), 5, 3).iter().map(|epoch| epoch.loss).collect();
    assert!(plain.iter().all(|loss| (loss - plain[0]).abs() < 1e-12), "{plain:?}");
    let training = Training { augment: true, ..still(IMAGES) };
    let changed = epochs(&network, &images, &training, &only(1), 5, 3);
    let rows: Vec<usize> = (0..IMAGES).collect();
    let augmenter = Augmenter::new(Seed::root(5).child("augmentation"));
    let mut losses = vec![plain[0]];
    for (number, epoch) in changed.iter().enumerate() {
        let pass = &mut ForwardPass::new(Engine::Kernels);
        let (sum, _) = shown(&network, &images, &rows, Some((&augmenter, number as u64)), pass, architecture(0));
        assert!((epoch.loss - sum / IMAGES as f64).abs() < 1e-12, "epoch {number}: {}", epoch.loss);
        assert!(losses.iter().all(|loss| (loss - epoch.loss).abs() > 1e-6), "{} again: {losses:?}", epoch.loss);
        losses.push(epoch.loss);
    }
}

/// Two steps of an epoch, each with twice the same architecture: four masks, drawn one after the other in a step.
#[test]
fn every_architecture_of_every_step_has_a_dropout_mask_of_its_own() {
    let (network, images) = (supernet(DType::F64), images(IMAGES));
    let training = Training { dropout: 0.3, ..still(IMAGES / 2) };
    for (number, epoch) in epochs(&network, &images, &training, &only(2), 5, 2).iter().enumerate() {
        let order = Seed::root(5).index("order", number as u64).stream().permutation(IMAGES);
        let mut sums = Vec::new();
        for (step, rows) in order.chunks(IMAGES / 2).enumerate() {
            let stream = Seed::root(5).index("dropout", number as u64).index("step", step as u64).stream();
            let mut pass = ForwardPass::new(Engine::Kernels).with_dropout(Dropout { rate: 0.3, stream });
            for _ in 0..2 {
                sums.push(shown(&network, &images, rows, None, &mut pass, architecture(0)).0);
            }
        }
        let loss = sums.iter().sum::<f64>() / (2 * IMAGES) as f64;
        assert!((epoch.loss - loss).abs() < 1e-12, "epoch {number}: {} is not {loss}", epoch.loss);
        assert!((sums[0] - sums[1]).abs() > 1e-3 && (sums[2] - sums[3]).abs() > 1e-3, "{sums:?}");
    }
}

/// The loss and the accuracy of a step are means over its architectures.
#[test]
fn a_step_of_two_architectures_is_their_mean() {
    let (network, images) = (supernet(DType::F64), images(IMAGES));
    let rows: Vec<usize> = (0..IMAGES).collect();
    let of = |place| shown(&network, &images, &rows, None, &mut ForwardPass::new(Engine::Kernels), architecture(place));
    let alone = [of(0), of(1)];
    let pool = Pool::Listed(vec![architecture(0), architecture(1)]);
    let mut kinds = [false; 3];
    for epoch in epochs(&network, &images, &still(IMAGES), &Sampler::Uniform { pool, count: 2 }, 5, 12) {
        let mean = |a: usize, b: usize| {
            let images = (2 * IMAGES) as f64;
            ((alone[a].0 + alone[b].0) / images, (alone[a].1 + alone[b].1) as f64 / images)
        };
        let means = [mean(0, 0), mean(0, 1), mean(1, 1)];
        let place = means.iter().position(|(loss, _)| (loss - epoch.loss).abs() < 1e-12);
        let place = place.unwrap_or_else(|| panic!("{} is none of {means:?}", epoch.loss));
        assert_eq!(epoch.accuracy, means[place].1);
        kinds[place] = true;
    }
    assert_eq!(kinds, [true; 3], "some pair of architectures was never drawn");
}

/// The output of the first convolution, pixel by pixel: `[channel][image and pixel]`.
fn stem(network: &Network, batch: &Batch) -> Vec<Vec<f64>> {
    let weight = host_f64(&network.params().get("stem.conv.weight").unwrap().var).unwrap();
    let (pixels, count) = (host_f64(&batch.images).unwrap(), batch.images.dim(0).unwrap());
    let pixel = |image: usize, channel: usize, y: usize, x: usize| {
        // `y` and `x` count from one: a row and a column of zeros surround the image.
        let inside = (1..=8).contains(&y) && (1..=8).contains(&x);
        if inside { pixels[((image * 3 + channel) * 8 + y - 1) * 8 + x - 1] } else { 0.0 }
    };
    let at = |output: usize, image: usize, y: usize, x: usize| {
        let places = (0..3).flat_map(|c| (0..3).flat_map(move |i| (0..3).map(move |j| (c, i, j))));
        places.map(|(c, i, j)| weight[((output * 3 + c) * 3 + i) * 3 + j] * pixel(image, c, y + i, x + j)).sum()
    };
    let places = || (0..count).flat_map(|image| (0..64).map(move |place| (image, place / 8, place % 8)));
    (0..4).map(|output| places().map(|(image, y, x)| at(output, image, y, x)).collect()).collect()
}

/// A new batch weighs a tenth, once for each architecture of a step.
#[test]
fn running_statistics_take_a_tenth_of_each_pass() {
    let images = images(IMAGES);
    let rows: Vec<usize> = (0..IMAGES).collect();
    for (count, kept) in [(1, 0.9), (2, 0.81)] {
        let network = supernet(DType::F64);
        epochs(&network, &images, &still(IMAGES), &only(count), 5, 1);
        let batch = images.batch(&rows, None, DType::F64, &Device::Cpu).unwrap();
        let statistic = |name: &str| host_f64(&network.buffers().get(name).unwrap().var).unwrap();
        let (means, variances) = (statistic("stem.bn.running_mean"), statistic("stem.bn.running_var"));
        for (channel, values) in stem(&network, &batch).iter().enumerate() {
            let number = values.len() as f64;
            let mean = values.iter().sum::<f64>() / number;
            let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (number - 1.0);
            let (mean, variance) = ((1.0 - kept) * mean, kept + (1.0 - kept) * variance);
            assert!((means[channel] - mean).abs() < 1e-12, "{count}: {} is not {mean}", means[channel]);
            assert!((variances[channel] - variance).abs() < 1e-12, "{count}: {}, not {variance}", variances[channel]);
        }
    }
}

/// Five images in batches of two: the last batch has one.
#[test]
fn accuracy_counts_images_by_running_statistics() {
    let (network, images) = (supernet(DType::F32), images(5));
    for buffer in network.buffers().iter().filter(|buffer| buffer.name.ends_with("running_var")) {
        buffer.var.set(&buffer.var.as_tensor().affine(0.0, 0.3).unwrap()).unwrap();
    }
    let mut right = 0;
    for image in 0..5 {
        let batch = images.batch(&[image], None, DType::F32, &Device::Cpu).unwrap();
        let mut pass = ForwardPass::new(Engine::Kernels).with_norm(NormMode::Running);
        let logits = network.forward(architecture(0), &batch.images, &mut pass).unwrap();
        right += measured(&logits, &batch.labels.to_vec1::<u32>().unwrap()).1;
    }
    let found = accuracy(&network, architecture(0), &images, 2, &Device::Cpu).unwrap();
    assert_eq!(found, right as f64 / 5.0);
    assert!((1..5).contains(&right), "{right} of 5 are right: the test would see nothing");
}
