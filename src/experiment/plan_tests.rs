//! Compares plans with a model that does not use keys, and tests whole runs with a script instead of networks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use proptest::prelude::*;

use super::group::Group;
use super::image_split::ImageSplit;
use super::inputs::Inputs;
use super::lab::Lab;
use super::plan::{Action, Holding, Stage, Work, plan};
use super::resolve::{Arm, Resolved};
use super::stage_work::{Reader, StageWork};
use super::{ExperimentError, PanelInputs};
use crate::estimator::{EstimatorKind, Reading, Suite};
use crate::spec::{SeedValue, Spec, StageKey, WeightSource, parse_spec};
use crate::store::Store;
use crate::store::record::{EstimatorRecord, Record, SupernetRecord, Verified};
use crate::{Backend, DeviceClass};

const ESTIMATORS: [&str; 6] = ["params", "flops", "snip", "synflow", "oneshot_accuracy", "oneshot_loss"];

/// One variant for each kind of change.
const VARIANTS: [&str; 4] = [
    "[variants.other.zero-shot]\nbatch = 7\n",
    "[variants.other.supernet.training]\nlearning-rate = 0.01\n",
    "[variants.other.one-shot]\nbatch = 5\n",
    "[variants.other.zero-shot]\nnetwork = { channels = 5 }\n",
];

/// The choices from which a spec is made.
#[derive(Clone, Debug)]
struct Drawn {
    estimators: Vec<&'static str>,
    second: Vec<&'static str>,
    seeds: usize,
    checkpoints: Vec<usize>,
    every_checkpoint: bool,
    average: bool,
    verify: usize,
    trained_weights: bool,
    variant: Option<usize>,
}

impl Drawn {
    fn text(&self) -> String {
        let Self { estimators, second, seeds, checkpoints, every_checkpoint, average, verify, .. } = self;
        let zero_shot = if self.trained_weights { "form = 'supernet'\nweights = 'supernet'" } else { "" };
        let second = match &second[..] {
            [] => String::new(),
            second => format!("[panels.b]\nsample = 5\nestimators = {second:?}\n"),
        };
        format!(
            "name = 'drawn'\nspace = 'nb201'\n[images.synthetic]\nresolution = 8\ntrain = 48\nvalidation = 20\n\
             [truth.trained]\ntable = 'nb201-micro'\nverify = {verify}\n\
             [supernet]\nsampling = 'iso'\nseeds = {:?}\nnetwork = {{ channels = 4, cells = 1 }}\ncheckpoints = {checkpoints:?}\n\
             [supernet.training]\nepochs = 4\nbatch = 16\nlearning-rate = 0.05\n\
             [one-shot]\nevery-checkpoint = {every_checkpoint}\naverage-last = {}\n\
             [zero-shot]\nbatch = 8\n{zero_shot}\n[criteria]\nresamples = 0\n\
             [panels.a]\nestimators = {estimators:?}\n{second}{}",
            (1..=*seeds).collect::<Vec<_>>(),
            if *average { "[1, 2]" } else { "[1]" },
            self.variant.map_or("", |variant| VARIANTS[variant]),
        )
    }

    fn resolved(&self) -> Result<Resolved, String> {
        let spec = parse_spec(&self.text(), "a test").map_err(|error| error.to_string())?;
        Resolved::new(spec, &Suite::builtin()).map_err(|error| error.to_string())
    }
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let some = |least| prop::sample::subsequence(ESTIMATORS.to_vec(), least..=ESTIMATORS.len());
    let kept = prop::sample::subsequence(vec![1, 2, 3], 0..=3);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (some(1), some(0), 1usize..3, kept, flags, 0usize..3, prop::option::of(0..VARIANTS.len())).prop_map(
        |(estimators, second, seeds, checkpoints, (every_checkpoint, average, trained_weights), verify, variant)| {
            Drawn {
                estimators,
                second,
                seeds,
                average: average && !checkpoints.is_empty(),
                checkpoints,
                every_checkpoint,
                verify,
                trained_weights,
                // With trained weights the size of the network cannot change.
                variant: variant.filter(|&variant| !(trained_weights && variant == 3)),
            }
        },
    )
}

/// A description of a stage, without its key.
fn words(work: &Work) -> String {
    match work {
        Work::VerifyTruth { rows } => format!("verify {rows:?}"),
        Work::Supernet { arm, seed } => format!("supernet of {arm}, seed {seed}"),
        Work::Scores(work) => {
            let weights = work.weights.as_ref().map(|weights| (weights.seed.to_string(), weights.epochs.clone()));
            format!("{} in {} by {}, {weights:?}", work.estimator, work.panel, work.arm)
        }
    }
}

/// What the store holds of a stage: random, but the same answer for the same arguments.
fn held(words: &str, salt: u64) -> Holding {
    let seed = crate::seed::Seed::root(salt).child(words);
    match seed.stream().below(8) {
        0..3 => Holding::Whole,
        3 => Holding::Damaged,
        4 | 5 if words.starts_with("supernet") => Holding::WithoutWeights,
        _ => Holding::Nothing,
    }
}

/// Describes what the result of a stage depends on. Two stages with the same description are the same stage.
fn depends_on(resolved: &Resolved, arm: usize, kind: EstimatorKind) -> String {
    let spec = &resolved.arms[arm].spec;
    let supernet = format!("{:?} {:?}", spec.supernet, spec.images);
    match kind {
        EstimatorKind::OneShot => format!("{supernet} {} {}", spec.one_shot.batch, spec.one_shot.validation),
        EstimatorKind::ZeroShot if spec.zero_shot.weights == WeightSource::Supernet => {
            format!("{supernet} {:?}", spec.zero_shot)
        }
        EstimatorKind::ZeroShot => format!("{:?} {:?}", spec.zero_shot, spec.images),
        _ => format!("{:?} {:?}", spec.zero_shot.form, spec.zero_shot.network),
    }
}

/// The epochs whose weights a one-shot estimator reads, in the order of its rows.
fn epochs(spec: &Spec) -> Vec<Vec<usize>> {
    let kept: Vec<usize> = spec.supernet.as_ref().unwrap().checkpoints.iter().copied().chain([4]).collect();
    let mut found = Vec::new();
    if spec.one_shot.every_checkpoint {
        found.extend(kept[..kept.len() - 1].iter().map(|&epoch| vec![epoch]));
    }
    found.extend(spec.one_shot.average_last.iter().map(|&count| kept[kept.len() - count..].to_vec()));
    found
}

/// The plan as the documentation defines it: a description and an action for each stage; `None` if a variant changes no score.
fn model(drawn: &Drawn, resolved: &Resolved, salt: u64) -> Option<Vec<(String, Action)>> {
    let mut stages: Vec<(String, Action)> = Vec::new();
    let mut known = BTreeSet::new();
    let act = |words: &str, waits: bool| match (held(words, salt), waits) {
        (Holding::Whole | Holding::WithoutWeights, _) => Action::Reuse,
        (_, true) => Action::RunAfterSupernet,
        (Holding::Damaged, false) => Action::Mend,
        (Holding::Nothing, false) => Action::Run,
    };
    // The supernet of each set of settings and seed that lacks weights, and the stages that read it.
    let mut lacking: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    if drawn.verify > 0 {
        let all = crate::carried::truth("nb201-micro").unwrap().rows;
        let learns = |row: &usize| all[*row].architecture.has_live_convolution();
        let learning: Vec<usize> = (0..all.len()).filter(learns).collect();
        assert!(learning.len() > 40 && learning[0] > 0, "the first row has no convolution: {learning:?}");
        let rows: Vec<usize> = (0..drawn.verify).map(|row| learning[row * learning.len() / drawn.verify]).collect();
        let words = format!("verify {rows:?}");
        stages.push((words.clone(), act(&words, false)));
    }
    let suite = Suite::builtin();
    let kind = |id: &str| suite.find(id).unwrap().meta().kind;
    let all: Vec<&str> = drawn.estimators.iter().chain(&drawn.second).copied().collect();
    let reads =
        |id: &str| kind(id) == EstimatorKind::OneShot || (kind(id) == EstimatorKind::ZeroShot && drawn.trained_weights);
    // For each arm: whether a supernet with its settings must be trained now.
    let mut trains = Vec::new();
    let mut first_with: BTreeMap<usize, usize> = BTreeMap::new();
    for (arm, Arm { spec, .. }) in resolved.arms.iter().enumerate() {
        let settings = format!("{:?} {:?}", spec.supernet, spec.images);
        if !all.iter().any(|id| reads(id)) {
            trains.push(false);
            continue;
        }
        let same = (0..arm).find(|&other| {
            format!("{:?} {:?}", resolved.arms[other].spec.supernet, resolved.arms[other].spec.images) == settings
        });
        let mut runs = false;
        first_with.insert(arm, same.unwrap_or(arm));
        for seed in 1..=drawn.seeds {
            let words = format!("supernet of {}, seed {seed}", same.unwrap_or(arm));
            if held(&words, salt) == Holding::WithoutWeights {
                lacking.entry(words.clone()).or_default();
            }
            let action = act(&words, false);
            runs |= action != Action::Reuse;
            if same.is_none() {
                stages.push((words, action));
            }
        }
        trains.push(runs);
    }
    let mut scored = vec![false; resolved.arms.len()];
    for (panel, estimators) in [&drawn.estimators, &drawn.second].into_iter().enumerate() {
        for (arm, Arm { spec, .. }) in resolved.arms.iter().enumerate() {
            for id in estimators {
                let weights: Vec<Option<(String, Vec<usize>)>> = match kind(id) {
                    EstimatorKind::OneShot => {
                        let each = |averaged: &Vec<usize>| {
                            let averaged = averaged.clone();
                            (1..=drawn.seeds).map(move |seed| Some((seed.to_string(), averaged.clone())))
                        };
                        epochs(spec).iter().flat_map(each).collect()
                    }
                    EstimatorKind::ZeroShot if drawn.trained_weights => {
                        (1..=drawn.seeds).map(|seed| Some((seed.to_string(), vec![4]))).collect()
                    }
                    _ => vec![None],
                };
                for weights in weights {
                    let identity = format!("{panel} {id} {} {weights:?}", depends_on(resolved, arm, kind(id)));
                    if !known.insert(identity) {
                        continue;
                    }
                    scored[arm] = true;
                    let words = format!("{id} in {panel} by {arm}, {weights:?}");
                    let action = act(&words, trains[arm] && weights.is_some());
                    if let (Some((seed, _)), true) = (&weights, action != Action::Reuse) {
                        let supernet = format!("supernet of {}, seed {seed}", first_with[&arm]);
                        if let Some(readers) = lacking.get_mut(&supernet) {
                            readers.push(stages.len());
                        }
                    }
                    stages.push((words, action));
                }
            }
        }
    }
    // A supernet without all its weights is trained again if a stage reads it, and this stage waits.
    for (supernet, readers) in lacking.into_iter().filter(|(_, readers)| !readers.is_empty()) {
        stages.iter_mut().filter(|(words, _)| *words == supernet).for_each(|(_, action)| *action = Action::Mend);
        for reader in readers {
            stages[reader].1 = Action::RunAfterSupernet;
        }
    }
    scored.iter().all(|&scored| scored).then_some(stages)
}

fn planned(resolved: &Resolved, salt: u64) -> Result<Vec<Stage>, ExperimentError> {
    let inputs = Inputs::load(&resolved.spec, None, &crate::experiment::Silent)?;
    plan(resolved, &inputs, DeviceClass::Cpu, |work, _| Ok(held(&words(work), salt)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_is_that_of_the_model(drawn in drawn(), salt: u64) {
        let resolved = drawn.resolved().map_err(TestCaseError::fail)?;
        let found = planned(&resolved, salt);
        match model(&drawn, &resolved, salt) {
            None => {
                let error = found.map_err(|error| error.to_string()).unwrap_err();
                prop_assert_eq!(error, "`variants.other` changes no score of any panel");
            }
            Some(expected) => {
                let stages = found.map_err(|error| TestCaseError::fail(error.to_string()))?;
                let seen: Vec<(String, Action)> = stages.iter().map(|stage| (words(&stage.work), stage.action)).collect();
                prop_assert_eq!(seen, expected);
                let keys: BTreeSet<_> = stages.iter().map(|stage| &stage.key).collect();
                // The panels hold different architectures, so all keys differ.
                prop_assert_eq!(keys.len(), stages.len());
            }
        }
    }

    /// A key is made only from what the stage depends on.
    #[test]
    fn another_estimator_moves_no_key(drawn in drawn(), place in 0..ESTIMATORS.len()) {
        let mut more = drawn.clone();
        if !more.estimators.contains(&ESTIMATORS[place]) {
            more.estimators.insert(0, ESTIMATORS[place]);
        }
        let keys = |drawn: &Drawn| -> Result<BTreeSet<StageKey>, TestCaseError> {
            let resolved = drawn.resolved().map_err(TestCaseError::fail)?;
            Ok(planned(&resolved, 0).unwrap_or_default().into_iter().map(|stage| stage.key).collect())
        };
        let (few, many) = (keys(&drawn)?, keys(&more)?);
        prop_assert!(few.is_subset(&many));
    }
}

/// Does the work of stages without networks: it makes scores from names, and it can let one call fail.
#[derive(Debug, Default)]
struct Script {
    calls: Mutex<Vec<String>>,
    fails_at: Option<usize>,
}

impl Script {
    /// Records a call, and lets it fail if it is the chosen one.
    fn call(&self, words: String) -> Result<(), ExperimentError> {
        let mut calls = self.calls.lock().unwrap();
        calls.push(words);
        if self.fails_at == Some(calls.len() - 1) {
            Err(ExperimentError::Unprepared("a failing script"))
        } else {
            Ok(())
        }
    }

    fn calls(self) -> Vec<String> {
        self.calls.into_inner().unwrap()
    }
}

/// A worker for a lab's store.
struct Worker<'a> {
    script: &'a Script,
    store: &'a Store,
}

impl StageWork for Worker<'_> {
    fn verify_truth(&self, _: &Inputs, rows: &[usize]) -> Result<Vec<Verified>, ExperimentError> {
        self.script.call(format!("verify {rows:?}"))?;
        Ok(Vec::new())
    }

    fn supernet(
        &self,
        _: &str,
        spec: &Spec,
        _: Option<&ImageSplit>,
        seed: SeedValue,
        key: &StageKey,
    ) -> Result<SupernetRecord, ExperimentError> {
        self.script.call(format!("supernet {}", key.short()))?;
        let record = SupernetRecord { seed: seed.to_string(), ..SupernetRecord::default() };
        // Files stand for the weights.
        let kept = spec.supernet.as_ref().unwrap().kept_epochs();
        let (_, earlier) = kept.split_last().unwrap();
        let endings = earlier.iter().map(|epoch| format!(".epoch-{epoch}.safetensors"));
        for ending in endings.chain([".safetensors".to_owned()]) {
            self.store.write_json(&self.store.stage("supernet", key, &ending), &record)?;
        }
        self.store.write_json(&self.store.stage("supernet", key, ".json"), &record)?;
        Ok(record)
    }

    fn reader<'a>(
        &'a self,
        _: &Backend,
        _: &'a Spec,
        _: Option<&ImageSplit>,
        group: &'a Group<'_>,
    ) -> Result<Reader<'a>, ExperimentError> {
        let members: Vec<&str> = group.stages().map(|(key, _)| key.short()).collect();
        self.script.call(format!("scores {}", members.join(" ")))?;
        Ok(Box::new(|architecture| {
            let score =
                |id: &str| crate::seed::Seed::root(1).child(id).child(&architecture.to_string()).stream().unit();
            Ok(group.stages().map(|(_, estimator)| Reading::plain(score(estimator.meta().id))).collect())
        }))
    }
}

/// Runs a spec with a script, with its store in `folder`.
fn run(resolved: &Resolved, folder: &std::path::Path, script: &Script) -> Result<Record, ExperimentError> {
    let suite = Suite::builtin();
    let lab = Lab::new(&suite, Store::open(folder).unwrap(), Backend::cpu());
    let store = Store::open(folder).unwrap();
    lab.run_by(&Worker { script, store: &store }, resolved)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// After a failure at any call, the next run continues there, repeats nothing, and ends with the same record. A third run has nothing
    /// to do.
    #[test]
    fn a_run_that_failed_goes_on_where_it_stopped(drawn in drawn(), at in any::<prop::sample::Index>()) {
        let resolved = drawn.resolved().map_err(TestCaseError::fail)?;
        prop_assume!(planned(&resolved, 0).is_ok());
        let (straight, cut) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let script = Script::default();
        let record = run(&resolved, straight.path(), &script).unwrap();
        let calls = script.calls();
        let rows = record.panels.iter().map(|panel| panel.estimators.len()).sum::<usize>();
        prop_assert!(rows >= drawn.estimators.len() + drawn.second.len());

        let fails_at = at.index(calls.len());
        let failing = Script { fails_at: Some(fails_at), ..Script::default() };
        prop_assert!(run(&resolved, cut.path(), &failing).is_err());
        let first = failing.calls();
        prop_assert_eq!(&first[..], &calls[..=fails_at]);
        let again = Script::default();
        let resumed = run(&resolved, cut.path(), &again).unwrap();
        prop_assert_eq!(&again.calls()[..], &calls[fails_at..], "after {:?}", first);
        prop_assert_eq!(resumed.to_json().unwrap(), record.to_json().unwrap());
        let third = Script::default();
        prop_assert_eq!(run(&resolved, cut.path(), &third).unwrap().to_json().unwrap(), record.to_json().unwrap());
        prop_assert_eq!(third.calls(), Vec::<String>::new());
    }
}

#[test]
fn the_record_has_the_scores_of_the_script_and_the_rows_of_the_plan() {
    let drawn = Drawn {
        estimators: vec!["params", "snip", "oneshot_loss"],
        second: vec!["snip"],
        seeds: 2,
        checkpoints: vec![2],
        every_checkpoint: true,
        average: true,
        verify: 1,
        trained_weights: false,
        variant: Some(0),
    };
    let resolved = drawn.resolved().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let record = run(&resolved, folder.path(), &Script::default()).unwrap();
    let labels: Vec<String> = record.panels[0].estimators.iter().map(EstimatorRecord::label).collect();
    let expected = [
        "params",
        "snip",
        "oneshot_loss (seed 1, epoch 2)",
        "oneshot_loss (seed 2, epoch 2)",
        "oneshot_loss (seed 1, epoch 4)",
        "oneshot_loss (seed 2, epoch 4)",
        "oneshot_loss (seed 1, mean weights of epochs 2 and 4)",
        "oneshot_loss (seed 2, mean weights of epochs 2 and 4)",
        "snip (other)",
    ];
    assert_eq!(labels, expected);
    let labels: Vec<String> = record.panels[1].estimators.iter().map(EstimatorRecord::label).collect();
    assert_eq!(labels, ["snip", "snip (other)"]);
    assert_eq!(record.supernets.len(), 2);
    let inputs = Inputs::load(&resolved.spec, None, &crate::experiment::Silent).unwrap();
    let PanelInputs { architectures, truth, .. } = &inputs.panels[1];
    assert_eq!(record.panels[1].architectures.len(), 5);
    let truth = truth.as_ref().unwrap();
    for (row, (architecture, truth)) in record.panels[1].architectures.iter().zip(architectures.iter().zip(truth)) {
        assert_eq!((&row.architecture, row.truth), (&architecture.to_string(), Some(*truth)));
    }
}

/// Which rows of a run have published figures, and what is said about their bases.
#[test]
fn the_record_says_how_published_figures_differ() {
    let drawn = Drawn {
        estimators: vec!["params", "snip", "oneshot_accuracy"],
        second: vec!["snip"],
        seeds: 1,
        checkpoints: vec![2],
        every_checkpoint: true,
        average: true,
        verify: 0,
        trained_weights: false,
        variant: Some(0),
    };
    let folder = tempfile::tempdir().unwrap();
    let record = run(&drawn.resolved().unwrap(), folder.path(), &Script::default()).unwrap();
    let said = |panel: usize| -> Vec<(String, Vec<String>)> {
        let rows = record.panels[panel].estimators.iter();
        rows.map(|row| {
            let figures = row.published.iter().map(|figure| figure.differs.join("; "));
            (row.label(), figures.collect())
        })
        .collect()
    };
    let truth = "truth trained by this project instead of the benchmark's";
    let classes = format!("{truth}; 48 architectures instead of 6,466 representatives");
    let encodings = format!("{truth}; 48 architectures instead of 1,000 drawn encodings");
    let images = "synthetic images instead of CIFAR-10";
    // A variant and an earlier checkpoint have none, nor have averaged weights.
    let expected = [
        ("params", vec![classes.clone(), classes.clone(), encodings.clone()]),
        ("snip", vec![format!("{encodings}; {images}")]),
        ("oneshot_accuracy (seed 1, epoch 2)", Vec::new()),
        ("oneshot_accuracy (seed 1, epoch 4)", vec![format!("{classes}; {images}"); 7]),
        ("oneshot_accuracy (seed 1, mean weights of epochs 2 and 4)", Vec::new()),
        ("snip (other)", Vec::new()),
    ];
    assert_eq!(said(0), expected.map(|(label, said)| (label.to_owned(), said)));
    let drawn = format!("{truth}; 5 drawn architectures instead of 1,000 drawn encodings; {images}");
    assert_eq!(said(1), [("snip".to_owned(), vec![drawn]), ("snip (other)".to_owned(), Vec::new())]);
}
