//! Damage, kills, failing file systems and several writers: nothing wrong is ever used, and nothing right is lost.
//!
//! All tests compare a store with one that nothing disturbed, byte for byte. `cargo test` tries a sample of all cases, drawn with a fixed
//! seed; `ci/faults.sh` tries as many as it is told.
//!
//! A kill has to end a process. So this test program runs itself: `a_run_of_its_own` is the run that another test kills. The hook that stops
//! operations on files is one for the whole process. So the tests run one after the other.

#![allow(clippy::unwrap_used, reason = "a test may panic anywhere")]

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nas_assay::experiment::{ExperimentError, Progress};
use nas_assay::files::hook::{self, Operation};
use nas_assay::report::Format;
use nas_assay::seed::{Seed, Stream};
use nas_assay::space::SpaceId;
use nas_assay::spec::parse_spec;
use nas_assay::store::survey::{Condition, Kind};
use nas_assay::store::{Held, RecordId};
use nas_assay::{Backend, Lab, Store, Suite};

/// Every kind of stage and file in a fraction of a second: two supernets with checkpoints, pruning and watching, means of weights and of
/// scores, a variant, a vote, and truth that is trained again.
fn spec(space: SpaceId) -> String {
    let network = match space {
        SpaceId::Nb101 | SpaceId::Nb201 => "channels = 2, cells = 1",
        SpaceId::Nb301 => "channels = 2, layers = 3",
        SpaceId::NdsResnet | SpaceId::NdsResnextA => "width-divisor = 4, stem-stride = 2",
        SpaceId::Table(space) => panic!("{space} has no network"),
    };
    format!(
        "name = 'faults'\nspace = '{space}'\n\
        [images.synthetic]\nresolution = 8\ntrain = 16\nvalidation = 8\n\
        [truth.trained]\ntable = '{space}-micro'\nverify = 0\n\
        [supernet]\nseeds = [20, 2020]\nsampling = 'iso'\nnetwork = {{ {network} }}\ncheckpoints = [1, 2]\n\
        prune = {{ after = 2, keep = 0.5, by = 'oneshot_loss', candidates = 4 }}\n\
        watch = {{ epochs = [2], architectures = 1 }}\n\
        [supernet.training]\nepochs = 3\nbatch = 8\nlearning-rate = 0.01\nclip = 1.0\n\
        [one-shot]\nbatch = 8\naverage-last = [1, 2]\nensemble = 'seeds'\n\
        [zero-shot]\nnetwork = {{ {network} }}\nbatch = 4\n\
        [panels.all]\nsample = 4\nestimators = ['params', 'snip', 'synflow', 'oneshot_loss']\n\
        [panels.all.votes.two]\nmembers = ['snip', 'synflow']\n\
        [variants.other.one-shot]\nbatch = 4\n\
        [criteria]\nresamples = 10\n"
    )
}

/// The variable that tells a process of this program to be a run: the operation at which it kills itself, or no number.
const KILLED_AT: &str = "NAS_ASSAY_TEST_KILLED_AT";

/// The variable that names the space of such a run.
const SPACE: &str = "NAS_ASSAY_TEST_SPACE";

/// The variable that names the store of such a run.
const STORE: &str = "NAS_ASSAY_TEST_STORE";

/// How many cases a test tries: so many, or as many as `NAS_ASSAY_FAULTS` says.
fn cases(usual: usize) -> usize {
    std::env::var("NAS_ASSAY_FAULTS").map_or(usual, |count| count.parse().unwrap())
}

/// Lets one test run at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Collects the notes of a run.
#[derive(Debug, Default)]
struct Notes(Mutex<Vec<String>>);

impl Progress for Notes {
    fn begin(&self, _: &str, _: u64, _: &str) {}
    fn advance(&self, _: u64) {}
    fn message(&self, _: &str) {}
    fn end(&self) {}
    fn note(&self, text: &str) {
        self.0.lock().unwrap().push(text.to_owned());
    }
}

/// Runs the spec of a space. Returns what the run noted.
fn run_of(space: SpaceId, store: &Path) -> Result<Vec<String>, ExperimentError> {
    let (suite, notes) = (Suite::builtin(), Notes::default());
    let lab = Lab::new(&suite, Store::open(store)?, Backend::cpu()).with_progress(Box::new(&notes)).with_jobs(1);
    lab.run(&lab.resolve(parse_spec(&spec(space), "a test")?)?)?;
    drop(lab);
    Ok(notes.0.into_inner().unwrap())
}

/// Runs the spec of NAS-Bench-201.
fn run(store: &Path) -> Result<Vec<String>, ExperimentError> {
    run_of(SpaceId::Nb201, store)
}

/// The files of a store that the spec alone determines: all but the circumstances of runs and what was not finished.
fn results(store: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = Store::open(store).unwrap().survey().unwrap();
    let determined = entries.into_iter().filter(|entry| !matches!(entry.kind, Kind::Provenance | Kind::Temporary));
    determined.map(|entry| (entry.place.clone(), std::fs::read(store.join(&entry.place)).unwrap())).collect()
}

/// A store that nothing disturbed.
struct Undisturbed {
    space: SpaceId,
    folder: tempfile::TempDir,
    results: BTreeMap<String, Vec<u8>>,
}

impl Undisturbed {
    fn new() -> Self {
        Self::of(SpaceId::Nb201)
    }

    fn of(space: SpaceId) -> Self {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(run_of(space, &folder.path().join("store")).unwrap(), Vec::<String>::new());
        let results = results(&folder.path().join("store"));
        Self { space, folder, results }
    }

    fn store(&self) -> std::path::PathBuf {
        self.folder.path().join("store")
    }

    /// A copy of the store.
    fn copy(&self) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for entry in Store::open(self.store()).unwrap().survey().unwrap() {
            let (from, to) = (self.store().join(&entry.place), folder.path().join(&entry.place));
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(from, to).unwrap();
        }
        folder
    }

    /// Asserts that a run ends with the undisturbed bytes, and that nothing else is left but what `store clean` removes.
    #[track_caller]
    fn is_what_a_run_ends_with(&self, store: &Path, about: &str) {
        run_of(self.space, store).unwrap_or_else(|error| panic!("{about}: {error}"));
        let found = results(store);
        let moved: Vec<&String> = found
            .keys()
            .chain(self.results.keys())
            .filter(|name| found.get(*name) != self.results.get(*name))
            .collect();
        assert!(moved.is_empty(), "{about}: {moved:?}");
        let store = Store::open(store).unwrap();
        let entries = store.survey().unwrap();
        let odd: Vec<_> = entries.iter().filter(|entry| entry.condition != Condition::Whole).collect();
        // The circumstances of a run cannot be made again.
        let expected = |kind: Kind| matches!(kind, Kind::Temporary | Kind::Provenance);
        assert!(odd.iter().all(|entry| expected(entry.kind)), "{about}: {odd:?}");
        store.remove(odd.into_iter()).unwrap();
        assert!(store.survey().unwrap().iter().all(|entry| entry.condition == Condition::Whole), "{about}");
    }
}

/// What the reading commands make of a store: the record in every form of report, and the circumstances of the run. `None` for what they
/// refuse.
fn readings(store: &Path) -> Vec<Option<String>> {
    let Ok(store) = Store::open(store) else { return vec![None; 2 + Format::ALL.len()] };
    let id: Option<RecordId> = store.find("latest").ok();
    let record = id.as_ref().and_then(|id| store.record(id).ok().flatten());
    let held = id.as_ref().and_then(|id| store.provenance(id).ok()).unwrap_or_default();
    // Later runs have circumstances of their own.
    let provenance = held.into_iter().next().and_then(|held| if let Held::Whole(of) = held { Some(of) } else { None });
    let render = |format: Format| format.render(record.as_ref()?, provenance.as_ref()).ok();
    let mut all: Vec<Option<String>> = Format::ALL.into_iter().map(render).collect();
    // A report without its circumstances says less, and nothing wrong.
    if provenance.is_none() {
        all = vec![None; all.len()];
    }
    all.push(record.map(|record| format!("{record:?}")));
    all.push(provenance.map(|provenance| format!("{provenance:?}")));
    all
}

fn assert_nothing_wrong(found: &[Option<String>], expected: &[Option<String>], about: &str) {
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.is_none() || found == expected, "{about}: another number was read");
    }
}

/// Draws a file, each kind as often as any other.
fn draw<'a>(files: &'a BTreeMap<String, Vec<u8>>, stream: &mut Stream) -> (&'a String, &'a Vec<u8>) {
    let kinds =
        ["json", "record.json", "spec.json", ".safetensors", "epoch-", "scores/", "supernet/", "FORMAT", "latest"];
    let kind = kinds[stream.index(kinds.len())];
    let fitting: Vec<_> = files.iter().filter(|(name, content)| name.contains(kind) && !content.is_empty()).collect();
    fitting[stream.index(fitting.len())]
}

/// After a flipped bit in any file, the reading commands say what they said before or refuse, and a run ends with the undisturbed bytes.
#[test]
fn flipped_bits_are_noticed_and_mended() {
    let _alone = alone();
    let undisturbed = Undisturbed::new();
    let expected = readings(&undisturbed.store());
    assert!(expected.iter().all(Option::is_some));
    let mut copy = undisturbed.copy();
    let mut files = undisturbed.results.clone();
    for entry in Store::open(copy.path()).unwrap().survey().unwrap() {
        files.insert(entry.place.clone(), std::fs::read(copy.path().join(&entry.place)).unwrap());
    }
    let mut stream = Seed::root(1).child("flips").stream();
    for case in 0..cases(30) {
        if case % 100 == 99 {
            // Each run that makes something again adds its circumstances.
            copy = undisturbed.copy();
        }
        let (name, content) = draw(&files, &mut stream);
        let mut flipped = content.clone();
        let bit = stream.index(8 * content.len());
        flipped[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(copy.path().join(name), &flipped).unwrap();
        let about = format!("case {case}: bit {bit} of {name}");
        assert_nothing_wrong(&readings(copy.path()), &expected, &about);
        undisturbed.is_what_a_run_ends_with(copy.path(), &about);
        if name.contains("/provenance/") {
            assert!(!copy.path().join(name).exists(), "{about}: the damage was not found");
            std::fs::write(copy.path().join(name), content).unwrap();
        }
    }
}

/// Files that are lost, cut, empty, exchanged or of other supernets are noticed and mended, alone and several at once.
#[test]
fn lost_cut_and_exchanged_files_are_mended() {
    let _alone = alone();
    let undisturbed = Undisturbed::new();
    let expected = readings(&undisturbed.store());
    let files = &undisturbed.results;
    let mut stream = Seed::root(2).child("losses").stream();
    for case in 0..cases(30) {
        let copy = undisturbed.copy();
        let mut about = format!("case {case}:");
        for _ in 0..=stream.below(3) {
            let (name, content) = draw(files, &mut stream);
            let path = copy.path().join(name);
            let how = stream.index(4);
            about.extend([" ", name, " ", ["lost", "cut", "emptied", "exchanged"][how]]);
            match how {
                // The draw may take a file twice.
                0 => drop(std::fs::remove_file(&path)),
                1 => std::fs::write(&path, &content[..stream.index(content.len())]).unwrap(),
                2 => std::fs::write(&path, "").unwrap(),
                _ => {
                    // The content of a file with the same ending.
                    let ending = name.rsplit('.').next().unwrap();
                    let others: Vec<_> = files.iter().filter(|(other, _)| other.ends_with(ending)).collect();
                    std::fs::write(&path, others[stream.index(others.len())].1).unwrap();
                }
            }
        }
        assert_nothing_wrong(&readings(copy.path()), &expected, &about);
        run(copy.path()).unwrap_or_else(|error| panic!("{about}: {error}"));
        // Lost weights are made again when something reads them.
        std::fs::remove_dir_all(copy.path().join("stages/scores")).unwrap();
        undisturbed.is_what_a_run_ends_with(copy.path(), &about);
    }
}

/// Each of these was once advice that did not work.
#[test]
fn a_stage_without_its_weights_is_trained_again_when_they_are_needed() {
    let _alone = alone();
    let undisturbed = Undisturbed::new();
    let weights: Vec<&String> = undisturbed.results.keys().filter(|name| name.ends_with(".safetensors")).collect();
    // The variant watches with batches of its own, so it has two supernets, too.
    assert_eq!(weights.len(), 12, "{weights:?}");
    let copy = undisturbed.copy();
    for name in &weights {
        std::fs::remove_file(copy.path().join(name)).unwrap();
    }
    // Without a stage that reads them, they are not needed.
    assert_eq!(run(copy.path()).unwrap(), Vec::<String>::new());
    assert!(weights.iter().all(|name| !copy.path().join(name).exists()));
    let is_one_shot =
        |(name, content): &(&String, &Vec<u8>)| name.contains("scores/") && contains(content, b"\"oneshot_loss\"");
    let one_shot = undisturbed.results.iter().find(is_one_shot).unwrap().0;
    std::fs::remove_file(copy.path().join(one_shot)).unwrap();
    run(copy.path()).unwrap();
    // One supernet is trained again; the other one's scores were all there.
    assert_eq!(weights.iter().filter(|name| copy.path().join(name).exists()).count(), 3);
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// The operations on files of a whole run, and the files that they are for.
fn operations() -> Vec<(Operation, std::path::PathBuf)> {
    let folder = tempfile::tempdir().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    hook::set(Some(Arc::new(move |operation, path: &Path| {
        log.lock().unwrap().push((operation, path.to_owned()));
        Ok(())
    })));
    run(&folder.path().join("store")).unwrap();
    hook::set(None);
    std::mem::take(&mut *seen.lock().unwrap())
}

/// An error of the system at any operation ends the run with an error or changes nothing, and the next run ends with the undisturbed bytes.
#[test]
fn a_failing_file_system_loses_nothing() {
    let _alone = alone();
    let undisturbed = Undisturbed::new();
    let operations = operations();
    let kinds = [ErrorKind::StorageFull, ErrorKind::Other, ErrorKind::PermissionDenied, ErrorKind::Interrupted];
    let mut stream = Seed::root(3).child("errors").stream();
    let all = operations.len() * kinds.len();
    let count = cases(40).min(all);
    for case in stream.permutation(all).into_iter().take(count) {
        let (fatal, kind) = (case / kinds.len(), kinds[case % kinds.len()]);
        let about = format!("{kind:?} at {:?}, operation {fatal}", operations[fatal]);
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let seen = AtomicUsize::new(0);
        hook::set(Some(Arc::new(move |_, _: &Path| {
            if seen.fetch_add(1, Ordering::Relaxed) == fatal { Err(io::Error::from(kind)) } else { Ok(()) }
        })));
        let outcome = run(&store);
        hook::set(None);
        if let Err(error) = &outcome {
            assert!(kind != ErrorKind::Interrupted, "{about}: {error}");
            assert!(error.to_string().contains("store"), "{about}: {error} names no file");
        }
        undisturbed.is_what_a_run_ends_with(&store, &about);
    }
}

/// A run in a process of its own, for the tests that kill it. Without the variables it does nothing.
#[test]
fn a_run_of_its_own() {
    let (Ok(at), Ok(store)) = (std::env::var(KILLED_AT), std::env::var(STORE)) else { return };
    if let Ok(fatal) = at.parse::<usize>() {
        let seen = AtomicUsize::new(0);
        hook::set(Some(Arc::new(move |_, _: &Path| {
            if seen.fetch_add(1, Ordering::Relaxed) == fatal {
                std::process::abort();
            }
            Ok(())
        })));
    }
    let space = std::env::var(SPACE).unwrap().parse().unwrap();
    run_of(space, Path::new(&store)).unwrap();
}

/// Starts a run in a process of its own.
fn start(space: SpaceId, store: &Path, killed_at: Option<usize>) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "a_run_of_its_own", "--quiet"]).stdout(Stdio::null()).stderr(Stdio::null());
    command
        .env(SPACE, space.to_string())
        .env(STORE, store)
        .env(KILLED_AT, killed_at.map_or("never".to_owned(), |at| at.to_string()));
    command.env("RAYON_NUM_THREADS", "1").spawn().unwrap()
}

/// A run that is killed before any operation on a file, once or several times, ends with the undisturbed bytes when it goes on.
#[test]
#[allow(clippy::print_stdout, reason = "how many kills there were is a result of a long campaign")]
fn a_run_that_is_killed_anywhere_goes_on() {
    let _alone = alone();
    let all = operations().len();
    let undisturbed = SpaceId::ALL.map(Undisturbed::of);
    let mut stream = Seed::root(4).child("kills").stream();
    let mut kills = 0;
    for case in 0..cases(10) {
        let undisturbed = &undisturbed[case % undisturbed.len()];
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let mut about = format!("case {case}, {}, killed at", undisturbed.space);
        for attempt in 0..=stream.below(3) {
            // A run that goes on has fewer operations.
            let at = stream.index(if attempt == 0 { all } else { all / 4 });
            about.extend([" ", &at.to_string()]);
            // It may end before the fatal one.
            kills += usize::from(!start(undisturbed.space, &store, Some(at)).wait().unwrap().success());
        }
        undisturbed.is_what_a_run_ends_with(&store, &about);
    }
    println!("{kills} kills");
    assert!(kills >= cases(10), "runs are hardly ever killed: {kills}");
}

/// Two and three runs at once, of which some are killed, end with the undisturbed bytes.
#[test]
fn several_writers_do_not_disturb_each_other() {
    let _alone = alone();
    let all = operations().len();
    let undisturbed = SpaceId::ALL.map(Undisturbed::of);
    let mut stream = Seed::root(5).child("writers").stream();
    for case in 0..cases(5) {
        let undisturbed = &undisturbed[case % undisturbed.len()];
        let space = undisturbed.space;
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let killed: Vec<Child> = (0..=stream.below(2)).map(|_| start(space, &store, Some(stream.index(all)))).collect();
        let whole = start(space, &store, None);
        for mut child in killed {
            child.wait().unwrap();
        }
        assert!(whole.wait_with_output().unwrap().status.success(), "case {case}: a run died of another one");
        undisturbed.is_what_a_run_ends_with(&store, &format!("case {case}, {space}"));
    }
}
