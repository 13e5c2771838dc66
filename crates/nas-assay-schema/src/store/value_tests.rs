//! Tests by value of names, versions and kinds of files.

use nas_assay_base::seed::Seed;
use nas_assay_criteria::{
    BINS, ChangeBias, Comparison, CriteriaConfig, Direction, Extremes, NonFinite, TopCount, Verdict, evaluate,
};

use super::record::{
    AnalysesRecord, ArchitectureRow, BiasRecord, Checkpoint, Detail, EstimatorRecord, InsideRecord, KeptRecord,
    PanelRecord, TruthRecord, VariantRecord,
};
use super::survey::{Condition, Kind};
use super::*;
use crate::estimator::{EstimatorKind, Score};

#[test]
fn a_short_name_has_twelve_digits_and_the_device() {
    let hash = SpecHash::of("{}");
    for class in [DeviceClass::Cpu, DeviceClass::Cuda] {
        let id = RecordId::new(&hash, class);
        assert_eq!(id.short(), format!("{}@{class}", &hash.to_string()[..12]));
    }
}

#[test]
fn a_store_of_this_version_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let id = RecordId::new(&SpecHash::of("{}"), DeviceClass::Cpu);
    store.begin(&id, "{}").unwrap();
    let again = Store::open(folder.path()).unwrap();
    assert_eq!((again.begun().unwrap(), again.records().unwrap()), (vec![id], vec![]));
    let format = again.survey().unwrap().into_iter().find(|entry| entry.place == "FORMAT").unwrap();
    assert_eq!((format.kind, format.condition), (Kind::Store, Condition::Whole));
}

const ROWS: usize = 4;

/// A record with one panel of four architectures and two estimators.
fn record() -> Record {
    let truth = [0.1, 0.2, 0.3, 0.4];
    let estimator = |id: &str, scores: [f64; ROWS]| EstimatorRecord {
        id: id.to_owned(),
        version: 1,
        direction: Direction::Lower,
        kind: EstimatorKind::ZeroShot,
        tolerance: EstimatorKind::ZeroShot.tolerance(),
        variant: None,
        checkpoint: None,
        scores: scores.map(Score::from).to_vec(),
        details: Vec::new(),
        criteria: evaluate(&truth, &scores, &CriteriaConfig::default(), Seed::root(1)).unwrap(),
        bias: BiasRecord {
            complexity: Vec::new(),
            operations: Vec::new(),
            extremes: Extremes::new(&truth, &scores, 2).unwrap(),
        },
        published: Vec::new(),
    };
    let row = |truth: f64| ArchitectureRow {
        architecture: truth.to_string(),
        truth: Some(truth),
        truth_of: None,
        params: Some(1),
        flops: Some(2),
        isomorphs: None,
    };
    let panel = PanelRecord {
        coverage: Vec::new(),
        name: "all".to_owned(),
        architectures: truth.map(row).to_vec(),
        estimators: vec![estimator("one", [1.0, 3.0, 2.0, 4.0]), estimator("two", [4.0, 3.0, 2.0, 1.0])],
        analyses: AnalysesRecord::default(),
    };
    Record {
        format: Record::FORMAT,
        spec_hash: "0a".repeat(32),
        name: "made".to_owned(),
        title: "made".to_owned(),
        space: "nb201".to_owned(),
        device_class: DeviceClass::Cpu,
        spec: serde_json::json!({}),
        truth: Some(TruthRecord {
            source: "made".to_owned(),
            quantity: None,
            rows: ROWS,
            minimum: 0.1,
            median: 0.25,
            maximum: 0.4,
            verified: Vec::new(),
        }),
        supernets: Vec::new(),
        panels: vec![panel],
    }
}

/// What is said of the record after a change, when it is read again; nothing if it is accepted.
fn refusal(change: impl FnOnce(&mut Record)) -> String {
    let mut record = record();
    change(&mut record);
    match Record::from_json(&record.to_json().unwrap()) {
        Ok(read) => {
            assert_eq!(read, record);
            String::new()
        }
        Err(RecordError::Inconsistent(problem)) => problem,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_hash_has_64_lower_case_digits() {
    assert_eq!(refusal(|_| ()), "");
    for wrong in ["0a".repeat(31) + "0", "0a".repeat(33), "0A".repeat(32), "0g".repeat(32), String::new()] {
        let said = refusal(|record| record.spec_hash.clone_from(&wrong));
        assert!(said.starts_with("`spec_hash` is ") && said.ends_with(", not 64 hexadecimal digits"), "{said}");
    }
}

#[test]
fn every_list_of_a_panel_has_a_number_for_each_architecture() {
    let second = |change: fn(&mut EstimatorRecord)| refusal(|record| change(&mut record.panels[0].estimators[1]));
    let rows = "architectures, and the panel has 4";
    let none = refusal(|record| {
        record.panels[0].architectures.clear();
        record.panels[0].estimators.clear();
    });
    assert_eq!(none, "panel `all`: it has no architectures");
    assert_eq!(second(|two| two.scores.truncate(3)), format!("panel `all`: two: scores for 3 {rows}"));
    assert_eq!(second(|two| two.scores.push(Score::Finite(0.0))), format!("panel `all`: two: scores for 5 {rows}"));
    assert_eq!(second(|two| two.criteria.rows = 5), format!("panel `all`: two: criteria for 5 {rows}"));
    let detail = |values: usize| Detail { name: "log".to_owned(), values: vec![Some(Score::Finite(1.0)); values] };
    for (values, expected) in [(3, format!("panel `all`: two: `log` for 3 {rows}")), (ROWS, String::new())] {
        let said = refusal(|record| record.panels[0].estimators[1].details = vec![detail(ROWS), detail(values)]);
        assert_eq!(said, expected);
    }
}

#[test]
fn counts_of_a_record_are_not_above_its_architectures() {
    let of = |count: usize, nan: bool| NonFinite {
        nan: if nan { count } else { 0 },
        positive_infinity: 0,
        negative_infinity: if nan { 0 } else { count },
    };
    for nan in [true, false] {
        let said = |count| refusal(|record| record.panels[0].estimators[1].criteria.non_finite = of(count, nan));
        assert_eq!(said(ROWS), "");
        assert_eq!(said(ROWS + 1), "panel `all`: two: 5 scores that are not finite, of 4");
    }
    let outcome = Comparison {
        no_interval: Some(nas_assay_criteria::NoInterval::UndefinedValue),
        difference: None,
        interval: None,
        verdict: Verdict::Undecided,
    };
    let variant = |architectures: usize| {
        refusal(|record| {
            let kept =
                KeptRecord { architectures, variant: InsideRecord::default(), own: InsideRecord::default(), outcome };
            record.panels[0].analyses.variants = vec![VariantRecord {
                variant: "iso".to_owned(),
                estimator: "one (iso)".to_owned(),
                with: "one".to_owned(),
                agreement: None,
                outcome,
                kept: Some(kept),
            }];
        })
    };
    assert_eq!([3, ROWS].map(variant), ["", ""]);
    assert_eq!(variant(ROWS + 1), "panel `all`: 5 of its 4 architectures were kept");
}

#[test]
fn taus_among_the_best_are_of_architectures_of_the_panel_and_correlations() {
    let said = |count: usize, tau_top: f64, tau_true_top: Option<f64>| {
        refusal(|record| {
            let at = TopCount { count, tau_top: Some(tau_top), tau_true_top };
            record.panels[0].estimators[1].criteria.top_counts =
                vec![TopCount { count: 2, tau_top: None, tau_true_top: None }, at];
        })
    };
    assert_eq!([said(1, 1.0, Some(-1.0)), said(ROWS, -1.0, Some(1.0)), said(ROWS, 0.0, None)], [""; 3]);
    let of = |count: usize| format!("panel `all`: two: tau-b among {count} of 4 architectures");
    assert_eq!([said(0, 1.0, None), said(ROWS + 1, 1.0, None)], [of(0), of(ROWS + 1)]);
    let (above, below) = (1.0_f64.next_up(), (-1.0_f64).next_down());
    for tau in [above, below] {
        let problem = format!("panel `all`: two: a tau-b of {tau:?} among 3 architectures");
        assert_eq!([said(3, tau, None), said(3, 0.0, Some(tau))], [problem.clone(), problem]);
    }
}

#[test]
fn what_a_record_points_at_exists() {
    for list in 0..3 {
        let said = |row: usize| {
            refusal(|record| {
                let extremes = &mut record.panels[0].estimators[1].bias.extremes;
                let standings = [&mut extremes.top, &mut extremes.over_estimated, &mut extremes.under_estimated];
                let [top, over, under] = standings;
                let standing = top[0];
                let chosen = [top, over, under].into_iter().nth(list).unwrap();
                chosen.push(standing);
                chosen.last_mut().unwrap().row = row;
            })
        };
        assert_eq!(said(ROWS - 1), "");
        assert_eq!(said(ROWS), "panel `all`: two: row 4 of 4 architectures");
    }
    let bins = |truth: usize, score: usize| {
        refusal(|record| {
            record.panels[0].estimators[1].bias.operations = vec![ChangeBias {
                from: "a".to_owned(),
                to: "b".to_owned(),
                pairs: 1,
                truth_increases: 0.5,
                score_increases: 0.5,
                truth_histogram: vec![0; truth],
                score_histogram: vec![0; score],
            }];
        })
    };
    assert_eq!(bins(BINS, BINS), "");
    let expected = format!("panel `all`: two: a histogram of {} bins, not {BINS}", BINS - 1);
    assert_eq!([bins(BINS - 1, BINS), bins(BINS, BINS - 1)], [expected.clone(), expected]);
}

#[test]
fn a_record_is_written_as_it_is_and_read_by_its_format() {
    let record = record();
    let text = record.to_json().unwrap();
    assert!(text.starts_with("{\n  \"format\": 6,\n") && text.ends_with("}\n"), "{text}");
    assert!(!text.contains("analyses"), "analyses of nothing are left out");
    for (format, newer) in [(Record::FORMAT - 1, false), (Record::FORMAT + 1, true)] {
        let other = text.replacen("\"format\": 6", &format!("\"format\": {format}"), 1);
        let read = read_record(Path::new("record.json"), other.into_bytes()).unwrap_err();
        assert_eq!(matches!(read, StoreError::NewerRecord { .. }), newer, "{read}");
        let said = read.to_string();
        assert!(newer || said.contains("cannot read a record of format 5: this version reads format 6"), "{said}");
    }
    // The reason of a text that is no record is said with it.
    let cut = read_record(Path::new("record.json"), text.as_bytes()[..text.len() / 2].to_vec()).unwrap_err();
    assert!(cut.to_string().contains("(EOF while parsing"), "{cut}");
}

#[test]
fn labels_and_scores_of_an_estimator_by_hand() {
    let mut estimator = record().panels.remove(0).estimators.remove(0);
    assert_eq!(estimator.oriented(), [-1.0, -3.0, -2.0, -4.0]);
    assert_eq!((estimator.label(), estimator.about()), ("one".to_owned(), String::new()));
    estimator.variant = Some("iso".to_owned());
    assert_eq!((estimator.label(), estimator.about()), ("one (iso)".to_owned(), "iso".to_owned()));
    estimator.checkpoint = Some(Checkpoint::single("20", 40));
    assert_eq!(estimator.label(), "one (iso, seed 20, epoch 40)");
    estimator.direction = Direction::Higher;
    assert_eq!(estimator.oriented(), [1.0, 3.0, 2.0, 4.0]);
    let single = Checkpoint::single("20", 40);
    assert_eq!((single.seeds(), single.epochs()), (vec!["20".to_owned()], vec![40]));
    let averaged = Checkpoint { averaged: vec![30, 40], ..single.clone() };
    assert_eq!((averaged.seeds(), averaged.epochs()), (vec!["20".to_owned()], vec![30, 40]));
    let ensemble = Checkpoint { ensemble: vec!["20".to_owned(), "7".to_owned()], ..single };
    assert_eq!((ensemble.seeds(), ensemble.epochs()), (ensemble.ensemble.clone(), vec![40]));
}

#[test]
fn a_finished_record_has_its_size_and_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let (id, record) = (RecordId::of(&record()), record());
    assert_eq!(store.written(&id), None);
    let said = store.find("made").unwrap_err().to_string();
    let (_, advice) = said.split_once(": `").unwrap();
    assert_eq!(advice, format!("nas-assay run nb201-micro --store {}` makes one", folder.path().display()));
    let before = SystemTime::now() - std::time::Duration::from_secs(60);
    assert!(store.finish(&id, &record).unwrap() && !store.finish(&id, &record).unwrap());
    let (bytes, time) = store.written(&id).unwrap();
    assert_eq!(bytes, fs::metadata(store.record_path(&id)).unwrap().len());
    assert!(time > before && time < SystemTime::now() + std::time::Duration::from_secs(60));
    for reference in ["made", "latest", &"0a".repeat(4), &"0A".repeat(4)] {
        assert_eq!(store.find(reference).unwrap(), id, "{reference}");
    }
}

#[test]
fn a_file_where_a_folder_should_be_is_an_error_and_no_empty_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    assert!(store.records().unwrap().is_empty() && store.survey().unwrap().is_empty());
    let absent = Store::open(folder.path().join("absent")).unwrap();
    assert!(absent.records().unwrap().is_empty() && absent.survey().unwrap().is_empty());
    fs::write(folder.path().join("records"), "a file").unwrap();
    assert!(matches!(store.records(), Err(StoreError::Read { .. })));
    let inside = Store::open(folder.path().join("records/store"));
    assert!(inside.is_err() || inside.unwrap().survey().is_err());
}

#[test]
fn a_file_is_of_a_stage_only_by_its_whole_name() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let key = "0a".repeat(32);
    let kind = |place: &str| {
        let path = folder.path().join(place);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "text").unwrap();
        let entries = store.survey().unwrap();
        let entry = entries.iter().find(|entry| entry.place == place).unwrap();
        let found = (entry.kind, entry.condition.can_be_removed());
        fs::remove_file(&path).unwrap();
        found
    };
    for (place, expected) in [
        (format!("stages/supernet/{key}.json"), Kind::Supernet),
        (format!("stages/supernet/{key}.safetensors"), Kind::Weights),
        (format!("stages/supernet/{key}.epoch-12.safetensors"), Kind::Weights),
        (format!("stages/supernet/{key}.resume.safetensors"), Kind::Resume),
        (format!("stages/scores/{key}.json"), Kind::Scores),
        (format!("stages/scores/{key}.partial.json"), Kind::Partial),
        (format!("stages/truth/{key}.partial.json"), Kind::Partial),
        (format!("stages/verify-truth/{key}.json"), Kind::Truth),
        (format!("scores/{key}.csv"), Kind::ScoreFile),
        (format!("records/{key}@cpu/record.json"), Kind::Record),
        (format!("records/{key}@cpu/spec.json"), Kind::Spec),
        (format!("records/{key}@cpu/provenance/3.json"), Kind::Provenance),
    ] {
        // None of them is what it says it is, so each may be removed.
        assert_eq!(kind(&place), (expected, true), "{place}");
    }
    for place in [
        format!("stages/supernet/{key}.epoch-x.safetensors"),
        format!("stages/supernet/{key}.epoch-1.json"),
        format!("stages/supernet/{}.json", &key[1..]),
        format!("stages/supernet/{}.json", key.to_uppercase()),
        format!("stages/supernet/{key}"),
        format!("stages/other/{key}.json"),
        format!("stages/scores/{key}.safetensors"),
        format!("stages/{key}.json"),
        format!("stages/scores/more/{key}.json"),
        format!("scores/{}.csv", &key[1..]),
        format!("scores/{key}.txt"),
        format!("records/{key}/record.json"),
        format!("records/{key}@CPU/record.json"),
        format!("records/{key}@cpu/provenance/x.json"),
        format!("records/{key}@cpu/notes.json"),
        "notes".to_owned(),
    ] {
        assert_eq!(kind(&place), (Kind::Foreign, false), "{place}");
    }
    assert_eq!(kind("lock"), (Kind::Store, false));
}

#[test]
fn a_seal_is_told_by_what_stands_before_and_after_it() {
    let file = to_sealed_json(&serde_json::json!({"a": 1}), "place").unwrap();
    let end = file.iter().position(|&byte| byte == b',').unwrap() + 2;
    assert_eq!(seal_end(&file), Some(end));
    for place in [0, 5, end - 3, end - 2, end - 1] {
        let mut other = file.clone();
        other[place] = b'x';
        assert_eq!(seal_end(&other), None, "byte {place}");
    }
    assert_eq!((seal_end(&file[..end]), seal_end(&file[..end - 1]), seal_end(b"")), (Some(end), None, None));
}
