//! What a whole run makes of a supernet, of batches and of seeds, against computations of these tests from the stored weights and the
//! images.

use std::collections::{BTreeMap, BTreeSet};

use candle_core::{DType, Device};

use super::image_split::ImageSplit;
use super::lab::Lab;
use super::resolve::Resolved;
use crate::estimator::{Probe, Suite};
use crate::images::{Batch, ImageSet, Noise, Normalisation};
use crate::net::checkpoint::{self, Tensors};
use crate::net::train::load_weights;
use crate::net::{Dropout, Engine, ForwardPass, Init, NetConfig, Network, host_f64};
use crate::seed::Seed;
use crate::space::{Architecture, Form, Pool, Sampler, SpaceId, SubSpace};
use crate::spec::{DataFile, ImageFiles, Images, Picker, SeedValue, StageKey, parse_spec};
use crate::store::Store;
use crate::store::record::{EstimatorRecord, Record, SupernetRecord};
use crate::{Backend, DataRoot, digest};

/// Validation images of the specs here.
const VALIDATION: usize = 20;

/// A spec with 48 training images. The arguments are lines for the tables `[supernet]`, `[one-shot]`, `[zero-shot]` and `[panels.all]`.
fn resolved(supernet: &str, one_shot: &str, zero_shot: &str, panel: &str) -> Resolved {
    resolved_in(10, supernet, one_shot, zero_shot, panel)
}

/// As [`resolved`], with validation images in batches of `batch`.
fn resolved_in(batch: usize, supernet: &str, one_shot: &str, zero_shot: &str, panel: &str) -> Resolved {
    let text = format!(
        "name = 'tiny'\nspace = 'nb201'\n[images.synthetic]\nresolution = 8\ntrain = 48\nvalidation = {VALIDATION}\n\
         [truth.trained]\ntable = 'nb201-micro'\nverify = 0\n\
         [one-shot]\nbatch = {batch}\n{one_shot}\n\
         [zero-shot]\nnetwork = {{ channels = 4, cells = 1 }}\nprecision = 'f64'\nbatch = 16\n{zero_shot}\n\
         [criteria]\nresamples = 0\n[panels.all]\n{panel}\n{supernet}"
    );
    Resolved::new(parse_spec(&text, "a test").unwrap(), &Suite::builtin()).unwrap()
}

/// The table `[supernet]` with a training of steps of `batch` images.
fn supernet(epochs: usize, batch: usize, lines: &str) -> String {
    format!(
        "[supernet]\nnetwork = {{ channels = 4, cells = 1 }}\nsampling = 'iso'\n{lines}\n\
         training = {{ epochs = {epochs}, batch = {batch}, learning-rate = 0.2 }}\n"
    )
}

fn with_lab<R>(work: impl FnOnce(&Lab<'_>) -> R) -> R {
    let folder = tempfile::tempdir().unwrap();
    let suite = Suite::builtin();
    work(&Lab::new(&suite, Store::open(folder.path()).unwrap(), Backend::cpu()))
}

fn key() -> StageKey {
    StageKey::of("supernet", &"a test").unwrap()
}

fn trained(lab: &Lab<'_>, resolved: &Resolved, seed: u64) -> SupernetRecord {
    let images = ImageSplit::load(&resolved.spec.images, None).unwrap();
    lab.trained("", &resolved.spec, Some(&images), SeedValue(seed), &key()).unwrap()
}

/// A supernet of the spec before its training.
fn fresh(resolved: &Resolved, seed: u64) -> Network {
    let settings = resolved.spec.supernet.as_ref().unwrap();
    let skeleton = settings.network.skeleton_for(resolved.spec.space, Form::Supernet, &resolved.spec.images);
    let config = NetConfig { skeleton, dtype: DType::F32, device: Device::Cpu };
    let init = Init::Seeded(Seed::root(seed).child("init"));
    Network::supernet(resolved.spec.space, &config, Picker::Ordinal, init).unwrap()
}

/// The weights in a file of a supernet's stage.
fn stored(lab: &Lab<'_>, key: &StageKey, ending: &str) -> Tensors {
    let path = lab.store().stage("supernet", key, ending);
    checkpoint::load(&path, &lab.store().identity(&path), &Device::Cpu).unwrap().0
}

/// Accuracy and mean cross-entropy of the first `count` images in batches of `batch`, from the logits by hand. A batch counts as one,
/// however many images it has.
fn evaluated(network: &Network, of: Architecture, images: &ImageSet, count: usize, batch: usize) -> (f64, f64) {
    let rows: Vec<usize> = (0..count).collect();
    let (mut accuracies, mut losses) = (Vec::new(), Vec::new());
    for rows in rows.chunks(batch) {
        let shown = images.batch(rows, None, DType::F32, &Device::Cpu).unwrap();
        let logits = network.forward(of, &shown.images, &mut ForwardPass::new(Engine::Kernels)).unwrap();
        let (classes, logits) = (logits.dim(1).unwrap(), host_f64(&logits).unwrap());
        let (mut right, mut loss) = (0.0, 0.0);
        for (row, &image) in logits.chunks(classes).zip(rows) {
            let own = row[usize::from(images.labels()[image])];
            right += f64::from(u8::from(row.iter().all(|&logit| logit <= own)));
            loss += libm::log(row.iter().map(|logit| libm::exp(logit - own)).sum::<f64>());
        }
        accuracies.push(right / rows.len() as f64);
        losses.push(loss / rows.len() as f64);
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    (mean(&accuracies), mean(&losses))
}

fn assert_near(what: &str, found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1e-6), "{what}: {found}, not {expected}");
}

fn parsed(text: &str) -> Architecture {
    Architecture::parse(SpaceId::Nb201, text).unwrap()
}

fn architectures(record: &Record) -> Vec<Architecture> {
    record.panels[0].architectures.iter().map(|row| parsed(&row.architecture)).collect()
}

/// With four kept checkpoints, the average of the last two is that of the last two.
#[test]
fn the_average_of_the_last_checkpoints_takes_as_many_as_it_says() {
    let supernet = supernet(4, 48, "checkpoints = [1, 2, 3]\nseeds = [7]");
    let panel = "sample = 3\nestimators = ['oneshot_loss']";
    let resolved = resolved(&supernet, "average-last = [1, 2, 3]", "", panel);
    with_lab(|lab| {
        let record = lab.run(&resolved).unwrap();
        let rows = &record.panels[0].estimators;
        let labels: Vec<String> = rows.iter().map(EstimatorRecord::about).collect();
        let expected =
            ["seed 7, epoch 4", "seed 7, mean weights of epochs 3 and 4", "seed 7, mean weights of epochs 2, 3 and 4"];
        assert_eq!(labels, expected);
        let plan = lab.plan(&resolved).unwrap();
        let key = &plan.iter().find(|stage| stage.kind == "supernet").unwrap().key;
        let kept = [".epoch-2.safetensors", ".epoch-3.safetensors", ".safetensors"].map(|end| stored(lab, key, end));
        let images = ImageSplit::load(&resolved.spec.images, None).unwrap();
        let network = fresh(&resolved, 7);
        for (row, count) in rows.iter().zip([1, 2, 3]) {
            let last = &kept[3 - count..];
            let mean = |name: &String| {
                let sum = last[1..].iter().fold(last[0][name].to_dtype(DType::F64).unwrap(), |sum, of| {
                    (sum + of[name].to_dtype(DType::F64).unwrap()).unwrap()
                });
                (sum / count as f64).unwrap().to_dtype(DType::F32).unwrap()
            };
            load_weights(&network, &last[0].keys().map(|name| (name.clone(), mean(name))).collect()).unwrap();
            for (score, of) in row.scores.iter().zip(architectures(&record)) {
                let (_, loss) = evaluated(&network, of, &images.validation, VALIDATION, 10);
                assert_near(&format!("the last {count}"), score.value(), loss);
            }
        }
        assert!(rows[0].scores != rows[1].scores && rows[1].scores != rows[2].scores);
    });
}

/// An epoch of a single step: right after the step is also the end of the epoch, and the weights are the stored ones.
#[test]
fn the_accuracy_after_a_step_is_that_of_the_weights_after_it() {
    let resolved = resolved(
        &supernet(1, 48, "watch = { epochs = [1], architectures = 1 }"),
        "",
        "",
        "estimators = ['oneshot_accuracy']",
    );
    let images = ImageSplit::load(&resolved.spec.images, None).unwrap();
    let mut moved = 0;
    for seed in 1..6 {
        with_lab(|lab| {
            let watched = trained(lab, &resolved, seed).watched.remove(0).architectures.remove(0);
            let of = parsed(&watched.architecture);
            let network = fresh(&resolved, seed);
            let accuracy = || evaluated(&network, of, &images.validation, VALIDATION, 10).0;
            let before = accuracy();
            load_weights(&network, &stored(lab, &key(), ".safetensors")).unwrap();
            assert_near("after the step", watched.after_step, accuracy());
            assert_eq!(watched.after_epoch, watched.after_step);
            moved += usize::from((before - watched.after_step).abs() > 0.01);
        });
    }
    assert!(moved >= 3, "the step moved {moved} of 5 accuracies: the test would see little");
}

/// The architectures that a step draws, by hand: the first of each of `steps` steps.
fn drawn(sampler: &Sampler, seed: u64, epoch: u64, steps: usize) -> Vec<String> {
    let mut stream = Seed::root(seed).child("training").index("architectures", epoch).stream();
    (0..steps).map(|_| sampler.draw(&mut stream)[0].to_string()).collect()
}

#[test]
fn every_supernet_draws_from_its_own_seed() {
    let lines = "watch = { epochs = [1, 2], architectures = 3 }";
    let resolved = resolved(&supernet(2, 16, lines), "", "", "estimators = ['oneshot_accuracy']");
    let mut seen = BTreeSet::new();
    for seed in [1, 2, 3] {
        let record = with_lab(|lab| trained(lab, &resolved, seed));
        for (epoch, watch) in record.watched.iter().enumerate() {
            let found: Vec<String> = watch.architectures.iter().map(|watched| watched.architecture.clone()).collect();
            let sampler = Sampler::one_of(Pool::Trainable(SpaceId::Nb201));
            assert_eq!(found, drawn(&sampler, seed, epoch as u64, 3), "seed {seed}, epoch {epoch}");
            assert!(seen.insert(found), "two supernets or epochs drew the same");
        }
    }
    assert_eq!(seen.len(), 6);
}

/// Without three of the five operations few classes are left, so that all of them can be ranked here again: by the weights after epoch 1,
/// on the images that `validation` names.
#[test]
fn pruning_keeps_what_the_named_images_rank_best() {
    let without = ["skip_connect", "nor_conv_1x1", "avg_pool_3x3"].map(str::to_owned);
    let part = SubSpace::without(SpaceId::Nb201, &without).unwrap();
    let mut classes = part.representatives().unwrap();
    classes.retain(|architecture| architecture.has_live_convolution());
    assert!(classes.len() > 12, "{}", classes.len());
    for (by, validation) in [("oneshot_loss", 6), ("oneshot_loss", 0), ("oneshot_accuracy", 6)] {
        let lines = format!(
            "checkpoints = [1]\nwithout = {{ operations = {without:?} }}\n\
             prune = {{ after = 1, keep = 0.5, by = '{by}', validation = {validation} }}\n\
             watch = {{ epochs = [1, 2], architectures = 3 }}"
        );
        let lines = supernet(2, 16, &lines).replace("'iso'", "'deiso'");
        let panel =
            format!("estimators = ['oneshot_loss', 'oneshot_accuracy']\nwithout = {{ operations = {without:?} }}");
        let resolved = resolved(&lines, "validation = 15", "", &panel);
        let images = ImageSplit::load(&resolved.spec.images, None).unwrap().validation;
        with_lab(|lab| {
            let record = trained(lab, &resolved, 4);
            let network = fresh(&resolved, 4);
            load_weights(&network, &stored(lab, &key(), ".epoch-1.safetensors")).unwrap();
            let best = |images_used: usize| {
                let mut ranked: Vec<(f64, usize)> = Vec::new();
                for (place, &of) in classes.iter().enumerate() {
                    let (accuracy, loss) = evaluated(&network, of, &images, images_used, 10);
                    ranked.push((if by == "oneshot_loss" { loss } else { -accuracy }, place));
                }
                ranked.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                ranked.truncate(classes.len() / 2);
                ranked.into_iter().map(|(_, place)| classes[place].to_string()).collect::<BTreeSet<String>>()
            };
            let pruning = record.pruning.unwrap();
            let kept: BTreeSet<String> = pruning.kept.iter().cloned().collect();
            assert_eq!((pruning.ranked, pruning.kept.len()), (classes.len(), classes.len() / 2));
            // Without a number of its own, pruning has that of the one-shot scores.
            assert_eq!(kept, best(if validation == 0 { 15 } else { validation }), "{by}, {validation}");
            assert_ne!(kept, best(VALIDATION), "all images rank the same: the test would see nothing");
            // Training went on with the kept ones.
            let pool = Pool::listed(pruning.kept.iter().map(|text| parsed(text)).collect()).unwrap();
            let watched = record.watched[1].architectures.iter().map(|watched| watched.architecture.clone());
            assert_eq!(watched.collect::<Vec<_>>(), drawn(&Sampler::one_of(pool), 4, 1, 3));
        });
    }
}

/// The weights after the epoch of pruning are those of a training that does not prune.
#[test]
fn a_score_at_the_epoch_of_pruning_is_not_yet_one_of_the_pruned_supernet() {
    let prune = "prune = { after = 2, keep = 0.5, by = 'oneshot_loss', candidates = 600 }";
    let lines = supernet(4, 48, "checkpoints = [1, 2, 3]") + &format!("[variants.pruned.supernet]\n{prune}");
    let lines = lines.replace("'iso'", "'deiso'");
    let resolved = resolved(&lines, "every-checkpoint = true", "", "estimators = ['oneshot_loss']");
    let panel = with_lab(|lab| lab.run(&resolved).unwrap()).panels.remove(0);
    let judged: Vec<bool> = panel.analyses.variants.iter().map(|variant| variant.kept.is_some()).collect();
    assert_eq!(judged, [false, false, true, true], "at epochs 1 to 4");
    for epoch in 1..=4 {
        let at = panel.estimators.iter().filter(|row| row.checkpoint.as_ref().unwrap().epoch == epoch);
        let [own, pruned] = at.collect::<Vec<_>>()[..] else { panic!("not two rows at epoch {epoch}") };
        assert_eq!(own.scores == pruned.scores, epoch <= 2, "at epoch {epoch}");
    }
}

/// 20 validation images in batches of 8: the last batch has 4, and counts as much as the others.
#[test]
fn one_shot_scores_are_unweighted_means_over_batches() {
    let panel = "sample = 4\nestimators = ['oneshot_accuracy', 'oneshot_loss']";
    let resolved = resolved_in(8, &supernet(1, 16, "seeds = [7]"), "", "", panel);
    with_lab(|lab| {
        let record = lab.run(&resolved).unwrap();
        let plan = lab.plan(&resolved).unwrap();
        let key = &plan.iter().find(|stage| stage.kind == "supernet").unwrap().key;
        let network = fresh(&resolved, 7);
        load_weights(&network, &stored(lab, key, ".safetensors")).unwrap();
        let images = ImageSplit::load(&resolved.spec.images, None).unwrap().validation;
        let mut told = false;
        for (place, of) in architectures(&record).into_iter().enumerate() {
            let (accuracy, loss) = evaluated(&network, of, &images, VALIDATION, 8);
            let rows = &record.panels[0].estimators;
            assert_near("accuracy", rows[0].scores[place].value(), accuracy);
            assert_near("loss", rows[1].scores[place].value(), loss);
            told |= (evaluated(&network, of, &images, 16, 8).1 - loss).abs() > 1e-3;
        }
        assert!(told, "the last batch has the mean of the others: the test would see nothing");
    });
}

/// The mean of an estimator's scores over seeds and batches, from a probe for each.
fn mean_score(
    resolved: &Resolved,
    id: &str,
    of: Architecture,
    batches: &[Batch],
    dropout: impl Fn(u64, usize) -> Option<Dropout>,
) -> (f64, Vec<f64>) {
    let (suite, settings) = (Suite::builtin(), &resolved.spec.zero_shot);
    let estimator = suite.find(id).unwrap();
    let skeleton = settings.network.skeleton(SpaceId::Nb201, settings.form, 8);
    let config = NetConfig { skeleton, dtype: DType::F64, device: Device::Cpu };
    let mut scores = Vec::new();
    for seed in [20, 2020] {
        let network = Network::stand_alone(of, &config, Init::Seeded(Seed::root(seed).child("init"))).unwrap();
        for (place, batch) in batches.iter().enumerate() {
            let needs = estimator.meta().needs.iter().copied();
            let mut probe = Probe::new(of, &network, Engine::Kernels, needs).with_batch(batch);
            if let Some(dropout) = dropout(seed, place) {
                probe = probe.with_dropout(dropout);
            }
            scores.push(estimator.score(&probe).unwrap().score.value());
        }
    }
    (scores.iter().sum::<f64>() / scores.len() as f64, scores)
}

/// Three batches of 16 images: the first, the second and the third 16 of the training images, each with a mask of its own.
#[test]
fn zero_shot_scores_are_means_over_different_batches_and_masks() {
    let panel = "sample = 3\nestimators = ['grad_norm', 'snip', 'jacob_cov']";
    let images = |resolved: &Resolved| ImageSplit::load(&resolved.spec.images, None).unwrap().train;
    for rate in [0.0, 0.4] {
        let resolved = resolved("", "", &format!("batches = 3\nseeds = [20, 2020]\ndropout = {rate:?}"), panel);
        let record = with_lab(|lab| lab.run(&resolved).unwrap());
        let batches: Vec<Batch> = [0, 16, 32]
            .map(|first| (first..first + 16).collect::<Vec<usize>>())
            .map(|rows| images(&resolved).batch(&rows, None, DType::F64, &Device::Cpu).unwrap())
            .to_vec();
        let own = |seed: u64, place: usize| {
            let stream = Seed::root(seed).child("dropout").index("batch", place as u64).stream();
            (rate > 0.0).then_some(Dropout { rate, stream })
        };
        for row in &record.panels[0].estimators {
            for (score, of) in row.scores.iter().zip(architectures(&record)) {
                let (mean, each) = mean_score(&resolved, &row.id, of, &batches, own);
                assert_near(&row.id, score.value(), mean);
                assert!((each[0] - each[1]).abs() > 1e-6 * each[0].abs() && each[0] != each[3], "{}: {each:?}", row.id);
                // One mask for all batches would give another score.
                let (same, _) = mean_score(&resolved, &row.id, of, &batches, |seed, _| own(seed, 0));
                let differs = (same - mean).abs() > 1e-6 * mean.abs();
                assert_eq!(differs, rate > 0.0, "{} with dropout {rate}: {same} and {mean}", row.id);
            }
        }
    }
}

#[test]
fn every_batch_of_noise_is_another_one() {
    for (input, noise) in [("gaussian", Noise::Gaussian), ("uniform", Noise::Uniform)] {
        let lines = format!("batches = 2\nseeds = [20, 2020]\ninput = '{input}'");
        let resolved = resolved("", "", &lines, "sample = 2\nestimators = ['grad_norm']");
        let record = with_lab(|lab| lab.run(&resolved).unwrap());
        let batches = [0, 1].map(|place| {
            let seed = Seed::root(0).child("noise").index("batch", place);
            noise.batch(&seed, (16, 8), 10, Normalisation::CIFAR10, DType::F64, &Device::Cpu).unwrap()
        });
        for (score, of) in record.panels[0].estimators[0].scores.iter().zip(architectures(&record)) {
            let (mean, each) = mean_score(&resolved, "grad_norm", of, &batches, |_, _| None);
            assert_near(input, score.value(), mean);
            assert!((each[0] - each[1]).abs() > 1e-6 * each[0], "{each:?}");
        }
    }
}

/// Thirty images whose pixels are all their number, in two files.
#[test]
fn training_has_the_first_images_and_validation_the_last_ones() {
    let folder = tempfile::tempdir().unwrap();
    let row = |image: u8| std::iter::once(image % 10).chain((0..3072).map(move |_| image));
    let files: Vec<DataFile> = [("a.bin", 0..18), ("b.bin", 18..30)]
        .into_iter()
        .map(|(path, images)| {
            let bytes: Vec<u8> = images.flat_map(row).collect();
            std::fs::write(folder.path().join(path), &bytes).unwrap();
            DataFile { path: path.to_owned(), sha256: digest::sha256_hex(&bytes) }
        })
        .collect();
    let root = DataRoot::new(folder.path());
    for (train, validation) in [(20, 10), (12, 5), (29, 1)] {
        let images = Images::Cifar10(ImageFiles { files: files.clone(), train, validation });
        let split = ImageSplit::load(&images, Some(&root)).unwrap();
        let numbers = |set: &ImageSet| (0..set.len()).map(|image| set.image(image)[0]).collect::<Vec<u8>>();
        let expected: (Vec<u8>, Vec<u8>) = ((0..train as u8).collect(), (30 - validation as u8..30).collect());
        assert_eq!((numbers(&split.train), numbers(&split.validation)), expected);
        for set in [&split.train, &split.validation] {
            assert!(numbers(set).iter().zip(set.labels()).all(|(number, label)| number % 10 == *label));
        }
    }
}

#[test]
fn no_drawn_image_is_in_training_and_in_validation() {
    let resolved = resolved("", "", "", "estimators = ['params']");
    let split = ImageSplit::load(&resolved.spec.images, None).unwrap();
    assert_eq!((split.train.len(), split.validation.len()), (48, VALIDATION));
    let images = [&split.train, &split.validation].map(|set| (0..set.len()).map(move |image| set.image(image)));
    let mut counts = BTreeMap::new();
    for image in images.into_iter().flatten() {
        *counts.entry(image).or_insert(0) += 1;
    }
    assert_eq!(counts.len(), 48 + VALIDATION, "an image occurs twice");
}

/// The median of an even number of true values is the middle of the two in the middle.
#[test]
fn the_record_has_the_least_the_middle_and_the_greatest_truth() {
    let resolved = resolved("", "", "", "estimators = ['params']");
    let record = with_lab(|lab| lab.run(&resolved).unwrap());
    let mut truth = record.panels[0].truth().unwrap();
    truth.sort_by(f64::total_cmp);
    assert_eq!(truth.len(), 48);
    assert!(truth[23] < truth[24], "{truth:?}");
    let of = record.truth.unwrap();
    let found = (of.minimum, of.median, of.maximum);
    assert_eq!(found, (truth[0], f64::midpoint(truth[23], truth[24]), truth[47]));
}
