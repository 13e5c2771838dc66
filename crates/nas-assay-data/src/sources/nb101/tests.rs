//! Records and pickles made by hand, real cells, and the paper's table backwards from its rows.

use super::cell::{Evaluated, Graph, REPEATS, right};
use super::*;
use crate::proto::tests::{encoded, varint};
use crate::testing::Py;
use crate::tfrecord::written;
use nas_assay_base::seed::Seed;
use nas_assay_spaces::nb101::ModuleHash;
use nas_assay_testing::{data_file, data_root};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A cell for files.
#[derive(Clone)]
struct Made101 {
    hash: String,
    adjacency: &'static str,
    operations: &'static str,
    parameters: u32,
    runs: Vec<(u64, Evaluated)>,
}

/// Number of right answers on three sets, and the time.
fn run(epochs: u64, seconds: f32, right: [u16; 3]) -> (u64, Evaluated) {
    (epochs, Evaluated { seconds: f64::from(seconds), accuracies: right.map(|right| f64::from(fraction(right))) })
}

fn graph(adjacency: &str, operations: &str) -> Result<Graph, String> {
    Graph::new(adjacency.bytes().map(|byte| byte == b'1'), operations.split(','))
}

fn cell(adjacency: &'static str, operations: &'static str, runs: &[(u64, Evaluated)]) -> Made101 {
    let hash = graph(adjacency, operations).unwrap().hash().unwrap().to_string();
    Made101 { hash, adjacency, operations, parameters: 1_000 + adjacency.len() as u32, runs: runs.to_vec() }
}

/// Two cells with three runs each.
fn two() -> [Made101; 2] {
    let small = [run(108, 1000.5, [9984, 9000, 8900]), run(108, 1001.5, [9983, 9001, 8901]), run(108, 2.0, [1, 0, 2])];
    let large = [run(108, 3.0, [3, 4, 5]), run(108, 3.0, [3, 4, 5]), run(108, 4.0, [5, 6, 9984])];
    [
        cell("011001000", "input,maxpool3x3,output", &small),
        cell(
            "010010001001000100000011000001000000",
            "input,conv3x3-bn-relu,conv1x1-bn-relu,conv1x1-bn-relu,maxpool3x3,output",
            &large,
        ),
    ]
}

fn message(field: u64, body: &[u8]) -> Vec<u8> {
    [varint(field << 3 | 2), varint(body.len() as u64), body.to_vec()].concat()
}

fn double(field: u64, value: f64) -> Vec<u8> {
    [varint(field << 3 | 1), value.to_le_bytes().to_vec()].concat()
}

/// A message with numbers that are not used: no numbers before the end, a text, a total time.
fn metrics(parameters: u32, epochs: u64, end: Evaluated) -> Vec<u8> {
    let [train, validation, test] = end.accuracies;
    let unused = message(1, &(1..6).flat_map(|field| double(field, f64::NAN)).collect::<Vec<_>>());
    let last = [
        double(1, epochs as f64),
        double(2, end.seconds),
        double(3, train),
        double(4, validation),
        double(5, test),
        message(6, b"gs://path"),
    ]
    .concat();
    [unused.clone(), unused, message(1, &last), varint(2 << 3), varint(u64::from(parameters)), double(3, 7.0)].concat()
}

fn record(cell: &Made101, epochs: u64, end: Evaluated) -> Vec<u8> {
    let metrics = encoded(&metrics(cell.parameters, epochs, end));
    let row = (&cell.hash, epochs, cell.adjacency, cell.operations, metrics);
    written(&serde_json::to_vec(&row).unwrap())
}

fn records(cells: &[Made101]) -> Vec<u8> {
    let runs = cells.iter().flat_map(|cell| cell.runs.iter().map(move |&(epochs, end)| record(cell, epochs, end)));
    runs.flatten().collect()
}

fn pickle(cells: &[Made101]) -> Vec<u8> {
    let items = cells.iter().map(|cell| {
        let operations = cell.operations.split(',').map(Py::from).collect();
        let fixed = Py::dict([
            ("module_adjacency", Py::Matrix(cell.adjacency.bytes().map(|byte| i64::from(byte - b'0')).collect())),
            ("module_operations", Py::List(operations)),
            ("trainable_parameters", Py::Int(i64::from(cell.parameters))),
        ]);
        let mut computed: BTreeMap<u64, Vec<Py>> = BTreeMap::new();
        for (epochs, end) in &cell.runs {
            let [train, validation, test] = end.accuracies.map(Py::Float);
            computed.entry(*epochs).or_default().push(Py::dict([
                ("halfway_test_accuracy", Py::Float(f64::NAN)),
                ("final_training_time", Py::Float(end.seconds)),
                ("final_train_accuracy", train),
                ("final_validation_accuracy", validation),
                ("final_test_accuracy", test),
            ]));
        }
        let computed = computed.into_iter().map(|(epochs, runs)| (Py::Int(epochs as i64), Py::List(runs))).collect();
        (Py::from(cell.hash.as_str()), Py::Tuple(vec![fixed, Py::Dict(computed)]))
    });
    Py::Dict(items.collect()).pickled()
}

/// Reads a file of `count` cells.
fn complete(name: &str, bytes: &[u8], count: usize) -> Result<Complete, DataError> {
    let mut source = bytes;
    let cells = read(name, &mut source, count)?.expect("a file of the benchmark");
    Complete::new(name, cells, count)
}

fn text(complete: &Complete) -> Vec<(String, String)> {
    complete.tables().map(|made| (made.path, String::from_utf8(made.bytes).unwrap())).collect()
}

const TWO: &str = "hash,adjacency,operations,parameters,validation_1,validation_2,validation_3,test_1,test_2,test_3
LARGE,010010001001000100000011000001000000,input|conv3x3-bn-relu|conv1x1-bn-relu|conv1x1-bn-relu|maxpool3x3|output,1036,0.04006410256410257,0.04006410256410257,0.06009615384615385,0.05008012820512821,0.05008012820512821,100
SMALL,011001000,input|maxpool3x3|output,1009,90.14423076923077,90.1542467948718,0,89.1426282051282,89.15264423076923,0.020032051282051284
";

#[test]
fn networks_of_the_subspace_have_the_runs_of_their_cells() {
    let networks = subspace::networks();
    assert_eq!(networks.len(), nas_assay_spaces::nb101::DISTINCT);
    assert!(networks.is_sorted_by_key(|(architecture, _)| architecture.index()));
    for (architecture, hash) in networks.iter().step_by(911) {
        assert_eq!(architecture.hash(), *hash);
        let before = (0..architecture.index()).rev().take(500).filter_map(Architecture::from_index);
        assert!(before.into_iter().all(|other| other.hash() != *hash), "{architecture} is not the first");
    }
    // Any names will do for two cells.
    let cells = two();
    let complete = complete("x.tfrecord", &records(&cells), 2).unwrap();
    let of = |hash: &str| hash.parse::<ModuleHash>().unwrap();
    let named = [Architecture::from_index(7).unwrap(), Architecture::from_index(3).unwrap()];
    let networks = [(named[0], of(&cells[0].hash)), (named[1], of(&cells[1].hash))];
    let [validation, test] = subspace::tables("x.tfrecord", &complete.cells, WHOLE, &networks).unwrap();
    assert_eq!(
        (validation.path.as_str(), test.path.as_str()),
        ("truth/nb101/validation-108.csv", "truth/nb101/test-108.csv")
    );
    let expected = format!(
        "architecture,validation-108-run1,validation-108-run2,validation-108-run3\n{},90.14423076923077,90.1542467948718,0\n\
         {},0.04006410256410257,0.04006410256410257,0.06009615384615385\n",
        named[0], named[1]
    );
    assert_eq!(String::from_utf8(validation.bytes).unwrap(), expected);
    let other = [(named[0], named[0].hash())];
    let refused = subspace::tables("x.tfrecord", &complete.cells, WHOLE, &other).unwrap_err().to_string();
    assert!(refused.contains("x.tfrecord: has no cell") && refused.contains("which is the network of"), "{refused}");
}

#[test]
fn records_and_pickles_make_the_same_table() {
    let cells = two();
    // Python: `md5` of the graph, by a second implementation; `100 * k / 9984`.
    assert_eq!([cells[0].hash.as_str(), &cells[1].hash], HASHES);
    let mut lines: Vec<String> =
        TWO.replace("SMALL", HASHES[0]).replace("LARGE", HASHES[1]).lines().map(str::to_owned).collect();
    lines[1..].sort();
    let expected = lines.join("\n") + "\n";
    for (name, bytes) in [("a.tfrecord", records(&cells)), ("a.pkl", pickle(&cells))] {
        let made = text(&complete(name, &bytes, 2).unwrap());
        assert_eq!(made, [("truth/nb101/runs-108.csv".to_owned(), expected.clone())]);
    }
}

const HASHES: [&str; 2] = ["6f6257bc3b12d87b8736e81cd4b7ed8b", "3bd154285246fd003006ed4cee1483c5"];

#[test]
fn fewer_epochs_have_tables_of_their_own() {
    let mut cells = two();
    for cell in &mut cells {
        // 36 epochs come first, with times and training accuracies that are no 32-bit numbers.
        for repeat in 0..3 {
            let mut run = run(36, 1.0, [0, 100 + repeat, 200 + repeat]);
            run.1.seconds = 0.1;
            run.1.accuracies[0] = f64::NAN;
            cell.runs.insert(0, run);
        }
    }
    let full = complete("full.tfrecord", &records(&cells), 2).unwrap();
    let tables = text(&full);
    let paths: Vec<&str> = tables.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["truth/nb101/runs-36.csv", "truth/nb101/runs-108.csv"]);
    assert!(
        tables[0].1.contains(",1.0216346153846154,1.0116185897435896,1.001602564102564,2.0232371794871793"),
        "{}",
        tables[0].1
    );
    // The file of 108 epochs has nothing to add to it, and the other way round.
    let mut only = complete("only108.tfrecord", &records(&two()), 2).unwrap();
    assert_eq!(text(&only)[0].1, tables[1].1);
    only.merge(complete("full.tfrecord", &records(&cells), 2).unwrap()).unwrap();
    assert_eq!(text(&only), tables);
    let mut other = two();
    other[0].runs[2] = run(108, 2.0, [1, 0, 3]);
    let refused = only.merge(complete("other.pkl", &pickle(&other), 2).unwrap()).unwrap_err().to_string();
    assert_eq!(
        refused,
        format!("only108.tfrecord and other.pkl have different runs of cell {} with 108 epochs", HASHES[0])
    );
}

#[test]
fn errors_name_the_cell_and_what_was_expected() {
    let both = |cells: &[Made101], count: usize, expected: &str| {
        for (name, bytes) in [("a.tfrecord", records(cells)), ("a.pkl", pickle(cells))] {
            let refused = complete(name, &bytes, count).unwrap_err().to_string();
            assert!(refused.contains(expected), "{refused}");
        }
    };
    let with = |edit: &dyn Fn(&mut Made101)| {
        let mut cells = two();
        edit(&mut cells[0]);
        cells
    };
    let small = HASHES[0];
    both(&two(), 3, "has 2 cells, expected 3");
    both(&two(), 1, "the file has more than 1 cells");
    both(&with(&|cell| cell.runs.truncate(2)), 2, &format!("cell {small} has 2 runs of 108 epochs, expected 3"));
    let more = format!("cell {small} has more than 3 runs of 108 epochs");
    both(&with(&|cell| cell.runs.push(run(108, 1.0, [1, 1, 1]))), 2, &more);
    let five = format!("cell {small} has a run of 5 epochs, expected 4, 12, 36 or 108");
    both(&with(&|cell| cell.runs[1].0 = 5), 2, &five);
    // The nearest 64-bit number to a share is not what the benchmark has.
    let share =
        format!("cell {small}: test_accuracy is {}, which is no 32-bit share of 9984 images", 8_900.0 / 9_984.0);
    both(&with(&|cell| cell.runs[0].1.accuracies[2] = 8_900.0 / 9_984.0), 2, &share);
    both(&with(&|cell| cell.runs[0].1.accuracies[0] = f64::NAN), 2, "train_accuracy is NaN");
    both(&with(&|cell| cell.runs[0].1.accuracies[1] = 1.5), 2, "validation_accuracy is 1.5");
    both(&with(&|cell| cell.runs[0].1.seconds = 0.1), 2, "training_time is 0.1, which is no 32-bit number of seconds");
    let hash = format!("the graph of cell 0{} does not have this hash, but {small}", &small[1..]);
    both(&with(&|cell| cell.hash.replace_range(..1, "0")), 2, &hash);
    both(&with(&|cell| cell.hash.truncate(31)), 2, "32 hexadecimal digits");
    both(&with(&|cell| cell.adjacency = "011101000"), 2, "an edge from vertex 1 to vertex 0, which is not later");
    let uneven = graph("01100100", "input,maxpool3x3,output").unwrap_err();
    assert_eq!(uneven, "an adjacency matrix has 8 cells, expected 4 to 49, a square");
    assert!(graph(&"0".repeat(64), "input,output").is_err());
    both(
        &with(&|cell| cell.operations = "input,conv7x7,output"),
        2,
        "vertex 1 of 3 has the label `conv7x7`, expected an operation",
    );
    both(&with(&|cell| cell.operations = "input,output"), 2, "has the label `output`, expected an operation");
    both(&with(&|cell| cell.operations = "input,maxpool3x3"), 2, "3 vertices have 2 labels");
    let twice = records(&[two().to_vec(), with(&|cell| cell.parameters = 9).to_vec()].concat());
    let refused = complete("a.tfrecord", &twice, 2).unwrap_err().to_string();
    assert_eq!(refused, format!("a.tfrecord: record 7: two runs of cell {small} have different graphs or parameters"));
}

#[test]
fn a_damaged_record_says_which_it_is() {
    let cell = &two()[0];
    let refusal = |row: serde_json::Value| {
        complete("a.tfrecord", &written(row.to_string().as_bytes()), 2).unwrap_err().to_string()
    };
    let (hash, adjacency, operations) = (&cell.hash, cell.adjacency, cell.operations);
    let with = |metrics: &[u8]| refusal(serde_json::json!([hash, 108, adjacency, operations, encoded(metrics)]));
    let whole = metrics(9, 108, cell.runs[0].1);
    assert!(refusal(serde_json::json!({})).contains("a.tfrecord: record 1: expected an array of hash, epochs"));
    assert!(refusal(serde_json::json!([hash, 108, adjacency, operations, "?"])).contains("are not base64"));
    assert!(refusal(serde_json::json!([hash, 108, "2", operations, ""])).contains("other digits than 0 and 1"));
    assert!(with(&whole[..20]).contains("a protobuf message is damaged"));
    assert!(with(&[]).contains("the metrics have 0 evaluations, expected 3"));
    assert!(with(&[whole.clone(), message(1, &[])].concat()).contains("4 evaluations"));
    let empty = [message(1, &[]), message(1, &[]), message(1, &double(2, 1.0))].concat();
    assert!(with(&empty).contains("the metrics have no `trainable_parameters`"));
    assert!(with(&[empty, varint(2 << 3), varint(7)].concat()).contains("the last evaluation has no `train_accuracy`"));
    let bytes = records(&two());
    let refused = complete("a.tfrecord", &bytes[..bytes.len() - 1], 2).unwrap_err().to_string();
    assert!(refused.contains("ends within record 6") && refused.contains("fetch it again"), "{refused}");
    let damaged = complete("a.tfrecord", &bytes[1..], 2).unwrap_err().to_string();
    assert!(damaged.contains("does not begin as a .tfrecord file does"), "{damaged}");
    assert!(read("readme.txt", &mut &b"text"[..], 2).unwrap().is_none());
    let evil = b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.";
    assert!(complete("a.pkl", evil, 2).unwrap_err().to_string().contains("asks for `os.system`"));
    let trailing = [pickle(&two()), b"more".to_vec()].concat();
    assert!(complete("a.pkl", &trailing, 2).unwrap_err().to_string().contains("goes on after its pickle"));
    assert!(complete("a.pkl", &Py::Int(1).pickled(), 2).unwrap_err().to_string().contains("expected a dictionary"));
}

#[test]
fn the_whole_benchmark_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let paths = [folder.path().to_owned()];
    let files = Files { paths: &paths, watch: &|_| () };
    std::fs::write(folder.path().join("notes.txt"), "x").unwrap();
    // Pickles of other benchmarks are passed over.
    for name in ["resnet_gt_5k_3seed.pkl", "nb301_full_training.pickle", "nb201_all.pickle"] {
        std::fs::write(folder.path().join(name), Py::Int(1).pickled()).unwrap();
    }
    let refused = import(files).unwrap_err().to_string();
    assert!(
        refused.starts_with("expected nasbench_only108.tfrecord")
            && refused
                .ends_with("; found nb201_all.pickle, nb301_full_training.pickle, notes.txt, resnet_gt_5k_3seed.pkl"),
        "{refused}"
    );
    std::fs::write(folder.path().join("nasbench_only108.tfrecord"), records(&two())).unwrap();
    let refused = import(files).unwrap_err().to_string();
    assert!(refused.contains("has 2 cells, expected 423624"), "{refused}");
}

/// What `repr` gives for these.
#[test]
fn numbers_are_written_as_python_writes_them() {
    let numbers =
        [881.1589965820312, 954.9920043945312, 1341.200927734375, 1.0, 0.9995993375778198, 2.0_f64.powi(53) - 1.0];
    let texts = [
        "881.1589965820312",
        "954.9920043945312",
        "1341.200927734375",
        "1.0",
        "0.9995993375778198",
        "9007199254740991.0",
    ];
    assert_eq!(numbers.map(repr), texts);
    assert_eq!(format!("{:?}", numbers[0]), "881.1589965820313", "what Rust writes");
}

#[test]
fn every_share_of_the_images_is_known_by_its_32_bit_number() {
    for right_ones in 0..=IMAGES {
        let number = f64::from(fraction(right_ones));
        assert_eq!(right(number), Some(right_ones));
        assert_eq!(right(number + 1e-6), None);
    }
    assert_eq!([right(-1e-9), right(1.0001), right(f64::INFINITY)], [None; 3]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A cut between two records leaves a file that reads well, in which a cell or a run is missing.
    #[test]
    fn a_cut_file_is_refused(at in any::<prop::sample::Index>()) {
        for (name, bytes) in [("a.tfrecord", records(&two())), ("a.pkl", pickle(&two()))] {
            let cut = at.index(bytes.len());
            let refused = complete(name, &bytes[..cut], 2);
            prop_assert!(refused.is_err(), "{} of {}", cut, bytes.len());
        }
    }

    /// A damaged pickle has no checksum, but every value in its table is still a share and every hash that of its graph.
    #[test]
    fn a_damaged_byte_makes_no_panic(at in any::<prop::sample::Index>(), put in any::<u8>()) {
        let mut bytes = records(&two());
        let place = at.index(bytes.len());
        let same = bytes[place] == put;
        bytes[place] = put;
        prop_assert_eq!(complete("a.tfrecord", &bytes, 2).is_ok(), same);
        let mut bytes = pickle(&two());
        let place = at.index(bytes.len());
        bytes[place] = put;
        if let Ok(complete) = complete("a.pkl", &bytes, 2) {
            for (_, table) in text(&complete) {
                let hashes = table.lines().skip(1).map(|line| line[..32].parse::<ModuleHash>());
                prop_assert!(table.lines().count() == 3 && hashes.into_iter().all(|hash| hash.is_ok()));
            }
        }
    }
}

/// 30 real cells: their hashes are those of their graphs, and their numbers are shares of 9,984 images.
#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn real_cells_are_read() {
    let path = data_root().parent().unwrap().join("formats/samples/naslib/nb101_dummy.pkl");
    let made = complete("nb101_dummy.pkl", &std::fs::read(path).unwrap(), 30).unwrap();
    assert_eq!((made.cells.len(), made.budgets.as_slice()), (30, &[WHOLE][..]));
    let mut bytes = Vec::new();
    for cell in &made.cells {
        let text = cell.graph.to_string();
        let (adjacency, operations) = text.split_once(',').unwrap();
        for run in cell.runs(WHOLE) {
            let end =
                Evaluated { seconds: f64::from(run.seconds), accuracies: run.right.map(|r| f64::from(fraction(r))) };
            let metrics = encoded(&metrics(cell.parameters, 108, end));
            let row = (cell.hash.to_string(), 108, adjacency, operations.replace('|', ","), metrics);
            bytes.extend(written(&serde_json::to_vec(&row).unwrap()));
        }
    }
    assert_eq!(text(&complete("a.tfrecord", &bytes, 30).unwrap()), text(&made));
}

/// The rows of the paper's table: architecture, parameters, time, and right answers.
fn rows() -> Vec<(Architecture, u32, Run)> {
    let table = Nb101Table::read(data_file("truth/nb101.csv")).unwrap();
    let rows = table.rows().iter().map(|row| {
        let right = [row.train, row.validation, row.test].map(|accuracy| right(accuracy).unwrap());
        (row.architecture, row.trainable_params as u32, Run { seconds: row.training_seconds as f32, right })
    });
    rows.collect()
}

#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn the_rows_are_those_of_the_table() {
    let mut made = Vec::new();
    for (architecture, _, run) in rows() {
        made.extend_from_slice(&(architecture.index() as u32).to_le_bytes()[..3]);
        made.extend_from_slice(&key(&run));
    }
    assert_eq!((made.len(), made.as_slice()), (30_000, ROWS));
}

/// A file in which each cell of the paper's table has the runs that the table shows, and invented ones.
#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn the_papers_table_is_made_from_runs_that_have_it() {
    let mut stream = Seed::root(1).stream();
    let mut cells: BTreeMap<ModuleHash, (Architecture, u32, Vec<Run>)> = BTreeMap::new();
    for (architecture, parameters, run) in rows() {
        let (_, _, runs) = cells.entry(architecture.hash()).or_insert((architecture, parameters, Vec::new()));
        if !runs.contains(&run) {
            runs.push(run);
        }
    }
    assert_eq!(cells.len(), 4_214);
    let mut bytes = Vec::new();
    for (hash, (architecture, parameters, runs)) in &mut cells {
        while runs.len() < REPEATS {
            let right = [9_900, 9_300, 9_200].map(|from| from + stream.index(80) as u16);
            let invented = Run { seconds: 1_000.0 + stream.index(10_000_000) as f32 / 4_096.0, right };
            runs.insert(stream.index(1 + runs.len()), invented);
        }
        let architecture = architecture.to_string();
        let (adjacency, operations) = architecture.split_once(':').unwrap();
        for run in &*runs {
            let end =
                Evaluated { seconds: f64::from(run.seconds), accuracies: run.right.map(|r| f64::from(fraction(r))) };
            let metrics = encoded(&metrics(*parameters, 108, end));
            let row = (hash.to_string(), 108, adjacency, operations.replace('|', ","), metrics);
            bytes.extend(written(&serde_json::to_vec(&row).unwrap()));
        }
    }
    let mut all = complete("a.tfrecord", &bytes, 4_214).unwrap();
    let made = official("a.tfrecord", all.paper(ROWS).unwrap()).unwrap();
    assert!(made.bytes == std::fs::read(data_file("truth/nb101.csv")).unwrap());
    // Without one of the runs that it shows, there is no table.
    let place = all.cells.binary_search_by_key(&rows()[7].0.hash(), |cell| cell.hash).unwrap();
    all.cells.remove(place);
    let refused = all.paper(ROWS).unwrap_err().to_string();
    assert!(refused.contains("has no cell") && refused.contains("row 8 of the paper's table"), "{refused}");
}
