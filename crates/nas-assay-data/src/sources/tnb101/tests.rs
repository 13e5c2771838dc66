//! Invented results of all architectures, as torch saves them.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};
use std::path::PathBuf;

use nas_assay_spaces::table_only::Architecture;
use proptest::prelude::*;

use super::*;
use crate::testing::{Pickler, Py, TORCH_END, TORCH_START, dict};

const FILE: &str = "transnas-bench_v10141024.pth";

/// The parts of a result.
type Parts = Vec<(&'static str, Py)>;

/// Changes the result of a task: its place among the tasks, and the text of the architecture.
type Other<'a> = &'a dyn Fn(usize, &str, &mut Parts);

/// The order of the spaces in the file.
const ORDER: [(&str, TableSpace); 2] = [("macro", TableSpace::Tnb101Macro), ("micro", TableSpace::Tnb101Micro)];

/// The invented values of a metric, one for each of three epochs. The validation is the best after the second, which the third equals.
fn values(set: &str, metric: Metric, index: usize, task: usize) -> [f64; 3] {
    let part = (index % 97) as f64 / 97.0 + 0.01 * task as f64 + if set == "test" { 0.001 } else { 0.0 };
    let value = match metric {
        Metric::Top1 | Metric::MeanIou => 40.0 + 20.0 * part,
        Metric::Ssim => 0.5 * part - 0.1,
        Metric::NegLoss => part - 2.0,
    };
    // The last epoch differs on the test images alone.
    [value - 0.25, value, if set == "test" { value - 0.125 } else { value }]
}

/// How an invented file differs from a whole one.
#[derive(Clone, Copy, Default)]
struct Change<'a> {
    /// Changes the result of a task: its place among the tasks, and the text of the architecture.
    result: Option<Other<'a>>,
    /// Changes the names of the metrics of the results of `room_layout`, and of their list.
    metrics: Option<fn(&mut Vec<&'static str>)>,
    /// How many architectures there are of each space.
    most: Option<usize>,
    /// How many tasks each result has.
    tasks: Option<usize>,
    /// The names of the spaces.
    spaces: Option<[&'static str; 2]>,
    /// Writes scalars of `NumPy`.
    scalars: bool,
}

fn names(task: usize, change: Change<'_>) -> Vec<&'static str> {
    let mut names = match TASKS[task].1 {
        Metric::Top1 => vec!["train_top1", "valid_top1", "valid_loss", "test_top1", "test_loss", "time_elapsed"],
        Metric::MeanIou => vec!["train_mIoU", "valid_mIoU", "valid_acc", "test_mIoU", "test_acc", "time_elapsed"],
        Metric::Ssim => vec!["train_ssim", "valid_ssim", "valid_l1_loss", "test_ssim", "time_elapsed"],
        Metric::NegLoss => vec!["train_loss", "valid_neg_loss", "test_neg_loss", "time_elapsed"],
    };
    if let (Some(other), "room_layout") = (change.metrics, TASKS[task].0) {
        other(&mut names);
    }
    names
}

fn result(task: usize, index: usize, text: &str, change: Change<'_>) -> Py {
    let float = |value: f64| if change.scalars { Py::Scalar(value) } else { Py::Float(value) };
    let list = |name: &&'static str| {
        let metric = Metric::ALL.into_iter().find(|metric| name.ends_with(metric.name()));
        let of = name.split('_').next().unwrap();
        let known = metric.filter(|metric| *metric == TASKS[task].1 && of != "train");
        // What nobody needs may be no number.
        let values = known.map_or([f64::NAN; 3], |metric| values(of, metric, index, task));
        (*name, Py::List(values.map(float).to_vec()))
    };
    let metrics = names(task, change).iter().map(list).collect();
    let info = Py::dict([("model_FLOPs", Py::Float(1e6)), ("inference_time", Py::Float(f64::NAN))]);
    let mut parts = vec![("total_epochs", Py::Int(3)), ("model_info", info), ("metrics", dict(metrics))];
    if let Some(other) = change.result {
        other(task, text, &mut parts);
    }
    dict(parts)
}

/// The object of a file.
fn object(change: Change<'_>, protocol_4: bool) -> Vec<u8> {
    let mut pickler = Pickler::new(Vec::new(), protocol_4);
    let texts = |names: &[&str]| Py::List(names.iter().map(|name| Py::from(*name)).collect());
    let metrics = (0..TASKS.len()).map(|task| (TASKS[task].0, texts(&names(task, change)))).collect();
    let open = |pickler: &mut Pickler<Vec<u8>>| {
        pickler.bytes(b"}");
        pickler.number();
        pickler.bytes(b"(");
    };
    open(&mut pickler);
    for (name, value) in [
        ("metrics_dict", dict(metrics)),
        ("info_names", texts(&["inference_time", "model_FLOPs"])),
        ("task_list", texts(&TASKS.map(|(task, _)| task))),
    ] {
        pickler.value(&name.into());
        pickler.value(&value);
    }
    pickler.value(&"data".into());
    open(&mut pickler);
    for (place, (name, space)) in ORDER.into_iter().enumerate() {
        pickler.value(&change.spaces.map_or(name, |names| names[place]).into());
        open(&mut pickler);
        // Not in the order of the space.
        let all: Vec<(usize, Architecture)> = space.all().enumerate().collect();
        for (written, (index, architecture)) in
            all.into_iter().rev().take(change.most.unwrap_or(usize::MAX)).enumerate()
        {
            if written > 0 && written % 1_000 == 0 {
                pickler.bytes(b"u(");
            }
            let text = architecture.to_string();
            let tasks = (0..change.tasks.unwrap_or(TASKS.len())).rev();
            let results = tasks.map(|task| (TASKS[task].0, result(task, index, &text, change))).collect();
            pickler.value(&text.as_str().into());
            pickler.value(&dict(results));
        }
        pickler.bytes(b"u");
    }
    pickler.bytes(b"uu");
    pickler.end()
}

fn legacy(change: Change<'_>) -> Vec<u8> {
    [TORCH_START, &object(change, false), TORCH_END].concat()
}

/// The file as torch saves it since its version 1.6.
fn zipped(object: &[u8]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in [("archive/data.pkl", object), ("archive/version", b"3\n")] {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn made(bytes: &[u8]) -> Result<Vec<Made>, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    std::fs::write(&path, bytes).unwrap();
    let one = imported(&[path]);
    assert_eq!(one, imported(&[folder.path().to_owned()]));
    one
}

fn imported(paths: &[PathBuf]) -> Result<Vec<Made>, String> {
    import(Files { paths, watch: &|_| {} }).map_err(|error| error.to_string())
}

/// The tables by their definition.
fn due() -> Vec<Made> {
    let head = "architecture,\
        class_scene-test_top1-best_valid,class_scene-test_top1-last,class_scene-valid_top1-best_valid,class_scene-valid_top1-last,\
        class_object-test_top1-best_valid,class_object-test_top1-last,class_object-valid_top1-best_valid,class_object-valid_top1-last,\
        room_layout-test_neg_loss-best_valid [1],room_layout-test_neg_loss-last [1],\
        room_layout-valid_neg_loss-best_valid [1],room_layout-valid_neg_loss-last [1],\
        jigsaw-test_top1-best_valid,jigsaw-test_top1-last,jigsaw-valid_top1-best_valid,jigsaw-valid_top1-last,\
        segmentsemantic-test_mIoU-best_valid,segmentsemantic-test_mIoU-last,\
        segmentsemantic-valid_mIoU-best_valid,segmentsemantic-valid_mIoU-last,\
        normal-test_ssim-best_valid [1],normal-test_ssim-last [1],normal-valid_ssim-best_valid [1],normal-valid_ssim-last [1],\
        autoencoder-test_ssim-best_valid [1],autoencoder-test_ssim-last [1],\
        autoencoder-valid_ssim-best_valid [1],autoencoder-valid_ssim-last [1]\n";
    let table = |name: &str, space: TableSpace| {
        let mut text = head.to_owned();
        for (index, architecture) in space.all().enumerate() {
            text += &architecture.to_string();
            for (task, (_, metric)) in TASKS.into_iter().enumerate() {
                for set in ["test", "valid"] {
                    let [_, best, last] = values(set, metric, index, task);
                    let _ = write!(text, ",{best},{last}");
                }
            }
            text.push('\n');
        }
        Made { path: format!("truth/tnb101/{name}.csv"), bytes: text.into_bytes(), notes: Vec::new() }
    };
    vec![table("micro", TableSpace::Tnb101Micro), table("macro", TableSpace::Tnb101Macro)]
}

#[test]
fn the_file_makes_both_tables_in_each_of_its_forms() {
    let due = due();
    assert!(made(&legacy(Change::default())).unwrap() == due);
    let change = Change { scalars: true, ..Change::default() };
    let object = object(change, true);
    assert!(made(&zipped(&object)).unwrap() == due);
    // A file that is there twice is the same.
    let folder = tempfile::tempdir().unwrap();
    let paths = [folder.path().join(FILE), folder.path().join("transnas-bench_copy.pth")];
    std::fs::write(&paths[0], legacy(Change::default())).unwrap();
    std::fs::write(&paths[1], zipped(&object)).unwrap();
    assert!(imported(&paths).unwrap() == due);
    let other = |_: usize, _: &str, parts: &mut Parts| {
        let Py::Dict(metrics) = &mut parts[2].1 else { unreachable!() };
        for (name, list) in metrics {
            let (Py::Text(name), Py::List(list)) = (name, list) else { unreachable!() };
            if name == "test_top1" {
                list[2] = Py::Float(1.0);
            }
        }
    };
    std::fs::write(&paths[1], legacy(Change { result: Some(&other), ..Change::default() })).unwrap();
    assert!(imported(&paths).unwrap_err().contains("it has other numbers than a file before it"));
    // The epochs that are read are these, and no others.
    let columns = String::from_utf8(due[0].bytes.clone()).unwrap();
    let cells: Vec<&str> = columns.lines().nth(1).unwrap().split(',').skip(1).take(4).collect();
    assert_eq!(cells, ["40.02", "39.895", "40", "40"]);
}

/// The result of one architecture for one task is changed.
fn one(change: impl Fn(&mut Parts)) -> Result<Vec<Made>, String> {
    let other = |task: usize, text: &str, parts: &mut Parts| {
        if (TASKS[task].0, text) == ("room_layout", "64-41414-1_02_333") {
            change(parts);
        }
    };
    made(&legacy(Change { result: Some(&other), ..Change::default() }))
}

/// Sets an epoch of the metric that the task is judged by.
fn set(parts: &mut [(&'static str, Py)], name: &str, epoch: usize, value: Py) {
    let Py::Dict(metrics) = &mut parts[2].1 else { unreachable!() };
    let found = metrics.iter_mut().find(|(key, _)| matches!(key, Py::Text(key) if key == name));
    let Some((_, Py::List(list))) = found else { unreachable!() };
    list[epoch] = value;
}

#[test]
fn a_result_that_does_not_fit_is_refused() {
    let refused = |change: &dyn Fn(&mut Parts)| one(change).unwrap_err();
    let start = format!("{FILE}: ");
    assert_eq!(
        refused(&|parts| set(parts, "test_neg_loss", 1, Py::Float(0.5))),
        format!("{start}`neg_loss` of 64-41414-1_02_333 for room_layout is 0.5, which is no such value")
    );
    assert_eq!(
        refused(&|parts| set(parts, "test_neg_loss", 1, Py::None)),
        format!("{start}`test_neg_loss` of a result is a list, expected numbers")
    );
    assert_eq!(
        refused(&|parts| parts[0].1 = Py::Int(4)),
        format!("{start}`valid_neg_loss` of a result is a list of 3 numbers, expected 4, one for each epoch")
    );
    for epochs in [Py::Int(0), Py::Int(-1), Py::Int(10_001), "3".into()] {
        let said = refused(&|parts: &mut Parts| parts[0].1 = epochs.clone());
        assert_eq!(said, format!("{start}`total_epochs` of a result is no number of epochs"));
    }
    let missing = refused(&|parts| {
        let Py::Dict(metrics) = &mut parts[2].1 else { unreachable!() };
        metrics.retain(|(key, _)| !matches!(key, Py::Text(key) if key == "test_neg_loss"));
    });
    let said = "room_layout of 64-41414-1_02_333 has no `valid_neg_loss` and `test_neg_loss`";
    assert_eq!(missing, format!("{start}{said}"));
    let more = "room_layout of 64-41414-1_02_333 has not total_epochs, model_info, metrics alone";
    let extra = refused(&|parts| parts.extend([("a", Py::None), ("b", Py::None)]));
    assert_eq!(extra, format!("{start}{more}"));
    assert_eq!(refused(&|parts| drop(parts.pop())), format!("{start}{more}"));
    // Another quantity than is needed is passed over.
    assert!(one(|parts| parts.push(("seed", Py::Int(1)))).unwrap() == due());
}

#[test]
fn what_is_no_number_is_empty_and_counted() {
    let cell = |change: &dyn Fn(&mut Parts)| {
        let made = one(change).unwrap();
        let text = String::from_utf8(made[0].bytes.clone()).unwrap();
        let line = text.lines().find(|line| line.starts_with("64-41414-1_02_333,")).unwrap().to_owned();
        let cells: Vec<String> = line.split(',').skip(9).take(4).map(str::to_owned).collect();
        (cells, made[0].notes.clone())
    };
    let index = Architecture::parse(TableSpace::Tnb101Micro, "64-41414-1_02_333").unwrap().index();
    let [first, best, last] = values("test", Metric::NegLoss, index, 2).map(|value| value.to_string());
    let valid = values("valid", Metric::NegLoss, index, 2).map(|value| value.to_string());
    let empty = |count: usize| vec![format!("So many numbers are none in the file, and empty cells: {count}.")];
    let found = cell(&|parts| set(parts, "test_neg_loss", 2, Py::Float(f64::NAN)));
    assert_eq!(found, (vec![best.clone(), String::new(), valid[1].clone(), valid[2].clone()], empty(1)));
    // Python's `max` keeps a first value that is no number, and passes over others.
    let found = cell(&|parts| set(parts, "valid_neg_loss", 0, Py::Float(f64::NAN)));
    assert_eq!(found, (vec![first, last.clone(), String::new(), valid[2].clone()], empty(1)));
    let found = cell(&|parts| set(parts, "valid_neg_loss", 1, Py::Float(f64::NAN)));
    assert_eq!(found, (vec![last.clone(), last, valid[2].clone(), valid[2].clone()], Vec::new()));
}

#[test]
fn a_file_that_is_not_whole_is_refused() {
    let refused = |change: Change<'_>| made(&legacy(change)).unwrap_err();
    let most = refused(Change { most: Some(3_000), ..Change::default() });
    assert!(most.starts_with(&format!("{FILE}: micro has no result of 64-41414-0_00_000 for class_scene")), "{most}");
    let tasks = refused(Change { most: Some(20), tasks: Some(6), ..Change::default() });
    assert!(tasks.contains("micro has no result of"), "{tasks}");
    let spaces = refused(Change { spaces: Some(["macro", "other"]), ..Change::default() });
    assert_eq!(spaces, format!("{FILE}: `data` has no `micro`; {WANTED}"));
    let twice = refused(Change { spaces: Some(["macro", "macro"]), ..Change::default() });
    assert!(twice.contains("not an architecture of tnb101_macro"), "{twice}");
    let metrics = refused(Change {
        most: Some(5),
        metrics: Some(|names| {
            names.iter_mut().filter(|name| **name == "test_neg_loss").for_each(|name| *name = "test_loss");
        }),
        ..Change::default()
    });
    let list = "it has train_loss, valid_neg_loss, test_loss, time_elapsed";
    assert_eq!(metrics, format!("{FILE}: `metrics_dict` has no `test_neg_loss` for room_layout; {list}"));
    let small = Change { most: Some(3), ..Change::default() };
    let other = [TORCH_START, &Py::dict([("data", Py::None)]).pickled(), TORCH_END].concat();
    let said = made(&other).unwrap_err();
    assert_eq!(said, format!("{FILE}: the file has no `metrics_dict`; it is a dictionary with data; {WANTED}"));
    let bytes = legacy(small);
    for cut in (0..bytes.len()).step_by(97) {
        assert!(made(&bytes[..cut]).is_err(), "{cut}");
    }
    assert!(made(b"hello").unwrap_err().contains("it does not begin as a file of torch"));
    let class = [TORCH_START, b"\x80\x02cos\nsystem\n.", TORCH_END].concat();
    assert!(made(&class).unwrap_err().contains("`os.system`, which no file of these benchmarks needs"));
    let tensor = [TORCH_START, b"\x80\x02K\x01Q.", TORCH_END].concat();
    assert!(made(&tensor).unwrap_err().contains("it holds tensors, which the benchmark does not"));
}

#[test]
fn files_are_known_by_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.pth");
    std::fs::write(&path, b"x").unwrap();
    assert_eq!(imported(std::slice::from_ref(&path)).unwrap_err(), format!("{WANTED}; found other.pth"));
    assert_eq!(imported(&[folder.path().to_owned()]).unwrap_err(), format!("{WANTED}; found nothing"));
    // In a zip of the whole download.
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    archive.start_file(format!("api_home/{FILE}"), options).unwrap();
    archive.write_all(b"PK\x03\x04").unwrap();
    std::fs::write(&path, archive.finish().unwrap().into_inner()).unwrap();
    let said = imported(&[path]).unwrap_err();
    assert_eq!(said, format!("api_home/{FILE}: it is a zip within an archive, which is not read"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    /// A damaged byte is refused, or changes numbers that are values still.
    #[test]
    fn a_damaged_byte_is_refused_or_leaves_tables(at in any::<prop::sample::Index>(), byte: u8) {
        let mut bytes = legacy(Change::default());
        let at = at.index(bytes.len());
        bytes[at] = byte;
        for made in made(&bytes).unwrap_or_default() {
            let space = if made.path.contains("micro") { TableSpace::Tnb101Micro } else { TableSpace::Tnb101Macro };
            let table = MeasuredTable::parse(SpaceId::Table(space), &made.path, &made.bytes, None);
            prop_assert_eq!(table.unwrap().architectures().len(), space.count());
        }
    }
}
