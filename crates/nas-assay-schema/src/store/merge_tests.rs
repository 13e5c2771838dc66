//! Tests of merging.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nas_assay_base::files::hook::Operation;
use proptest::prelude::*;

use super::archive::is_kept;
use super::merge::{MergeError, Merged};
use super::place::kind_of;
use super::source::Source;
use super::survey::{Condition, Kind};
use super::tests::{provenance, record};
use super::*;

/// A file that a small store may have. Stores that make the same one have the same bytes, but for those of progress.
#[derive(Clone, Debug)]
pub(super) enum Made {
    Stage(&'static str, u8, &'static str),
    Progress(&'static str, u8, &'static str, u8),
    Scores(u8),
    /// A record with runs of these numbers.
    Record(u8, Vec<u8>),
    Run(u8, u8),
}

fn made() -> impl Strategy<Value = Made> {
    let stages = [
        ("scores", ".json"),
        ("supernet", ".json"),
        ("supernet", ".safetensors"),
        ("supernet", ".epoch-2.safetensors"),
        ("verify-truth", ".json"),
    ];
    let progress =
        [("scores", ".partial.json"), ("supernet", ".resume.safetensors"), ("truth", ".partial.json")].as_slice();
    prop_oneof![
        3 => (prop::sample::select(stages.to_vec()), 0..4u8).prop_map(|((kind, end), key)| Made::Stage(kind, key, end)),
        2 => (prop::sample::select(progress), 0..4u8, any::<u8>())
            .prop_map(|((kind, end), key, size)| Made::Progress(kind, key, end, size)),
        1 => (0..3u8).prop_map(Made::Scores),
        2 => (0..3u8, prop::collection::vec(0..6u8, 1..4)).prop_map(|(spec, runs)| Made::Record(spec, runs)),
        1 => (0..3u8, 0..6u8).prop_map(|(spec, run)| Made::Run(spec, run)),
    ]
}

pub(super) fn some() -> impl Strategy<Value = Vec<Made>> {
    prop::collection::vec(made(), 1..8)
}

pub(super) struct Lab {
    pub(super) folder: tempfile::TempDir,
}

impl Lab {
    pub(super) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(super) fn store(&self, name: &str) -> Store {
        Store::open(self.folder.path().join(name)).unwrap()
    }

    /// A store with these files.
    pub(super) fn filled(&self, name: &str, files: &[Made]) -> Store {
        let store = self.store(name);
        for made in files {
            put(&store, made);
        }
        store.write_format().unwrap();
        store
    }
}

fn key(number: u8) -> StageKey {
    StageKey::of("stage", &number).unwrap()
}

fn id_of(spec: u8) -> (RecordId, String) {
    let text = format!("{{\"spec\":{spec}}}");
    (RecordId::new(&SpecHash::of(&text), DeviceClass::Cpu), text)
}

fn put(store: &Store, made: &Made) {
    let run = |spec: u8, run: u8| {
        let (id, text) = id_of(spec);
        store.begin(&id, &text).unwrap();
        let host = Some(format!("node{}", run % 3));
        let provenance = Provenance { host, ..provenance(&format!("run {run}")) };
        store.add_provenance(&id, &provenance).unwrap();
        (id, text)
    };
    match made {
        Made::Stage(kind, number, ending) => {
            let value = serde_json::json!({"content": format!("{kind} {number} {ending}")});
            store.write_json(&store.stage(kind, &key(*number), ending), &value).unwrap();
        }
        Made::Progress(kind, number, ending, size) => {
            let value = serde_json::json!({"rows": "x".repeat(usize::from(*size)), "of": size});
            store.write_json(&store.stage(kind, &key(*number), ending), &value).unwrap();
        }
        Made::Scores(number) => drop(store.keep_scores(&mut format!("{number}").as_bytes()).unwrap()),
        Made::Record(spec, runs) => {
            for number in runs {
                let (id, text) = run(*spec, *number);
                let spec_hash = SpecHash::of(&text).to_string();
                store.finish(&id, &Record { spec_hash, ..record("made", '0') }).unwrap();
            }
        }
        Made::Run(spec, number) => drop(run(*spec, *number)),
    }
}

/// All files: places and contents.
fn files(store: &Store) -> BTreeMap<String, Vec<u8>> {
    let places = store.survey().unwrap().into_iter().map(|entry| entry.place);
    places.map(|place| (place.clone(), fs::read(store.root().join(place)).unwrap())).collect()
}

/// The files that an archive may hold.
pub(super) fn kept(store: &Store) -> BTreeMap<String, Vec<u8>> {
    let mut files = files(store);
    files.retain(|place, _| is_kept(place, kind_of(place)));
    files
}

/// The results: what does not depend on the order of merging.
pub(super) fn results(store: &Store) -> BTreeMap<String, Vec<u8>> {
    let mut files = kept(store);
    files.retain(|place, _| !matches!(kind_of(place), Kind::Provenance | Kind::Partial | Kind::Resume));
    files
}

/// The progress that a run can go on from.
fn progress(store: &Store) -> BTreeMap<String, u64> {
    let entries = store.survey().unwrap().into_iter();
    let whole = entries.filter(|entry| entry.condition == Condition::Whole);
    whole
        .filter(|entry| matches!(entry.kind, Kind::Partial | Kind::Resume))
        .map(|entry| (entry.place, entry.bytes))
        .collect()
}

/// The runs of all records, without their numbers.
pub(super) fn runs(store: &Store) -> BTreeSet<(String, String)> {
    let of = |id: RecordId| {
        let held = store.provenance(&id).unwrap().into_iter();
        held.map(move |held| (id.as_str().to_owned(), held.whole().unwrap().unwrap().started))
    };
    store.begun().unwrap().into_iter().flat_map(of).collect()
}

/// Results, progress and runs.
type State = (BTreeMap<String, Vec<u8>>, BTreeMap<String, u64>, BTreeSet<(String, String)>);

fn state(store: &Store) -> State {
    (results(store), progress(store), runs(store))
}

fn merge(target: &Store, others: &[&Store]) -> Result<Merged, MergeError> {
    let mut sources: Vec<Source> = others.iter().map(|other| Source::folder(other.root()).unwrap()).collect();
    target.merge(&mut sources)
}

pub(super) fn packed(store: &Store, host: Option<&str>) -> Vec<u8> {
    let mut archive = Vec::new();
    store.pack(host, "0.1.0").unwrap().write(&mut archive).unwrap();
    archive
}

pub(super) fn unpack(target: &Store, archive: &[u8]) -> Result<Merged, MergeError> {
    target.merge(&mut [Source::archive_from(Path::new("shard.tar"), &mut &archive[..])?])
}

/// Everything in the folder is whole, but for progress whose result is there.
fn assert_whole(store: &Store) {
    for entry in store.survey().unwrap() {
        let expected = matches!(entry.condition, Condition::Whole | Condition::Leftover(_));
        assert!(expected && entry.kind != Kind::Temporary, "{entry:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    #[test]
    fn the_order_of_merging_is_no_matter(a in some(), b in some(), c in some()) {
        let lab = Lab::new();
        let [one, two, three] = [("a", &a), ("b", &b), ("c", &c)].map(|(name, made)| lab.filled(name, made));
        let mut states = Vec::new();
        for (number, order) in [[&one, &two, &three], [&three, &one, &two]].iter().enumerate() {
            let step = lab.store(&format!("step {number}"));
            for other in order {
                merge(&step, &[other]).unwrap();
            }
            let at_once = lab.store(&format!("at once {number}"));
            merge(&at_once, order).unwrap();
            // First the two at the end, then the first with both.
            let (pair, grouped) = (lab.store(&format!("pair {number}")), lab.store(&format!("grouped {number}")));
            merge(&pair, &order[1..]).unwrap();
            merge(&grouped, &[order[0]]).unwrap();
            merge(&grouped, &[&pair]).unwrap();
            for store in [step, at_once, grouped] {
                assert_whole(&store);
                states.push(state(&store));
            }
        }
        for other in &states[1..] {
            prop_assert_eq!(&states[0], other);
        }
        // All that any of them had is there.
        let mut expected = results(&one);
        expected.extend(results(&two).into_iter().chain(results(&three)));
        for leftover in [&one, &two, &three].iter().flat_map(|store| store.survey().unwrap()) {
            if leftover.condition != Condition::Whole && !states[0].0.contains_key(&leftover.place) {
                expected.remove(&leftover.place);
            }
        }
        prop_assert_eq!(&states[0].0, &expected);
        let all: BTreeSet<_> = [&one, &two, &three].into_iter().flat_map(runs).collect();
        prop_assert_eq!(&states[0].2, &all);
    }

    #[test]
    fn a_second_merge_changes_nothing(a in some(), b in some()) {
        let lab = Lab::new();
        let (target, other) = (lab.filled("a", &a), lab.filled("b", &b));
        let source = files(&other);
        merge(&target, &[&other]).unwrap();
        let once = files(&target);
        let again = merge(&target, &[&other]).unwrap();
        prop_assert_eq!((again.written, again.bytes), (0, 0));
        prop_assert_eq!(files(&target), once);
        prop_assert_eq!(merge(&other, &[&other]).unwrap().written, 0, "itself");
        let mut left = files(&other);
        left.retain(|place, _| source.contains_key(place) || place != "lock");
        prop_assert_eq!(left, source, "the other store is only read");
    }

}

/// Writes a result with other content.
fn contradict(store: &Store, kind: &str, number: u8, ending: &str) -> String {
    let path = store.stage(kind, &key(number), ending);
    store.write_json(&path, &serde_json::json!({"content": "another"})).unwrap();
    store.identity(&path)
}

fn conflict(result: Result<Merged, MergeError>) -> String {
    match result {
        Err(error @ MergeError::Conflict(_)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_conflict_names_both_machines_and_nothing_is_written() {
    let lab = Lab::new();
    let ours = lab.filled("ours", &[Made::Record(1, vec![1]), Made::Stage("scores", 1, ".json")]);
    let theirs = lab.filled("theirs", &[Made::Record(1, vec![2]), Made::Record(2, vec![0]), Made::Scores(1)]);
    let place = contradict(&theirs, "scores", 1, ".json");
    let before = files(&ours);
    let said = conflict(merge(&ours, &[&theirs]));
    let (our, their) = (ours.root().display(), theirs.root().display());
    let expected = format!(
        "1 file has other content on one machine than on another, so nothing was merged:\n\
         {place}: node1 ({our}), and one of the machines node0, node2 ({their})"
    );
    assert_eq!(said, expected);
    let said = conflict(unpack(&ours, &packed(&theirs, Some("node\u{1b}7"))));
    assert!(
        said.ends_with(
            "{place}: node1 ({our}), and node\\u{1b}7 (shard.tar)"
                .replace("{place}", &place)
                .replace("{our}", &our.to_string())
                .as_str()
        ),
        "{said}"
    );
    let said = conflict(unpack(&ours, &packed(&theirs, None)));
    assert!(said.ends_with(", and an unknown machine (shard.tar)"), "{said}");
    assert_eq!(files(&ours), before);

    // A record has its own machines.
    let (id, text) = id_of(1);
    let spec_hash = SpecHash::of(&text).to_string();
    theirs.finish(&id, &Record { spec_hash, ..record("another", '0') }).unwrap();
    let said = conflict(merge(&ours, &[&theirs]));
    assert!(said.starts_with("2 files have other content"), "{said}");
    let line = format!("records/{}/record.json: node1 ({our}), and node2 ({their})", id.as_str());
    assert!(said.lines().any(|found| found == line), "{said}");
    assert_eq!(files(&ours), before);

    // Two stores that the target knows nothing of.
    let empty = lab.store("empty");
    let said = conflict(merge(&empty, &[&ours, &theirs]));
    assert!(said.contains(&line) && !empty.root().exists(), "{said}");
}

#[test]
fn many_conflicts_are_counted_and_ten_are_listed() {
    let lab = Lab::new();
    let [ours, theirs] = ["ours", "theirs"].map(|name| lab.store(name));
    for number in 0..13 {
        put(&ours, &Made::Stage("supernet", number, ".safetensors"));
        contradict(&theirs, "supernet", number, ".safetensors");
        put(&theirs, &Made::Stage("supernet", number, ".json"));
    }
    let said = conflict(merge(&ours, &[&theirs]));
    assert_eq!((said.lines().count(), said.lines().last()), (12, Some("and 3 more")), "{said}");
    assert!(said.starts_with("13 files have") && said.contains("an unknown machine"), "{said}");
}

#[test]
fn damage_is_mended_in_the_target_and_left_out_of_the_source() {
    let lab = Lab::new();
    let made = [Made::Record(1, vec![1, 2]), Made::Stage("scores", 1, ".json"), Made::Scores(1)];
    let (ours, theirs) = (lab.filled("ours", &made), lab.filled("theirs", &made));
    let whole = kept(&ours);
    for place in whole.keys() {
        fs::write(ours.root().join(place), "damaged").unwrap();
    }
    assert_eq!(merge(&ours, &[&theirs]).unwrap().written, whole.len() - 1);
    assert_eq!(kept(&ours), whole);
    // The other way: what is damaged there is named, and is not merged.
    let path = theirs.stage("scores", &key(1), ".json");
    fs::write(&path, "damaged").unwrap();
    let mut source = Source::folder(theirs.root()).unwrap();
    let left_out: Vec<&str> = source.left_out().iter().map(|entry| entry.place.as_str()).collect();
    assert_eq!(left_out, [theirs.identity(&path)]);
    let empty = lab.store("empty");
    empty.merge(std::slice::from_mut(&mut source)).unwrap();
    assert_eq!(kept(&empty).len(), whole.len() - 1);
    let pack = theirs.pack(None, "0.1.0").unwrap();
    assert_eq!((pack.left_out().len(), pack.is_empty()), (1, false));
}

#[test]
fn of_two_files_of_progress_the_larger_one_stays() {
    let lab = Lab::new();
    let one = |size: u8| [Made::Progress("scores", 1, ".partial.json", size)];
    let (small, large) = (lab.filled("small", &one(10)), lab.filled("large", &one(90)));
    let place = small.identity(&small.stage("scores", &key(1), ".partial.json"));
    let content = |store: &Store| fs::read(store.root().join(&place)).unwrap();
    let best = content(&large);
    let said = merge(&large, &[&small]).unwrap();
    assert_eq!((said.written, content(&large) == best), (0, true));
    assert_eq!(said.progress, [merge::Progress { place: place.clone(), stays: large.root().to_owned() }]);
    let said = merge(&small, &[&large]).unwrap();
    assert_eq!((said.written, content(&small) == best), (1, true));
    assert_eq!(said.progress[0].stays, large.root());
    assert_eq!(merge(&small, &[&large]).unwrap().progress, [], "they are the same now");
    // One that has ended needs none.
    let done = lab.filled("done", &[Made::Stage("scores", 1, ".json")]);
    let said = merge(&done, &[&large]).unwrap();
    assert_eq!((said.written, said.progress), (0, Vec::new()));
    assert!(!done.root().join(&place).exists());
    let both = lab.store("both");
    merge(&both, &[&large, &done]).unwrap();
    assert!(!both.root().join(&place).exists());
}

#[test]
fn a_run_is_there_once_and_gets_a_free_number() {
    let lab = Lab::new();
    let (id, _) = id_of(1);
    let ours = lab.filled("ours", &[Made::Record(1, vec![1, 2])]);
    let theirs = lab.filled("theirs", &[Made::Record(1, vec![3, 2, 4])]);
    merge(&ours, &[&theirs]).unwrap();
    let order = |store: &Store| -> Vec<String> {
        store.provenance(&id).unwrap().into_iter().map(|held| held.whole().unwrap().unwrap().started).collect()
    };
    assert_eq!(order(&ours), ["run 1", "run 2", "run 3", "run 4"]);
    // More than nine keep their order.
    let many = lab.filled("many", &[Made::Record(1, (0..12).collect())]);
    let copy = lab.store("copy");
    unpack(&copy, &packed(&many, None)).unwrap();
    assert_eq!(order(&copy), order(&many));
}

/// Each operation on a file of the target fails once, as on a full disk. What is there afterwards is whole, and the same merge does the rest.
#[test]
fn a_merge_that_fails_anywhere_is_finished_by_the_next_one() {
    let lab = Lab::new();
    let made = [
        Made::Record(1, vec![1, 2]),
        Made::Stage("scores", 1, ".json"),
        Made::Progress("scores", 2, ".partial.json", 9),
    ];
    let source = lab.filled("source", &made);
    let mut failures = 0;
    for fatal in 0.. {
        let target = lab.filled(&format!("target {fatal}"), &[Made::Record(1, vec![2])]);
        let (root, count) = (target.root().to_owned(), AtomicUsize::new(0));
        let hook = move |operation: Operation, path: &Path| {
            let is_fatal = path.starts_with(&root)
                && operation != Operation::Read
                && count.fetch_add(1, Ordering::Relaxed) == fatal;
            if is_fatal { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        };
        files::hook::set(Some(Arc::new(hook)));
        let outcome = merge(&target, &[&source]);
        files::hook::set(None);
        assert_whole(&target);
        let is_over = outcome.is_ok();
        if !is_over {
            failures += 1;
            merge(&target, &[&source]).unwrap();
        }
        assert_eq!(state(&target), state(&source));
        if is_over {
            break;
        }
    }
    assert!(failures > 15, "{failures}");
}

#[test]
fn two_merges_at_once_end_as_one_after_the_other() {
    let lab = Lab::new();
    let made = |first: u8| {
        let stages = (first..first + 20).map(|number| Made::Stage("scores", number, ".json"));
        stages.chain([Made::Record(1, vec![first, 2, 3]), Made::Record(first, vec![1])]).collect::<Vec<_>>()
    };
    let (one, two) = (lab.filled("one", &made(0)), lab.filled("two", &made(10)));
    let straight = lab.store("straight");
    merge(&straight, &[&one, &two]).unwrap();
    for round in 0..4 {
        let target = lab.store(&format!("target {round}"));
        std::thread::scope(|scope| {
            for source in [&one, &two, &one, &two] {
                let target = &target;
                scope.spawn(move || merge(target, &[source]).unwrap());
            }
        });
        assert_eq!(state(&target), state(&straight));
        let count = |store: &Store| kept(store).len();
        assert_eq!(count(&target), count(&straight), "no run is there twice");
    }
}

/// A record of a newer program is an error wherever it is, and is never replaced.
#[test]
fn a_newer_record_stops_a_merge() {
    let lab = Lab::new();
    let made = [Made::Record(1, vec![1])];
    let (newer, old) = (lab.filled("newer", &made), lab.filled("old", &made));
    let path = newer.record_path(&id_of(1).0);
    newer.write_json(&path, &serde_json::json!({"format": Record::FORMAT + 1})).unwrap();
    let before = files(&newer);
    let newer_record = |error: Option<MergeError>| {
        assert!(matches!(error, Some(MergeError::Store(StoreError::NewerRecord { .. }))), "{error:?}");
    };
    newer_record(merge(&newer, &[&old]).err());
    newer_record(Source::folder(newer.root()).err());
    assert!(matches!(newer.pack(None, "").err(), Some(StoreError::NewerRecord { .. })));
    assert_eq!(files(&newer), before);
}

#[test]
fn a_folder_of_another_format_is_refused() {
    let lab = Lab::new();
    let other = lab.filled("other", &[Made::Scores(1)]);
    fs::write(other.root().join(FORMAT), "99\n").unwrap();
    let refused = Source::folder(other.root()).err();
    assert!(matches!(refused, Some(MergeError::Store(StoreError::Newer { found: 99, .. }))), "{refused:?}");
}

#[test]
fn a_folder_without_a_store_is_refused() {
    let lab = Lab::new();
    let refused = |name: &str| Source::folder(&lab.folder.path().join(name)).err().unwrap().to_string();
    fs::write(lab.folder.path().join("file"), "x").unwrap();
    fs::create_dir(lab.folder.path().join("empty")).unwrap();
    fs::create_dir(lab.folder.path().join("other")).unwrap();
    fs::write(lab.folder.path().join("other/notes"), "x").unwrap();
    for (name, expected) in [
        ("file", "is no store: it is a file"),
        ("absent", "is no store: there is nothing"),
        ("empty", "is no store: it holds no file of a store"),
        ("other", "is no store: it holds no file of a store"),
    ] {
        assert!(refused(name).ends_with(expected), "{}", refused(name));
    }
}
