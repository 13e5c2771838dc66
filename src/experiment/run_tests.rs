//! What a run leaves in the store, and what a plan says before and after it.

use super::lab::Lab;
use super::plan::{Action, Holding, Work, plan, verified_rows};
use super::provenance::freeze;
use super::resolve::Resolved;
use super::{ExperimentError, Inputs, Silent};
use crate::estimator::Suite;
use crate::spec::{SeedValue, parse_spec};
use crate::store::{RecordId, Store};
use crate::{Backend, DeviceClass};

/// A spec of two supernets; the arguments are lines for `[supernet]`, and the table `[panels.all]` with more tables below it.
fn resolved(supernet: &str, panel: &str) -> Resolved {
    let text = format!(
        "name = 'tiny'\nspace = 'nb201'\n[images.synthetic]\nresolution = 8\ntrain = 48\nvalidation = 20\n\
         [truth.trained]\ntable = 'nb201-micro'\nverify = 0\n[one-shot]\nbatch = 10\n\
         [zero-shot]\nnetwork = {{ channels = 4, cells = 1 }}\nbatch = 16\n[criteria]\nresamples = 0\n\
         [supernet]\nnetwork = {{ channels = 4, cells = 1 }}\nsampling = 'iso'\n{supernet}\n\
         training = {{ epochs = 2, batch = 16, learning-rate = 0.2 }}\n[panels.all]\n{panel}"
    );
    Resolved::new(parse_spec(&text, "a test").unwrap(), &Suite::builtin()).unwrap()
}

fn with_lab<R>(work: impl FnOnce(&Lab<'_>) -> R) -> R {
    let folder = tempfile::tempdir().unwrap();
    let suite = Suite::builtin();
    work(&Lab::new(&suite, Store::open(folder.path()).unwrap(), Backend::cpu()).with_commit(Some("abc")))
}

#[test]
fn a_run_that_computes_nothing_leaves_no_trace_unless_its_record_is_new() {
    let resolved = resolved("seeds = [7]", "sample = 2\nestimators = ['params', 'oneshot_loss']");
    with_lab(|lab| {
        let id = RecordId::new(&resolved.hash, DeviceClass::Cpu);
        let actions = || -> Vec<(&str, &str)> {
            lab.plan(&resolved).unwrap().into_iter().map(|stage| (stage.kind, stage.action)).collect()
        };
        let traces = || lab.store().provenance(&id).unwrap().len();
        assert_eq!(actions(), [("supernet", "run"), ("scores", "run"), ("scores", "run")]);
        let first = lab.run(&resolved).unwrap();
        assert_eq!((first.panels[0].architectures.len(), traces()), (2, 1));
        // What was published for the benchmark is not compared with the truth of a miniature.
        let published = |row: usize| &first.panels[0].estimators[row].published;
        assert!(!published(0).is_empty() && published(0).iter().all(|figure| !figure.differs.is_empty()));
        assert_eq!(actions(), [("supernet", "skip"), ("scores", "skip"), ("scores", "skip")]);
        assert_eq!(lab.run(&resolved).unwrap(), first);
        assert_eq!(traces(), 1, "nothing was computed, and the record was there");
        let record = lab.store().root().join("records").join(id.as_str()).join("record.json");
        std::fs::remove_file(&record).unwrap();
        assert_eq!(lab.run(&resolved).unwrap(), first);
        assert_eq!(traces(), 2, "the record is new");
        std::fs::remove_dir_all(lab.store().root().join("stages/scores")).unwrap();
        assert_eq!(actions(), [("supernet", "skip"), ("scores", "run"), ("scores", "run")]);
        assert_eq!(lab.run(&resolved).unwrap(), first);
        assert_eq!(traces(), 3, "scores were computed");
        let held = lab.store().provenance(&id).unwrap().remove(0).whole().unwrap().unwrap();
        assert_eq!((held.git_commit.as_deref(), held.version.as_str()), (Some("abc"), env!("CARGO_PKG_VERSION")));
    });
}

#[test]
fn one_architecture_is_nothing_to_rank() {
    let resolved = resolved("seeds = [7]", "sample = 3\nestimators = ['params']");
    let mut inputs = Inputs::load(&resolved.spec, None, &Silent).unwrap();
    let mut planned = |count: usize| {
        inputs.panels[0].architectures.truncate(count);
        plan(&resolved, &inputs, DeviceClass::Cpu, |_, _| Ok::<_, ExperimentError>(Holding::Nothing))
    };
    assert_eq!(planned(2).unwrap().len(), 1);
    for count in [1, 0] {
        let refused = planned(count).unwrap_err();
        assert!(
            matches!(&refused, ExperimentError::NothingToRank { panel, count: found, .. } if panel == "all" && *found == count)
        );
    }
}

#[test]
fn the_features_of_the_processor_are_named() {
    let found = freeze(&Backend::cpu(), None);
    assert_eq!((found.git_commit, found.threads), (None, rayon::current_num_threads()));
    #[cfg(target_arch = "x86_64")]
    for (name, is) in [
        ("avx2", std::arch::is_x86_feature_detected!("avx2")),
        ("fma", std::arch::is_x86_feature_detected!("fma")),
        ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
    ] {
        assert_eq!(found.cpu_features.iter().any(|feature| feature == name), is, "{name}");
    }
    assert!(found.cpu_features.iter().all(|name| ["avx2", "fma", "avx512f"].contains(&name.as_str())));
}

/// Two supernets and two estimators: scores wait for the supernet that they read, and for no other.
#[test]
fn scores_wait_for_the_supernet_that_they_read() {
    use Action::{Mend, Reuse, Run, RunAfterSupernet as After};
    let resolved =
        resolved("seeds = [7, 8]", "sample = 3\nestimators = ['params', 'oneshot_loss', 'oneshot_accuracy']");
    let inputs = Inputs::load(&resolved.spec, None, &Silent).unwrap();
    let stages = |holds: &dyn Fn(&Work) -> Holding| -> Vec<(String, Action)> {
        let planned = plan(&resolved, &inputs, DeviceClass::Cpu, |work, _| Ok::<_, ExperimentError>(holds(work)));
        let name = |work: &Work| match work {
            Work::VerifyTruth { .. } => "truth".to_owned(),
            Work::Supernet { seed, .. } => format!("supernet {seed}"),
            Work::Scores(work) => {
                let seed = work.weights.as_ref().map_or(String::new(), |weights| format!(" {}", weights.seed));
                format!("{}{seed}", work.estimator)
            }
        };
        planned.unwrap().into_iter().map(|stage| (name(&stage.work), stage.action)).collect()
    };
    let named = |actions: [Action; 7]| -> Vec<(String, Action)> {
        let names = [
            "supernet 7",
            "supernet 8",
            "params",
            "oneshot_loss 7",
            "oneshot_loss 8",
            "oneshot_accuracy 7",
            "oneshot_accuracy 8",
        ];
        names.into_iter().map(str::to_owned).zip(actions).collect()
    };
    assert_eq!(stages(&|_| Holding::Nothing), named([Run, Run, Run, After, After, After, After]));
    assert_eq!(stages(&|_| Holding::Whole), named([Reuse; 7]));
    // The weights of supernet 8 are lost. Nothing is trained again as long as nothing reads them.
    let of = |work: &Work, number: u64| match work {
        Work::Supernet { seed, .. } => *seed == SeedValue(number),
        Work::Scores(work) => work.weights.as_ref().is_some_and(|weights| weights.seed == SeedValue(number)),
        Work::VerifyTruth { .. } => false,
    };
    let lost = |work: &Work| {
        let is_supernet = matches!(work, Work::Supernet { .. });
        if is_supernet && of(work, 8) { Holding::WithoutWeights } else { Holding::Whole }
    };
    assert_eq!(stages(&lost), named([Reuse; 7]));
    let and_missing = |estimator: &'static str, seed: u64| {
        move |work: &Work| {
            let missing = matches!(work, Work::Scores(scores) if scores.estimator == estimator) && of(work, seed);
            if missing { Holding::Nothing } else { lost(work) }
        }
    };
    // Scores of the other supernet are missing, then one of this supernet's.
    assert_eq!(stages(&and_missing("oneshot_loss", 7)), named([Reuse, Reuse, Reuse, Run, Reuse, Reuse, Reuse]));
    assert_eq!(stages(&and_missing("oneshot_loss", 8)), named([Reuse, Mend, Reuse, Reuse, After, Reuse, Reuse]));
}

/// Of a table, rows that learn nothing are left out if there are enough others.
#[test]
fn rows_that_are_trained_again_lie_evenly_over_the_table() {
    let table = crate::carried::truth("nb201-micro").unwrap();
    let learns = |row: &usize| table.rows[*row].architecture.has_live_convolution();
    let learning: Vec<usize> = (0..table.rows.len()).filter(learns).collect();
    let count = learning.len();
    assert!(count > 20 && count < table.rows.len(), "{count} of {} learn", table.rows.len());
    assert_eq!(verified_rows(&table, 0), [0; 0]);
    assert_eq!(verified_rows(&table, 1), learning[..1]);
    assert_eq!(verified_rows(&table, 2), [learning[0], learning[count / 2]]);
    assert_eq!(verified_rows(&table, 4), [0, 1, 2, 3].map(|quarter| learning[quarter * count / 4]));
    assert_eq!(verified_rows(&table, count), learning);
    let all: Vec<usize> = (0..table.rows.len()).collect();
    assert_eq!((verified_rows(&table, all.len()), verified_rows(&table, all.len() + 9)), (all.clone(), all.clone()));
    let more = verified_rows(&table, count + 1);
    assert_eq!(more, (0..=count).map(|place| all[place * all.len() / (count + 1)]).collect::<Vec<_>>());
}

/// Two panels of the same architectures share scores by their keys, and each of them has its stages.
#[test]
fn panels_of_the_same_architectures_have_stages_of_their_own() {
    let panels = "estimators = ['params', 'flops']\n[panels.again]\nestimators = ['flops']";
    let resolved = resolved("seeds = [7]", panels);
    let inputs = Inputs::load(&resolved.spec, None, &Silent).unwrap();
    let stages = plan(&resolved, &inputs, DeviceClass::Cpu, |_, _| Ok::<_, ExperimentError>(Holding::Nothing)).unwrap();
    let planned: Vec<(usize, &str)> = stages
        .iter()
        .map(|stage| match &stage.work {
            Work::Scores(work) => (work.panel, work.estimator.as_str()),
            other => panic!("{}", other.kind()),
        })
        .collect();
    let name = |panel: usize| inputs.panels[panel].name.as_str();
    let mut named: Vec<(&str, &str)> = planned.into_iter().map(|(panel, estimator)| (name(panel), estimator)).collect();
    named.sort_unstable();
    assert_eq!(named, [("again", "flops"), ("all", "flops"), ("all", "params")]);
    let keys: Vec<_> = stages.iter().map(|stage| &stage.key).collect();
    assert_eq!(keys.iter().collect::<std::collections::BTreeSet<_>>().len(), 2, "one key for each estimator");
}

/// Rows of an interrupted stage are of no use when it is complete, whether this run completed it or an earlier one.
#[test]
fn rows_that_were_kept_are_removed_with_the_end_of_their_stage() {
    let resolved = resolved("seeds = [7]", "sample = 3\nestimators = ['params', 'oneshot_loss']");
    with_lab(|lab| {
        let partial: Vec<std::path::PathBuf> = lab
            .plan(&resolved)
            .unwrap()
            .into_iter()
            .filter(|stage| stage.kind == "scores")
            .map(|stage| lab.store().stage("scores", &stage.key, ".partial.json"))
            .collect();
        assert_eq!(partial.len(), 2);
        for _ in 0..2 {
            for path in &partial {
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, "of no use").unwrap();
            }
            lab.run(&resolved).unwrap();
            assert!(partial.iter().all(|path| !path.exists()));
        }
    });
}

#[test]
fn a_record_names_the_settings_of_each_supernet() {
    let panels = "sample = 2\nestimators = ['oneshot_loss']\n[variants.raw.supernet]\nsampling = 'deiso'";
    let resolved = resolved("seeds = [7, 8]", panels);
    with_lab(|lab| {
        let record = lab.run(&resolved).unwrap();
        let named: Vec<(Option<&str>, &str, usize)> = record
            .supernets
            .iter()
            .map(|supernet| (supernet.variant.as_deref(), supernet.seed.as_str(), supernet.epochs.len()))
            .collect();
        assert_eq!(named, [(None, "7", 2), (None, "8", 2), (Some("raw"), "7", 2), (Some("raw"), "8", 2)]);
    });
}

#[test]
fn weights_that_are_missing_are_made_again_if_scores_are_too() {
    let resolved = resolved("seeds = [7]", "sample = 2\nestimators = ['oneshot_loss']");
    with_lab(|lab| {
        let first = lab.run(&resolved).unwrap();
        let planned = lab.plan(&resolved).unwrap();
        let weights = lab.store().stage("supernet", &planned[0].key, ".safetensors");
        let scores = lab.store().stage("scores", &planned[1].key, ".json");
        let actions = || -> Vec<&str> { lab.plan(&resolved).unwrap().into_iter().map(|stage| stage.action).collect() };
        std::fs::remove_file(&weights).unwrap();
        assert_eq!(actions(), ["skip", "skip"]);
        assert_eq!(lab.run(&resolved).unwrap(), first);
        assert!(!weights.exists(), "nothing reads them");
        std::fs::remove_file(&scores).unwrap();
        assert_eq!(actions(), ["run", "run"]);
        assert_eq!(lab.run(&resolved).unwrap(), first);
        assert!(weights.exists() && scores.exists());
        // Damaged weights are made again at once.
        std::fs::write(&weights, "damaged").unwrap();
        assert_eq!(actions(), ["run", "skip"]);
    });
}

/// Three steps an epoch: each of three architectures is watched at a step of its own, counted from 1.
#[test]
fn watched_steps_are_counted_from_one() {
    let watched = |architectures: usize| {
        let supernet = format!("seeds = [7]\nwatch = {{ epochs = [2], architectures = {architectures} }}");
        let resolved = resolved(&supernet, "sample = 2\nestimators = ['oneshot_loss']");
        with_lab(|lab| {
            let record = lab.run(&resolved).unwrap().supernets.remove(0);
            assert_eq!(record.watched.len(), 1);
            let found = &record.watched[0];
            let accuracy = |value: f64| (0.0..=1.0).contains(&value);
            assert!(found.architectures.iter().all(|at| accuracy(at.after_step) && accuracy(at.after_epoch)));
            (found.epoch, found.architectures.iter().map(|at| at.step).collect::<Vec<_>>())
        })
    };
    assert_eq!(watched(3), (2, vec![1, 2, 3]));
    assert_eq!(watched(1), (2, vec![1]));
}

/// The number of training images says which images a batch of them holds, and nothing of a batch of noise.
#[test]
fn scores_of_noise_do_not_depend_on_the_images() {
    let key = |input: &str, train: usize| {
        let text = format!(
            "name = 'tiny'\nspace = 'nb201'\n[images.synthetic]\nresolution = 8\ntrain = {train}\nvalidation = 20\n\
             [truth.trained]\ntable = 'nb201-micro'\nverify = 0\n[zero-shot]\nbatch = 16\ninput = '{input}'\n\
             [panels.all]\nsample = 3\nestimators = ['snip']\n"
        );
        let resolved = Resolved::new(parse_spec(&text, "a test").unwrap(), &Suite::builtin()).unwrap();
        let inputs = Inputs::load(&resolved.spec, None, &Silent).unwrap();
        let stages = plan(&resolved, &inputs, DeviceClass::Cpu, |_, _| Ok::<_, ExperimentError>(Holding::Nothing));
        stages.unwrap().remove(0).key
    };
    assert_ne!(key("images", 48), key("images", 64));
    assert_eq!(key("gaussian", 48), key("gaussian", 64));
    assert_eq!(key("uniform", 48), key("uniform", 64));
    assert_ne!(key("gaussian", 48), key("uniform", 48));
}
