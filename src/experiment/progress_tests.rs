//! What a run says of its progress, and what it makes of a recipe: as many units as were announced, and nothing twice.

use std::sync::Mutex;

use super::lab::Lab;
use super::progress::Progress;
use super::resolve::Resolved;
use super::{ExperimentError, Inputs};
use crate::Backend;
use crate::estimator::Suite;
use crate::spec::{TruthRecipe, parse_recipe, parse_spec};
use crate::store::Store;
use crate::truth::trained::{TrainedRow, TrainedTable};

/// A stage as it was reported: its label, the units that were announced, and those that were done until its end.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    label: String,
    announced: u64,
    done: u64,
    ended: bool,
    messages: Vec<String>,
}

#[derive(Debug, Default)]
struct Log(Mutex<Vec<Seen>>, Mutex<Option<u64>>);

impl Log {
    fn last(&self, change: impl FnOnce(&mut Seen)) {
        change(self.0.lock().unwrap().last_mut().unwrap());
    }

    /// Cuts the run off after some more units.
    fn cut_after(&self, units: u64) {
        *self.1.lock().unwrap() = Some(units);
    }

    fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Progress for Log {
    fn begin(&self, label: &str, announced: u64, _: &str) {
        let seen = Seen { label: label.to_owned(), announced, done: 0, ended: false, messages: Vec::new() };
        self.0.lock().unwrap().push(seen);
    }
    fn advance(&self, steps: u64) {
        self.last(|seen| seen.done += steps);
        let mut left = self.1.lock().unwrap();
        if let Some(units) = left.as_mut() {
            *units -= 1;
            if *units == 0 {
                *left = None;
                drop(left);
                std::panic::resume_unwind(Box::new("cut off"));
            }
        }
    }
    fn message(&self, text: &str) {
        self.last(|seen| seen.messages.push(text.to_owned()));
    }
    fn end(&self) {
        self.last(|seen| seen.ended = true);
    }
}

fn with_lab<R>(log: &Log, work: impl FnOnce(&Lab<'_>) -> R) -> R {
    let folder = tempfile::tempdir().unwrap();
    let suite = Suite::builtin();
    let store = Store::open(folder.path()).unwrap();
    work(&Lab::new(&suite, store, Backend::cpu()).with_progress(Box::new(log)))
}

/// Labels and units of what was reported, when each stage did what it announced.
fn whole(log: &Log) -> Vec<(String, u64)> {
    let seen = log.take();
    for seen in &seen {
        assert!(seen.ended && seen.done == seen.announced, "{seen:?}");
    }
    seen.into_iter().map(|seen| (seen.label, seen.announced)).collect()
}

fn labelled(stages: &[(&str, u64)]) -> Vec<(String, u64)> {
    stages.iter().map(|(label, units)| ((*label).to_owned(), *units)).collect()
}

#[test]
fn every_unit_that_is_announced_is_done() {
    let text = "name = 'tiny'\nspace = 'nb201'\n[images.synthetic]\nresolution = 8\ntrain = 48\nvalidation = 20\n\
                [truth.trained]\ntable = 'nb201-micro'\nverify = 0\n[one-shot]\nbatch = 10\n\
                [zero-shot]\nnetwork = { channels = 4, cells = 1 }\nbatch = 16\n[criteria]\nresamples = 0\n\
                [panels.all]\nsample = 5\nestimators = ['params', 'snip', 'oneshot_loss']\n\
                [supernet]\nnetwork = { channels = 4, cells = 1 }\nsampling = 'iso'\nseeds = [7]\n\
                training = { epochs = 4, batch = 16, learning-rate = 0.2 }\n";
    let resolved = Resolved::new(parse_spec(text, "a test").unwrap(), &Suite::builtin()).unwrap();
    let log = Log::default();
    with_lab(&log, |lab| {
        lab.run(&resolved).unwrap();
        let training = log.0.lock().unwrap()[0].clone();
        assert_eq!((training.announced, training.messages.len()), (12, 4), "three steps in each of four epochs");
        assert!(training.messages.iter().all(|text| text.starts_with("loss ")), "{training:?}");
        let expected = [
            ("supernet: seed 7", 12),
            ("all: baselines", 5),
            ("all: zero-shot scores", 5),
            ("all: one-shot scores", 5),
        ];
        assert_eq!(whole(&log), labelled(&expected));
        lab.run(&resolved).unwrap();
        assert_eq!(whole(&log), [], "nothing is left to do");
    });
}

/// A training that was cut off within its third epoch goes on after the second.
#[test]
fn a_training_that_was_cut_off_does_what_is_left() {
    let text = "name = 'tiny'\nspace = 'nb201'\n[images.synthetic]\nresolution = 8\ntrain = 48\nvalidation = 20\n\
                [truth.trained]\ntable = 'nb201-micro'\nverify = 0\n[one-shot]\nbatch = 10\n[criteria]\nresamples = 0\n\
                [panels.all]\nsample = 5\nestimators = ['oneshot_loss']\n\
                [supernet]\nnetwork = { channels = 4, cells = 1 }\nsampling = 'iso'\nseeds = [7]\n\
                training = { epochs = 4, batch = 16, learning-rate = 0.2 }\n";
    let resolved = Resolved::new(parse_spec(text, "a test").unwrap(), &Suite::builtin()).unwrap();
    let log = Log::default();
    let straight = with_lab(&log, |lab| lab.run(&resolved).unwrap());
    log.take();
    with_lab(&log, |lab| {
        log.cut_after(8);
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| lab.run(&resolved))).is_err());
        let cut = log.take();
        assert_eq!((cut.len(), cut[0].announced, cut[0].done, cut[0].messages.len()), (1, 12, 8, 2));
        assert_eq!(lab.run(&resolved).unwrap(), straight);
        assert_eq!(whole(&log), labelled(&[("supernet: seed 7", 6), ("all: one-shot scores", 5)]));
    });
}

fn recipe(space: &str, lines: &str) -> TruthRecipe {
    let text = format!(
        "name = 'tiny'\nspace = '{space}'\nseeds = [1, 2]\n{lines}\n\
         [images.synthetic]\nresolution = 8\ntrain = 32\nvalidation = 20\n\
         [training]\nepochs = 2\nbatch = 16\nlearning-rate = 0.05\n"
    );
    parse_recipe(&text, "a test").unwrap()
}

#[test]
fn a_table_is_trained_once_and_again_when_it_was_forgotten() {
    let recipe = recipe("nb201", "architectures = 3\nnetwork = { channels = 4, cells = 1 }");
    let log = Log::default();
    with_lab(&log, |lab| {
        let rows = lab.make_truth(&recipe).unwrap();
        assert_eq!(whole(&log), labelled(&[("truth tiny", 3 * 2 * 2)]), "architectures, seeds, epochs");
        let accuracies: Vec<f64> = rows.iter().flat_map(|row| row.accuracies.clone()).collect();
        assert_eq!((rows.len(), accuracies.len()), (3, 6));
        let right = |accuracy: &f64| accuracy * 20.0;
        assert!(
            accuracies
                .iter()
                .all(|accuracy| (0.0..=1.0).contains(accuracy)
                    && (right(accuracy).round() - right(accuracy)).abs() < 1e-9)
        );
        assert!(accuracies.iter().any(|accuracy| *accuracy != accuracies[0]), "{accuracies:?}");
        assert!(rows.iter().all(|row| rows.iter().filter(|other| other.architecture == row.architecture).count() == 1));

        assert_eq!(lab.make_truth(&recipe).unwrap(), rows);
        assert_eq!(whole(&log), labelled(&[("truth tiny", 0)]), "what the store keeps is not trained again");

        // One seed more: only that one is trained, and the rows of the others stay.
        let mut more = recipe.clone();
        more.seeds.pop();
        let one = lab.make_truth(&more).unwrap();
        assert_eq!(whole(&log), labelled(&[("truth tiny", 3 * 2)]), "another recipe has a file of its own");
        let first = |row: &TrainedRow| TrainedRow { accuracies: row.accuracies[..1].to_vec(), ..row.clone() };
        assert_eq!(one, rows.iter().map(first).collect::<Vec<_>>());

        lab.forget_truth(&recipe).unwrap();
        lab.forget_truth(&recipe).unwrap();
        assert_eq!(lab.make_truth(&recipe).unwrap(), rows, "the same numbers again");
        assert_eq!(whole(&log), labelled(&[("truth tiny", 12)]));
    });
}

#[test]
fn a_draw_is_of_different_architectures_within_the_limits() {
    let log = Log::default();
    let none = |lines: &str| {
        let recipe = recipe("nds_resnet", lines);
        with_lab(&log, |lab| lab.make_truth(&recipe).map_err(|error| error.to_string()))
    };
    // Nothing is that small: the draw ends by itself, and says what it found.
    let refused = none("architectures = 4\nmost-flops = 1").unwrap_err();
    assert!(refused.contains("`architectures` asks for 4 different architectures, and the draw found 0"), "{refused}");
    assert!(log.take().is_empty(), "nothing was begun");
}

#[test]
fn rows_of_a_table_are_trained_again_to_the_same_bits() {
    let recipe = recipe("nb201", "architectures = 3\nnetwork = { channels = 4, cells = 1 }");
    let text = "name = 'tiny'\nspace = 'nb201'\n[images.synthetic]\nresolution = 8\ntrain = 48\nvalidation = 20\n\
                [truth.trained]\ntable = 'nb201-micro'\n[panels.all]\nestimators = ['params']\n";
    let mut inputs = Inputs::load(&parse_spec(text, "a test").unwrap(), None, &super::Silent).unwrap();
    let log = Log::default();
    with_lab(&log, |lab| {
        let rows = lab.make_truth(&recipe).unwrap();
        log.take();
        let mut table = TrainedTable { recipe: recipe.clone(), sha256: String::new(), rows: rows.clone() };
        inputs.trained = Some(table.clone());
        let found = lab.check_truth(&inputs, &[0, 2]).unwrap();
        assert_eq!(whole(&log), labelled(&[("truth, trained again", 2 * 2)]), "two rows of two epochs");
        let expected = [0, 2].map(|row: usize| (rows[row].architecture.to_string(), "1", rows[row].accuracies[0]));
        for (verified, (architecture, seed, accuracy)) in found.iter().zip(expected) {
            assert_eq!((&verified.architecture, verified.seed.as_str()), (&architecture, seed));
            assert_eq!((verified.expected, verified.found), (accuracy, accuracy));
        }
        assert_eq!(found.len(), 2);
        table.rows[2].accuracies[0] += f64::EPSILON;
        inputs.trained = Some(table);
        assert!(lab.check_truth(&inputs, &[0, 1]).is_ok());
        let refused = lab.check_truth(&inputs, &[0, 2]);
        assert!(matches!(refused, Err(ExperimentError::TruthMismatch { found, .. }) if found == rows[2].accuracies[0]));
    });
}
