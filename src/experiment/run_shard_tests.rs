//! Parts of a plan, by one worker after another: together they make what one run makes.

use std::collections::BTreeMap;

use super::cut::{Cut, scores_of};
use super::lab::Lab;
use super::plan::Stage;
use super::resolve::Resolved;
use super::scores::groups;
use super::shard::{Part, Shard};
use super::{ExperimentError, Inputs, Silent};
use crate::Backend;
use crate::estimator::Suite;
use crate::spec::parse_spec;
use crate::store::Store;
use proptest::prelude::*;

/// A spec with two supernets, a variant and each kind of built-in estimator.
fn resolved() -> Resolved {
    let text = "name = 'tiny'\nspace = 'nb201'\n[images.synthetic]\nresolution = 8\ntrain = 48\nvalidation = 20\n\
         [truth.trained]\ntable = 'nb201-micro'\nverify = 1\n[one-shot]\nbatch = 10\n\
         [zero-shot]\nnetwork = { channels = 4, cells = 1 }\nbatch = 16\n[criteria]\nresamples = 0\n\
         [supernet]\nnetwork = { channels = 4, cells = 1 }\nsampling = 'iso'\nseeds = [7, 8]\n\
         training = { epochs = 1, batch = 16, learning-rate = 0.2 }\n\
         [variants.other.zero-shot]\nseeds = [5]\n\
         [panels.all]\nsample = 9\nestimators = ['params', 'snip', 'zen', 'oneshot_loss']\n\
         [panels.all.votes.both]\nmembers = ['params', 'snip']\n";
    Resolved::new(parse_spec(text, "a test").unwrap(), &Suite::builtin()).unwrap()
}

fn with_lab<R>(work: impl FnOnce(&Lab<'_>) -> R) -> R {
    let folder = tempfile::tempdir().unwrap();
    let suite = Suite::builtin();
    work(&Lab::new(&suite, Store::open(folder.path()).unwrap(), Backend::cpu()))
}

/// The files below `stages` by name, with their bytes.
fn stages_of(lab: &Lab<'_>) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for kind in std::fs::read_dir(lab.store().root().join("stages")).unwrap() {
        for file in std::fs::read_dir(kind.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            found.insert(
                path.display().to_string().rsplit_once("stages").unwrap().1.to_owned(),
                std::fs::read(&path).unwrap(),
            );
        }
    }
    found
}

#[test]
fn any_number_of_parts_gives_the_bytes_of_one_run() {
    let resolved = resolved();
    let straight = with_lab(|lab| (lab.run(&resolved).unwrap(), stages_of(lab)));
    for count in [1, 2, 5] {
        with_lab(|lab| {
            // In any order; a part is done twice, as after a kill.
            for part in [Part::Training, Part::Scores] {
                for number in (1..=count).rev().chain([1]) {
                    lab.run_shard(&resolved, Shard::new(number, count).unwrap(), Some(part)).unwrap();
                }
            }
            let left = lab.plan(&resolved).unwrap().into_iter().filter(|stage| stage.action == "run");
            assert!(left.clone().all(|stage| stage.kind == "scores"), "parts train all");
            assert_eq!((lab.run(&resolved).unwrap(), stages_of(lab)), straight, "{count} parts");
        });
    }
}

#[test]
fn scores_wait_for_the_trainings_of_other_parts() {
    let resolved = resolved();
    with_lab(|lab| {
        let one = Shard::new(1, 2).unwrap();
        let error = lab.run_shard(&resolved, one, Some(Part::Scores)).unwrap_err();
        assert!(matches!(&error, ExperimentError::Untrained { supernets } if supernets.len() == 2), "{error}");
        // Scores that read no supernet are done all the same.
        assert_eq!(lab.store().partial_scores().unwrap().len(), 2, "those of the spec and of the variant");
        lab.run_shard(&resolved, one, Some(Part::Training)).unwrap();
        lab.run_shard(&resolved, Shard::new(2, 2).unwrap(), None).unwrap();
        let done = lab.run_shard(&resolved, one, None).unwrap();
        assert!(done.trainings > 0 && done.architectures >= 4 * 4, "{done:?}");
    });
}

/// The plan of the spec, with its inputs.
fn planned(resolved: &Resolved) -> (Inputs, Vec<Stage>) {
    let inputs = Inputs::load(&resolved.spec, None, &Silent).unwrap();
    let stages = with_lab(|lab| lab.stages(resolved, &inputs).unwrap().0);
    (inputs, stages)
}

proptest! {
    /// Each training and each architecture of each group has exactly one part, and all stages of a group the same.
    #[test]
    fn a_cut_leaves_nothing_out(count in 1..40_usize) {
        let resolved = resolved();
        let (inputs, stages) = planned(&resolved);
        let cut = Cut::new(&stages, &resolved, &inputs, count).unwrap();
        let shards: Vec<Shard> = (1..=count).map(|number| Shard::new(number, count).unwrap()).collect();
        for stage in stages.iter().filter(|stage| scores_of(stage).is_none()) {
            prop_assert_eq!(shards.iter().filter(|shard| cut.trains(**shard, &stage.key)).count(), 1);
        }
        let scores: Vec<_> = stages.iter().filter_map(scores_of).collect();
        let (mut cut_groups, mut architectures) = (0, 0);
        for group in &groups(&resolved, &inputs, &scores).unwrap() {
            let found: Vec<_> = shards.iter().map(|shard| cut.places(*shard, group)).collect();
            if found.iter().all(Option::is_none) {
                continue;
            }
            let mut places: Vec<usize> = found.into_iter().flatten().flatten().collect();
            places.sort_unstable();
            prop_assert_eq!(places, (0..9).collect::<Vec<_>>());
            cut_groups += 1;
            architectures += 9;
        }
        // Zero-shot scores of the spec and the variant, and one-shot scores of each supernet; counts and votes are not cut.
        prop_assert_eq!(cut_groups, 4);
        prop_assert_eq!(cut.portions.iter().map(|portion| portion.architectures).sum::<usize>(), architectures);
        // Trainings are in the first parts, and a cut into just so many parts has the same ones in each.
        let trained = cut.training_portions();
        prop_assert_eq!(trained.iter().map(|portion| portion.trainings).sum::<usize>(), 3);
        let exact = Cut::new(&stages, &resolved, &inputs, trained.len()).unwrap();
        for (number, portion) in trained.iter().enumerate() {
            prop_assert_eq!(portion.training_cost, exact.portions[number].training_cost);
            let [of_all, of_exact] = [count, trained.len()].map(|count| Shard::new(number + 1, count).unwrap());
            for stage in stages.iter().filter(|stage| scores_of(stage).is_none()) {
                prop_assert_eq!(cut.trains(of_all, &stage.key), exact.trains(of_exact, &stage.key));
            }
        }
    }
}
