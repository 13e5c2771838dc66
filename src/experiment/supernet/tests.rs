use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};

use super::*;
use crate::criteria::{CriteriaConfig, Criterion, PairCounts, Spread, Stability};

use crate::estimator::Suite;
use crate::experiment::{Progress, Resolved, Silent};
use crate::space::{Architecture, SpaceId, nb201};
use crate::spec::{OneShotScore, parse_spec};
use crate::store::Store;
use crate::store::record::{EstimatorRecord, PanelRecord, Record};

/// A spec with five epochs of three steps, and more lines for the table `[supernet]`.
fn resolved(supernet: &str) -> Resolved {
    resolved_with("", supernet)
}

/// As [`resolved`], with more lines for the table `[one-shot]`.
fn resolved_with(one_shot: &str, supernet: &str) -> Resolved {
    let text = format!(
        "name = 'tiny'\nspace = 'nb201'\n[images.synthetic]\nresolution = 8\ntrain = 48\nvalidation = 20\n\
         [truth.trained]\ntable = 'nb201-micro'\nverify = 0\n[one-shot]\nbatch = 10\n{one_shot}\n\
         [panels.all]\nestimators = ['oneshot_loss']\n\
         [supernet]\nnetwork = {{ channels = 4, cells = 1 }}\n\
         training = {{ epochs = 5, batch = 16, learning-rate = 0.05, dropout = 0.1, augment = true, clip = 5.0 }}\n{supernet}"
    );
    Resolved::new(parse_spec(&text, "a test").unwrap(), &Suite::builtin()).unwrap()
}

fn key() -> StageKey {
    StageKey::of("supernet", &"a test").unwrap()
}

fn train(resolved: &Resolved, store: &Path, progress: &dyn Progress) -> SupernetRecord {
    let images = ImageSplit::load(&resolved.spec.images, None).unwrap();
    let suite = Suite::builtin();
    let lab = lab(&suite, store).with_progress(Box::new(progress));
    lab.trained("", &resolved.spec, Some(&images), SeedValue(20), &key()).unwrap()
}

fn lab<'a>(suite: &'a Suite, store: &Path) -> Lab<'a> {
    Lab::new(suite, Store::open(store).unwrap(), Backend::cpu())
}

/// The names and the contents of all files of the stage.
fn files(store: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(store.join("stages/supernet")).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().split_once('.').unwrap().1.to_owned();
    let mut files: Vec<_> = entries.map(|path| (name(&path), std::fs::read(&path).unwrap())).collect();
    files.sort();
    files
}

/// Stops a run after some steps.
#[derive(Debug)]
struct CutOff(AtomicI64);

impl Progress for CutOff {
    fn begin(&self, _: &str, _: u64, _: &str) {}
    fn advance(&self, _: u64) {
        if self.0.fetch_sub(1, Ordering::Relaxed) <= 0 {
            std::panic::resume_unwind(Box::new("cut off"));
        }
    }
    fn message(&self, _: &str) {}
    fn end(&self) {}
}

/// Trains once without a stop and once with a stop after each number of progress units in `cuts`. Both must end with the same files.
/// Returns the record and the names of the files.
fn straight_and_cut_off(resolved: &Resolved, cuts: &[i64]) -> (SupernetRecord, Vec<String>) {
    let (straight, cut) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let record = train(resolved, straight.path(), &Silent);
    for &units in cuts {
        let progress = CutOff(AtomicI64::new(units));
        let run = std::panic::AssertUnwindSafe(|| train(resolved, cut.path(), &progress));
        assert!(std::panic::catch_unwind(run).is_err(), "the run ended within {units} units of progress");
    }
    assert_eq!(train(resolved, cut.path(), &Silent), record);
    let (straight, cut) = (files(straight.path()), files(cut.path()));
    let names = |files: &[(String, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&straight), names(&cut));
    assert!(straight == cut, "the files of a run that was cut off have other bytes");
    (record, names(&straight))
}

#[test]
fn checkpoints_are_kept_and_are_the_same_after_a_cut() {
    let (record, names) = straight_and_cut_off(&resolved("sampling = 'iso'\ncheckpoints = [2, 3]"), &[4, 4, 2]);
    assert_eq!(names, ["epoch-2.safetensors", "epoch-3.safetensors", "json", "safetensors"]);
    assert_eq!(record.epochs.iter().map(|epoch| epoch.epoch).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);

    // A checkpoint holds the weights at its epoch: a shorter training with the same draws ends with the same weights.
    let (long, short) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    train(&resolved("sampling = 'iso'\ncheckpoints = [2]"), long.path(), &Silent);
    let mut shorter = resolved("sampling = 'iso'");
    shorter.spec.supernet.as_mut().unwrap().training.epochs = 2;
    train(&shorter, short.path(), &Silent);
    let content = |store: &Path, ending: &str| {
        let store = Store::open(store).unwrap();
        let path = store.stage("supernet", &key(), ending);
        let (tensors, _) = checkpoint::load(&path, &store.identity(&path), &candle_core::Device::Cpu).unwrap();
        let values = |tensor: &candle_core::Tensor| crate::net::host_f64(tensor).unwrap();
        tensors.iter().map(|(name, tensor)| (name.clone(), values(tensor))).collect::<Vec<_>>()
    };
    assert!(content(long.path(), ".epoch-2.safetensors") == content(short.path(), ".safetensors"));
}

/// The record of a whole run.
fn run(resolved: &Resolved) -> Record {
    let folder = tempfile::tempdir().unwrap();
    let suite = Suite::builtin();
    lab(&suite, folder.path()).run(resolved).unwrap()
}

#[test]
fn averages_of_weights_and_of_scores_are_rows_of_their_own() {
    let supernet = "sampling = 'iso'\nseeds = [1, 2]\ncheckpoints = [2, 4]";
    let rows = &run(&resolved_with("average-last = [1, 3]\nensemble = 'seeds'", supernet)).panels[0].estimators;
    let labels: Vec<String> = rows.iter().map(EstimatorRecord::label).collect();
    assert_eq!(
        labels,
        [
            "oneshot_loss (seed 1, epoch 5)",
            "oneshot_loss (seed 2, epoch 5)",
            "oneshot_loss (mean over seeds 1 and 2, epoch 5)",
            "oneshot_loss (seed 1, mean weights of epochs 2, 4 and 5)",
            "oneshot_loss (seed 2, mean weights of epochs 2, 4 and 5)",
            "oneshot_loss (mean over seeds 1 and 2, mean weights of epochs 2, 4 and 5)",
        ]
    );
    for rows in rows.chunks_exact(3) {
        for ((one, two), mean) in rows[0].scores.iter().zip(&rows[1].scores).zip(&rows[2].scores) {
            assert_eq!(mean.value(), f64::midpoint(one.value(), two.value()));
        }
    }
    assert!(rows[0].scores != rows[3].scores, "the average of three checkpoints scores as the last");

    // The rows of the last epoch alone are the same as in a spec without averages.
    let plain = &run(&resolved(supernet)).panels[0].estimators;
    assert_eq!(plain.iter().map(|row| &row.scores).collect::<Vec<_>>(), [&rows[0].scores, &rows[1].scores]);
}

#[test]
fn every_checkpoint_has_rows_of_its_own() {
    let supernet = "sampling = 'iso'\nseeds = [1, 2]\ncheckpoints = [2, 4]";
    let PanelRecord { estimators: rows, analyses, .. } =
        &run(&resolved_with("every-checkpoint = true", supernet)).panels[0];
    let labels = rows.iter().map(EstimatorRecord::about).collect::<Vec<_>>();
    let expected = [2, 4, 5].map(|epoch| [1, 2].map(|seed| format!("seed {seed}, epoch {epoch}")));
    assert_eq!(labels, expected.concat());
    let plain = &run(&resolved(supernet)).panels[0].estimators;
    assert_eq!(plain[..], rows[4..]);
    // For each checkpoint and each seed: the ranking is compared with the ranking at the checkpoint before.
    let stages: Vec<_> = analyses.stability.iter().map(|of| (of.seeds[0].as_str(), of.from, of.to)).collect();
    assert_eq!(stages, [("1", 2, 4), ("2", 2, 4), ("1", 4, 5), ("2", 4, 5)]);
    let fractions = CriteriaConfig::default().fractions;
    let expected = Stability::new(&rows[3].oriented(), &rows[5].oriented(), &fractions).unwrap();
    assert_eq!(analyses.stability[3].stability, expected);
    let spread: Vec<_> = analyses.spread.iter().filter(|of| of.criterion == Criterion::TauB).collect();
    assert_eq!(spread.iter().map(|of| of.epoch).collect::<Vec<_>>(), [2, 4, 5]);
    let taus = [&rows[2], &rows[3]].map(|row| row.criteria.kendall.tau_b.unwrap());
    assert_eq!(Some(spread[1].spread), Spread::new(&taus));
    assert!(rows[0].scores != rows[2].scores && rows[2].scores != rows[4].scores);
}

#[test]
fn a_variant_that_changes_no_score_is_refused() {
    for change in ["one-shot]\nensemble = 'seeds'", "zero-shot]\nbatch = 8"] {
        let resolved = resolved(&format!("sampling = 'iso'\nseeds = [1, 2]\n[variants.idle.{change}"));
        let folder = tempfile::tempdir().unwrap();
        let error = lab(&Suite::builtin(), folder.path()).plan(&resolved).unwrap_err().to_string();
        assert_eq!(error, "`variants.idle` changes no score of any panel");
    }
}

#[test]
fn a_variant_is_scored_beside_the_spec_and_trains_only_what_it_changes() {
    let variants = "[variants.deiso.supernet]\nsampling = 'deiso'\n[variants.small.one-shot]\nvalidation = 10";
    let both = resolved(&format!("sampling = 'iso'\n{variants}"));
    let PanelRecord { estimators: rows, analyses, .. } = &run(&both).panels[0];
    let labels: Vec<String> = rows.iter().map(EstimatorRecord::label).collect();
    let expected = ["seed 20, epoch 5", "deiso, seed 20, epoch 5", "small, seed 20, epoch 5"]
        .map(|about| format!("oneshot_loss ({about})"));
    assert_eq!(labels, expected);
    let alone = |supernet: &str, one_shot: &str| {
        let rows = run(&resolved_with(one_shot, supernet)).panels.remove(0).estimators;
        rows.into_iter().map(|row| row.scores).collect::<Vec<_>>()
    };
    assert_eq!(vec![rows[0].scores.clone()], alone("sampling = 'iso'", ""));
    assert_eq!(vec![rows[1].scores.clone()], alone("sampling = 'deiso'", ""));
    assert_eq!(vec![rows[2].scores.clone()], alone("sampling = 'iso'", "validation = 10"));
    for (found, row) in analyses.variants.iter().zip(&rows[1..]) {
        assert_eq!((&found.estimator, &found.with), (&row.label(), &rows[0].label()));
        assert_eq!(found.agreement, PairCounts::new(&rows[0].oriented(), &row.oriented()).tau_b());
        let tau = |row: &EstimatorRecord| row.criteria.kendall.tau_b.unwrap();
        assert_eq!(found.outcome.difference, Some(tau(row) - tau(&rows[0])));
    }
    assert_eq!(analyses.variants.len(), 2);

    let folder = tempfile::tempdir().unwrap();
    let suite = Suite::builtin();
    let lab = lab(&suite, folder.path());
    let stages = lab.plan(&both).unwrap();
    let labels: Vec<&str> = stages.iter().map(|stage| stage.label.as_str()).collect();
    assert_eq!(labels[..2], ["seed 20", "seed 20, deiso"]);
    assert_eq!(labels.len(), 5, "the third variant trains nothing: {labels:?}");
}

#[test]
fn an_operation_left_out_is_neither_trained_nor_ranked() {
    let lines = "sampling = 'deiso'\nwithout = { operations = ['nor_conv_1x1'] }\n";
    let resolved =
        resolved(&format!("{lines}decay-unsampled = false\n[panels.all.without]\noperations = ['nor_conv_1x1']"));
    let store = tempfile::tempdir().unwrap();
    train(&resolved, store.path(), &Silent);
    let (path, spec) = (store.path().join(format!("stages/supernet/{}.safetensors", key())), &resolved.spec);
    let identity = Store::open(store.path()).unwrap().identity(&path);
    let (trained, _) = checkpoint::load(&path, &identity, &candle_core::Device::Cpu).unwrap();
    let suite = Suite::builtin();
    let lab = lab(&suite, store.path());
    let fresh = new_supernet(lab.backend(), spec, spec.supernet.as_ref().unwrap(), SeedValue(20)).unwrap();
    let values = |tensor: &candle_core::Tensor| crate::net::host_f64(tensor).unwrap();
    let moved = |part: &str| {
        weights(&fresh)
            .iter()
            .filter(|(name, tensor)| name.contains(part) && values(&trained[*name]) != values(tensor))
            .count()
    };
    assert_eq!(moved(".nor_conv_1x1."), 0);
    assert!(moved(".nor_conv_3x3.") > 0);
    let panel = &run(&resolved).panels[0];
    assert!(!panel.architectures.is_empty() && panel.architectures.len() < 48);
    assert!(panel.architectures.iter().all(|row| !row.architecture.contains("nor_conv_1x1")));
}

#[test]
fn a_pruned_training_goes_on_with_what_was_kept_and_is_the_same_after_a_cut() {
    let lines = "sampling = 'iso'\ndecay-unsampled = false\nstrategy = 'uniform'\narchitectures = 2\ncheckpoints = [2]\n\
                 prune = { after = 2, keep = 0.25, by = 'oneshot_loss', candidates = 8 }";
    let (record, _) = straight_and_cut_off(&resolved(lines), &[4, 4, 4]);
    let pruning = record.pruning.unwrap();
    assert_eq!((pruning.epoch, pruning.ranked, pruning.kept.len(), pruning.by.as_str()), (2, 8, 2, "oneshot_loss"));

    // Until it prunes, a training is the same as one without pruning. After that it differs.
    let plain = lines.split("prune").next().unwrap();
    let (plain, pruned) = (resolved(plain), resolved(lines));
    let (never, then) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (unpruned, record) = (train(&plain, never.path(), &Silent), train(&pruned, then.path(), &Silent));
    assert_eq!(unpruned.epochs[..2], record.epochs[..2]);
    assert_ne!(unpruned.epochs[2], record.epochs[2]);
}

#[test]
fn a_pruned_variant_is_judged_against_the_spec_on_what_it_kept() {
    let prune = "prune = { after = 3, keep = 0.5, by = 'oneshot_loss', candidates = 1000, validation = 10 }";
    let variants = format!("checkpoints = [2]\n[variants.pruned.supernet]\n{prune}");
    let both = resolved_with("every-checkpoint = true", &format!("sampling = 'deiso'\n{variants}"));
    let record = run(&both);
    let [_, SupernetRecord { pruning: Some(pruning), .. }] = record.supernets.as_slice() else {
        panic!("{:?}", record.supernets)
    };
    assert_eq!((pruning.ranked, pruning.kept.len()), (1000, 500));
    let panel = &record.panels[0];
    let rows = |epoch: u32| panel.estimators.iter().filter(move |row| row.checkpoint.as_ref().unwrap().epoch == epoch);
    let [before, after] = panel.analyses.variants.as_slice() else { panic!("{:?}", panel.analyses.variants) };
    assert_eq!(before.kept, None, "at epoch 2 nothing is pruned yet");
    assert_eq!(rows(2).map(|row| &row.scores).collect::<Vec<_>>().windows(2).filter(|two| two[0] != two[1]).count(), 0);

    // Finds the rows in another way: those in the same isomorphism class as a kept architecture.
    let classes = nb201::Classes::paper();
    let class = |text: &str| classes.class_of(text.parse().unwrap());
    let kept: Vec<usize> = pruning.kept.iter().map(|text| class(text)).collect();
    let inside: Vec<usize> = (0..panel.architectures.len())
        .filter(|&row| kept.contains(&class(&panel.architectures[row].architecture)))
        .collect();
    assert!((2..40).contains(&inside.len()), "{inside:?}");
    let found = after.kept.as_ref().unwrap();
    assert_eq!(found.architectures, inside.len());
    for (row, of) in rows(5).zip([&found.own, &found.variant]) {
        let pick = |values: &[f64]| inside.iter().map(|&row| values[row]).collect::<Vec<f64>>();
        let truth = pick(&panel.truth().unwrap());
        let scores = pick(&row.scores.iter().map(|score| score.value()).collect::<Vec<_>>());
        let lower_is_better: Vec<f64> = scores.iter().map(|score| -score).collect();
        assert_eq!(of.tau_b, PairCounts::new(&truth, &lower_is_better).tau_b());
        let mean = scores.iter().sum::<f64>() / scores.len() as f64;
        assert!((of.mean_score.unwrap() - mean).abs() < 1e-12);
        let first = (0..scores.len()).min_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap();
        assert_eq!(of.best_of[0].truth, truth[first]);
    }
    let difference = found.variant.tau_b.zip(found.own.tau_b).map(|(variant, own)| variant - own);
    assert_eq!(found.outcome.difference, difference);
}

#[test]
fn watching_moves_no_weight_and_is_the_same_after_a_cut() {
    let lines = "sampling = 'iso'\nwatch = { epochs = [2, 5], architectures = 2 }";
    let watched = resolved(lines);
    let (record, _) = straight_and_cut_off(&watched, &[5, 4]);
    let (with, without) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    train(&watched, with.path(), &Silent);
    let plain = train(&resolved("sampling = 'iso'"), without.path(), &Silent);
    let content = |store: &Path| files(store).into_iter().find(|(name, _)| name == "safetensors").unwrap().1;
    assert!(content(with.path()) == content(without.path()), "watching moved a weight");
    assert_eq!(plain, SupernetRecord { watched: Vec::new(), ..record.clone() });

    assert_eq!(record.watched.iter().map(|watch| watch.epoch).collect::<Vec<_>>(), [2, 5]);
    for watch in &record.watched {
        assert_eq!(watch.architectures.iter().map(|watched| watched.step).collect::<Vec<_>>(), [1, 2]);
    }
    // The weights at the end of the last epoch are the final weights of the stage.
    let suite = Suite::builtin();
    let lab = lab(&suite, with.path());
    let (spec, images) = (&watched.spec, ImageSplit::load(&watched.spec.images, None).unwrap());
    let weights = Weights { seed: SeedValue(20), supernet: key(), epochs: vec![5] };
    let network = lab.trained_supernet(lab.backend(), spec, spec.supernet.as_ref().unwrap(), &weights).unwrap();
    let evaluation = lab.evaluation(&network, Some(&spec.one_shot), &images).unwrap();
    for watched in &record.watched[1].architectures {
        let architecture = Architecture::parse(SpaceId::Nb201, &watched.architecture).unwrap();
        assert_eq!(evaluation.score(OneShotScore::OneshotAccuracy, architecture).unwrap(), watched.after_epoch);
    }
}
