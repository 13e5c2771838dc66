//! The criteria of a score file are those of the rows that the record says are judged, by a slow and simple computation.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::select;

use super::lab::Lab;
use crate::estimator::Suite;
use crate::spec::parse_spec;
use crate::store::Store;
use crate::store::record::RowClass;
use crate::{Backend, carried};

/// What the file has for one architecture of the truth.
#[derive(Clone, Debug)]
enum Rows {
    None,
    Score(i8),
    Failed(&'static str),
    Unreadable(&'static str),
    /// A score, and the same or another one below it.
    Twice(i8, i8),
}

fn rows() -> impl Strategy<Value = Rows> {
    prop_oneof![
        2 => Just(Rows::None),
        8 => any::<i8>().prop_map(Rows::Score),
        2 => select(vec!["", "nan", "None", "NA", "null", "inf", "-inf", "1e9"]).prop_map(Rows::Failed),
        1 => select(vec!["x", "1,5,2", "--"]).prop_map(Rows::Unreadable),
        1 => (any::<i8>(), any::<i8>()).prop_map(|(first, second)| Rows::Twice(first, second)),
    ]
}

/// Kendall's tau-b over all pairs; `None` if all scores or all true values are equal.
fn tau_b(pairs: &[(f64, f64)]) -> Option<f64> {
    let (mut balance, mut by_truth, mut by_score) = (0.0, 0.0, 0.0);
    for (place, one) in pairs.iter().enumerate() {
        for other in &pairs[..place] {
            let sign = |a: f64, b: f64| f64::from(i8::from(a > b) - i8::from(a < b));
            let (truth, score) = (sign(one.0, other.0), sign(one.1, other.1));
            balance += truth * score;
            by_truth += truth.abs();
            by_score += score.abs();
        }
    }
    (by_truth > 0.0 && by_score > 0.0).then(|| balance / f64::sqrt(by_truth * by_score))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn criteria_are_those_of_the_judged_rows(file in prop::collection::vec(rows(), 48), lower: bool, drop: bool) {
        let truth = carried::truth("nb201-micro").unwrap().rows;
        let mut text = "architecture;score\n|bad|;1\n".to_owned();
        let (mut expected, mut classes) = (Vec::new(), vec![RowClass::UnreadableArchitecture]);
        // Half of the lines in another order.
        let order = (0..truth.len()).rev().step_by(2).chain((0..truth.len()).step_by(2));
        for place in order {
            let (architecture, accuracy) = (truth[place].architecture, truth[place].mean());
            let mut line = |cell: &str| writeln!(text, "{architecture};{cell}").unwrap();
            // Failures rank below every score, and are tied.
            let worst = if lower { f64::INFINITY } else { f64::NEG_INFINITY };
            match file[place] {
                Rows::None => {}
                Rows::Score(score) => {
                    line(&score.to_string());
                    expected.push((accuracy, f64::from(score)));
                    classes.push(RowClass::Judged);
                }
                Rows::Failed(cell) => {
                    line(cell);
                    if !drop {
                        expected.push((accuracy, worst));
                    }
                    classes.push(if drop { RowClass::Dropped } else { RowClass::Failed });
                }
                Rows::Unreadable(cell) => {
                    line(cell);
                    classes.push(RowClass::UnreadableScore);
                }
                Rows::Twice(first, second) => {
                    line(&first.to_string());
                    line(&second.to_string());
                    expected.push((accuracy, f64::from(first)));
                    let again = if first == second { RowClass::Repeated } else { RowClass::Contradicting };
                    classes.extend([RowClass::Judged, again]);
                }
            }
        }
        prop_assume!(expected.len() >= 2);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.csv");
        std::fs::write(&path, &text).unwrap();
        let spec = format!(
            "name = 'judged'\nspace = 'nb201'\n[images.synthetic]\ntrain = 2\nvalidation = 2\n\
             [truth.trained]\ntable = 'nb201-micro'\n[criteria]\nresamples = 0\n\
             [panels.all]\nestimators = ['params']\nmissing = 'pass-over'\nfailed = '{}'\n\
             [panels.all.scores.mine]\nfile = {{ path = '{}', sha256 = '{}' }}\ncolumn = 'score'\nfailures = [1e9]\ndirection = '{}'\n",
            if drop { "drop" } else { "worst" },
            path.display(),
            nas_assay_base::sha256_hex(text.as_bytes()),
            if lower { "lower" } else { "higher" },
        );
        let suite = Suite::builtin();
        let lab = Lab::new(&suite, Store::open(folder.path().join("store")).unwrap(), Backend::cpu());
        let record = lab.run(&lab.resolve(parse_spec(&spec, "a test").unwrap()).unwrap()).unwrap();
        let panel = &record.panels[0];
        for class in RowClass::ALL {
            let due = classes.iter().filter(|of| **of == class).count();
            prop_assert_eq!(panel.coverage[0].count(class), due as u64, "{}", class);
        }
        prop_assert_eq!(panel.architectures.len(), expected.len());
        let oriented: Vec<(f64, f64)> =
            expected.iter().map(|&(truth, score)| (truth, if lower { -score } else { score })).collect();
        let found = panel.estimators.iter().find(|row| row.id == "mine").unwrap().criteria.kendall.tau_b;
        match (found, tau_b(&oriented)) {
            (Some(found), Some(due)) => prop_assert!((found - due).abs() < 1e-12, "{} is not {}", found, due),
            (found, due) => prop_assert_eq!(found, due),
        }
    }
}
