//! Panels that name their architectures, with a truth and without.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::{Index, subsequence};

use super::lab::Lab;
use crate::criteria::rank::PairCounts;
use crate::estimator::Suite;
use crate::seed::Seed;
use crate::space::{Architecture, SpaceId};
use crate::spec::parse_spec;
use crate::store::Store;
use crate::store::record::{CoverageRecord, EstimatorRecord, Record, RowClass};
use crate::truth::trained::TrainedRow;
use crate::{Backend, carried};

const TRAINED: &str = "[truth.trained]\ntable = 'nb201-micro'";
const NONE: &str = "[truth.none]";

/// The record of a spec with this truth and these lines, beside files with these contents. The name of a file in the lines becomes its
/// path and digest.
fn ran(truth: &str, panels: &str, files: &[(&str, &str)]) -> Result<Record, String> {
    let folder = tempfile::tempdir().unwrap();
    let mut panels = panels.to_owned();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let digest = nas_assay_base::sha256_hex(text.as_bytes());
        panels = panels.replace(name, &format!("{{ path = '{}', sha256 = '{digest}' }}", path.display()));
    }
    let text = format!(
        "name = 'named'\nspace = 'nb201'\n[images.synthetic]\nresolution = 8\ntrain = 16\nvalidation = 8\n{truth}\n\
         [zero-shot]\nnetwork = {{ channels = 2, cells = 1 }}\nbatch = 4\n[criteria]\nresamples = 20\n{panels}"
    );
    let suite = Suite::builtin();
    let lab = Lab::new(&suite, Store::open(folder.path().join("store")).unwrap(), Backend::cpu()).with_jobs(1);
    let run = || lab.run(&lab.resolve(parse_spec(&text, "a test")?)?);
    run().map_err(|error: super::ExperimentError| error.to_string())
}

fn table() -> Vec<TrainedRow> {
    carried::truth("nb201-micro").unwrap().rows
}

fn list(architectures: &[Architecture]) -> String {
    let texts: Vec<String> = architectures.iter().map(|one| format!("'{one}'")).collect();
    format!("architectures = [{}]\n", texts.join(", "))
}

fn named(record: &Record) -> Vec<String> {
    record.panels[0].architectures.iter().map(|row| row.architecture.clone()).collect()
}

fn lines(record: &Record) -> Vec<String> {
    record.panels[0].coverage.iter().map(CoverageRecord::line).collect()
}

fn scores<'a>(record: &'a Record, id: &str) -> &'a EstimatorRecord {
    record.panels[0].estimators.iter().find(|estimator| estimator.id == id).unwrap()
}

/// Another encoding of the class of an architecture of the truth, which the truth does not have; and the row that it stands for.
fn copy() -> (Architecture, TrainedRow) {
    let rows = table();
    let known = |one: Architecture| rows.iter().any(|row| row.architecture == one);
    let mut stream = Seed::root(3).stream();
    std::iter::repeat_with(|| SpaceId::Nb201.sample(&mut stream))
        .filter(|one| !known(*one))
        .find_map(|one| {
            let of = rows.iter().find(|row| row.architecture.isomorphism_key() == one.isomorphism_key())?;
            Some((one, of.clone()))
        })
        .unwrap()
}

/// An architecture of a class that the truth does not have.
fn stranger() -> Architecture {
    let keys: Vec<String> = table().iter().map(|row| row.architecture.isomorphism_key()).collect();
    let mut stream = Seed::root(4).stream();
    std::iter::repeat_with(|| SpaceId::Nb201.sample(&mut stream))
        .find(|one| !keys.contains(&one.isomorphism_key()))
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// What is said of a panel is what can be computed from the whole panel's rows, in the order of the list.
    #[test]
    fn a_list_is_judged_as_these_rows_of_the_truth(
        chosen in subsequence((0..48_usize).collect::<Vec<_>>(), 2..20), first: Index, in_file: bool, quoted: bool,
    ) {
        let mut chosen = chosen;
        let first = first.index(chosen.len());
        chosen.rotate_left(first);
        let rows = table();
        let architectures: Vec<Architecture> = chosen.iter().map(|&row| rows[row].architecture).collect();
        let texts: Vec<String> = architectures.iter().map(ToString::to_string).collect();
        let text = texts.join("\n");
        let text = if quoted { format!("arch\n{text}") } else { text };
        let panel = |lines: &str| format!("[panels.all]\nestimators = ['params', 'flops']\n{lines}");
        let record = if in_file {
            ran(TRAINED, &panel("architectures = FILE\n"), &[("FILE", &text)])
        } else {
            ran(TRAINED, &panel(&list(&architectures)), &[])
        };
        let record = record.map_err(TestCaseError::fail)?;
        let whole = ran(TRAINED, &panel(""), &[]).map_err(TestCaseError::fail)?;
        let truth: Vec<f64> = chosen.iter().map(|&row| rows[row].mean()).collect();
        prop_assert_eq!(named(&record), architectures.iter().map(ToString::to_string).collect::<Vec<_>>());
        prop_assert_eq!(record.panels[0].truth(), Some(truth.clone()));
        prop_assert_eq!(lines(&record), [format!("architectures: all {} rows are judged", chosen.len())]);
        for id in ["params", "flops"] {
            let due: Vec<_> = chosen.iter().map(|&row| scores(&whole, id).scores[row]).collect();
            let found = scores(&record, id);
            prop_assert_eq!(&found.scores, &due);
            prop_assert_eq!(found.criteria.kendall.tau_b, PairCounts::new(&truth, &found.oriented()).tau_b());
        }
    }
}

#[test]
fn without_a_truth_the_scores_are_the_same_and_every_two_rankings_are_compared() {
    let architectures: Vec<Architecture> = table().iter().take(12).map(|row| row.architecture).collect();
    let panel = format!(
        "[panels.all]\nestimators = ['params', 'snip', 'synflow']\n{}[panels.all.votes.both]\nmembers = ['params', 'snip']\n",
        list(&architectures)
    );
    let judged = ran(TRAINED, &panel, &[]).unwrap();
    let free = ran(NONE, &panel, &[]).unwrap();
    assert_ne!(judged.spec_hash, free.spec_hash);
    assert_eq!((&free.truth, free.panels[0].truth()), (&None, None));
    assert_eq!(free, Record::from_json(&free.to_json().unwrap()).unwrap());
    assert_eq!((lines(&free), named(&free)), (Vec::new(), named(&judged)));
    let all: Vec<&EstimatorRecord> = free.panels[0].estimators.iter().collect();
    for (of, with) in all.iter().zip(&judged.panels[0].estimators) {
        assert_eq!((&of.id, &of.scores, of.version), (&with.id, &with.scores, with.version));
        assert!(with.criteria.kendall.tau_b.is_some() && of.criteria.kendall.tau_b.is_none());
    }
    let mut pairs = free.panels[0].analyses.agreement.iter();
    for (place, one) in all.iter().enumerate() {
        for other in &all[..place] {
            let pair = pairs.next().unwrap();
            assert_eq!((&pair.estimator, &pair.with), (&one.label(), &other.label()));
            assert_eq!(pair.agreement.tau_b, PairCounts::new(&other.oriented(), &one.oriented()).tau_b());
        }
    }
    assert!(pairs.next().is_none() && judged.panels[0].analyses.agreement.is_empty());
}

#[test]
fn a_named_architecture_without_truth_is_refused_or_left_out_and_counted() {
    let rows = table();
    let architectures = [rows[3].architecture, stranger(), rows[1].architecture, rows[2].architecture];
    let panel = |lines: &str| format!("[panels.all]\nestimators = ['params']\n{lines}{}", list(&architectures));
    let error = ran(TRAINED, &panel(""), &[]).unwrap_err();
    assert!(error.contains("names 4 architectures, and 1 of them have no truth"), "{error}");
    assert!(error.contains(&stranger().to_string()), "{error}");
    let record = ran(TRAINED, &panel("missing = 'pass-over'\n"), &[]).unwrap();
    assert_eq!(lines(&record), ["architectures: 3 of 4 rows are judged; 1 has no truth"]);
    let example = &record.panels[0].coverage[0].classes[1].first[0];
    assert_eq!((example.line, &example.said), (2, &stranger().to_string()));
    assert_eq!(named(&record), [3, 1, 2].map(|row: usize| rows[row].architecture.to_string()));
    // Without a truth nothing is left out.
    assert_eq!(named(&ran(NONE, &panel(""), &[]).unwrap()).len(), 4);
}

#[test]
fn an_encoding_has_the_truth_of_its_class_only_if_the_panel_says_so() {
    let (other, of) = copy();
    let rows = table();
    let architectures = [rows[0].architecture, other, rows[5].architecture];
    let panel = |lines: &str| format!("[panels.all]\nestimators = ['params']\n{lines}{}", list(&architectures));
    let error = ran(TRAINED, &panel(""), &[]).unwrap_err();
    assert!(error.contains("1 of them have no truth"), "{error}");
    let advice = "; `encodings = \"class\"` takes the truth of an isomorphic architecture, which 1 of them have";
    assert!(error.ends_with(advice), "{error}");
    let record = ran(TRAINED, &panel("encodings = 'class'\n"), &[]).unwrap();
    let row = &record.panels[0].architectures[1];
    assert_eq!((&row.architecture, row.truth), (&other.to_string(), Some(of.mean())));
    assert_eq!(row.truth_of, Some(of.architecture.to_string()));
    // Those that the truth has keep their own.
    for (place, row) in [(0, &rows[0]), (2, &rows[5])] {
        let found = &record.panels[0].architectures[place];
        assert_eq!((found.truth, &found.truth_of), (Some(row.mean()), &None));
    }
}

#[test]
fn a_score_file_is_read_for_the_architectures_that_the_panel_names() {
    let rows = table();
    let (other, of) = copy();
    let named = [rows[3].architecture, rows[8].architecture, stranger()];
    let mut text = "arch,score\n".to_owned();
    for (place, one) in
        [rows[8].architecture, other, rows[3].architecture, stranger(), rows[9].architecture].iter().enumerate()
    {
        writeln!(text, "{one},{place}").unwrap();
    }
    let panel = |lines: &str, list: &str| {
        format!(
            "[panels.all]\nestimators = ['params']\n{lines}{list}[panels.all.scores.mine]\nfile = FILE\ncolumn = 'score'\n"
        )
    };
    let files = [("FILE", text.as_str())];
    let values =
        |record: &Record| scores(record, "mine").scores.iter().map(|score| score.value()).collect::<Vec<f64>>();
    // Without a truth the file has a row too much for the panel, which is said.
    let free = ran(NONE, &panel("", &list(&named)), &files).unwrap();
    assert_eq!(values(&free), [2.0, 0.0, 3.0]);
    assert_eq!(lines(&free), ["mine: 3 of 5 rows are judged; 2 are not in the panel"]);
    // Rows that the list names and the sample leaves out are in one class with those that it does not name.
    let drawn = ran(NONE, &panel("sample = 2\n", &list(&named)), &files).unwrap();
    assert_eq!(lines(&drawn)[1], "WARNING: mine: 2 of 5 rows are judged; 3 are not in the panel");
    assert_eq!(drawn, Record::from_json(&drawn.to_json().unwrap()).unwrap());
    // With one, the stranger is left out, and the rows of the stranger and of the other encoding have no truth.
    let judged = ran(TRAINED, &panel("missing = 'pass-over'\n", &list(&named)), &files).unwrap();
    assert_eq!(values(&judged), [2.0, 0.0]);
    let due = [
        "architectures: 2 of 3 rows are judged; 1 has no truth",
        "WARNING: mine: 2 of 5 rows are judged; 1 is not in the panel; 2 have no truth",
    ];
    assert_eq!(lines(&judged), due);
    // Any encoding stands for its class, in the file as in the list.
    let class = ran(TRAINED, &panel("encodings = 'class'\nmissing = 'pass-over'\n", ""), &files).unwrap();
    let place = class.panels[0].architectures.iter().position(|row| row.architecture == of.architecture.to_string());
    assert_eq!(values(&class)[place.unwrap()], 1.0);
    assert_eq!(class.panels[0].coverage[0].count(RowClass::Judged), 4);
}

#[test]
fn a_sample_of_a_list_is_drawn_from_it() {
    let architectures: Vec<Architecture> = table().iter().take(9).map(|row| row.architecture).collect();
    let panel = |sample: usize| {
        format!("[panels.all]\nestimators = ['params']\nsample = {sample}\nseed = 2\n{}", list(&architectures))
    };
    let record = ran(NONE, &panel(4), &[]).unwrap();
    assert_eq!(lines(&record), ["WARNING: architectures: 4 of 9 rows are judged; 5 are not in the panel"]);
    let texts: Vec<String> = architectures.iter().map(ToString::to_string).collect();
    let mut rest = texts.iter();
    assert!(named(&record).iter().all(|one| rest.any(|other| one == other)), "in the order of the list");
    let error = ran(NONE, &panel(10), &[]).unwrap_err();
    assert_eq!(error, "`panels.all.sample` is 10, and its list has 9 architectures");
}
