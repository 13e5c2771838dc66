//! Imports of files with invented accuracies, and of real records.

mod bad;
mod invented;
mod real;
mod whole;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use nas_assay_spaces::nb201::{Architecture, COUNT};

use super::record::Release;
use super::sets::{ALL, SETS, Set};
use super::tables::seeds_of;
use super::*;
use crate::testing::Py;
use invented::{Curves, Form, correct, costs};

/// The names of all architectures, in the benchmark's order.
fn names() -> &'static [String] {
    static NAMES: OnceLock<Vec<String>> = OnceLock::new();
    NAMES.get_or_init(|| (0..COUNT).map(|index| Architecture::at_benchmark_index(index).unwrap().to_string()).collect())
}

/// The seeds that a release has: those that are known of it; NATS-Bench has some more.
fn seeds(form: Form, index: usize) -> Vec<i64> {
    let places = match form {
        Form::First => seeds_of(Release::First, index),
        Form::Second => seeds_of(Release::Second, index),
        Form::Nats if index.is_multiple_of(3) => vec![0, 1, 2],
        Form::Nats => {
            let mut places = seeds_of(Release::Second, index);
            places.extend((!places.contains(&0)).then_some(0));
            places
        }
    };
    let mut seeds: Vec<i64> = places.into_iter().map(|place| [777, 888, 999][place]).collect();
    seeds.sort_unstable();
    seeds
}

fn record(form: Form, index: usize) -> Py {
    invented::record(form, index, &names()[index], &seeds(form, index), Curves::Ends)
}

/// A file of the first `count` architectures.
fn all(form: Form, count: usize) -> Vec<u8> {
    invented::all(Vec::new(), form, names(), (0..count).map(|index| (index, record(form, index))))
}

/// Reads files of the first `count` architectures.
fn read(paths: &[&Path], count: usize) -> Result<Vec<Made>, String> {
    let paths: Vec<PathBuf> = paths.iter().map(|path| path.to_path_buf()).collect();
    import_first(Files { paths: &paths, watch: &|_| () }, count).map_err(|error| error.to_string())
}

/// Reads a file with these bytes.
fn read_bytes(name: &str, bytes: &[u8], count: usize) -> Result<Vec<Made>, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    read(&[&path], count)
}

fn table<'a>(made: &'a [Made], name: &str) -> Option<&'a str> {
    let found = made.iter().find(|made| made.path == format!("truth/nb201/{name}.csv"))?;
    Some(std::str::from_utf8(&found.bytes).unwrap())
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut packed = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn part<'a>(py: &'a mut Py, key: &str) -> &'a mut Py {
    let (Py::Dict(items) | Py::Ordered(items)) = py else { panic!("{key}: it is no dictionary") };
    let found = items.iter_mut().find(|(known, _)| matches!(known, Py::Text(text) if text == key));
    &mut found.unwrap_or_else(|| panic!("{key}: there is no such key")).1
}

/// The trainings of `length` in a record.
fn trials<'a>(record: &'a mut Py, length: &str) -> &'a mut Vec<(Py, Py)> {
    match part(part(record, length), "all_results") {
        Py::Dict(items) => items,
        other => panic!("{other:?}"),
    }
}

/// One training in a record.
fn trial<'a>(record: &'a mut Py, length: &str, dataset: &str, seed: i64) -> &'a mut Py {
    let is = |key: &Py| {
        let Py::Tuple(parts) = key else { return false };
        matches!((&parts[0], &parts[1]), (Py::Text(name), Py::Int(number)) if name == dataset && *number == seed)
    };
    &mut trials(record, length).iter_mut().find(|(key, _)| is(key)).unwrap().1
}

/// What a cell should be: the mean over seeds, of the numbers that were invented.
fn cell(set: &Set, index: usize, epochs: i64, seeds: &[i64]) -> String {
    let sum: u64 = seeds.iter().map(|&seed| correct(index, set.dataset, set.evaluation, epochs, seed)).sum();
    if seeds.is_empty() {
        String::new()
    } else {
        (100.0 * sum as f64 / (set.images * seeds.len() as u64) as f64).to_string()
    }
}

/// A table that is written from the invented numbers.
fn due(name: &str, columns: &[String], count: usize, row: impl Fn(usize) -> Vec<String>) -> (String, String) {
    let mut text = format!("architecture,{}\n", columns.join(","));
    for (index, name) in names().iter().enumerate().take(count) {
        text.extend([name, ",", &row(index).join(","), "\n"]);
    }
    (format!("truth/nb201/{name}.csv"), text)
}

/// All tables that a release should give.
fn all_due(form: Form, count: usize) -> Vec<(String, String)> {
    let first = "cifar10-test-200-v1.0-mean".to_owned();
    let mut tables = vec![due(&first, std::slice::from_ref(&first), count, |index| {
        let seeds = seeds(Form::First, index);
        let sum: u64 = seeds.iter().map(|&seed| correct(index, "cifar10", "ori-test", 200, seed)).sum();
        let fraction = (sum as f64 / (10_000 * seeds.len()) as f64 * 1e5).round() / 1e5;
        vec![format!("{:.3}", fraction * 100.0).trim_end_matches('0').trim_end_matches('.').to_owned()]
    })];
    let costs = (0..count).map(|index| format!("{},{},{}\n", names()[index], costs(index).0, costs(index).1));
    tables.push(("cost/nb201.csv".to_owned(), format!("architecture,params_m,flop_m\n{}", costs.collect::<String>())));
    for set in &ALL {
        let name = format!("{}-200-seed888", set.name);
        tables.push(due(&name, std::slice::from_ref(&name), count, |index| vec![cell(set, index, 200, &[888])]));
        let mut three = |name: &str, of: Form| {
            let nats = if name == "nats" { "nats-" } else { "" };
            let columns: Vec<String> =
                [777, 888, 999].map(|seed| format!("{}-200-{nats}seed{seed}", set.name)).to_vec();
            tables.push(due(&format!("{}-200-{name}", set.name), &columns, count, |index| {
                let known = seeds(of, index);
                let one = |seed: &i64| {
                    cell(set, index, 200, if known.contains(seed) { std::slice::from_ref(seed) } else { &[] })
                };
                [777, 888, 999].iter().map(one).collect()
            }));
        };
        if form == Form::Second || form == Form::Nats && set.name == "cifar10-test" {
            three("v1.1", Form::Second);
        }
        if form == Form::Nats {
            three("nats", Form::Nats);
            let name = format!("{}-200-nats-mean", set.name);
            tables.push(due(&name, std::slice::from_ref(&name), count, |index| {
                vec![cell(set, index, 200, &seeds(Form::Nats, index))]
            }));
        }
        let short: &[i64] = match form {
            Form::First => &[],
            _ if set.dataset == "cifar10-valid" => &[111, 777],
            _ => &[111],
        };
        for &seed in short {
            let name = format!("{}-12-seed{seed}", set.name);
            tables.push(due(&name, std::slice::from_ref(&name), count, |index| vec![cell(set, index, 12, &[seed])]));
        }
    }
    tables
}

/// Compares tables with those that there should be.
fn assert_due(made: &[Made], form: Form, count: usize) {
    let mut expected = all_due(form, count);
    expected.sort();
    let mut found: Vec<(String, String)> =
        made.iter().map(|made| (made.path.clone(), String::from_utf8(made.bytes.clone()).unwrap())).collect();
    found.sort();
    let paths = |tables: &[(String, String)]| tables.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
    assert_eq!(paths(&found), paths(&expected), "{form:?}");
    for ((path, found), (_, expected)) in found.iter().zip(&expected) {
        let differs = found.lines().zip(expected.lines()).find(|(found, due)| found != due);
        assert!(found == expected, "{form:?}, {path}: {differs:?}");
    }
}

/// The numbers were computed by another program from the same rule.
#[test]
fn a_small_file_gives_the_numbers_that_were_invented() {
    let made = read_bytes("x.pth", &all(Form::Second, 3), 3).unwrap();
    assert_eq!(
        table(&made, "cifar100-valid-200-v1.1").unwrap(),
        format!(
            "architecture,cifar100-valid-200-seed777,cifar100-valid-200-seed888,cifar100-valid-200-seed999\n\
             {},86.26,25.9,89.66\n{},77.22,87.92,36.44\n{},62.78,69.88,24.34\n",
            names()[0],
            names()[1],
            names()[2]
        )
    );
}

#[test]
fn what_a_release_lacks_is_told() {
    let made = read_bytes("v10.pth", &all(Form::First, 9), 9).unwrap();
    assert_due(&made, Form::First, 9);
    assert!(
        made[0].notes[0].contains("the tables `...-12-...`, `...-200-v1.1` and `...-200-nats` need NAS-Bench-201-v1_1")
    );
    // A release of NATS-Bench without a seed that v1_1 has.
    let without = |index| {
        let mut record = record(Form::Nats, index);
        if index == 4 {
            let seeds: Vec<i64> = seeds(Form::Nats, index).into_iter().filter(|&seed| seed != 777).collect();
            record = invented::record(Form::Nats, index, &names()[index], &seeds, Curves::Ends);
        }
        (index, record)
    };
    assert!(seeds(Form::Second, 4).contains(&777), "a condition of the test");
    let made = read_bytes("n.pickle", &invented::all(Vec::new(), Form::Nats, names(), (0..9).map(without)), 9).unwrap();
    assert_eq!(table(&made, "cifar10-test-200-v1.1"), None);
    assert!(table(&made, "cifar10-test-200-nats").is_some());
    let note = "no table of the seeds that NAS-Bench-201 v1_1 has on CIFAR-10 is made: it has seed 777 of architecture 4, which this file has not";
    assert!(made[0].notes.iter().any(|told| told.contains(note)), "{:?}", made[0].notes);
    let note = "no table of the means of NAS-Bench-201 v1_0 on CIFAR-10 is made: that of architecture 4 is one with seed 777, which this";
    assert!(seeds(Form::First, 4).contains(&777), "a condition of the test");
    assert!(made[0].notes.iter().any(|told| told.contains(note)), "{:?}", made[0].notes);
    let empty = made.iter().find(|made| made.path.ends_with("cifar10-test-200-nats.csv")).unwrap();
    assert!(
        empty.notes[0].starts_with("`cifar10-test-200-nats-seed777` is empty for 1 of 9 architectures"),
        "{:?}",
        empty.notes
    );
}

#[test]
fn whole_curves_change_nothing() {
    for form in [Form::First, Form::Second, Form::Nats] {
        let records = (0..4)
            .map(|index| (index, invented::record(form, index, &names()[index], &seeds(form, index), Curves::Whole)));
        let made = read_bytes("x", &invented::all(Vec::new(), form, names(), records), 4).unwrap();
        assert_due(&made, form, 4);
    }
}

#[test]
fn every_container_gives_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    // A folder of packed files, one of unpacked ones without the list of names, and among them what is not of the benchmark.
    let (packed, plain) = (root.join("packed"), root.join("plain"));
    std::fs::create_dir_all(packed.join("deep")).unwrap();
    std::fs::create_dir_all(&plain).unwrap();
    let mut tar = tar::Builder::new(Vec::new());
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let mut add = |name: &str, bytes: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, format!("NATS-tss-v1_0-3ffb9-simple/{name}"), bytes).unwrap();
        zip.start_file(format!("folder/{name}"), stored).unwrap();
        zip.write_all(bytes).unwrap();
    };
    add("meta.pickle.pbz2", &bzip2(&invented::meta(names())));
    std::fs::write(packed.join("deep/meta.pickle.pbz2"), bzip2(&invented::meta(names()))).unwrap();
    // In the tar they come in another order.
    for index in (0..70).rev() {
        let bytes = invented::one(&record(Form::Nats, index));
        let name = format!("{index:06}.pickle.pbz2");
        std::fs::write(packed.join("deep").join(&name), bzip2(&bytes)).unwrap();
        std::fs::write(plain.join(format!("{index:06}.pickle")), &bytes).unwrap();
        add(&name, &bzip2(&bytes));
    }
    std::fs::write(packed.join("README"), "of another").unwrap();
    std::fs::write(packed.join("nb101.pickle"), "of another").unwrap();
    let tar = tar.into_inner().unwrap();
    std::fs::write(root.join("a.tar"), &tar).unwrap();
    std::fs::write(root.join("a.zip"), zip.finish().unwrap().into_inner()).unwrap();
    let file = all(Form::Nats, 70);
    std::fs::write(root.join("one.pickle"), &file).unwrap();
    std::fs::write(root.join("one.pickle.pbz2"), bzip2(&file)).unwrap();
    for name in ["packed", "plain", "a.tar", "a.zip", "one.pickle", "one.pickle.pbz2"] {
        assert_due(&read(&[&root.join(name)], 70).unwrap(), Form::Nats, 70);
    }
    // A folder that holds a tar.
    std::fs::create_dir(root.join("outer")).unwrap();
    std::fs::write(root.join("outer/NATS-tss-v1_0-3ffb9-simple.tar"), &tar).unwrap();
    assert_due(&read(&[&root.join("outer")], 70).unwrap(), Form::Nats, 70);
    assert!(
        read(&[&root.join("outer")], 71)
            .unwrap_err()
            .contains("it has 70 of the 71 architectures; number 70 is missing")
    );
}

#[test]
fn every_byte_that_is_read_is_told() {
    use std::sync::atomic::{AtomicU64, Ordering};
    let folder = tempfile::tempdir().unwrap();
    let (many, one) = (folder.path().join("many"), folder.path().join("x.pickle.pbz2"));
    std::fs::create_dir(&many).unwrap();
    for index in 0..3 {
        let bytes = bzip2(&invented::one(&record(Form::Nats, index)));
        std::fs::write(many.join(format!("{index:06}.pickle.pbz2")), bytes).unwrap();
    }
    std::fs::write(&one, bzip2(&all(Form::Nats, 3))).unwrap();
    for path in [many, one] {
        let (paths, told) = ([path], AtomicU64::new(0));
        let watch = |count| {
            told.fetch_add(count, Ordering::Relaxed);
        };
        let files = Files { paths: &paths, watch: &watch };
        import_first(files, 3).unwrap();
        // The first bytes of a single file are looked at before.
        let (size, told) = (files.size().unwrap(), told.load(Ordering::Relaxed));
        assert!((size..=size + 4).contains(&told), "{told} of {size}");
    }
}

/// A file that torch saved again.
fn zipped(object: &[u8]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in [("archive/data.pkl", object), ("archive/version", b"3\n")] {
        zip.start_file(name, stored).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn a_file_of_newer_torch_is_read() {
    let file = all(Form::Second, 5);
    let start = crate::testing::TORCH_START.len();
    let object = &file[start..file.len() - crate::testing::TORCH_END.len()];
    let zip = zipped(object);
    assert_due(&read_bytes("again.pth", &zip, 5).unwrap(), Form::Second, 5);
    let renamed = read_bytes("NAS-Bench-201-v1_1-096897.pth", &zip, 5).unwrap_err();
    assert!(renamed.contains("its MD5 ends in 096897, but it is "), "{renamed}");
    assert!(read_bytes("again.pth", &zipped(&object[..object.len() / 2]), 5).unwrap_err().contains("truncated"));
}

#[test]
fn releases_together_give_each_table_once() {
    let folder = tempfile::tempdir().unwrap();
    for (form, name) in [(Form::First, "v10.pth"), (Form::Second, "v11.pth"), (Form::Nats, "n.pickle")] {
        std::fs::write(folder.path().join(name), all(form, 6)).unwrap();
    }
    let paths = ["v10.pth", "v11.pth", "n.pickle"].map(|name| folder.path().join(name));
    let made = read(&paths.each_ref().map(PathBuf::as_path), 6).unwrap();
    let mut found: Vec<&str> = made.iter().map(|made| &*made.path).collect();
    found.sort_unstable();
    let mut expected: Vec<String> = [Form::First, Form::Second, Form::Nats]
        .into_iter()
        .flat_map(|form| all_due(form, 6))
        .map(|(path, _)| path)
        .collect();
    expected.sort();
    expected.dedup();
    assert_eq!(found, expected);
    assert_eq!(found.len(), 2 + SETS * 5 + 2);
    // Another accuracy of seed 888 in one of them.
    let mut other = record(Form::Second, 2);
    *part(part(trial(&mut other, "full", "cifar10", 888), "eval_acc1es"), "ori-test@199") = Py::Float(12.5);
    let records = (0..6).map(|index| (index, if index == 2 { other.clone() } else { record(Form::Second, index) }));
    std::fs::write(&paths[1], invented::all(Vec::new(), Form::Second, names(), records)).unwrap();
    let refused = read(&paths.each_ref().map(PathBuf::as_path), 6).unwrap_err();
    assert!(
        refused.contains("v11.pth: it gives another `truth/nb201/cifar10-test-200-v1.0-mean.csv` than v10.pth"),
        "{refused}"
    );
}
